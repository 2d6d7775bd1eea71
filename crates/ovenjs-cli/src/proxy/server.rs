//! The sockets: accepting, bounding, and ending with grace.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{interval, sleep},
};

use super::{
    patient::Patient,
    relay::{Counted, Doors, Relay},
};
use crate::mock::Signals;

/// Listeners with what they lead to.
pub(crate) struct Server {
    relay: Arc<Relay>,
    listeners: Vec<(TcpListener, Doors)>,
    connections_max: usize,
}

impl Server {
    pub(crate) fn new(
        relay: Arc<Relay>,
        listeners: Vec<(TcpListener, Doors)>,
        connections_max: usize,
    ) -> Self {
        Self {
            relay,
            listeners,
            connections_max,
        }
    }

    /// Serves until a signal, and then for `drain` in which `/health` says that it stops; then takes nothing
    /// new, and gives what is under way `grace` to end, or until another signal. Whether all of it did. Who
    /// looks on by an address of its own is answered until the end.
    pub(crate) async fn run(self, signals: &mut Signals, drain: Duration, grace: Duration) -> bool {
        let (stopping, heard) = watch::channel(());
        let (_to_the_end, never) = watch::channel(());
        let (mut accepting, mut watching) = (JoinSet::new(), JoinSet::new());
        for (listener, doors) in self.listeners {
            // Each address has its own: bots that take up all places do not shut out who looks on.
            let places = Arc::new(Semaphore::new(self.connections_max));
            let relay = Arc::clone(&self.relay);
            if doors == Doors::Watch {
                watching.spawn(accept(listener, doors, relay, places, never.clone()));
            } else {
                accepting.spawn(accept(listener, doors, relay, places, heard.clone()));
            }
        }
        drop(heard);
        let relay = &self.relay;
        let tidying = async {
            let (mut often, mut seldom) = (interval(TIDY), interval(FORGIVEN));
            loop {
                tokio::select! {
                    _ = often.tick() => relay.tidy(),
                    _ = seldom.tick() => relay.forgive(),
                }
            }
        };
        let mut tidying = pin!(tidying);
        tokio::select! {
            _ = signals.next() => {}
            () = &mut tidying => {}
        }
        relay.is_stopping.store(true, Ordering::Relaxed);
        let ending = async {
            sleep(drain).await;
            drop(stopping);
            while accepting.join_next().await.is_some() {}
        };
        // What is served until the end is counted until then.
        tokio::select! {
            () = ending => true,
            () = sleep(drain + grace) => false,
            _ = signals.next() => false,
            () = tidying => false,
        }
    }
}

/// Takes connections until the sender of `stopping` is gone, then waits for them.
async fn accept(
    listener: TcpListener,
    doors: Doors,
    relay: Arc<Relay>,
    places: Arc<Semaphore>,
    mut stopping: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let next = tokio::select! {
            // No message is ever sent: it ends when the sender goes.
            _ = stopping.changed() => break,
            next = admitted(&listener, &places) => next,
        };
        match next {
            Ok((stream, place)) => {
                let serving = serve(stream, doors, Arc::clone(&relay), stopping.clone(), place);
                connections.spawn(serving);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection once there is a place for it; until then it waits in the kernel's queue.
async fn admitted(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn serve(
    stream: TcpStream,
    doors: Doors,
    relay: Arc<Relay>,
    mut stopping: watch::Receiver<()>,
    _place: OwnedSemaphorePermit,
) {
    let _connection = Counted::new(&relay.connections);
    // Answers are small and each is written at once.
    drop(stream.set_nodelay(true));
    let service = service_fn(|request| relay.answer(doors, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(Patient::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // hyper's errors tell what was wrong with the bytes, and not the bytes.
        tracing::debug!(%error, "a connection broke");
    }
}

/// The address that a listener has; the system may have chosen its port.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let repair = |error: io::Error| {
        format!(
            "{address} cannot be listened on ({error}); choose another address by --listen or --watch"
        )
    };
    let listener = TcpListener::bind(address).await.map_err(repair)?;
    let address = listener.local_addr().map_err(repair)?;
    Ok((listener, address))
}

/// How long a connection may take to say what it wants, from its beginning or from the answer before. Bots'
/// libraries keep unused connections for less, most of them for 4 to 15 s.
const HEAD: Duration = Duration::from_secs(30);

/// The longest head of a request. Discord's edge takes half as much.
const BUFFER: usize = 64 * 1024;

/// After a connection that could not be taken, for want of file descriptors as a rule.
const PAUSE: Duration = Duration::from_millis(100);

/// So often a refused token may be shown again: ten times in the ten minutes in which Discord bears thousands.
const FORGIVEN: Duration = Duration::from_mins(1);

/// So often it is looked at what other tokens have used up of the invalid requests that Discord bears: in that
/// time one token has some hundreds at most.
const TIDY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::proxy::relay::Rules;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_say_what_they_want_keeps_a_place_for_a_while_only() {
        let (listener, address) = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let relay = Arc::new(Relay::new(rules()));
        let (_running, heard) = watch::channel(());
        let one_place = Arc::new(Semaphore::new(1));
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Doors::All, relay, one_place, heard));

        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET /health HTTP/1.1\r\nx: ")
            .await
            .unwrap();
        let mut next = TcpStream::connect(address).await.unwrap();
        let request = b"GET /health HTTP/1.1\r\nconnection: close\r\n\r\n";
        next.write_all(request).await.unwrap();

        let mut answer = String::new();
        next.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        slow.read_to_string(&mut answer).await.unwrap();
    }

    fn rules() -> Rules {
        Rules {
            token: None,
            hosts: Vec::new(),
            base_url: "http://127.0.0.1:9/api".to_owned(),
            net: ovenjs_core::net::Config::new(),
            deadline: Duration::from_secs(60),
            global_per_second: 50,
            keeps_limits: false,
            requests_max: 1,
            body_max: 1,
            bodies_max: 1,
            tokens_max: 1,
        }
    }
}
