//! Reading the log from front to back: every whole record, every damaged stretch, and the end.

use super::remains::Remains;
use super::segment::{HEADER, Header, Mark, Segments};
use super::tail::Tail;
use crate::record::frame::{Frame, Place, padded};
use druse_engine::RunId;
use sha2::{Digest as _, Sha256};
use std::io;

/// What is said of a segment that is not there.
pub(crate) const MISSING: &str = "a segment is missing";

/// A stretch of the log that holds no whole record although it should.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    pub(crate) place: Place,
    /// Where the next record begins.
    pub(crate) until: Place,
    /// The numbers that are missing.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// What the damaged bytes still tell.
    pub(crate) remains: Remains,
    /// Whether the index has what stood there.
    pub(crate) indexed: bool,
    pub(crate) what: &'static str,
}

/// What a scan meets.
pub(crate) enum Met<'a> {
    Record(Frame<'a>, Place),
    Damage(Damage),
}

/// How a log ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct End {
    /// The last whole record; its `end` is where the next one goes.
    pub(crate) head: Mark,
    /// The segment in which the log ends, 0 when there is none.
    pub(crate) segment: u32,
    pub(crate) capacity: u64,
    /// Whether there is something to wipe after the end: a torn tail.
    pub(crate) torn: bool,
    /// The last segment was made but its header never written.
    pub(crate) headless: bool,
    /// The first segment, where the log does not begin with its first record.
    pub(crate) begins: Option<Header>,
}

/// Reads every record after a mark (from the beginning with the default mark). `known` is a record that is known to
/// have been durable, from elsewhere than the log: whatever its place holds, it was no write that was cut short.
pub(crate) fn scan<E: From<io::Error>>(
    segments: &Segments,
    from: Mark,
    known: Mark,
    mut meet: impl FnMut(Met<'_>) -> Result<(), E>,
) -> Result<End, E> {
    let list: Vec<u32> = segments
        .list()?
        .into_iter()
        .filter(|segment| *segment >= from.end.segment())
        .collect();
    let mut end = End {
        head: from,
        segment: from.end.segment(),
        ..End::default()
    };
    let mut next = from.number + 1;
    let mut previous: Option<u32> = None;
    for (index, segment) in list.iter().copied().enumerate() {
        let last = index + 1 == list.len();
        let header = segments.header(segment)?;
        let start = if segment == from.end.segment() {
            from.end.offset()
        } else {
            HEADER
        };
        let gap = previous.is_some_and(|previous| previous + 1 != segment);
        let (bytes, used) = segments.bytes_from(segment, start)?;
        if previous.is_none() && from.number == 0 && segment != 1 {
            // Whether what stood before was given back is told further on in the log.
            let first = Frame::parse(&bytes).map_or(1, |frame| frame.number);
            end.begins = Some(header.unwrap_or(Header {
                segment,
                first,
                capacity: 0,
                previous_hash: [0; 32],
            }));
            next = end.begins.map_or(1, |header| header.first);
        }
        previous = Some(segment);
        end.segment = segment;
        end.capacity = header.map_or(0, |header| header.capacity);
        match header {
            Some(header) if start == HEADER && header.first > next => {
                meet(Met::Damage(Damage {
                    place: Place::new(segment, 0),
                    until: Place::new(segment, HEADER),
                    first: next,
                    last: header.first - 1,
                    remains: Remains::default(),
                    indexed: false,
                    what: if gap {
                        MISSING
                    } else {
                        "the segment before ends too early"
                    },
                }))?;
                next = header.first;
            }
            Some(_) => {}
            None if last && used == 0 => {
                // The power went between making the file and writing its header.
                end.headless = true;
                return Ok(end);
            }
            None => meet(Met::Damage(Damage {
                place: Place::new(segment, 0),
                until: Place::new(segment, HEADER),
                first: next,
                last: next - 1,
                remains: Remains::none(),
                indexed: false,
                what: "the header of a segment is damaged",
            }))?,
        }
        let stop = match list.get(index + 1) {
            Some(following) => segments.header(*following)?.map(|header| header.first),
            None => None,
        };
        let mut at = 0usize;
        loop {
            if let Some(frame) = Frame::parse(&bytes[at..]).filter(|frame| frame.number == next) {
                let place = Place::new(segment, start + at as u64);
                at += padded(frame.bytes.len());
                end.head = Mark {
                    number: next,
                    place,
                    end: Place::new(segment, start + at as u64),
                    hash: Sha256::digest(frame.bytes).into(),
                };
                meet(Met::Record(frame, place))?;
                next += 1;
                at = at.min(bytes.len());
                continue;
            }
            if stop == Some(next) {
                break;
            }
            let place = Place::new(segment, start + at as u64);
            let damaged = |until: usize, last: u64| Damage {
                place,
                until: Place::new(segment, start + until as u64),
                first: next,
                last,
                remains: Remains::of(&bytes[at..until], place, next, last),
                indexed: false,
                what: "records are damaged",
            };
            let beyond = look_beyond(&bytes, used, at, next, last, known.number);
            match beyond.nearest {
                Some((found, number)) if beyond.proof => {
                    meet(Met::Damage(damaged(found, number - 1)))?;
                    at = found;
                    next = number;
                }
                _ if !last => {
                    // What is missing is said by the header of the segment that follows.
                    if let Some(stop) = stop.filter(|stop| *stop > next) {
                        let used = used.next_multiple_of(8).max(at).min(bytes.len());
                        let mut found = damaged(used, stop - 1);
                        found.until = Place::new(segment + 1, 0);
                        meet(Met::Damage(found))?;
                        next = stop;
                    }
                    break;
                }
                nearest => {
                    if let Some(until) = stood(&bytes, (segment, start), at, next, known) {
                        meet(Met::Damage(damaged(until, known.number)))?;
                        at = until;
                        next = known.number + 1;
                        end.head = known;
                        continue;
                    }
                    let tail = Tail {
                        bytes: &bytes[at..],
                        used: used.saturating_sub(at),
                        place,
                        number: next,
                        next: nearest
                            .filter(|(_, number)| *number == next + 1)
                            .map(|(found, _)| found - at),
                    };
                    if let Some(length) = tail.damaged() {
                        let until = at + length;
                        meet(Met::Damage(damaged(until, next)))?;
                        end.head = Mark {
                            number: next,
                            place,
                            end: Place::new(segment, start + until as u64),
                            hash: Sha256::digest(&bytes[at..until]).into(),
                        };
                        at = until;
                        next += 1;
                        continue;
                    }
                    end.torn = used > at;
                    if end.head.end.segment() != segment {
                        end.head.end = Place::new(segment, start + at as u64);
                    }
                    return Ok(end);
                }
            }
        }
    }
    Ok(end)
}

/// Where a record that is known to have been durable ends, if something of it still stands in the last segment at or
/// after a place without a whole record. Offsets are those in these bytes, of which the first has the offset `start`.
fn stood(
    bytes: &[u8],
    (segment, start): (u32, u64),
    at: usize,
    next: u64,
    known: Mark,
) -> Option<usize> {
    if known.place.segment() != segment || known.end.segment() != segment {
        return None;
    }
    let from = usize::try_from(known.place.offset().checked_sub(start)?).ok()?;
    let until = usize::try_from(known.end.offset().checked_sub(start)?).ok()?;
    let fits = (known.number == next && from == at) || (known.number > next && from > at);
    let stands = bytes.get(from..until)?.iter().any(|byte| *byte != 0);
    (fits && stands).then_some(until)
}

/// What stands after a place that has no whole record.
#[derive(Default)]
struct Beyond {
    /// The nearest whole record, and its number.
    nearest: Option<(usize, u64)>,
    /// Whether it proves damage: the missing record was durable.
    proof: bool,
}

/// The next whole record after a place that has none, and whether it proves damage: its writer, or another one that
/// follows, knew the missing one to be durable. In the last segment, a whole record without that proof was written
/// together with the missing one. No record begins at `used` or after.
fn look_beyond(
    bytes: &[u8],
    used: usize,
    at: usize,
    missing: u64,
    last: bool,
    known: u64,
) -> Beyond {
    let mut beyond = Beyond::default();
    let mut offset = at.next_multiple_of(8) + 8;
    // A number beyond this one cannot be reached in what is left of the segment.
    let farthest = missing + ((bytes.len().saturating_sub(at)) / 32) as u64 + 1;
    while offset < used && offset + 32 <= bytes.len() {
        let rest = &bytes[offset..];
        let plausible = Frame::length(rest).is_some_and(|length| length <= rest.len())
            && Frame::claimed_number(rest)
                .is_some_and(|number| number > missing && number <= farthest);
        if plausible && let Some(frame) = Frame::parse(rest) {
            beyond.nearest.get_or_insert((offset, frame.number));
            if !last || frame.durable >= missing || frame.number <= known {
                beyond.proof = true;
                return beyond;
            }
            offset += padded(frame.bytes.len());
        } else {
            offset += 8;
        }
    }
    beyond
}

impl Damage {
    /// One sentence about it.
    pub(crate) fn sentence(&self) -> String {
        let mut text = if self.last < self.first {
            format!("{} at {}", self.what, self.place)
        } else if self.first == self.last {
            format!("{} at {}: record {}", self.what, self.place, self.first)
        } else {
            format!(
                "{} at {}: records {} to {}",
                self.what, self.place, self.first, self.last
            )
        };
        let named: Vec<String> = self.named_runs().map(|run| run.to_string()).collect();
        if !named.is_empty() {
            text.push_str(&format!(" (of {}, as it seems)", named.join(", ")));
        }
        text
    }

    /// The runs that it names, as far as these look like ids at all: damaged bytes may name anything.
    pub(crate) fn named_runs(&self) -> impl Iterator<Item = RunId> {
        self.remains.runs().into_iter().take(16)
    }
}
