//! What must not compile, and what the compiler says then.

#[expect(
    clippy::unwrap_used,
    reason = "it is called by tests alone, and fails by panicking"
)]
#[path = "../../../ovenjs-types/tests/it/ui/mistakes.rs"]
mod mistakes;

#[test]
fn mistakes_do_not_compile_and_the_errors_help() {
    mistakes::are_told("ovenjs_commands");
}
