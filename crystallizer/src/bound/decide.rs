//! Goes through the session as it happened and decides about each value that a call sent: bound to where it came
//! from, or left as it is. Nothing is bound that something else could explain as well.

use super::answers::{Answers, Of, Place};
use super::binding::{Binding, Bound, Choice, Decided, Frozen, Piece, Source, Why};
use super::evaluate::Recorded;
use super::information::{STRONG, WEAK, bits};
use super::inputs::{Found, Inputs, is_default, schema_at};
use super::key::{Key, agree};
use super::route::{Router, Way};
use super::said::Said;
use super::selector::{Compared, Known, Scope};
use super::transform::Transform;
use super::{canonical, evaluate, whole};
use crate::kept::Kept;
use crate::leaf::canonical_text;
use crate::session::{Role, Session, ToolSpec, Turn};
use crate::tool_map::escape;
use druse_engine::definition::EffectLevel;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most candidates whose way is worked out.
const MOST_CANDIDATES: usize = 8;
/// The most choices of a question that are expressions.
const MOST_CHOICES: usize = 3;
/// How much better a source has to be than the next.
const MARGIN: f64 = 1.0;
/// The information of the values beside it from which on a weak one is taken to come from their record.
const BESIDE: f64 = 4.0;
/// The longest text in which parts are looked for.
const LONGEST_TEMPLATE: usize = 4_000;

/// All that was decided.
pub(super) struct Decisions {
    pub(super) calls: Vec<Decided>,
    pub(super) inputs: Inputs,
    pub(super) answers: Answers,
    pub(super) said: Said,
}

/// What is known while the session is gone through.
pub(super) struct Binder<'a> {
    pub(super) kept: &'a [Kept<'a>],
    pub(super) said: Said,
    pub(super) answers: Answers,
    pub(super) inputs: Inputs,
    /// Bound values by their JSON.
    pub(super) known: HashMap<String, Vec<Known>>,
    pub(super) recorded: Recorded,
    pub(super) router: Router,
    learned_inputs: usize,
    /// Forms of values that were sent before some answer held them.
    sent: BTreeSet<String>,
    specs: BTreeMap<&'a str, &'a ToolSpec>,
    answered: &'a BTreeMap<String, String>,
    session: &'a Session,
    decided: Vec<Decided>,
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

/// Decides about every value. `answered` holds the answers to questions, by their ids.
pub(super) fn decide<'a>(
    session: &'a Session,
    kept: &'a [Kept<'a>],
    answered: &'a BTreeMap<String, String>,
) -> Decisions {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let started_at = session.started_at.unwrap_or_default();
    let mut binder = Binder {
        kept,
        said: Said::default(),
        answers: Answers::default(),
        inputs: Inputs::default(),
        known: HashMap::new(),
        recorded: Recorded::new(kept, started_at),
        router: Router::default(),
        learned_inputs: 0,
        sent: BTreeSet::new(),
        specs: session
            .tools
            .iter()
            .map(|spec| (spec.name.as_str(), spec))
            .collect(),
        answered,
        session,
        decided: Vec::new(),
    };
    binder.decided.resize_with(kept.len(), Decided::default);
    if let Some(goal) = &session.goal {
        binder.said.hear(goal, true);
    }
    // Answers of calls that were issued together are known only to those that come after.
    let mut waiting: Vec<usize> = Vec::new();
    let mut batch = None;
    for turn in &session.turns {
        match turn {
            Turn::Message {
                role: Role::Assistant,
                ..
            }
            | Turn::Approval(_) => {}
            Turn::Message { role, text, .. } => {
                if session.goal.as_deref() != Some(text.as_str()) {
                    binder.said.hear(text, *role == Role::User);
                }
            }
            Turn::Call(call) => {
                if batch != Some(call.batch) {
                    for at in waiting.drain(..) {
                        binder.learn(at);
                    }
                    batch = Some(call.batch);
                }
                if let Some(at) = index.get(call.id.as_str()) {
                    binder.call(*at);
                    waiting.push(*at);
                }
            }
        }
    }
    binder.repeated();
    Decisions {
        calls: binder.decided,
        inputs: binder.inputs,
        answers: binder.answers,
        said: binder.said,
    }
}

impl<'a> Binder<'a> {
    fn learn(&mut self, at: usize) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let (said, sent) = (&self.said, &self.sent);
        self.answers.learn(at, kept, &|form, value| {
            sent.contains(form)
                || bits(value, &[]) >= WEAK
                    && said.find(value, &[]).is_some_and(|mention| mention.person)
        });
    }

    fn call(&mut self, at: usize) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let strong = strong_values(&kept.call.arguments);
        // A line for a shell is fixed text: no value is spliced in.
        if !kept.target.filled.places.is_empty() {
            self.values(at, &kept.call.arguments, &mut Vec::new(), &strong);
        }
        let mut forms = Vec::new();
        crate::leaf::leaves(&kept.call.arguments, &mut |_, _, leaf| {
            forms.extend(canonical::forms(leaf))
        });
        self.sent.extend(forms);
        whole::forms(&kept.call.arguments, &mut self.sent);
        // What is bound here can be compared with from now on.
        let keys = self.decided.get(at).map(|decided| {
            decided
                .bound
                .iter()
                .filter_map(|bound| match bound.pieces.as_slice() {
                    [Piece::Value(binding)]
                        if !binding.value.is_array() && !binding.value.is_object() =>
                    {
                        let path = bound
                            .pointer
                            .split('/')
                            .filter(|word| !word.bytes().all(|b| b.is_ascii_digit()));
                        Some((
                            binding.value.to_string(),
                            Known {
                                expression: binding.expression.clone(),
                                key: Key::new(path, &kept.call.name),
                            },
                        ))
                    }
                    _ => None,
                })
                .collect::<Vec<_>>()
        });
        for (value, known) in keys.into_iter().flatten() {
            self.know(value, known);
        }
    }

    pub(super) fn know(&mut self, value: String, known: Known) {
        let all = self.known.entry(value).or_default();
        if all.len() < 16 && !all.iter().any(|other| other.expression == known.expression) {
            all.push(known);
        }
    }

    fn values(
        &mut self,
        at: usize,
        value: &'a Value,
        path: &mut Vec<String>,
        strong: &BTreeSet<String>,
    ) {
        match value {
            Value::Object(_) | Value::Array(_) => {
                if !path.is_empty() && self.container(at, value, path) {
                    return;
                }
                match value {
                    Value::Object(map) => {
                        for (key, inner) in map {
                            path.push(key.clone());
                            self.values(at, inner, path, strong);
                            path.pop();
                        }
                    }
                    Value::Array(items) => {
                        for (index, inner) in items.iter().enumerate() {
                            path.push(index.to_string());
                            self.values(at, inner, path, strong);
                            path.pop();
                        }
                    }
                    _ => {}
                }
            }
            Value::String(text) if text.is_empty() => {}
            Value::String(_) | Value::Number(_) => {
                let sent = self.sent(at, value, path);
                self.scalar(&sent, strong);
            }
            Value::Bool(_) | Value::Null => {}
        }
    }

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

    /// A list or map as a whole.
    fn container(&mut self, at: usize, value: &'a Value, path: &[String]) -> bool {
        let sent = self.sent(at, value, path);
        let Some(binding) = whole::find(self, &sent) else {
            return false;
        };
        self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
        true
    }

    pub(super) fn spec(&self, at: usize) -> Option<&'a ToolSpec> {
        self.specs
            .get(self.kept.get(at)?.call.name.as_str())
            .copied()
    }

    fn bind(&mut self, sent: &Sent<'_>, pieces: Vec<Piece>) {
        if let Some(decided) = self.decided.get_mut(sent.call) {
            decided.bound.push(Bound {
                pointer: sent.pointer.clone(),
                key: sent.path.last().cloned().unwrap_or_default(),
                pieces,
            });
        }
    }

    fn freeze(&mut self, sent: &Sent<'_>, why: Why) {
        if let Some(decided) = self.decided.get_mut(sent.call) {
            decided.frozen.push(Frozen {
                pointer: sent.pointer.clone(),
                key: sent.path.last().cloned().unwrap_or_default(),
                value: sent.value.clone(),
                why,
            });
        }
    }

    fn scalar(&mut self, sent: &Sent<'_>, strong: &BTreeSet<String>) {
        let schema = schema_at(self.spec(sent.call), &sent.pointer).cloned();
        let key = sent.path.last().map_or("", String::as_str);
        let own = bits(sent.value, &sent.key.words);
        let is_secret = sent
            .value
            .as_str()
            .is_some_and(|text| crate::secret::kind(key, text).is_some());
        if let Some(answer) = self.answered.get(&self.question_id(sent)).cloned() {
            return self.take_answer(sent, &answer, schema.as_ref(), strong);
        }
        if is_secret {
            return match self.from_answers(sent, strong, STRONG) {
                Outcome::Bound(binding) => self.bind(sent, vec![Piece::Value(binding)]),
                _ => self.freeze(sent, Why::Secret),
            };
        }
        if is_default(schema.as_ref(), sent.value) {
            return self.freeze(sent, Why::Default);
        }
        let mention = self.said.find(sent.value, &sent.key.full());
        if let Some(mention) = mention.filter(|mention| mention.person) {
            let near = self.said.is_near(&mention, &sent.key.full());
            if own >= WEAK || near {
                // A weak value that nobody connected with the key may still be that of the record at hand.
                if own < STRONG
                    && !near
                    && let Outcome::Bound(binding) = self.from_answers(sent, strong, WEAK)
                    && binding.score >= 6.0
                {
                    return self.bind(sent, vec![Piece::Value(binding)]);
                }
                let binding = self.input(sent, Found::Said(mention), schema.as_ref());
                return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
            }
        }
        let outcome = self.from_answers(sent, strong, WEAK);
        if let Outcome::Bound(binding) = outcome {
            return self.bind(sent, vec![Piece::Value(binding)]);
        }
        if mention.is_some() && own < STRONG {
            return self.freeze(sent, Why::Instructions);
        }
        if let Some(binding) = self.day_of_run(sent) {
            return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
        }
        if let Outcome::Open(why) = outcome {
            return self.freeze(sent, why);
        }
        if let Some(pieces) = self.template(sent, strong) {
            return self.bind(sent, pieces);
        }
        if mention.is_some() {
            return self.freeze(sent, Why::Instructions);
        }
        if let Some(why) = self.volatile(sent) {
            return self.freeze(sent, Why::Volatile(why, open_choices()));
        }
        if let Some(why) = self.unnamed_day(sent) {
            return self.freeze(sent, why);
        }
        let why = if own < WEAK {
            Why::Chance
        } else if self.is_data(sent, own) {
            Why::Made(open_choices())
        } else {
            Why::Agent
        };
        self.freeze(sent, why);
    }

    fn question_id(&self, sent: &Sent<'_>) -> String {
        self.kept
            .get(sent.call)
            .map(|kept| super::explain::question_id(kept, &sent.pointer))
            .unwrap_or_default()
    }

    /// What a person answered: that it stays, that it becomes an input, or which source it has.
    fn take_answer(
        &mut self,
        sent: &Sent<'_>,
        answer: &str,
        schema: Option<&Value>,
        strong: &BTreeSet<String>,
    ) {
        if answer == "constant" {
            return self.freeze(sent, Why::Answered);
        }
        if answer != "input"
            && let Outcome::Open(why) | Outcome::Chosen(why) =
                self.candidates(sent, strong, 0.0, true)
            && let Some(choice) = why
                .choices()
                .into_iter()
                .flatten()
                .find(|choice| choice.answer == answer)
            && let Some(binding) = &choice.binding
        {
            let mut binding = binding.clone();
            binding.because = "a person answered so".to_owned();
            return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
        }
        let found = match self.said.find(sent.value, &sent.key.words) {
            Some(mention) => Found::Said(mention),
            None => Found::Repeated,
        };
        let binding = self.input(sent, found, schema);
        self.bind(sent, vec![Piece::Value(Box::new(binding))]);
    }

    pub(super) fn input(
        &mut self,
        sent: &Sent<'_>,
        found: Found,
        schema: Option<&Value>,
    ) -> Binding {
        let expression = self.inputs.get(&sent.key, sent.value, found, schema);
        let name = input_name(&expression);
        self.learn_inputs();
        let transform = self
            .inputs
            .iter()
            .find(|input| input.name == name)
            .and_then(|input| Transform::find(&input.value, sent.value))
            .unwrap_or_default();
        let because = match &found {
            Found::Said(mention) => format!("the person said it: “{}”", self.said.quote(mention)),
            Found::Repeated => "several steps send it and nothing answered it".to_owned(),
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
            self.know(
                value.to_string(),
                Known {
                    expression: format!("inputs.{name}"),
                    key,
                },
            );
        }
    }

    fn from_answers(&mut self, sent: &Sent<'_>, strong: &BTreeSet<String>, gate: f64) -> Outcome {
        self.candidates(sent, strong, gate, false)
    }

    /// Weighs the places of earlier answers where the value stands.
    fn candidates(
        &mut self,
        sent: &Sent<'_>,
        strong: &BTreeSet<String>,
        gate: f64,
        choose: bool,
    ) -> Outcome {
        let own = bits(sent.value, &sent.key.words);
        let forms = canonical::forms(sent.value);
        if forms.is_empty() || own <= 0.0 || own < gate && gate > WEAK && !choose {
            return Outcome::Nothing;
        }
        let mut weighed: Vec<Candidate> = self
            .answers
            .find(&forms)
            .into_iter()
            .filter(|place| place.call < sent.call)
            .filter_map(|place| self.weigh(sent, place, own, strong))
            .collect();
        if weighed.is_empty() {
            return Outcome::Nothing;
        }
        // The best first, the earliest of equals.
        weighed.sort_by(|one, two| two.score.total_cmp(&one.score));
        let plausible = weighed
            .iter()
            .any(|candidate| candidate.passes || candidate.agreement > 0)
            && (own >= WEAK || self.changes(sent.call))
            || own >= 3.0
            || forms.iter().any(|form| form.starts_with("d:"));
        let passing: Vec<Candidate> = if choose {
            weighed.clone()
        } else {
            weighed
                .iter()
                .filter(|candidate| candidate.passes && (own >= gate || gate <= WEAK))
                .cloned()
                .collect()
        };
        let mut ways: Vec<(Candidate, Way)> = Vec::new();
        for candidate in passing.iter().take(MOST_CANDIDATES) {
            if let Some(way) = self.way(&candidate.place, sent.value) {
                let mut candidate = candidate.clone();
                candidate.score -= 0.5 * way.route.picks().count() as f64;
                ways.push((candidate, way));
            }
        }
        ways.sort_by(|one, two| two.0.score.total_cmp(&one.0.score));
        let (certain, positional): (Vec<_>, Vec<_>) = ways
            .into_iter()
            .partition(|(_, way)| !way.route.is_positional());
        if choose {
            let mut choices = self.choices(sent, certain.iter().chain(&positional));
            choices.truncate(2 * MOST_CHOICES);
            return Outcome::Chosen(Why::Unsure(choices));
        }
        let Some((best, way)) = certain.first() else {
            if !positional.is_empty() {
                let choices = self.choices(sent, positional.iter());
                return Outcome::Open(Why::Unpicked(choices));
            }
            if plausible {
                let shown: Vec<(Candidate, Way)> = weighed
                    .iter()
                    .take(MOST_CHOICES)
                    .filter_map(|candidate| {
                        Some((candidate.clone(), self.way(&candidate.place, sent.value)?))
                    })
                    .collect();
                let choices = self.choices(sent, shown.iter());
                if choices.iter().any(|choice| choice.binding.is_some()) {
                    return Outcome::Open(Why::Unsure(choices));
                }
            }
            return Outcome::Nothing;
        };
        let rivals: Vec<&(Candidate, Way)> = certain
            .iter()
            .skip(1)
            .filter(|(other, _)| best.score - other.score < MARGIN)
            .filter(|(other, _)| !self.answers.same_record(&best.place, &other.place))
            .collect();
        if own < STRONG && !rivals.is_empty() {
            let choices = self.choices(sent, certain.iter());
            return Outcome::Open(Why::Unsure(choices));
        }
        let mut binding = self.binding(sent, best, way);
        // What two places say about one thing has to stay one thing.
        for (_, rival) in rivals.iter().take(2) {
            let other = self.written(rival);
            if self.recorded.evaluate(&other).as_ref() == Some(sent.value) {
                binding.agreeing.push(other);
                binding.compared.join(rival.route.compared());
            }
        }
        if !binding.agreeing.is_empty() {
            binding.expression = format!(
                "{} | agreed({})",
                binding.expression,
                binding.agreeing.join(", ")
            );
        }
        if self.recorded.evaluate(&binding.expression).as_ref() != Some(sent.value) {
            return Outcome::Open(Why::Unsure(self.choices(sent, std::iter::empty())));
        }
        self.learn_inputs();
        Outcome::Bound(Box::new(binding))
    }

    fn weigh(
        &self,
        sent: &Sent<'_>,
        place: Place,
        own: f64,
        strong: &BTreeSet<String>,
    ) -> Option<Candidate> {
        let key = self.answers.key(&place);
        let agreement = match place.of {
            Of::Word => 0,
            _ => agree(&sent.key, &key),
        };
        if own < WEAK && agreement == 0 {
            return None;
        }
        let coherent = self.coherent(sent, &place, strong);
        let scalar = self.answers.scalar(&place)?;
        let same_type = std::mem::discriminant(scalar) == std::mem::discriminant(sent.value)
            && place.of == Of::Value;
        let passes = match place.of {
            // A word of a text has no key: only what it is speaks for it.
            Of::Word => own >= STRONG,
            _ => {
                own >= STRONG
                    || own >= WEAK && (agreement >= 2 || agreement == 1 && coherent && own >= 4.0)
                    || agreement == 3 && (coherent || self.beside(sent, &place) >= BESIDE)
            }
        };
        let score = f64::from(agreement)
            + if coherent { 2.0 } else { 0.0 }
            + if same_type { 1.0 } else { 0.0 }
            + own.min(10.0) / 5.0
            - if matches!(place.of, Of::Word | Of::Label(_) | Of::Part(_)) {
                1.0
            } else {
                0.0
            };
        Some(Candidate {
            place,
            score,
            agreement,
            passes,
        })
    }

    /// The information of the other values beside this one among the arguments that stand in the same record under
    /// keys that agree: together they tell what one alone does not.
    fn beside(&self, sent: &Sent<'_>, place: &Place) -> f64 {
        let Some((parent, _)) = sent.pointer.rsplit_once('/') else {
            return 0.0;
        };
        let arguments = self.kept.get(sent.call).map(|kept| &kept.call.arguments);
        let Some(Value::Object(map)) = arguments.and_then(|arguments| arguments.pointer(parent))
        else {
            return 0.0;
        };
        map.iter()
            .filter(|(_, value)| *value != sent.value)
            .filter(|(key, value)| {
                let path = sent
                    .path
                    .iter()
                    .rev()
                    .skip(1)
                    .rev()
                    .map(String::as_str)
                    .chain([key.as_str()]);
                let key = Key::new(path.collect::<Vec<_>>().into_iter(), "");
                self.answers
                    .find(&canonical::forms(value))
                    .iter()
                    .any(|other| {
                        self.answers.same_record(other, place)
                            && agree(&key, &self.answers.key(other)) >= 2
                    })
            })
            .map(|(key, value)| bits(value, &super::key::words(key)))
            .sum()
    }

    /// Whether the record of a place is about what the call is about: it holds an id that the call sends too, or it
    /// was asked for by one.
    fn coherent(&self, sent: &Sent<'_>, place: &Place, strong: &BTreeSet<String>) -> bool {
        let own = sent.value.to_string();
        let about = |value: &Value| {
            let text = value.to_string();
            text != own && strong.contains(&text)
        };
        self.answers.beside(place).into_iter().any(about)
            || self.kept.get(place.call).is_some_and(|source| {
                let mut found = false;
                crate::leaf::leaves(&source.call.arguments, &mut |_, _, leaf| {
                    found |= about(leaf)
                });
                found
            })
    }

    /// The way to a place, and what is made of the value there.
    fn way(&mut self, place: &Place, wanted: &Value) -> Option<Way> {
        let scope = Scope {
            said: &self.said,
            known: &self.known,
        };
        self.router
            .way(&self.answers, self.kept, place, wanted, &scope)
    }

    pub(super) fn written(&mut self, way: &Way) -> String {
        let expression = way.write(&mut self.inputs);
        self.learn_inputs();
        expression
    }

    fn binding(&mut self, sent: &Sent<'_>, candidate: &Candidate, way: &Way) -> Binding {
        let expression = self.written(way);
        let key = self.answers.key(&candidate.place);
        let mut because = Vec::new();
        if candidate.agreement >= 2 {
            because.push(format!(
                "`{}` and `{}` agree",
                sent.key.shown(),
                key.shown()
            ));
        }
        if bits(sent.value, &sent.key.words) >= STRONG {
            because.push("the value is too particular to stand there by chance".to_owned());
        }
        let transform = way.transform.name();
        if !transform.is_empty() {
            because.push(transform);
        }
        for pick in way.route.picks() {
            because.push(super::selector::shown(pick));
        }
        Binding {
            expression,
            source: Source::Output(candidate.place.clone()),
            transform: way.transform.clone(),
            score: candidate.score,
            because: because.join("; "),
            agreeing: Vec::new(),
            from_text: matches!(candidate.place.of, Of::Word | Of::Label(_)),
            compared: way.route.compared(),
            value: sent.value.clone(),
        }
    }

    fn choices<'w>(
        &mut self,
        sent: &Sent<'_>,
        ways: impl Iterator<Item = &'w (Candidate, Way)>,
    ) -> Vec<Choice> {
        let constant = |answer: &str| Choice {
            answer: answer.to_owned(),
            binding: None,
        };
        let mut choices = vec![constant("constant"), constant("input")];
        for (candidate, way) in ways.take(2 * MOST_CHOICES) {
            let binding = self.binding(sent, candidate, way);
            let known = choices
                .iter()
                .any(|choice| choice.answer == binding.expression);
            if !known
                && choices.len() < 2 + MOST_CHOICES
                && self.recorded.evaluate(&binding.expression).as_ref() == Some(sent.value)
            {
                choices.push(Choice {
                    answer: binding.expression.clone(),
                    binding: Some(binding),
                });
            }
        }
        choices
    }

    /// The day of the run, where the person spoke of a day by its distance and the value is that day.
    fn day_of_run(&self, sent: &Sent<'_>) -> Option<Binding> {
        let day = sent
            .value
            .as_str()
            .filter(|text| crate::value_class::is_date(text))?;
        let started = self.session.started_at?.to_string();
        self.said.relative_days().find_map(|days| {
            let mut expression = "run.started_at | format_date('%Y-%m-%d')".to_owned();
            if days != 0 {
                expression = format!("{expression} | add_days({days})");
            }
            let shown = evaluate::with(&Value::from(started.as_str()), &expression.replace("run.started_at", "v"))?;
            (shown.as_str() == Some(day)).then(|| Binding {
                expression,
                source: Source::Clock(days),
                transform: Transform::default(),
                score: 3.0,
                because: "the person named the day by its distance, and counted from the recording's day it is this one".to_owned(),
                agreeing: Vec::new(),
                from_text: false,
                compared: Compared::default(),
                value: sent.value.clone(),
            })
        })
    }

    /// A question, where a day may have been meant by its distance.
    fn unnamed_day(&self, sent: &Sent<'_>) -> Option<Why> {
        let text = sent.value.as_str()?;
        let is_day = crate::value_class::is_date(text) || crate::value_class::is_moment(text);
        if !is_day || self.said.relative_days().next().is_none() {
            return None;
        }
        Some(Why::Day(open_choices()))
    }

    /// Whether a value that comes from nowhere is data, so that it can hardly be the same in another run. Words and
    /// texts are how the agent works; numbers matter where something is changed by them.
    fn is_data(&self, sent: &Sent<'_>, own: f64) -> bool {
        use crate::value_class::ValueClass;
        match sent.value {
            Value::Number(_) => own >= WEAK && self.changes(sent.call),
            Value::String(text) => match crate::value_class::of(text.trim()) {
                Some(
                    ValueClass::Date | ValueClass::Moment | ValueClass::Email | ValueClass::Uuid,
                ) => true,
                Some(ValueClass::Id) => true,
                Some(ValueClass::Amount) => self.changes(sent.call),
                Some(ValueClass::Url | ValueClass::Path) | None => {
                    canonical::number(text).is_some() && self.changes(sent.call) && own >= WEAK
                }
            },
            _ => false,
        }
    }

    /// Whether a call may change something.
    fn changes(&self, call: usize) -> bool {
        self.kept.get(call).is_some_and(|kept| {
            kept.effects
                .is_none_or(|level| level >= EffectLevel::IdempotentWrite)
        })
    }

    fn volatile(&self, sent: &Sent<'_>) -> Option<&'static str> {
        let text = crate::leaf::canonical(sent.value)?;
        let key = sent.path.last().map_or("", String::as_str);
        let class = crate::value_class::of(&text);
        crate::provenance::volatile(key, &text, class, self.kept.get(sent.call)?, self.session)
    }

    /// A text with ids in it that come from elsewhere: fixed text, and a hole for each.
    fn template(&mut self, sent: &Sent<'_>, strong: &BTreeSet<String>) -> Option<Vec<Piece>> {
        let text = sent.value.as_str()?;
        if text.len() > LONGEST_TEMPLATE || self.kept.get(sent.call)?.target.shell.is_some() {
            return None;
        }
        let mut pieces = Vec::new();
        let mut done = 0;
        for (start, word) in words_inside(text) {
            if start < done || word.len() >= text.len() {
                continue;
            }
            let value = Value::from(word);
            if bits(&value, &[]) < STRONG || crate::secret::kind("", word).is_some() {
                continue;
            }
            let inner = Sent {
                call: sent.call,
                pointer: sent.pointer.clone(),
                path: sent.path.clone(),
                key: sent.key.clone(),
                value: &value,
            };
            let mention = self.said.find(&value, &[]).filter(|mention| mention.person);
            let mut binding = match mention {
                Some(mention) => {
                    let named = Sent {
                        key: part_key(&value, &sent.key),
                        ..inner
                    };
                    self.input(&named, Found::Said(mention), None)
                }
                None => match self.from_answers(&inner, strong, STRONG) {
                    Outcome::Bound(binding) => *binding,
                    _ => continue,
                },
            };
            binding.because = format!("{}; it is a part of the text", binding.because);
            pieces.push(Piece::Text(text.get(done..start)?.to_owned()));
            pieces.push(Piece::Value(Box::new(binding)));
            done = start + word.len();
        }
        if pieces.is_empty() {
            return None;
        }
        pieces.push(Piece::Text(text.get(done..)?.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        // One hole alone would lose that it is a text.
        (pieces.len() > 1).then_some(pieces)
    }

    /// Values that the agent brought along in several calls become inputs.
    fn repeated(&mut self) {
        let mut users: BTreeMap<(String, Vec<String>), Vec<(usize, usize)>> = BTreeMap::new();
        for (call, decided) in self.decided.iter().enumerate() {
            for (place, frozen) in decided.frozen.iter().enumerate() {
                if !matches!(frozen.why, Why::Agent | Why::Made(_)) || !is_brought_along(frozen) {
                    continue;
                }
                let Some(form) = canonical::form(&frozen.value) else {
                    continue;
                };
                let words = if bits(&frozen.value, &[]) >= STRONG {
                    Vec::new()
                } else {
                    super::key::words(&frozen.key)
                };
                users.entry((form, words)).or_default().push((call, place));
            }
        }
        let mut gone: BTreeSet<(usize, usize)> = BTreeSet::new();
        for places in users.into_values() {
            let calls: BTreeSet<usize> = places.iter().map(|(call, _)| *call).collect();
            if calls.len() < 2 {
                continue;
            }
            for (call, place) in places {
                let Some(frozen) = self
                    .decided
                    .get(call)
                    .and_then(|decided| decided.frozen.get(place))
                    .cloned()
                else {
                    continue;
                };
                let path: Vec<String> = frozen
                    .pointer
                    .split('/')
                    .skip(1)
                    .map(|word| word.replace("~1", "/").replace("~0", "~"))
                    .collect();
                let tool = self
                    .kept
                    .get(call)
                    .map_or("", |kept| kept.call.name.as_str());
                let keys = path
                    .iter()
                    .map(String::as_str)
                    .filter(|word| !word.bytes().all(|b| b.is_ascii_digit()));
                let sent = Sent {
                    call,
                    pointer: frozen.pointer.clone(),
                    key: Key::new(keys, tool),
                    path: path.clone(),
                    value: &frozen.value,
                };
                let schema = schema_at(self.spec(call), &frozen.pointer).cloned();
                let binding = self.input(&sent, Found::Repeated, schema.as_ref());
                self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
                gone.insert((call, place));
            }
        }
        for (call, decided) in self.decided.iter_mut().enumerate() {
            let mut place = 0;
            decided.frozen.retain(|_| {
                place += 1;
                !gone.contains(&(call, place - 1))
            });
        }
    }
}

/// The answers to a question that names no source.
fn open_choices() -> Vec<Choice> {
    ["constant", "input"]
        .into_iter()
        .map(|answer| Choice {
            answer: answer.to_owned(),
            binding: None,
        })
        .collect()
}

/// What looking for a source came to.
enum Outcome {
    Bound(Box<Binding>),
    /// There are sources, and a person has to say which.
    Open(Why),
    /// All sources, for an answer that was given.
    Chosen(Why),
    Nothing,
}

#[derive(Debug, Clone)]
struct Candidate {
    place: Place,
    score: f64,
    agreement: u8,
    /// Whether enough speaks for it to be taken.
    passes: bool,
}

/// The values of a call that are the same thing wherever they stand, as JSON.
fn strong_values(arguments: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    crate::leaf::leaves(arguments, &mut |_, key, leaf| {
        if bits(leaf, &super::key::words(key)) >= 4.5 {
            found.insert(leaf.to_string());
        }
    });
    found
}

/// Whether a value that the agent sent again and again is a parameter of the task, not its wording.
fn is_brought_along(frozen: &Frozen) -> bool {
    match &frozen.value {
        Value::String(text) => (3..=120).contains(&text.len()) && text.lines().count() == 1,
        Value::Number(number) => number.to_string().len() >= 3,
        _ => false,
    }
}

/// The key of a part of a text: what kind of value it is, as nothing else names it.
fn part_key(value: &Value, around: &Key) -> Key {
    let class = value.as_str().and_then(crate::value_class::of);
    let word = match class {
        Some(crate::value_class::ValueClass::Email) => "email",
        Some(crate::value_class::ValueClass::Url) => "url",
        Some(crate::value_class::ValueClass::Path) => "path",
        _ => "id",
    };
    Key {
        words: vec![word.to_owned()],
        around: around.words.clone(),
    }
}

/// The name of the input that an expression reads.
fn input_name(expression: &str) -> String {
    expression
        .trim_start_matches("'%.2f' | format(")
        .trim_start_matches("inputs.")
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next()
        .unwrap_or("")
        .to_owned()
}

/// The words of a text with their places, and the parts of addresses among them.
fn words_inside(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    for token in crate::leaf::tokens(text) {
        if canonical_text(token) == token {
            found.push((place(token), token));
        }
        if token.contains('/') {
            for part in token
                .split(['/', '?', '&', '#', ':'])
                .filter(|part| part.len() >= 4)
            {
                found.push((place(part), part));
            }
        }
    }
    found
}
