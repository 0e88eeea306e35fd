//! Whether two keys mean the same: `user_id` and the `id` of a `user`, `item_ids` and `item_id`.

/// A key with what stands around it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Key {
    /// Its words, in the singular.
    pub(super) words: Vec<String>,
    /// The words of the nearest key around it, or of the noun of the tool.
    pub(super) around: Vec<String>,
}

impl Key {
    /// The key at the end of a path of keys, with the tool it belongs to.
    pub(super) fn new<'p>(path: impl DoubleEndedIterator<Item = &'p str>, tool: &str) -> Self {
        let mut keys = path.rev().map(words).filter(|words| !words.is_empty());
        match keys.next() {
            Some(words) => Self {
                words,
                around: around(keys, tool),
            },
            // What a tool answers without any key is what it is named after.
            None => Self {
                words: noun(tool),
                around: Vec::new(),
            },
        }
    }

    /// One word for a person.
    pub(super) fn shown(&self) -> String {
        self.words.join("_")
    }

    /// The words with those around them, where the words alone say little.
    pub(super) fn full(&self) -> Vec<String> {
        if is_generic(&self.words) && !self.around.is_empty() {
            joined(&self.around, &self.words)
        } else {
            self.words.clone()
        }
    }
}

/// The words of a key, each in the singular.
pub(super) fn words(key: &str) -> Vec<String> {
    crate::words::split(key).into_iter().map(singular).collect()
}

/// The words of the nearest of these keys that names a thing, the innermost first; those of the tool's noun where none
/// does.
fn around(keys: impl Iterator<Item = Vec<String>>, tool: &str) -> Vec<String> {
    let mut keys = keys.filter(|words| !is_wrapper(words));
    match (keys.next(), keys.next()) {
        // What a tool that lists or searches gives: its elements are what it is named after.
        (Some(words), None) if holds_elements(&words) && lists(tool) => noun(tool),
        (Some(words), _) => words,
        (None, _) => noun(tool),
    }
}

/// What the elements under a key are spoken of as: by the key, or by what is around it where that names no thing. At first
/// that is the noun of the tool.
pub(super) fn spoken_of(around: Vec<String>, key: &str, tool: &str) -> Vec<String> {
    let own = words(key);
    if is_wrapper(&own) || holds_elements(&own) && lists(tool) && around == noun(tool) {
        return around;
    }
    own
}

/// Whether a key only wraps what a tool gives, and names no thing.
fn is_wrapper(words: &[String]) -> bool {
    matches!(words, [one] if matches!(one.as_str(), "data" | "result" | "response" | "payload" | "body" | "node" | "edge"))
}

/// Whether a key only says that there are elements in it, be they the things that were listed or the parts of one.
fn holds_elements(words: &[String]) -> bool {
    matches!(words, [one] if matches!(one.as_str(), "item" | "value" | "record" | "entry" | "element" | "row" | "list" | "content" | "hit" | "match"))
}

/// Whether a tool gives several things of the kind that it is named after: `list_boards`, `search_contact`.
fn lists(tool: &str) -> bool {
    let own = crate::name::of_call(tool, None);
    let mut all = crate::words::split(&own);
    let noun = noun(tool);
    let is_plural = |word: &String| {
        let single = singular(word.clone());
        single != *word && noun.last() == Some(&single)
    };
    let is_search = |word: &String| {
        matches!(
            word.as_str(),
            "list" | "search" | "find" | "query" | "browse"
        )
    };
    !noun.is_empty()
        && (all.iter().any(is_plural) || all.first_mut().is_some_and(|word| is_search(word)))
}

fn singular(mut word: String) -> String {
    if word.len() > 4 && word.ends_with("ies") {
        word.truncate(word.len() - "ies".len());
        word.push('y');
        return word;
    }
    if word.len() > 4
        && let Some(stem) = word.strip_suffix("es")
        && (stem.ends_with("ss")
            || stem.ends_with("sh")
            || stem.ends_with("ch")
            || stem.ends_with('x'))
    {
        word.truncate(word.len() - "es".len());
        return word;
    }
    if let Some(stem) = word.strip_suffix('s')
        && stem.len() >= 2
        && !stem.ends_with(['s', 'u', 'i'])
    {
        word.truncate(word.len() - 1);
    }
    word
}

/// Words of tool names that name no thing.
const NO_NOUNS: [&str; 16] = [
    "all",
    "list",
    "detail",
    "info",
    "information",
    "data",
    "the",
    "a",
    "my",
    "current",
    "new",
    "request",
    "result",
    "mcp",
    "api",
    "tool",
];
/// What stands behind these says how, not what.
const PREPOSITIONS: [&str; 8] = ["by", "for", "of", "in", "from", "to", "with", "on"];

/// The noun of a tool's name: what is left behind its verb.
pub(super) fn noun(tool: &str) -> Vec<String> {
    let own = crate::name::of_call(tool, None);
    let all = words(&own);
    let rest = match all.split_first() {
        Some((_, rest)) if !rest.is_empty() => rest,
        _ => &all,
    };
    rest.iter()
        .take_while(|word| !PREPOSITIONS.contains(&word.as_str()))
        .filter(|word| !NO_NOUNS.contains(&word.as_str()))
        .cloned()
        .collect()
}

/// Words that name a kind of value, not a thing.
fn is_generic_word(word: &str) -> bool {
    matches!(
        word,
        "id" | "name"
            | "value"
            | "key"
            | "text"
            | "type"
            | "number"
            | "code"
            | "date"
            | "time"
            | "title"
            | "data"
            | "item"
            | "content"
            | "body"
            | "result"
            | "url"
            | "path"
            | "label"
            | "field"
            | "input"
            | "query"
            | "string"
            | "status"
            | "description"
            | "note"
            | "index"
            | "count"
            | "total"
            | "amount"
            | "size"
            | "uuid"
    )
}

/// Whether words say nothing about which thing is meant.
pub(super) fn is_generic(words: &[String]) -> bool {
    matches!(words, [one] if matches!(one.as_str(), "id" | "name" | "value" | "key" | "text" | "type" | "number" | "code" | "data" | "item" | "content" | "result" | "title" | "uuid"))
        || words.is_empty()
}

fn joined(around: &[String], words: &[String]) -> Vec<String> {
    let mut all: Vec<String> = around.to_vec();
    for word in words {
        if all.last() != Some(word) {
            all.push(word.clone());
        }
    }
    all
}

/// Words without what only says that they name a time.
fn timeless(words: &[String]) -> &[String] {
    match words {
        [rest @ .., last] if !rest.is_empty() && matches!(last.as_str(), "at" | "on") => rest,
        all => all,
    }
}

/// How well two keys agree: 3 the same, 2 one is the end of the other, 1 they share a word, 0 nothing.
pub(super) fn agree(one: &Key, two: &Key) -> u8 {
    if one.words.is_empty() || two.words.is_empty() {
        return 0;
    }
    let share = |a: &[String], b: &[String]| {
        a.iter()
            .any(|word| !is_generic_word(word) && b.contains(word))
    };
    if one.words == two.words {
        return if !is_generic(&one.words)
            || one.around == two.around
            || share(&one.around, &two.around)
        {
            3
        } else if one.around.is_empty() || two.around.is_empty() {
            2
        } else {
            1
        };
    }
    let (full_one, full_two) = (
        joined(&one.around, &one.words),
        joined(&two.around, &two.words),
    );
    if full_two == one.words
        || full_one == two.words
        || ends(&full_two, &one.words) && is_generic(&two.words)
        || ends(&full_one, &two.words) && is_generic(&one.words)
    {
        return 3;
    }
    // `due` and `due_at`: that it is a time is not what is meant by it.
    if timeless(&one.words) == timeless(&two.words) && !is_generic(timeless(&one.words)) {
        return 2;
    }
    if ends(&one.words, &two.words) && !is_generic(&two.words)
        || ends(&two.words, &one.words) && !is_generic(&one.words)
    {
        return 2;
    }
    u8::from(share(&full_one, &full_two))
}

/// Whether a longer list of words ends with a shorter one.
fn ends(long: &[String], short: &[String]) -> bool {
    !short.is_empty() && long.len() > short.len() && long.ends_with(short)
}

/// The keys that a JSON Pointer leads through.
pub(super) fn keys_of(pointer: &str) -> Vec<String> {
    let parts = pointer.split('/').skip(1);
    parts
        .map(|word| word.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Whether a word of people names the key: `bags` for `total_baggages`, `rated` for `rating`.
pub(super) fn named_by(words: &[String], said: &str) -> bool {
    let said = stem(said);
    said.len() >= 3
        && words.iter().any(|word| {
            let own = stem(word);
            own == said || own.starts_with(said) || own.len() >= 4 && said.starts_with(own)
        })
}

/// A word without the usual endings.
fn stem(word: &str) -> &str {
    ["ing", "ed", "es", "s", "e"]
        .iter()
        .find_map(|end| word.strip_suffix(end).filter(|stem| stem.len() >= 3))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str, tool: &str) -> Key {
        Key::new(path.split('.'), tool)
    }

    #[test]
    fn keys_that_mean_the_same() {
        for (one, two, expected) in [
            (key("user_id", "get_user"), key("user.id", "find"), 3),
            (key("user_id", "get_user"), key("id", "list_users"), 3),
            (key("id", "get_user"), key("user_id", "list_orders"), 3),
            (
                key("item_ids", "return_items"),
                key("items.item_id", "get_order"),
                3,
            ),
            (
                key("reservationId", "cancel"),
                key("reservation_id", "get"),
                3,
            ),
            (key("id", "get_user"), key("id", "get_order"), 1),
            (key("id", "get_user"), key("id", "search_users"), 3),
            (
                key("amount", "send_money"),
                key("balance", "get_balance"),
                0,
            ),
            (key("sender_email", "send"), key("email", "get_user"), 2),
            (
                key("payment_id", "pay"),
                key("payment_methods.id", "get_user"),
                1,
            ),
            (key("cabin", "book"), key("cabin", "get_reservation"), 3),
            // Lists whose key names no thing.
            (
                key("boardId", "list_sprints"),
                key("values.id", "list_boards"),
                3,
            ),
            (
                key("sprint_id", "move"),
                key("data.items.id", "search_sprint"),
                3,
            ),
            (
                key("customer_id", "charge"),
                key("data.customers.edges.node.id", "graphql"),
                3,
            ),
            (key("order_id", "pay"), key("data.id", "get_order"), 3),
            // The items of an order are no orders, and those of a box no boxes.
            (key("order_id", "pay"), key("items.id", "get_order"), 0),
            (key("item_id", "pay"), key("items.id", "get_order"), 3),
            (
                key("order_id", "pay"),
                key("orders.items.id", "list_orders"),
                0,
            ),
        ] {
            assert_eq!(agree(&one, &two), expected, "{one:?} {two:?}");
            assert_eq!(agree(&two, &one), expected, "{two:?} {one:?}");
        }
    }

    #[test]
    fn words_of_people_name_keys() {
        let words = words("total_baggages");
        assert!(named_by(&words, "bags"));
        assert!(!named_by(&words, "passengers"));
        assert!(named_by(&super::words("rating"), "rated"));
    }
}
