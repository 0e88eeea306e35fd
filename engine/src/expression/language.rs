//! The one environment of the language: what it knows, and what it may cost.

use super::functions;
use minijinja::{Environment, UndefinedBehavior};
use std::sync::LazyLock;

/// The filters that an expression may use.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "add_days",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "escape_html",
    "first",
    "first_where",
    "float",
    "format",
    "format_date",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "only",
    "parse_number",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "url_part",
    "urlencode",
    "zip",
];

/// The tests that may follow `is`.
pub(super) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// The functions that an expression may call.
pub(super) const FUNCTIONS: &[&str] = &["dict", "range"];

/// What guarded paths are rewritten to.
pub(super) const LOOK_UP: &str = "__at";

pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(super::FUEL));
    environment.set_debug(false);
    for name in ["safe", "escape", "e"] {
        environment.remove_filter(name);
    }
    for name in ["safe", "escaped", "filter", "test"] {
        environment.remove_test(name);
    }
    for name in ["debug", "namespace"] {
        environment.remove_global(name);
    }
    environment.add_function(LOOK_UP, functions::look_up);
    environment.add_filter("only", functions::only);
    environment.add_filter("first_where", functions::first_where);
    environment.add_filter("add_days", functions::add_days);
    environment.add_filter("format_date", functions::format_date);
    environment.add_filter("parse_number", functions::parse_number);
    environment.add_filter("url_part", functions::url_part);
    environment.add_filter("escape_html", functions::escape_html);
    environment.add_filter("tojson", functions::to_json);
    environment.add_filter("string", functions::string);
    environment.add_filter("join", functions::join);
    environment
});
