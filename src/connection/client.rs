//! HTTP clients. None follows redirects, uses a proxy from the environment, or undoes compression.

use super::Tls;
use std::{sync::Once, time::Duration};

/// What Druse calls itself towards others.
pub const USER_AGENT: &str = concat!("druse/", env!("CARGO_PKG_VERSION"));
/// Longest time until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);

/// The common beginning of every client.
pub fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Fails only if another part of the process installed one already: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        // A retry inside the client would be an attempt that nobody recorded.
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
}

/// Finishes a client. Where the system has no certificates, it is built without any: then https
/// fails with an unknown issuer, and http still works.
///
/// # Errors
/// In one sentence.
pub fn finish(build: impl Fn() -> reqwest::ClientBuilder) -> Result<reqwest::Client, String> {
    build()
        .build()
        .or_else(|_| build().tls_certs_only([]).build())
        .map_err(|_| "The HTTP client could not be set up.".into())
}

/// A client for a connection, which may reach anything.
///
/// # Errors
/// In one sentence, when the file of certificates cannot be used.
pub fn trusted(tls: &Tls) -> Result<reqwest::Client, String> {
    let Some(path) = &tls.ca_file else {
        return finish(builder);
    };
    let pem = std::fs::read(path).map_err(|_| {
        format!(
            "The file of certificates {} cannot be read.",
            path.display()
        )
    })?;
    let wrong = || format!("The file {} holds no PEM certificates.", path.display());
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| wrong())?;
    if certificates.is_empty() {
        return Err(wrong());
    }
    // Where the system has none of its own, the given ones are enough.
    builder()
        .tls_certs_merge(certificates.clone())
        .build()
        .or_else(|_| builder().tls_certs_only(certificates).build())
        .map_err(|_| wrong())
}
