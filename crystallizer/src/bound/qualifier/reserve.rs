//! What is done though a person agreed to it with a reserve: `yes, but only the first`.

use super::asker::{Asker, Missed};
use super::lexicon as l;
use super::read::Qualifier;
use crate::bound::cycle;
use crate::bound::key::words;
use crate::bound::write;
use crate::kept::Kept;
use serde_json::Value;

/// The most words behind a `no` that name what there is none of.
const MOST_OF_THING: usize = 3;

impl Asker<'_> {
    /// What is done though a person agreed to it with a reserve. Where a gate stands before it, with what they said, a
    /// person decides in each run already, and only what limits it is asked about.
    pub(super) fn of_answers(&self) -> Vec<Missed> {
        let cycles = &self.decisions.cycles;
        let taken = write::Taken::of(self.spots);
        let is_gated = |call: usize| {
            let spot = self.spots.get(call);
            spot.is_some_and(|spot| taken.gate_before(*spot).is_some())
        };
        self.decisions
            .reserves
            .iter()
            .filter(|one| {
                !is_gated(one.call) || {
                    let said = &self.decisions.said;
                    let more = said.part(one.text, one.place.start, one.place.end);
                    let kept = self.kept.get(one.call);
                    kept.is_none_or(|kept| limits(understood(more), &one.asked, kept))
                }
            })
            .map(|one| {
                let cycle = cycle::of(cycles, one.call);
                let first = cycle.and_then(|at| cycles.get(at)).map(|cycle| cycle.first);
                let said = Qualifier::said(one.place.start, one.place.end);
                (first.unwrap_or(one.call), cycle, one.text, said)
            })
            .collect()
    }
}

/// What a person says behind a word that they have understood what they were told: `I understand that no seat can be
/// chosen — go ahead`.
fn understood(more: &str) -> &str {
    let lower = more.to_lowercase();
    let begins = lower.trim_start_matches(|c: char| !c.is_alphanumeric());
    let begins = ["okay, ", "okay ", "ok, ", "ok "]
        .iter()
        .find_map(|word| begins.strip_prefix(word))
        .unwrap_or(begins);
    if !["i understand", "i see", "understood"]
        .iter()
        .any(|phrase| begins.starts_with(phrase))
    {
        return more;
    }
    let Some((before, behind)) = more.split_once(['—', '–', ';', '.']) else {
        return more;
    };
    let objects = before
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| {
            matches!(
                word,
                "but" | "if" | "unless" | "only" | "though" | "aber" | "wenn"
            )
        });
    if objects { more } else { behind }
}

/// Whether a person says that there is to be none of something, and the call sends none of it, or nobody asked for it: `no
/// checked bags, and no insurance`, `no receipt needed`.
fn is_none_sent(rest: &[String], asked: &str, kept: &Kept<'_>) -> bool {
    let names = |one: &String| {
        let one = words(one);
        let mut none = false;
        let mut some = false;
        crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
            if words(key).iter().any(|word| one.contains(word)) {
                let is_none = match leaf {
                    Value::Null | Value::Bool(false) => true,
                    Value::Number(number) => number.as_f64() == Some(0.0),
                    Value::String(text) => {
                        matches!(&*text.to_lowercase(), "" | "no" | "none" | "false" | "0")
                    }
                    _ => false,
                };
                none |= is_none;
                some |= !is_none;
            }
        });
        (none, some)
    };
    let things = &rest[..rest.len().min(MOST_OF_THING)];
    let is_needless = things
        .iter()
        .any(|word| matches!(word.as_str(), "needed" | "required" | "necessary"));
    let all: Vec<(bool, bool)> = things.iter().map(names).collect();
    let sends_some = all.iter().any(|(none, some)| *some && !none);
    let sends_none = all.iter().any(|(none, _)| *none);
    let offered = things.first().is_some_and(|thing| {
        ["no", "without", "without any"]
            .iter()
            .any(|word| asked.contains(&format!("{word} {thing}")))
    });
    !sends_some && (sends_none || is_needless || offered)
}

/// Whether what a person says beside a yes limits what they agree to: a condition, an exception, another thing than the
/// call sends.
fn limits(more: &str, asked: &str, kept: &Kept<'_>) -> bool {
    let sent = kept.call.arguments.to_string().to_lowercase();
    let asked = asked.to_lowercase();
    let is_asked = |word: &str| {
        asked
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
            .any(|other| other == word)
    };
    let all: Vec<String> = more
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '_' | '-'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let deeds = words(&crate::name::of_call(&kept.call.name, None));
    // `just cancel it` and `only do it` ask for nothing less than was asked.
    let is_deed = |word: &str| {
        matches!(word, "go" | "do" | "proceed" | "continue")
            || deeds.iter().any(|deed| deed == word)
    };
    all.iter().enumerate().any(|(at, word)| {
        let next = all.get(at + 1).map(String::as_str);
        if matches!(word.as_str(), "just" | "only") && next.is_some_and(is_deed) {
            return false;
        }
        // `option 1` is one of those that the agent offered.
        let offered = at
            .checked_sub(1)
            .and_then(|at| all.get(at))
            .is_some_and(|before| {
                matches!(
                    before.as_str(),
                    "option" | "choice" | "alternative" | "variante"
                )
            });
        if offered && word.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        if word == "no" && is_none_sent(&all[at + 1..], &asked, kept) {
            return false;
        }
        // `it keeps us under budget` says why it is right.
        if matches!(word.as_str(), "keeps" | "stay" | "keep")
            && all[at + 1..].iter().take(3).any(|one| one == "under")
        {
            return false;
        }
        l::is_condition(word, next)
            || l::negates(word)
            || l::excludes(word, next)
            || l::keeps(word)
            || matches!(
                word.as_str(),
                "but"
                    | "only"
                    | "just"
                    | "instead"
                    | "other"
                    | "another"
                    | "different"
                    | "first"
                    | "before"
                    | "after"
                    | "when"
                    | "once"
                    | "until"
                    | "except"
                    | "half"
                    | "max"
                    | "maximum"
                    | "most"
                    | "aber"
                    | "nur"
                    | "erst"
                    | "statt"
                    | "stattdessen"
                    | "anderen"
                    | "andere"
                    | "vorher"
                    | "nachdem"
                    | "höchstens"
            )
            || word.bytes().any(|b| b.is_ascii_digit())
                && !sent.contains(word.as_str())
                && !is_asked(word)
    })
}
