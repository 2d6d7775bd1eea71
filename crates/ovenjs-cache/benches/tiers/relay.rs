//! A relay on loopback that lets bytes pass, holds them, lets few of them pass, or hangs up.

use std::{future::pending, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    #[default]
    Whole,
    /// Nothing passes, and nobody is told.
    Silent,
    /// The connections that there are stay silent for ever; new ones serve.
    Dead,
    /// So many bytes each ten milliseconds and direction.
    Slow(usize),
    /// Connections end, and none is made.
    Cut,
}

pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    link: Link,
    connections: u64,
    /// Of these connections, the first so many are dead.
    dead: u64,
}

impl Relay {
    pub(crate) async fn to(target: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::<State>::default();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if shared.borrow().link == Link::Cut {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&target).await else {
                    continue;
                };
                let number = shared.borrow().connections;
                shared.send_modify(|state| state.connections += 1);
                let (from_near, to_near) = near.into_split();
                let (from_far, to_far) = far.into_split();
                tokio::spawn(pass(number, from_near, to_far, shared.subscribe()));
                tokio::spawn(pass(number, from_far, to_near, shared.subscribe()));
            }
        });
        Self { address, state }
    }

    pub(crate) fn set(&self, link: Link) {
        self.state.send_modify(|state| {
            state.link = link;
            if link == Link::Dead {
                state.dead = state.connections;
            }
        });
    }
}

async fn pass(
    number: u64,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut room = vec![0; 16_384];
    loop {
        let now = *state.borrow_and_update();
        if now.dead > number {
            return pending().await;
        }
        let most = match now.link {
            Link::Cut => return,
            Link::Silent => {
                if state.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Link::Slow(bytes) => bytes,
            Link::Whole | Link::Dead => room.len(),
        };
        let read = tokio::select! {
            read = from.read(&mut room[..most]) => read,
            changed = state.changed() => {
                if changed.is_err() {
                    return;
                }
                continue;
            }
        };
        let Ok(read) = read.map(|read| &room[..read]) else {
            return;
        };
        if read.is_empty() || to.write_all(read).await.is_err() {
            return;
        }
        if matches!(now.link, Link::Slow(_)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
