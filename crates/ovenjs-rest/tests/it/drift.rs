//! Answers that are not as their types have it.

use ovenjs_rest::{ErrorKind, Live};
use ovenjs_types::Id;

use crate::server::{Server, json};

const MESSAGES: &str = "GET /channels/{channel_id}/messages";

#[tokio::test]
async fn what_does_not_fit_is_counted_by_operation_and_place() {
    let fits = r#"{"id":"1","channel_id":"2","author":{"id":"3","username":"b"}}"#;
    let odd = r#"{"id":"4","channel_id":"2","author":{"id":"3","username":"b"},"tts":"maybe"}"#;
    let script = [
        json(200, &format!("[{fits}]")),
        json(200, &format!(r#"[{fits},{odd},{{"id":"x"}}]"#)),
        json(200, r#"{"id":[]}"#),
    ];
    let server = Server::start(script).await;
    let client = server.client();
    assert_eq!(client.messages(Id::new(2)).await.unwrap().len(), 1);
    assert!(client.drift().is_empty() && client.stats().drift == 0);

    assert_eq!(client.messages(Id::new(2)).await.unwrap().len(), 2);
    let error = client.message(Id::new(2), Id::new(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert_eq!(client.stats().drift, 2);
    let drift = client.drift().to_string();
    let told: Vec<_> = drift.lines().collect();
    assert_eq!(told.len(), 3, "{drift}");
    assert!(
        told.iter()
            .all(|line| line.starts_with(&format!("1 {MESSAGES}")))
    );
    assert!(
        drift.contains(&format!("1 {MESSAGES} [].tts: wrong type\n")),
        "{drift}"
    );
}

#[tokio::test]
async fn what_nobody_knows_is_counted_in_a_sample_and_kept_out_of_nothing() {
    let new = r#"{"id":"2","username":"oven","mood":7,"premium_type":99}"#;
    for (each, counted) in [(0, 0), (1_000, 1), (2, 2), (1, 3)] {
        let server = Server::start([json(200, new)]).await;
        let client = server.client();
        client.apply(Live::new().inspect_each(each));
        for _ in 0..3 {
            let user = client.current_user().fresh().await.unwrap();
            assert_eq!(user.username, "oven");
        }
        assert_eq!(client.stats().drift, counted);
        let fields = client.drift();
        let mood = fields.iter().find(|(place, _)| place.path() == "mood");
        assert_eq!(mood.map_or(0, |(_, count)| count), counted);
    }
}
