//! What damaged bytes still tell of the runs that they are about.
//!
//! A record names each of its runs twice: in the link, and at the beginning of the run's facts. So of a record in
//! which little was hit it is known whose it is, and where all its names are read it is known whose it is not.

use crate::record::frame::{
    FORMAT, FRAME_HEAD, Frame, KIND_BATCH, KIND_PART, LINK, Link, Place, padded, u32_at,
};
use crate::record::{TAG, is_row, is_tag};
use druse_engine::{RunId, id::Id};
use std::collections::BTreeSet;

/// What is left of one run's facts in a damaged record, as two witnesses have it. Either may be damaged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) link: Option<Link>,
    /// Whose the facts are by their own first bytes.
    pub(crate) facts: Option<RunId>,
}

/// What is left of damaged records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remains {
    pub(crate) claims: Vec<Claim>,
    /// Whether there were facts of no other runs.
    pub(crate) all: bool,
}

impl Claim {
    /// The runs that it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = RunId> + use<> {
        let link = self.link.map(|link| link.run);
        let facts = self.facts.filter(|facts| Some(*facts) != link);
        link.into_iter().chain(facts)
    }

    /// The run that both name.
    pub(crate) fn agreed(&self) -> Option<RunId> {
        self.facts
            .filter(|facts| self.link.is_some_and(|link| link.run == *facts))
    }
}

impl Remains {
    /// Of nothing that could have been about a run.
    pub(crate) fn none() -> Self {
        Self {
            claims: Vec::new(),
            all: true,
        }
    }

    /// Of the records `first` to `last`, which took up exactly these bytes from a place on.
    pub(crate) fn of(bytes: &[u8], place: Place, first: u64, last: u64) -> Self {
        let mut remains = Self::none();
        let mut at = 0;
        for number in first..=last {
            let rest = &bytes[at.min(bytes.len())..];
            let end = if number == last {
                Some(rest.len())
            } else {
                next_head(rest, number)
            };
            let here = Place::new(place.segment(), place.offset() + at as u64);
            let claims = end.and_then(|end| claims(&rest[..end], here, number));
            match claims {
                Some(claims) => remains.claims.extend(claims),
                None => remains.all = false,
            }
            let Some(end) = end else { break };
            at += end;
        }
        remains
    }

    /// The runs that are named, as far as these look like ids at all.
    pub(crate) fn runs(&self) -> BTreeSet<RunId> {
        let named = self.claims.iter().flat_map(Claim::names);
        named.filter(|run| looks_made(*run)).collect()
    }
}

/// Where the record after this one begins.
fn next_head(bytes: &[u8], number: u64) -> Option<usize> {
    let claimed = Frame::length(bytes).map(padded);
    let is_head = |at: usize| {
        let rest = bytes.get(at..).unwrap_or_default();
        Frame::claimed_number(rest) == Some(number + 1) && is_kind(rest)
    };
    if let Some(end) = claimed.filter(|end| is_head(*end)) {
        return Some(end);
    }
    let mut places = (8..bytes.len().saturating_sub(FRAME_HEAD)).step_by(8);
    places.find(|at| is_head(*at))
}

fn is_kind(head: &[u8]) -> bool {
    head[8] == FORMAT && (KIND_BATCH..=KIND_PART).contains(&head[9])
}

/// The facts of runs in one damaged record that takes up these bytes; nothing where it cannot be told which they are.
fn claims(bytes: &[u8], place: Place, number: u64) -> Option<Vec<Claim>> {
    if let Some(found) = by_facts(bytes, 8) {
        return Some(found.claims);
    }
    by_links(bytes, place, number)
}

/// A record whose facts follow each other up to its end.
pub(super) struct Chained {
    pub(super) claims: Vec<Claim>,
    /// Its length without padding.
    pub(super) length: usize,
}

/// Reads a record by the lengths of its facts, which end within the last `slack` bytes of these. How many links stand
/// before them follows from that, whatever the head says.
pub(super) fn by_facts(bytes: &[u8], slack: usize) -> Option<Chained> {
    if bytes.len() < FRAME_HEAD {
        return None;
    }
    let said = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    let most = (bytes.len() - FRAME_HEAD) / LINK;
    let counts = std::iter::once(said).chain(0..=most);
    counts.filter(|count| *count <= most).find_map(|count| {
        let body_at = FRAME_HEAD + count * LINK;
        let (facts, length) = chained(bytes, body_at, slack, count)?;
        let links = bytes[FRAME_HEAD..body_at].chunks_exact(LINK);
        let claims = links.zip(facts).map(|(link, facts)| Claim {
            link: Some(Link::read(link)),
            facts: Some(facts),
        });
        Some(Chained {
            claims: claims.collect(),
            length,
        })
    })
}

/// The runs of a body's facts, and where the body ends.
fn chained(
    bytes: &[u8],
    body_at: usize,
    slack: usize,
    count: usize,
) -> Option<(Vec<RunId>, usize)> {
    let mut runs = Vec::new();
    let mut at = body_at;
    while at + TAG <= bytes.len() && is_tag(bytes[at]) {
        let start = at + TAG;
        let end = start.checked_add(u32_at(bytes, at + 1) as usize)?;
        if end > bytes.len() {
            return None;
        }
        if !is_row(bytes[at]) {
            runs.push(run_at(&bytes[start..end])?);
            if runs.len() > count {
                return None;
            }
        }
        at = end;
    }
    (at > body_at && at + slack > bytes.len() && runs.len() == count).then_some((runs, at))
}

fn run_at(facts: &[u8]) -> Option<RunId> {
    let (run, _) = facts.split_first_chunk::<16>()?;
    Some(RunId(Id::from_bytes(*run)))
}

/// Reads a record by its links alone, where its head is whole.
fn by_links(bytes: &[u8], place: Place, number: u64) -> Option<Vec<Claim>> {
    let length = Frame::length(bytes).filter(|length| padded(*length) == bytes.len())?;
    if Frame::claimed_number(bytes) != Some(number) || !is_kind(bytes) {
        return None;
    }
    let count = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    let body_at = FRAME_HEAD + count * LINK;
    if body_at >= length {
        return None;
    }
    let mut links = bytes[FRAME_HEAD..length].chunks_exact(LINK);
    let mut claims = Vec::with_capacity(count);
    for link in links.by_ref().take(count) {
        let link = Link::read(link);
        if !plausible(&link, place) {
            return None;
        }
        claims.push(Claim {
            link: Some(link),
            facts: None,
        });
    }
    let more = links.next().map(Link::read);
    let ends = more.is_none_or(|link| !plausible(&link, place));
    ends.then_some(claims)
}

/// Whether bytes look like a link of a record at this place.
pub(super) fn plausible(link: &Link, place: Place) -> bool {
    let stands = |at: Place| {
        at.segment() > 0
            && at <= place
            && at.offset() >= super::segment::HEADER
            && at.offset().is_multiple_of(8)
    };
    let begins = link.first == Place::NONE && link.previous == Place::NONE;
    let goes_on = stands(link.first) && stands(link.previous) && link.first <= link.previous;
    looks_made(link.run) && (begins || goes_on)
}

/// Whether an id may have been made here.
pub(crate) fn looks_made(run: RunId) -> bool {
    let bytes = run.0.to_bytes();
    bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2
}
