//! What can go wrong for the person who plays with the box.

use std::fmt;

/// Why the box could not do what it was asked to.
///
/// A request that Discord would refuse is no such error: it is answered as Discord answers it.
#[derive(Debug)]
pub struct Error(Box<Kind>);

/// What an [`Error`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The loopback address could not be bound.
    Bind(String),
    /// What was waited for did not happen in time; the text names it.
    TimedOut(String),
    /// What a user typed or pressed does not exist or does not fit; the text names the repair.
    Refused(String),
    /// The bot shows something else than a scenario expects; the text names both.
    Unmet(String),
    /// A document does not have the asked shape.
    Shape(String),
}

impl Error {
    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.0
    }

    pub(crate) fn bind(source: &std::io::Error) -> Self {
        Self(Box::new(Kind::Bind(source.to_string())))
    }

    pub(crate) fn timed_out(what: impl Into<String>) -> Self {
        Self(Box::new(Kind::TimedOut(what.into())))
    }

    /// The same with what may have been in the way, where something was waited for in vain.
    pub(crate) fn because(mut self, why: Option<String>) -> Self {
        if let (Kind::TimedOut(what), Some(why)) = (self.0.as_mut(), why) {
            what.push_str("; ");
            what.push_str(&why);
        }
        self
    }

    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self(Box::new(Kind::Refused(what.into())))
    }

    pub(crate) fn unmet(what: impl Into<String>) -> Self {
        Self(Box::new(Kind::Unmet(what.into())))
    }

    pub(crate) fn shape(source: &dyn fmt::Display) -> Self {
        Self(Box::new(Kind::Shape(source.to_string())))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Kind::Bind(why) => {
                write!(
                    f,
                    "cannot listen on the loopback address, choose another port: {why}"
                )
            }
            Kind::TimedOut(what) => write!(f, "waited in vain for {what}"),
            Kind::Refused(what) | Kind::Unmet(what) => f.write_str(what),
            Kind::Shape(why) => write!(f, "the document has another shape: {why}"),
        }
    }
}

impl std::error::Error for Error {}
