//! What a bot may put around every call.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{Error, Reply, Request, delivery::Delivery};

/// Something around every call: it sees the request before and the answer after everything else that
/// the client does, and may change, repeat, delay or answer it.
///
/// Layers are asked in the order in which they were added; each hands the request to [`Next`]. One call
/// passes them once, however often it is sent again behind them. A layer keeps what dropping a call
/// promises as long as it does not spawn: its future is dropped with the call.
///
/// ```
/// use http::{HeaderName, HeaderValue};
/// use ovenjs_rest::{Layer, Next, Reply, Request, Sending};
///
/// /// Tells a proxy of ours which bot is asking.
/// #[derive(Debug)]
/// struct NamesTheBot(HeaderValue);
///
/// impl Layer for NamesTheBot {
///     fn send<'a>(&'a self, request: Request, next: Next<'a>) -> Sending<'a> {
///         next.send(request.with_header(HeaderName::from_static("x-bot"), self.0.clone()))
///     }
/// }
///
/// /// Answers by itself: nothing leaves the machine.
/// #[derive(Debug)]
/// struct Offline;
///
/// impl Layer for Offline {
///     fn send<'a>(&'a self, request: Request, _: Next<'a>) -> Sending<'a> {
///         assert_eq!(request.route(), "GET /users/@me");
///         assert_eq!(request.headers()["x-bot"], "oven");
///         Box::pin(async { Ok(Reply::new(200, r#"{"id":"7","username":"oven"}"#)) })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let client = ovenjs_rest::Client::builder("token")
///     .layer(NamesTheBot(HeaderValue::from_static("oven")))
///     .layer(Offline)
///     .build()
///     .unwrap();
/// assert_eq!(client.current_user().await.unwrap().username, "oven");
/// assert_eq!(client.stats().sent, 0);
/// # });
/// ```
pub trait Layer: fmt::Debug + Send + Sync {
    /// Sees one call through.
    ///
    /// # Errors
    ///
    /// What `next` gives, or [`Error::by_layer`] where the layer itself refuses.
    fn send<'a>(&'a self, request: Request, next: Next<'a>) -> Sending<'a>;
}

/// A call on its way through a layer.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

/// What lies behind a layer: the layers after it, and then the client's own: hooks, cache,
/// single-flight, repetition, limits, circuit breaker and connections, in this order.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    layers: &'a [Arc<dyn Layer>],
    delivery: &'a Arc<Delivery>,
}

impl<'a> Next<'a> {
    pub(crate) const fn new(layers: &'a [Arc<dyn Layer>], delivery: &'a Arc<Delivery>) -> Self {
        Self { layers, delivery }
    }

    /// Sends the request on. `Next` can be copied, so a layer may send more than once.
    #[must_use]
    pub fn send(self, request: Request) -> Sending<'a> {
        match self.layers.split_first() {
            Some((first, layers)) => first.send(request, Self { layers, ..self }),
            None => Box::pin(self.delivery.perform(request)),
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("layers", &self.layers)
            .finish_non_exhaustive()
    }
}
