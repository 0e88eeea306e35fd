//! What a person decided about a draft, as a file that is kept beside it: the answers to its questions, the calls
//! that were put back, and the folder that it works in. Given again, also with further recordings, it decides the same.

use crate::options::Options;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Decisions about a draft.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Decisions {
    /// Answers by the ids of the questions.
    pub answers: BTreeMap<String, String>,
    /// The values, as people are shown them, that the answers were given for: no answer holds for another one.
    pub answered_for: BTreeMap<String, String>,
    /// Calls that became steps though they would have been left out.
    pub keep: BTreeSet<String>,
    /// The folder that it works in, in the place of the one that the agent worked in.
    pub folder: Option<String>,
}

/// A file of decisions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    decisions: BTreeMap<String, String>,
    #[serde(default)]
    answered_for: BTreeMap<String, String>,
    #[serde(default)]
    keep: BTreeSet<String>,
    #[serde(default)]
    folder: Option<String>,
}

impl Decisions {
    /// Reads a file of decisions, or those that an automation document was made with.
    ///
    /// # Errors
    /// One sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let value: Value =
            serde_saphyr::from_str(text).map_err(|error| first_line(&error.to_string()))?;
        if value.get("druse").is_some() && value.get("steps").is_some() {
            return Ok(Self::of_metadata(&value["metadata"]));
        }
        let file: File =
            serde_json::from_value(value).map_err(|error| first_line(&error.to_string()))?;
        Ok(Self {
            answers: file.decisions,
            answered_for: file.answered_for,
            keep: file.keep,
            folder: file.folder,
        })
    }

    /// The decisions that a document says it was made with, from its metadata.
    pub fn of_metadata(metadata: &Value) -> Self {
        let made = &metadata["crystallized"];
        let texts = |key: &str| {
            let all = made[key].as_object().into_iter().flatten();
            all.filter_map(|(id, text)| Some((id.clone(), text.as_str()?.to_owned())))
                .collect()
        };
        let keep = made["keep"].as_array().into_iter().flatten();
        Self {
            answers: texts("answers"),
            answered_for: texts("answered_for"),
            keep: keep.filter_map(Value::as_str).map(str::to_owned).collect(),
            folder: made["folder"].as_str().map(str::to_owned),
        }
    }

    /// Those of some options.
    pub fn of_options(options: &Options) -> Self {
        Self {
            answers: options.answers.clone(),
            answered_for: options.answered_for.clone(),
            keep: options.keep.clone(),
            folder: options.folder.clone(),
        }
    }

    /// Decides with these where the options say nothing else.
    pub fn apply(&self, options: &mut Options) {
        for (id, answer) in &self.answers {
            // What is answered now is answered for what stands there now.
            if options.answers.contains_key(id) {
                continue;
            }
            options.answers.insert(id.clone(), answer.clone());
            if let Some(value) = self.answered_for.get(id) {
                options.answered_for.insert(id.clone(), value.clone());
            }
        }
        options.keep.extend(self.keep.iter().cloned());
        if options.folder.is_none() {
            options.folder.clone_from(&self.folder);
        }
    }

    /// The file. The same decisions give the same bytes.
    pub fn to_yaml(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let mut text = String::from(
            "# What was decided about a draft. Given with --decisions, it is decided the same again.\ndecisions:",
        );
        if self.answers.is_empty() {
            text.push_str(" {}");
        }
        text.push('\n');
        for (id, answer) in &self.answers {
            text.push_str(&format!("  {}: {}\n", quoted(id), quoted(answer)));
        }
        if !self.answered_for.is_empty() {
            text.push_str("# The values that this was decided for: where another one stands it is asked again.\nanswered_for:\n");
        }
        for (id, value) in &self.answered_for {
            text.push_str(&format!("  {}: {}\n", quoted(id), quoted(value)));
        }
        if !self.keep.is_empty() {
            text.push_str("keep:\n");
            for id in &self.keep {
                text.push_str(&format!("  - {}\n", quoted(id)));
            }
        }
        if let Some(folder) = &self.folder {
            text.push_str(&format!("folder: {}\n", quoted(folder)));
        }
        text
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let decisions = Decisions {
            answers: BTreeMap::from([
                ("source:cancel:/fee".to_owned(), "constant".to_owned()),
                (
                    "source:mail:/to".to_owned(),
                    "steps.a.output | only # \"x\": y".to_owned(),
                ),
            ]),
            answered_for: BTreeMap::from([("source:cancel:/fee".to_owned(), "17.25".to_owned())]),
            keep: BTreeSet::from(["call-7".to_owned()]),
            folder: Some("/srv/shop".to_owned()),
        };
        assert_eq!(
            Decisions::parse(&decisions.to_yaml()),
            Ok(decisions.clone())
        );
        assert_eq!(
            Decisions::parse(&Decisions::default().to_yaml()),
            Ok(Decisions::default())
        );
        assert_eq!(Decisions::parse(" \n"), Ok(Decisions::default()));
        assert_eq!(
            Decisions::parse("decisions:\n  source:cancel:/fee: constant\n")
                .unwrap()
                .answers
                .len(),
            1
        );
        assert!(Decisions::parse("decision: {}").is_err());
        let document = "druse: 1\nname: a\nsteps: []\nmetadata:\n  crystallized:\n    answers: { \"source:cancel:/fee\": constant }\n    keep: [c1]\n";
        let read = Decisions::parse(document).unwrap();
        assert_eq!((read.answers.len(), read.keep.len()), (1, 1));
    }

    #[test]
    fn what_is_given_anew_goes_before() {
        let mut options = Options {
            answers: BTreeMap::from([("a".to_owned(), "input".to_owned())]),
            ..Options::default()
        };
        let kept = Decisions {
            answers: BTreeMap::from([
                ("a".to_owned(), "constant".to_owned()),
                ("b".to_owned(), "constant".to_owned()),
            ]),
            ..Decisions::default()
        };
        kept.apply(&mut options);
        assert_eq!(
            (options.answers["a"].as_str(), options.answers["b"].as_str()),
            ("input", "constant")
        );
    }
}
