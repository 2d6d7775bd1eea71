//! Extension points, one line each.
//!
//! Layer-1 crates take an `Arc<dyn Hook>` and call it at the points of this table; monitoring,
//! recording and plugins implement it. A hook observes: it cannot change or stop what happens, and
//! it must return at once, since it runs where the thing happens.

use std::{fmt, time::Duration};

use crate::{EventKind, ShardId};

macro_rules! hooks {
    ($(
        $(#[$meta:meta])*
        $point:ident @ $phase:ident { $( $(#[$fmeta:meta])* $field:ident: $ty:ty ),* $(,)? }
    )+) => {
        /// What happened, with its particulars. One variant for each extension point.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum HookCall<'a> {
            $( $(#[$meta])* $point { $( $(#[$fmeta])* $field: $ty ),* }, )+
        }

        /// The extension points by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HookPoint { $( $(#[$meta])* $point, )+ }

        impl HookPoint {
            /// Every extension point.
            pub const ALL: &'static [Self] = &[$(Self::$point),+];

            /// When the hook is called, relative to what it names.
            #[must_use]
            pub const fn phase(self) -> Phase {
                match self { $(Self::$point => Phase::$phase,)+ }
            }

            /// The name of the point, as written in this table.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$point => stringify!($point),)+ }
            }
        }

        impl HookCall<'_> {
            /// Which extension point this is.
            #[must_use]
            pub const fn point(&self) -> HookPoint {
                match self { $(Self::$point { .. } => HookPoint::$point,)+ }
            }
        }
    };
}

hooks! {
    /// A shard's connection changed its state.
    ShardState @ After {
        /// The shard.
        shard: ShardId,
        /// The new state in one word, e.g. `connected`, `resuming`, `stopped`.
        state: &'a str,
    }
    /// A new session began although events of the old one may be missing.
    SessionGap @ After {
        /// The shard.
        shard: ShardId,
        /// The last sequence number delivered from the old session.
        last_seq: u64,
    }
    /// An event arrived which nobody wants; it was dropped undecoded.
    EventDropped @ After {
        /// Its kind.
        kind: EventKind,
    }
    /// An event arrived that no type fits. It is delivered as malformed.
    EventMalformed @ After {
        /// Discord's name of the event.
        name: &'a str,
        /// Where the first error is, as a path such as `author.id`.
        path: &'a str,
    }
    /// A REST request is about to be sent, with its permit in hand.
    RequestSent @ Before {
        /// Method and route template, e.g. `POST /channels/{channel_id}/messages`.
        route: &'a str,
        /// How long it waited for its permit.
        waited: Duration,
    }
    /// A REST answer arrived.
    RequestAnswered @ After {
        /// Method and route template.
        route: &'a str,
        /// The HTTP status.
        status: u16,
        /// From sending to the last byte of the answer.
        elapsed: Duration,
    }
    /// Discord answered 429.
    RateLimited @ After {
        /// Method and route template.
        route: &'a str,
        /// `user`, `global` or `shared`.
        scope: &'a str,
        /// How long Discord wants us to wait.
        retry_after: Duration,
    }
    /// A REST call ended: answered, failed or, where nobody waits for it any more, dropped. It may
    /// have been sent several times, or not at all.
    CallEnded @ After {
        /// Method and route template.
        route: &'a str,
        /// `answered`, `failed` or `dropped`.
        outcome: &'a str,
        /// From the call to its end.
        elapsed: Duration,
    }
    /// A circuit breaker of REST changed its state.
    BreakerChanged @ After {
        /// The family of routes, e.g. `/channels/{channel_id}/messages`, or `host`.
        family: &'a str,
        /// `closed` or `open`.
        state: &'a str,
    }
    /// A handler failed or panicked.
    HandlerFailed @ After {
        /// The handler's name.
        handler: &'a str,
        /// The error's text.
        error: &'a str,
    }
}

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Just before the thing happens.
    Before,
    /// Just after it happened.
    After,
}

/// Something that wants to be told.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use ovenjs_types::{Hook, HookCall};
///
/// #[derive(Debug, Default)]
/// struct Count(AtomicU32);
/// impl Hook for Count {
///     fn call(&self, call: &HookCall<'_>) {
///         if let HookCall::RateLimited { .. } = call {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let count = Count::default();
/// count.call(&HookCall::RateLimited { route: "GET /users/@me", scope: "user", retry_after: Default::default() });
/// assert_eq!(count.0.load(Ordering::Relaxed), 1);
/// ```
pub trait Hook: fmt::Debug + Send + Sync {
    /// Called at an extension point. Must not block.
    fn call(&self, call: &HookCall<'_>);
}

/// A hook that does nothing, the default of every crate.
impl Hook for () {
    fn call(&self, _: &HookCall<'_>) {}
}
