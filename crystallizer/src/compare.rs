//! Where a request that the engine made is not the one that was expected, value by value.

use crate::kept::Kept;
use crate::pointer;
use crate::report::Difference;
use crate::tool_map::{Request, escape, same_command, word_number};
use serde_json::{Map, Value};

/// What a call is expected to ask for.
pub(crate) struct Expected<'e> {
    /// The whole request.
    pub(crate) request: &'e Request<'e>,
    /// The arguments of the tool, which stand at the call's places in it.
    pub(crate) arguments: &'e Value,
    /// Where it is known from.
    pub(crate) known: Known,
}

/// Where it is known from what a call is expected to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was recorded.
    Recorded,
    /// It was recorded in a further recording.
    Further,
    /// It follows from answers that were changed, so that no recording has the values.
    Changed,
}

impl<'e> Expected<'e> {
    /// What was recorded.
    pub(crate) fn recorded(kept: &'e Kept<'_>) -> Self {
        Self {
            request: &kept.target.filled.request,
            arguments: &kept.call.arguments,
            known: Known::Recorded,
        }
    }

    /// What was recorded in a further recording.
    pub(crate) fn further(kept: &'e Kept<'_>) -> Self {
        Self {
            known: Known::Further,
            ..Self::recorded(kept)
        }
    }
}

/// Where the request that was made is not the expected one.
pub(crate) fn compare(kept: &Kept<'_>, expected: &Expected<'_>, made: &Value) -> Vec<Difference> {
    let empty = Map::new();
    let made = made.as_object().unwrap_or(&empty);
    let mut walk = Walk {
        kept,
        known: expected.known,
        found: Vec::new(),
    };
    // A gate that a tool became shows only its title and message.
    let shown_only = kept.target.action == "approval_gate";
    walk.request(expected.request, made, shown_only);
    // A document that was edited may give words to the shell beside the line.
    if !walk.found.is_empty()
        && kept.target.shell.is_some()
        && same_command(&expected.request.whole(), made)
    {
        walk.found.clear();
    }
    // Mapped back: what stands at the places of the arguments is what was recorded.
    if walk.found.is_empty() && !shown_only {
        let whole = kept.target.filled.places.iter();
        for (place, argument) in whole.filter(|(_, argument)| word_number(argument).is_none()) {
            let sent = pointer::in_map(made, place);
            let wanted = pointer::at(expected.arguments, argument);
            if sent != wanted {
                walk.differ(place, wanted, sent);
            }
        }
    }
    walk.found
}

/// How much of a value a message shows.
const SHOWN: usize = 120;

struct Walk<'k, 'a> {
    kept: &'k Kept<'a>,
    known: Known,
    found: Vec<Difference>,
}

impl Walk<'_, '_> {
    fn request(&mut self, recorded: &Request<'_>, made: &Map<String, Value>, made_only: bool) {
        let there = |key: &str| recorded.contains_key(key);
        self.entries(recorded.iter(), &there, made, &mut String::new(), made_only);
    }

    fn maps(&mut self, recorded: &Map<String, Value>, made: &Map<String, Value>, at: &mut String) {
        let there = |key: &str| recorded.contains_key(key);
        let all = recorded.iter().map(|(key, value)| (key.as_str(), value));
        self.entries(all, &there, made, at, false);
    }

    fn entries<'v>(
        &mut self,
        recorded: impl Iterator<Item = (&'v str, &'v Value)>,
        there: &dyn Fn(&str) -> bool,
        made: &Map<String, Value>,
        at: &mut String,
        made_only: bool,
    ) {
        let length = at.len();
        for (key, value) in recorded {
            at.push('/');
            at.push_str(&escape(key));
            match made.get(key) {
                Some(other) => self.values(value, other, at),
                None if made_only => {}
                None => self.differ(at, Some(value), None),
            }
            at.truncate(length);
        }
        for (key, other) in made {
            if !made_only && !there(key) {
                at.push('/');
                at.push_str(&escape(key));
                self.differ(at, None, Some(other));
                at.truncate(length);
            }
        }
    }

    fn values(&mut self, recorded: &Value, made: &Value, at: &mut String) {
        match (recorded, made) {
            (Value::Object(recorded), Value::Object(made)) => self.maps(recorded, made, at),
            (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
                let length = at.len();
                for (index, (one, two)) in left.iter().zip(right).enumerate() {
                    at.push('/');
                    at.push_str(&index.to_string());
                    self.values(one, two, at);
                    at.truncate(length);
                }
            }
            // What a rule leaves to the run (a secret in a header) was never recorded.
            _ if self.kept.target.filled.open.contains(at.as_str()) => {}
            _ if recorded == made => {}
            _ => self.differ(at, Some(recorded), Some(made)),
        }
    }

    fn differ(&mut self, at: &str, recorded: Option<&Value>, made: Option<&Value>) {
        let key = at.rsplit('/').next().unwrap_or("");
        let path = self
            .kept
            .target
            .filled
            .places
            .iter()
            .find_map(|(place, argument)| {
                let rest = at
                    .strip_prefix(&**place)
                    .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                Some(format!("{argument}{rest}"))
            })
            .unwrap_or_else(|| at.to_owned());
        let shown = |value: &Value| crate::show::value(key, value, SHOWN);
        let differs = match (recorded, made) {
            (Some(one), Some(two)) => {
                let (one, two) = crate::show::apart(key, one, two, SHOWN);
                self.known.both(&one, &two)
            }
            (Some(one), None) => self.known.missing(&shown(one)),
            (None, Some(two)) => self.known.more(&shown(two)),
            (None, None) => "it differs".to_owned(),
        };
        let whole = |value: Option<&Value>| value.map(|value| crate::show::whole(key, value));
        let (mut recorded_whole, mut replayed_whole) = (whole(recorded), whole(made));
        if recorded_whole == replayed_whole
            && let (Some(one), Some(two)) = (recorded, made)
        {
            // They look alike: `1` and the text of it.
            let apart = crate::show::apart(key, one, two, usize::MAX);
            (recorded_whole, replayed_whole) = (Some(apart.0), Some(apart.1));
        }
        self.found.push(Difference {
            step: self.kept.path().to_owned(),
            call: self.kept.call.id.clone(),
            kind: "differing".to_owned(),
            message: format!("`{}` at `{path}`: {differs}.", self.kept.path()),
            path: Some(path),
            recorded: recorded_whole,
            replayed: replayed_whole,
        });
    }
}

impl Known {
    fn both(self, one: &str, two: &str) -> String {
        match self {
            Self::Recorded => format!("recorded {one}, replayed {two}"),
            Self::Further => format!("that recording has {one}, the draft sends {two}"),
            Self::Changed => format!(
                "it had to be {one}, and was {two} (both stand for what is recorded: this trial gives data other names)"
            ),
        }
    }

    fn missing(self, one: &str) -> String {
        match self {
            Self::Recorded => format!("recorded {one}, missing in the replay"),
            Self::Further => format!("that recording has {one}, the draft sends nothing"),
            Self::Changed => {
                format!("it had to be {one}, and was missing (this trial gives data other names)")
            }
        }
    }

    fn more(self, two: &str) -> String {
        match self {
            Self::Recorded => format!("replayed {two}, not recorded"),
            Self::Further => format!("the draft sends {two}, that recording has nothing"),
            Self::Changed => format!(
                "nothing had to stand there, and {two} did (this trial gives data other names)"
            ),
        }
    }
}
