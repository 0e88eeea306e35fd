//! Signing in to the console: one-time addresses, and the sessions of browsers.
//!
//! An address lives in memory and ends with the process. A session is kept, so that nobody who waits for a run or
//! writes in a form is signed out by a restart; of what the browser holds only the SHA-256 is. It holds no right of its
//! own: what its person may is read from their token at each request, so that a revoked token ends it at once.

use super::{App, Principal, Problem, Role, audit::Audited};
use crate::runtime::clock;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use druse_engine::{Digest, Span, Timestamp};
use druse_storage::{Batch, BrowserSession, Scan, StoreExt, Token};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a one-time address works.
pub const ADDRESS_VALID: Span = Span::from_secs(60);
/// How long a session lasts without a request.
pub const IDLE: Span = Span::from_secs(30 * 60);
/// How long a session lasts at most.
pub const LONGEST: Span = Span::from_secs(12 * 3600);

/// How far the time of the last use that is kept may be behind.
const NOTED: Span = Span::from_secs(5 * 60);

/// The most that are kept of each kind; the oldest makes room.
const MOST: usize = 1_000;

/// One-time addresses that were not used yet, and sessions, by the digest of what opens them.
#[derive(Debug, Default)]
pub struct SignIns(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    addresses: HashMap<Digest, Invited>,
    sessions: HashMap<Digest, Session>,
}

#[derive(Debug)]
struct Invited {
    who: Principal,
    until: Timestamp,
}

/// A session, and when its use was noted last.
#[derive(Debug)]
struct Session {
    row: BrowserSession,
    noted: Timestamp,
    /// Signed out, while that is being written.
    ended: bool,
}

impl Session {
    fn noted(row: BrowserSession, noted: Timestamp) -> Self {
        Self {
            row,
            noted,
            ended: false,
        }
    }
}

fn over(row: &BrowserSession, now: Timestamp) -> bool {
    row.used.after(IDLE) <= now || row.begun.after(LONGEST) <= now
}

/// Who is behind a session, as they were when they signed in.
fn who(row: &BrowserSession) -> Principal {
    Principal {
        id: row.id.clone(),
        name: row.name.clone(),
        role: Role::parse(&row.role).unwrap_or(Role::Viewer),
    }
}

/// A one-time address.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SignInAddress {
    /// The whole address, where the server knows its own.
    pub address: Option<String>,
    /// The same without the server.
    pub path: String,
    /// When it stops working; it also does once it was used.
    pub expires_at: Timestamp,
}

fn secret() -> (String, Digest) {
    let text = URL_SAFE_NO_PAD.encode(clock::random::<32>());
    let digest = Digest::of(text.as_bytes());
    (text, digest)
}

fn make_room<T>(all: &mut HashMap<Digest, T>, age: impl Fn(&T) -> Timestamp) {
    if all.len() < MOST {
        return;
    }
    let oldest = all.iter().min_by_key(|(digest, one)| (age(one), *digest));
    if let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) {
        all.remove(&oldest);
    }
}

impl SignIns {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// A one-time address that signs its caller in.
    pub fn invite(&self, who: &Principal) -> SignInAddress {
        let (text, digest) = secret();
        let now = clock::now();
        let until = now.after(ADDRESS_VALID);
        let mut kept = self.sign_ins.kept();
        kept.addresses.retain(|_, one| one.until > now);
        make_room(&mut kept.addresses, |one| one.until);
        let who = who.clone();
        kept.addresses.insert(digest, Invited { who, until });
        drop(kept);
        let path = format!("/signin?code={text}");
        let address = self.options.address.as_ref();
        SignInAddress {
            address: address.map(|server| format!("{server}{path}")),
            path,
            expires_at: until,
        }
    }

    /// Whom a one-time address was made for. It works no more then.
    pub fn redeem(&self, code: &str) -> Option<Principal> {
        let digest = Digest::of(code.as_bytes());
        let invited = self.sign_ins.kept().addresses.remove(&digest)?;
        (invited.until > clock::now()).then_some(invited.who)
    }

    /// Begins a session for somebody who has shown who they are; gives what the browser keeps of it.
    ///
    /// # Errors
    /// When it, or its line in the audit log, cannot be written.
    pub async fn begin_session(&self, who: &Principal) -> Result<String, Problem> {
        let (text, digest) = secret();
        let now = clock::now();
        let row = BrowserSession {
            digest: digest.clone(),
            id: who.id.clone(),
            name: who.name.clone(),
            role: who.role.name().to_owned(),
            begun: now,
            used: now,
        };
        let mut batch = Batch::new()
            .audited(who, "console.sign_in", &who.id, json!({}))
            .put(&row);
        let gone = self.gone_sessions(now)?;
        for digest in &gone {
            batch = batch.remove::<BrowserSession>(digest.to_string());
        }
        self.commit(batch).await?;
        let mut kept = self.sign_ins.kept();
        kept.sessions.retain(|digest, _| !gone.contains(digest));
        kept.sessions.insert(digest, Session::noted(row, now));
        Ok(text)
    }

    /// Sessions that are over, and of too many the ones that were used longest ago.
    fn gone_sessions(&self, now: Timestamp) -> Result<Vec<Digest>, Problem> {
        let mut rows: Vec<BrowserSession> = self.store.scan(&Scan {
            limit: usize::MAX,
            ..Scan::default()
        })?;
        {
            let kept = self.sign_ins.kept();
            for row in &mut rows {
                if let Some(session) = kept.sessions.get(&row.digest) {
                    row.used = session.row.used;
                }
            }
        }
        rows.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.digest.cmp(&b.digest)));
        let gone = rows
            .into_iter()
            .enumerate()
            .filter(|(index, row)| *index + 1 >= MOST || over(row, now));
        Ok(gone.map(|(_, row)| row.digest).collect())
    }

    /// Who is behind a session, with the role that they have now; `None` when it is over. A page that looks
    /// for news by itself does not keep it going: `by_hand` says whether a person did something.
    ///
    /// # Errors
    /// When the store does not give it, or their token.
    pub fn session_of(&self, text: &str, by_hand: bool) -> Result<Option<Principal>, Problem> {
        let digest = Digest::of(text.as_bytes());
        let now = clock::now();
        let known = self.sign_ins.kept().sessions.contains_key(&digest);
        // One of before the process began.
        let stored: Option<BrowserSession> = match known {
            true => None,
            false => self.store.get(&digest.to_string())?,
        };
        let who = {
            let mut kept = self.sign_ins.kept();
            if let Some(row) = stored {
                let noted = row.used;
                let session = Session::noted(row, noted);
                kept.sessions.entry(digest.clone()).or_insert(session);
            }
            let Some(session) = kept.sessions.get_mut(&digest) else {
                return Ok(None);
            };
            if session.ended {
                return Ok(None);
            }
            if over(&session.row, now) {
                // Its row goes with the next sign-in, and is over as well.
                kept.sessions.remove(&digest);
                return Ok(None);
            }
            if by_hand {
                session.row.used = now;
                if session.noted.after(NOTED) <= now {
                    session.noted = now;
                    // Nobody waits for it: without it the session would only be over earlier after a restart.
                    let _ = self.store.append(Batch::new().put(&session.row));
                }
            }
            who(&session.row)
        };
        if who.is_local() {
            return Ok(Some(who));
        }
        let token = self.store.get::<Token>(&who.id)?;
        let role = token
            .filter(|token| token.expires_at.is_none_or(|end| end > now))
            .and_then(|token| Role::parse(&token.role));
        Ok(role.map(|role| Principal { role, ..who }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When that cannot be written; it is over in this process all the same.
    pub async fn end_session(&self, text: &str) -> Result<(), Problem> {
        let digest = Digest::of(text.as_bytes());
        let ticket = {
            let mut kept = self.sign_ins.kept();
            if let Some(session) = kept.sessions.get_mut(&digest) {
                session.ended = true;
            }
            // Under the lock, so that no note of its use is written behind it.
            let gone = Batch::new().remove::<BrowserSession>(digest.to_string());
            self.store.append(gone).map_err(Problem::from)?
        };
        ticket.await.map_err(Problem::from)?;
        self.sign_ins.kept().sessions.remove(&digest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_not_used_and_after_half_a_day_in_any_case() {
        let at = |minutes: i64| Timestamp(minutes * 60_000);
        let is_over = |begun, used, now| {
            let row = BrowserSession {
                digest: Digest::of(b"a"),
                id: "uid:0".into(),
                name: "uid:0".into(),
                role: "admin".into(),
                begun: at(begun),
                used: at(used),
            };
            over(&row, at(now))
        };
        assert!(!is_over(0, 0, 29));
        assert!(is_over(0, 0, 30));
        assert!(!is_over(0, 719, 719));
        assert!(is_over(0, 719, 720));
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut all: HashMap<Digest, Timestamp> = (0..MOST)
            .map(|index| (Digest::of(&index.to_be_bytes()), Timestamp(index as i64)))
            .collect();
        make_room(&mut all, |one| *one);
        assert_eq!(all.len(), MOST - 1);
        assert!(!all.contains_key(&Digest::of(&0_usize.to_be_bytes())));
    }
}
