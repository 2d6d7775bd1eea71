//! What must not compile, and what the compiler says then.

#[test]
fn mixed_up_ids_and_permissions_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/right.rs");
    cases.compile_fail("tests/ui/wrong_*.rs");
}
