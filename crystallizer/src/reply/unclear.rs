//! An answer that is neither a known yes nor a known no.

use super::phrases::{AROUND, ASKS, BACK, BETWEEN, NEGATES};
use super::question::Asked;
use super::refusal::declines;
use super::word::{Word, sentences};
use super::{Reply, reply_in};

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
