//! The programs that are refused, once their author has answered the questions. The author knows what they meant, and
//! looks at what is proposed in three worlds of their own: a source that gives what the program sends there is taken, a
//! value that is always the same stays, and any other is named in each run.

use super::program::Played;
use super::run::run;
use super::table::share;
use super::world::World;
use super::{Family, Figures, Notation, inputs};
use crate::report::{Level, Question};
use crate::session::Session;
use crate::tests::figures::{self, Line};
use crate::{Crystallized, Options, crystallize};
use druse_engine::definition::Document;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// In how many worlds the author looks at a proposal.
const LOOKS: usize = 3;
/// The answer that words narrow nothing.
const ALWAYS: &str = "always";
/// How often answers may open further questions.
const ROUNDS: usize = 5;

/// How questions were answered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) proposal: u64,
    pub(super) constant: u64,
    pub(super) input: u64,
    pub(super) open: u64,
}

/// What comes of drafts that were refused, once their questions are answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    accepted: u64,
    runs: u64,
    same: u64,
    wrong: u64,
    counts: Counts,
}

impl Tally {
    /// Takes in a draft.
    pub(super) fn take(&mut self, one: &Answered) {
        self.accepted += u64::from(one.is_accepted());
        self.counts.proposal += one.counts.proposal;
        self.counts.constant += one.counts.constant;
        self.counts.input += one.counts.input;
        self.counts.open += one.counts.open;
    }

    /// Counts a run by what it changed and what was meant; whether it was the same.
    pub(super) fn count(&mut self, did: &[(&str, &Value)], meant: &[(&str, &Value)]) -> bool {
        self.runs += 1;
        self.same += u64::from(did == meant);
        self.wrong += u64::from(did.iter().any(|one| !meant.contains(one)));
        did == meant
    }

    /// The line of the table of all measures, with those that were accepted without a question.
    pub(super) fn tell(&self, figures: &Figures) {
        let counts = self.counts;
        figures::line(&Line {
            measure: "known programs that go one way, questions answered",
            n: format!(
                "{} programs; {} questions: a proposed source {}, stays {}, named in each run {}, not answered {}",
                figures.programs,
                counts.proposal + counts.constant + counts.input + counts.open,
                counts.proposal,
                counts.constant,
                counts.input,
                counts.open
            ),
            coverage: format!(
                "accepted {}",
                share(figures.accepted + self.accepted, figures.programs)
            ),
            success: share(figures.same + self.same, figures.runs + self.runs),
            wrong: share(figures.wrong + self.wrong, figures.runs + self.runs),
            reach: "≥ 95 % the same, ≤ 0.5 % wrong",
        });
    }
}

/// A draft with answers, and where in the program the inputs stand that answers made.
pub(super) struct Answered {
    pub(super) made: Crystallized,
    named: BTreeMap<String, (usize, String)>,
    pub(super) counts: Counts,
}

impl Answered {
    /// Whether it is shown to hold on other data.
    pub(super) fn is_accepted(&self) -> bool {
        self.made.report.generalisable >= Some(Level::Renamed)
    }

    /// What a run in another world is given.
    pub(super) fn inputs(&self, recorded: &Played, fresh: &Played) -> Map<String, Value> {
        given(&self.made.document, &self.named, recorded, fresh)
    }
}

fn given(
    document: &Document,
    named: &BTreeMap<String, (usize, String)>,
    recorded: &Played,
    fresh: &Played,
) -> Map<String, Value> {
    let mut inputs = inputs(document, recorded, fresh);
    for (name, (call, pointer)) in named {
        let value = fresh
            .calls
            .get(*call)
            .and_then(|call| call.arguments.pointer(pointer));
        if let (Some(value), true) = (value, document.inputs.contains_key(name)) {
            inputs.insert(name.clone(), value.clone());
        }
    }
    inputs
}

/// The place in the program that a question is about: the call, and the pointer in its arguments.
fn place(document: &Document, question: &Question) -> Option<(usize, String)> {
    let calls = document.metadata.get("crystallized")?.get("calls")?;
    let call = calls.get(&question.step)?.as_str()?;
    let (_, pointer) = question.path.split_once("/with/arguments")?;
    Some((call.strip_prefix('c')?.parse().ok()?, pointer.to_owned()))
}

/// The input that stands alone at a place.
fn input_at(document: &Document, step: &str, pointer: &str) -> Option<String> {
    let step = document.steps.iter().find(|known| known.id == step)?;
    let text = step
        .with
        .as_ref()?
        .get("arguments")?
        .pointer(pointer)?
        .as_str()?;
    let name = text.strip_prefix("{{ inputs.")?.strip_suffix(" }}")?;
    document.inputs.contains_key(name).then(|| name.to_owned())
}

/// Worlds in which the program goes the way that it went in the recording.
pub(super) fn looks(family: &Family, shape: u64, recorded: &Played) -> Vec<(World, Played)> {
    let seeds = 3_000_000 + shape * 1_000;
    (seeds..seeds + 400)
        .filter_map(|seed| {
            let world = World::new(seed);
            let played = (family.play)(shape, &world, seed)?;
            let tools = |played: &Played| {
                let tools = played.calls.iter().map(|call| call.tool.clone());
                tools.collect::<Vec<_>>()
            };
            (tools(&played) == tools(recorded)).then_some((world, played))
        })
        .take(LOOKS)
        .collect()
}

/// Answers all questions as the author of the program would.
pub(super) fn answered(
    sessions: &[Session],
    options: &Options,
    first: &Crystallized,
    recorded: &Played,
    notation: Notation,
    looks: &[(World, Played)],
) -> Answered {
    let mut options = options.clone();
    let mut all = Answered {
        made: first.clone(),
        named: BTreeMap::new(),
        counts: Counts::default(),
    };
    for _ in 0..ROUNDS {
        let questions: Vec<Question> = all
            .made
            .report
            .questions
            .iter()
            .filter(|question| !options.answers.contains_key(&question.id))
            .cloned()
            .collect();
        if questions.is_empty() {
            break;
        }
        for question in questions {
            // The author knows that what they said in passing is no condition: each program does all that it does.
            if question.choices.iter().any(|choice| choice == ALWAYS) {
                all.counts.constant += 1;
                options
                    .answers
                    .insert(question.id.clone(), ALWAYS.to_owned());
                if let Ok(made) = crystallize(sessions, &options) {
                    all.made = made;
                }
                continue;
            }
            let Some((call, pointer)) = place(&all.made.document, &question) else {
                all.counts.open += 1;
                continue;
            };
            let meant = |played: &Played| {
                let arguments = &played.calls.get(call)?.arguments;
                arguments.pointer(&pointer).cloned()
            };
            let was = meant(recorded);
            let holds = |options: &Options, named: &BTreeMap<String, (usize, String)>| {
                let Ok(made) = crystallize(sessions, options) else {
                    return false;
                };
                looks.iter().all(|(world, played)| {
                    let given = given(&made.document, named, recorded, played);
                    let (calls, _) = run(&made.document, given, world.now, &|tool, arguments| {
                        world
                            .call(tool, arguments)
                            .map(|answer| notation.write(&answer))
                    });
                    let tool = played.calls.get(call).map(|call| call.tool.as_str());
                    // What does not get so far for another open question tells nothing against it.
                    meant(played).is_some_and(|meant| {
                        calls
                            .iter()
                            .filter(|one| Some(one.tool.as_str()) == tool)
                            .any(|one| one.arguments.pointer(&pointer) == Some(&meant))
                    })
                })
            };
            let mut answer = None;
            for choice in &question.choices {
                if choice == "constant" || choice == "input" {
                    continue;
                }
                let mut tried = options.clone();
                tried.answers.insert(question.id.clone(), choice.clone());
                if holds(&tried, &all.named) {
                    all.counts.proposal += 1;
                    answer = Some(choice.clone());
                    break;
                }
            }
            let stays = looks.iter().all(|(_, played)| meant(played) == was);
            let answer = answer.unwrap_or_else(|| {
                if stays {
                    all.counts.constant += 1;
                    "constant".to_owned()
                } else {
                    all.counts.input += 1;
                    "input".to_owned()
                }
            });
            let is_input = answer == "input";
            options.answers.insert(question.id.clone(), answer);
            if let Ok(made) = crystallize(sessions, &options) {
                all.made = made;
                if is_input
                    && let Some(name) = input_at(&all.made.document, &question.step, &pointer)
                {
                    all.named.insert(name, (call, pointer));
                }
            }
        }
    }
    all
}
