//! What is known while a session is gone through, and how decisions are noted.

use super::agreed::{Agreed, Yes};
use super::alike::Alike;
use super::another::Others;
use super::answers::Answers;
use super::binding::{Binding, Bound, Choice, Decided, Frozen, Piece, Source, Why};
use super::cycle::Cycle;
use super::enter::Pending;
use super::evaluate::Recorded;
use super::information::{WEAK, bits};
use super::inputs::{Found, Inputs, schema_at};
use super::key::Key;
use super::keyed::Given;
use super::offer::Offer;
use super::pages::Pages;
use super::route::{Router, Way};
use super::said::Said;
use super::selector::Known;
use super::sent::Forms;
use super::settled::Settled;
use super::turn::{Compared, Writer};
use super::witness::{CONSTANT, Seen};
use super::{canonical, explain, whole};
use crate::kept::Kept;
use crate::session::{Session, ToolCall, ToolSpec};
use crate::tool_map::escape;
use druse_engine::Digest;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most calls, and elements of lists, that are looked at for loops: each counts each time.
const MOST_LOOKS: usize = 400_000;

/// What is known while the session is gone through.
pub(super) struct Binder<'a, 'k> {
    pub(super) kept: &'a [Kept<'k>],
    pub(super) said: Said,
    /// What the agent proposed and the person agreed to.
    pub(super) agreed: Agreed,
    pub(super) answers: Answers<'k>,
    pub(super) inputs: Inputs,
    /// The changes that a person agreed to in words.
    pub(super) assented: BTreeSet<usize>,
    pub(super) looked_after: BTreeSet<usize>,
    /// Bound values by their JSON.
    pub(super) known: HashMap<String, Vec<Known>>,
    pub(super) recorded: Recorded<'a>,
    pub(super) router: Router,
    pub(super) learned_inputs: usize,
    /// The particular values of the call at hand, as JSON.
    pub(super) strong: BTreeSet<String>,
    /// The call whose values are decided about, while they are.
    pub(super) at_hand: Option<&'a ToolCall>,
    /// Forms of values that were sent before some answer held them.
    pub(super) sent: Forms,
    pub(super) specs: BTreeMap<&'a str, &'a ToolSpec>,
    pub(super) answered: &'a BTreeMap<String, String>,
    pub(super) used_answers: BTreeSet<String>,
    /// The values, as people are shown them, that answers were given for before.
    pub(super) answered_for: &'a BTreeMap<String, String>,
    /// The same of those that were taken.
    pub(super) taken_for: BTreeMap<String, String>,
    /// Answers that were given for another value, with what stands there now.
    pub(super) outdated: BTreeMap<String, String>,
    /// The questions so far, by the value and the choices: what is asked once need not be asked again.
    questions: BTreeMap<(String, Vec<String>), String>,
    pub(super) session: &'a Session,
    pub(super) decided: Vec<Decided>,
    /// Whether calls that repeat become loops.
    pub(super) folds: bool,
    /// The first calls of those that stay one by one, though the person named what they are about one by one; none: all
    /// do.
    pub(super) apart: Option<BTreeSet<usize>>,
    /// The calls before which a person spoke.
    pub(super) cuts: BTreeSet<usize>,
    /// The calls with a gate before them.
    pub(super) gated: BTreeSet<usize>,
    /// Which calls are alike, told from the two.
    pub(super) alike: Alike,
    /// How many calls, and elements of lists, may still be looked at for loops.
    pub(super) looks: usize,
    /// How many elements of lists were looked at since that was last told.
    pub(super) walked: Cell<usize>,
    /// The call from which on no loops were looked for.
    pub(super) unfolded: Option<usize>,
    /// The names of steps and loops so far, and the last number behind each.
    pub(super) ids: HashMap<String, u32>,
    /// Further recordings of the task.
    pub(super) witnesses: Vec<Seen<'a>>,
    /// Whether what was sent in them differs anywhere.
    pub(super) differ: bool,
    /// The loops so far.
    pub(super) cycles: Vec<Cycle>,
    /// What each of them gave.
    pub(super) pending: Vec<Pending>,
    /// The lists so far that were asked for page by page, and what each of them gave.
    pub(super) pages: Vec<Pages>,
    pub(super) paged: Vec<Pending>,
    /// The questions whether calls that repeat are loops, and the call behind those that the last one is about.
    pub(super) offers: Vec<Offer>,
    pub(super) offered_to: usize,
    /// The calls that might be a loop, and stay one by one as a person answered.
    pub(super) kept_apart: BTreeSet<usize>,
    /// The calls before which somebody wants to be asked in each run, as nothing tells what they are done with, and what
    /// is said there.
    pub(super) gates_in_turn: Vec<(usize, String)>,
    /// What is known of records of other things, and of what was sent there before.
    pub(super) others: Others,
    /// What was decided about names and ids that were sent by themselves.
    pub(super) settled: Settled,
}

/// A value that a call sent.
pub(super) struct Sent<'a> {
    pub(super) call: usize,
    pub(super) pointer: String,
    /// The keys to it.
    pub(super) path: Vec<String>,
    pub(super) key: Key,
    pub(super) value: &'a Value,
}

impl Sent<'_> {
    /// What stands in its place: a part of it, or what is left of it, under a key of its own.
    pub(super) fn part<'v>(&self, key: Key, value: &'v Value) -> Sent<'v> {
        Sent {
            call: self.call,
            pointer: self.pointer.clone(),
            path: self.path.clone(),
            key,
            value,
        }
    }
}

impl<'a, 'k> Binder<'a, 'k> {
    pub(super) fn new(
        session: &'a Session,
        kept: &'a [Kept<'k>],
        answered: super::Answered<'a>,
    ) -> Self {
        Self {
            kept,
            said: Said::default(),
            agreed: Agreed::default(),
            assented: BTreeSet::new(),
            looked_after: BTreeSet::new(),
            answers: Answers::default(),
            inputs: Inputs::default(),
            known: HashMap::new(),
            recorded: Recorded::new(kept, session.started_at.unwrap_or_default()),
            router: Router::default(),
            learned_inputs: 0,
            strong: BTreeSet::new(),
            at_hand: None,
            sent: Forms::default(),
            specs: session
                .tools
                .iter()
                .map(|spec| (spec.name.as_str(), spec))
                .collect(),
            answered: answered.given,
            used_answers: BTreeSet::new(),
            answered_for: answered.before,
            taken_for: BTreeMap::new(),
            outdated: BTreeMap::new(),
            questions: BTreeMap::new(),
            session,
            decided: vec![Decided::default(); kept.len()],
            folds: true,
            apart: None,
            cuts: BTreeSet::new(),
            gated: BTreeSet::new(),
            alike: Alike::default(),
            looks: MOST_LOOKS,
            walked: Cell::new(0),
            unfolded: None,
            ids: kept.iter().map(|kept| (kept.step.clone(), 1)).collect(),
            witnesses: Vec::new(),
            differ: false,
            cycles: Vec::new(),
            offers: Vec::new(),
            offered_to: 0,
            kept_apart: BTreeSet::new(),
            gates_in_turn: Vec::new(),
            pending: Vec::new(),
            pages: Vec::new(),
            paged: Vec::new(),
            others: Others::default(),
            settled: Settled::default(),
        }
    }

    /// Takes in what a call answered.
    pub(super) fn learn(&mut self, at: usize) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let (said, sent) = (&self.said, &self.sent);
        let keys = Given {
            said,
            known: &self.known,
            asked: Some(&kept.call.arguments),
        };
        let given = |map: &Map<String, Value>| keys.gives(map);
        let known = |form: &str, value: &Value| {
            sent.contains(form)
                || bits(value, &[]) >= WEAK
                    && said.find(value, &[]).is_some_and(|mention| mention.person)
        };
        self.answers.learn(at, kept, &known, &given);
        // Further recordings may show that it was said by chance.
        if !self.witnesses.is_empty() {
            let known = |form: &str, _: &Value| sent.contains(form);
            self.answers.learn_behind_words(at, kept, &known, &given);
        }
    }

    /// Whether so many calls and elements may be looked at for a loop. Once not, no further loops are looked for.
    pub(super) fn may_look(&mut self, count: usize) -> bool {
        match self.looks.checked_sub(count) {
            Some(left) => self.looks = left,
            None => self.folds = false,
        }
        self.folds
    }

    /// A name for a loop that no step and no other loop has.
    pub(super) fn free_id(&mut self, base: &str, around: Option<&str>) -> String {
        let mut number = self.ids.get(base).copied().unwrap_or(0);
        loop {
            number += 1;
            let id = match number {
                1 => base.to_owned(),
                number => format!("{base}_{number}"),
            };
            let taken = number > 1 && self.ids.contains_key(&id);
            if !taken && around != Some(id.as_str()) {
                // All before it are taken, and stay so.
                if let Some(last) = self.ids.get_mut(base) {
                    *last = number - 1;
                }
                return id;
            }
        }
    }

    /// Notes that a loop has a name.
    pub(super) fn take_id(&mut self, id: &str) {
        self.ids.entry(id.to_owned()).or_insert(1);
    }

    /// Remembers what a call sent: an answer that only repeats it is not where it comes from.
    pub(super) fn note_sent(&mut self, arguments: &Value) {
        let mut forms = Vec::new();
        crate::leaf::leaves(arguments, &mut |_, _, leaf| {
            forms.extend(canonical::forms(leaf))
        });
        for form in forms {
            self.sent.insert(&form);
        }
        whole::forms(arguments, &mut self.sent);
    }

    /// Makes a value one that others can be compared with.
    pub(super) fn know(&mut self, value: String, known: Known) {
        let all = self.known.entry(value).or_default();
        if all.len() < 16 && !all.iter().any(|other| other.expression == known.expression) {
            all.push(known);
        }
    }

    /// A value of a call, with its key.
    pub(super) fn sent(&self, at: usize, value: &'a Value, path: &[String]) -> Sent<'a> {
        let tool = self.kept.get(at).map_or("", |kept| kept.call.name.as_str());
        let keys = path
            .iter()
            .map(String::as_str)
            .filter(|word| word.is_empty() || !word.bytes().all(|b| b.is_ascii_digit()));
        Sent {
            call: at,
            pointer: path
                .iter()
                .map(|word| format!("/{}", escape(word)))
                .collect(),
            path: path.to_vec(),
            key: Key::new(keys, tool),
            value,
        }
    }

    /// The tool of a call as it was offered.
    pub(super) fn spec(&self, at: usize) -> Option<&'a ToolSpec> {
        self.specs
            .get(self.kept.get(at)?.call.name.as_str())
            .copied()
    }

    /// Notes that a value is bound. From now on others can be compared with it.
    pub(super) fn bind(&mut self, sent: &Sent<'_>, pieces: Vec<Piece>) {
        let pieces: Vec<Piece> = match <[Piece; 1]>::try_from(pieces) {
            Ok([Piece::Value(binding)]) => vec![Piece::Value(self.with_said_anchor(sent, binding))],
            Ok(one) => one.into(),
            Err(all) => all,
        };
        if let [Piece::Value(binding)] = pieces.as_slice()
            && !matches!(
                binding.value,
                Value::Array(_) | Value::Object(_) | Value::Bool(_)
            )
        {
            let known = Known {
                expression: binding.expression.clone(),
                key: sent.key.clone(),
            };
            self.know(binding.value.to_string(), known);
        }
        self.others.note(&pieces);
        self.settled.bind(sent.call, &pieces);
        if let Some(decided) = self.decided.get_mut(sent.call) {
            decided.bound.push(Bound {
                pointer: sent.pointer.clone(),
                key: sent.path.last().cloned().unwrap_or_default(),
                pieces,
            });
        }
    }

    /// Notes that a value stays, unless a person answered the question that it leaves open.
    pub(super) fn freeze(&mut self, sent: &Sent<'_>, why: Why) {
        let why = self.in_their_light(sent, why);
        let why = self.with_computed(sent, why);
        let why = self.with_formulas(sent, why);
        let mut question = None;
        if let (Some(choices), Some(kept)) = (why.choices(), self.kept.get(sent.call)) {
            let own = explain::question_id(kept, &sent.pointer);
            let answers: Vec<String> = choices.iter().map(|choice| choice.answer.clone()).collect();
            let form = canonical::form(sent.value).unwrap_or_else(|| sent.value.to_string());
            let id = self
                .questions
                .entry((form, answers))
                .or_insert_with(|| own.clone())
                .clone();
            let given = [&own, &id]
                .into_iter()
                .find_map(|id| Some((id, self.answered.get(id)?)));
            if let Some((id, answer)) = given
                && let Some(choice) = choices.iter().find(|choice| choice.answer == *answer)
            {
                let (id, choice) = (id.clone(), choice.clone());
                let key = sent.path.last().map(String::as_str).unwrap_or_default();
                let shown = answer_value(key, sent.value);
                self.used_answers.insert(id.clone());
                // An input takes any value: whichever it is, the answer is the same.
                let fixed = choice.answer == CONSTANT;
                match self.answered_for.get(&id) {
                    Some(was) if fixed && *was != shown => {
                        self.outdated.insert(id, shown);
                    }
                    _ => {
                        self.taken_for.insert(id, shown);
                        return self.take_answer(sent, choice);
                    }
                }
            }
            if let Some(choice) = self.witnessed(sent, choices)
                && !(choice.answer == CONSTANT && self.is_turned_round(sent))
            {
                return self.take_witnessed(sent, choice);
            }
            match self.by_yes(sent, &why) {
                Some(Yes::Chosen(mention)) => {
                    let schema = schema_at(self.spec(sent.call), &sent.pointer).cloned();
                    let binding = self.input(sent, Found::Agreed(mention), schema.as_ref());
                    return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
                }
                Some(Yes::Answered(binding)) => {
                    return self.bind(sent, vec![Piece::Value(binding)]);
                }
                None => {}
            }
            question = Some(id);
        }
        self.note_frozen(sent, why, question);
    }

    pub(super) fn note_frozen(&mut self, sent: &Sent<'_>, why: Why, question: Option<String>) {
        self.settled.freeze(sent.value, &why);
        if let Some(decided) = self.decided.get_mut(sent.call) {
            decided.frozen.push(Frozen {
                pointer: sent.pointer.clone(),
                key: sent.path.last().cloned().unwrap_or_default(),
                value: sent.value.clone(),
                why,
                question,
            });
        }
    }

    /// What the further recordings show: that it stays, that it is an input, or which source it has.
    fn take_witnessed(&mut self, sent: &Sent<'_>, choice: Choice) {
        if choice.answer == "constant" {
            return self.note_frozen(sent, Why::Confirmed, None);
        }
        self.take(sent, choice, "the further recordings show it");
    }

    /// What a person answered: that it stays, that it becomes an input, or which source it has.
    fn take_answer(&mut self, sent: &Sent<'_>, choice: Choice) {
        if choice.answer == "constant" {
            return self.note_frozen(sent, Why::Answered, None);
        }
        self.take(sent, choice, "a person answered so");
    }

    pub(super) fn take(&mut self, sent: &Sent<'_>, choice: Choice, because: &str) {
        let binding = match choice.binding {
            Some(binding) => Binding {
                because: because.to_owned(),
                ..*binding
            },
            None => {
                let schema = schema_at(self.spec(sent.call), &sent.pointer).cloned();
                let found = match self.said.find(sent.value, &sent.key.words) {
                    Some(mention) => Found::Said(mention),
                    None => Found::Answered,
                };
                self.input(sent, found, schema.as_ref())
            }
        };
        self.bind(sent, vec![Piece::Value(Box::new(binding))]);
    }

    /// The input that gives a value.
    pub(super) fn input(
        &mut self,
        sent: &Sent<'_>,
        found: Found,
        schema: Option<&Value>,
    ) -> Binding {
        let known = self.inputs.len();
        let (mut name, transform) = self
            .inputs
            .get(&sent.key, sent.value, found, schema, &self.said);
        if self.inputs.len() > known && sent.value.is_number() {
            let key = sent.path.last().map_or("", String::as_str);
            name = self.inputs.in_plural(name, key);
        }
        let expression = transform.write(&format!("inputs.{name}"));
        self.learn_inputs();
        self.set_witnessed(sent, &name, &transform);
        let because = match &found {
            Found::Said(mention) => format!("the person said it: “{}”", self.said.quote(mention)),
            Found::Agreed(mention) => format!(
                "the agent proposed it and the person agreed: “{}”",
                self.agreed_words(mention)
            ),
            Found::Repeated => "several steps send it and nothing answered it".to_owned(),
            Found::Answered => "a person answered so".to_owned(),
        };
        Binding {
            expression,
            source: Source::Input(name),
            transform,
            score: bits(sent.value, &sent.key.words),
            because,
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: sent.value.clone(),
        }
    }

    /// Makes the values of new inputs known.
    pub(super) fn learn_inputs(&mut self) {
        let new: Vec<_> = self
            .inputs
            .iter()
            .skip(self.learned_inputs)
            .map(|input| (input.name.clone(), input.value.clone(), input.key.clone()))
            .collect();
        self.learned_inputs = self.inputs.len();
        for (name, value, key) in new {
            self.recorded.set_input(&name, &value);
            // True and false are equal to half of all flags.
            if value.is_boolean() {
                continue;
            }
            self.know(
                value.to_string(),
                Known {
                    expression: format!("inputs.{name}"),
                    key,
                },
            );
        }
    }

    /// The expression of a way.
    pub(super) fn written(&mut self, way: &Way) -> String {
        let expression = way.write(&mut Writer {
            inputs: &mut self.inputs,
            said: &self.said,
        });
        self.learn_inputs();
        expression
    }

    /// Whether a call may change something.
    pub(super) fn changes(&self, call: usize) -> bool {
        self.kept.get(call).is_some_and(Kept::changes)
    }
}

/// The most characters of a value by which an answer knows it.
const KNOWN_BY: usize = 80;

/// A value as an answer knows it: as people are shown it, with a mark of the whole where that is only its beginning. Of
/// a secret nothing is kept.
pub(super) fn answer_value(key: &str, value: &Value) -> String {
    let shown = crate::show::value(key, value, KNOWN_BY);
    let is_whole = !(value.is_array() || value.is_object())
        && shown == crate::show::value(key, value, usize::MAX);
    if is_whole || shown.contains("•••") {
        return shown;
    }
    let mark = Digest::of(value.to_string().as_bytes());
    format!("{shown} ({})", mark.hex().get(..12).unwrap_or_default())
}
