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
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a one-time address works.
pub const ADDRESS_VALID: Span = Span::from_secs(60);
/// How long a session lasts without a request.
pub const IDLE: Span = Span::from_secs(30 * 60);
/// How long a session lasts at most.
pub const LONGEST: Span = Span::from_secs(12 * 3600);

/// How far the time of the last use that is kept may be behind.
const NOTED: Span = Span::from_secs(5 * 60);

/// The most that are kept of each kind.
const MOST: usize = 1_000;

/// The most that one person has of each kind. Their own oldest makes room, never another's.
const MOST_EACH: usize = 20;

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

/// One of a person's, and when it was of use last.
struct Held {
    owner: String,
    used: Timestamp,
    digest: Digest,
}

/// Those that make room for one more of this person's: their own oldest, and where all together are too many, the
/// oldest of whoever has the most.
fn making_room(mut all: Vec<Held>, owner: &str) -> Vec<Digest> {
    // Youngest first: the last of a person is their oldest.
    all.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.digest.cmp(&b.digest)));
    let mut held: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
    let mut count = all.len();
    for one in all {
        held.entry(one.owner).or_default().push(one.digest);
    }
    let mut gone = Vec::new();
    let own = held.get(owner).map_or(0, Vec::len);
    for _ in MOST_EACH..=own {
        gone.extend(held.get_mut(owner).and_then(Vec::pop));
        count -= 1;
    }
    while count >= MOST {
        let most = held.values_mut().max_by_key(|theirs| theirs.len());
        gone.extend(most.and_then(Vec::pop));
        count -= 1;
    }
    gone
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
        let held = kept.addresses.iter().map(|(digest, one)| Held {
            owner: one.who.id.clone(),
            used: one.until,
            digest: digest.clone(),
        });
        for digest in making_room(held.collect(), &who.id) {
            kept.addresses.remove(&digest);
        }
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
        let gone = self.gone_sessions(who, now)?;
        for digest in &gone {
            batch = batch.remove::<BrowserSession>(digest.to_string());
        }
        self.commit(batch).await?;
        let mut kept = self.sign_ins.kept();
        kept.sessions.retain(|digest, _| !gone.contains(digest));
        kept.sessions.insert(digest, Session::noted(row, now));
        Ok(text)
    }

    /// Sessions that are over, and those that make room for one more of this person's.
    fn gone_sessions(&self, who: &Principal, now: Timestamp) -> Result<Vec<Digest>, Problem> {
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
        let (gone, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| over(row, now));
        let held = rows.into_iter().map(|row| Held {
            owner: row.id,
            used: row.used,
            digest: row.digest,
        });
        let mut gone: Vec<Digest> = gone.into_iter().map(|row| row.digest).collect();
        gone.extend(making_room(held.collect(), &who.id));
        Ok(gone)
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

    /// Adds one after the other, each as a person would.
    fn added(all: &[(&str, i64)]) -> Vec<(String, i64)> {
        let mut kept: Vec<(String, i64)> = Vec::new();
        let digest = |owner: &str, used: i64| Digest::of(format!("{owner} {used}").as_bytes());
        for (owner, used) in all {
            let held = kept.iter().map(|(owner, used)| Held {
                owner: owner.clone(),
                used: Timestamp(*used),
                digest: digest(owner, *used),
            });
            let gone = making_room(held.collect(), owner);
            kept.retain(|(owner, used)| !gone.contains(&digest(owner, *used)));
            kept.push(((*owner).to_owned(), *used));
        }
        kept
    }

    #[test]
    fn nobody_ends_the_session_of_another() {
        let mut all = vec![("admin", 0)];
        all.extend((1..=100).map(|used| ("viewer", used)));
        let kept = added(&all);
        let used = |owner: &str| -> Vec<i64> {
            let theirs = kept.iter().filter(|(known, _)| known == owner);
            theirs.map(|(_, used)| *used).collect()
        };
        assert_eq!(used("admin"), [0]);
        // Their own youngest stay.
        assert_eq!(used("viewer"), (81..=100).collect::<Vec<_>>());

        // Where all together are too many, whoever has the most gives.
        let held = |owner: String, used: usize| Held {
            digest: Digest::of(format!("{owner} {used}").as_bytes()),
            used: Timestamp(used as i64),
            owner,
        };
        let mut all = vec![held("admin".into(), 0)];
        for person in 0..MOST - 11 {
            all.push(held(format!("p{person}"), 1));
        }
        all.extend((0..10).map(|used| held("many".into(), used)));
        assert_eq!(making_room(all, "new"), [Digest::of(b"many 0")]);
    }
}
