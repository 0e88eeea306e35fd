//! Reading the log from front to back: every whole record, every damaged stretch, and the end.

use super::segment::{HEADER, Header, Mark, Segments};
use crate::record::frame::{Frame, Place, padded};
use druse_engine::RunId;
use sha2::{Digest as _, Sha256};
use std::io;

/// A stretch of the log that holds no whole record although it should.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    pub(crate) place: Place,
    /// The numbers that are missing.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Runs that the damaged bytes name; hints.
    pub(crate) runs: Vec<RunId>,
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

/// Reads every record after a mark (from the beginning with the default mark).
pub(crate) fn scan<E: From<io::Error>>(
    segments: &Segments,
    from: Mark,
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
                    first: next,
                    last: header.first - 1,
                    runs: Vec::new(),
                    what: if gap {
                        "a segment is missing"
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
                first: next,
                last: next - 1,
                runs: Vec::new(),
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
            match look_beyond(&bytes, used, at, next, last) {
                Some((found, number)) => {
                    meet(Met::Damage(Damage {
                        place: Place::new(segment, start + at as u64),
                        first: next,
                        last: number - 1,
                        runs: Frame::claimed_runs(&bytes[at..]),
                        what: "records are damaged",
                    }))?;
                    at = found;
                    next = number;
                }
                None if !last => {
                    // What is missing is said by the header of the segment that follows.
                    if let Some(stop) = stop.filter(|stop| *stop > next) {
                        meet(Met::Damage(Damage {
                            place: Place::new(segment, start + at as u64),
                            first: next,
                            last: stop - 1,
                            runs: Frame::claimed_runs(&bytes[at..]),
                            what: "records are damaged",
                        }))?;
                        next = stop;
                    }
                    break;
                }
                None => {
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

/// The next whole record after a place that has none, where it proves damage: its writer knew the
/// missing one to be durable. In the last segment, a whole record without that proof was written
/// together with the missing one, and neither was ever acknowledged. No record begins at `used` or after.
fn look_beyond(
    bytes: &[u8],
    used: usize,
    at: usize,
    missing: u64,
    last: bool,
) -> Option<(usize, u64)> {
    let mut nearest = None;
    let mut offset = at.next_multiple_of(8) + 8;
    // A number beyond this one cannot be reached in what is left of the segment.
    let farthest = missing + ((bytes.len().saturating_sub(at)) / 32) as u64 + 1;
    while offset < used && offset + 32 <= bytes.len() {
        let rest = &bytes[offset..];
        let plausible = Frame::length(rest).is_some_and(|length| length <= rest.len())
            && Frame::claimed_number(rest)
                .is_some_and(|number| number > missing && number <= farthest);
        if plausible && let Some(frame) = Frame::parse(rest) {
            let nearest = *nearest.get_or_insert((offset, frame.number));
            if !last || frame.durable >= missing {
                return Some(nearest);
            }
            offset += padded(frame.bytes.len());
        } else {
            offset += 8;
        }
    }
    None
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

    /// The hints that look like ids at all: damaged bytes may name anything.
    pub(crate) fn named_runs(&self) -> impl Iterator<Item = RunId> {
        let looks_made = |run: &&RunId| {
            let bytes = run.0.to_bytes();
            bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2
        };
        self.runs.iter().filter(looks_made).take(16).copied()
    }
}
