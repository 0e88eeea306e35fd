//! What people ask for without telling anybody to do it: `I need a window seat`, and what they leave to somebody else:
//! `VIPs are handled by Anna`.

use super::cover::{Part, forms, is_talk};
use super::lexicon as l;
use super::sentence::{Sentence, Token};
use std::collections::BTreeSet;

/// How far into a part somebody says that they want something.
const LEADS: usize = 4;

/// Whether a part says that somebody wants a thing, and not that something be done: `I'd like a quiet room`.
pub(super) fn wants(sentence: &Sentence, part: &Part) -> bool {
    let is_wish = |at: usize| matches!(sentence[at].word.as_str(), "need" | "want" | "like");
    if part.negated || part.order.is_some_and(|at| !is_wish(at)) {
        return false;
    }
    let all: Vec<&Token> = part.tokens.iter().map(|at| &sentence[*at]).collect();
    let word = |at: usize| all.get(at).map_or("", |token| token.word.as_str());
    let Some(speaks) = (0..LEADS).find(|at| {
        matches!(
            word(*at),
            "i" | "we" | "i'd" | "we'd" | "ich" | "wir" | "she" | "he" | "they"
        )
    }) else {
        return false;
    };
    let wish = (speaks + 1..speaks + LEADS).find(|at| {
        matches!(
            word(*at),
            "need"
                | "needs"
                | "want"
                | "wants"
                | "like"
                | "prefer"
                | "prefers"
                | "require"
                | "requires"
                | "insist"
                | "expect"
                | "brauche"
                | "brauchen"
                | "will"
                | "möchte"
                | "möchten"
        ) && (word(*at) != "will" || word(speaks) == "ich")
    });
    wish.is_some_and(|at| {
        let likes = word(at) != "like"
            || matches!(word(at - 1), "would" | "i'd" | "we'd" | "also" | "really");
        let next = word(at + 1);
        likes
            && !next.is_empty()
            && !l::negates(word(at - 1))
            && !l::is_subject(next)
            && !matches!(
                next,
                "to" | "you" | "it" | "them" | "this" | "that" | "help" | "your" | "some"
            )
            && !(at + 1..at + 3).any(|at| l::talks(word(at)))
    })
}

/// Whether a part says of others what they are or do, which may take them away from what is asked for. What was so
/// once, and what is said of who speaks and of the talk, does not.
pub(super) fn leaves_to(sentence: &Sentence, part: &Part) -> bool {
    let clauses: BTreeSet<usize> = part.tokens.iter().map(|at| sentence[*at].clause).collect();
    !is_talk(sentence, part)
        && clauses.into_iter().any(|clause| {
            let tokens = part.tokens.iter().map(|at| &sentence[*at]);
            let own = tokens.filter(|token| token.clause == clause);
            let own: Vec<&str> = own.map(|token| token.word.as_str()).collect();
            is_of_others(&own) || does_oneself(&own)
        })
}

/// Whether a part leaves something to who speaks: `leaving the last one to me`.
pub(super) fn leaves_to_speaker(sentence: &Sentence, part: &Part) -> bool {
    let word = |at: usize| {
        part.tokens
            .get(at)
            .map_or("", |at| sentence[*at].word.as_str())
    };
    matches!(
        word(0),
        "leave" | "leaving" | "lass" | "überlass" | "überlasse"
    ) && (2..part.tokens.len()).any(|at| {
        matches!(word(at), "me" | "us") && word(at - 1) == "to" || matches!(word(at), "mir" | "uns")
    })
}

/// Whether words say that who speaks does something themselves, and it is not to be done here: `the P1s I will do
/// myself`, `I'll take care of Anna's`. What they did once is only told.
pub(super) fn does_oneself(all: &[&str]) -> bool {
    let has = |words: &[&str]| all.iter().any(|word| words.contains(word));
    let of_speaker = has(&["i", "i'll", "i'd", "we", "we'll", "ich", "wir"]);
    let past = has(&[
        "was", "were", "had", "did", "have", "i've", "could", "made", "tried", "habe", "hatte",
        "war",
    ]) || all.iter().any(|word| l::is_past(word));
    let own = has(&["myself", "ourselves", "selbst", "selber"]);
    let ahead = has(&["will", "i'll", "we'll", "werde", "werden"]);
    let cares = all
        .windows(2)
        .any(|two| matches!(two, ["care", "of"] | ["deal", "with"] | ["look", "after"]));
    let handled = has(&["handle", "übernehme", "übernehmen"]);
    of_speaker && !past && (own || ahead && (cares || handled))
}

fn is_of_others(all: &[&str]) -> bool {
    // Who is away does nothing that is left to them: `Anna is on leave`.
    let is_away = all.iter().any(|word| {
        matches!(
            *word,
            "leave"
                | "vacation"
                | "holiday"
                | "holidays"
                | "sick"
                | "ill"
                | "away"
                | "absent"
                | "urlaub"
                | "krank"
        )
    });
    if is_away {
        return false;
    }
    let past = all.iter().any(|word| {
        matches!(
            *word,
            "was" | "were" | "had" | "did" | "told" | "said" | "got" | "war" | "waren" | "hatte"
        )
    });
    let speaks = all.iter().any(|word| {
        matches!(
            *word,
            "i" | "i'm"
                | "i've"
                | "i'd"
                | "i'll"
                | "me"
                | "we"
                | "you"
                | "ich"
                | "wir"
                | "du"
                | "mir"
        )
    });
    if past || speaks {
        return false;
    }
    let after = |words: &[&str]| all.iter().skip(1).any(|word| words.contains(word));
    // `Anna handles the VIPs`, `Bob takes care of those`.
    let does = all.iter().skip(1).any(|word| {
        word.ends_with('s') && forms(word).iter().skip(1).any(|form| l::is_any_deed(form))
    }) || after(&[
        "takes", "keeps", "does", "deals", "looks", "manages", "owns",
    ]);
    // `VIPs are handled by Anna`, `VIPs are Anna's job`, `Anna will do the VIPs`; not `the chair is broken`.
    let subject = all.first().copied().unwrap_or_default();
    let named = !l::is_subject(subject) && !subject.ends_with("'s");
    let is = named
        && after(&["is", "are", "ist", "sind"])
        && all.iter().skip(1).any(|word| {
            matches!(*word, "by" | "von" | "with" | "bei" | "up")
                || word.ends_with("'s") && !l::is_boundary(word) && !l::is_harmless(word)
        });
    does || is || named && after(&["will", "belong", "belongs", "gehören", "gehört"])
}

#[cfg(test)]
mod tests {
    use super::does_oneself;

    #[test]
    fn what_somebody_does_themselves_is_told_from_what_they_did_or_want() {
        for (said, expected) in [
            ("the p1s i will do myself", true),
            ("i'll handle the p1s", true),
            ("i'll take care of anna's", true),
            ("i do the vips myself", true),
            ("die p1 mache ich selbst", true),
            ("i tried it myself", false),
            ("i have done the p1s myself", false),
            ("i will be in rome", false),
            ("i'd like to handle it", false),
            ("anna will do it herself", false),
        ] {
            let words: Vec<&str> = said.split(' ').collect();
            assert_eq!(does_oneself(&words), expected, "{said}");
        }
    }
}
