//! The sentences of a text, with their words and the clauses that commas part.

use crate::bound::spoken_time::is_ordinal_of_month;

/// The longest text that is read, in bytes: nobody asks for something at such length.
const LONGEST: usize = 40_000;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bound) struct Token {
    /// In small letters.
    pub(super) word: String,
    /// Where it begins and ends in the text.
    pub(in crate::bound) start: usize,
    pub(super) end: usize,
    /// The number of its clause in the sentence.
    pub(super) clause: usize,
}

/// A sentence.
pub(in crate::bound) type Sentence = Vec<Token>;

/// The sentences of a text.
pub(in crate::bound) fn sentences(text: &str) -> Vec<Sentence> {
    let mut to = text.len().min(LONGEST);
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    let text = &text[..to];
    let mut all: Vec<Sentence> = Vec::new();
    let mut sentence: Sentence = Vec::new();
    let mut clause = 0;
    let mut start: Option<usize> = None;
    let mut chars = text.char_indices().chain([(text.len(), '\n')]).peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let inside = c.is_alphanumeric()
            || start.is_some()
                && (matches!(c, '\'' | '’' | '-' | '_' | '@' | '.' | '/')
                    && next.is_some_and(char::is_alphanumeric)
                    || c == '%'
                    || c == ':' && next.is_some_and(|next| next.is_ascii_digit()));
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(begin), false) => {
                sentence.push(Token {
                    word: text[begin..at].to_lowercase().replace('’', "'"),
                    start: begin,
                    end: at,
                    clause,
                });
                start = None;
            }
            _ => {}
        }
        if inside {
            continue;
        }
        let ends = matches!(c, '\n' | '。' | '！' | '？')
            || matches!(c, '.' | '!' | '?' | ';')
                && next.is_none_or(char::is_whitespace)
                && !(c == '.' && is_shortened(sentence.last(), text, at));
        if ends {
            if !sentence.is_empty() {
                all.push(std::mem::take(&mut sentence));
            }
            clause = 0;
        } else if matches!(c, ',' | ':' | '(' | ')' | '–' | '—' | '-') {
            clause += 1;
        }
    }
    all
}

/// Whether a point ends a shortened word and no sentence: `incl. the pinned ones`, `max. 3`.
fn is_shortened(last: Option<&Token>, text: &str, at: usize) -> bool {
    let Some(last) = last else {
        return false;
    };
    // `am 27. November`
    if is_ordinal_of_month(&text[last.start..]) {
        return true;
    }
    let rest = &text[at..];
    let last = last.word.as_str();
    let digits = rest
        .trim_start_matches(['.', ' '])
        .starts_with(|c: char| c.is_ascii_digit());
    matches!(
        last,
        "e.g"
            | "i.e"
            | "incl"
            | "excl"
            | "approx"
            | "vs"
            | "z.b"
            | "d.h"
            | "bzw"
            | "inkl"
            | "exkl"
            | "ggf"
            | "evtl"
            | "mr"
            | "mrs"
            | "ms"
            | "dr"
    ) || digits && matches!(last, "max" | "min" | "no" | "nr" | "ca" | "mind")
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn words_clauses_and_sentences() {
        let all = sentences(
            "Close T-48121, please. Don’t wait; mail a.b@x.org\nDone, incl. max. 3 of them. No. 完了。次 am 3. Mai",
        );
        let shown: Vec<String> = all
            .iter()
            .map(|sentence| {
                let words: Vec<String> = sentence
                    .iter()
                    .map(|token| format!("{}/{}", token.word, token.clause))
                    .collect();
                words.join(" ")
            })
            .collect();
        assert_eq!(
            shown,
            [
                "close/0 t-48121/0 please/1",
                "don't/0 wait/0",
                "mail/0 a.b@x.org/0",
                "done/0 incl/1 max/1 3/1 of/1 them/1",
                "no/0",
                "完了/0",
                "次/0 am/0 3/0 mai/0"
            ]
        );
    }
}
