//! What a person answers when the agent asked for a yes. A yes is made of yes words, courtesies and the question's own
//! words, and of nothing else: whatever more is said may leave something out, and is asked about. A “not” behind a yes
//! takes it back only where it is about what was asked: “yes, no receipt” is a yes.

mod phrases;

use phrases::*;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

/// Longest answer that is taken for a yes and nothing else, in characters.
const LONGEST: usize = 300;

/// What somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Yes, and nothing else.
    Yes,
    /// Yes, and words that may be a condition or change what was asked: they stand between these places of the text.
    Reserved(usize, usize),
    /// No yes.
    No,
}

/// A word in small letters, with its place.
struct Word<'t> {
    word: Cow<'t, str>,
    start: usize,
    end: usize,
}

/// A sentence, and whether it asks.
type Sentence<'t> = (Vec<Word<'t>>, bool);

/// What a text answers to a question, told in the agent's words.
pub(crate) fn reply(text: &str, question: &str) -> Reply {
    reply_in(text, &sentences(text), &Asked::of(question))
}

/// Whether a text may be a yes and nothing else.
fn is_short(text: &str) -> bool {
    text.len() <= LONGEST || text.chars().count() <= LONGEST
}

/// How a text begins.
#[derive(Clone, Copy)]
enum Opening {
    /// With a yes of so many words, courtesies before it counted.
    Yes(usize),
    /// With words that say only that something was heard.
    Heard(usize),
    Other,
}

fn opening(said: &[&Word<'_>]) -> Opening {
    let mut at = 0;
    while let Some(rest) = said.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = length_of(rest, YES) {
            return Opening::Yes(at + length);
        }
        if let Some(length) = length_of(rest, HEARD) {
            at += length;
            // A yes may follow it.
            return match length_of(&said[at..], YES) {
                Some(next) => Opening::Yes(at + next),
                None => Opening::Heard(at),
            };
        }
        match length_of(rest, COURTESY).or_else(|| length_of(rest, WEAK)) {
            Some(length) => at += length,
            None => return Opening::Other,
        }
    }
    // Nothing but what somebody is glad of: a yes by itself.
    match (0..said.len()).any(|at| length_of(&said[at..], WEAK).is_some()) {
        true => Opening::Heard(at),
        false => Opening::Other,
    }
}

/// How many words an order has that words begin with, where it is the deed that was asked about: “please cancel it”. A
/// “cancel that” may mean the very question.
fn ordered(said: &[&Word<'_>], question: &Asked<'_>) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = said.get(at..).filter(|rest| !rest.is_empty()) {
        let word = &*rest[0].word;
        if question.is_deed(word) {
            let behind = rest.get(1).map(|one| &*one.word);
            let turns = MAY_BE_ASKED.contains(&word)
                && behind.is_none_or(|word| matches!(word, "that" | "this" | "das"));
            return (!turns).then_some(at + 1);
        }
        at += length_of(rest, COURTESY).or_else(|| length_of(rest, HEARD))?;
    }
    None
}

/// What a text answers whose sentences are known.
fn reply_in(text: &str, sentences: &[Sentence<'_>], question: &Asked<'_>) -> Reply {
    let Some((first, first_asks)) = sentences.first() else {
        return Reply::No;
    };
    // A question beside a yes leaves it one; beside an “ok” it is what somebody wants to know first.
    let asks = sentences.iter().any(|(_, asks)| *asks);
    let said: Vec<&Word<'_>> = sentences
        .iter()
        .filter(|(_, asks)| !asks || *first_asks)
        .flat_map(|(words, _)| words)
        .collect();
    let (at, strong) = match opening(&said) {
        // “Sure?” alone asks back.
        Opening::Yes(at) if !first_asks || at < first.len() => (at, true),
        Opening::Heard(at) if !first_asks => (at, false),
        _ => match ordered(&said, question).filter(|_| !first_asks) {
            Some(at) => (at, true),
            None => return yes_within(text, &said, question),
        },
    };
    let rest = &said[at..];
    let takes_back = rest
        .iter()
        .take_while(|one| !LIMITS.contains(&&*one.word))
        .enumerate()
        .any(|(at, one)| BACK.contains(&&*one.word) && length_of(&rest[at..], COURTESY).is_none());
    let wonders = rest.first().is_some_and(|one| ASKS.contains(&&*one.word));
    if strong && (takes_back && is_declined(rest, question) || is_refused(text, rest, question)) {
        return Reply::No;
    }
    if takes_back || wonders || *first_asks || !is_short(text) || asks && !strong {
        return match strong {
            // All of it is shown, with the words around it: “the smaller one”.
            true => span(text, rest),
            false => yes_within(text, &said, question),
        };
    }
    let mut at = 0;
    while at < rest.len() {
        let word = &*rest[at].word;
        let limits = LIMITS.contains(&word) || OBJECTS.contains(&word);
        let plain = [YES, HEARD, COURTESY]
            .iter()
            .find_map(|all| length_of(&rest[at..], all))
            .or_else(|| {
                (!limits && (BETWEEN.contains(&word) || question.holds(word))).then_some(1)
            });
        match plain {
            Some(length) => at += length,
            None => return span(text, rest),
        }
    }
    Reply::Yes
}

/// A yes with all of these words as its reserve.
fn span(text: &str, words: &[&Word<'_>]) -> Reply {
    let first = words.first().map_or(0, |one| one.start);
    let last = words.last().map_or(text.len(), |one| one.end);
    Reply::Reserved(first, last)
}

/// Whether a text begins with a yes that is hardly anything else.
pub(crate) fn begins_with_yes(text: &str) -> bool {
    let sentences = sentences(text);
    let Some((first, asks)) = sentences.first() else {
        return false;
    };
    let words: Vec<&Word<'_>> = first.iter().collect();
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = length_of(rest, PLAIN_YES) {
            return !asks || at + length < words.len();
        }
        match length_of(rest, COURTESY).or_else(|| length_of(rest, HEARD)) {
            Some(length) => at += length,
            None => return false,
        }
    }
    false
}

/// A yes that comes after something else was said, where that was no no: it may go with what was said before.
fn yes_within(text: &str, said: &[&Word<'_>], question: &Asked<'_>) -> Reply {
    let begins = |at: usize| {
        let before = text.get(..said[at].start).unwrap_or_default().trim_end();
        before.is_empty() || before.ends_with(|c: char| !c.is_alphanumeric())
    };
    let found = (1..said.len()).find_map(|at| {
        let length = length_of(&said[at..], PLAIN_YES).filter(|_| begins(at))?;
        let rest = &said[at + length..];
        (!is_declined(rest, question) && !is_refused(text, rest, question)).then_some(at)
    });
    match found.is_some_and(|at| !leads_to_no(&said[..at], question)) {
        true => span(text, said),
        false => Reply::No,
    }
}

/// Whether words begin with a no, with nothing before it that says anything.
fn leads_to_no(words: &[&Word<'_>], question: &Asked<'_>) -> bool {
    behind_no(words, question).is_some()
}

/// Whether words say no to what was asked: a no with nothing before it, and behind it nothing or what was asked.
fn is_declined(words: &[&Word<'_>], question: &Asked<'_>) -> bool {
    let Some(mut at) = behind_no(words, question) else {
        return false;
    };
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
fn is_refused(text: &str, words: &[&Word<'_>], question: &Asked<'_>) -> bool {
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
fn behind_no(words: &[&Word<'_>], question: &Asked<'_>) -> Option<usize> {
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

/// How many words a no has that these words begin with.
fn declining(words: &[&Word<'_>], question: &Asked<'_>) -> Option<usize> {
    let length = length_of(words, DECLINES)?;
    let asked = |one: &&Word<'_>| MAY_BE_ASKED.contains(&&*one.word) && question.names(&one.word);
    (!words.iter().take(length).any(asked)).then_some(length)
}

/// How many words these begin with that say nothing beside a no.
fn silent(words: &[&Word<'_>]) -> Option<usize> {
    [YES, HEARD, COURTESY, AROUND, BETWEEN]
        .iter()
        .find_map(|phrases| length_of(words, phrases))
}

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

/// Whether a text may be an answer to a question that was to be answered with yes or no, and is neither in words that
/// are known: short, and without an order or a choice in the question's own words. Who asks back answers nothing.
pub(crate) fn is_unclear(text: &str, question: &str) -> bool {
    let all = sentences(text);
    let asked = Asked::of(question);
    let words: Vec<&Word<'_>> = all.iter().flat_map(|(words, _)| words).collect();
    let says = |one: &&Word<'_>, list: &[&str]| list.contains(&&*one.word);
    let asks = |one: &&Word<'_>| says(one, ASKS) && one.word != "was";
    let asks_back = all.iter().any(|(_, asks)| *asks) || words.iter().take(3).any(asks);
    if words.is_empty() || words.len() > SHORT || asks_back {
        return false;
    }
    if reply_in(text, &all, &asked) != Reply::No || declines(text, question).is_some() {
        return false;
    }
    if words
        .iter()
        .any(|one| says(one, NEGATES) || says(one, BACK))
    {
        return true;
    }
    !words.iter().any(|one| {
        one.word.bytes().any(|byte| byte.is_ascii_digit())
            || !says(one, BETWEEN) && !says(one, AROUND) && asked.names(&one.word)
    })
}

/// The most words of an answer that is taken for one to a question that asks for yes or no.
const SHORT: usize = 12;

/// Whether a yes is told in a language of whose reserves nothing is known.
pub(crate) fn agrees_in_unread_words(text: &str) -> bool {
    let all = sentences(text);
    let first = all.first().and_then(|(words, _)| words.first());
    first.is_some_and(|one| UNREAD_YES.contains(&&*one.word))
}

/// The words of a text that may name a deed, without their endings; of sentences that do not say no to it.
pub(crate) fn deeds(text: &str) -> std::collections::BTreeSet<String> {
    sentences(text)
        .iter()
        .filter(|(words, _)| !words.iter().any(|one| NEGATES.contains(&&*one.word)))
        .flat_map(|(words, _)| words)
        .map(|one| &*one.word)
        .filter(|word| word.chars().count() >= 3)
        .filter(|word| !BETWEEN.contains(word) && !AROUND.contains(word))
        .map(|word| stem(word).to_owned())
        .collect()
}

/// The words of a text that name things: those with a digit.
pub(crate) fn names(text: &str) -> std::collections::BTreeSet<String> {
    crate::leaf::tokens(text)
        .filter(|word| word.len() >= 4 && word.bytes().any(|b| b.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect()
}

/// Whether more than yes was said only to name what is sent then anyway: its words are `named`, courtesies, and such as
/// lead to a name.
pub(crate) fn only_names(more: &str, named: &dyn Fn(&str) -> bool) -> bool {
    let sentences = sentences(more);
    let all: Vec<&Word<'_>> = sentences.iter().flat_map(|(words, _)| words).collect();
    if sentences.iter().any(|(_, asks)| *asks) {
        return false;
    }
    let mut at = 0;
    let mut names = false;
    while at < all.len() {
        let word = &*all[at].word;
        let limits = [LIMITS, OBJECTS, BACK]
            .iter()
            .any(|all| all.contains(&word));
        let plain = [YES, HEARD, COURTESY]
            .iter()
            .find_map(|phrases| length_of(&all[at..], phrases));
        if let Some(length) = plain.filter(|_| !limits) {
            at += length;
            continue;
        }
        let is_named = named(word);
        names |= is_named;
        if limits || !is_named && !BETWEEN.contains(&word) && !NAMING.contains(&word) {
            return false;
        }
        at += 1;
    }
    names
}

/// How many words the longest of these phrases has that words begin with.
fn length_of(words: &[&Word<'_>], phrases: &[&str]) -> Option<usize> {
    let (first, more) = words.split_first()?;
    let begins = |phrase: &&str| {
        let behind = phrase.strip_prefix(&*first.word)?;
        if behind.is_empty() {
            return Some(1);
        }
        let mut words = more.iter();
        let mut parts = behind.strip_prefix(' ')?.split(' ');
        parts
            .all(|part| words.next().is_some_and(|word| word.word == part))
            .then(|| phrase.split(' ').count())
    };
    let letter = first.word.as_bytes().first();
    phrases
        .iter()
        .filter(|phrase| phrase.as_bytes().first() == letter)
        .filter_map(begins)
        .max()
}

/// A question, read once somebody asks for its words: most answers say at their first word what they are.
struct Asked<'q> {
    text: &'q str,
    sentences: OnceCell<Vec<Sentence<'q>>>,
    words: OnceCell<HashSet<String>>,
}

impl<'q> Asked<'q> {
    fn of(text: &'q str) -> Self {
        Self {
            text,
            sentences: OnceCell::new(),
            words: OnceCell::new(),
        }
    }

    fn sentences(&self) -> &[Sentence<'q>] {
        self.sentences.get_or_init(|| sentences(self.text))
    }

    /// Whether a word is one of what asks, or of all that was told where the question only asks for a yes.
    fn holds(&self, word: &str) -> bool {
        let words = self.words.get_or_init(|| asked(self.sentences()));
        words.contains(stem(word))
    }

    /// Whether a word is the deed that it asks about: `cancel` of `shall I cancel it?`.
    fn is_deed(&self, word: &str) -> bool {
        let asking = self.sentences().iter().filter(|(_, asks)| *asks);
        let mut deeds = asking.flat_map(|(words, _)| {
            words.windows(3).filter_map(|three| {
                let leads = matches!(
                    (&*three[0].word, &*three[1].word),
                    (
                        "shall" | "should" | "can" | "may" | "could" | "must",
                        "i" | "we"
                    ) | ("me" | "us" | "to", "to")
                        | ("like" | "want" | "wish", "to")
                        | ("let", "me")
                );
                leads.then(|| &*three[2].word)
            })
        });
        deeds.any(|deed| !BETWEEN.contains(&deed) && stem(deed) == stem(word))
    }

    /// Whether a word stands anywhere in it.
    fn names(&self, word: &str) -> bool {
        let mut all = self.sentences().iter().flat_map(|(words, _)| words);
        all.any(|one| stem(&one.word) == stem(word))
    }
}

/// The words of what asks; those of all that was told where the question only asks for a yes.
fn asked(all: &[Sentence<'_>]) -> HashSet<String> {
    let of = |asking: bool| -> HashSet<String> {
        all.iter()
            .filter(|(_, asks)| *asks || !asking)
            .flat_map(|(words, _)| words)
            .map(|one| &*one.word)
            .filter(|word| !BETWEEN.contains(word) && !BACK.contains(word))
            .map(|word| stem(word).to_owned())
            .collect()
    };
    let general = [
        "yes", "confirm", "proceed", "shall", "should", "would", "change", "detail",
    ];
    let own = of(true);
    match own.iter().all(|word| general.contains(&word.as_str())) {
        true => of(false),
        false => own,
    }
}

/// A word without the endings of the deed or the many.
fn stem(word: &str) -> &str {
    let cut = [
        "lation", "ation", "ment", "ling", "ing", "led", "ed", "es", "e", "s",
    ]
    .iter()
    .filter_map(|end| word.strip_suffix(end))
    .find(|rest| rest.chars().count() >= 4);
    match word.bytes().any(|b| b.is_ascii_digit()) {
        true => word,
        false => cut.unwrap_or(word),
    }
}

/// A word in small letters, with the apostrophe of a typewriter.
fn small(word: &str) -> Cow<'_, str> {
    match word
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        true => word.into(),
        false => word.to_lowercase().replace('’', "'").into(),
    }
}

/// The sentences of a text, with the words of each.
fn sentences(text: &str) -> Vec<Sentence<'_>> {
    let mut all: Vec<Sentence<'_>> = Vec::new();
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut start: Option<usize> = None;
    let mut chars = text.char_indices().chain([(text.len(), '\n')]).peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let is_sign = matches!(c, '👍' | '👌' | '✅' | '👎' | '❌');
        let inside = c.is_alphanumeric()
            || start.is_some()
                && matches!(c, '\'' | '’' | '-' | '_' | '.' | ',' | '@')
                && next.is_some_and(char::is_alphanumeric);
        if let Some(begin) = start.filter(|_| !inside) {
            words.push(Word {
                word: small(&text[begin..at]),
                start: begin,
                end: at,
            });
            start = None;
        } else if inside && start.is_none() {
            start = Some(at);
        }
        if is_sign {
            words.push(Word {
                word: text[at..at + c.len_utf8()].into(),
                start: at,
                end: at + c.len_utf8(),
            });
        }
        if matches!(c, '.' | '!' | '?' | '？' | '\n') && !inside && !words.is_empty() {
            all.push((std::mem::take(&mut words), matches!(c, '?' | '？')));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Reply, declines, reply};

    const QUESTION: &str =
        "I found ORD-77192 over 42.10. Shall I cancel order ORD-77192 and refund 42.10?";

    #[test]
    fn plain_answers_only() {
        for text in [
            "Yes, please proceed.",
            "yes",
            "y",
            "Go ahead!",
            "Great, thanks. Yes.",
            "Please proceed with it",
            "That’s correct",
            "Yes, go ahead. Will there be a mail?",
            "Absolutely.",
            "Correct.",
            "Fine by me.",
            "lgtm",
            "SGTM 👍",
            "👍",
            "Mach das.",
            "Ja, gerne.",
            "No worries, yes.",
            "OK",
            "Great, thanks!",
            "Perfect, thank you!",
            "Please",
            "Right",
            "No problem",
            "Let's do it",
            "Make it so",
            "That is all correct",
            "Yes, please go ahead and cancel the order.",
            "Yes, I confirm the cancellation of ORD-77192, thank you!",
        ] {
            assert_eq!(reply(text, QUESTION), Reply::Yes, "{text}");
        }
    }

    #[test]
    fn a_yes_with_more_than_that_names_the_more() {
        for (text, more) in [
            (
                "Sure, provided it is still open.",
                "provided it is still open",
            ),
            (
                "Yes, when the total is below 50.",
                "when the total is below 50",
            ),
            ("Yes assuming Bob agrees.", "assuming Bob agrees"),
            (
                "Yes, as long as it has not shipped.",
                "as long as it has not shipped",
            ),
            ("OK, half of it.", "half of it"),
            ("Ja, aber nur die Hälfte.", "aber nur die Hälfte"),
            (
                "Ok, after you checked with Bob.",
                "after you checked with Bob",
            ),
            ("Yes, but use the other card", "but use the other card"),
            ("Yes, the smaller one.", "the smaller one"),
            ("Yes. Cancel ORD-88213 as well.", "Cancel ORD-88213 as well"),
            ("Yes maybe tomorrow.", "maybe tomorrow"),
            ("Yes, refund 21.05.", "refund 21.05"),
            ("Yes, no voucher needed.", "no voucher needed"),
            (
                "Yes, let's go with the card—no voucher needed, and no receipt. Thanks!",
                "let's go with the card—no voucher needed, and no receipt. Thanks",
            ),
            (
                "Yes, refund it to the card, not as store credit.",
                "refund it to the card, not as store credit",
            ),
            (
                "Yes, go ahead. I don't need a receipt.",
                "go ahead. I don't need a receipt",
            ),
            (
                "Yes, the more expensive one rather.",
                "the more expensive one rather",
            ),
            ("Yes, wait for Bob first.", "wait for Bob first"),
            ("Yes, can you do it today?", "can you do it today"),
            ("Sure, what comes next", "what comes next"),
            ("Yes, instead of the voucher.", "instead of the voucher"),
            (
                "Okay, I see that it is not refundable. Yes, please proceed.",
                "Okay, I see that it is not refundable. Yes, please proceed",
            ),
            (
                "That is a bit much. Well, yes, the details are right otherwise.",
                "That is a bit much. Well, yes, the details are right otherwise",
            ),
        ] {
            match reply(text, QUESTION) {
                Reply::Reserved(from, to) => assert_eq!(&text[from..to], more),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_long_answer_is_a_yes_with_a_reserve() {
        let more = "I'd like it in the small box, please. ".repeat(12);
        let long = |text: &str| reply(&format!("{text} {more}"), QUESTION);
        assert!(matches!(long("Yes, that is right."), Reply::Reserved(..)));
        assert!(matches!(long("I see. Yes, do it."), Reply::Reserved(..)));
        assert_eq!(long("No."), Reply::No);
        assert_eq!(long("I read about it."), Reply::No);
    }

    #[test]
    fn a_yes_to_words_that_ask_nothing_is_one_that_is_hardly_anything_else() {
        for (text, expected) in [
            ("Yes, cancel it.", true),
            ("Okay, yes, thanks.", true),
            ("Go ahead.", true),
            ("Great, please proceed", true),
            ("👍", true),
            ("Yes?", false),
            ("Great. Please do the same for ORD-8.", false),
            ("Correct the address.", false),
            ("Sure", false),
            ("Ok, cancel ORD-8", false),
            ("", false),
        ] {
            assert_eq!(super::begins_with_yes(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_beside_a_yes_may_be_of_what_is_sent() {
        let named = |word: &str| matches!(word, "credit" | "card" | "9725");
        for (more, expected) in [
            ("use the card ending in 9725", true),
            ("with my credit card ending in 9725, thank you", true),
            ("the card", true),
            ("use the other card", false),
            ("but use the card ending in 9725", false),
            ("only the card 9725", false),
            ("use the card ending in 9726", false),
            ("if the card 9725 works", false),
            ("not the card 9725", false),
            ("the card?", false),
            ("please", false),
        ] {
            assert_eq!(super::only_names(more, &named), expected, "{more}");
        }
    }

    #[test]
    fn what_is_no_yes() {
        for text in [
            "",
            "No",
            "Okay never mind, leave it.",
            "Sure, forget about it.",
            "Yeah, right, I hate that idea.",
            "ok what does it cost",
            "Ok. What does it cost?",
            "Ok, which one is cheaper?",
            "Sure?",
            "Which ones?",
            "Yesterday I called",
            "Yes, but don't do it yet.",
            "Yes, actually no.",
            "Yes, don't cancel the order.",
            "No. I said yes yesterday.",
            "Yes... no, hold off for now.",
            "I was told yes by the shop",
            "The shop said: no. Yes?",
            "Hmm, hold on.",
            "Thanks!",
            "Ja, lieber nicht.",
        ] {
            assert_eq!(reply(text, QUESTION), Reply::No, "{text}");
        }
    }

    #[test]
    fn who_declines_says_no_whatever_the_words() {
        let question = "Shall I delete srv-771?";
        for text in [
            "no",
            "No, thanks.",
            "Better not",
            "nein",
            "Cancel that.",
            "stop",
            "Nope!",
            "Hmm, hold on.",
            "Please don't.",
            "Don't delete it",
            "I'd rather not.",
            "Okay never mind, leave it.",
            "Lieber nicht.",
            "Not now",
            "I changed my mind",
            "No, do not delete srv-771.",
            "Let's not",
            "👎",
            "Yes, but don't do it yet.",
        ] {
            assert_eq!(super::declines(text, question), Some(""), "{text}");
        }
        for (text, more) in [
            ("No, delete srv-772 instead.", "delete srv-772 instead."),
            ("No. Rename it to old-771.", "Rename it to old-771."),
            ("No, we still need it", "still need it"),
        ] {
            let found = super::declines(text, question);
            assert!(
                found.is_some_and(|said| said.ends_with(more)),
                "{text}: {found:?}"
            );
        }
        for text in [
            "yes",
            "No worries, yes.",
            "Sure, provided it is still stopped.",
            "Which one is it?",
            "srv-771 is the one",
            "Delete srv-772",
            "Thanks!",
            "",
        ] {
            assert_eq!(super::declines(text, question), None, "{text}");
        }
        for (question, text) in [
            ("Shall I stop the server?", "Stop it"),
            ("Should I cancel the order?", "Cancel it please"),
        ] {
            assert_eq!(super::declines(text, question), None, "{text}");
        }
    }

    /// A yes word in front of it does not make a refusal a yes.
    #[test]
    fn a_refusal_behind_a_yes_word_is_a_no() {
        let question = "Order ORD-77192 is pending. Shall I cancel order ORD-77192?";
        for text in [
            "Yes, I understand. Please don't cancel it.",
            "Yes, I understand, please don't cancel it.",
            "Yeah I heard you. No.",
            "Yeah, I heard you, no.",
            "Yes that is the order, but do not cancel it.",
            "Yes, it's pending, and I want to keep it. Don't cancel.",
            "Correct, that's my order. I changed my mind though, don't cancel it.",
            "Ja, das ist die Bestellung. Bitte nicht stornieren.",
            "Ok I see. Yes that is mine. Please don't cancel it.",
            "Yes, cancel it. Actually no.",
        ] {
            assert_eq!(reply(text, question), Reply::No, "{text}");
            assert_eq!(declines(text, question), Some(""), "{text}");
        }
        for text in [
            "Yes. Please don't send a receipt.",
            "Yes, that one, but don't cancel it if it has shipped.",
            "Yes, and no voucher please.",
            "Yes, cancel it. Can't wait!",
            "Yes, that one. Don't wait for me.",
            "Ja, die Bestellung. Bitte nicht vergessen.",
        ] {
            assert!(
                matches!(reply(text, question), Reply::Reserved(..)),
                "{text}"
            );
            assert_eq!(declines(text, question), None, "{text}");
        }
        // A no to a part of what was asked leaves the rest.
        let text = "Yes, cancel it, but don't refund it.";
        assert!(matches!(reply(text, QUESTION), Reply::Reserved(..)));
        assert_eq!(reply("Yes, do it. No, that's all.", question), Reply::Yes);
    }

    /// Where the question only asks for a yes, what was told before it may be said again.
    #[test]
    fn the_words_of_a_question_may_be_said_again() {
        let question = "I would exchange the keyboard. Do you confirm (yes/no)?";
        assert_eq!(reply("Yes, exchange the keyboard.", question), Reply::Yes);
        let question = "There are ORD-1 and ORD-2. Shall I cancel ORD-1?";
        assert_eq!(reply("Yes, ORD-1", question), Reply::Yes);
        assert!(matches!(reply("Yes, ORD-2", question), Reply::Reserved(..)));
    }
}
