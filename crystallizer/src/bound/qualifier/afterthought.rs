//! What a person says once everything is done: that something was wrong, or what is to be kept to from now on. No call
//! comes behind it, and still it says on what the calls before it hang.

use super::asker::{Asker, MANUAL, Missed, deed, works_here};
use super::condition;
use super::lexicon as l;
use super::read::{Kind, Qualifier, conditions};
use super::sentence::{Sentence, Token};
use super::told::normal;
use crate::bound::cycle;
use crate::bound::write;

/// How many letters a word has at least that the agent took up.
const LEAST_NEW: usize = 3;
/// The most words of an order that is left without its verb: `only those without an owner`.
const SHORT: usize = 12;

impl Asker<'_> {
    /// What was said behind the last change, each at the first change that it is about.
    pub(super) fn of_afterthoughts(&self) -> Vec<Missed> {
        let changes: Vec<usize> = (0..self.kept.len())
            .filter(|call| self.kept[*call].changes() && !works_here(&self.kept[*call]))
            .collect();
        let any = (0..self.kept.len()).rfind(|call| self.kept[*call].changes());
        let (Some(last), false) = (any.map(|call| self.heard(call)), changes.is_empty()) else {
            return Vec::new();
        };
        let taken = write::Taken::of(self.spots);
        let mut found = Vec::new();
        let from = self.sentences.partition_point(|(text, _)| *text < last);
        for (text, sentence) in &self.sentences[from..] {
            if self.decisions.said.length(*text) > MANUAL || !self.may_look(sentence.len()) {
                continue;
            }
            let names = |call: &usize| {
                deed(&self.kept[*call])
                    .is_some_and(|deed| sentence.iter().any(|token| is_form_of(&token.word, &deed)))
            };
            let named = changes.iter().find(|call| names(call)).copied();
            if !objects(sentence, named.is_some())
                || named.is_none() && self.is_set_right(*text, sentence)
            {
                continue;
            }
            // What names no deed is said of what was done last.
            let of_turn = || {
                let heard = self.heard(*changes.last()?);
                changes
                    .iter()
                    .find(|call| self.heard(**call) == heard)
                    .copied()
            };
            let Some(call) = named.or_else(of_turn) else {
                continue;
            };
            let gated = self
                .spots
                .get(call)
                .is_some_and(|spot| taken.gate_before(*spot).is_some());
            let cycle = cycle::of(&self.decisions.cycles, call);
            let around = cycle.and_then(|at| self.decisions.cycles.get(at));
            if !gated && let Some(one) = Qualifier::of(Kind::Condition, sentence) {
                let call = around.map_or(call, |cycle| cycle.first);
                found.push((call, cycle, *text, one));
            }
        }
        found
    }
}

impl Asker<'_> {
    /// Whether a sentence only sets right what the agent had understood, and the agent went on with just that: `that's
    /// wrong, my name is spelled Jhon`, where the next look is for that name.
    fn is_set_right(&self, text: usize, sentence: &Sentence) -> bool {
        let of_speaker = sentence.iter().any(|token| {
            matches!(
                token.word.as_str(),
                "my" | "i'm" | "it's" | "mine" | "our" | "spelled" | "spelt" | "mein" | "meine"
            )
        });
        let next = (0..self.kept.len()).find(|call| self.heard(*call) > text);
        of_speaker
            && next.is_some_and(|next| {
                let mut all = sentence.iter().flat_map(|token| normal(&token.word));
                all.any(|word| word.len() >= LEAST_NEW && self.told().is_new_from(next, &word))
            })
    }
}

/// Whether a word is a form of a deed: `deleted`, `deleting`.
fn is_form_of(word: &str, deed: &str) -> bool {
    let stem = deed.trim_end_matches('e');
    l::same_deed(word, deed)
        || stem.len() >= 3
            && word.strip_prefix(stem).is_some_and(|rest| {
                matches!(
                    rest,
                    "ed" | "es" | "s" | "ing" | "d" | "led" | "ling" | "ted" | "ting"
                )
            })
}

fn word(sentence: &[Token], at: usize) -> &str {
    sentence.get(at).map_or("", |token| token.word.as_str())
}

/// Whether a sentence objects to what was done, or says what holds from now on. `names` says whether it names the deed.
fn objects(sentence: &Sentence, names: bool) -> bool {
    let from = opening(sentence);
    let first = word(sentence, from);
    if is_reproach(sentence, from) {
        return true;
    }
    // `see you next time`, `I will come back in future`.
    let of_speaker = matches!(
        first,
        "i" | "i'll"
            | "i'd"
            | "i'm"
            | "i've"
            | "we'll"
            | "see"
            | "talk"
            | "ich"
            | "bis"
            | "looking"
            | "until"
    );
    let asks = is_question(first) && !(first == "do" && l::negates(word(sentence, from + 1)));
    let orders = || consults(sentence) || forbids(sentence, names);
    if holds_from_now(sentence) {
        // `we will order again in future`, `is there a way to do that online next time?`
        let must = matches!(word(sentence, from + 1), "must" | "should" | "need");
        let tells = first == "we" && !must || asks;
        return !of_speaker && sentence.len() > from + 3 && (!tells || orders());
    }
    if asks || of_speaker {
        return false;
    }
    if orders() {
        return true;
    }
    let rest = &sentence[from..];
    let starts = rest.first().is_some_and(|own| {
        let next = rest.get(1).map(|next| next.word.as_str());
        let turns = matches!(own.word.as_str(), "not" | "nicht")
            && next.is_some_and(|next| l::is_definite(next) || l::is_universal(next));
        let only = matches!(own.word.as_str(), "only" | "just" | "nur");
        (only && (names || is_choice(&rest[1..])) || !only && l::excludes(&own.word, next) || turns)
            && rest.len() <= SHORT
            && !rest.iter().any(|one| is_of_talk(&one.word))
    });
    let limits = || {
        rest.iter()
            .any(|one| matches!(one.word.as_str(), "only" | "nur"))
            || !conditions(sentence).is_empty()
    };
    starts || names && limits() && !rest.iter().any(|one| is_of_talk(&one.word))
}

/// Whether what follows an `only` picks some of many: `those without an owner`, `feature branches`; not `what I needed`,
/// `took a minute`, `the one`.
fn is_choice(behind: &[Token]) -> bool {
    let at = |place: usize| word(behind, place);
    if matches!(
        at(0),
        "what"
            | "that"
            | "this"
            | "it"
            | "took"
            | "takes"
            | "take"
            | "a"
            | "an"
            | "to"
            | "i"
            | "my"
            | "as"
            | "like"
    ) || at(0) == "the" && at(1) == "one"
    {
        return false;
    }
    let is_many = |one: &Token| {
        let word = one.word.as_str();
        word.len() > 3
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !matches!(
                word,
                "thanks"
                    | "cheers"
                    | "does"
                    | "always"
                    | "perhaps"
                    | "seconds"
                    | "minutes"
                    | "hours"
                    | "days"
                    | "weeks"
            )
    };
    let clause = behind.first().map(|one| one.clause);
    let near = behind.iter().take(4);
    matches!(at(0), "die" | "diejenigen" | "those" | "these")
        || l::is_definite(at(0))
        || l::is_universal(at(0))
        || near.filter(|one| Some(one.clause) == clause).any(is_many)
}

/// Whether a word is the deed behind `should have`: `you should have asked`, not `you should have a nice day`.
fn is_participle(word: &str) -> bool {
    word.len() > 3 && (word.ends_with("ed") || word.ends_with("en")) && word != "received"
        || matches!(
            word,
            "kept"
                | "left"
                | "done"
                | "told"
                | "known"
                | "sent"
                | "made"
                | "put"
                | "gone"
                | "let"
                | "read"
                | "set"
                | "run"
                | "paid"
                | "bought"
                | "sold"
                | "found"
                | "thought"
                | "cut"
                | "begun"
                | "built"
        )
}

/// Where a sentence goes on behind what only opens it: `wait`, `no`, `hmm`.
fn opening(sentence: &Sentence) -> usize {
    sentence
        .iter()
        .position(|token| {
            !matches!(
                token.word.as_str(),
                "wait"
                    | "no"
                    | "hmm"
                    | "hm"
                    | "oh"
                    | "but"
                    | "and"
                    | "also"
                    | "please"
                    | "ok"
                    | "okay"
                    | "well"
                    | "sorry"
                    | "actually"
                    | "great"
                    | "thanks"
                    | "so"
                    | "aber"
                    | "und"
                    | "bitte"
                    | "nein"
                    | "halt"
                    | "stopp"
            )
        })
        .unwrap_or(sentence.len())
}

fn is_question(first: &str) -> bool {
    matches!(
        first,
        "what"
            | "which"
            | "who"
            | "how"
            | "when"
            | "where"
            | "why"
            | "is"
            | "are"
            | "was"
            | "were"
            | "do"
            | "does"
            | "did"
            | "can"
            | "could"
            | "would"
            | "will"
            | "has"
            | "have"
            | "wie"
            | "wer"
            | "wo"
            | "warum"
            | "ist"
            | "kannst"
    )
}

/// Words of a talk that goes on, and of looking.
fn is_of_talk(word: &str) -> bool {
    matches!(
        word,
        "question"
            | "questions"
            | "show"
            | "list"
            | "tell"
            | "thing"
            | "wanted"
            | "kidding"
            | "checking"
            | "curious"
            | "wondering"
            | "thanks"
            | "perfect"
            | "great"
            | "good"
            | "help"
    )
}

/// `that was wrong`, `you should not have deleted it`, `I only meant the others`, `undo the last one`.
fn is_reproach(sentence: &Sentence, from: usize) -> bool {
    let at = |place: usize| word(sentence, place);
    if matches!(
        (at(from), at(from + 1)),
        ("undo" | "revert" | "rückgängig", _)
            | ("roll", "back")
            | ("why" | "warum", "did" | "have" | "hast")
    ) && (at(from) != "why" && at(from) != "warum" || matches!(at(from + 2), "you" | "du"))
    {
        return true;
    }
    (0..sentence.len()).any(|place| {
        let negated = place > 0 && l::negates(at(place - 1));
        match at(place) {
            "shouldn't" | "shouldnt" => at(place + 1) == "have",
            "should" => {
                (at(place + 1), at(place + 2)) == ("not", "have")
                    || (at(place + 1), at(place + 2)) == ("never", "have")
                    || at(place + 1) == "have"
                        && place > 0
                        && at(place - 1) == "you"
                        && match at(place + 2) {
                            "only" | "just" | "first" | "also" => is_participle(at(place + 3)),
                            word => is_participle(word),
                        }
            }
            "supposed" => negated,
            "wrong" | "mistake" | "incorrect" | "falsch" | "fehler" => {
                let said_of_it = sentence[..place].iter().any(|one| {
                    matches!(
                        one.word.as_str(),
                        "that" | "this" | "it" | "that's" | "das" | "you"
                    )
                });
                !negated
                    && said_of_it
                    && !sentence[..place]
                        .iter()
                        .any(|one| l::negates(&one.word) || l::denies(&one.word))
                    && !is_question(at(from))
                    && !matches!(at(from), "if" | "i" | "sorry")
            }
            "meant" => {
                // `I meant to say thank you`.
                let of_talk = at(place + 1) == "to"
                    && matches!(at(place + 2), "say" | "ask" | "thank" | "tell" | "mention");
                !of_talk
                    && place > 0
                    && (at(place - 1) == "i"
                        || at(place - 1) == "only" && place > 1 && at(place - 2) == "i")
            }
            "asked" | "told" | "wanted" => {
                // `not what I asked for`.
                place >= 3
                    && at(place - 1) == "i"
                    && at(place - 2) == "what"
                    && sentence[..place - 2].iter().any(|one| {
                        l::negates(&one.word) || one.word == "isn't" || one.word == "wasn't"
                    })
            }
            _ => false,
        }
    })
}

/// `from now on`, `next time`, `in future`.
fn holds_from_now(sentence: &Sentence) -> bool {
    (0..sentence.len()).any(|at| {
        // `the next time slots` are none.
        let is_thing = matches!(
            word(sentence, at + 2),
            "slot"
                | "slots"
                | "window"
                | "windows"
                | "frame"
                | "frames"
                | "zone"
                | "period"
                | "limit"
        );
        !is_thing
            && matches!(
                (
                    word(sentence, at),
                    word(sentence, at + 1),
                    word(sentence, at + 2)
                ),
                ("from", "now", "on")
                    | ("next", "time", _)
                    | ("in", "future", _)
                    | ("in" | "for", "the", "future")
                    | ("going", "forward", _)
                    | ("ab" | "von", "jetzt", _)
                    | ("in", "zukunft", _)
                    | ("nächstes", "mal", _)
                    | ("künftig", _, _)
            )
    })
}

/// `ask me first`.
fn consults(sentence: &Sentence) -> bool {
    condition::caps(sentence)
        .iter()
        .any(|one| condition::figure(one).is_none())
}

/// `release branches must never be deleted`, `never touch the old ones`, `don't delete those`.
fn forbids(sentence: &Sentence, names: bool) -> bool {
    let manners = |deed: &str| {
        matches!(
            deed,
            "mind"
                | "worry"
                | "bother"
                | "hesitate"
                | "need"
                | "forget"
                | "know"
                | "think"
                | "have"
                | "want"
                | "heard"
                | "knew"
                | "been"
                | "had"
                | "see"
                | "saw"
                | "be"
                | "understand"
                | "care"
        )
    };
    let standing = condition::standing(sentence);
    let told = standing.iter().any(|(deed, one)| {
        let is_never = sentence.iter().any(|token| {
            token.start >= one.start && matches!(token.word.as_str(), "never" | "nie" | "niemals")
        });
        !manners(deed) && (is_never || names)
    });
    let passive = names
        && (0..sentence.len()).any(|at| {
            matches!(
                (
                    word(sentence, at),
                    word(sentence, at + 1),
                    word(sentence, at + 2)
                ),
                ("must" | "should" | "may" | "can", "never" | "not", "be")
                    | ("mustn't" | "shouldn't" | "can't", "be", _)
                    | ("darf" | "dürfen", "nie" | "niemals" | "nicht", _)
            )
        });
    told || passive
}

#[cfg(test)]
mod tests {
    use super::{is_form_of, objects};
    use crate::bound::qualifier::sentence::sentences;

    fn any(text: &str) -> bool {
        sentences(text).iter().any(|sentence| {
            let names = sentence
                .iter()
                .any(|token| is_form_of(&token.word, "delete"));
            objects(sentence, names)
        })
    }

    #[test]
    fn what_objects_or_holds_from_now_on_is_told_from_thanks_and_questions() {
        for text in [
            "From now on leave release branches alone.",
            "Next time, ask me before deleting anything.",
            "Hmm, keep fix branches in the future.",
            "You should not have deleted fix/b2.",
            "You should have asked me first.",
            "Only feature branches please.",
            "Could you ask me first next time?",
            "We must never delete those in future.",
            "You should not have deleted fix/b2, it was still needed.",
            "Wait, release branches must never be deleted.",
            "No! I only meant the feature branches.",
            "Also never touch branches younger than a week.",
            "That was wrong. Only delete those without open PRs.",
            "Undo the last one.",
            "Great. In future skip Beta please.",
            "Why did you delete fix/b2?",
            "That's not what I asked for.",
            "Only those without an owner.",
            "But not the release branches.",
            "Don't delete the pinned ones.",
            "You weren't supposed to, that was a mistake.",
            "Please ask me first.",
            "Künftig bitte keine Release-Zweige löschen.",
        ] {
            assert!(any(text), "{text}");
        }
        for text in [
            "Perfect, thanks!",
            "Just what I needed!",
            "Only took a minute, nice.",
            "I meant to say thank you.",
            "What are the next time slots for a delivery?",
            "The next time slots are fine with me.",
            "When is the next time you deliver to Berlin?",
            "Just in time, cheers.",
            "Just the one, thank you.",
            "Only that, bye.",
            "You should have a nice day!",
            "We will order again in future.",
            "Is there a way to cancel online next time?",
            "All good.",
            "Thanks, that was exactly right, nothing wrong with it.",
            "No, thanks, that's all.",
            "Never mind.",
            "I never knew it was that easy.",
            "Only one more question: who owns them?",
            "Can you show me only the merged ones?",
            "Don't worry about the rest.",
            "See you next time!",
            "I'll call again next time I need help.",
            "What happens if the build fails?",
            "Which branches are left?",
            "If you have any questions, let me know.",
            "Just wanted to say thanks.",
            "Not bad at all.",
            "Is something wrong with my account?",
            "Wait, what is the status of order 7?",
        ] {
            assert!(!any(text), "{text}");
        }
    }
}
