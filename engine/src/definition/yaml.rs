//! Reading YAML into a value with places. Strict: what is written stays what it was, nothing is
//! guessed, and the four ways in which YAML eats an expression are said as what they are.
//!
//! This works on the event stream of the YAML parser, because only there it is known how a scalar was
//! written (quoted or not) and where each key stands.

use super::source::{Place, SourceMap};
use crate::Finding;
use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StructureStyle};
use serde_json::{Map, Number, Value};

/// The deepest nesting of a document.
pub(super) const DEPTH_LIMIT: usize = 64;

/// What YAML text gives.
pub(super) struct Read {
    pub(super) value: Value,
    pub(super) source: SourceMap,
    /// Duplicate keys and the like, with places, and warnings.
    pub(super) findings: Vec<Finding>,
}

enum Frame {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<(String, Place, bool)>),
}

struct Reader<'a> {
    text: &'a str,
    frames: Vec<(Frame, Place)>,
    path: Vec<String>,
    done: Option<Value>,
    source: SourceMap,
    findings: Vec<Finding>,
}

/// The comments of a text, each from its `#` on, in order. What cannot be read as YAML ends the list.
pub fn comments(text: &str) -> Vec<String> {
    let mut options = Options::default();
    options.set_emit_comments(true);
    options.max_buffered_comment_events = usize::MAX;
    options.simple_key_max_lookahead = 64 * 1024;
    Parser::new_from_str_with_options(text, options)
        .map_while(Result::ok)
        .filter_map(|(event, _)| match event {
            Event::Comment(comment, _) => Some(format!("#{comment}")),
            _ => None,
        })
        .collect()
}

/// Reads one YAML document.
///
/// # Errors
/// The finding that stops reading, after those that were found on the way.
pub(super) fn read(text: &str) -> Result<Read, Vec<Finding>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    // Keys of recorded arguments may be long.
    options.simple_key_max_lookahead = 64 * 1024;
    options.flow_nesting_limit = DEPTH_LIMIT;
    options.block_nesting_limit = DEPTH_LIMIT;
    let mut reader = Reader {
        text,
        frames: Vec::new(),
        path: Vec::new(),
        done: None,
        source: SourceMap::default(),
        findings: Vec::new(),
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, span)) => reader.event(event, span.start, span.end),
            Err(error) => Err(Box::new(reader.syntax(*error.marker(), &error.info()))),
        };
        if let Err(finding) = step {
            let mut findings = reader.findings;
            findings.push(*finding);
            return Err(findings);
        }
    }
    Ok(Read {
        value: reader.done.unwrap_or(Value::Null),
        source: reader.source,
        findings: reader.findings,
    })
}

fn place(mark: Marker) -> Place {
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (small(mark.line()), small(mark.col() + 1))
}

fn at(mut finding: Finding, (line, column): Place) -> Finding {
    finding.line = Some(line);
    finding.column = Some(column);
    finding
}

/// A finding that ends the reading.
fn stop(finding: Finding, here: Place) -> Box<Finding> {
    Box::new(at(finding, here))
}

impl Reader<'_> {
    fn line(&self, line: u32) -> &str {
        self.text
            .lines()
            .nth(line.saturating_sub(1) as usize)
            .unwrap_or_default()
    }

    /// What cannot be read as YAML, in the words of who meant an expression.
    fn syntax(&self, mark: Marker, info: &str) -> Finding {
        let here = place(mark);
        let line = self.line(here.0);
        if let Some(column) = unquoted_braces(line) {
            return unquoted((here.0, column));
        }
        let value = line
            .split_once(": ")
            .map_or(line, |(_, value)| value)
            .trim();
        let finding = at(
            Finding::error(
                "bad_yaml",
                format!("this is not YAML: {}", info.trim_end_matches('.')),
            ),
            here,
        );
        if info.contains("tab") {
            return finding.help("indent with blanks, not with tabs");
        }
        if value.starts_with(['\'', '"']) {
            return finding.help(
                "YAML takes the first quote as the start of a text: put the whole value in double quotes, as in when: \"'a' == inputs.x\"",
            );
        }
        if value.contains(": ") || value.contains(['\'', '"', '{', '[']) {
            return finding.help("put the whole value in double quotes");
        }
        if value.starts_with(['*', '&', '%', '@', '`', '|', '>']) {
            return finding.help("a value that begins with this sign needs quotes");
        }
        finding
    }

    fn event(&mut self, event: Event<'_>, start: Marker, end: Marker) -> Result<(), Box<Finding>> {
        let here = place(start);
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(_, anchor, tag)
            | Event::MappingStart(_, anchor, tag) => (*anchor, tag.as_deref()),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(stop(
                    Finding::error(
                        "yaml_anchor",
                        "`*` begins a YAML alias, and those are not taken",
                    )
                    .help("write the value out; a text that begins with * needs quotes"),
                    here,
                ));
            }
            Event::DocumentStart(..) if self.done.is_some() => {
                return Err(stop(
                    Finding::error(
                        "bad_yaml",
                        "a file holds one document, and here a second begins",
                    )
                    .help("put it into a file of its own"),
                    here,
                ));
            }
            _ => (0, None),
        };
        if anchor != 0 {
            return Err(stop(
                Finding::error(
                    "yaml_anchor",
                    "`&` begins a YAML anchor, and those are not taken",
                )
                .help("write the value out; a text that begins with & needs quotes"),
                here,
            ));
        }
        if tag.is_some() {
            return Err(stop(
                Finding::error(
                    "yaml_tag",
                    "`!` begins a YAML tag, and what follows it would be lost",
                )
                .help("put the whole expression in double quotes; `not x` says the same as `!x`"),
                here,
            ));
        }
        match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, start, end),
            Event::SequenceStart(..) => {
                self.key_must_be_text(here)?;
                self.open(Frame::List(Vec::new()), here)
            }
            Event::MappingStart(style, ..) => {
                if style == StructureStyle::Flow
                    && start
                        .byte_offset()
                        .and_then(|at| self.text.get(at..at + 2))
                        .is_some_and(|braces| braces == "{{")
                {
                    return Err(Box::new(unquoted(here)));
                }
                self.key_must_be_text(here)?;
                self.open(Frame::Map(Map::new(), None), here)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((frame, begun)) = self.frames.pop() {
                    let value = match frame {
                        Frame::List(items) => Value::Array(items),
                        Frame::Map(map, _) => Value::Object(map),
                    };
                    self.close(value, begun);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn key_must_be_text(&self, here: Place) -> Result<(), Box<Finding>> {
        match self.frames.last() {
            Some((Frame::Map(_, None), _)) => Err(stop(
                Finding::error("bad_yaml", "a key is a text, not a list or a map")
                    .help("a value that begins with { or [ needs quotes to be a text"),
                here,
            )),
            _ => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame, here: Place) -> Result<(), Box<Finding>> {
        if self.frames.len() >= DEPTH_LIMIT {
            return Err(stop(
                Finding::error(
                    "too_deep",
                    format!("the document is nested more than {DEPTH_LIMIT} deep"),
                ),
                here,
            ));
        }
        self.enter();
        self.frames.push((frame, here));
        Ok(())
    }

    /// Puts the segment of the value that begins now on the path.
    fn enter(&mut self) {
        match self.frames.last() {
            Some((Frame::List(items), _)) => self.path.push(items.len().to_string()),
            Some((Frame::Map(_, Some((key, ..))), _)) => self.path.push(key.clone()),
            _ => {}
        }
    }

    fn close(&mut self, value: Value, begun: Place) {
        let pointer = crate::plan::pointer(&self.path);
        let key_place = match self.frames.last() {
            Some((Frame::Map(_, Some((_, key, _))), _)) => Some(*key),
            _ => None,
        };
        self.source.note(pointer, key_place, begun);
        match self.frames.last_mut() {
            Some((Frame::List(items), _)) => {
                items.push(value);
                self.path.pop();
            }
            Some((Frame::Map(map, key), _)) => {
                if let Some((key, _, duplicate)) = key.take()
                    && !duplicate
                {
                    map.insert(key, value);
                }
                self.path.pop();
            }
            None => self.done = Some(value),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        start: Marker,
        end: Marker,
    ) -> Result<(), Box<Finding>> {
        let here = place(start);
        if let Some((Frame::Map(map, key @ None), _)) = self.frames.last_mut() {
            let duplicate = map.contains_key(text);
            *key = Some((text.to_owned(), here, duplicate));
            if duplicate {
                let pointer = format!(
                    "{}{}",
                    crate::plan::pointer(&self.path),
                    crate::plan::pointer(&[text])
                );
                self.findings.push(at(
                    Finding::error("duplicate_key", format!("the key `{text}` is here twice"))
                        .at_path(pointer)
                        .help("remove one of them"),
                    here,
                ));
            }
            return Ok(());
        }
        let value = if style == ScalarStyle::Plain {
            self.comment_in_expression(text, end);
            plain(text)
        } else {
            Value::String(text.to_owned())
        };
        self.enter();
        self.close(value, here);
        Ok(())
    }

    /// An unquoted text with `{{` that is followed by ` #`: the rest of the line is a comment.
    fn comment_in_expression(&mut self, text: &str, end: Marker) {
        if !text.contains("{{") {
            return;
        }
        let rest = end
            .byte_offset()
            .and_then(|at| self.text.get(at..))
            .and_then(|rest| rest.lines().next())
            .unwrap_or_default();
        if rest.trim_start().starts_with('#') {
            self.findings.push(at(
                Finding::warning(
                    "yaml_comment",
                    "the text ends before ` #`: the rest of the line is a YAML comment",
                )
                .help("put the whole value in double quotes if it belongs to the text"),
                place(end),
            ));
        }
    }
}

fn unquoted(here: Place) -> Finding {
    at(
        Finding::error(
            "unquoted_expression",
            "a value that begins with `{{` needs quotes: YAML takes `{` as the start of a map",
        )
        .help("put the whole value in double quotes: \"{{ … }}\""),
        here,
    )
}

/// The column of a value that begins with `{{` without quotes.
fn unquoted_braces(line: &str) -> Option<u32> {
    for before in [": {{", "- {{", "[{{", ", {{"] {
        if let Some(found) = line.find(before) {
            let quoted = line[..found].matches(['"', '\'']).count() % 2 == 1;
            if !quoted {
                let column = line[..found].chars().count() + before.len() - 1;
                return u32::try_from(column).ok();
            }
        }
    }
    None
}

/// What an unquoted scalar is. Only what comes back exactly as it was written is a number: `NO`, `on`,
/// `0123`, `1.10` and `1e3` stay text.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        let number = if let Ok(int) = text.parse::<i64>() {
            Some(Number::from(int))
        } else if let Ok(int) = text.parse::<u64>() {
            Some(Number::from(int))
        } else {
            text.parse::<f64>().ok().and_then(Number::from_f64)
        };
        if let Some(number) = number
            && number.to_string() == text
        {
            return Value::Number(number);
        }
    }
    Value::String(text.to_owned())
}
