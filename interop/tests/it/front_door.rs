//! The mock under Discord's own name.
//!
//! serenity sends its requests to another address only without its rate limiter. So that the limiter
//! can be seen at work as well, the bot is left to believe that it talks to `https://discord.com`: its
//! HTTP client resolves that name to this door, which speaks TLS, and trusts the door's certificate.

use anyhow::{Context as _, Result};
use ovenjs_mock::Discord;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

const NAME: &str = "discord.com";

pub(crate) struct FrontDoor {
    address: SocketAddr,
    certificate: reqwest::Certificate,
    _serving: JoinSet<()>,
}

impl FrontDoor {
    pub(crate) async fn open(discord: &Discord) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        let certificate = reqwest::Certificate::from_der(made.cert.der())?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            discord.address(),
        ));
        Ok(Self {
            address,
            certificate,
            _serving: serving,
        })
    }

    /// A client that comes through this door, and through no proxy of the machine.
    pub(crate) fn client(&self) -> Result<reqwest::Client> {
        reqwest::Client::builder()
            .no_proxy()
            .resolve(NAME, self.address)
            .add_root_certificate(self.certificate.clone())
            .build()
            .context("the HTTP client cannot be built")
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, mock: SocketAddr) {
    let mut guests = JoinSet::new();
    while let Ok((guest, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        guests.spawn(async move {
            let mut guest = acceptor.accept(guest).await?;
            let mut host = TcpStream::connect(mock).await?;
            copy_bidirectional(&mut guest, &mut host).await
        });
        // Those who have left need no keeping. How they left shows in what the bot does next.
        while guests.try_join_next().is_some() {}
    }
}
