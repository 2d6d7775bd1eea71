//! Answers whose body does not come to its end: status and headers count all the same.

use ovenjs_rest::{ErrorKind, Live};
use ovenjs_types::{Fault as _, Id};

use crate::server::{Server, Step};

const LIMITED: &str = "content-type: application/json\r\nretry-after: 7\r\n\
                       x-ratelimit-scope: user\r\nx-ratelimit-limit: 5\r\n\
                       x-ratelimit-remaining: 0\r\nx-ratelimit-reset-after: 7\r\n";

#[tokio::test(start_paused = true)]
async fn a_429_is_heeded_and_told_though_its_words_are_lost() {
    let server = Server::piped([cut(429, LIMITED)]);
    let client = server.client();
    client.apply(Live::new().limited_retries(0));
    let error = client.message(Id::new(1), Id::new(2)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Limited, Some(429))
    );
    let wait = error.retry_after().unwrap();
    assert_eq!(wait.as_secs(), 7, "{error}");
    for part in ["limits this call", "broke before the answer was complete"] {
        assert!(error.to_string().contains(part), "no {part} in {error}");
    }
    let stats = client.stats();
    assert_eq!((stats.limits.invalid, stats.limits.permits), (1, 0));
    // It is not for another channel, and the same one waits.
    let other = client.message(Id::new(9), Id::new(2)).await.unwrap_err();
    assert_eq!(other.status(), Some(429));
    let call = client.message(Id::new(1), Id::new(2));
    let late = call.deadline(std::time::Duration::from_secs(3)).await;
    assert_eq!(late.unwrap_err().status(), None);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_shown_again_though_its_words_are_lost() {
    let server = Server::piped([cut(401, "")]);
    let client = server.client();
    let error = client.current_user().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Unauthorized, Some(401))
    );
    assert!(error.is_auth(), "{error}");
    let again = client.channel(Id::new(3)).await.unwrap_err();
    assert_eq!(
        (again.kind(), again.status()),
        (ErrorKind::Unauthorized, None)
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_know_whether_it_was_done_is_told_so() {
    for step in [cut(200, ""), Step::Close, Step::Silence] {
        let server = Server::piped([step.clone()]);
        let client = server.client();
        client.apply(Live::new().nonces(false));
        let post = client.create_message(Id::new(1)).content("hi");
        let error = post.await.unwrap_err();
        assert!(error.may_have_arrived(), "{step:?}: {error}");
        let status = matches!(step, Step::Cut(..)).then_some(200);
        assert_eq!(
            (error.status(), server.seen().len()),
            (status, 1),
            "{error}"
        );
    }
    let server = Server::piped([cut(403, "")]);
    let post = server
        .client()
        .create_message(Id::new(1))
        .content("hi")
        .await;
    let error = post.unwrap_err();
    assert_eq!(
        (error.kind(), error.may_have_arrived()),
        (ErrorKind::Forbidden, false)
    );
}

fn cut(status: u16, headers: &'static str) -> Step {
    Step::Cut(
        status,
        headers,
        r#"{"message":"bread","code":0,"retry_after":7}"#.to_owned(),
    )
}
