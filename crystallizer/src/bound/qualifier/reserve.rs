//! What is done though a person agreed to it with a reserve: `yes, but only the first`.

use super::asker::{Asker, Missed};
use super::lexicon as l;
use super::read::Qualifier;
use crate::bound::cycle;
use crate::bound::key::words;
use crate::bound::write;
use crate::kept::Kept;

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
            .filter(|(call, text, start, end)| {
                !is_gated(*call) || {
                    let more = self.decisions.said.part(*text, *start, *end);
                    self.kept.get(*call).is_none_or(|kept| limits(more, kept))
                }
            })
            .map(|(call, text, start, end)| {
                let cycle = cycle::of(cycles, *call);
                let first = cycle.and_then(|at| cycles.get(at)).map(|cycle| cycle.first);
                let one = Qualifier::said(*start, *end);
                (first.unwrap_or(*call), cycle, *text, one)
            })
            .collect()
    }
}

/// Whether what a person says beside a yes limits what they agree to: a condition, an exception, another thing than the
/// call sends.
fn limits(more: &str, kept: &Kept<'_>) -> bool {
    let sent = kept.call.arguments.to_string().to_lowercase();
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
            || word.bytes().any(|b| b.is_ascii_digit()) && !sent.contains(word.as_str())
    })
}
