//! Goes through the session as it happened and decides about each value that a call sent: bound to where it came
//! from, or left as it is. Nothing is bound that something else could explain as well.

use super::alike::Alike;
use super::answers::Answers;
use super::binder::{Binder, Sent};
use super::binding::{Decided, Piece, Why};
use super::compose::Composed;
use super::cycle::Cycle;
use super::information::{STRONG, WEAK, bits};
use super::inputs::{Found, Inputs, is_default, schema_at};
use super::key::words;
use super::named_list;
use super::offer::Offer;
use super::pages::Pages;
use super::said::Said;
use super::slot;
use super::unsourced::open_choices;
use super::weigh::Outcome;
use super::whole;
use super::witness::{self, Seen, Shown, Witness};
use crate::kept::Kept;
use crate::session::{Role, Session, Turn, handed_on};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

/// How much has to speak for the record at hand before a value that the person said, too, is taken from it.
const SURE: f64 = 6.0;

/// The words from which on a text is a message.
const MESSAGE: usize = 4;
/// The most values of a change that are looked for in the records before it one by one.
const MOST_AT_HAND: usize = 256;

/// All that was decided.
pub(super) struct Decisions<'k> {
    pub(super) calls: Vec<Decided>,
    pub(super) inputs: Inputs,
    pub(super) answers: Answers<'k>,
    pub(super) said: Said,
    /// The loops that calls were folded into, in their order.
    pub(super) cycles: Vec<Cycle>,
    /// The lists that were asked for page by page.
    pub(super) pages: Vec<Pages>,
    /// The questions whether calls that repeat are loops.
    pub(super) offers: Vec<Offer>,
    /// The calls before which somebody wants to be asked in each run, with what is said there.
    pub(super) gates_in_turn: Vec<(usize, String)>,
    /// The call from which on no loops were looked for, where so much was looked at before.
    pub(super) unfolded: Option<usize>,
    /// How many texts had been said before each call.
    pub(super) heard: Vec<usize>,
    /// The inputs of each further recording, as far as they are sent as they are.
    pub(super) witnessed: Vec<Map<String, Value>>,
    /// The changes that a person agreed to in words.
    pub(super) assented: BTreeSet<usize>,
    /// What people agreed to with a reserve.
    pub(super) reserves: Vec<Reserve>,
    /// The texts that are choices among what the agent offered, as it was offered.
    pub(super) chosen: BTreeSet<usize>,
    /// The looks after a person had agreed: what they told was put before nobody.
    pub(super) looked_after: BTreeSet<usize>,
    /// The looks that inform nobody.
    pub(super) idle: BTreeSet<usize>,
    /// Ids of answers that no question was found for.
    pub(super) unused_answers: Vec<String>,
    /// The values that answers were taken for, as people are shown them.
    pub(super) taken_for: BTreeMap<String, String>,
    /// Answers that were given for another value, each with the two.
    pub(super) outdated: Vec<(String, String, String)>,
}

/// A yes beside which a person said more.
pub(super) struct Reserve {
    /// The first change after it.
    pub(super) call: usize,
    /// The text, and where the reserve stands in it.
    pub(super) text: usize,
    pub(super) place: Range<usize>,
    /// What the agent had said and asked before it.
    pub(super) asked: String,
}

/// What was answered and is not known yet.
#[derive(Clone, Copy)]
enum Waiting {
    Call(usize),
    Loop(usize),
    Pages(usize),
}

/// Decides about every value. `answered` holds the answers to questions, by their ids; `folds` says whether calls that
/// repeat become loops, `gated` which calls have a gate before them.
pub(super) fn decide<'a, 'k>(
    session: &'a Session,
    kept: &'a [Kept<'k>],
    answered: super::Answered<'a>,
    folds: bool,
    gated: &BTreeSet<usize>,
    witnesses: &'a [Witness<'a>],
) -> Decisions<'k> {
    let with = |apart: Option<BTreeSet<usize>>| {
        once(
            session,
            kept,
            answered,
            (folds, apart),
            gated.clone(),
            witnesses,
        )
    };
    let mut apart = BTreeSet::new();
    let mut plain: Option<Decisions<'k>> = None;
    loop {
        let decisions = with(folds.then(|| apart.clone()));
        if decisions.cycles.iter().all(|cycle| !cycle.is_named()) {
            return decisions;
        }
        // What is done one by one may be needed one by one: then it is no list.
        let plain = plain.get_or_insert_with(|| with(None));
        let torn = named_list::torn(kept, &decisions, plain);
        if torn.is_empty() {
            return decisions;
        }
        apart.extend(torn);
    }
}

/// The same with what the person named one by one staying so where it begins with one of these calls, or anywhere.
fn once<'a, 'k>(
    session: &'a Session,
    kept: &'a [Kept<'k>],
    answered: super::Answered<'a>,
    (folds, apart): (bool, Option<BTreeSet<usize>>),
    gated: BTreeSet<usize>,
    witnesses: &'a [Witness<'a>],
) -> Decisions<'k> {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let mut binder = Binder::new(session, kept, answered);
    binder.witnesses = witnesses
        .iter()
        .map(|witness| Seen::new(witness, kept))
        .collect();
    binder.differ = witness::differ(kept, witnesses);
    binder.folds = folds;
    binder.apart = apart;
    binder.cuts = cuts(session, kept, &index);
    binder.gated = gated;
    binder.alike = Alike::of(kept, &binder.cuts, &binder.gated);
    binder.said.set_day(day_of(session));
    let mut heard = vec![usize::MAX; kept.len()];
    let mut reserves = Vec::new();
    let labels = crate::import::chosen(session);
    let mut chosen = BTreeSet::new();
    if let Some(goal) = &session.goal {
        binder.said.hear(goal, true);
    }
    // Answers of calls that were issued together are known only to those that come after.
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut batch = None;
    // The last call of the loop that is gone through.
    let mut folded: Option<(usize, Waiting)> = None;
    for turn in &session.turns {
        match turn {
            Turn::Message {
                role: Role::Assistant,
                text,
                ..
            } => binder.agreed.propose(text),
            Turn::Approval(_) => {}
            Turn::Message { role, text, .. } => {
                if *role == Role::User {
                    binder.agreed.answer(text);
                }
                let is_said = *role == Role::User || handed_on(text).is_none();
                if is_said && session.goal.as_deref() != Some(text.as_str()) {
                    binder.said.hear(text, *role == Role::User);
                    if *role == Role::User && labels.contains(text) {
                        chosen.insert(binder.said.len().saturating_sub(1));
                    }
                }
            }
            Turn::Call(call) => {
                if batch != Some(call.batch) {
                    for one in waiting.drain(..) {
                        match one {
                            Waiting::Call(at) => binder.learn(at),
                            Waiting::Loop(index) => binder.learn_loop(index),
                            Waiting::Pages(index) => binder.learn_pages(index),
                        }
                    }
                    batch = Some(call.batch);
                }
                let Some(at) = index.get(call.id.as_str()).copied() else {
                    continue;
                };
                if let Some(heard) = heard.get_mut(at) {
                    *heard = binder.said.len();
                }
                if binder.changes(at) {
                    binder.settle_reserve(at);
                }
                if binder.changes(at)
                    && let Some((place, asked)) = binder.agreed.take_reserve()
                {
                    reserves.push(Reserve {
                        call: at,
                        text: binder.said.len().saturating_sub(1),
                        place,
                        asked,
                    });
                }
                if binder.agreed.is_given() {
                    match binder.changes(at) {
                        true => binder.assented.insert(at),
                        false => binder.looked_after.insert(at),
                    };
                }
                if folded.is_none_or(|(last, _)| at > last) {
                    let folds = binder.folds;
                    folded = match binder.turn_pages(at) {
                        Some(last) => Some((last, Waiting::Pages(binder.pages.len() - 1))),
                        None => binder
                            .fold(at)
                            .map(|last| (last, Waiting::Loop(binder.cycles.len() - 1))),
                    };
                    if folds && !binder.folds {
                        binder.unfolded = Some(at);
                    }
                    if folded.is_none() {
                        binder.call(at);
                        waiting.push(Waiting::Call(at));
                        continue;
                    }
                }
                if let Some((last, given)) = folded
                    && last == at
                {
                    waiting.push(given);
                }
            }
        }
    }
    binder.follow_chosen();
    binder.repeated();
    binder.put_together();
    binder.follow_told();
    binder.ask_in_turn();
    binder.leave_lone_numbers();
    for decided in &mut binder.decided {
        decided.settle();
    }
    Decisions {
        calls: binder.decided,
        reserves,
        chosen,
        unused_answers: answered
            .given
            .keys()
            .filter(|id| !binder.used_answers.contains(*id))
            .cloned()
            .collect(),
        taken_for: binder.taken_for,
        outdated: binder
            .outdated
            .into_iter()
            .map(|(id, is)| {
                let was = answered.before.get(&id).cloned().unwrap_or_default();
                (id, was, is)
            })
            .collect(),
        assented: binder.assented,
        looked_after: binder.looked_after,
        idle: BTreeSet::new(),
        inputs: binder.inputs,
        answers: binder.answers,
        said: binder.said,
        cycles: binder.cycles,
        pages: binder.pages,
        offers: binder.offers,
        gates_in_turn: binder.gates_in_turn,
        unfolded: binder.unfolded,
        heard,
        witnessed: binder
            .witnesses
            .into_iter()
            .map(Seen::into_inputs)
            .collect(),
    }
}

/// The day of the recording.
fn day_of(session: &Session) -> Option<jiff::civil::Date> {
    session.started_at?.to_string().get(..10)?.parse().ok()
}

/// The kept calls before which a person spoke.
fn cuts(session: &Session, kept: &[Kept<'_>], index: &HashMap<&str, usize>) -> BTreeSet<usize> {
    let exchanges = crate::exchange::exchanges(session, kept);
    let approved: BTreeSet<usize> = crate::spoken::approvals(&exchanges, kept)
        .into_iter()
        .map(|spoken| spoken.at)
        .collect();
    let mut cuts = BTreeSet::new();
    let mut spoke = false;
    let mut words = 0_usize;
    for turn in &session.turns {
        match turn {
            Turn::Message { role, .. } => words += usize::from(*role != Role::Assistant),
            // A yes to one call becomes a gate before it, in each pass of a loop.
            Turn::Approval(approval) => {
                let call = approval.call.as_deref().and_then(|call| index.get(call));
                spoke |= call.is_none() || !approval.approved;
            }
            Turn::Call(call) => {
                if let Some(at) = index.get(call.id.as_str()) {
                    // So does a yes in words, where nothing else was said.
                    let only_yes = words == 1 && approved.contains(at);
                    if spoke || words > 0 && !only_yes {
                        cuts.insert(*at);
                    }
                    (spoke, words) = (false, 0);
                }
            }
        }
    }
    cuts
}

impl<'a> Binder<'a, '_> {
    fn call(&mut self, at: usize) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let arguments = &kept.call.arguments;
        self.strong = strong_values(arguments);
        self.at_hand = Some(kept.call);
        // A line for a shell is fixed text: no value is spliced in, and words are given beside it.
        self.command_words(at);
        if slot::any(kept) {
            let mut scalars = Vec::new();
            self.values(at, arguments, &mut Vec::new(), &mut scalars);
            // Who sends so much sends a whole document: each value would go through all records before it.
            if scalars.len() > MOST_AT_HAND {
                self.at_hand = None;
            }
            // What is particular first: the rest may be known by the record that it leads to.
            let (strong, weak): (Vec<_>, Vec<_>) = scalars
                .into_iter()
                .partition(|sent| bits(sent.value, &sent.key.words) >= STRONG);
            // Messages last: what they tell again is known by then, and named by its own key.
            let is_message = |sent: &&Sent<'_>| sent.value.as_str().is_some_and(is_wording);
            // And what ends behind what begins.
            let (ends, weak): (Vec<_>, Vec<_>) =
                weak.into_iter().partition(|sent| self.end(sent).is_some());
            let first = strong.iter().filter(|sent| !is_message(sent));
            for sent in first.chain(&weak).chain(&ends) {
                self.scalar(sent);
            }
            for sent in strong.iter().filter(is_message) {
                self.scalar(sent);
            }
            self.ask_of_lists(at);
            self.ask_of_taken_lists(at);
        }
        self.at_hand = None;
        self.note_found(at);
        self.note_sent(arguments);
    }

    /// Binds lists and maps as a whole, and gathers the values that are left.
    pub(super) fn values(
        &mut self,
        at: usize,
        value: &'a Value,
        path: &mut Vec<String>,
        left: &mut Vec<Sent<'a>>,
    ) {
        match value {
            Value::Object(_) | Value::Array(_)
                if !path.is_empty()
                    && (self.alters_list(at, value, path) || self.container(at, value, path)) => {}
            Value::Object(map) => {
                for (key, inner) in map {
                    path.push(key.clone());
                    self.values(at, inner, path, left);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    path.push(index.to_string());
                    self.values(at, inner, path, left);
                    path.pop();
                }
            }
            Value::String(text) if text.is_empty() => self.emptied(at, value, path),
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                left.push(self.sent(at, value, path));
            }
            Value::Null => self.emptied(at, value, path),
        }
    }

    /// The same for what is not bound yet: nothing that holds something bound is taken as a whole.
    pub(super) fn apart(
        &mut self,
        at: usize,
        value: &'a Value,
        path: &mut Vec<String>,
        taken: &BTreeSet<String>,
        left: &mut Vec<Sent<'a>>,
    ) {
        let pointer = self.sent(at, value, path).pointer;
        if taken.contains(&pointer) {
            return;
        }
        let inside = format!("{pointer}/");
        if !taken.iter().any(|other| other.starts_with(&inside)) {
            return self.values(at, value, path, left);
        }
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    path.push(key.clone());
                    self.apart(at, inner, path, taken, left);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    path.push(index.to_string());
                    self.apart(at, inner, path, taken, left);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// A list or map as a whole.
    fn container(&mut self, at: usize, value: &'a Value, path: &[String]) -> bool {
        let sent = self.sent(at, value, path);
        let Some(binding) = whole::find(self, &sent) else {
            return false;
        };
        if !self.holds_everywhere(&sent, &binding) {
            return false;
        }
        if self.is_of_another(&sent, &binding) || self.is_looked_up_of_another(&sent, &binding) {
            // Of a list it is one question whether all of it is taken from there.
            // What has fields of its own is followed element by element.
            let is_plain = value
                .as_array()
                .is_some_and(|all| all.iter().all(|one| !one.is_object() && !one.is_array()));
            if !is_plain || self.at_hand.is_none() {
                return false;
            }
            let why = Self::whether_it(Box::new(binding));
            self.freeze(&sent, why);
            return true;
        }
        self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
        true
    }

    pub(super) fn scalar(&mut self, sent: &Sent<'_>) {
        if sent.value.is_boolean() {
            return self.truth(sent);
        }
        let schema = schema_at(self.spec(sent.call), &sent.pointer).cloned();
        let key = sent.path.last().map_or("", String::as_str);
        let own = bits(sent.value, &sent.key.words);
        let is_secret = sent
            .value
            .as_str()
            .is_some_and(|text| crate::secret::kind(key, text).is_some());
        if is_secret {
            return match self.among_answers(sent, STRONG) {
                Outcome::Bound(binding) => self.bind(sent, vec![Piece::Value(binding)]),
                _ => self.freeze(sent, Why::Secret),
            };
        }
        // What a tool is told to do is no data, though a person may have said that word.
        if is_operation(key, sent.value) {
            return self.freeze(sent, Why::Chance);
        }
        // Nothing is put into what was meant as JSON and is none.
        let is_broken = |kept: &Kept<'_>| crate::findings::is_broken(kept);
        if self.kept.get(sent.call).is_some_and(is_broken) {
            return self.freeze(sent, Why::Chance);
        }
        if is_default(schema.as_ref(), sent.value) {
            return self.freeze(sent, Why::Default);
        }
        if let Some(why) = self.put_to_old(sent) {
            return self.freeze(sent, why);
        }
        let measured = self.measured(sent, own);
        let mention = measured
            .or_else(|| self.said.find(sent.value, &sent.key.full()))
            .filter(|mention| !mention.person || !self.said.is_only_deed(sent.value));
        // Where it differs in other recordings and nobody said it there, it was only said in passing.
        let in_passing = matches!(self.shown(sent), Shown::Other) && !self.said_everywhere(sent);
        if let Some(mention) = mention.filter(|mention| mention.person && !in_passing) {
            let near = measured.is_some() || self.said.is_near(&mention, &sent.key.full());
            if own >= WEAK || near || self.said.is_name(&mention, sent.value) {
                // A weak value that nobody connected with the key may still be that of the record at hand.
                if own < STRONG
                    && !near
                    && let Outcome::Bound(binding) = self.among_answers(sent, WEAK)
                    && (binding.score >= SURE && self.is_its_record(&binding)
                        || self.is_confirmed(sent, &binding.expression))
                    && !self.is_of_another(sent, &binding)
                    && self.holds_everywhere(sent, &binding)
                {
                    return self.bind(sent, vec![Piece::Value(binding)]);
                }
                if own < STRONG && !near {
                    match self.of_own_field(sent) {
                        Outcome::Bound(binding) if self.holds_everywhere(sent, &binding) => {
                            return self.bind(sent, vec![Piece::Value(binding)]);
                        }
                        Outcome::Open(why) => return self.freeze(sent, why),
                        Outcome::Bound(_) | Outcome::Nothing => {}
                    }
                }
                if let Some(pieces) = self.around_id(sent).or_else(|| self.around_name(sent)) {
                    return self.bind(sent, pieces);
                }
                let binding = self.input(sent, Found::Said(mention), schema.as_ref());
                return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
            }
        }
        if mention.is_none_or(|mention| !mention.person) {
            match self.scaled(sent) {
                Outcome::Bound(binding) => return self.bind(sent, vec![Piece::Value(binding)]),
                Outcome::Open(why) => return self.freeze(sent, why),
                Outcome::Nothing => {}
            }
        }
        if let Some(why) = self.end_of_stay(sent) {
            return self.freeze(sent, why);
        }
        if let Some(end) = self.end(sent) {
            return match self.after_length(sent, &end) {
                Some(binding) if self.holds_everywhere(sent, &binding) => {
                    self.bind(sent, vec![Piece::Value(Box::new(binding))]);
                }
                _ => self.freeze(sent, Why::Made(open_choices())),
            };
        }
        // `no insurance` is said of what a change sends as `no`, whatever some record has there.
        if self.changes(sent.call)
            && is_denial(sent.value)
            && let Some(mention) = self.denied(&sent.key.words)
        {
            let binding = self.input(sent, Found::Said(mention), schema.as_ref());
            return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
        }
        match self.as_before(sent) {
            Outcome::Bound(binding) if self.holds_everywhere(sent, &binding) => {
                return self.bind(sent, vec![Piece::Value(binding)]);
            }
            Outcome::Open(why) => return self.freeze(sent, why),
            Outcome::Bound(_) | Outcome::Nothing => {}
        }
        let outcome = self.among_answers(sent, WEAK);
        if let Outcome::Bound(binding) = outcome {
            if self.is_of_another(sent, &binding) || self.is_of_other_field(sent, &binding) {
                return self.freeze(sent, Self::whether_it(binding));
            }
            if !self.holds_everywhere(sent, &binding) {
                return self.freeze(sent, Why::Varied(open_choices()));
            }
            if let Some(why) = self.what_is_left(sent, &binding) {
                return self.freeze(sent, why);
            }
            // What the record has, too, is not what was said because it is equal.
            if !in_passing
                && self.may_be_said(sent, own)
                && !self.is_confirmed(sent, &binding.expression)
            {
                return self.freeze(sent, Self::whether_it(binding));
            }
            return self.bind(sent, vec![Piece::Value(binding)]);
        }
        if in_passing && mention.is_some_and(|mention| mention.person) && self.behind_words(sent) {
            return;
        }
        if let Some(binding) = self.share_of(sent) {
            return self.bind(sent, vec![Piece::Value(binding)]);
        }
        // A small number that the person said somewhere may be this one, or not.
        if mention.is_some_and(|mention| mention.person) && own < WEAK && self.changes(sent.call) {
            return self.freeze(sent, Why::Unsure(open_choices()));
        }
        // What the instructions name of a change may be one of several, or a limit.
        let told = mention.and_then(|mention| match self.changes(sent.call) {
            true if !mention.person => self.said.prescribed(sent.value, &sent.key.full()),
            _ => Some(self.said.quote(&mention)),
        });
        let is_look = !self.changes(sent.call);
        if let Some(words) = told.clone().filter(|_| is_look && own < STRONG) {
            return self.freeze(sent, Why::Instructions(words));
        }
        if let Some(binding) = self.day_of_run(sent) {
            return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
        }
        if let Outcome::Open(why) = outcome {
            return self.freeze(sent, why);
        }
        if let Some(words) = told.clone().filter(|_| own < STRONG) {
            return self.freeze(sent, Why::Instructions(words));
        }
        if let Some(outcome) = self.of_spelled(sent, schema.as_ref()) {
            return match outcome {
                Outcome::Bound(binding) => self.bind(sent, vec![Piece::Value(binding)]),
                Outcome::Open(why) => self.freeze(sent, why),
                Outcome::Nothing => {}
            };
        }
        if self.of_said_day(sent) {
            return;
        }
        match self.template(sent) {
            Composed::Pieces(pieces) => {
                return match self.pieced(sent, &pieces) {
                    Some(why) => self.freeze(sent, why),
                    None if self.is_worded_otherwise(sent, &pieces) => {
                        self.freeze(sent, Why::Varied(open_choices()));
                    }
                    None => self.bind(sent, pieces),
                };
            }
            Composed::Unsure => return self.freeze(sent, Why::Unsure(open_choices())),
            Composed::Nothing => {}
        }
        if let Some(words) = told {
            return self.freeze(sent, Why::Instructions(words));
        }
        if let Some(binding) = self.among_lines(sent) {
            return self.bind(sent, vec![Piece::Value(binding)]);
        }
        if let Some(why) = self.volatile(sent) {
            return self.freeze(sent, Why::Volatile(why, open_choices()));
        }
        let why = self.unnamed_day(sent).or_else(|| self.of_record(sent));
        if let Some(why) = why.or_else(|| self.of_look(sent)) {
            return self.freeze(sent, why);
        }
        let why = if self.is_data(sent) || self.is_part_of_said(sent) || self.is_code_of_word(sent)
        {
            Why::Made(open_choices())
        } else if own < WEAK {
            Why::Chance
        } else {
            self.held_in_text(sent).unwrap_or(Why::Agent)
        };
        self.freeze(sent, why);
    }
}

impl Binder<'_, '_> {
    /// The question about a value that was made by what the looks before it had found, and that none of them has.
    fn of_look(&mut self, sent: &Sent<'_>) -> Option<Why> {
        let whole = || {
            vec![Piece::Text(
                sent.value.as_str().unwrap_or_default().to_owned(),
            )]
        };
        self.how_many(sent)
            .or_else(|| self.turned(sent))
            .or_else(|| self.pieced(sent, &whole()))
    }
}

/// Whether a value says that there is none of what its key names.
fn is_denial(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => matches!(
            text.to_lowercase().as_str(),
            "no" | "none" | "false" | "never" | "0" | "nein" | "keine"
        ),
        _ => false,
    }
}

/// Whether a text is worded: a message, not a value.
fn is_wording(text: &str) -> bool {
    text.split_whitespace().count() >= MESSAGE
}

/// Whether a value is the name of what a tool with several uses is to do.
fn is_operation(key: &str, value: &Value) -> bool {
    let word =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    matches!(key, "command" | "cmd" | "op" | "operation" | "subcommand")
        && value.as_str().is_some_and(word)
}

/// The values of a call that are the same thing wherever they stand, as JSON.
pub(super) fn strong_values(arguments: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    crate::leaf::leaves(arguments, &mut |_, key, leaf| {
        if bits(leaf, &words(key)) >= 4.5 {
            found.insert(leaf.to_string());
        }
    });
    found
}
