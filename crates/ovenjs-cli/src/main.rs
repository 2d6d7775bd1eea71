//! The `oven` command.
fn main() {}
