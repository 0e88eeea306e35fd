//! A compiled expression.

use super::error::ExpressionError;
use super::language::ENVIRONMENT;
use super::node::Scope;
use super::scan::{Kind, References, Scanned, Token, scan, tokens};
use super::values::Values;
use super::{SOURCE_LIMIT, output, resolve};
use crate::Json;
use minijinja::value::Value as Dyn;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A compiled expression: a `when`, or the inside of one `{{ }}`. Compile once, evaluate often.
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    source: String,
    references: References,
    program: Program,
}

enum Program {
    /// A string literal.
    Constant(Json),
    /// One path without computed parts: followed directly.
    Path,
    Compiled {
        program: minijinja::Expression<'static, 'static>,
        /// Whether its source is the one that was written, so that byte ranges mean something.
        as_written: bool,
    },
}

/// The engine of the language goes down one level for each operator of a chain (`a ~ b ~ c`), and a
/// document must not be able to use up the stack.
const OPERATOR_LIMIT: usize = 200;
/// The most brackets around a part of an expression.
const NESTING_LIMIT: usize = 40;

/// The most brackets that are open at once.
fn nesting(source: &str, tokens: &[Token]) -> usize {
    let mut open = 0usize;
    let mut most = 0;
    for token in tokens {
        match &source[token.range.clone()] {
            "(" | "[" | "{" => open += 1,
            ")" | "]" | "}" => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// An upper bound of how deep an expression nests: everything in it but names, values and separators.
fn depth(source: &str, tokens: &[Token]) -> usize {
    tokens
        .iter()
        .filter(|token| {
            let text = &source[token.range.clone()];
            match token.kind {
                Kind::Mark => !matches!(text, "," | ":" | ")" | "]" | "}"),
                Kind::Name => matches!(text, "and" | "or" | "not" | "in" | "is" | "if" | "else"),
                Kind::Text | Kind::Number => false,
            }
        })
        .count()
}

/// Whether an expression is names with dots between them and nothing else: it is read already, and the engine of the
/// language has nothing to say about it.
fn is_simple_path(source: &str, tokens: &[Token]) -> bool {
    let plain = |(at, token): (usize, &Token)| {
        let text = &source[token.range.clone()];
        match at % 2 {
            0 => token.kind == Kind::Name && text.is_ascii(),
            _ => text == ".",
        }
    };
    let whole = tokens.len() % 2 == 1 && tokens.iter().enumerate().all(plain);
    let root = tokens.first().map(|token| &source[token.range.clone()]);
    whole && matches!(root, Some("inputs" | "steps" | "item"))
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// `bad_expression` for what cannot be read, and for filters, tests and functions that do not exist.
    pub fn compile(source: &str) -> Result<Self, ExpressionError> {
        let (tokens, _) = tokens(source, false)?;
        Self::from_tokens(source, &tokens)
    }

    /// Compiles an expression that is split into tokens already.
    pub(super) fn from_tokens(source: &str, tokens: &[Token]) -> Result<Self, ExpressionError> {
        if tokens.is_empty() {
            return Err(ExpressionError::syntax(
                "the expression is empty",
                0..source.len(),
            ));
        }
        if nesting(source, tokens) > NESTING_LIMIT {
            return Err(ExpressionError::syntax(
                format!("the expression is nested more than {NESTING_LIMIT} deep"),
                0..source.len(),
            )
            .help("do a part of this in a step of its own"));
        }
        if tokens.len() > 1 && depth(source, tokens) > OPERATOR_LIMIT {
            return Err(ExpressionError::syntax(
                format!("the expression has more than {OPERATOR_LIMIT} operators"),
                0..source.len(),
            )
            .help("do a part of this in a step of its own"));
        }
        let Scanned {
            references,
            rewritten,
            constant,
            only_path,
        } = scan(source, tokens)?;
        let program = if let Some(text) = constant {
            Program::Constant(Value::String(text).into())
        } else {
            if source.len() > SOURCE_LIMIT {
                return Err(ExpressionError::syntax(
                    "the expression is longer than 64 KiB",
                    0..source.len(),
                ));
            }
            let as_written = rewritten.is_none();
            let is_simple = only_path && as_written && is_simple_path(source, tokens);
            if is_simple {
                return Ok(Self(Arc::new(Inner {
                    source: source.trim().to_owned(),
                    references,
                    program: Program::Path,
                })));
            }
            let text = rewritten.unwrap_or_else(|| source.to_owned());
            let program = ENVIRONMENT
                .compile_expression_owned(text)
                .map_err(|error| {
                    let mut error = output::foreign(&error);
                    if !as_written {
                        error.range = None;
                    }
                    if let Some(name) = references.items.iter().find_map(|r| r.dashed.as_ref()) {
                        error = error.help(format!(
                            "`{name}` is read as a subtraction: names have no dash"
                        ));
                    }
                    error
                })?;
            if only_path {
                Program::Path
            } else {
                Program::Compiled {
                    program,
                    as_written,
                }
            }
        };
        Ok(Self(Arc::new(Inner {
            source: source.trim().to_owned(),
            references,
            program,
        })))
    }

    /// The value.
    ///
    /// # Errors
    /// `undefined_value`, `expression_failed`, `expression_too_costly`, `output_too_large`.
    pub fn evaluate(&self, values: &Arc<Values>) -> Result<Value, ExpressionError> {
        self.evaluate_json(values).map(|json| json.value().clone())
    }

    /// The value, shared with where it was read from when it is a whole output.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn evaluate_json(&self, values: &Arc<Values>) -> Result<Json, ExpressionError> {
        match &self.0.program {
            Program::Constant(json) => Ok(json.clone()),
            Program::Path => resolve::resolve(&self.0.references.items[0], values),
            Program::Compiled { .. } => guarded(|| {
                let value = self.run(values)?;
                output::json(&value).map_err(|error| self.explained(error, values))
            }),
        }
    }

    /// Whether the value counts as true: null, false, zero, and what is empty do not.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn holds(&self, values: &Arc<Values>) -> Result<bool, ExpressionError> {
        if let Program::Compiled { .. } = self.0.program {
            return guarded(|| Ok(self.run(values)?.is_true()));
        }
        let json = self.evaluate_json(values)?;
        Ok(match json.value() {
            Value::Null => false,
            Value::Bool(bool) => *bool,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(map) => !map.is_empty(),
        })
    }

    /// The values that it names.
    pub fn references(&self) -> &References {
        &self.0.references
    }

    /// The source, without blanks around it.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The value, when the whole expression is one string literal.
    pub(super) fn constant(&self) -> Option<&Json> {
        match &self.0.program {
            Program::Constant(json) => Some(json),
            _ => None,
        }
    }

    fn run(&self, values: &Arc<Values>) -> Result<Dyn, ExpressionError> {
        let Program::Compiled {
            program,
            as_written,
        } = &self.0.program
        else {
            return Err(output::undefined());
        };
        let value = program
            .eval(Dyn::from_object(Scope(values.clone())))
            .map_err(|error| {
                let mut ours = output::foreign(&error);
                if !as_written {
                    ours.range = None;
                }
                self.explained(ours, values)
            })?;
        if value.kind() == minijinja::value::ValueKind::Invalid {
            // An error that was kept as a value: writing it brings it out.
            return Err(output::json(&value).err().unwrap_or_else(output::undefined));
        }
        if value.is_undefined() {
            return Err(self.explained(output::undefined(), values));
        }
        Ok(value)
    }

    fn explained(&self, error: ExpressionError, values: &Values) -> ExpressionError {
        if error.code != "undefined_value" {
            return error;
        }
        resolve::explain(&self.0.references, values).unwrap_or(error)
    }
}

/// Works something out from values of which nobody knows what they are. Tests see each panic, so that it is
/// mended.
fn guarded<T>(work: impl FnOnce() -> Result<T, ExpressionError>) -> Result<T, ExpressionError> {
    match cfg!(test) {
        true => work(),
        false => shielded(work),
    }
}

/// A panic in a library that is given such values is an error of this expression, the same in each process.
pub(super) fn shielded<T>(
    work: impl FnOnce() -> Result<T, ExpressionError>,
) -> Result<T, ExpressionError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(ExpressionError::fault()))
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.0.source)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}
