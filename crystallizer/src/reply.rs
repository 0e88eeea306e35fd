//! What a person answers when the agent asked for a yes. A yes is made of yes words, courtesies and the question's own
//! words, and of nothing else: whatever more is said may leave something out, and is asked about.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

/// Longest answer that is taken for a yes, in characters.
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

/// What says yes by itself.
const YES: &[&str] = &[
    "yes please do",
    "that is correct",
    "that's correct",
    "that is right",
    "that's right",
    "that is fine",
    "that's fine",
    "that works for me",
    "that works",
    "that sounds good",
    "that sounds great",
    "sounds good to me",
    "sounds good",
    "sounds great",
    "looks good to me",
    "looks good",
    "fine by me",
    "fine with me",
    "works for me",
    "of course",
    "go for it",
    "go ahead",
    "please do",
    "do it",
    "do that",
    "i confirm",
    "i approve",
    "i agree",
    "mach das",
    "mach es",
    "mach mal",
    "bitte machen",
    "auf jeden fall",
    "in ordnung",
    "d'accord",
    "de acuerdo",
    "yes",
    "y",
    "yep",
    "yeah",
    "yup",
    "sure thing",
    "sure",
    "confirm",
    "confirmed",
    "proceed",
    "approve",
    "approved",
    "absolutely",
    "definitely",
    "certainly",
    "correct",
    "exactly",
    "agreed",
    "lgtm",
    "sgtm",
    "ja",
    "jawohl",
    "genau",
    "gerne",
    "einverstanden",
    "oui",
    "sí",
    "si",
    "👍",
    "👌",
    "✅",
];

/// What says yes, or only that something was heard.
const HEARD: &[&str] = &["ok", "okay", "fine", "alright", "all right"];

/// What is said beside a yes and changes nothing.
const COURTESY: &[&str] = &[
    "no worries",
    "no problem",
    "thank you so much",
    "thank you very much",
    "thank you",
    "thanks a lot",
    "thanks",
    "that would be great",
    "that'd be great",
    "many",
    "please",
    "kindly",
    "oh",
    "great",
    "perfect",
    "excellent",
    "wonderful",
    "awesome",
    "good",
    "bitte",
    "danke",
    "vielen dank",
    "gern",
    "merci",
    "s'il vous plaît",
    "gracias",
    "por favor",
];

/// The words between those that say something.
const BETWEEN: &[&str] = &[
    "i", "i'd", "i'm", "i'll", "would", "like", "want", "to", "you", "can", "let's", "let", "me",
    "my", "the", "a", "an", "this", "that", "these", "those", "it", "is", "are", "of", "for", "in",
    "on", "with", "and", "happy", "go", "make", "do", "das", "die", "der", "den", "es", "und",
    "so", "mit",
];

/// What takes a yes back, or gives another order in its place.
const BACK: &[&str] = &[
    "no",
    "not",
    "nope",
    "don't",
    "dont",
    "doesn't",
    "can't",
    "won't",
    "never",
    "nevermind",
    "none",
    "wait",
    "stop",
    "hold",
    "forget",
    "leave",
    "skip",
    "hate",
    "dislike",
    "abort",
    "instead",
    "rather",
    "which",
    "nein",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "nie",
    "lass",
    "vergiss",
    "warte",
    "stopp",
    "lieber",
    "non",
];

/// What opens a question.
const ASKS: &[&str] = &[
    "what", "what's", "which", "how", "why", "where", "who", "was", "wie", "warum", "welche", "wo",
    "wer",
];

/// What a condition or a limit begins with. What is negated behind it is a part of it.
const LIMITS: &[&str] = &[
    "if",
    "unless",
    "provided",
    "providing",
    "assuming",
    "as",
    "when",
    "whenever",
    "once",
    "after",
    "before",
    "until",
    "till",
    "except",
    "only",
    "wenn",
    "falls",
    "sofern",
    "solange",
    "sobald",
    "nachdem",
    "bevor",
    "bis",
    "außer",
    "nur",
];

/// What joins an objection to a yes.
const OBJECTS: &[&str] = &["but", "however", "though", "half", "aber", "jedoch", "halb"];

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
    match is_short(text) {
        true => reply_in(text, &sentences(text), &Asked::of(question)),
        false => Reply::No,
    }
}

/// Whether a text may be a yes.
fn is_short(text: &str) -> bool {
    text.len() <= LONGEST || text.chars().count() <= LONGEST
}

/// What a text answers whose sentences are known.
fn reply_in(text: &str, sentences: &[Sentence<'_>], question: &Asked<'_>) -> Reply {
    if sentences.first().is_none_or(|(_, asks)| *asks) {
        return Reply::No;
    }
    // A question beside a yes leaves it one; beside an “ok” it is what somebody wants to know first.
    let said: Vec<&Word<'_>> = sentences
        .iter()
        .filter(|(_, asks)| !asks)
        .flat_map(|(words, _)| words)
        .collect();
    let asks = sentences.iter().any(|(_, asks)| *asks);
    let mut at = 0;
    let strong = loop {
        if let Some(length) = length_of(&said[at..], YES) {
            at += length;
            break true;
        }
        if let Some(length) = length_of(&said[at..], HEARD) {
            at += length;
            // A yes may follow it.
            let next = length_of(&said[at..], YES);
            at += next.unwrap_or_default();
            break next.is_some();
        }
        match length_of(&said[at..], COURTESY) {
            Some(length) => at += length,
            None => return Reply::No,
        }
    };
    let rest = &said[at..];
    let takes_back = rest
        .iter()
        .take_while(|one| !LIMITS.contains(&&*one.word))
        .enumerate()
        .any(|(at, one)| BACK.contains(&&*one.word) && length_of(&rest[at..], COURTESY).is_none());
    let wonders = rest.first().is_some_and(|one| ASKS.contains(&&*one.word));
    if takes_back || wonders || asks && !strong {
        return Reply::No;
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
            None => {
                // All of it is shown, with the words around it: “the smaller one”.
                let first = rest.first().map_or(0, |one| one.start);
                let last = rest.last().map_or(text.len(), |one| one.end);
                return Reply::Reserved(first, last);
            }
        }
    }
    Reply::Yes
}

/// What declines by itself, or makes a sentence that it begins decline.
const DECLINES: &[&str] = &[
    "no",
    "nope",
    "nah",
    "no way",
    "no thanks",
    "no thank you",
    "negative",
    "not",
    "don't",
    "dont",
    "won't",
    "can't",
    "never",
    "never mind",
    "nevermind",
    "better not",
    "rather not",
    "prefer not",
    "wait",
    "stop",
    "hold on",
    "hold off",
    "forget it",
    "forget about it",
    "forget that",
    "forget about that",
    "leave it",
    "leave that",
    "skip",
    "abort",
    "cancel",
    "decline",
    "refuse",
    "disagree",
    "hate",
    "dislike",
    "changed my mind",
    "change my mind",
    "nein",
    "nee",
    "nö",
    "nicht",
    "lieber nicht",
    "besser nicht",
    "auf keinen fall",
    "keinesfalls",
    "lass",
    "stopp",
    "halt",
    "abbrechen",
    "warte",
    "vergiss",
    "non",
    "pas",
    "ne pas",
    "tampoco",
    "mejor no",
    "👎",
    "❌",
];

/// Those that may be what was asked about: in answer to “shall I stop it?”, a “stop” is none.
const MAY_BE_ASKED: &[&str] = &[
    "stop", "cancel", "skip", "abort", "decline", "refuse", "wait", "leave", "forget", "stopp",
];

/// What a decline may follow, and what may follow it, without saying anything.
const AROUND: &[&str] = &[
    "right",
    "hmm",
    "hm",
    "oh",
    "uh",
    "um",
    "ah",
    "well",
    "actually",
    "sorry",
    "i'm afraid",
    "think",
    "then",
    "now",
    "yet",
    "there",
    "we",
    "us",
    "your",
    "have",
    "i've",
    "had",
    "just",
    "but",
    "on",
    "second",
    "thought",
    "thoughts",
    "at",
    "all",
    "moment",
    "time",
    "today",
    "ach",
    "ähm",
    "also",
    "ich",
    "wir",
    "doch",
    "jetzt",
    "mal",
    "noch",
    "sein",
    "lieber",
    "danke",
    "gracias",
    "merci",
    "mind",
    "absolutely",
    "definitely",
    "certainly",
    "that's",
    "it's",
    "will",
    "am",
    "be",
    "could",
    "should",
];

/// What a text says beside a no to a question; nothing where it does not decline.
pub(crate) fn declines<'t>(text: &'t str, question: &str) -> Option<&'t str> {
    let all = sentences(text);
    let question = Asked::of(question);
    if is_short(text) && reply_in(text, &all, &question) != Reply::No {
        return None;
    }
    let declining = |words: &[&Word<'_>]| {
        let length = length_of(words, DECLINES)?;
        let word = &*words.first()?.word;
        (!MAY_BE_ASKED.contains(&word) || !question.names(word)).then_some(length)
    };
    let silent = |words: &[&Word<'_>]| {
        [YES, HEARD, COURTESY, AROUND, BETWEEN]
            .iter()
            .find_map(|phrases| length_of(words, phrases))
    };
    let words: Vec<&Word<'_>> = all
        .iter()
        .filter(|(_, asks)| !asks)
        .flat_map(|(words, _)| words)
        .collect();
    let mut at = 0;
    loop {
        let rest = words.get(at..).filter(|rest| !rest.is_empty())?;
        // A no is longer than the courtesy that it begins: “no worries”.
        let courtesy = length_of(rest, COURTESY).unwrap_or_default();
        match declining(rest).filter(|length| *length >= courtesy) {
            Some(length) => {
                at += length;
                break;
            }
            None => at += silent(rest)?,
        }
    }
    let first = at;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let echo = || question.holds(&rest[0].word).then_some(1);
        match declining(rest).or_else(|| silent(rest)).or_else(echo) {
            Some(length) => at += length,
            None => return Some(&text[words[first].start..]),
        }
    }
    Some("")
}

/// What says that something is not to be done.
const NEGATES: &[&str] = &[
    "no", "not", "don't", "dont", "never", "without", "nicht", "kein", "keine", "keinen", "nie",
    "non", "pas",
];

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

/// What is said beside the name of what is to be used.
const NAMING: &[&str] = &[
    "use", "using", "pay", "take", "ending", "ends", "number", "last", "four", "digits", "please",
    "nimm", "nutze", "endend", "endet",
];

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
    use super::{Reply, reply};

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
        ] {
            match reply(text, QUESTION) {
                Reply::Reserved(from, to) => assert_eq!(&text[from..to], more),
                other => panic!("{text}: {other:?}"),
            }
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
            "Yes, the more expensive one rather.",
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
