//! TLS for the clients of tests: whoever makes one asks here first, as they bring no cryptography of their own.

/// Makes ring the process's cryptography for TLS, unless something else is already.
pub(crate) fn install() {
    _ = rustls::crypto::ring::default_provider().install_default();
}
