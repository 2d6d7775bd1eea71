//! What the attribute macros write calls to. Not for people: it may change with any release.

use std::sync::Arc;

use ovenjs_types::{Choice, CommandOption};

use crate::{Argument, BoxFuture, Call, Failure, Replied};

pub use crate::route::Proposer;

pub use std::{boxed::Box, option::Option, result::Result, string::String, vec};

pub use crate::{
    custom_id::{
        CUSTOM_ID_MAX, Reader, begin, extract as custom_id, head_length, supersedes, word,
    },
    form::{extract as form, field},
};

/// Describes an option of the type `T`.
#[must_use]
pub fn option<T: Argument>(name: &str, description: &str) -> CommandOption {
    let mut option = CommandOption::new(T::KIND, name, description);
    option.required = T::REQUIRED;
    T::describe(option)
}

/// What a handler of an interaction returned, without its proof.
pub fn answered<E: Into<Failure>>(answer: Result<crate::Cx<Replied>, E>) -> Result<(), Failure> {
    answer.map(drop).map_err(Into::into)
}

/// What a handler of an event may return.
#[diagnostic::on_unimplemented(
    message = "a handler of an event returns `Result` or nothing, not `{Self}`",
    label = "not a result of an event handler"
)]
pub trait Done {
    /// The result in one form.
    fn done(self) -> Result<(), Failure>;
}

impl Done for () {
    fn done(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<E: Into<Failure>> Done for Result<(), E> {
    fn done(self) -> Result<(), Failure> {
        self.map_err(Into::into)
    }
}

/// What a proposer returned.
pub fn proposed<E: Into<Failure>>(choices: Result<Vec<Choice>, E>) -> Result<Vec<Choice>, Failure> {
    choices.map_err(Into::into)
}

/// A proposer as the router keeps it.
pub fn proposer<S, F>(run: F) -> Proposer<S>
where
    F: Fn(Call<S>) -> BoxFuture<'static, Result<Vec<Choice>, Failure>> + Send + Sync + 'static,
{
    Arc::new(run)
}
