//! HTTP clients, and TLS. None of the clients follows redirects, uses a proxy from the environment, or undoes compression.

use super::Tls;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use std::{
    path::Path,
    sync::{Arc, Once},
    time::Duration,
};

/// What Druse calls itself towards others.
pub const USER_AGENT: &str = concat!("druse/", env!("CARGO_PKG_VERSION"));
/// Longest time until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);

/// Says once for the process whose cryptography TLS uses.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Fails only if another part of the process installed one already: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()))
}

/// TLS for what is not HTTP: certificates are checked against the system's authorities and those of a
/// file. Where the system has none and no file is given, every certificate is unknown.
///
/// # Errors
/// In one sentence, when the file cannot be used.
pub fn rustls(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let provider = provider();
    let given = match ca_file {
        None => Vec::new(),
        Some(path) => certificates(path, &pem(path)?)?,
    };
    let wrong = |_| "TLS could not be set up.".to_owned();
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let config = match Verifier::new_with_extra_roots(given, provider) {
        Ok(verifier) => config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)),
        Err(_) if ca_file.is_none() => config.with_root_certificates(RootCertStore::empty()),
        Err(_) => return Err("The file of certificates holds some that cannot be used.".into()),
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

/// A file of certificates.
///
/// # Errors
/// In one sentence, when it cannot be read.
pub fn pem(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|_| {
        format!(
            "The file of certificates {} cannot be read.",
            path.display()
        )
    })
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = || format!("The file {} holds no PEM certificates.", path.display());
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|_| wrong())?;
    if read.is_empty() {
        Err(wrong())
    } else {
        Ok(read)
    }
}

/// The common beginning of every client.
pub fn builder() -> reqwest::ClientBuilder {
    provider();
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
    let pem = pem(path)?;
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
