//! What nobody who speaks HTTP by hyper can do without: a request written, an answer read to its end.
//! One connection for each post under way, driven by the task that posts.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, body::Body as _, client::conn::http1};
use hyper_util::rt::TokioIo;
use ovenjs_peers_rest_job::Job;
use tokio::net::TcpStream;

type Line = (
    http1::SendRequest<Full<Bytes>>,
    http1::Connection<TokioIo<TcpStream>, Full<Bytes>>,
);

pub async fn run(job: Job) {
    let address: Arc<str> = job.address.trim_start_matches("http://").into();
    let token: Arc<str> = format!("Bot {}", job.token).into();
    let idle: Arc<Mutex<VecDeque<Line>>> = Arc::default();
    job.run(move |channel, text| {
        let (address, token, idle) = (Arc::clone(&address), Arc::clone(&token), Arc::clone(&idle));
        async move {
            let free = idle.lock().expect("nobody panics").pop_back();
            let mut line = match free {
                Some(line) => line,
                None => open(&address).await,
            };
            let request = Request::post(format!("/api/v10/channels/{channel}/messages"))
                .header("host", &*address)
                .header("authorization", &*token)
                .header("user-agent", "DiscordBot (https://example.com, 1)")
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(format!(r#"{{"content":"{text}"}}"#))))
                .expect("the parts are fit");
            let is_done = post(&mut line, request).await;
            idle.lock().expect("nobody panics").push_back(line);
            is_done
        }
    })
    .await;
}

async fn open(address: &str) -> Line {
    let stream = TcpStream::connect(address).await.expect("the box listens");
    stream.set_nodelay(true).expect("it can");
    http1::handshake(TokioIo::new(stream))
        .await
        .expect("a handshake of HTTP/1.1 sends nothing")
}

async fn post((sender, connection): &mut Line, request: Request<Full<Bytes>>) -> bool {
    let mut answer = pin!(sender.send_request(request));
    let answer = poll_fn(|cx| driven(connection, cx, |cx| answer.as_mut().poll(cx)));
    let answer = answer.await.expect("the box answers");
    let is_done = answer.status().is_success();
    let mut body = answer.into_body();
    let mut length = 0;
    loop {
        let frame = poll_fn(|cx| driven(connection, cx, |cx| Pin::new(&mut body).poll_frame(cx)));
        let Some(frame) = frame.await else { break };
        let frame = frame.expect("the box answers in whole");
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    // It takes note of the end of the answer.
    let _ = Pin::new(connection).poll(&mut Context::from_waker(Waker::noop()));
    is_done && length > 0
}

/// What connection and request tell each other within one poll wakes nobody: it would be the task that
/// is at work.
fn driven<T>(
    connection: &mut http1::Connection<TokioIo<TcpStream>, Full<Bytes>>,
    cx: &mut Context<'_>,
    mut what: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    let nobody = &mut Context::from_waker(Waker::noop());
    if let Poll::Ready(ready) = what(nobody) {
        return Poll::Ready(ready);
    }
    let _ = Pin::new(&mut *connection).poll(nobody);
    if let Poll::Ready(ready) = what(nobody) {
        return Poll::Ready(ready);
    }
    let _ = Pin::new(connection).poll(cx);
    what(nobody)
}
