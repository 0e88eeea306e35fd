//! Secrets at rest: XChaCha20-Poly1305 under a key from a file that only its owner may read.

use super::Secret;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// First byte of a sealed secret: the format.
const FORMAT: u8 = 1;
const NONCE: usize = 24;
const KEY: usize = 32;

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file cannot be read or made.
    #[error("The key file {path} cannot be used: {reason}.")]
    KeyFile {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Others may read the key file.
    #[error("The key file {path} may be read by others. Run: chmod 600 {path}")]
    Permissions {
        /// Where it is.
        path: PathBuf,
    },
    /// The key file does not hold a key.
    #[error(
        "The key file {path} does not hold 64 hex digits. Restore it from your backup: without it the stored secrets cannot be read."
    )]
    NotAKey {
        /// Where it is.
        path: PathBuf,
    },
    /// The seal does not hold: another key, another name or version, or damage.
    #[error(
        "The secret {name:?} cannot be opened: it was sealed with another key, or it is damaged. Set it again."
    )]
    Broken {
        /// The secret.
        name: String,
    },
    /// There is no key in this process.
    #[error("There is no key to seal or open sensitive inputs with.")]
    NoKey,
    /// The system gives no random numbers.
    #[error("The system gives no random numbers: {0}.")]
    Random(String),
}

impl SealError {
    /// Stable, snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyFile { .. } => "key_file_unusable",
            Self::Permissions { .. } => "key_file_permissions",
            Self::NotAKey { .. } => "key_file_wrong",
            Self::Broken { .. } => "secret_unreadable",
            Self::NoKey => "no_key",
            Self::Random(_) => "no_randomness",
        }
    }
}

/// Seals and opens secrets. It holds the key and prints nothing of it.
pub struct SecretStore {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretStore(…)")
    }
}

impl SecretStore {
    /// With the key of a file: 64 hex digits, readable by its owner alone. Made if it is not there.
    ///
    /// # Errors
    /// When the file cannot be used, holds no key, or others may read it.
    pub fn at(path: &Path) -> Result<Self, SealError> {
        match read_key(path) {
            Err(SealError::KeyFile { .. }) if !path.exists() => {
                make_key(path)?;
                read_key(path)
            }
            other => other,
        }
    }

    /// With this key.
    pub fn with_key(key: [u8; KEY]) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(&key.into()),
        }
    }

    /// Seals a value for one name and version: format byte, nonce and ciphertext, in base64.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn seal(&self, name: &str, version: u32, value: &Secret) -> Result<String, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| SealError::Random(error.to_string()))?;
        let bound = bound(name, version);
        let payload = Payload {
            msg: value.expose().as_bytes(),
            aad: &bound,
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Broken { name: name.into() })?;
        let mut bytes = Vec::with_capacity(1 + NONCE + sealed.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(STANDARD.encode(bytes))
    }

    /// Opens what was sealed for this name and version.
    ///
    /// # Errors
    /// When the seal does not hold.
    pub fn open(&self, name: &str, version: u32, sealed: &str) -> Result<Secret, SealError> {
        let broken = || SealError::Broken { name: name.into() };
        let bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
        let (&format, rest) = bytes.split_first().ok_or_else(broken)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(broken)?;
        if format != FORMAT {
            return Err(broken());
        }
        let bound = bound(name, version);
        let payload = Payload {
            msg: sealed,
            aad: &bound,
        };
        let value = self
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| broken())?;
        String::from_utf8(value)
            .map(Secret::from)
            .map_err(|_| broken())
    }
}

/// What the seal is bound to, so that sealed values cannot be swapped or brought back.
fn bound(name: &str, version: u32) -> Vec<u8> {
    let mut bound = b"druse secret\0".to_vec();
    bound.extend_from_slice(&version.to_be_bytes());
    bound.extend_from_slice(name.as_bytes());
    bound
}

fn read_key(path: &Path) -> Result<SecretStore, SealError> {
    let unusable = |error: io::Error| SealError::KeyFile {
        path: path.into(),
        reason: reason(&error),
    };
    let file = fs::File::open(path).map_err(unusable)?;
    let mode = file.metadata().map_err(unusable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SealError::Permissions { path: path.into() });
    }
    let text = io::read_to_string(io::Read::take(file, 1_024)).map_err(unusable)?;
    key_of(text.trim())
        .map(SecretStore::with_key)
        .ok_or_else(|| SealError::NotAKey { path: path.into() })
}

fn key_of(text: &str) -> Option<[u8; KEY]> {
    if text.len() != KEY * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

/// Writes a new key beside the place and links it there: never half a key, and of two that do this at once one wins.
fn make_key(path: &Path) -> Result<(), SealError> {
    let unusable = |error: io::Error| SealError::KeyFile {
        path: path.into(),
        reason: reason(&error),
    };
    let mut random = [0; KEY + 8];
    getrandom::fill(&mut random).map_err(|error| SealError::Random(error.to_string()))?;
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let draft = folder.join(format!(".key-{}", hex(&random[KEY..])));
    let written = (|| {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        writeln!(file, "{}", hex(&random[..KEY]))?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }?;
        fs::File::open(folder)?.sync_all()
    })();
    let _ = fs::remove_file(&draft);
    written.map_err(unusable)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "access is denied".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_the_same_key_name_and_version() {
        let store = SecretStore::with_key([7; 32]);
        let value = Secret::from("geheim");
        let sealed = store.seal("a", 1, &value).unwrap();
        assert!(!sealed.contains("geheim"));
        assert_ne!(sealed, store.seal("a", 1, &value).unwrap());
        assert_eq!(store.open("a", 1, &sealed).unwrap(), value);
        assert!(store.open("b", 1, &sealed).is_err());
        assert!(store.open("a", 2, &sealed).is_err());
        assert!(
            SecretStore::with_key([8; 32])
                .open("a", 1, &sealed)
                .is_err()
        );
        for damaged in ["", "AQ==", "nonsense!", &sealed[..sealed.len() - 8]] {
            assert!(store.open("a", 1, damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn the_key_file_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealed = SecretStore::at(&path)
            .unwrap()
            .seal("a", 1, &"x".into())
            .unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let again = SecretStore::at(&path).unwrap();
        assert_eq!(again.open("a", 1, &sealed).unwrap(), "x".into());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(
            SecretStore::at(&path).unwrap_err().code(),
            "key_file_permissions"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "zz").unwrap();
        assert_eq!(SecretStore::at(&path).unwrap_err().code(), "key_file_wrong");
        let nowhere = folder.path().join("no/key");
        assert_eq!(
            SecretStore::at(&nowhere).unwrap_err().code(),
            "key_file_unusable"
        );
    }

    #[test]
    fn of_many_that_make_the_key_at_once_all_hold_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let stores: Vec<_> = std::thread::scope(|scope| {
            let made: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| SecretStore::at(&path).unwrap()))
                .collect();
            made.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let sealed = stores[0].seal("a", 1, &"x".into()).unwrap();
        for store in &stores {
            assert_eq!(store.open("a", 1, &sealed).unwrap(), "x".into());
        }
    }
}
