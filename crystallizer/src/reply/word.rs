//! The words of what is said, in small letters, and the sentences that they stand in.

use std::borrow::Cow;

/// A word in small letters, with its place.
pub(super) struct Word<'t> {
    pub(super) word: Cow<'t, str>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A sentence, and whether it asks.
pub(super) type Sentence<'t> = (Vec<Word<'t>>, bool);

/// A word without the endings of the deed or the many.
pub(super) fn stem(word: &str) -> &str {
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
pub(super) fn sentences(text: &str) -> Vec<Sentence<'_>> {
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

/// How many words the longest of these phrases has that words begin with.
pub(super) fn length_of(words: &[&Word<'_>], phrases: &[&str]) -> Option<usize> {
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
