//! From a target to a stream.

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use crate::{
    Config, Error, Live, Plain, Step, Stream, Target, is_loopback_host, proxy, race::race, tls,
};

/// Makes connections. Cloning is cheap and shares everything.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    config: Config,
    live: RwLock<Live>,
    tls: Arc<ClientConfig>,
}

impl Connector {
    /// A connector by `config`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when an extra root is not a certificate.
    pub fn build(config: Config) -> Result<Self, Error> {
        let tls = tls::client(&config.extra_roots, &[])?;
        let live = RwLock::new(config.live);
        Ok(Self(Arc::new(Inner { config, live, tls })))
    }

    /// Connects to `target`: lookup, TCP, proxy where one is set, TLS where the target wants it.
    ///
    /// Dropping the future closes whatever was open.
    ///
    /// # Errors
    ///
    /// An [`Error`] that names the step and what to check.
    pub async fn connect(&self, target: &Target) -> Result<Stream, Error> {
        let plain = self.connect_plain(target).await?;
        if !target.tls {
            return Ok(Stream::Plain(plain));
        }
        let name = ServerName::try_from(target.host.clone())
            .map_err(|_| Error::tls(target, io::Error::other("not a name that TLS can prove")))?;
        let handshake = TlsConnector::from(self.0.tls.clone()).connect(name, plain);
        let stream = within(self.live().deadlines.tls, Step::Tls, target, handshake).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    /// Whether `target` may be connected to at all: plain text only to loopback, unless allowed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Plain`](crate::ErrorKind::Plain).
    pub fn check(&self, target: &Target) -> Result<(), Error> {
        if target.tls || self.0.config.allow_plain || is_loopback_host(&target.host) {
            Ok(())
        } else {
            Err(Error::plain(target))
        }
    }

    /// A TLS configuration with this connector's roots that offers the protocols `alpn`, for
    /// whoever does the handshake elsewhere.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when an extra root is not a certificate.
    pub fn tls_config(&self, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, Error> {
        tls::client(&self.0.config.extra_roots, alpn)
    }

    /// Takes new deadlines over and returns the former ones.
    pub fn apply(&self, live: Live) -> Live {
        std::mem::replace(
            &mut self.0.live.write().unwrap_or_else(PoisonError::into_inner),
            live,
        )
    }

    /// The deadlines in force.
    #[must_use]
    pub fn live(&self) -> Live {
        *self.0.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything but TLS: a stream that ends at `target`.
    pub(crate) async fn connect_plain(&self, target: &Target) -> Result<Plain, Error> {
        self.check(target)?;
        if let Some(dialer) = &self.0.config.dialer {
            return Ok(dialer.dial(target));
        }
        // What runs on this machine is reached directly, as with every program that knows proxies.
        let proxy = self
            .0
            .config
            .proxy
            .as_ref()
            .filter(|_| !is_loopback_host(&target.host));
        let Some(proxy) = proxy else {
            return self.tcp(target).await.map(Plain::tcp);
        };
        let there = proxy.target();
        let reached = self.tcp(&there).await;
        let mut stream = reached.map_err(|error| error.through(&there, target))?;
        let asked = proxy::open(&mut stream, proxy, target);
        match tokio::time::timeout(self.live().deadlines.proxy, asked).await {
            Ok(opened) => opened.map(|()| Plain::tcp(stream)),
            Err(_) => Err(Error::deadline(Step::Proxy, target)),
        }
    }

    async fn tcp(&self, target: &Target) -> Result<TcpStream, Error> {
        let deadlines = self.live().deadlines;
        let mut addresses = match target.host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, target.port)],
            Err(_) => {
                let lookup = self.0.config.resolver.resolve(&target.host, target.port);
                within(deadlines.dns, Step::Dns, target, lookup).await?
            }
        };
        if addresses.is_empty() {
            let nowhere = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            return Err(Error::failed(Step::Dns, target, nowhere));
        }
        let local = self.0.config.bind;
        if let Some(local) = local {
            addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
            if addresses.is_empty() {
                let text = "`bind` is of another kind (IPv4 or IPv6) than all addresses of the other end; set it \
                            to an address of the other kind";
                return Err(Error::config(text));
            }
        }
        let racing = race(addresses, |address| connect_from(local, address));
        let stream = within(deadlines.tcp, Step::Tcp, target, racing).await;
        if stream.is_err()
            && let Some(Err(source)) = local.map(socket_of)
        {
            return Err(Error::bind(source));
        }
        let stream = stream?;
        // Frames and requests are small and wanted at once.
        stream
            .set_nodelay(true)
            .map_err(|source| Error::failed(Step::Tcp, target, source))?;
        Ok(stream)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

/// Connects to `address`, from an address of this machine or from any.
async fn connect_from(local: Option<IpAddr>, address: SocketAddr) -> io::Result<TcpStream> {
    let Some(local) = local else {
        return TcpStream::connect(address).await;
    };
    socket_of(local)?.connect(address).await
}

/// A socket that has this address.
fn socket_of(local: IpAddr) -> io::Result<TcpSocket> {
    let socket = if local.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind(SocketAddr::new(local, 0))?;
    Ok(socket)
}

async fn within<T>(
    time: Duration,
    step: Step,
    target: &Target,
    deed: impl Future<Output = io::Result<T>>,
) -> Result<T, Error> {
    match tokio::time::timeout(time, deed).await {
        Ok(done) => done.map_err(|source| Error::failed(step, target, source)),
        Err(_) => Err(Error::deadline(step, target)),
    }
}
