//! What a person wanted checked before something is done, in whatever words: `do the conflict check first`, `see if it is
//! solved and close it`. The agent looked, and what it saw let it go on; no step reads that, so that a run goes on
//! whatever it sees.

use super::asker::{Asker, MANUAL, Missed, works_here};
use super::demand;
use super::lexicon as l;
use super::read::{Kind, Qualifier, conditions};
use super::sentence::Sentence;
use crate::bound::figure::{asks_to_tell, leaves};
use crate::bound::key::{named_by, noun};
use crate::bound::made_of_look::{change_behind, steps_read};
use crate::bound::told::places_of;
use crate::bound::{view, write};

/// The letters and digits from which on a value is told by a message, and is not in it by chance.
const TELLING: usize = 2;

impl Asker<'_> {
    /// The changes before which a look was wanted that nothing reads.
    pub(super) fn of_checks(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        let mut read = None;
        let mut taken = None;
        for (number, (text, sentence)) in self.sentences.iter().enumerate() {
            if self.decisions.said.length(*text) > MANUAL || !self.may_look(1) {
                continue;
            }
            if let Some(one) = self.before_arrow(*text, sentence) {
                found.extend(one);
                continue;
            }
            let Some(at) = (0..sentence.len()).find(|at| is_check(sentence, *at)) else {
                continue;
            };
            if !conditions(sentence).is_empty() || asks_to_tell(self.decisions.said.text(*text)) {
                continue;
            }
            // What hangs on it is said behind it: `check the reviews. If they are good, book it`.
            let behind = self.sentences.get(number + 1);
            if behind.is_some_and(|(other, next)| other == text && !conditions(next).is_empty()) {
                continue;
            }
            // The person who speaks next may have been told what was seen.
            let next = self
                .sentences
                .iter()
                .skip(number)
                .find(|(other, _)| other > text);
            let until = next.map(|(other, _)| *other);
            let read = read.get_or_insert_with(|| steps_read(self.decisions));
            let taken = taken.get_or_insert_with(|| write::Taken::of(self.spots));
            let from = self.decisions.heard.partition_point(|heard| heard <= text);
            let within = |look: &usize| until.is_none_or(|until| self.heard(*look) <= until);
            let mut looks = (from..self.kept.len()).take_while(within);
            let call = looks.find_map(|look| {
                let is_own =
                    !read.contains(&self.kept[look].step) && self.is_spoken_of(look, sentence, at);
                if !is_own {
                    return None;
                }
                let call = change_behind(self.kept, self.decisions, look)?;
                let gated = self
                    .spots
                    .get(call)
                    .is_some_and(|spot| taken.gate_before(*spot).is_some());
                let is_open = !gated && !works_here(&self.kept[call]);
                (is_open && !self.is_told_by(look, call)).then_some(call)
            });
            let to = demand::end(sentence, at);
            let one = sentence
                .get(at..to)
                .and_then(|tokens| Qualifier::of(Kind::Demand, tokens));
            if let (Some(call), Some(one)) = (call, one) {
                found.push((call, None, *text, one));
            }
        }
        found
    }

    /// Whether a change only tells somebody what a look answered: its message has a value of that answer which nobody said.
    fn is_told_by(&self, look: usize, call: usize) -> bool {
        let kept = &self.kept[call];
        let mut texts: Vec<String> = Vec::new();
        crate::leaf::leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
            if let Some(text) = leaf.as_str()
                && leaves(kept, pointer, key, text)
            {
                texts.push(text.to_owned());
            }
        });
        let mut sent = Vec::new();
        crate::leaf::scalars(&self.kept[look].call.arguments, &mut |leaf| {
            sent.push(leaf.clone());
        });
        let mut told = false;
        crate::leaf::scalars(&view::view(&self.kept[look]).data, &mut |leaf| {
            let shown = match leaf {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Number(number) => number.to_string(),
                _ => return,
            };
            let letters = shown.chars().filter(|c| c.is_alphanumeric()).count();
            told |= letters >= TELLING
                && !sent.contains(leaf)
                && !self
                    .decisions
                    .said
                    .find(leaf, &[])
                    .is_some_and(|mention| mention.person)
                && texts.iter().any(|text| !places_of(text, &shown).is_empty());
        });
        told
    }

    /// Whether what is to be checked is what a call looks at: it is named by what the tool is called or was sent, or only
    /// pointed at.
    fn is_spoken_of(&self, look: usize, sentence: &Sentence, at: usize) -> bool {
        let kept = &self.kept[look];
        let nouns = noun(&kept.call.name);
        let behind = || sentence.iter().skip(at);
        let mut is_sent = false;
        crate::leaf::scalars(&kept.call.arguments, &mut |leaf| {
            let own = match leaf {
                serde_json::Value::String(text) => text.to_lowercase(),
                other => other.to_string(),
            };
            is_sent |= own.len() > 2
                && sentence
                    .iter()
                    .any(|token| token.word.len() > 3 && own.contains(&token.word));
        });
        is_sent
            || sentence.iter().any(|token| named_by(&nouns, &token.word))
            || behind().any(|token| {
                matches!(
                    token.word.as_str(),
                    "it" | "its"
                        | "it's"
                        | "that"
                        | "this"
                        | "them"
                        | "they"
                        | "es"
                        | "das"
                        | "ob"
                        | "if"
                        | "whether"
                )
            })
    }

    /// What stands before an arrow that leads to a deed: `T-8812 solved -> close`. None where there is no arrow.
    fn before_arrow(&self, text: usize, sentence: &Sentence) -> Option<Vec<Missed>> {
        let at = (1..sentence.len()).find(|at| {
            let between = self
                .decisions
                .said
                .part(text, sentence[at - 1].end, sentence[*at].start);
            ["->", "=>", "→", "⇒"].contains(&between.trim())
        })?;
        let deed = &sentence[at].word;
        let calls = (0..self.kept.len()).filter(|call| self.heard(*call) > text);
        let mut calls = calls.filter(|call| self.kept[*call].changes());
        let call = calls.find(|call| {
            super::asker::deed(&self.kept[*call]).is_some_and(|own| l::same_deed(deed, &own))
        })?;
        let taken = write::Taken::of(self.spots);
        let spot = self.spots.get(call)?;
        if at < 2 || taken.gate_before(*spot).is_some() || works_here(&self.kept[call]) {
            return Some(Vec::new());
        }
        let one = Qualifier::said(sentence[0].start, sentence[at - 1].end);
        Some(vec![(call, None, text, one)])
    }
}

/// Whether a word orders that something be looked at for what it says.
fn is_check(sentence: &Sentence, at: usize) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    // `see if you can find it` asks to try.
    let speaks = |at: usize| {
        matches!(
            word(at),
            "you" | "i" | "we" | "to" | "du" | "ich" | "wir" | "me" | "us"
        )
    };
    let whether = |from: usize| {
        (from..from + 2).any(|at| {
            matches!(word(at), "if" | "whether" | "ob" | "that" | "dass") && !speaks(at + 1)
        })
    };
    let before = at.checked_sub(1).map_or("", word);
    match word(at) {
        // `check in`, `check out`, a check that is written.
        "check" => {
            !matches!(word(at + 1), "in" | "out" | "number" | "no")
                && !matches!(before, "by" | "per" | "mit")
        }
        "check-in" | "check-out" => false,
        "verify" | "validate" | "double-check" | "doublecheck" | "recheck" => true,
        "confirm" => whether(at + 1),
        "look" | "see" => whether(at + 1),
        "make" | "making" => {
            let next = at + 2 + usize::from(word(at + 2) == "that");
            matches!(word(at + 1), "sure" | "certain") && !speaks(next)
        }
        "prüf" | "prüfe" | "prüfen" | "überprüf" | "überprüfe" | "überprüfen" | "kontrollier"
        | "kontrolliere" | "checke" | "vérifie" | "vérifier" | "verifica" | "comprueba"
        | "controlla" => true,
        "schau" | "schaue" | "sieh" | "guck" | "regarde" => {
            whether(at + 1) || matches!(word(at + 1), "nach" | "si" | "s'il")
        }
        _ => false,
    }
}
