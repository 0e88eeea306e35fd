//! Weighs the places of earlier answers where a value stands, and takes one when it is clear which.

use super::answers::{LONGEST_LINE, Of, Place};
use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Source, Why};
use super::called;
use super::canonical;
use super::cycle;
use super::information::{STRONG, WEAK, bits, names_things};
use super::key::{Key, agree};
use super::route::Way;
use super::selector::Scope;
use super::turn::{Pick, Position};
use super::unsourced::{constant, open_choices};
use serde_json::Value;

/// The most candidates whose way is worked out.
const MOST_CANDIDATES: usize = 8;
/// The most choices of a question that are expressions.
pub(super) const MOST_CHOICES: usize = 3;
/// The most further sources that have to agree.
const MOST_AGREEING: usize = 2;
/// How much better a source has to be than the next.
const MARGIN: f64 = 1.0;
/// The information from which on a value that only one place of an answer holds hardly stands there by chance.
const PARTICULAR: f64 = 4.5;
/// The information of the values beside it from which on a weak one is taken to come from their record.
const BESIDE: f64 = 4.0;

/// What looking for a source came to.
pub(super) enum Outcome {
    Bound(Box<Binding>),
    /// There are sources, and a person has to say which.
    Open(Why),
    Nothing,
}

/// A place where a value stands, and what speaks for it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) place: Place,
    pub(super) score: f64,
    pub(super) agreement: u8,
    /// Whether enough speaks for it to be taken.
    pub(super) passes: bool,
}

impl Binder<'_, '_> {
    /// The source of a value among earlier answers; `gate` is the information that it takes at least.
    pub(super) fn among_answers(&mut self, sent: &Sent<'_>, gate: f64) -> Outcome {
        let places = self.answers.find(&canonical::forms(sent.value));
        self.among_places(sent, gate, places)
    }

    /// The same among these places.
    pub(super) fn among_places(
        &mut self,
        sent: &Sent<'_>,
        gate: f64,
        places: Vec<Place>,
    ) -> Outcome {
        let own = bits(sent.value, &sent.key.words);
        let forms = canonical::forms(sent.value);
        if forms.is_empty() || own <= 0.0 || own < gate && gate > WEAK {
            return Outcome::Nothing;
        }
        let mut weighed: Vec<Candidate> = places
            .into_iter()
            .filter(|place| place.call < sent.call)
            .filter_map(|place| self.weigh(sent, place, own))
            .collect();
        // A step that not all recordings have is the source only where nothing that all have is.
        let shared = |candidate: &Candidate| !self.is_partial(sent, candidate.place.call);
        if weighed
            .iter()
            .any(|candidate| candidate.passes && shared(candidate))
        {
            weighed.retain(shared);
        }
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
        let passing: Vec<Candidate> = weighed
            .iter()
            .filter(|candidate| candidate.passes && (own >= gate || gate <= WEAK))
            .cloned()
            .collect();
        let mut ways: Vec<(Candidate, Way)> = Vec::new();
        for candidate in passing.iter().take(MOST_CANDIDATES) {
            if let Some(way) = self.way(&candidate.place, sent.value) {
                let mut candidate = candidate.clone();
                candidate.score -= 0.5 * way.route.picks().count() as f64;
                ways.push((candidate, way));
            }
        }
        // What was looked up about another thing is no source of what is changed in this one.
        let mut others: Vec<(Candidate, Way)> = Vec::new();
        if self.changes(sent.call) {
            (others, ways) = ways.into_iter().partition(|(candidate, way)| {
                self.tells_of_another(sent, &candidate.place) && !self.is_shown(sent, way)
            });
        }
        ways.sort_by(|(one, first), (two, second)| {
            (second.route.is_said(), two.score)
                .partial_cmp(&(first.route.is_said(), one.score))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        self.named_first(&mut ways);
        let (certain, positional): (Vec<_>, Vec<_>) = ways
            .into_iter()
            .partition(|(_, way)| !way.route.is_positional());
        // What a weak value stands for is told only by a way that is sure itself.
        let certain: Vec<(Candidate, Way)> = certain
            .into_iter()
            .filter(|(_, way)| {
                own >= STRONG || names_things(&sent.key.words) || way.route.is_sure()
            })
            .collect();
        let Some((best, way)) = certain.first() else {
            if !positional.is_empty() {
                let told = self.told_first(sent, positional);
                let choices = self.choices(sent, told.iter().chain(&others));
                return Outcome::Open(Why::Unpicked(choices));
            }
            if !others.is_empty() {
                let choices = self.choices(sent, others.iter());
                return Outcome::Open(Why::Unsure(choices));
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
        // Of a particular value every other source is one that may be meant; what the person said decides, and the keys.
        let is_number = canonical::is_number(sent.value);
        let rivals: Vec<&(Candidate, Way)> = certain
            .iter()
            .skip(1)
            .filter(|(other, _)| own >= STRONG || best.score - other.score < MARGIN)
            .filter(|(other, _)| other.agreement + 1 >= best.agreement)
            .filter(|(other, _)| !is_number || other.agreement >= 2)
            .filter(|(_, other)| other.route.is_said() || !way.route.is_said())
            .filter(|(other, _)| !self.answers.are_twins(&best.place, &other.place))
            .collect();
        if own < STRONG && !rivals.is_empty() {
            let choices = self.choices(sent, certain.iter());
            return Outcome::Open(Why::Unsure(choices));
        }
        let rivals: Vec<(Candidate, Way)> = rivals.into_iter().cloned().collect();
        self.settle(sent, &certain[0], &rivals)
    }

    /// Takes the best source. What others say about one thing has to stay one thing: they have to agree in every run.
    fn settle(
        &mut self,
        sent: &Sent<'_>,
        best: &(Candidate, Way),
        rivals: &[(Candidate, Way)],
    ) -> Outcome {
        let mut binding = self.binding(sent, &best.0, &best.1);
        for (_, rival) in rivals.iter().take(MOST_AGREEING) {
            let loosened = super::rival::among(&best.1, &binding.expression, rival, sent.value);
            let rival = loosened.as_ref().unwrap_or(rival);
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
            return Outcome::Open(Why::Unsure(open_choices()));
        }
        self.learn_inputs();
        Outcome::Bound(Box::new(binding))
    }

    /// Whether further recordings show that a way gives what was sent.
    fn is_shown(&mut self, sent: &Sent<'_>, way: &Way) -> bool {
        if self.witnesses.is_empty() {
            return false;
        }
        let expression = self.written(way);
        self.is_confirmed(sent, &expression)
    }

    /// The source of a name that stands in a text: a place of an earlier answer that holds just that, under a key for
    /// names.
    pub(super) fn among_names(&mut self, sent: &Sent<'_>) -> Outcome {
        let places: Vec<Place> = self
            .answers
            .find(&canonical::forms(sent.value))
            .into_iter()
            .filter(|place| place.call < sent.call)
            .filter(|place| match &place.of {
                Of::Value => self.answers.scalar(place) == Some(sent.value),
                Of::Part(part) => part.is_half_of_name() && called::asks_for(&sent.key, part),
                _ => false,
            })
            .filter(|place| names_people(&self.answers.key(place)))
            .collect();
        self.among_names_at(sent, places)
    }

    fn among_names_at(&mut self, sent: &Sent<'_>, places: Vec<Place>) -> Outcome {
        if places.is_empty() {
            return Outcome::Nothing;
        }
        let mut weighed: Vec<Candidate> = places
            .into_iter()
            .filter_map(|place| {
                let own = bits(sent.value, &sent.key.words);
                self.weigh(sent, place, own.max(WEAK))
            })
            .collect();
        weighed.sort_by(|one, two| two.score.total_cmp(&one.score));
        let mut ways = Vec::new();
        for candidate in weighed.into_iter().take(MOST_CANDIDATES) {
            if let Some(way) = self.way(&candidate.place, sent.value)
                && !way.route.is_positional()
            {
                ways.push((candidate, way));
            }
        }
        let Some((best, others)) = ways.split_first() else {
            return Outcome::Open(Why::Unsure(open_choices()));
        };
        let rivals: Vec<(Candidate, Way)> = others
            .iter()
            .filter(|(other, _)| !self.answers.are_twins(&best.0.place, &other.place))
            .cloned()
            .collect();
        self.settle(sent, best, &rivals)
    }

    /// The source of a handle behind its sign, as in `@ana-n`: the places of earlier answers that hold just that.
    pub(super) fn among_handles(&mut self, sent: &Sent<'_>) -> Outcome {
        let places: Vec<Place> = self
            .answers
            .find(&canonical::forms(sent.value))
            .into_iter()
            .filter(|place| place.call < sent.call && place.of == Of::Value)
            .filter(|place| self.answers.scalar(place) == Some(sent.value))
            .collect();
        self.among_names_at(sent, places)
    }

    /// The source of a text of several words that is a line of one earlier answer, and of nothing else.
    pub(super) fn among_lines(&mut self, sent: &Sent<'_>) -> Option<Box<Binding>> {
        let line = sent.value.as_str()?.trim();
        let own = bits(sent.value, &sent.key.words);
        // Words alone are wording that the agent repeats.
        if own < STRONG
            || !line.contains(' ')
            || line.len() > LONGEST_LINE
            || super::rename::names_in(line).is_empty()
        {
            return None;
        }
        let mut places = self
            .answers
            .with_line(line)
            .into_iter()
            .filter(|place| place.call < sent.call);
        let (place, None) = (places.next()?, places.next()) else {
            return None;
        };
        let candidate = self.weigh(sent, place, own)?;
        let way = self.way(&candidate.place, sent.value)?;
        match self.settle(sent, &(candidate, way), &[]) {
            Outcome::Bound(binding) if self.holds_everywhere(sent, &binding) => Some(binding),
            _ => None,
        }
    }

    /// Of the fields of one record that hold the value alike the one that the person named comes first.
    fn named_first(&self, ways: &mut [(Candidate, Way)]) {
        let is_named = |candidate: &Candidate| {
            let key = super::key::words(&self.answers.last_key(&candidate.place));
            !key.is_empty() && self.said.names_any(&key)
        };
        let Some((best, _)) = ways.first() else {
            return;
        };
        if ways.len() < 2 || is_named(best) {
            return;
        }
        let place = best.place.clone();
        let other = ways.iter().position(|(other, _)| {
            self.answers.same_record(&place, &other.place) && is_named(other)
        });
        if let Some(at) = other {
            ways[..=at].rotate_right(1);
        }
    }

    pub(super) fn weigh(&self, sent: &Sent<'_>, place: Place, own: f64) -> Option<Candidate> {
        let key = self.answers.key(&place);
        // A word of a name is what asks for that word of a name.
        if let Of::Part(part) = &place.of
            && part.is_half_of_name()
            && (!called::asks_for(&sent.key, part) || !names_people(&key))
        {
            return None;
        }
        let agreement = match place.of {
            Of::Word => 0,
            // Labels are worded freely: `Amount due` is an `amount`.
            Of::Label(_) if sent.key.words.iter().all(|word| key.words.contains(word)) => {
                agree(&sent.key, &key).max(2)
            }
            _ => agree(&sent.key, &key),
        };
        if own < WEAK && agreement == 0 {
            return None;
        }
        let coherent = self.coherent(sent, &place);
        let scalar = self.answers.scalar(&place)?;
        let same_type = std::mem::discriminant(scalar) == std::mem::discriminant(sent.value)
            && place.of == Of::Value;
        let passes = match place.of {
            // A word of a text has no key: only what it is speaks for it.
            Of::Word => own >= STRONG,
            // Behind a label that says nothing of the key only what cannot be wording is taken.
            Of::Label(_) if agreement < 2 => {
                own >= STRONG
                    && sent.value.as_str().is_none_or(|text| {
                        crate::value_class::of(text).is_some_and(|class| class.is_strong())
                    })
            }
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
        let Some(Value::Object(map)) =
            arguments.and_then(|arguments| crate::pointer::at(arguments, parent))
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
    pub(super) fn coherent(&self, sent: &Sent<'_>, place: &Place) -> bool {
        let own = sent.value.to_string();
        let about = |value: &Value| {
            let text = value.to_string();
            text != own && self.strong.contains(&text)
        };
        // What a loop asked for in its last pass says nothing about the others.
        let of_loop = cycle::ending(&self.cycles, place.call).is_some();
        self.answers.beside(place).into_iter().any(about)
            || !of_loop
                && self.kept.get(place.call).is_some_and(|source| {
                    let mut found = false;
                    crate::leaf::leaves(&source.call.arguments, &mut |_, _, leaf| {
                        found |= about(leaf)
                    });
                    found
                })
    }

    /// The way to a place, and what is made of the value there.
    pub(super) fn way(&mut self, place: &Place, wanted: &Value) -> Option<Way> {
        let scope = Scope {
            said: &self.said,
            known: &self.known,
            loosely: None,
            at_hand: self.at_hand,
        };
        self.router
            .way(&self.answers, self.kept, place, wanted, &scope)
    }

    pub(super) fn binding(&mut self, sent: &Sent<'_>, candidate: &Candidate, way: &Way) -> Binding {
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
            because.push(super::turn::shown(pick));
        }
        if because.is_empty() {
            because.push("it stands there".to_owned());
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

    pub(super) fn choices<'w>(
        &mut self,
        sent: &Sent<'_>,
        ways: impl Iterator<Item = &'w (Candidate, Way)>,
    ) -> Vec<Choice> {
        let mut choices = vec![constant("constant"), constant("input")];
        // A key that is data is no answer: it is not there in another run.
        let ways = ways.filter(|(_, way)| !way.route.needs_data_key());
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
                    binding: Some(Box::new(binding)),
                    is_only_offered: way
                        .route
                        .picks()
                        .any(|pick| matches!(pick, Pick::Position(Position::At(_)))),
                    is_given: way.route.picks().next().is_none()
                        && (candidate.agreement > 0 || bits(sent.value, &[]) >= PARTICULAR),
                });
            }
        }
        choices
    }
}

/// What people are to the thing that a record is of. Their own fields stand below them.
const ROLES: [&str; 9] = [
    "customer",
    "client",
    "user",
    "assignee",
    "reporter",
    "guest",
    "passenger",
    "patient",
    "buyer",
];

/// Whether the values under a key are names of people, places and firms.
pub(super) fn names_people(key: &Key) -> bool {
    let last = key.words.last().map(String::as_str);
    if last.is_some_and(|last| ROLES.contains(&last)) {
        return true;
    }
    key.words.iter().chain(&key.around).any(|word| {
        matches!(
            word.as_str(),
            "name"
                | "firstname"
                | "lastname"
                | "surname"
                | "first"
                | "last"
                | "forename"
                | "given"
                | "city"
                | "town"
                | "country"
                | "company"
                | "supplier"
                | "organisation"
                | "organization"
                | "author"
                | "owner"
                | "sender"
                | "recipient"
                | "contact"
                | "person"
                | "employee"
                | "member"
        )
    })
}
