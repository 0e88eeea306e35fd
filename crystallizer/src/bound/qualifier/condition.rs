//! Conditions that need more than a word and the next to be known: `when`, `should it`, caps on sums, standing orders;
//! and the closed list of what is only a manner of speaking.

use super::lexicon as l;
use super::read::{Kind, Qualifier};
use super::sentence::{Sentence, Token};

/// All that may stand behind an `if` that is a manner of speaking. Everything else is a condition.
const MANNERS: [&str; 34] = [
    "possible",
    "at all possible",
    "it's possible",
    "it is possible",
    "that's possible",
    "that is possible",
    "applicable",
    "needed",
    "necessary",
    "required",
    "any",
    "anything",
    "you can",
    "you could",
    "you may",
    "you would",
    "you please",
    "you like",
    "you want",
    "you wish",
    "you will",
    "you don't mind",
    "you wouldn't mind",
    "you'd be so kind",
    "you would be so kind",
    "i may",
    "i might",
    "i could",
    "it isn't too much trouble",
    "it's not too much trouble",
    "möglich",
    "es geht",
    "nötig",
    "it helps",
];

/// What may stand behind an `if`, whatever follows: it speaks of the talk, not of the things.
const TALK: [&str; 16] = [
    "you need my",
    "you need any",
    "you need anything",
    "you need more information",
    "you need to",
    "you have any questions",
    "you have any other",
    "you have any further",
    "there's anything else",
    "there is anything else",
    "there are any other questions",
    "i remember correctly",
    "i recall correctly",
    "i understand correctly",
    "i understood correctly",
    "i'm not mistaken",
];

/// What is asked back: whether all is well with the other.
const AGREED: [&str; 7] = [
    "ok", "okay", "fine", "alright", "right", "correct", "helpful",
];

/// Whether what stands behind an `if`, to the end of its clause, makes it a manner of speaking.
pub(super) fn is_manner(after: &[&str]) -> bool {
    if after.is_empty() {
        return true;
    }
    let said = after.join(" ");
    if TALK.iter().any(|one| begins_with(&said, one)) {
        return true;
    }
    // Behind the whole phrase the clause ends, or something else is told to be done.
    let ends = |rest: &[&str]| match rest {
        [] | ["please" | "then" | "thanks", ..] => true,
        ["and" | "und", next, ..] => l::is_verb(next),
        _ => false,
    };
    let whole = (1..=after.len())
        .any(|to| MANNERS.contains(&after[..to].join(" ").as_str()) && ends(&after[to..]));
    let agreed = match after {
        ["that's" | "it's" | "thats", one, rest @ ..]
        | ["that" | "it" | "this", "is" | "would", one, rest @ ..] => match (*one, rest) {
            ("be" | "all", [one, rest @ ..]) => AGREED.contains(one) && ends(rest),
            (one, rest) => AGREED.contains(&one) && ends(rest),
        },
        _ => false,
    };
    // `if possible cancel it`, without a comma.
    whole || agreed || matches!(after, ["possible", next, ..] if l::is_verb(next))
}

fn begins_with(said: &str, phrase: &str) -> bool {
    said.strip_prefix(phrase)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether a condition begins at a word by its place: `should it still be open`, `when it isn't pinned`, `Ist sie
/// bezahlt, …`.
pub(super) fn begins(sentence: &Sentence, at: usize) -> bool {
    let Some(own) = sentence.get(at) else {
        return false;
    };
    let first = at == 0 || sentence[at - 1].clause != own.clause;
    let clause: Vec<&str> = sentence[at + 1..]
        .iter()
        .take_while(|one| one.clause == own.clause)
        .map(|one| one.word.as_str())
        .collect();
    let next = clause.first().copied().unwrap_or_default();
    match own.word.as_str() {
        // `should Anna agree`, and not `should I` or `should be`.
        // Behind what is to be done a subject tells: `refund it should it be late`, and not `what should it be`.
        "should" => {
            let asked = || {
                sentence[..at].iter().any(|one| {
                    matches!(
                        one.word.as_str(),
                        "what" | "which" | "how" | "where" | "who" | "why" | "whether"
                    )
                })
            };
            (first || matches!(next, "it" | "they" | "he" | "she") && !asked())
                && clause.len() > 1
                && !matches!(next, "i" | "we" | "you" | "be" | "have" | "also" | "not")
        }
        "else" => {
            let before = at
                .checked_sub(1)
                .map_or("", |at| sentence[at].word.as_str());
            (first || before == "or") && !clause.is_empty() && at > 0
        }
        // `whichever is cheaper`: nothing in the recording shows how the other one would have been.
        "whatever" | "whichever" => {
            at > 0
                && matches!(next, "is" | "are" | "costs" | "comes" | "takes" | "arrives")
                && clause.iter().skip(1).take(2).any(|word| {
                    word.ends_with("er")
                        || matches!(*word, "less" | "more" | "first" | "available" | "best")
                })
        }
        "since" => {
            clause.iter().any(|word| matches!(*word, "get" | "gets"))
                && clause.last().is_some_and(|last| last.ends_with("ed"))
        }
        // `bei Verspätung`, and not `bei meiner Bestellung`.
        "bei" => {
            let only = at
                .checked_sub(1)
                .is_some_and(|at| matches!(sentence[at].word.as_str(), "nur" | "ausschließlich"));
            (first || only)
                && [
                    "verspätung",
                    "verzögerung",
                    "beschädigung",
                    "überschreitung",
                    "ablehnung",
                    "zustimmung",
                    "zusage",
                    "absage",
                    "fehler",
                    "verzug",
                    "ausfall",
                    "schaden",
                    "mangel",
                    "verlust",
                    "erfolg",
                    "krankheit",
                    "abwesenheit",
                    "nichtgefallen",
                ]
                .iter()
                .any(|end| next.ends_with(end))
        }
        "in" => {
            first && is_that_case(sentence, at)
                || clause.starts_with(&["the", "event", "of"]) && clause.len() > 3
        }
        // `subject to her yes`, and not `set the subject to`.
        "subject" => {
            let before = at
                .checked_sub(1)
                .map_or("", |at| sentence[at].word.as_str());
            let names = l::is_determiner(before)
                || matches!(
                    before,
                    "with" | "and" | "or" | "mail" | "email" | "new" | "mit"
                );
            next == "to" && !names
        }
        "contingent" | "conditional" => matches!(next, "on" | "upon"),
        "when" | "whenever" => {
            // What happened once is told, not asked for.
            let state = clause
                .iter()
                .any(|word| matches!(*word, "is" | "are" | "has" | "have" | "be" | "gets"));
            let past = clause.iter().any(|word| {
                matches!(*word, "was" | "were" | "had" | "did" | "got" | "came")
                    || !state && word.len() > 4 && word.ends_with("ed")
            });
            let asked = sentence[at.saturating_sub(4)..at]
                .iter()
                .any(|one| one.clause == own.clause && speaks_of(&one.word));
            // `when she agrees`, `when the weather turns`: what somebody else, or something, does.
            let does = |at: usize| {
                clause.get(at).is_some_and(|word| {
                    word.ends_with('s')
                        && word.len() > 3
                        && !word.ends_with("ss")
                        && !word.ends_with("'s")
                })
            };
            let holds = does(1)
                || l::is_determiner(next) && does(2)
                || clause.iter().any(|word| {
                    l::negates(word)
                        || matches!(
                            *word,
                            "is" | "are" | "has" | "have" | "it's" | "they're" | "does" | "exceeds"
                        )
                });
            // `when late, refund it`
            let short = first
                && (1..=2).contains(&clause.len())
                && sentence.len() > at + 1 + clause.len()
                && !matches!(
                    next,
                    "done"
                        | "finished"
                        | "complete"
                        | "completed"
                        | "ready"
                        | "possible"
                        | "needed"
                        | "necessary"
                        | "asked"
                        | "free"
                );
            (holds || short) && !past && !asked && !matches!(next, "i" | "you" | "we" | "possible")
        }
        "ist" | "sind" | "hat" | "haben" | "wurde" | "wurden" | "wird" | "liegt" | "wäre"
        | "wären" | "hätte" | "hätten" => {
            let follows = sentence[at + 1..]
                .iter()
                .find(|one| one.clause != own.clause)
                .is_some_and(|one| {
                    l::is_verb(&one.word)
                        || matches!(one.word.as_str(), "dann" | "so" | "bitte")
                        || l::same_deed(&one.word, "cancel")
                });
            first && follows
        }
        _ => false,
    }
}

/// What somebody is told when it happens, and does not do then: `tell me when it is done`.
fn speaks_of(word: &str) -> bool {
    l::asks_whether(word) || matches!(word, "inform" | "notify" | "remind" | "update" | "let")
}

/// Whether what begins there widens what was said: `including the pinned ones`, `even the old ones`.
pub(super) fn widens(sentence: &Sentence, start: usize) -> bool {
    let at = sentence
        .iter()
        .position(|one| one.start >= start)
        .unwrap_or(sentence.len());
    let Some(clause) = sentence.get(at).map(|one| one.clause) else {
        return false;
    };
    let from = (0..at)
        .rev()
        .take_while(|place| sentence[*place].clause == clause)
        .last()
        .unwrap_or(at);
    let verbs = || {
        sentence
            .iter()
            .filter(|one| one.clause == clause)
            .any(|one| l::is_verb(&one.word) || l::keeps(&one.word))
    };
    let universal = |to: usize| sentence[..to].iter().any(|one| l::is_universal(&one.word));
    if is_indifferent(sentence, from, at) && universal(at) {
        return true;
    }
    let widener = (from..=at).rev().find(|place| {
        let next = sentence.get(place + 1).map(|next| next.word.as_str());
        match sentence[*place].word.as_str() {
            // `including a photo` and `including the word refund` say what they have.
            "including" | "incl" | "inklusive" | "einschließlich" | "samt" => {
                let opens = *place == from
                    || next.is_some_and(|next| l::is_definite(next) || l::is_universal(next));
                let noun = sentence.get(place + 2).map(|noun| noun.word.as_str());
                opens && !matches!(noun, Some("word" | "words" | "text" | "phrase" | "term"))
            }
            // `also the pinned ones`, and not `also close the pinned ones`.
            "even" | "also" | "auch" | "sogar" | "plus" => {
                *place == from && next.is_some() && !verbs()
            }
            _ => false,
        }
    });
    let turns = |place: usize| {
        let next = sentence.get(place + 1).map(|next| next.word.as_str());
        let word = sentence[place].word.as_str();
        l::negates(word) || l::excludes(word, next) || l::limits(word, next) || word == "but"
    };
    // A universal has to stand before it: `all tickets, including …`.
    widener.is_some_and(|place| {
        let before = place.checked_sub(1);
        !before.is_some_and(turns)
            && !(place + 1..at).any(turns)
            && (place == 0 || universal(place))
    })
}

/// Whether what stands at a place makes no difference: `no matter whether they are pinned`, `regardless of owner`,
/// `pinned or not`. `from` is where its clause begins.
fn is_indifferent(sentence: &Sentence, from: usize, at: usize) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |one| one.word.as_str());
    let clause = sentence[at].clause;
    let to = (at..sentence.len())
        .find(|place| sentence[*place].clause != clause)
        .unwrap_or(sentence.len());
    let limits = (from..to).any(|place| {
        matches!(
            word(place),
            "but" | "only" | "except" | "unless" | "aber" | "nur" | "außer"
        )
    });
    let marked = (from..=at).any(|place| {
        matches!(
            word(place),
            "regardless" | "irrespective" | "unabhängig" | "egal"
        ) || word(place) == "matter" && place > 0 && word(place - 1) == "no"
            || word(place) == "no" && word(place + 1) == "matter"
    });
    // `no exceptions`.
    let marked = marked
        || (from + 1..to).any(|place| {
            word(place).starts_with("exception")
                && matches!(word(place - 1), "no" | "without" | "any")
        });
    // `pinned or not`, and not `that are urgent or not`.
    let short = (3..=5).contains(&(to - from)) && (word(to - 2), word(to - 1)) == ("or", "not");
    !limits && (marked || short)
}

/// Whether what begins there leads to what is to be done then: `otherwise cancel it`, `in that case cancel it`.
pub(super) fn leads(sentence: &Sentence, start: usize) -> bool {
    let at = sentence.iter().position(|one| one.start == start);
    at.is_some_and(|at| {
        matches!(
            sentence[at].word.as_str(),
            "otherwise" | "andernfalls" | "sonst" | "else"
        ) || is_that_case(sentence, at)
    })
}

/// `in that case`, `in diesem Fall`.
fn is_that_case(sentence: &Sentence, at: usize) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |one| one.word.as_str());
    matches!(
        (word(at), word(at + 1), word(at + 2)),
        ("in", "that" | "this" | "which" | "such", "case")
            | ("in" | "für", "dem" | "diesem" | "diesen", "fall")
    )
}

/// Whether a word is a number in digits.
pub(super) fn is_figure(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c.is_alphabetic())
}

/// Caps: `at most 100`, `up to 100 euros`, `above 100 ask me first`, `ask me before you refund`.
pub(super) fn caps(sentence: &Sentence) -> Vec<Qualifier> {
    let word = |at: usize| sentence.get(at).map_or("", |one: &Token| one.word.as_str());
    let asks = sentence.iter().any(|one| {
        matches!(
            one.word.as_str(),
            "ask"
                | "ok"
                | "okay"
                | "approval"
                | "approve"
                | "permission"
                | "confirm"
                | "consult"
                | "frag"
                | "frage"
        )
    });
    for at in 0..sentence.len() {
        let (limit, figure) = match (word(at), word(at + 1)) {
            ("at", "most") | ("up", "to") | ("bis", "zu") => (true, at + 2),
            ("more" | "mehr", "than" | "als") => (
                asks || at
                    .checked_sub(1)
                    .is_some_and(|before| l::negates(word(before))),
                at + 2,
            ),
            ("maximum", "of") => (true, at + 2),
            ("max" | "maximum" | "maximal" | "höchstens", _) => (true, at + 1),
            ("above" | "over" | "exceeding" | "exceeds" | "beyond" | "über" | "ab", _) => {
                let turned = sentence[..at].iter().any(|one| {
                    one.clause == sentence[at].clause
                        && (l::negates(&one.word) || l::denies(&one.word))
                });
                (asks || turned, at + 1)
            }
            _ => (false, 0),
        };
        if limit && (is_figure(word(figure)) || l::number(word(figure)).is_some()) {
            let from = if asks { 0 } else { at };
            let to = if asks { sentence.len() } else { figure + 1 };
            return Qualifier::of(Kind::Cap, &sentence[from..to])
                .into_iter()
                .collect();
        }
    }
    let often = (0..sentence.len()).any(|at| {
        (word(at), word(at + 1), word(at + 2)) == ("more", "often", "than")
            && at
                .checked_sub(1)
                .is_some_and(|before| l::negates(word(before)))
            || (word(at), word(at + 1), word(at + 2)) == ("nicht", "öfter", "als")
    });
    let consults = often || consults(sentence);
    consults
        .then(|| Qualifier::of(Kind::Cap, sentence))
        .flatten()
        .into_iter()
        .collect()
}

/// Whether somebody is to be asked first: `ask Kim before you refund it`, `let Kim confirm, then refund`.
fn consults(sentence: &Sentence) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |one: &Token| one.word.as_str());
    let does = |at: usize| {
        matches!(word(at), "you" | "i" | "we" | "it" | "anything" | "doing")
            || word(at).ends_with("ing")
    };
    (0..sentence.len()).any(|at| match (word(at), word(at + 1)) {
        ("ask" | "consult", who) => {
            let me = matches!(who, "me" | "us");
            let behind = at + 2..at + 4;
            behind
                .clone()
                .any(|place| word(place) == "before" && (me || does(place + 1)))
                || me && word(at + 2) == "first"
        }
        ("check", "with") => {
            word(at + 2) == "me"
                || (at + 3..at + 5).any(|place| word(place) == "before" && does(place + 1))
        }
        ("let", "me") => word(at + 2) == "know" && word(at + 3) == "before" && does(at + 4),
        ("let" | "have", who) => {
            let by = matches!(
                word(at + 2),
                "confirm" | "approve" | "agree" | "decide" | "sign"
            );
            let then = |place: usize| matches!(word(place), "then" | "before" | "first");
            !matches!(who, "you" | "us" | "it") && by && (at + 3..sentence.len()).any(then)
        }
        _ => false,
    })
}

/// The figure of a cap.
pub(super) fn figure(one: &Qualifier) -> Option<String> {
    one.content.iter().find_map(|word| match is_figure(word) {
        true => Some(word.clone()),
        false => l::number(word).map(|number| number.to_string()),
    })
}

/// What must never be done: `never cancel shipped orders`. Gives the deed, and what it is about.
pub(super) fn standing(sentence: &Sentence) -> Vec<(String, Qualifier)> {
    let mut found = Vec::new();
    for (at, own) in sentence.iter().enumerate() {
        let first = at == 0
            || sentence[at - 1].clause != own.clause
            || matches!(
                sentence[at - 1].word.as_str(),
                "please" | "but" | "and" | "do" | "also"
            );
        let forbids = matches!(
            own.word.as_str(),
            "never" | "don't" | "dont" | "nie" | "niemals"
        ) || own.word == "not" && at > 0 && sentence[at - 1].word == "do";
        let to = (at..sentence.len())
            .find(|place| sentence[*place].clause != own.clause)
            .unwrap_or(sentence.len());
        if first
            && forbids
            && at + 1 < to
            && let Some(one) = sentence
                .get(at..to)
                .and_then(|tokens| Qualifier::of(Kind::Condition, tokens))
        {
            let deed = sentence[at + 1].word.clone();
            let content = one
                .content
                .iter()
                .filter(|word| **word != deed)
                .cloned()
                .collect();
            found.push((
                deed,
                Qualifier {
                    content,
                    negated: true,
                    ..one
                },
            ));
        }
    }
    found
}

/// Whether a sentence that is a condition from its first word on says without a comma what is done then: `if it is late
/// drop it`, `bei Verspätung erstatten`.
pub(super) fn tells_then(sentence: &Sentence) -> bool {
    let behind = sentence.iter().skip(3);
    let speaks = sentence.iter().any(|one| {
        matches!(
            one.word.as_str(),
            "you" | "me" | "us" | "sie" | "mir" | "uns" | "i" | "ich"
        )
    });
    let orders = behind
        .clone()
        .any(|one| l::is_verb(&one.word) || l::is_order_to_tools(&one.word));
    let german = sentence.first().is_some_and(|first| first.word == "bei")
        && sentence.len() > 2
        && sentence
            .last()
            .is_some_and(|last| last.word.ends_with("en"));
    !speaks && (orders || german)
}

/// Whether a sentence orders something besides its conditions: a clause of what is left begins with a word that may be
/// a verb, and it is not one that only speaks to the other.
pub(super) fn orders(sentence: &Sentence, outside: &[(usize, &str)]) -> bool {
    outside.iter().enumerate().any(|(place, (at, word))| {
        let clause = sentence[*at].clause;
        let first = place == 0
            || outside[..place]
                .iter()
                .rev()
                .find(|(before, word)| {
                    // `Otherwise order it.` behind a question.
                    let leads =
                        *before == 0 && matches!(*word, "otherwise" | "andernfalls" | "sonst");
                    !leads
                        && !matches!(
                            *word,
                            "please"
                                | "then"
                                | "just"
                                | "only"
                                | "bitte"
                                | "dann"
                                | "nur"
                                | "and"
                                | "also"
                        )
                })
                .is_none_or(|(before, _)| sentence[*before].clause != clause);
        let joined = place > 0
            && l::is_joint(outside[place - 1].1)
            && outside.get(place + 1).is_some_and(|(_, next)| {
                l::is_definite(next) || matches!(*next, "it" | "them" | "him" | "sie" | "es")
            });
        let to_me = outside
            .get(place + 1)
            .is_some_and(|(_, next)| matches!(*next, "me" | "us" | "mir" | "uns"));
        let speaks = l::asks_whether(word)
            || l::is_determiner(word)
            || l::is_neutral(word)
            || l::is_boundary(word)
            || l::is_joint(word)
            || l::negates(word)
            || l::is_subject(word)
            || l::number(word).is_some()
            || matches!(
                *word,
                "thanks"
                    | "thank"
                    | "yes"
                    | "yeah"
                    | "hi"
                    | "hello"
                    | "okay"
                    | "ok"
                    | "sorry"
                    | "great"
                    | "perfect"
                    | "sure"
                    | "otherwise"
                    | "then"
                    | "well"
                    | "also"
                    | "and"
                    | "i'd"
                    | "unfortunately"
                    | "actually"
                    | "however"
                    | "look"
                    | "find"
                    | "show"
                    | "help"
                    | "explain"
            );
        let next = sentence
            .get(at + 1)
            .filter(|next| next.clause == clause)
            .map(|next| next.word.as_str());
        (first || joined) && !to_me && (!speaks || next.is_some_and(|next| l::tells_to(word, next)))
    })
}
