//! Reads a line for a shell, character by character.

use super::aside::aside;
use super::piece::{Piece, is_number};
use super::{DEEPEST, Started};

/// The commands that a line starts.
pub(super) fn read(line: &str, depth: usize) -> Vec<Started> {
    let mut reader = Reader {
        chars: line.chars().collect(),
        at: 0,
        depth,
        documents: Vec::new(),
    };
    reader.block(None, false)
}

/// A here-document whose text is still to come.
struct Document {
    end: String,
    /// Whether nothing in its text is put in.
    plain: bool,
    tabs: bool,
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    documents: Vec<Document>,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Reads up to an end. In a list of data only what stands inside of words is started.
    fn block(&mut self, end: Option<char>, data: bool) -> Vec<Started> {
        self.depth += 1;
        let mut found = Vec::new();
        let mut piece = Piece {
            data,
            ..Piece::default()
        };
        let mut word: Option<String> = None;
        let mut cases = 0_usize;
        let mut pattern = false;
        loop {
            if std::mem::take(&mut pattern) && self.pattern() {
                cases = cases.saturating_sub(1);
            }
            let Some(c) = self.next() else { break };
            let mut ends = false;
            match c {
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(next) => word.get_or_insert_default().push(next),
                },
                '\'' => {
                    let word = word.get_or_insert_default();
                    while let Some(c) = self.next().filter(|c| *c != '\'') {
                        word.push(c);
                    }
                }
                '"' => {
                    let word = word.get_or_insert_default();
                    self.quoted(word, Some('"'), &mut piece.inner);
                }
                '$' | '`' => {
                    let word = word.get_or_insert_default();
                    self.substituted(c, word, &mut piece.inner);
                }
                '&' | '|' | ';' | '(' | ')' | '<' | '>' if piece.is_test() => {
                    word.get_or_insert_default().push(c);
                }
                '<' | '>' if self.peek() == Some('(') && self.depth < DEEPEST => {
                    self.at += 1;
                    let inner = self.block(Some(')'), false);
                    piece.inner.extend(inner);
                    word.get_or_insert_default().push(c);
                }
                '<' | '>' => {
                    if word.as_deref().is_some_and(is_number) {
                        word = None;
                    }
                    piece.take(word.take());
                    if c == '<' && self.eat('<') && !self.eat('<') {
                        self.document();
                    } else {
                        while self
                            .peek()
                            .is_some_and(|c| matches!(c, '<' | '>' | '&' | '|'))
                        {
                            self.at += 1;
                        }
                        piece.redirects = Some(c == '>');
                    }
                }
                '&' if self.peek() == Some('>') => {
                    piece.take(word.take());
                    while self.eat('>') {}
                    piece.redirects = Some(true);
                }
                '#' if word.is_none() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '(' if word.is_some() && self.peek() == Some(')') && piece.words.is_empty() => {
                    // The name of a function.
                    self.at += 1;
                    word = None;
                    piece = Piece::default();
                }
                '(' if self.depth < DEEPEST
                    && word.as_deref().is_some_and(|word| word.ends_with('=')) =>
                {
                    let inner = self.block(Some(')'), true);
                    piece.inner.extend(inner);
                }
                '(' if word.is_none() && self.peek() == Some('(') => {
                    self.at += 1;
                    self.arithmetic(&mut piece.inner);
                }
                '(' if self.depth < DEEPEST => {
                    piece.take(word.take());
                    found.extend(piece.end(self.depth));
                    found.extend(self.block(Some(')'), false));
                }
                ')' if end == Some(')') => break,
                ';' if self.peek() == Some(';') => {
                    while self.eat(';') || self.eat('&') {}
                    pattern = cases > 0;
                    ends = true;
                }
                '&' | '|' | ';' | '(' | ')' | '\n' => ends = true,
                c if c.is_whitespace() => piece.take(word.take()),
                c => word.get_or_insert_default().push(c),
            }
            if ends {
                piece.take(word.take());
            }
            if word.is_none() && piece.is_case() {
                piece.words.clear();
                cases += 1;
                pattern = true;
            }
            if ends {
                found.extend(piece.end(self.depth));
                piece.data = data;
                if c == '\n' {
                    found.extend(self.texts());
                }
            }
        }
        piece.take(word.take());
        found.extend(piece.end(self.depth));
        self.depth -= 1;
        found
    }

    /// Passes over the pattern of a case. Says whether the case ended instead.
    fn pattern(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let ahead: String = self.chars.iter().skip(self.at).take(4).collect();
        if ahead == "esac" {
            self.at += 4;
            return true;
        }
        self.eat('(');
        while self.next().is_some_and(|c| c != ')') {}
        false
    }

    /// What stands in a text where only substitutions are followed.
    fn quoted(&mut self, word: &mut String, end: Option<char>, inner: &mut Vec<Started>) {
        while let Some(c) = self.next() {
            match c {
                c if Some(c) == end => return,
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(next) => {
                        if !matches!(next, '"' | '\\' | '$' | '`') {
                            word.push('\\');
                        }
                        word.push(next);
                    }
                },
                '$' if self.peek() == Some('\'') => word.push(c),
                '$' | '`' => self.substituted(c, word, inner),
                c => word.push(c),
            }
        }
    }

    /// What a `$` or a backtick begins.
    fn substituted(&mut self, c: char, word: &mut String, inner: &mut Vec<Started>) {
        if self.depth >= DEEPEST {
            word.push(aside(c));
            return;
        }
        let start = self.at - 1;
        self.depth += 1;
        if c == '`' {
            let mut text = String::new();
            while let Some(c) = self.next().filter(|c| *c != '`') {
                match c {
                    '\\' => text.extend(self.next()),
                    c => text.push(c),
                }
            }
            inner.extend(read(&text, self.depth));
        } else if self.eat('(') {
            if self.eat('(') {
                self.arithmetic(inner);
            } else {
                inner.extend(self.block(Some(')'), false));
            }
        } else if self.eat('{') {
            self.quoted(&mut String::new(), Some('}'), inner);
        } else if self.eat('\'') {
            while let Some(c) = self.next().filter(|c| *c != '\'') {
                word.push(c);
                if c == '\\' {
                    word.extend(self.next());
                }
            }
            self.depth -= 1;
            return;
        } else {
            // A variable: what a line is made of with it is read by who runs the line.
            word.push(c);
            self.depth -= 1;
            return;
        }
        self.depth -= 1;
        // It stays in the word, so that it can be the name of a program, and is not read a second time.
        let written = self.chars.iter().take(self.at).skip(start);
        word.extend(written.map(|c| aside(*c)));
    }

    /// Passes over `((…))`, whose opening was read.
    fn arithmetic(&mut self, inner: &mut Vec<Started>) {
        let mut open = 2_usize;
        while open > 0 {
            match self.next() {
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some(c @ ('$' | '`')) => self.substituted(c, &mut String::new(), inner),
                Some(_) => {}
                None => return,
            }
        }
    }

    /// The mark of a here-document, behind its `<<`.
    fn document(&mut self) {
        let tabs = self.eat('-');
        while self.eat(' ') || self.eat('\t') {}
        let (mut end, mut plain) = (String::new(), false);
        let mut quote = None;
        while let Some(c) = self.peek() {
            match (quote, c) {
                (Some(mark), c) if c == mark => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(c);
                    plain = true;
                }
                (None, '\\') => plain = true,
                (None, c) if c.is_whitespace() || ";|&<>()".contains(c) => break,
                (_, c) => end.push(c),
            }
            self.at += 1;
        }
        self.documents.push(Document { end, plain, tabs });
    }

    /// Passes over the texts of here-documents: they are given to programs, and name none but in substitutions.
    fn texts(&mut self) -> Vec<Started> {
        let mut found = Vec::new();
        for document in std::mem::take(&mut self.documents) {
            let mut text = String::new();
            while self.at < self.chars.len() {
                let mut line = String::new();
                while let Some(c) = self.next().filter(|c| *c != '\n') {
                    line.push(c);
                }
                let shown = match document.tabs {
                    true => line.trim_start_matches('\t'),
                    false => line.as_str(),
                };
                if shown == document.end {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            if !document.plain {
                let mut reader = Reader {
                    chars: text.chars().collect(),
                    at: 0,
                    depth: self.depth,
                    documents: Vec::new(),
                };
                reader.quoted(&mut String::new(), None, &mut found);
            }
        }
        found
    }
}
