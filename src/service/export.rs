//! A run as one file: what it ran, all that happened, and the chain that proves it unbroken.

use super::{App, Problem, RunView};
use crate::runtime::clock;
use crate::secret::hide;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use druse_engine::event::Entry;
use druse_engine::{Digest, RunId, Timestamp};
use druse_storage::{ChainPart, StoreExt as _, Version, chain_link};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The form of the file.
const FORM: u32 = 1;

/// An exported run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// The form of this file.
    pub druse_export: u32,
    /// When it was made.
    pub exported_at: Timestamp,
    /// The run as lists show it.
    pub run: Value,
    /// The document that it ran, if it is still in the store.
    pub document: Option<Value>,
    /// Its journal.
    #[schemars(with = "Vec<Value>")]
    pub entries: Vec<Entry>,
    /// The links of its chain, each for the facts that became durable together.
    pub chain: Vec<Link>,
}

/// A link of a run's chain of hashes: SHA-256 of the link before it (32 zero bytes at first) and of `digest`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The first fact, by its number.
    pub first: u64,
    /// The last fact, by its number.
    pub last: u64,
    /// The format of the bytes.
    pub format: u8,
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// The link.
    pub hash: Digest,
    /// The bytes as they stand in the log, in base64; null where they hold a sensitive input's seal.
    pub facts: Option<String>,
}

impl App {
    /// A run as one file.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn export(&self, run: RunId) -> Result<Export, Problem> {
        let head = self
            .store
            .run_head(run)?
            .ok_or_else(|| Problem::not_found("run"))?;
        let document = match head.automation {
            Some(automation) => {
                let key = Version::key_of(automation, head.version);
                let version: Option<Version> = self.store.get(&key)?;
                version.map(|version| version.document)
            }
            None => None,
        };
        let mut entries = Vec::new();
        let mut chain = Vec::new();
        for part in self.store.run_chain(run)? {
            let facts = part.entries().map_err(|error| Problem::internal(&error))?;
            chain.push(link(&part, &facts)?);
            entries.extend(facts);
        }
        // A live run may have gone on between the two reads: what is said of it is from its journal's end.
        let head = self.store.run_head(run)?.unwrap_or(head);
        let run = serde_json::to_value(RunView::from(head.as_ref()));
        Ok(Export {
            druse_export: FORM,
            exported_at: clock::now(),
            run: run.map_err(|error| Problem::internal(&error))?,
            document,
            entries,
            chain,
        })
    }
}

fn link(part: &ChainPart, entries: &[Entry]) -> Result<Link, Problem> {
    let text = serde_json::to_string(entries).map_err(|error| Problem::internal(&error))?;
    let sealed = matches!(hide(&text), std::borrow::Cow::Owned(_));
    let number = |entry: Option<&Entry>| entry.map_or(0, |entry| entry.seq);
    Ok(Link {
        first: number(entries.first()),
        last: number(entries.last()),
        format: part.format,
        digest: part.digest(),
        hash: part.hash.clone(),
        facts: (!sealed).then(|| STANDARD.encode(&part.facts)),
    })
}

impl Export {
    /// What is wrong with the file: the chain, the facts that it proves, and their numbers. Empty when
    /// all of it holds.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.druse_export != FORM {
            problems.push(format!("its form {} is not known here", self.druse_export));
            return problems;
        }
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.seq != index as u64 + 1 {
                problems.push(format!("fact {} is missing", index + 1));
                break;
            }
        }
        let mut previous: Option<&Digest> = None;
        let mut proved = 0;
        for link in &self.chain {
            if let Err(problem) = self.proves(link, previous, proved) {
                problems.push(problem);
                break;
            }
            previous = Some(&link.hash);
            proved = link.last.max(proved);
        }
        let last = self.entries.last().map_or(0, |entry| entry.seq);
        if problems.is_empty() && proved != last {
            problems.push(format!(
                "the chain ends at fact {proved}, the journal at {last}"
            ));
        }
        problems
    }

    fn proves(&self, link: &Link, previous: Option<&Digest>, proved: u64) -> Result<(), String> {
        let (first, last) = (link.first, link.last);
        let name = format!("the link of facts {first} to {last}");
        if first != proved + 1 && first != 0 {
            return Err(format!("{name} does not follow fact {proved}"));
        }
        if chain_link(previous, &link.digest).as_ref() != Some(&link.hash) {
            return Err(format!("{name} does not follow from the one before it"));
        }
        let Some(text) = &link.facts else {
            return Ok(());
        };
        let facts = STANDARD
            .decode(text)
            .map_err(|_| format!("{name} cannot be read"))?;
        let part = ChainPart {
            format: link.format,
            facts,
            hash: link.hash.clone(),
        };
        if part.digest() != link.digest {
            return Err(format!("{name} has other facts than it was made of"));
        }
        let proved = part.entries().map_err(|error| format!("{name}: {error}"))?;
        let from = (first as usize).saturating_sub(1);
        let shown = self.entries.get(from..last as usize);
        if first > 0 && shown != Some(proved.as_slice()) {
            return Err(format!(
                "facts {first} to {last} are not those of the chain"
            ));
        }
        Ok(())
    }
}
