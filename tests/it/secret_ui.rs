//! What a `Secret` must not be able to do, proved by programs that do not compile.
//!
//! One test for all cases: each run builds the library once more. After a compiler update, `TRYBUILD=overwrite` rewrites
//! the expected messages.

#[test]
fn a_secret_cannot_leak_by_accident() {
    trybuild::TestCases::new().compile_fail("testdata/ui/secret_*.rs");
}
