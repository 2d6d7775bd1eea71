//! The examples as a user runs them: real programs against the Discord in a box.

mod bad_input;
mod program;
mod readme;
mod stories;
