//! A recording as it may be kept: without the secrets in it.

use super::{ImportError, body, sessions, to_own_form};
use crate::secret::{Lift, Taken, told, told_elsewhere};
use crate::session::{Session, Turn};
use std::borrow::Cow;
use std::collections::HashSet;

/// How often what reading made of a body is looked at anew.
const ROUNDS: usize = 3;

/// A recording that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording<'b> {
    /// Its sessions.
    pub sessions: Vec<Session>,
    /// What may be stored of it: its bytes, with names in the place of secrets.
    pub bytes: Cow<'b, [u8]>,
}

/// Reads a body as [`import`](super::import()) does, and gives what of it may be stored.
///
/// # Errors
/// As [`import`](super::import()).
pub fn recording(bytes: &[u8]) -> Result<Recording<'_>, ImportError> {
    let mut body = body::read(bytes)?;
    let mut lift = Lift::default();
    let mut found = lift.look(body.records.iter().map(|record| &record.value));
    // What could not be read as JSON is kept all the same.
    if body.notes.bytes_left_out() > 0 {
        found |= lift.look_at_text(&body::text(bytes));
    }
    let mut clean: Option<String> = None;
    let mut read = Vec::new();
    for _ in 0..ROUNDS {
        if found {
            let text = lift.overwrite(&body::text(bytes));
            body = body::read(text.as_bytes())?;
            clean = Some(text);
        }
        let kept = clean.as_deref().map_or(bytes, str::as_bytes);
        read = sessions(body, kept)?;
        // Reading puts together what stood apart, and names what had no key.
        found = look_at_sessions(&mut lift, &read);
        if !found {
            break;
        }
        body = body::read(kept)?;
    }
    if lift.taken.is_empty() {
        return Ok(Recording {
            sessions: read,
            bytes: Cow::Borrowed(bytes),
        });
    }
    let mut kept = clean.unwrap_or_default();
    let own: Vec<String> = read
        .iter()
        .map(|session| to_own_form(session).to_string())
        .collect();
    let overwritten: Vec<String> = own.iter().map(|text| lift.overwrite(text)).collect();
    if found || own != overwritten {
        // What stands in pieces is nowhere whole in the bytes: the sessions are kept in Druse's own form.
        kept = overwritten.join("\n");
        let formats: Vec<String> = read.into_iter().map(|session| session.format).collect();
        read = sessions(body::read(kept.as_bytes())?, kept.as_bytes())?;
        for (session, format) in read.iter_mut().zip(formats) {
            session.format = format;
        }
    }
    for session in &mut read {
        let (secrets, findings) = told(&lift.taken, session);
        session.secrets = secrets;
        session.findings.extend(findings);
    }
    let told: HashSet<&str> = read
        .iter()
        .flat_map(|session| &session.secrets)
        .map(|one| one.name.as_str())
        .collect();
    let silent: Vec<Taken> = lift
        .taken
        .into_iter()
        .filter(|taken| !told.contains(taken.name.as_str()))
        .collect();
    // What no session holds stood in a part of the body that no turn came of; it is told with the first.
    if let Some(first) = read.first_mut() {
        first.findings.extend(told_elsewhere(&silent));
    }
    Ok(Recording {
        sessions: read,
        bytes: Cow::Owned(kept.into_bytes()),
    })
}

fn look_at_sessions(lift: &mut Lift, sessions: &[Session]) -> bool {
    let mut found = false;
    for turn in sessions.iter().flat_map(|session| &session.turns) {
        match turn {
            Turn::Message { text, .. } => found |= lift.look_at_text(text),
            Turn::Call(call) => {
                found |= lift.look([&call.arguments]);
                if let Some(result) = &call.result {
                    found |= lift.look([&result.content]);
                    found |= lift.look(result.structured.as_deref());
                }
            }
            Turn::Approval(_) => {}
        }
    }
    found
}
