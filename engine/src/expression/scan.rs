//! Reading an expression without evaluating it: its tokens, the values it names, and where it ends.

use super::error::{ExpressionError, nearest};
use super::language::{FILTERS, FUNCTIONS, TESTS};
use super::literal::unescape;
use std::ops::Range;

/// A piece of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Text,
    Number,
    /// One or two characters of punctuation.
    Mark,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Splits an expression into tokens. Within a template it stops at the closing `}}` and gives its place.
pub(super) fn tokens(
    source: &str,
    in_template: bool,
) -> Result<(Vec<Token>, usize), ExpressionError> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut braces = 0usize;
    while let Some(c) = source.get(at..).and_then(|rest| rest.chars().next()) {
        let start = at;
        let kind = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c.is_alphabetic() || c == '_' {
            at += source[at..]
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(source.len() - at);
            Kind::Name
        } else if c.is_ascii_digit() {
            at = number_end(bytes, at);
            Kind::Number
        } else if c == '\'' || c == '"' {
            at += 1;
            loop {
                match bytes.get(at) {
                    None => {
                        return Err(ExpressionError::syntax(
                            format!("the text that begins with {c} is never closed"),
                            start..source.len(),
                        ));
                    }
                    Some(b'\\') => at += 2,
                    Some(byte) if char::from(*byte) == c => break,
                    Some(_) => at += 1,
                }
            }
            at += 1;
            Kind::Text
        } else {
            if in_template && c == '}' && braces == 0 && bytes.get(at + 1) == Some(&b'}') {
                return Ok((tokens, at));
            }
            match c {
                '{' => braces += 1,
                '}' => braces = braces.saturating_sub(1),
                _ => {}
            }
            at += c.len_utf8();
            if matches!(
                source.get(start..at + 1),
                Some("==" | "!=" | "<=" | ">=" | "**" | "//")
            ) {
                at += 1;
            }
            Kind::Mark
        };
        tokens.push(Token {
            kind,
            range: start..at,
        });
    }
    if in_template {
        return Err(
            ExpressionError::syntax("`{{` is never closed by `}}`", 0..source.len())
                .help("text that holds `{{` as it is, is written {{ '{{' }}"),
        );
    }
    Ok((tokens, source.len()))
}

fn number_end(bytes: &[u8], mut at: usize) -> usize {
    let digits = |mut at: usize| {
        while bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        {
            at += 1;
        }
        at
    };
    at = digits(at);
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'+' | b'-'))
        && matches!(bytes.get(at - 1), Some(b'e' | b'E'))
        && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    {
        at = digits(at + 1);
    }
    at
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A key of a map.
    Key(String),
    /// An index of a list; negative counts from the end.
    Index(i64),
    /// Something that is computed.
    Dynamic,
}

/// A value that an expression names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name at the top: `inputs`, `steps`, `trigger`, `run`, `secrets`, or another.
    pub root: String,
    /// What follows it.
    pub path: Vec<Segment>,
    /// Whether `| default(…)` follows, or it is only asked whether it is defined.
    pub guarded: bool,
    /// Whether it stands inside `default(…)`: it is needed only when what is before is missing.
    pub fallback: bool,
    /// Bytes of the expression.
    pub range: Range<usize>,
    /// The whole name, when the path is followed by a dash and more as in `steps.send-mail`.
    pub dashed: Option<String>,
}

impl Reference {
    /// The key at a place of the path.
    pub fn key(&self, index: usize) -> Option<&str> {
        match self.path.get(index) {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The path as it is written, up to `count` segments.
    pub fn text(&self, count: usize) -> String {
        let mut out = self.root.clone();
        for segment in self.path.iter().take(count) {
            match segment {
                Segment::Key(key) if is_name(key) => {
                    out.push('.');
                    out.push_str(key);
                }
                Segment::Key(key) => out.push_str(&format!("[{key:?}]")),
                Segment::Index(index) => out.push_str(&format!("[{index}]")),
                Segment::Dynamic => out.push_str("[…]"),
            }
        }
        out
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The values that an expression names, in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// All of them.
    pub items: Vec<Reference>,
}

impl References {
    fn under<'a>(&'a self, root: &'static str) -> impl Iterator<Item = &'a Reference> {
        self.items.iter().filter(move |item| item.root == root)
    }

    /// Names of inputs.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.under("inputs").filter_map(|item| item.key(0))
    }

    /// References to steps; the id is `key(0)`, `output`, `status` or `error` is `key(1)`.
    pub fn steps(&self) -> impl Iterator<Item = &Reference> {
        self.under("steps")
    }

    /// Names of secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.under("secrets").filter_map(|item| item.key(0))
    }

    /// Whether the expression reads the output of this step in a way that needs the output to be there.
    /// A test of the step's status, or of whether it is defined, in the same expression counts as a guard.
    pub fn needs_output_of(&self, step: &str) -> bool {
        let of_step = || self.steps().filter(|item| item.key(0) == Some(step));
        let tested = of_step().any(|item| item.key(1) == Some("status") || item.guarded);
        !tested && of_step().any(|item| item.key(1) == Some("output") && !item.fallback)
    }
}

/// An expression as far as it is understood without evaluating it.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) references: References,
    /// The source in which guarded paths are looked up as a whole; `None` when it is as written.
    pub(super) rewritten: Option<String>,
    /// The value, when the whole expression is one string literal.
    pub(super) constant: Option<String>,
    /// Whether the whole expression is the one reference.
    pub(super) only_path: bool,
}

const KEYWORDS: [&str; 13] = [
    "true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else",
];

/// What can be said about an expression from its tokens.
pub(super) fn scan(source: &str, tokens: &[Token]) -> Result<Scanned, ExpressionError> {
    let text = |token: &Token| &source[token.range.clone()];
    if let [only] = tokens
        && only.kind == Kind::Text
    {
        let inside = &source[only.range.start + 1..only.range.end - 1];
        return Ok(Scanned {
            references: References::default(),
            rewritten: None,
            constant: unescape(inside),
            only_path: false,
        });
    }
    let mut references = References::default();
    let mut edits = Edits::new();
    let mut only_path = false;
    // The index of the token that closes the outermost `default(…)` that is open.
    let mut fallback_until = 0;
    for (index, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Name {
            continue;
        }
        let name = text(token);
        let before = index.checked_sub(1).map_or("", |i| text(&tokens[i]));
        let after = tokens.get(index + 1).map_or("", text);
        let known = |what: &str, list: &[&str]| -> Result<(), ExpressionError> {
            if list.contains(&name) {
                return Ok(());
            }
            let error = ExpressionError::syntax(
                format!("there is no {what} `{name}`"),
                token.range.clone(),
            );
            Err(match nearest(name, list.iter().copied()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            })
        };
        match before {
            "." => {
                if after == "(" {
                    return Err(ExpressionError::syntax(
                        format!("`{name}(…)` is a method call, and values have no methods"),
                        token.range.clone(),
                    )
                    .help("use a filter, such as `value | upper`"));
                }
                continue;
            }
            "|" => {
                known("filter", FILTERS)?;
                if matches!(name, "default" | "d") && after == "(" {
                    let close = matching(source, tokens, index + 1, "(", ")");
                    fallback_until = fallback_until.max(close.unwrap_or(tokens.len()));
                }
                continue;
            }
            "is" if name != "not" => {
                known("test", TESTS)?;
                continue;
            }
            "not" if index >= 2 && text(&tokens[index - 2]) == "is" => {
                known("test", TESTS)?;
                continue;
            }
            _ => {}
        }
        if KEYWORDS.contains(&name) {
            continue;
        }
        if after == "(" {
            known("function", FUNCTIONS)?;
            continue;
        }
        if after == "=" {
            continue; // a named argument
        }
        let (mut reference, end) = path(source, tokens, index, None);
        only_path = index == 0 && end == tokens.len();
        reference.fallback = index < fallback_until;
        if (reference.guarded || reference.fallback) && !reference.path.is_empty() {
            path(source, tokens, index, Some(&mut edits));
        }
        // Most expressions name one value.
        if references.items.is_empty() {
            references.items.reserve_exact(1);
        }
        references.items.push(reference);
    }
    let only_path = only_path
        && references.items.len() == 1
        && !references.items[0].path.contains(&Segment::Dynamic);
    Ok(Scanned {
        references,
        rewritten: (!edits.is_empty()).then(|| apply(source, edits)),
        constant: None,
        only_path,
    })
}

/// Changes of a source: the bytes that are replaced, and what by.
type Edits = Vec<(Range<usize>, String)>;

/// Reads the path that begins with the name at `index`: the reference, and the index of the token behind it. `edits`
/// takes what makes it one look-up, where that is needed.
fn path(
    source: &str,
    tokens: &[Token],
    index: usize,
    mut edits: Option<&mut Edits>,
) -> (Reference, usize) {
    let text = |i: usize| tokens.get(i).map_or("", |t| &source[t.range.clone()]);
    let kind = |i: usize| tokens.get(i).map(|t| t.kind);
    let root = &tokens[index];
    let mut reference = Reference {
        root: text(index).to_owned(),
        path: Vec::new(),
        guarded: false,
        fallback: false,
        range: root.range.clone(),
        dashed: None,
    };
    let mut edit = |range: Range<usize>, by: &dyn Fn() -> String| {
        if let Some(edits) = &mut edits {
            edits.push((range, by()));
        }
    };
    edit(root.range.start..root.range.start, &|| "__at(".to_owned());
    let mut at = index + 1;
    let mut end = root.range.end;
    loop {
        match (text(at), kind(at + 1)) {
            (".", Some(Kind::Name)) => {
                let name = text(at + 1);
                reference.path.push(Segment::Key(name.to_owned()));
                end = tokens[at + 1].range.end;
                edit(tokens[at].range.start..end, &|| format!(", '{name}'"));
                at += 2;
            }
            ("[", Some(_)) => {
                let Some(close) = matching(source, tokens, at, "[", "]") else {
                    break;
                };
                let segment = match (kind(at + 1), close - at) {
                    (Some(Kind::Text), 2) => {
                        let quoted = text(at + 1);
                        match unescape(&quoted[1..quoted.len() - 1]) {
                            Some(key) => Segment::Key(key),
                            None => Segment::Dynamic,
                        }
                    }
                    (Some(Kind::Number), 2) => text(at + 1)
                        .parse()
                        .map_or(Segment::Dynamic, Segment::Index),
                    (_, 3) if text(at + 1) == "-" => format!("-{}", text(at + 2))
                        .parse()
                        .map_or(Segment::Dynamic, Segment::Index),
                    _ => Segment::Dynamic,
                };
                if segment == Segment::Dynamic && slice(source, tokens, at, close) {
                    // A slice is not a look-up; what stands before it is the path.
                    break;
                }
                reference.path.push(segment);
                edit(tokens[at].range.clone(), &|| ", (".to_owned());
                edit(tokens[close].range.clone(), &|| ")".to_owned());
                end = tokens[close].range.end;
                at = close + 1;
            }
            _ => break,
        }
    }
    edit(end..end, &|| ")".to_owned());
    reference.range.end = end;
    let next = (text(at), text(at + 1), text(at + 2));
    reference.guarded = matches!(
        next,
        ("|", "default" | "d", _)
            | ("is", "defined" | "undefined", _)
            | ("is", "not", "defined" | "undefined")
    );
    if text(at) == "-"
        && tokens[at].range.start == end
        && tokens
            .get(at + 1)
            .is_some_and(|t| t.kind == Kind::Name && t.range.start == end + 1)
        && let Some(Segment::Key(last)) = reference.path.last()
    {
        let mut whole = last.clone();
        let mut next = at;
        while text(next) == "-" && kind(next + 1) == Some(Kind::Name) {
            whole.push('-');
            whole.push_str(text(next + 1));
            next += 2;
        }
        reference.dashed = Some(whole);
    }
    (reference, at)
}

/// The index of the bracket that closes the one at `open`.
fn matching(
    source: &str,
    tokens: &[Token],
    open: usize,
    opening: &str,
    closing: &str,
) -> Option<usize> {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        let text = &source[token.range.clone()];
        if text == opening {
            depth += 1;
        } else if text == closing {
            // The first token is the opening one.
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// Whether there is a colon directly inside these brackets.
fn slice(source: &str, tokens: &[Token], open: usize, close: usize) -> bool {
    let mut depth = 0usize;
    for token in &tokens[open + 1..close] {
        match &source[token.range.clone()] {
            "[" | "{" | "(" => depth += 1,
            "]" | "}" | ")" => depth = depth.saturating_sub(1),
            ":" if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

fn apply(source: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(source.len() + edits.len() * 8);
    let mut at = 0;
    for (range, text) in edits {
        if range.start >= at {
            out.push_str(&source[at..range.start]);
            out.push_str(&text);
            at = range.end;
        }
    }
    out.push_str(&source[at..]);
    out
}
