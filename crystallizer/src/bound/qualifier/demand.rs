//! What has to be so before something is done, without an `if`: `make sure that at least 500 are left`, `it must have been
//! delivered`, `only delivered orders may be refunded`, `the limit is 100`.

use super::condition::is_figure;
use super::lexicon as l;
use super::read::{Kind, Qualifier};
use super::sentence::{Sentence, Token};

/// What a sentence demands to be so.
pub(super) fn demands(sentence: &Sentence) -> Vec<Qualifier> {
    let found = (0..sentence.len()).find_map(|at| {
        let to = end(sentence, at);
        let clause = sentence.get(at..to)?;
        (is_made_sure(clause) && !is_of_speaker(sentence, at)
            || is_due(sentence, at, to)
            || is_allowed(sentence, at, to)
            || is_limit(clause)
            || is_custom(sentence, at, to))
        .then_some(clause)
        .or_else(|| sentence.get(at..).filter(|_| is_policy(sentence, at)))
    });
    found
        .and_then(|clause| Qualifier::of(Kind::Demand, clause))
        .into_iter()
        .collect()
}

/// Where the clause of a word ends, or goes on with something else to do: `check that it is paid and send it`.
pub(super) fn end(sentence: &Sentence, at: usize) -> usize {
    let goes_on = |place: usize| {
        let next = sentence.get(place + 1);
        l::is_joint(&sentence[place].word) && next.is_some_and(|next| l::is_verb(&next.word))
    };
    (at + 1..sentence.len())
        .find(|place| sentence[*place].clause != sentence[at].clause || goes_on(*place))
        .unwrap_or(sentence.len())
}

fn word(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |one| one.word.as_str())
}

/// Whether who speaks is the one who does it: `so I can ensure that all is well`.
fn is_of_speaker(sentence: &Sentence, at: usize) -> bool {
    let before = |back: usize| {
        at.checked_sub(back)
            .filter(|place| sentence[*place].clause == sentence[at].clause)
            .map_or("", |place| word(sentence, place))
    };
    let speaks = |said: &str| matches!(said, "i" | "we" | "i'll" | "we'll" | "i'd");
    speaks(before(1)) || matches!(before(1), "can" | "could" | "will") && speaks(before(2))
}

/// `make sure …`, `check that …`: what follows is said of things, not of who is spoken to.
fn is_made_sure(clause: &[Token]) -> bool {
    let from = match (word(clause, 0), word(clause, 1)) {
        ("make" | "making" | "be", "sure" | "certain") => 2,
        ("ensure" | "ensuring", _) => 1,
        (
            "check" | "checking" | "verify" | "verifying" | "confirm" | "confirming"
            | "double-check",
            "that",
        ) => 1,
        ("stelle" | "stell", "sicher") => 2,
        _ => return false,
    };
    let from = from + usize::from(matches!(word(clause, from), "that" | "dass"));
    let of_things = !matches!(
        word(clause, from),
        "" | "to" | "you" | "i" | "we" | "not" | "you're" | "i'm" | "my" | "du" | "ich"
    );
    // `nobody refunded it before`
    let nobody = matches!(
        word(clause, from),
        "nobody" | "noone" | "somebody" | "someone" | "niemand"
    );
    of_things
        && clause.get(from + 1..).is_some_and(|rest| {
            rest.iter()
                .any(|one| is_state(&one.word) || nobody && one.word.ends_with("ed"))
        })
}

fn is_state(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "was"
            | "were"
            | "has"
            | "have"
            | "had"
            | "isn't"
            | "aren't"
            | "wasn't"
            | "hasn't"
            | "stays"
            | "remains"
            | "left"
            | "ist"
            | "sind"
            | "war"
            | "hat"
            | "haben"
            | "wurde"
    )
}

/// `it must have been delivered`, `there has to be enough money`.
fn is_due(sentence: &Sentence, at: usize, to: usize) -> bool {
    let from = match (word(sentence, at), word(sentence, at + 1)) {
        ("must" | "muss" | "müssen", _) => at + 1,
        ("has" | "have" | "needs" | "need", "to") => at + 2,
        _ => return false,
    };
    let same = |place: &usize| sentence[*place].clause == sentence[at].clause;
    let Some(subject) = at.checked_sub(1).filter(same) else {
        return false;
    };
    let spoken_to = (0..=subject).rev().take_while(same).any(|place| {
        matches!(
            word(sentence, place),
            "i" | "you" | "we" | "us" | "ich" | "du" | "wir"
        )
    });
    let rest = sentence.get(from..to).unwrap_or_default();
    // `there must be something that can be done` asks for anything at all.
    let is_hope = word(sentence, subject) == "there"
        && rest.iter().take(3).any(|one| {
            matches!(
                one.word.as_str(),
                "something" | "someone" | "somebody" | "way" | "anything" | "solution" | "other"
            )
        });
    if is_hope {
        return false;
    }
    let holds = rest
        .iter()
        .take(2)
        .any(|one| matches!(one.word.as_str(), "be" | "have" | "still" | "already"))
        || rest
            .last()
            .is_some_and(|one| matches!(one.word.as_str(), "sein" | "haben" | "liegen"));
    !spoken_to && holds
}

/// `only delivered orders may be refunded`.
fn is_allowed(sentence: &Sentence, at: usize, to: usize) -> bool {
    let first = at == 0 || sentence[at - 1].clause != sentence[at].clause;
    first
        && matches!(word(sentence, at), "only" | "nur")
        && sentence.get(at + 2..to).is_some_and(|rest| {
            rest.iter().any(|one| {
                matches!(
                    one.word.as_str(),
                    "may" | "can" | "must" | "should" | "dürfen" | "darf" | "können"
                )
            })
        })
}

/// What somebody does in no other case: `we only do that for late orders`, `we don't refund others`.
fn is_custom(sentence: &Sentence, at: usize, to: usize) -> bool {
    if word(sentence, at) != "we" {
        return false;
    }
    let (turned, from) = match (word(sentence, at + 1), word(sentence, at + 2)) {
        ("only", _) => (false, at + 2),
        ("don't" | "never", _) => (true, at + 2),
        ("do", "not" | "only") => (true, at + 3),
        _ => return false,
    };
    let does = word(sentence, from);
    let deed = l::is_deed_of_tools(does) && !matches!(does, "get" | "take" | "make");
    let rest = sentence.get(from + 1..to).unwrap_or_default();
    let for_some = rest.iter().any(|one| {
        matches!(
            one.word.as_str(),
            "for" | "if" | "when" | "in" | "to" | "with" | "on"
        )
    });
    match turned {
        true => deed && !rest.is_empty(),
        false => (deed || does == "do") && for_some,
    }
}

/// `our policy: late orders are refunded, others are not`.
fn is_policy(sentence: &Sentence, at: usize) -> bool {
    let names = matches!(
        word(sentence, at),
        "policy" | "rule" | "rules" | "richtlinie" | "regel"
    );
    let own = at == 0
        || at == 1
            && matches!(
                word(sentence, 0),
                "our" | "the" | "company" | "unsere" | "die"
            );
    let behind = sentence.get(at + 1);
    let tells = behind.is_some_and(|next| {
        next.clause != sentence[at].clause || matches!(next.word.as_str(), "is" | "says" | "ist")
    });
    names && own && tells
}

/// `the limit for refunds is 100`.
fn is_limit(clause: &[Token]) -> bool {
    matches!(
        word(clause, 0),
        "limit" | "budget" | "maximum" | "obergrenze"
    ) && (1..clause.len()).any(|at| {
        matches!(word(clause, at), "is" | "of" | "ist" | "von") && is_figure(word(clause, at + 1))
    })
}
