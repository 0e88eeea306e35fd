//! What the verbs in the words of a tool's name say that it does. The first known verb decides; a further word makes it
//! stricter where it is a verb, too, and not the name of what is looked at: `get_or_create_user` creates, while
//! `get_order` and `list_deletes` only look.

use druse_engine::definition::EffectLevel;

const COMPUTES: [&str; 5] = ["calculate", "think", "compute", "convert", "parse"];
const LOOKS: [&str; 36] = [
    "get",
    "list",
    "read",
    "search",
    "find",
    "fetch",
    "lookup",
    "show",
    "describe",
    "count",
    "check",
    "view",
    "browse",
    "query",
    "select",
    "retrieve",
    "load",
    "download",
    "glob",
    "grep",
    "inspect",
    "peek",
    "preview",
    "whois",
    "status",
    "history",
    "ls",
    "verify",
    "validate",
    "compare",
    "analyze",
    "analyse",
    "summarize",
    "summarise",
    "classify",
    "translate",
];
const SETS: [&str; 10] = [
    "update", "set", "put", "upsert", "rename", "replace", "edit", "mark", "assign", "sync",
];
const CHANGES: [&str; 40] = [
    "create",
    "add",
    "insert",
    "append",
    "post",
    "write",
    "book",
    "reserve",
    "send",
    "invite",
    "schedule",
    "reschedule",
    "share",
    "transfer",
    "pay",
    "publish",
    "submit",
    "order",
    "buy",
    "purchase",
    "charge",
    "refund",
    "upload",
    "move",
    "copy",
    "modify",
    "patch",
    "exchange",
    "return",
    "reply",
    "comment",
    "notify",
    "email",
    "register",
    "start",
    "run",
    "execute",
    "deploy",
    "merge",
    "approve",
];
const ENDS: [&str; 14] = [
    "delete",
    "remove",
    "drop",
    "purge",
    "destroy",
    "erase",
    "wipe",
    "cancel",
    "terminate",
    "revoke",
    "kill",
    "truncate",
    "uninstall",
    "ban",
];

/// What only does something, also where it stands last: nothing of these names is looked at.
const ONLY_VERBS: [&str; 26] = [
    "replace",
    "delete",
    "remove",
    "destroy",
    "erase",
    "wipe",
    "purge",
    "terminate",
    "revoke",
    "truncate",
    "uninstall",
    "insert",
    "append",
    "modify",
    "create",
    "write",
    "send",
    "upsert",
    "rename",
    "reschedule",
    "notify",
    "execute",
    "submit",
    "publish",
    "cancel",
    "approve",
];

/// What is as well a thing that stands beside another: `get_name_and_email`.
const THINGS: [&str; 16] = [
    "email", "comment", "post", "reply", "order", "share", "schedule", "copy", "patch", "mark",
    "run", "status", "history", "count", "query", "return",
];

/// Of what `select` takes rows.
const ROWS: [&str; 18] = [
    "row",
    "rows",
    "record",
    "records",
    "column",
    "columns",
    "table",
    "tables",
    "data",
    "all",
    "from",
    "where",
    "by",
    "entries",
    "document",
    "documents",
    "node",
    "nodes",
];

/// What `check_in_…` and `check_out_…` may be the place of.
const PLACES: [&str; 8] = [
    "of", "stock", "range", "use", "progress", "list", "bounds", "place",
];

/// The effect by the words of a name, in small letters; nothing where none of them tells.
pub(super) fn of_words(words: &[String]) -> Option<EffectLevel> {
    let at = words.iter().position(|word| of(word).is_some())?;
    let first = of(words.get(at)?)?;
    if is_other_verb(words, at) {
        return None;
    }
    // `list_delete_all`: nobody can tell from the name which of the two it does.
    if first <= EffectLevel::Read && ends_a_thing(words, at) {
        return None;
    }
    let further = words.iter().enumerate().skip(at + 1);
    let strictest = further
        .filter(|(index, _)| does(words, at, *index))
        .filter_map(|(_, word)| of(word))
        .fold(first, EffectLevel::max);
    // Texts that replace others: done twice, the second finds others.
    let replaces = first == EffectLevel::Read && strictest == EffectLevel::IdempotentWrite;
    if replaces && words.iter().any(|word| word == "replace") {
        return Some(EffectLevel::Write);
    }
    Some(strictest)
}

/// What a word says as a verb.
fn of(word: &str) -> Option<EffectLevel> {
    if ENDS.contains(&word) {
        Some(EffectLevel::Destructive)
    } else if CHANGES.contains(&word) {
        Some(EffectLevel::Write)
    } else if SETS.contains(&word) {
        Some(EffectLevel::IdempotentWrite)
    } else if LOOKS.contains(&word) {
        Some(EffectLevel::Read)
    } else if COMPUTES.contains(&word) {
        Some(EffectLevel::Pure)
    } else {
        None
    }
}

/// Whether the verb that a name begins with is another one with the words behind it: who checks a passenger in looks
/// at nothing, and neither does who selects a seat.
fn is_other_verb(words: &[String], at: usize) -> bool {
    let word = |index: usize| words.get(index).map(String::as_str);
    match word(at) {
        Some("check") => {
            matches!(word(at + 1), Some("in" | "out"))
                && word(at + 2).is_none_or(|place| !PLACES.contains(&place))
        }
        Some("select") => {
            words.len() > at + 1
                && !words[at + 1..]
                    .iter()
                    .any(|word| ROWS.contains(&word.as_str()))
        }
        _ => false,
    }
}

/// Whether, behind a verb that only looks, a thing is ended by name: `view_drop_table`; not `get_delete_status`, which is
/// a state of it, nor `get_drop_off_points`.
fn ends_a_thing(words: &[String], first: usize) -> bool {
    let joined = |index: usize| {
        words.get(index - 1).is_some_and(|word| {
            matches!(word.as_str(), "or" | "and" | "then" | "by" | "to" | "for")
        })
    };
    let is_state = |word: &String| {
        word.ends_with("status")
            || matches!(
                word.as_str(),
                "off"
                    | "down"
                    | "in"
                    | "out"
                    | "zone"
                    | "state"
                    | "history"
                    | "log"
                    | "logs"
                    | "count"
                    | "policy"
                    | "time"
                    | "date"
                    | "reason"
                    | "reasons"
                    | "request"
                    | "requests"
                    | "event"
                    | "events"
                    | "marker"
                    | "markers"
                    | "job"
                    | "jobs"
                    | "task"
                    | "tasks"
                    | "operation"
                    | "operations"
                    | "permission"
                    | "permissions"
                    | "protection"
                    | "confirmation"
                    | "fee"
                    | "fees"
                    | "option"
                    | "options"
                    | "preview"
                    | "info"
                    | "id"
                    | "ids"
                    | "point"
                    | "points"
                    | "location"
                    | "locations"
                    | "target"
                    | "targets"
                    | "rate"
                    | "list"
            )
    };
    words
        .iter()
        .enumerate()
        .skip(first + 1)
        .any(|(index, word)| {
            matches!(
                word.as_str(),
                "delete" | "drop" | "wipe" | "purge" | "remove" | "erase" | "destroy" | "truncate"
            ) && !joined(index)
                && words.len() > index + 1
                && !words[index + 1..].iter().any(is_state)
        })
}

/// Whether a further word is something that is done, where the verb stands at `first`.
fn does(words: &[String], first: usize, index: usize) -> bool {
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    let is_last = index + 1 == words.len();
    let only = ONLY_VERBS.contains(&word(index));
    // A state and a list of what happened are things: `status_update` sets the one.
    if is_last && (only || matches!(word(first), "status" | "history")) {
        return true;
    }
    let joined = index > 0 && matches!(word(index - 1), "or" | "and" | "then");
    joined && (only || index == first + 2 || !THINGS.contains(&word(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Option<EffectLevel> {
        of_words(&crate::words::split(name))
    }

    #[test]
    fn a_further_verb_makes_it_stricter() {
        use EffectLevel::*;
        for (name, expected) in [
            ("get_or_create_customer", Write),
            ("getOrCreateCustomer", Write),
            ("find_and_replace", Write),
            ("search_replace", Write),
            ("get_and_delete", Destructive),
            ("find_one_and_update", IdempotentWrite),
            ("find_one_and_delete", Destructive),
            ("search_and_book_flight", Write),
            ("search_flight_and_book", Write),
            ("list_orders_and_cancel", Destructive),
            ("get_and_set", IdempotentWrite),
            ("read_modify_write", Write),
            ("calculate_and_transfer", Write),
            ("convert_then_send", Write),
            ("update_or_delete_user", Destructive),
            ("add_and_remove_labels", Destructive),
            ("list_create", Write),
            ("status_update", IdempotentWrite),
            ("history_delete", Destructive),
            ("read_and_reply", Write),
        ] {
            assert_eq!(told(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_look_that_ends_a_thing_by_name_is_not_known() {
        for name in [
            "list_delete_all",
            "view_drop_table",
            "list\u{202e}delete_all",
        ] {
            assert_eq!(told(name), None, "{name}");
        }
        for name in [
            "get_drop_off_points",
            "get_delete_requests",
            "list_purge_jobs",
        ] {
            assert_eq!(told(name), Some(EffectLevel::Read), "{name}");
        }
    }

    #[test]
    fn what_is_looked_at_makes_no_change() {
        use EffectLevel::*;
        for name in [
            "get_order",
            "list_updates",
            "get_update",
            "get_book",
            "search_posts",
            "read_email",
            "get_transfer_history",
            "list_deletes",
            "get_delete_status",
            "check_order_status",
            "get_name_and_email",
            "get_orders_and_returns",
            "get_order_and_return",
            "list_files_and_folders",
            "get_terms_and_conditions",
            "find_by_name_or_email",
            "search_and_summarize",
            "get_or_default",
            "list_scheduled_runs",
            "get_check_in_time",
            "view_exchange",
            "show_merge_request",
            "get_post_comment",
            "check_in_stock",
            "check_out_of_stock",
            "check_inventory",
            "select_rows",
            "select",
            "select_from_table",
            "lookup_charge",
            "history",
            "get_status",
        ] {
            assert_eq!(told(name), Some(Read), "{name}");
        }
        assert_eq!(told("calculate_order_total"), Some(Pure));
    }

    #[test]
    fn another_verb_of_the_same_word_is_not_known() {
        for name in [
            "check_in_passenger",
            "checkInPassenger",
            "check_out",
            "check_out_cart",
            "select_seat",
            "select_payment_method",
            "select_option",
            "frobnicate",
            "",
        ] {
            assert_eq!(told(name), None, "{name}");
        }
    }
}
