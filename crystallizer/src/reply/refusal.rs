//! A no to what was asked: by itself, behind a yes, or in front of the deed.

use super::phrases::*;
use super::question::Asked;
use super::word::{Word, length_of, sentences};
use super::{Opening, Reply, opening, reply_in};

/// What a text says beside a no to a question; nothing where it does not decline.
pub(crate) fn declines<'t>(text: &'t str, question: &str) -> Option<&'t str> {
    let all = sentences(text);
    let question = Asked::of(question);
    if reply_in(text, &all, &question) != Reply::No {
        return None;
    }
    let words: Vec<&Word<'_>> = all
        .iter()
        .filter(|(_, asks)| !asks)
        .flat_map(|(words, _)| words)
        .collect();
    let Some(first) = behind_no(&words, &question) else {
        // “Yes, I see. Don't do it.”
        let (Opening::Yes(at) | Opening::Heard(at)) = opening(&words) else {
            return None;
        };
        let rest = &words[at..];
        let refuses = is_declined(rest, &question) || is_refused(text, rest, &question);
        return refuses.then_some("");
    };
    let mut at = first;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let echo = || question.holds(&rest[0].word).then_some(1);
        match declining(rest, &question)
            .or_else(|| silent(rest))
            .or_else(echo)
        {
            Some(length) => at += length,
            None => return Some(&text[words[first].start..]),
        }
    }
    Some("")
}

/// Whether words say no to what was asked: a no with nothing before it, and behind it nothing or what was asked.
pub(super) fn is_declined(words: &[&Word<'_>], question: &Asked<'_>) -> bool {
    let Some(mut at) = behind_no(words, question) else {
        return false;
    };
    let not = (0..at).find(|at| NOT.contains(&&*words[*at].word));
    if not.is_some_and(|not| gives_up(&words[not + 1..], question)) {
        return false;
    }
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        match declining(rest, question).or_else(|| silent(rest)) {
            Some(length) => at += length,
            None => return question.holds(&rest[0].word),
        }
    }
    true
}

/// Whether what follows a yes refuses all the same: a no that begins a sentence or stands behind what joins an
/// objection, or a “not” in front of the very deed that was asked about. A no behind a condition is a part of it, and a
/// no to something else that was asked about leaves the yes to the deed.
pub(super) fn is_refused(text: &str, words: &[&Word<'_>], question: &Asked<'_>) -> bool {
    let gap = |at: usize| match at.checked_sub(1).and_then(|before| words.get(before)) {
        Some(before) => text.get(before.end..words[at].start).unwrap_or_default(),
        None => "",
    };
    let ends = |c: char| matches!(c, '.' | '!' | '?' | '？' | '\n');
    let begins = |at: usize| at == 0 || gap(at).contains(ends);
    let mut from = 0;
    while from < words.len() {
        let to = (from + 1..words.len())
            .find(|at| begins(*at))
            .unwrap_or(words.len());
        let sentence = &words[from..to];
        if sentence.iter().any(|one| LIMITS.contains(&&*one.word)) {
            from = to;
            continue;
        }
        let affirmed = words[..from].iter().any(|one| question.is_deed(&one.word));
        for at in 0..sentence.len() {
            let own = &sentence[at..];
            let joined = at > 0 && JOINS.contains(&&*sentence[at - 1].word);
            // The first sentence is looked at as a whole by those who call this.
            let opens = joined || at == 0 && from > 0;
            let alone = own.len() == 1
                && at > 0
                && gap(from + at).contains([',', ';', ':', '—', '–', '…'])
                && ALONE.contains(&&*own[0].word);
            let of_deed = NOT.contains(&&*own[0].word)
                && own[1..]
                    .iter()
                    .find(|one| !BETWEEN.contains(&&*one.word))
                    .is_some_and(|one| question.is_deed(&one.word));
            let other = (affirmed || sentence[..at].iter().any(|one| question.is_deed(&one.word)))
                && own.iter().any(|one| question.holds(&one.word))
                && !own.iter().any(|one| question.is_deed(&one.word));
            let declined = opens && !other && (is_declined(own, question) || is_bare_not(own));
            let declined = declined || joined && !affirmed && negates_in_romance(own);
            if alone || of_deed || declined {
                return true;
            }
        }
        from = to;
    }
    false
}

/// `n'annulez pas`, `ne l'annulez pas`, `no la cancele`: a verb that is negated in French or Spanish.
fn negates_in_romance(words: &[&Word<'_>]) -> bool {
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    let closes = |one: &&Word<'_>| matches!(&*one.word, "pas" | "rien" | "jamais" | "plus");
    let leads = &*first.word == "ne" || first.word.starts_with("n'");
    let spanish = |one: &&Word<'_>| matches!(&*one.word, "la" | "lo" | "las" | "los" | "le" | "me");
    leads && rest.iter().take(3).any(closes)
        || &*first.word == "no" && rest.first().is_some_and(spanish)
}

/// `bitte nicht stornieren`: a “nicht” and the deed alone, in whichever words that is told.
fn is_bare_not(words: &[&Word<'_>]) -> bool {
    let courtesy = length_of(words, COURTESY).unwrap_or_default();
    match &words[courtesy..] {
        [not, deed] => {
            not.word == "nicht"
                && deed.word.len() > 4
                && ["en", "ern", "eln"]
                    .iter()
                    .any(|end| deed.word.ends_with(end))
                && !matches!(&*deed.word, "vergessen" | "wundern" | "warten" | "zögern")
        }
        _ => false,
    }
}

/// How many words a no has that they begin with, with what is said before it and says nothing.
pub(super) fn behind_no(words: &[&Word<'_>], question: &Asked<'_>) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = words.get(at..).filter(|rest| !rest.is_empty())?;
        // A no is longer than the courtesy that it begins: “no worries”.
        let courtesy = length_of(rest, COURTESY).unwrap_or_default();
        match declining(rest, question).filter(|length| *length >= courtesy) {
            Some(length) => return Some(at + length),
            None => at += silent(rest)?,
        }
    }
}

/// Whether the no that words begin with is about something else than what was asked: `I can't use it`, `it never
/// arrived`, `no changes needed`. Alone that may be a no all the same; a yes behind it stays one.
pub(super) fn speaks_of_another(words: &[&Word<'_>], question: &Asked<'_>) -> bool {
    let Some(at) = (0..words.len()).find(|at| declining(&words[*at..], question).is_some()) else {
        return false;
    };
    let clause = clause(&words[at + 1..], words[at].end);
    match &*words[at].word {
        "no" | "kein" | "keine" | "keinen" => clause
            .first()
            .is_some_and(|next| silent(&clause).is_none() && !question.holds(&next.word)),
        // `don't touch it` is an order, `I don't like it` is none.
        not if NOT.contains(&not) || not == "can't" => {
            let may_order = matches!(not, "don't" | "dont" | "never" | "nicht" | "nie");
            let is_small = |one: &Word<'_>| {
                [BETWEEN, AROUND]
                    .iter()
                    .any(|all| all.contains(&&*one.word))
                    && one.word != "happy"
            };
            (at > 0 || !may_order)
                && (gives_up(&clause, question)
                    || clause.iter().find(|one| !is_small(one)).is_some_and(|one| {
                        !question.holds(&one.word) && !ASSENTS.contains(&&*one.word)
                    }))
        }
        _ => false,
    }
}

/// `don't want it`, where it was asked whether to end the thing: who does not want it any more wants it ended.
fn gives_up(clause: &[&Word<'_>], question: &Asked<'_>) -> bool {
    let at = |at: usize| clause.get(at).map_or("", |one| &*one.word);
    let of_it = matches!(at(0), "want" | "need" | "like" | "use")
        && matches!(at(1), "it" | "them" | "these" | "those" | "any" | "the");
    (of_it || matches!(at(0), "needed" | "wanted")) && question.is_of_ending()
}

/// `storniere sie nicht`, `cancel nothing`: whether a deed that words begin with is said not to be done, behind it.
pub(super) fn is_negated(words: &[&Word<'_>]) -> bool {
    let Some((deed, rest)) = words.split_first() else {
        return false;
    };
    let mut clause = clause(rest, deed.end).into_iter();
    clause.any(|one| NEGATES.contains(&&*one.word) || matches!(&*one.word, "nothing" | "nichts"))
}

/// The words up to the end of their clause: from one to the next there is a single blank.
fn clause<'w, 't>(words: &'w [&'w Word<'t>], end: usize) -> Vec<&'w Word<'t>> {
    let mut end = end;
    let goes_on = |one: &&&Word<'t>| {
        let joined = one.start == end + 1;
        end = one.end;
        joined
    };
    words.iter().take_while(goes_on).copied().collect()
}

/// How many words a no has that these words begin with.
pub(super) fn declining(words: &[&Word<'_>], question: &Asked<'_>) -> Option<usize> {
    let length = length_of(words, DECLINES)?;
    let asked = |one: &&Word<'_>| MAY_BE_ASKED.contains(&&*one.word) && question.names(&one.word);
    (!words.iter().take(length).any(asked)).then_some(length)
}

/// How many words these begin with that say nothing beside a no.
pub(super) fn silent(words: &[&Word<'_>]) -> Option<usize> {
    [YES, HEARD, COURTESY, AROUND, BETWEEN]
        .iter()
        .find_map(|phrases| length_of(words, phrases))
}
