//! What must not compile, and what the compiler says then.

#[test]
fn mistakes_do_not_compile_and_the_errors_help() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
