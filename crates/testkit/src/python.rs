//! The Python that has what tests need of other people's programs: `cargo xtask test` makes it ready and says where.

use std::path::PathBuf;

const VARIABLE: &str = "VESTIBULE_TEST_PYTHON";

/// The interpreter at `VESTIBULE_TEST_PYTHON`.
///
/// # Panics
/// When the variable is not set.
pub fn python() -> PathBuf {
    let Some(python) = std::env::var_os(VARIABLE).filter(|python| !python.is_empty()) else {
        panic!("{VARIABLE} is not set: run `cargo xtask test`, or `cargo xtask postgres` in another terminal")
    };
    python.into()
}
