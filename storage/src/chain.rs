//! A run's chain of hashes outside the store: what an exported run is checked by.

use crate::embedded::base;
use crate::record::{self, RecordFact};
use druse_engine::{Digest, event::Entry};

/// Facts of a run that became durable together, as they are written, with the link that they end in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainPart {
    /// The format that they are written in.
    pub format: u8,
    /// The bytes.
    pub facts: Vec<u8>,
    /// SHA-256 of the link before and of the bytes' own SHA-256.
    pub hash: Digest,
}

impl ChainPart {
    /// The facts.
    ///
    /// # Errors
    /// When the bytes are not what their format says.
    pub fn entries(&self) -> Result<Vec<Entry>, String> {
        match record::decode_run(self.format, &self.facts) {
            Ok(RecordFact::Run(facts)) => Ok(facts.entries),
            Ok(_) => Err("these are not the facts of a run".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.facts)
    }
}

/// The link that follows one (none for a run's first facts), for facts with this digest; nothing when one
/// of them is no SHA-256.
pub fn chain_link(previous: Option<&Digest>, facts: &Digest) -> Option<Digest> {
    let previous = match previous {
        Some(previous) => bytes(previous)?,
        None => [0; 32],
    };
    Some(base::digest(&record::chain(&previous, &bytes(facts)?)))
}

fn bytes(digest: &Digest) -> Option<[u8; 32]> {
    let hex = digest.hex();
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}
