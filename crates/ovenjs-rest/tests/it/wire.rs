//! What goes over the wire, and what comes of strange answers.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use ovenjs_net::Deadlines;
use ovenjs_rest::{Client, Config, ErrorKind, Live};
use ovenjs_types::{
    Fault, Hook, HookCall, Id, InteractionResponse, MessageDraft, Patch, Secret, Upload, Validate,
};

use crate::server::{Server, Step, TOKEN, json};

const MESSAGE: &str =
    r#"{"id":"5","channel_id":"1","content":"hi","author":{"id":"2","username":"oven"}}"#;

const USER: &str = r#"{"id":"2","username":"oven"}"#;

#[test]
fn a_password_in_a_base_url_is_refused_and_not_repeated() {
    for config in [
        Config::new().base_url("http://me:c4nary@127.0.0.1/api"),
        Config::new().mirror("http://c4nary@127.0.0.1/api"),
    ] {
        let error = Client::builder(TOKEN).config(config).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("before the @") && !text.contains("c4nary"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_request_shows_token_agent_and_body() {
    let server = Server::start([json(200, MESSAGE)]).await;
    let message = server
        .client()
        .create_message(Id::new(1))
        .content("hi")
        .at_most_once()
        .await
        .unwrap();
    assert_eq!(message.content, "hi");
    let request = &server.seen()[0];
    assert!(
        request.starts_with("POST /api/v10/channels/1/messages HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("authorization: Bot {TOKEN}\r\n")),
        "{request}"
    );
    assert!(
        request.contains("user-agent: DiscordBot (http"),
        "{request}"
    );
    assert!(
        request.contains("content-type: application/json\r\n"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\n{\"content\":\"hi\"}"),
        "{request}"
    );
}

#[tokio::test]
async fn queries_emojis_and_reasons_are_encoded() {
    let server = Server::start([json(200, "[]"), json(204, "")]).await;
    let client = server.client();
    client
        .messages(Id::new(1))
        .before(Id::new(9))
        .limit(3)
        .await
        .unwrap();
    client
        .add_reaction(
            Id::new(1),
            Id::new(2),
            ovenjs_types::ReactionEmoji::unicode("👍"),
        )
        .await
        .unwrap();
    client
        .ban_user(Id::new(1), Id::new(2))
        .reason("späm & ham")
        .await
        .unwrap();
    let [list, reaction, ban] = &server.seen()[..] else {
        panic!()
    };
    assert!(
        list.starts_with("GET /api/v10/channels/1/messages?before=9&limit=3 "),
        "{list}"
    );
    assert!(reaction.starts_with("PUT /api/v10/channels/1/messages/2/reactions/%F0%9F%91%8D/@me "));
    assert!(
        ban.contains("x-audit-log-reason: sp%C3%A4m%20%26%20ham\r\n"),
        "{ban}"
    );
}

#[tokio::test]
async fn a_patch_sends_what_was_set_and_clears_what_was_cleared() {
    let server = Server::start([json(204, "")]).await;
    let client = server.client();
    let edited = client
        .edit_member(Id::new(1), Id::new(2))
        .map_body(|mut edit| {
            edit.nick = Patch::Clear;
            edit.roles = Patch::Set(vec![Id::new(3)]);
            edit
        });
    assert_eq!(edited.await.unwrap(), None);
    assert!(server.seen()[0].ends_with(r#"{"nick":null,"roles":["3"]}"#));
}

#[tokio::test]
async fn files_travel_beside_the_json() {
    let server = Server::start([json(200, MESSAGE)]).await;
    let file = Upload::new("bread.txt", &b"crumbs"[..]);
    server
        .client()
        .create_message(Id::new(1))
        .content("hi")
        .file(file)
        .await
        .unwrap();
    let request = &server.seen()[0];
    assert!(
        request.contains("content-type: multipart/form-data; boundary=oven"),
        "{request}"
    );
    assert!(request.contains("name=\"payload_json\""), "{request}");
    assert!(
        request.contains("name=\"files[0]\"; filename=\"bread.txt\""),
        "{request}"
    );
    assert!(request.contains("\r\ncrumbs\r\n"), "{request}");
}

#[tokio::test]
async fn an_interaction_is_answered_without_the_bots_token() {
    let callback = r#"{"interaction":{"id":"7","type":2},"resource":{"type":4,"message":{"id":"5","channel_id":"1","author":{"id":"2","username":"oven"}}}}"#;
    let server = Server::start([json(204, ""), json(200, callback)]).await;
    let client = server.client();
    let answer = || InteractionResponse::Message(MessageDraft::from("pong"));
    let token = || Secret::new("s3cret-interaction");
    let nothing = client
        .create_interaction_response(Id::new(7), token(), answer())
        .await
        .unwrap();
    assert_eq!(nothing, None);
    let made = client
        .create_interaction_response(Id::new(7), token(), answer())
        .with_response(true);
    let message = made
        .await
        .unwrap()
        .unwrap()
        .resource
        .unwrap()
        .message
        .unwrap();
    assert_eq!(message.id, Id::new(5));
    assert!(
        !server.seen()[0].contains("authorization"),
        "{}",
        server.seen()[0]
    );
    assert!(server.seen()[1].starts_with(
        "POST /api/v10/interactions/7/s3cret-interaction/callback?with_response=true "
    ));
}

#[tokio::test]
async fn a_read_is_repeated_after_a_failure_and_a_post_without_a_nonce_is_not() {
    let outage = || Step::Answer(502, "", "<html>bad gateway</html>".to_owned());
    let server = Server::start([outage(), Step::Close, json(200, MESSAGE)]).await;
    server
        .client()
        .message(Id::new(1), Id::new(5))
        .await
        .unwrap();
    assert_eq!(server.seen().len(), 3);

    for step in [outage(), Step::Close] {
        let server = Server::start([step]).await;
        let error = server
            .client()
            .create_message(Id::new(1))
            .content("hi")
            .at_most_once()
            .await
            .unwrap_err();
        assert!(error.is_retryable(), "{error}");
        assert!(
            matches!(error.kind(), ErrorKind::Server | ErrorKind::Network),
            "{error:?}"
        );
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_post_with_an_enforced_nonce_is_repeated() {
    let server = Server::start([Step::Close, json(200, MESSAGE)]).await;
    let client = server.client();
    let call = client
        .create_message(Id::new(1))
        .content("hi")
        .map_body(|mut draft| {
            draft.nonce = Some("n-1".into());
            draft.enforce_nonce = true;
            draft
        });
    call.await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn what_discord_would_refuse_is_not_sent() {
    let server = Server::start([json(200, MESSAGE)]).await;
    let client = server.client();
    let long = client.create_message(Id::new(1)).content("x".repeat(2001));
    let error = long.await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Invalid, None));
    assert_eq!(
        error.to_string(),
        "POST /channels/{channel_id}/messages: Discord would refuse this, so it was not sent; \
         content has 2001 characters, but Discord takes at most 2000: shorten it by 1"
    );
    assert!(!error.is_retryable());

    let answer = InteractionResponse::Message(MessageDraft::from(""));
    let blank = client.create_interaction_response(Id::new(7), Secret::new("t"), answer);
    assert_eq!(blank.await.unwrap_err().kind(), ErrorKind::Invalid);
    let page = client.messages(Id::new(1)).limit(101).await.unwrap_err();
    assert_eq!(
        page.fields(),
        ["limit is 101, but Discord takes 1 to 100: set 100"]
    );
    let ban = client.ban_user(Id::new(1), Id::new(2)).map_body(|mut ban| {
        ban.delete_message_seconds = Some(604_801);
        ban
    });
    assert_eq!(ban.await.unwrap_err().fields().len(), 1);
    let why = client
        .remove_member(Id::new(1), Id::new(2))
        .reason("x".repeat(513));
    assert_eq!(why.await.unwrap_err().kind(), ErrorKind::Invalid);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn what_was_checked_is_not_checked_again() {
    let server = Server::start([json(200, MESSAGE)]).await;
    let client = server.client();
    let hi = MessageDraft::from("hi").validate().unwrap();
    client
        .create_message(Id::new(1))
        .valid(hi.clone())
        .at_most_once()
        .await
        .unwrap();
    assert!(server.seen()[0].ends_with(r#"{"content":"hi"}"#));
    // The proof is lost with the first change.
    let changed = client.create_message(Id::new(1)).valid(hi);
    let changed = changed.content("x".repeat(2001)).await;
    assert_eq!(changed.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(server.seen().len(), 1);
    let long = client.create_message(Id::new(1)).content("x".repeat(2001));
    long.unchecked().await.unwrap();
    assert_eq!(server.seen().len(), 2);

    let server = Server::start([json(204, "")]).await;
    let answer = InteractionResponse::Message(MessageDraft::from("hi"));
    let checked = answer.validate().unwrap();
    let call = server.client();
    let call = call.create_interaction_response(Id::new(7), Secret::new("t"), checked);
    call.await.unwrap();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn repetitions_are_bounded() {
    let server = Server::start([Step::Answer(503, "", String::new())]).await;
    let client = server.client();
    client.apply(Live::new().retries(2));
    client.current_user().await.unwrap_err();
    assert_eq!(server.seen().len(), 3);
    assert_eq!(client.stats().retried, 2);

    let limited = Step::Answer(
        429,
        "",
        r#"{"message":"x","retry_after":0.001,"global":false}"#.to_owned(),
    );
    let server = Server::start([limited]).await;
    let client = server.client();
    client.apply(Live::new().limited_retries(2));
    let error = client.current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limited);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_at_once_and_says_how_long() {
    let limited = Step::Answer(
        429,
        "",
        r#"{"message":"x","retry_after":600.0,"global":false}"#.to_owned(),
    );
    let server = Server::start([limited]).await;
    let error = server.client().current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limited);
    let wait = error.retry_after().unwrap();
    assert!(
        wait > Duration::from_secs(590) && wait <= Duration::from_secs(600),
        "{wait:?}"
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_silent_server_costs_the_deadline() {
    let server = Server::start([Step::Silence]).await;
    let call = server
        .client()
        .current_user()
        .deadline(Duration::from_millis(80))
        .await;
    assert_eq!(call.unwrap_err().kind(), ErrorKind::Deadline);
}

#[tokio::test]
async fn times_without_end_are_no_deadline() {
    let server = Server::start([Step::Close, json(200, USER)]).await;
    let client = server.client();
    client.apply(Live::new().deadline(Duration::MAX).answer(Duration::MAX));
    client.current_user().await.unwrap();
    let call = client.current_user().deadline(Duration::MAX);
    call.await.unwrap();

    let all = Deadlines {
        dns: Duration::MAX,
        tcp: Duration::MAX,
        proxy: Duration::MAX,
        tls: Duration::MAX,
    };
    let client = Client::builder(TOKEN)
        .base_url(&server.base_url)
        .net(ovenjs_net::Config::new().deadlines(all))
        .build()
        .unwrap();
    client.current_user().await.unwrap();
}

/// Requests with the former token may be under way while it is replaced.
#[tokio::test]
async fn a_refusal_of_the_former_token_does_not_stop_the_new_one() {
    let refused = json(401, r#"{"message":"401: Unauthorized","code":0}"#);
    let server = Server::start([refused, json(200, USER)]).await;
    let hook = Arc::new(Replaces(OnceLock::new()));
    let client = Client::builder(TOKEN)
        .base_url(&server.base_url)
        .hook(hook.clone())
        .build()
        .unwrap();
    hook.0.set(client.clone()).unwrap();
    let error = client.current_user().await.unwrap_err();
    assert!(error.is_auth(), "{error}");
    client.current_user().await.unwrap();
    assert!(server.seen()[1].contains("authorization: Bot fresh"));
}

/// Has another token at the moment at which the former is refused.
#[derive(Debug)]
struct Replaces(OnceLock<Client>);

impl Hook for Replaces {
    fn call(&self, call: &HookCall<'_>) {
        if let (HookCall::RequestAnswered { status: 401, .. }, Some(client)) = (call, self.0.get())
        {
            client.replace_token(&Secret::new("fresh")).unwrap();
        }
    }
}

#[tokio::test]
async fn a_page_of_the_edge_names_its_cause() {
    let server = Server::start([Step::Answer(403, "", "<html>banned</html>".to_owned())]).await;
    let error = server.client().current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Edge);
    assert!(error.to_string().contains("Cloudflare"), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_names_the_place() {
    let server = Server::start([json(200, r#"{"id":"x","username":"oven"}"#)]).await;
    let error = server.client().current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert!(error.to_string().contains(" id;"), "{error}");
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let server = Server::start([json(200, &"x".repeat(5_000))]).await;
    let config = Config::new().base_url(&server.base_url).answer_max(4_096);
    let client = Client::builder(TOKEN).config(config).build().unwrap();
    let error = client.current_user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert!(error.to_string().contains("answer_max"), "{error}");
}

#[tokio::test]
async fn no_token_is_in_any_output() {
    let refused = json(404, r#"{"message":"Unknown Webhook","code":10015}"#);
    let server = Server::start([refused, Step::Close]).await;
    let client = server.client();
    client.apply(Live::new().retries(0));
    let token = || Secret::new("s3cret-interaction");
    let call = client.original_response(Id::new(1), token());
    let mut output = format!("{client:?} {call:?} {:?}", Client::builder(TOKEN));
    for _ in 0..2 {
        let error = client
            .original_response(Id::new(1), token())
            .await
            .unwrap_err();
        output += &format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            output += &format!("{error} {error:?}");
            source = error.source();
        }
    }
    assert!(
        output.contains("/webhooks/{webhook_id}/{webhook_token}/messages/@original"),
        "{output}"
    );
    assert!(
        !output.contains("s3cret") && !output.contains("c4nary"),
        "{output}"
    );
}

#[tokio::test]
async fn what_cannot_work_is_refused_when_built() {
    for (token, url, repair) in [
        ("", "http://127.0.0.1:1/api", "DISCORD_TOKEN"),
        ("a\nb", "http://127.0.0.1:1/api", "token"),
        ("t", "http://discord.example/api", "https"),
        ("t", "discord.com/api", "https://discord.com/api"),
        (
            "t",
            "https://discord.com/api?x=1",
            "https://discord.com/api",
        ),
    ] {
        let error = Client::builder(token).base_url(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{token} {url}");
        assert!(error.to_string().contains(repair), "{error}");
    }
    let net = ovenjs_net::Config::new().allow_plain(true);
    Client::builder("t")
        .base_url("http://discord.example/api")
        .net(net)
        .build()
        .unwrap();
}
