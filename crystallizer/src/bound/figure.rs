//! Figures and names that stay in a text that is sent: `your order {…} costs 98.70`, `there are 2 of them`. The next
//! run would tell somebody what was true in the recording.

mod about;
mod copied;
mod told_what;

use super::answers::Of;
use super::binding::{Binding, Bound, Piece, Source, Why};
use super::canonical;
use super::compose::{is_code, is_message};
use super::decide::Decisions;
use super::half_name;
use super::information::{WEAK, bits};
use super::key::{Key, named_by, noun, words};
use super::qualifier::GATE;
use super::rename;
use super::retold;
use super::settled::is_told_again;
use super::total::{self, Others};
use super::witness::Witness;
use super::written::Written;
use super::{Answered, slot, told, write, written};
use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::report::Question;
use druse_engine::Finding;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) use told_what::asks_to_tell;

/// The most figures of a text that are shown.
const MOST_SHOWN: usize = 5;
/// How much a name tells before it is asked about: less stands in an answer by chance.
const TELLS: f64 = 4.0;

/// The letters of the shortest word that may be what an earlier change sent.
const SHORTEST: usize = 3;

/// A figure or a name in a text that nobody said.
pub(super) struct Stays {
    pub(super) shown: String,
    /// What it may be, where it is a figure.
    pub(super) written: Option<Written>,
    /// Whether an earlier answer held it as it is.
    pub(super) answered: bool,
    /// Whether a person said it.
    pub(super) said: bool,
    /// What gives it.
    pub(super) source: Option<Box<Binding>>,
}

impl Stays {
    /// A part of a text, or all of it, that nothing gives.
    pub(super) fn text(shown: &str, answered: bool, said: bool) -> Self {
        Self {
            shown: shown.to_owned(),
            written: None,
            answered,
            said,
            source: None,
        }
    }
}

/// The figures that stay in one text.
struct Figures {
    call: usize,
    pointer: String,
    key: String,
    all: Vec<Stays>,
    /// Whether other recordings have others in its place.
    differ: bool,
    /// The step whose answer the agent made the text of.
    made_of: Option<String>,
}

impl Figures {
    /// The id of the question about them.
    fn id(&self, kept: &Kept<'_>) -> String {
        format!("figure:{}:{}", kept.step, self.pointer)
    }

    fn shown(&self) -> String {
        let all: Vec<String> = self
            .all
            .iter()
            .take(MOST_SHOWN)
            .map(|stays| format!("`{}`", crate::show::text(&stays.shown, 40)))
            .collect();
        all.join(", ")
    }

    fn stays(&self) -> &'static str {
        match self.all.len() {
            0 | 1 => "stays as it was recorded",
            _ => "stay as they were recorded",
        }
    }

    /// What is known of where they are from.
    fn because(&self) -> String {
        if let Some(step) = &self.made_of {
            return format!(": the agent made it of what `{step}` answered");
        }
        let (said, answered) = self
            .all
            .iter()
            .fold((false, false), |(said, answered), one| {
                (said || one.said, answered || one.answered)
            });
        match (said, answered) {
            (true, true) => ", and a person or an earlier answer said it",
            (true, false) => ", and a person said it",
            (false, true) => ": nobody said it, and an earlier answer held it",
            (false, false) => ": nobody said it",
        }
        .to_owned()
    }

    fn listed(&self) -> Vec<String> {
        self.all.iter().map(|stays| stays.shown.clone()).collect()
    }

    /// The answer that has all of them follow, where each has one source.
    fn follow(&self) -> Option<String> {
        let all: Option<Vec<&str>> = self
            .all
            .iter()
            .map(|stays| Some(stays.source.as_ref()?.expression.as_str()))
            .collect();
        all.filter(|all| !all.is_empty()).map(|all| all.join("; "))
    }

    /// What may be answered. What differs between recordings is no constant.
    fn choices(&self) -> Vec<String> {
        let constant = (!self.differ).then(|| CONSTANT.to_owned());
        constant
            .into_iter()
            .chain([GATE.to_owned()])
            .chain(self.follow())
            .collect()
    }
}

/// The figures and names that stay in the texts of changes, and that nobody said.
fn figures(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    witnesses: &[Witness<'_>],
) -> Vec<Figures> {
    let sent_words = SentWords::of(kept, decisions);
    let sent_inputs = retold::SentInputs::of(kept, decisions);
    let answered = answered_to_stay(decisions);
    let mut asked = about::Asked::default();
    let people = OnceCell::new();
    let mut all = Vec::new();
    for (call, (kept_one, decided)) in kept.iter().zip(&decisions.calls).enumerate() {
        if !kept_one.changes() {
            continue;
        }
        let mut take =
            |pointer: &str, key: &str, texts: &[&str], pieces: Option<&[Piece]>, is_read: bool| {
                let whole = pieces.is_none();
                let mut found: Vec<Stays> = Vec::new();
                for (word, source) in
                    half_name::left_in(&decisions.answers, pieces.unwrap_or_default())
                {
                    found.push(Stays {
                        source: source.map(Box::new),
                        ..Stays::text(&word, true, false)
                    });
                }
                for text in texts.iter().filter(|_| is_read) {
                    for stays in in_text(kept, decisions, call, text, whole) {
                        if !found.iter().any(|known| known.shown == stays.shown) {
                            found.push(stays);
                        }
                    }
                }
                let copied = copied::lines(kept, &decisions.said, call, texts);
                for line in copied.into_iter().take(MOST_SHOWN) {
                    if !found.iter().any(|known| line.contains(&known.shown)) {
                        found.push(Stays::text(line, true, false));
                    }
                }
                for binding in sent_words.before(call, texts) {
                    let Some(value) = binding.value.as_str() else {
                        continue;
                    };
                    if !found.iter().any(|known| known.shown.contains(value)) {
                        found.push(Stays {
                            source: Some(Box::new(binding.clone())),
                            ..Stays::text(value, true, false)
                        });
                    }
                }
                if is_read && texts.iter().all(|text| is_message(text)) {
                    for stays in sent_inputs.words(kept, call, texts) {
                        if !found.iter().any(|known| known.shown.contains(&stays.shown)) {
                            found.push(stays);
                        }
                    }
                    let named = about::named_fields(
                        kept, decisions, &people, call, pointer, texts, witnesses,
                    );
                    for (word, binding) in named {
                        if !found.iter().any(|known| known.shown.contains(&word)) {
                            found.push(Stays {
                                source: Some(Box::new(binding)),
                                ..Stays::text(&word, true, false)
                            });
                        }
                    }
                }
                found.retain(|stays| !stays_elsewhere(&answered, call, &stays.shown));
                let any = !found.is_empty();
                if any {
                    all.push(Figures {
                        call,
                        pointer: pointer.to_owned(),
                        key: key.to_owned(),
                        all: found,
                        differ: false,
                        made_of: None,
                    });
                }
                any
            };
        // Texts in which a value of an answer stands: other words of that answer may stay in them.
        let mut told: Vec<Figures> = Vec::new();
        for bound in &decided.bound {
            let texts: Vec<&str> = bound
                .pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Text(text) => Some(text.as_str()),
                    Piece::Value(_) => None,
                })
                .collect();
            let is_told = take(
                &bound.pointer,
                &bound.key,
                &texts,
                Some(&bound.pieces),
                true,
            );
            let holds = |binding: &Binding| matches!(binding.source, Source::Output(_));
            if !is_told && !texts.is_empty() && bound.bindings().any(holds) {
                told.push(Figures {
                    call,
                    pointer: bound.pointer.clone(),
                    key: bound.key.clone(),
                    all: Vec::new(),
                    differ: false,
                    made_of: None,
                });
            }
            let whole = kept_one.call.arguments.pointer(&bound.pointer);
            if !is_told
                && let Some(text) = whole.and_then(Value::as_str)
                && leaves(kept_one, &bound.pointer, &bound.key, text)
                && let Some(step) = about::told_of(kept, decisions, &mut asked, call, bound)
            {
                told.push(Figures {
                    call,
                    pointer: bound.pointer.clone(),
                    key: bound.key.clone(),
                    all: vec![Stays::text(text, false, false)],
                    differ: false,
                    made_of: Some(step.to_owned()),
                });
            }
        }
        let mut made: Vec<Figures> = told;
        for frozen in &decided.frozen {
            let Some(text) = frozen.value.as_str() else {
                continue;
            };
            let (pointer, key) = (frozen.pointer.as_str(), frozen.key.as_str());
            // A name that an answer holds is asked about as a whole.
            let is_written = (frozen.why == Why::Agent
                || matches!(frozen.why, Why::Held(_)) && super::verbatim::is_worded(text))
                && slot::first(kept_one, pointer).is_some()
                && !is_code(&Key::new([key].into_iter(), ""));
            let is_read = is_written && leaves(kept_one, pointer, key, text);
            if is_written && take(pointer, key, &[text], None, is_read) {
                continue;
            }
            if let Some(step) = about::made_of(kept, decisions, &mut asked, call, frozen) {
                made.push(Figures {
                    call,
                    pointer: pointer.to_owned(),
                    key: key.to_owned(),
                    all: vec![Stays::text(text, false, false)],
                    differ: false,
                    made_of: Some(step.to_owned()),
                });
            }
        }
        all.extend(made);
    }
    for figures in &mut all {
        let others = Others::of(kept, decisions, witnesses, figures.call, &figures.pointer);
        figures.differ = figures.all.iter().any(|stays| others.lack(&stays.shown));
        in_a_row(kept, decisions, &others, figures);
        let in_loop = decisions
            .cycles
            .iter()
            .any(|cycle| cycle.holds(figures.call))
            || decisions
                .pages
                .iter()
                .any(|pages| pages.holds(figures.call));
        if in_loop {
            continue;
        }
        for stays in figures.all.iter_mut().filter(|one| one.source.is_none()) {
            stays.source = stays.written.as_ref().and_then(|figure| {
                total::source(kept, decisions, &others, figures.call, figure).map(Box::new)
            });
        }
        beside(kept, decisions, &others, figures);
    }
    all.retain(|figures| !figures.all.is_empty());
    all
}

/// The names and ids which calls sent by themselves and of which a person answered that they stay, each with its call.
fn answered_to_stay<'d>(decisions: &'d Decisions<'_>) -> Vec<(usize, &'d Value)> {
    let calls = decisions.calls.iter().enumerate();
    let frozen =
        calls.flat_map(|(call, decided)| decided.frozen.iter().map(move |one| (call, one)));
    frozen
        .filter(|(_, one)| one.why == Why::Answered && is_told_again(&one.value))
        .map(|(call, one)| (call, &one.value))
        .collect()
}

/// Whether a person answered of a name or an id which a call sent by itself, no later than this one, that it stays.
fn stays_elsewhere(answered: &[(usize, &Value)], call: usize, shown: &str) -> bool {
    let mut earlier = answered.iter().take_while(|(at, _)| *at <= call);
    earlier.any(|(_, value)| **value == shown)
}

/// Adds the words of a record of which a figure or a value stands in the text: who is told the amount of another order is
/// not told the currency of this one.
fn beside(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    others: &Others<'_>,
    figures: &mut Figures,
) {
    let (fixed, given) = parts(kept, decisions, figures);
    if !fixed.iter().all(|text| is_message(text)) {
        return;
    }
    let of_figures = figures.all.iter().filter_map(|one| one.source.as_deref());
    let calls: BTreeSet<usize> = of_figures
        .chain(given)
        .filter_map(|binding| match &binding.source {
            Source::Total(call, ..) => Some(*call),
            Source::Output(place) => Some(place.call),
            _ => None,
        })
        .collect();
    for call in calls {
        for (word, source) in total::words_beside(kept, others, call, &fixed) {
            let value = Value::from(word.as_str());
            let mention = decisions.said.find(&value, &[]);
            let is_said = mention.is_some_and(|mention| mention.person);
            let is_known = figures
                .all
                .iter()
                .any(|one| one.shown.contains(word.as_str()));
            if !is_said && !is_known {
                figures.all.push(Stays {
                    source: Some(Box::new(source)),
                    ..Stays::text(&word, true, false)
                });
            }
        }
    }
}

/// The parts of a text that stay, and what gives the others.
fn parts<'d>(
    kept: &'d [Kept<'_>],
    decisions: &'d Decisions<'_>,
    figures: &Figures,
) -> (Vec<&'d str>, Vec<&'d Binding>) {
    let decided = decisions.calls.get(figures.call).into_iter();
    let bound = decided
        .flat_map(|decided| &decided.bound)
        .find(|bound| bound.pointer == figures.pointer);
    match bound {
        Some(bound) => {
            let fixed = bound.pieces.iter().filter_map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Value(_) => None,
            });
            (fixed.collect(), bound.bindings().collect())
        }
        None => {
            let own = kept.get(figures.call);
            let text = own.and_then(|kept| kept.call.arguments.pointer(&figures.pointer)?.as_str());
            (text.into_iter().collect(), Vec::new())
        }
    }
}

/// What gives the words that changes sent, where a call answered them: a message that tells of such a change may mean
/// what it sent, however little the word tells. By word, with the number of the first binding of it and its change.
struct SentWords<'d>(HashMap<&'d str, (usize, usize, &'d Binding)>);

impl<'d> SentWords<'d> {
    fn of(kept: &[Kept<'_>], decisions: &'d Decisions<'_>) -> Self {
        let all = kept.iter().zip(&decisions.calls).enumerate();
        let bindings = all
            .filter(|(_, (one, _))| one.changes())
            .flat_map(|(call, (_, decided))| decided.bound.iter().map(move |bound| (call, bound)))
            .filter_map(|(call, bound)| match bound.pieces.as_slice() {
                [Piece::Value(binding)] => Some((call, &**binding)),
                _ => None,
            })
            .filter(|(_, binding)| matches!(binding.source, Source::Output(_)));
        let mut words = HashMap::new();
        for (number, (call, binding)) in bindings.enumerate() {
            if let Some(word) = binding.value.as_str()
                && is_telling(word)
            {
                words.entry(word).or_insert((number, call, binding));
            }
        }
        Self(words)
    }

    /// Those of a text that changes before a call sent, in the order in which they were first sent.
    fn before(&self, call: usize, texts: &[&str]) -> Vec<&'d Binding> {
        let words = texts
            .iter()
            .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let sent = words
            .filter_map(|word| self.0.get(word))
            .filter(|(_, by, _)| *by < call);
        let by_number: BTreeMap<usize, &Binding> = sent
            .map(|(number, _, binding)| (*number, *binding))
            .collect();
        by_number.into_values().collect()
    }
}

/// Whether a word has enough letters to be what an earlier change sent.
fn is_telling(word: &str) -> bool {
    word.chars().filter(|c| c.is_alphabetic()).count() >= SHORTEST
}

/// Puts names that are all of a list, one behind the other in a text, in the place of the single ones.
fn in_a_row(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    others: &Others<'_>,
    figures: &mut Figures,
) {
    let names = figures.all.iter().filter(|one| one.written.is_none());
    let text = kept
        .get(figures.call)
        .and_then(|kept| kept.call.arguments.pointer(&figures.pointer)?.as_str());
    let (true, Some(text)) = (names.count() > 1, text) else {
        return;
    };
    let Some((row, source)) = total::joined(kept, decisions, others, figures.call, text) else {
        return;
    };
    let inside = |one: &Stays| row.contains(one.shown.as_str());
    let Some(first) = figures.all.iter().position(inside) else {
        return;
    };
    let said = figures.all.iter().any(|one| inside(one) && one.said);
    figures.all.retain(|one| !inside(one));
    let row = Stays {
        said,
        shown: row,
        written: None,
        answered: true,
        source: Some(Box::new(source)),
    };
    figures.all.insert(first.min(figures.all.len()), row);
}

/// Whether a text is one that somebody reads: a message or a title, not a value, a file or a program.
pub(super) fn leaves(kept: &Kept<'_>, pointer: &str, key: &str, text: &str) -> bool {
    slot::first(kept, pointer).is_some()
        && text.trim().contains(char::is_whitespace)
        && is_message(text)
        && !is_code(&Key::new([key].into_iter(), ""))
        && !crate::determinism::is_shell_tool(&kept.call.name)
        && !matches!(&*kept.target.action, "shell" | "file" | "sql")
        && crate::value_class::of(text.trim()).is_none()
}

/// The figures of a text that nobody said, and of a text that is fixed as a whole the names that an answer before the
/// call held. A small number stands in many answers: beside it has to stand what it is there. A day tells enough by
/// itself, where an answer held it.
fn in_text(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    call: usize,
    text: &str,
    whole: bool,
) -> Vec<Stays> {
    let batch = kept.get(call).map(|kept| kept.call.batch);
    let is_said = |value: &Value| {
        decisions
            .said
            .find(value, &[])
            .is_some_and(|mention| mention.person)
    };
    let places = |value: &Value| {
        let mut places = decisions.answers.find(&canonical::forms(value));
        places.retain(|place| {
            place.call < call && kept.get(place.call).map(|kept| kept.call.batch) != batch
        });
        places
    };
    let mut found: Vec<Stays> = Vec::new();
    for figure in written::figures(text) {
        if found.iter().any(|stays| stays.shown == figure.shown)
            || decisions.said.find_written(&figure.shown).is_some()
        {
            continue;
        }
        if is_said(&Value::from(figure.shown.as_str())) || figure.values.iter().any(is_said) {
            found.extend(retold::stays(decisions, text, &figure));
            continue;
        }
        let answered = figure.values.iter().any(|value| {
            let tells = figure.is_day || bits(value, &[]) >= WEAK;
            places(value)
                .into_iter()
                .filter(|place| matches!(place.of, Of::Value))
                .any(|place| {
                    let key = words(&decisions.answers.last_key(&place));
                    tells
                        || figure.beside.iter().any(|word| named_by(&key, word))
                        || kept
                            .get(place.call)
                            .is_some_and(|source| is_told_by_place(source, &key, &figure))
                })
        });
        let is_said = || decisions.said.find_written(&figure.shown).is_some();
        let tells = figure.values.iter().any(|value| bits(value, &[]) >= WEAK)
            && !(figure.is_day && is_said());
        let counts = || {
            let nothing = Others::of(kept, decisions, &[], call, "");
            total::source(kept, decisions, &nothing, call, &figure).is_some()
        };
        let by_distance = || retold::day_of_run(decisions, &figure);
        if figure.is_day
            && !answered
            && let Some(stays) = by_distance()
        {
            found.push(stays);
        } else if answered || tells || counts() {
            found.push(Stays {
                shown: figure.shown.clone(),
                written: Some(figure),
                answered,
                said: false,
                source: None,
            });
        }
    }
    let mut take = |shown: &str, answered: bool, said: bool| {
        if !found.iter().any(|stays| stays.shown.contains(shown)) {
            found.push(Stays {
                shown: shown.to_owned(),
                written: None,
                answered,
                said,
                source: None,
            });
        }
    };
    for shown in told::stay_in(&decisions.said, text) {
        take(shown, false, true);
    }
    for (_, quote) in decisions.answers.quoted_in(text) {
        if !is_said(&Value::from(quote)) {
            take(quote, true, false);
        }
    }
    let names = rename::names_in(text).into_iter();
    let named = names.filter(|name| whole && bits(&Value::from(*name), &[]) >= TELLS);
    let short = short_ids(text).filter(|name| !is_said(&Value::from(*name)));
    for name in named.chain(short) {
        let known = found
            .iter()
            .any(|stays| stays.shown == name || name.contains(stays.shown.as_str()));
        if !known && !places(&Value::from(name)).is_empty() {
            found.push(Stays {
                shown: name.to_owned(),
                written: None,
                answered: true,
                said: false,
                source: None,
            });
        }
    }
    found
}

/// Whether a small figure is what an answer held by where it stands there: it is all that was answered, its key says
/// no more than that it is a number, what was asked for stands beside it, or its unit does.
pub(super) fn is_told_by_place(source: &Kept<'_>, key: &[String], figure: &Written) -> bool {
    // `in 3 days` tells when, not how many.
    if figure.beside.iter().any(|word| is_time(word)) {
        return false;
    }
    let counts = |word: &String| {
        matches!(
            word.as_str(),
            "n" | "count" | "cnt" | "total" | "number" | "num" | "anzahl"
        )
    };
    let of_nouns = |word: &String| {
        matches!(
            word.as_str(),
            "result" | "value" | "size" | "length" | "hits" | "found" | "matches"
        )
    };
    let nouns = noun(&source.call.name);
    let unit = |word: &String| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        !bare.is_empty()
            && (word.starts_with('°') || bare.len() >= 2)
            && key.len() > 1
            && key.last().is_some_and(|last| last == bare)
    };
    let beside = || figure.beside.iter();
    key.last().is_some_and(counts)
        || beside().any(unit)
        || key.last().is_some_and(of_nouns) && beside().any(|word| named_by(&nouns, word))
        || is_lone(source)
}

fn is_time(word: &str) -> bool {
    matches!(
        word,
        "day"
            | "days"
            | "hour"
            | "hours"
            | "minute"
            | "minutes"
            | "week"
            | "weeks"
            | "month"
            | "months"
            | "year"
            | "years"
            | "am"
            | "pm"
            | "a.m"
            | "p.m"
            | "o'clock"
            | "uhr"
            | "tag"
            | "tage"
            | "tagen"
            | "stunden"
            | "minuten"
            | "wochen"
    )
}

/// Whether an answer is one value and nothing else.
fn is_lone(source: &Kept<'_>) -> bool {
    let mut all = 0_usize;
    crate::leaf::scalars(&super::view::seen(source), &mut |leaf| {
        all += usize::from(leaf.is_number() || leaf.is_string());
    });
    all == 1
}

/// The short ids of a text: letters, a sign and digits, as `T-77`.
fn short_ids(text: &str) -> impl Iterator<Item = &str> {
    crate::leaf::tokens(text).filter(|token| {
        let digits = token.len() - token.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let rest = &token[..token.len() - digits];
        let letters = rest.trim_end_matches(['-', '_', '#', '/']);
        digits > 0
            && letters.len() + 1 == rest.len()
            && !letters.is_empty()
            && letters.bytes().all(|byte| byte.is_ascii_uppercase())
    })
}

/// The answer that they are the same in every run.
const CONSTANT: &str = "constant";

/// Figures that are asked about, with the answer where there is one.
pub(super) struct Asked {
    figures: Figures,
    id: String,
    answer: Option<String>,
}

impl Asked {
    /// The id of the question.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The figures and names, as they stand there.
    pub(super) fn shown(&self) -> impl Iterator<Item = &str> {
        self.figures.all.iter().map(|stays| stays.shown.as_str())
    }

    /// The call that it is about.
    pub(super) fn call(&self) -> usize {
        self.figures.call
    }

    /// The call before which somebody wants to be asked in each run, and what about.
    pub(super) fn wanted_gate(&self) -> Option<(usize, String)> {
        (self.answer.as_deref() == Some(GATE)).then(|| {
            (
                self.figures.call,
                format!("{} {}.", self.figures.shown(), self.figures.stays()),
            )
        })
    }

    /// The step and the pointer of the text.
    pub(super) fn place(&self, kept: &[Kept<'_>]) -> Option<(String, String)> {
        let step = &kept.get(self.figures.call)?.step;
        Some((step.clone(), self.figures.pointer.clone()))
    }
}

/// Finds what is to be asked, and takes the answers. What somebody sees before it is done needs no question, and
/// neither does what further recordings answer.
pub(super) fn ask(
    kept: &[Kept<'_>],
    spots: &[Spot],
    decisions: &mut Decisions<'_>,
    answers: Answered<'_>,
    witnesses: &[Witness<'_>],
) -> Vec<Asked> {
    let taken = write::Taken::of(spots);
    let mut all = Vec::new();
    for figures in figures(kept, decisions, witnesses) {
        let (Some(kept), Some(spot)) = (kept.get(figures.call), spots.get(figures.call)) else {
            continue;
        };
        let id = figures.id(kept);
        let follow = figures.follow();
        let now = figures.listed().join(", ");
        let mut answer = None;
        if let Some(given) = answers
            .given
            .get(&id)
            .filter(|given| figures.choices().contains(given))
        {
            decisions.unused_answers.retain(|other| *other != id);
            // What follows its source is right whatever stands there.
            match answers.before.get(&id) {
                Some(was) if *was != now && follow.as_ref() != Some(given) => {
                    decisions
                        .outdated
                        .push((id.clone(), was.clone(), now.clone()));
                }
                _ => {
                    decisions.taken_for.insert(id.clone(), now.clone());
                    answer = Some(given.clone());
                }
            }
        }
        let shown = figures.differ && !answers.given.contains_key(&id);
        if follow.is_some() && (shown || answer == follow) {
            let because = match shown {
                true => "the further recordings show it",
                false => "a person answered so",
            };
            put_sources(decisions, &figures, because);
            continue;
        }
        if taken.gate_before(*spot).is_some() {
            continue;
        }
        all.push(Asked {
            figures,
            id,
            answer,
        });
    }
    all
}

/// Puts what gives the figures of a text into their places.
fn put_sources(decisions: &mut Decisions<'_>, figures: &Figures, because: &str) {
    let Some(decided) = decisions.calls.get_mut(figures.call) else {
        return;
    };
    if let Some(at) = decided
        .frozen
        .iter()
        .position(|frozen| frozen.pointer == figures.pointer)
    {
        let frozen = decided.frozen.remove(at);
        let text = frozen.value.as_str().unwrap_or_default().to_owned();
        decided.bound.push(Bound {
            pointer: frozen.pointer,
            key: frozen.key,
            pieces: vec![Piece::Text(text)],
        });
    }
    let Some(bound) = decided
        .bound
        .iter_mut()
        .find(|bound| bound.pointer == figures.pointer)
    else {
        return;
    };
    for stays in &figures.all {
        let Some(source) = &stays.source else {
            continue;
        };
        let mut pieces = Vec::new();
        for piece in std::mem::take(&mut bound.pieces) {
            let Piece::Text(text) = piece else {
                pieces.push(piece);
                continue;
            };
            let mut done = 0;
            for (at, _) in text.match_indices(stays.shown.as_str()) {
                let joined = |c: char| c.is_alphanumeric() || c == '_';
                let end = at + stays.shown.len();
                let after = &text[end..];
                let goes_on = after.starts_with(joined)
                    || after.starts_with(['.', ','])
                        && after[1..].starts_with(|c: char| c.is_ascii_digit());
                if at < done
                    || text[..at].ends_with(|c| joined(c) || matches!(c, '.' | ',' | '-'))
                    || goes_on
                {
                    continue;
                }
                pieces.push(Piece::Text(text[done..at].to_owned()));
                pieces.push(Piece::Value(Box::new(Binding {
                    because: format!("{because}; it is a part of the text"),
                    ..Binding::clone(source)
                })));
                done = end;
            }
            pieces.push(Piece::Text(text[done..].to_owned()));
        }
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        bound.pieces = pieces;
    }
}

/// What a person is told and asked, and whether anything is open.
pub(super) fn explained(
    all: &[Asked],
    kept: &[Kept<'_>],
    spots: &[Spot],
) -> (Vec<Finding>, Vec<Question>, bool) {
    let mut findings = Vec::new();
    let mut questions = Vec::new();
    for one in all.iter().filter(|one| one.answer.is_none()) {
        let figures = &one.figures;
        let (Some(kept), Some(spot)) = (kept.get(figures.call), spots.get(figures.call)) else {
            continue;
        };
        let place = slot::first(kept, &figures.pointer).unwrap_or_default();
        let inner = format!("/with{place}");
        let key = crate::show::text(&figures.key, 40);
        let choices = figures.choices();
        let finding = Finding::warning(
            "figure_stays",
            format!(
                "In `{key}` {} {}{}.",
                figures.shown(),
                figures.stays(),
                figures.because()
            ),
        )
        .help(format!(
            "Answer `{}` with one of its choices, or write where it comes from.",
            one.id
        ))
        .must_acknowledge();
        findings.push(located(finding, &kept.step, *spot, &inner));
        questions.push(Question {
            id: one.id.clone(),
            step: kept.step.clone(),
            path: format!("{}{inner}", spot.pointer()),
            text: format!(
                "`{key}` of `{}` tells {}, which {}{}. Is it the same in every run?",
                kept.step,
                figures.shown(),
                match (&figures.made_of, figures.all.iter().any(|stays| stays.said)) {
                    (Some(look), _) => format!("the agent made of what `{look}` answered"),
                    (None, true) => "a person said".to_owned(),
                    (None, false) => "nobody said".to_owned(),
                },
                match figures.differ {
                    true => " and other recordings have otherwise",
                    false => "",
                }
            ),
            labels: Vec::new(),
            default: choices.first().cloned().unwrap_or_default(),
            choices,
        });
    }
    let open = !questions.is_empty();
    (findings, questions, open)
}
