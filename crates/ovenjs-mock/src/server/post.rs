//! Posts on their way to the application's endpoints.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

use crate::{
    courier::{Outcome, Post},
    rest::Form,
    shared::Shared,
};

/// Posts what there is to post, for as long as it is polled.
pub(super) async fn deliver(shared: Arc<Shared>) {
    let mut tasks = JoinSet::new();
    loop {
        for post in shared.posts() {
            let shared = Arc::clone(&shared);
            tasks.spawn(async move {
                let (id, until) = (post.id, post.until);
                let answer = tokio::time::timeout_at(until.into(), send(post)).await;
                let outcome = match answer {
                    Ok(Ok((status, form))) => Outcome::Answered { status, form },
                    Ok(Err(why)) => Outcome::Broken(why),
                    Err(_) => Outcome::Late,
                };
                shared.with(|backend, now| backend.posted(now, id, outcome));
            });
        }
        tokio::select! {
            () = shared.posting.notified() => {}
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
}

async fn send(post: Post) -> Result<(u16, Form), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let mut stream = Err("it has no address".to_owned());
    for socket in post.address.sockets() {
        stream = TcpStream::connect(socket).await.map_err(|e| told(&e));
        if stream.is_ok() {
            break;
        }
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream?))
        .await
        .map_err(|e| told(&e))?;
    let request = Request::post(post.address.path)
        .header(header::HOST, post.address.authority)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, post.user_agent)
        .header("X-Signature-Ed25519", post.signature)
        .header("X-Signature-Timestamp", post.timestamp)
        .body(Full::new(post.body))
        .map_err(|e| told(&e))?;
    // Both end with this function: a connection serves one post.
    let answer = async {
        let response = sender.send_request(request).await.map_err(|e| told(&e))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, super::MAX_BODY).collect().await;
        let body: Bytes = body.map_err(|e| told(&e))?.to_bytes();
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        Ok((parts.status.as_u16(), Form::read(content_type, &body)))
    };
    tokio::pin!(answer, connection);
    tokio::select! {
        answer = &mut answer => answer,
        // The server has closed; what it has said before is still to be read.
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(told(&error)),
        },
    }
}
