//! What the mode `bound` makes of every recording of the sessions folder, in figures. `--nocapture` prints them.

use super::build::options;
use super::corpus::{folder, recordings};
use crate::report::{Level, ValueCounts, Verdict};
use crate::{Mode, Options, crystallize, import};
use std::collections::BTreeMap;

#[derive(Default, Clone, Copy)]
struct Row {
    sessions: u64,
    steps: u64,
    wrong: u64,
    renamed: u64,
    reordered: u64,
    shuffled: u64,
    values: ValueCounts,
}

impl Row {
    fn join(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.steps += other.steps;
        self.wrong += other.wrong;
        self.renamed += other.renamed;
        self.reordered += other.reordered;
        self.shuffled += other.shuffled;
        let (to, from) = (&mut self.values, &other.values);
        to.said += from.said;
        to.answered += from.answered;
        to.clock += from.clock;
        to.repeated += from.repeated;
        to.open += from.open;
        to.made += from.made;
        to.fixed += from.fixed;
    }

    fn written(&self, name: &str) -> String {
        let v = self.values;
        let derivable = v.said + v.answered + v.clock + v.open;
        let bound = match derivable {
            0 => "–".to_owned(),
            all => format!("{:.1} %", (all - v.open) as f64 * 100.0 / all as f64),
        };
        format!(
            "| {name} | {} | {} | {} | {} | {} | {bound} | {} | {} | {} |\n",
            self.sessions,
            self.steps,
            v.said,
            v.answered,
            v.open,
            self.renamed,
            self.reordered,
            self.shuffled,
        )
    }
}

/// Every bound draft repeats its recording exactly, whatever was bound; the rest is figures.
#[test]
fn every_recording_bound_replays_as_it_was_recorded() {
    let Some(root) = folder() else {
        println!("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
        return;
    };
    let paths = recordings(&root);
    let options = Options {
        force: true,
        mode: Mode::Bound,
        ..options()
    };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    // What a person has to acknowledge about whose word something is, by code, and in how many drafts.
    let mut asked: BTreeMap<String, u64> = BTreeMap::new();
    let mut asking = 0u64;
    let verbose = std::env::var_os("DRUSE_VERBOSE").is_some();
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(sessions) = import(&bytes) else {
            continue;
        };
        for session in sessions {
            let Ok(made) = crystallize(std::slice::from_ref(&session), &options) else {
                continue;
            };
            let report = &made.report;
            let trust = report.findings.iter().filter(|finding| {
                finding.acknowledge
                    && matches!(
                        finding.code.as_str(),
                        "frozen_from_output" | "flows_into_sink" | "influenced"
                    )
            });
            let mut any = false;
            for finding in trust {
                any = true;
                *asked.entry(finding.code.clone()).or_default() += 1;
                if verbose {
                    println!("    ! {}", finding.message);
                }
            }
            asking += u64::from(any);
            assert_eq!(report.replay.differences, [], "{}", path.display());
            let level = report.generalisable.unwrap();
            let values = report.values.unwrap();
            let row = Row {
                sessions: 1,
                steps: report.counts.steps,
                wrong: report.replay.differing + report.replay.missing,
                renamed: u64::from(level >= Level::Renamed),
                reordered: u64::from(level >= Level::Reordered),
                shuffled: u64::from(level >= Level::Shuffled),
                values,
            };
            if verbose {
                println!("{} {level:?}", path.file_name().unwrap().to_string_lossy());
                for finding in report.findings.iter().filter(|finding| {
                    finding.code.starts_with("bound_to") || finding.code == "folded_loop"
                }) {
                    println!("    = {}", finding.message);
                }
                for question in &report.questions {
                    println!(
                        "    ? {} {:?}",
                        question.text,
                        &question.choices[2.min(question.choices.len())..]
                    );
                }
                for world in [
                    &report.perturbed.renamed,
                    &report.perturbed.reordered,
                    &report.perturbed.shuffled,
                ] {
                    if world.verdict == Verdict::Failed {
                        for difference in &world.differences {
                            println!("    {}", difference.message);
                        }
                        break;
                    }
                }
            }
            rows.entry(session.format.clone()).or_default().join(&row);
        }
    }
    let mut table = String::from(
        "| format | sessions | steps | said | answered | open | bound | renamed | reordered | shuffled |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let mut all = Row::default();
    for (format, row) in &rows {
        table.push_str(&row.written(format));
        all.join(row);
    }
    table.push_str(&all.written(&format!("all {} formats", rows.len())));
    super::figures::section("recordings", &table);
    println!("to be acknowledged, in {asking} drafts: {asked:?}");
}
