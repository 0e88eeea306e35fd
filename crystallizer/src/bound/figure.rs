//! Figures of an answer that stay in a message while what the message is about moves: `your order {…} costs 98.70`. The
//! next run would tell somebody what was true in the recording.

use super::answers::Of;
use super::binding::Piece;
use super::canonical;
use super::decide::Decisions;
use super::information::{WEAK, bits};
use super::key::{named_by, words};
use super::qualifier::GATE;
use super::{Answered, slot, write, written};
use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::report::Question;
use druse_engine::Finding;
use serde_json::Value;

/// The most figures of a text that are shown.
const MOST_SHOWN: usize = 5;

/// The figures that stay in one text.
struct Figures {
    call: usize,
    pointer: String,
    key: String,
    figures: Vec<String>,
}

impl Figures {
    /// The id of the question about them.
    fn id(&self, kept: &Kept<'_>) -> String {
        format!("figure:{}:{}", kept.step, self.pointer)
    }
}

/// The figures of earlier answers that stay in the texts of changes of which other parts follow.
fn figures(kept: &[Kept<'_>], decisions: &Decisions) -> Vec<Figures> {
    let mut all = Vec::new();
    for (call, (kept_one, decided)) in kept.iter().zip(&decisions.calls).enumerate() {
        if !kept_one.changes() {
            continue;
        }
        for bound in &decided.bound {
            let mut found: Vec<String> = Vec::new();
            for piece in &bound.pieces {
                let Piece::Text(text) = piece else { continue };
                for figure in in_text(kept, decisions, call, text) {
                    if !found.contains(&figure) {
                        found.push(figure);
                    }
                }
            }
            if !found.is_empty() {
                all.push(Figures {
                    call,
                    pointer: bound.pointer.clone(),
                    key: bound.key.clone(),
                    figures: found,
                });
            }
        }
    }
    all
}

/// The figures of a text that stand in an answer before the call, and that nobody said. A small number stands in many
/// answers: beside it has to stand what it is there. A day tells enough by itself.
fn in_text(kept: &[Kept<'_>], decisions: &Decisions, call: usize, text: &str) -> Vec<String> {
    let batch = kept.get(call).map(|kept| kept.call.batch);
    let mut found: Vec<String> = Vec::new();
    for figure in written::figures(text) {
        let answered = figure.values.iter().any(|value| {
            let said = [value, &Value::from(figure.shown.as_str())]
                .into_iter()
                .any(|value| {
                    decisions
                        .said
                        .find(value, &[])
                        .is_some_and(|mention| mention.person)
                });
            if said {
                return false;
            }
            let tells = figure.is_day || bits(value, &[]) >= WEAK;
            decisions
                .answers
                .find(&canonical::forms(value))
                .into_iter()
                .filter(|place| place.call < call && matches!(place.of, Of::Value))
                .filter(|place| kept.get(place.call).map(|kept| kept.call.batch) != batch)
                .any(|place| {
                    let key = words(&decisions.answers.last_key(&place));
                    tells || figure.beside.iter().any(|word| named_by(&key, word))
                })
        });
        if answered && !found.contains(&figure.shown) {
            found.push(figure.shown);
        }
    }
    found
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
    /// The call before which somebody wants to be asked in each run, and what about.
    pub(super) fn wanted_gate(&self) -> Option<(usize, String)> {
        (self.answer.as_deref() == Some(GATE)).then(|| {
            (
                self.figures.call,
                format!("{} stays as it was recorded.", self.figures.shown()),
            )
        })
    }
}

impl Figures {
    fn shown(&self) -> String {
        let all: Vec<String> = self
            .figures
            .iter()
            .take(MOST_SHOWN)
            .map(|figure| format!("`{}`", crate::show::text(figure, 40)))
            .collect();
        all.join(", ")
    }
}

/// Finds what is to be asked, and takes the answers. What somebody sees before it is done needs no question.
pub(super) fn ask(
    kept: &[Kept<'_>],
    spots: &[Spot],
    decisions: &mut Decisions,
    answers: Answered<'_>,
) -> Vec<Asked> {
    let taken = write::Taken::of(spots);
    let mut all = Vec::new();
    for figures in figures(kept, decisions) {
        let (Some(kept), Some(spot)) = (kept.get(figures.call), spots.get(figures.call)) else {
            continue;
        };
        if taken.gate_before(*spot).is_some() {
            continue;
        }
        let id = figures.id(kept);
        let mut answer = None;
        if let Some(given) = answers
            .given
            .get(&id)
            .filter(|given| matches!(given.as_str(), CONSTANT | GATE))
        {
            decisions.unused_answers.retain(|other| *other != id);
            let now = figures.figures.join(", ");
            match answers.before.get(&id) {
                Some(was) if *was != now => {
                    decisions.outdated.push((id.clone(), was.clone(), now));
                }
                _ => {
                    decisions.taken_for.insert(id.clone(), now);
                    answer = Some(given.clone());
                }
            }
        }
        all.push(Asked {
            figures,
            id,
            answer,
        });
    }
    all
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
        let finding = Finding::warning(
            "figure_stays",
            format!(
                "In `{key}` {} stays as it was recorded, which an answer told, while other parts of the text follow the run.",
                figures.shown()
            ),
        )
        .help(format!("Answer `{}` with one of its choices, or write where it comes from.", one.id))
        .must_acknowledge();
        findings.push(located(finding, &kept.step, *spot, &inner));
        questions.push(Question {
            id: one.id.clone(),
            step: kept.step.clone(),
            path: format!("{}{inner}", spot.pointer()),
            text: format!(
                "`{key}` of `{}` tells {}, which an answer held in the recording. Is it the same in every run?",
                kept.step,
                figures.shown()
            ),
            choices: vec![CONSTANT.to_owned(), GATE.to_owned()],
            default: CONSTANT.to_owned(),
        });
    }
    let open = !questions.is_empty();
    (findings, questions, open)
}
