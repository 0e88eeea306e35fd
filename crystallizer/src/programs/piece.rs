//! One command as it is read, word by word.

use super::Started;
use super::command::started;

/// Words of the grammar that stand before a command.
const GRAMMAR: [&str; 13] = [
    "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "esac",
];

/// One command as it is read.
#[derive(Default)]
pub(super) struct Piece {
    pub(super) words: Vec<String>,
    /// What is started inside of its words.
    pub(super) inner: Vec<Started>,
    pub(super) writes: bool,
    /// The next word is where a redirection goes: whether it writes.
    pub(super) redirects: Option<bool>,
    /// Its words are no command: what a loop goes over.
    pub(super) data: bool,
    /// The next word is the name of a function.
    pub(super) names: bool,
}

impl Piece {
    pub(super) fn is_test(&self) -> bool {
        self.words.first().is_some_and(|word| word == "[[")
            && self.words.last().is_none_or(|word| word != "]]")
    }

    pub(super) fn take(&mut self, word: Option<String>) {
        let Some(word) = word else { return };
        if let Some(writes) = self.redirects.take() {
            let nowhere = word == "/dev/null" || word == "-" || is_number(&word);
            self.writes |= writes && !nowhere;
            return;
        }
        if std::mem::take(&mut self.names) || self.data {
            return;
        }
        if self.words.is_empty() {
            match word.as_str() {
                "for" | "select" => self.data = true,
                "function" => self.names = true,
                word if GRAMMAR.contains(&word) || is_assignment(word) => {}
                _ => self.words.push(word),
            }
            return;
        }
        self.words.push(word);
    }

    /// Whether it is the head of a `case`.
    pub(super) fn is_case(&self) -> bool {
        self.words.len() == 3 && self.words[0] == "case" && self.words[2] == "in"
    }

    /// What it starts. It is empty afterwards.
    pub(super) fn end(&mut self, depth: usize) -> Vec<Started> {
        let piece = std::mem::take(self);
        let mut found = Vec::new();
        started(&piece.words, piece.writes, depth, &mut found);
        found.extend(piece.inner);
        found
    }
}

pub(super) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a word gives a variable its value: `A=1`, `A+=1`, `A[1]=x`.
pub(super) fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else {
        return false;
    };
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = match name.split_once('[') {
        Some((name, index)) if index.ends_with(']') => name,
        Some(_) => return false,
        None => name,
    };
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
