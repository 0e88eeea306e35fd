//! What a person is told and asked about steps that only further recordings have.

use super::{Graft, Grafts, Left};
use crate::bound::branch::NEVER;
use crate::bound::explain::{self, Explained, Origin};
use crate::bound::{figure, qualifier};
use crate::report::{Question, ValueCounts};
use crate::show::{count, text};
use druse_engine::Finding;
use druse_engine::definition::Document;
use std::collections::BTreeMap;

/// What is said and asked about them.
#[derive(Default)]
pub(in crate::bound) struct Told {
    pub(in crate::bound) findings: Vec<Finding>,
    pub(in crate::bound) questions: Vec<Question>,
    /// Whether the person named something that nothing carries.
    pub(in crate::bound) is_open: bool,
    pub(in crate::bound) values: Vec<ValueCounts>,
    pub(in crate::bound) taken_for: BTreeMap<String, String>,
    pub(in crate::bound) outdated: Vec<String>,
}

impl Grafts<'_> {
    /// What there is to say, behind the proof: what all share is told of the recording that is followed.
    pub(in crate::bound) fn told(&mut self, document: &Document) -> Told {
        let mut told = Told::default();
        for graft in &mut self.all {
            graft.told(&mut told);
        }
        for left in &self.left {
            left.told(document, &mut told);
        }
        told
    }
}

impl Graft<'_> {
    fn told(&mut self, told: &mut Told) {
        self.only_own();
        let gated = |call: usize| self.gated.contains(&call);
        let mut explained = explain::explain(&self.kept, &self.spots, &self.decisions, &gated);
        let origin = Origin {
            recording: &self.recording,
        };
        let (kept, spots) = (&self.kept, &self.spots);
        told.is_open |=
            explain::of_branches(&mut explained, kept, spots, &self.branches, Some(&origin));
        let Explained {
            mut findings,
            mut questions,
            covered,
        } = explained;
        let named =
            qualifier::explained(&self.unshown, kept, spots, &self.decisions, &self.branches);
        let figures = figure::explained(&self.figures, kept, spots);
        told.is_open |= named.2 || figures.2 || self.decisions.said.readings().is_cut();
        for (more, asked) in [(named.0, named.1), (figures.0, figures.1)] {
            findings.extend(more);
            questions.extend(asked);
        }
        findings.retain(|one| one.step.as_deref().is_none_or(|step| self.owns(step)));
        questions.retain(|one| self.owns(&one.step));
        self.covered = covered;
        told.findings.extend(findings);
        told.questions.extend(questions);
        told.values
            .push(crate::bound::count(&self.kept, &self.decisions));
        told.taken_for.extend(self.decisions.taken_for.clone());
        let outdated = self.decisions.outdated.iter();
        told.outdated.extend(outdated.map(|(id, ..)| id.clone()));
    }

    /// Forgets what was decided about calls that all share: that is decided in the recording that is followed.
    fn only_own(&mut self) {
        let asked: Vec<String> = self
            .own
            .iter()
            .filter_map(|call| Some(format!(":{}:", self.kept.get(*call)?.step)))
            .collect();
        let is_own = |id: &str| asked.iter().any(|step| id.contains(step.as_str()));
        let own = &self.own;
        for (call, decided) in self.decisions.calls.iter_mut().enumerate() {
            if !own.contains(&call) {
                *decided = super::super::binding::Decided::default();
            }
            for frozen in &mut decided.frozen {
                frozen.question = frozen.question.take().filter(|id| is_own(id));
            }
        }
        self.decisions.unused_answers.clear();
        self.decisions.taken_for.retain(|id, _| is_own(id));
        self.decisions.outdated.retain(|(id, ..)| is_own(id));
    }
}

impl Left {
    fn told(&self, document: &Document, told: &mut Told) {
        let (with, without) = self.branch.sides;
        let there = |step: &str| document.steps.iter().position(|one| one.id == step);
        let instead = self
            .branch
            .instead
            .iter()
            .find_map(|one| Some((one.step.as_str(), there(&one.step)?)));
        let sides = match instead {
            Some((step, _)) => format!(
                "`{}` is done in {}, where `{step}` is done in others",
                self.step,
                count(with, "further recording", "further recordings")
            ),
            None => format!(
                "`{}` is done in {}, and not in {without}",
                self.step,
                count(with, "further recording", "further recordings")
            ),
        };
        let choices: Vec<&str> = self.branch.choices().collect();
        let why = match (&self.why, choices.as_slice()) {
            (Some(why), _) => format!("{why}."),
            (None, []) if with < 2 || without < 2 => {
                "two recordings of each side are needed to tell when.".to_owned()
            }
            (None, []) => "nothing that was known before parts them.".to_owned(),
            (None, _) => "it is not said when.".to_owned(),
        };
        let finding = Finding::warning(
            "step_only_in_others",
            format!(
                "{sides}: the draft does not do it, for {why} It is the call `{}` of the recording `{}`.",
                text(&self.call, 60),
                text(&self.recording, 60)
            ),
        );
        let asks = self.why.is_none() && !self.is_asked && !choices.is_empty();
        let mut finding = finding.help(match (asks, instead) {
            (true, _) => format!("Answer `{}` with one of its choices.", self.branch.id),
            (false, Some((step, _))) if self.is_asked && !choices.is_empty() => {
                format!("Answer `branch:{step}` with one of its choices.")
            }
            _ => "Give more recordings of both ways, or write the step by hand.".to_owned(),
        });
        finding.id = format!("step_only_in_others:{}", self.step);
        told.findings.push(finding);
        if asks {
            let path =
                instead.map_or_else(|| "/steps".to_owned(), |(_, at)| format!("/steps/{at}"));
            told.questions.push(Question {
                id: self.branch.id.clone(),
                step: instead.map_or_else(|| self.step.clone(), |(step, _)| step.to_owned()),
                path,
                text: format!("When does `{}` run? {sides}.", self.step),
                choices: std::iter::once(NEVER)
                    .chain(choices)
                    .map(str::to_owned)
                    .collect(),
                labels: Vec::new(),
                default: NEVER.to_owned(),
            });
        }
    }
}
