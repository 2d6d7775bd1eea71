//! Handlers, extractors, slash commands, components and modals.
//!
//! A handler is an `async fn` whose arguments say what it wants. An attribute says what it is for;
//! [`routes!`] lists handlers; a [`Router`] calls them.
//!
//! ```
//! use ovenjs_commands::{Answer, Cx, Int, Router, Text, command, routes};
//!
//! /// Rate something
//! #[command]
//! async fn rate(
//!     cx: Cx,
//!     /// What to rate
//!     topic: Text<1, 100>,
//!     /// How good it is
//!     score: Option<Int<1, 5>>,
//! ) -> Answer {
//!     match score {
//!         Some(score) => cx.reply(format!("{topic}: {score} of 5")).await,
//!         None => cx.reply(format!("{topic}: not rated")).await,
//!     }
//! }
//!
//! let router: Router<()> = Router::new(routes![rate]);
//! let command = &router.commands()[0];
//! assert_eq!(command.name, "rate");
//! assert_eq!(command.options[0].max_length, Some(100));
//! assert!(!command.options[1].required);
//! ```
//!
//! What is here: the handlers' side. What is not: the gateway that brings events, the REST client
//! that carries answers, clocks and tasks. They come through three ports, [`Answers`], [`Timer`]
//! and [`Counters`], which `ovenjs-core` implements.

// The macros write paths that begin with this crate's name; inside it they have to resolve too.
extern crate self as ovenjs_commands;

mod answer;
mod argument;
mod config;
mod counters;
mod custom_id;
mod error;
mod exchange;
mod extract;
mod form;
#[doc(hidden)]
pub mod generated;
mod plan;
mod port;
mod registration;
mod route;
mod router;

pub use answer::{Answer, Cx, Fresh, ModalCx, Opens, Owed, Pending, Replied};
pub use argument::{Argument, Given, Int, Text, Unfit};
pub use config::{Config, DEFER_AFTER_MAX, Live};
pub use counters::LocalCounters;
pub use custom_id::{CustomId, Field, Stale};
pub use error::{Error, ErrorKind, Failure};
pub use extract::{Beside, Call, Extract, Key, On, Provide, State, Target, Typed, Values};
pub use form::{Form, FormDraft, Input};
pub use ovenjs_macros::{
    Choices, CustomId, Modal, autocomplete, command, component, event, submit,
};
#[doc(no_inline)]
pub use ovenjs_types as types;
pub use plan::{Known, Plan, Prune, Update, plan};
pub use port::{Answers, BoxFuture, Counters, Taken, Timer};
pub use route::{Handler, Proposer, Proposes, Route, Routes};
pub use router::Router;

/// What a handler of an event returns, and what may fail on the way to an [`Answer`].
pub type Result<T = ()> = std::result::Result<T, Failure>;
