//! Answers that come compressed.

use ovenjs_rest::{Client, Compressed, Config, ErrorKind, Live};
use ovenjs_types::Id;

use crate::{
    packed::{gzipped, zstandard},
    server::{Server, Step, TOKEN, json},
};

#[tokio::test]
async fn large_answers_are_asked_for_in_compressed_form_and_small_ones_are_not() {
    let many = messages(100);
    let script = [
        json(200, &many),
        Step::Packed("zstd", zstandard(many.as_bytes())),
        Step::Packed("gzip", gzipped(many.as_bytes())),
        json(200, "[]"),
        json(200, "[]"),
        json(200, &message(1)),
    ];
    let server = Server::start(script).await;
    let client = client(&server, Compressed::Large);
    for count in [100, 100, 100, 0, 0] {
        assert_eq!(client.messages(Id::new(2)).await.unwrap().len(), count);
    }
    client
        .create_message(Id::new(2))
        .content("x")
        .await
        .unwrap();
    // Nobody knew before the first answer that it is large, nor before the fourth that it is not.
    let asked = asked(&server);
    assert_eq!(asked, [false, true, true, true, false, false]);
}

#[tokio::test]
async fn who_wants_all_or_none_is_given_that() {
    for (wanted, is_asked) in [(Compressed::Always, true), (Compressed::Never, false)] {
        let refused = r#"{"message":"Unknown Message","code":10008}"#;
        let script = [
            Step::Packed("gzip", gzipped(messages(100).as_bytes())),
            Step::Packed("zstd", zstandard(message(7).as_bytes())),
            json(404, refused),
        ];
        let server = Server::start(script).await;
        let client = client(&server, wanted);
        // What comes compressed is read, also by who did not ask for it.
        assert_eq!(client.messages(Id::new(2)).await.unwrap().len(), 100);
        let posted = client
            .create_message(Id::new(2))
            .content("x")
            .await
            .unwrap();
        assert_eq!(posted.id, Id::new(7));
        let error = client.message(Id::new(2), Id::new(9)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(asked(&server), [is_asked; 3]);
    }
}

#[tokio::test]
async fn a_bomb_is_an_error_that_says_what_to_do() {
    let zeros = vec![b' '; 2 << 20];
    for bomb in [
        Step::Packed("gzip", gzipped(&zeros)),
        Step::Packed("zstd", zstandard(&zeros)),
    ] {
        let server = Server::start([bomb]).await;
        let config = Config::new().base_url(&server.base_url).answer_max(1 << 20);
        let client = Client::builder(TOKEN).config(config).build().unwrap();
        let error = client.current_user().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Answer);
        assert!(error.to_string().contains("`answer_max`"), "{error}");
        // It would be one again.
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn what_is_cut_or_lies_is_asked_for_again_and_then_an_error() {
    let user = r#"{"id":"2","username":"oven"}"#;
    let whole = gzipped(user.as_bytes());
    let cut = Step::Packed("gzip", whole[..whole.len() - 4].to_vec());
    let server = Server::start([cut.clone(), Step::Packed("gzip", whole)]).await;
    let again = client(&server, Compressed::Always);
    assert_eq!(again.current_user().await.unwrap().username, "oven");
    assert_eq!(again.stats().recovered, 1);

    let lies = Step::Packed("zstd", user.into());
    let foreign = Step::Packed("br", user.into());
    for (step, told) in [
        (cut, "damaged or cut"),
        (lies, "damaged"),
        (foreign, "nobody asked for"),
    ] {
        let server = Server::start([step]).await;
        let client = client(&server, Compressed::Always);
        client.apply(Live::new().retries(0));
        let error = client.current_user().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Answer);
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(client.stats().outlets[0].busy, 0);
    }
}

fn client(server: &Server, compressed: Compressed) -> Client {
    let config = Config::new()
        .base_url(&server.base_url)
        .compressed(compressed);
    Client::builder(TOKEN).config(config).build().unwrap()
}

/// Whether each request asked for a compressed answer.
fn asked(server: &Server) -> Vec<bool> {
    let seen = server.seen();
    let asked = seen
        .iter()
        .map(|request| request.contains("accept-encoding: zstd, gzip\r\n"));
    asked.collect()
}

fn message(id: u64) -> String {
    format!(
        r#"{{"id":"{id}","channel_id":"2","content":"{}","author":{{"id":"3","username":"b"}}}}"#,
        "bread ".repeat(40)
    )
}

fn messages(count: u64) -> String {
    let all: Vec<_> = (1..=count).map(message).collect();
    format!("[{}]", all.join(","))
}
