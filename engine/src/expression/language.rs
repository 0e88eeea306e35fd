//! The one environment of the language: what it knows, and what it may cost.

use super::{extract, functions, select};
use minijinja::{Environment, UndefinedBehavior};
use std::sync::LazyLock;

/// The filters that an expression may use.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "add_days",
    "add_minutes",
    "agreed",
    "attr",
    "batch",
    "between",
    "bool",
    "capitalize",
    "chain",
    "column",
    "count",
    "d",
    "default",
    "dictsort",
    "email_part",
    "entries",
    "escape_html",
    "first",
    "first_where",
    "float",
    "format",
    "format_date",
    "from_epoch",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "line_value",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "max_by",
    "min",
    "min_by",
    "next_weekday",
    "only",
    "parse_date",
    "parse_json",
    "parse_number",
    "parse_yaml",
    "path_part",
    "pick",
    "plain_path",
    "plain_word",
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
    "to_epoch",
    "tojson",
    "trim",
    "unique",
    "upper",
    "url_part",
    "url_segment",
    "urlencode",
    "where",
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
    environment.add_filter("add_minutes", functions::add_minutes);
    environment.add_filter("next_weekday", functions::next_weekday);
    environment.add_filter("format_date", functions::format_date);
    environment.add_filter("parse_number", functions::parse_number);
    environment.add_filter("url_part", functions::url_part);
    environment.add_filter("escape_html", functions::escape_html);
    environment.add_filter("where", select::where_);
    environment.add_filter("entries", select::entries);
    environment.add_filter("min_by", select::min_by);
    environment.add_filter("max_by", select::max_by);
    environment.add_filter("pick", select::pick);
    environment.add_filter("column", select::column);
    environment.add_filter("agreed", select::agreed);
    environment.add_filter("parse_json", extract::parse_json);
    environment.add_filter("parse_yaml", extract::parse_yaml);
    environment.add_filter("line_value", extract::line_value);
    environment.add_filter("between", extract::between);
    environment.add_filter("email_part", extract::email_part);
    environment.add_filter("path_part", extract::path_part);
    environment.add_filter("plain_path", extract::plain_path);
    environment.add_filter("plain_word", extract::plain_word);
    environment.add_filter("url_segment", extract::url_segment);
    environment.add_filter("parse_date", extract::parse_date);
    environment.add_filter("from_epoch", extract::from_epoch);
    environment.add_filter("to_epoch", extract::to_epoch);
    environment.add_filter("tojson", functions::to_json);
    environment.add_filter("string", functions::string);
    environment.add_filter("join", functions::join);
    environment
});
