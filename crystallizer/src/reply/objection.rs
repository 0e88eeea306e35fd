//! What a person says of something that was done: that nobody had asked for it, that it was wrong, that it is to be
//! taken back. In English, German, French and Spanish; of each the words of the speaker, of a negation and of a will are
//! looked for, and not whole sentences.

use super::word::{Word, sentences};

/// How somebody objects to what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Objection {
    /// It may also be an order of its own: `restore the backup`.
    Order,
    /// It was wrong, or is to be taken back.
    Wrong,
    /// Nobody had wanted it.
    Unwanted,
}

/// The most words of a text that objects, and of a sentence that does: what is longer tells much besides.
const LONGEST_TEXT: usize = 80;
const LONGEST_SENTENCE: usize = 25;
/// How many words may stand between those that belong together.
const NEAR: usize = 4;

/// How a text objects to what was done before; nothing where it does not.
pub(crate) fn objects(text: &str) -> Option<Objection> {
    let all = sentences(text);
    if all.iter().map(|(words, _)| words.len()).sum::<usize>() > LONGEST_TEXT {
        return None;
    }
    // Who says thanks objects only to what they point at.
    let thanks = all.iter().any(|(words, _)| Said(words).has(THANKS));
    all.iter()
        .filter(|(words, _)| words.len() <= LONGEST_SENTENCE)
        .filter_map(|(words, _)| of_sentence(&Said(words), thanks))
        .max()
}

const THANKS: &[&str] = &[
    "thanks",
    "thank",
    "thx",
    "danke",
    "dankeschön",
    "merci",
    "gracias",
];
/// What points at what was done.
const POINTS: &[&str] = &[
    "that", "this", "it", "das", "sie", "ihn", "cela", "ça", "eso", "esto", "lo",
];

fn of_sentence(said: &Said<'_>, thanks: bool) -> Option<Objection> {
    if said.is_unwanted() && (!thanks || said.has(POINTS)) {
        return Some(Objection::Unwanted);
    }
    if said.is_wrong() {
        return Some(Objection::Wrong);
    }
    said.takes_back()
}

/// A sentence.
struct Said<'s>(&'s [Word<'s>]);

impl Said<'_> {
    fn at(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |one| &one.word)
    }

    fn has(&self, list: &[&str]) -> bool {
        self.0.iter().any(|one| list.contains(&&*one.word))
    }

    /// Whether one of these stands near behind a place.
    fn near(&self, at: usize, list: &[&str]) -> bool {
        (at + 1..=at + NEAR).any(|next| list.contains(&self.at(next)))
    }

    /// Whether some words stand there one behind the other.
    fn holds(&self, phrase: &str) -> bool {
        let count = phrase.split(' ').count();
        (0..(self.0.len() + 1).saturating_sub(count)).any(|at| {
            phrase
                .split(' ')
                .enumerate()
                .all(|(next, word)| self.at(at + next) == word)
        })
    }

    fn holds_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.holds(phrase))
    }

    fn begins_any(&self, beginnings: &[&str]) -> bool {
        let begins = |one: &Word<'_>| beginnings.iter().any(|begin| one.word.starts_with(begin));
        self.0.iter().any(begins)
    }

    /// Whether nobody had wanted it, or it was not to be done.
    fn is_unwanted(&self) -> bool {
        if self.has(MANNERS) {
            return false;
        }
        self.is_unwanted_in_english()
            || self.is_unwanted_in_german()
            || self.is_unwanted_in_french()
            || self.is_unwanted_in_spanish()
    }

    fn is_unwanted_in_english(&self) -> bool {
        let never = |at: usize| match self.at(at) {
            "never" | "didn't" | "didnt" | "haven't" | "hadn't" => Some(at + 1),
            "did" | "have" | "had" if matches!(self.at(at + 1), "not" | "never") => Some(at + 2),
            _ => None,
        };
        let is_will = |at: usize| {
            let willed = at + usize::from(self.at(at) == "ever");
            WILLED.contains(&self.at(willed))
                // `I didn't ask him`, `I never wanted to go` are about something else.
                && !(self.at(willed + 1) == "to" && self.at(willed + 2) != "do")
                && !OF_ANOTHER.contains(&self.at(willed + 1))
        };
        let denies = |at: usize| {
            matches!(self.at(at), "i" | "we") && (at + 1..=at + 2).filter_map(never).any(is_will)
        };
        let by_nobody = |at: usize| {
            let from = match (self.at(at), self.at(at + 1)) {
                ("nobody" | "who", _) => at + 1,
                ("no", "one") => at + 2,
                _ => return false,
            };
            (from..from + 2).any(|at| WILLED.contains(&self.at(at)) && self.at(at + 1) == "you")
        };
        let why = |at: usize| {
            self.at(at) == "why"
                && (at + 1..=at + NEAR).any(|at| {
                    matches!(self.at(at), "did" | "have" | "would" | "were")
                        && self.at(at + 1) == "you"
                        && !matches!(
                            self.at(at + 2),
                            "ask" | "say" | "need" | "want" | "recommend" | "suggest" | "think"
                        )
                })
        };
        let what = |at: usize| {
            matches!(self.at(at), "what" | "that's" | "not")
                && matches!(self.at(at + 1), "i" | "we")
                && WILLED.contains(&self.at(at + 2))
        };
        let not_what = || {
            (0..self.0.len()).any(|at| {
                let near = Said(&self.0[at.saturating_sub(2)..at]);
                self.at(at) == "what" && what(at) && near.has(&["not", "isn't", "wasn't"])
            })
        };
        (0..self.0.len()).any(|at| denies(at) || by_nobody(at) || why(at))
            || not_what()
            || self.holds("what have you done") && self.0.len() <= 5
            || self.holds_any(&[
                "shouldn't have",
                "should not have",
                "should never have",
                "you had no right",
                "weren't supposed to",
                "were not supposed to",
                "wasn't supposed to",
                "was not supposed to",
                "weren't allowed to",
                "were not allowed to",
                "how could you",
                "how dare you",
                "without asking me",
                "without my permission",
                "without my consent",
                "i wanted to keep",
                "i meant to keep",
            ])
    }

    fn is_unwanted_in_german(&self) -> bool {
        const NOT: &[&str] = &["nicht", "nie", "niemals", "kein", "keine", "keinen"];
        let will = self.has(&[
            "wollte",
            "wollten",
            "gewollt",
            "gesagt",
            "gebeten",
            "beauftragt",
            "verlangt",
            "gemeint",
            "erlaubt",
            "zugestimmt",
            "bestellt",
            "bestätigt",
            "aufgetragen",
            "gewünscht",
            "angeordnet",
        ]);
        let denies = self.has(&["ich", "wir"])
            && self.has(NOT)
            && !self.has(&["wohin", "wann", "wo", "wie", "welche", "welchen", "ob"]);
        // `haben Sie es storniert`, not `haben Sie so lange offen`.
        let is_done = |word: &str| {
            let ends = word.ends_with('t') || word.ends_with("en");
            let begins = ["be", "ver", "er", "ent", "zer"]
                .iter()
                .any(|begin| word.starts_with(begin));
            word.len() >= 6 && ends && (word.contains("ge") || begins) && word != "morgen"
                || word.ends_with("iert")
                || word == "getan"
        };
        let done = self.0.iter().any(|one| is_done(&one.word));
        let why = done
            && self.has(&["warum", "wieso", "weshalb"])
            && self.has(&["hast", "haben", "habt", "wurde", "wurden", "ist", "sind"])
            && (self.has(&["du", "sie", "ihr"]) || self.begins_any(&["ge"]));
        let by_nobody = self.has(&["niemand", "wer"]) && self.has(&["hat"]);
        let barred = self.has(&[
            "hättest", "hätten", "hätte", "solltest", "sollten", "sollte", "durftest", "durften",
        ]) && self.has(NOT)
            && self.has(&["du", "sie", "ihr", "das"])
            && !self.has(&[
                "gedacht", "erwartet", "gewusst", "geglaubt", "vermutet", "nötig",
            ]);
        will && (denies || by_nobody)
            || why
            || barred
            || self.has(&["wollte"]) && self.has(&["ich"]) && self.has(&["behalten"])
    }

    fn is_unwanted_in_french(&self) -> bool {
        let not = self.has(&["pas", "jamais", "rien", "personne"]);
        let of_speaker = self.has(&["je", "moi", "personne"]) || self.begins_any(&["j'"]);
        let will = self.has(&[
            "voulais",
            "voulions",
            "demandé",
            "demande",
            "dit",
            "autorisé",
            "commandé",
            "accepté",
            "confirmé",
            "souhaitais",
            "approuvé",
            "permis",
            "ordonné",
        ]);
        // `je ne te demande pas cher` is rare; a will in the present is one behind `ai` or `a` alone.
        let past = self.has(&["voulais", "voulions", "souhaitais"])
            || self.0.iter().any(|one| {
                matches!(&*one.word, "ai" | "avais" | "a" | "avait")
                    || ["'ai", "'avais", "'a"]
                        .iter()
                        .any(|end| one.word.ends_with(end))
            });
        let why = self.has(&["pourquoi"])
            && self.0.iter().any(|one| {
                let parts = || one.word.split(['-', '\'']);
                parts().any(|part| matches!(part, "vous" | "tu" | "avoir"))
            })
            && self.0.iter().any(|one| {
                let mut parts = one.word.split(['-', '\'']);
                parts.any(|part| {
                    matches!(
                        part,
                        "l" | "les" | "ça" | "cela" | "fait" | "ma" | "mon" | "mes"
                    )
                })
            });
        let barred = self.has(&["pas", "jamais"])
            && self.0.iter().any(|one| {
                let last = one.word.rsplit('\'').next().unwrap_or_default();
                matches!(last, "aurais" | "auriez" | "fallait" | "deviez" | "devais")
            });
        not && of_speaker && will && past
            || why
            || barred
            || self.has(&["qui"]) && self.has(&["a", "t'a"]) && self.has(&["dit", "demandé"])
            || (self.holds("pas ce que je") || self.holds("pas ce que j'ai"))
    }

    fn is_unwanted_in_spanish(&self) -> bool {
        const NOT: &[&str] = &["no", "nunca", "jamás", "tampoco", "nadie"];
        const WILL: &[&str] = &[
            "quería",
            "quise",
            "pedí",
            "dije",
            "ordené",
            "autoricé",
            "solicité",
            "acepté",
            "confirmé",
            "mandé",
            "pedido",
            "dicho",
            "autorizado",
            "ordenado",
            "dijo",
            "pidió",
        ];
        let denies = |at: usize| NOT.contains(&self.at(at)) && self.near(at, WILL);
        let done = |at: usize| {
            let word = self.at(at);
            matches!(word, "has" | "ha" | "habéis" | "han" | "hizo" | "hicieron")
                || ["aste", "iste", "ó"].iter().any(|end| word.ends_with(end))
        };
        let why = |at: usize| {
            let from = match (self.at(at), self.at(at + 1)) {
                ("por", "qué" | "que") => at + 2,
                ("porqué", _) => at + 1,
                _ => return false,
            };
            let points = ["lo", "mi", "mis", "eso", "esto", "hizo"];
            let of_you = |at: usize| {
                ["aste", "iste"]
                    .iter()
                    .any(|end| self.at(at).ends_with(end))
            };
            (from..from + NEAR).any(done) && (self.has(&points) || (from..from + NEAR).any(of_you))
        };
        let barred = |at: usize| {
            NOT.contains(&self.at(at))
                && self.near(
                    at,
                    &[
                        "debiste",
                        "debías",
                        "deberías",
                        "debería",
                        "debió",
                        "tenías",
                    ],
                )
        };
        (0..self.0.len()).any(|at| denies(at) || why(at) || barred(at))
            || self.has(&["quién", "quien"]) && self.has(&["dijo", "pidió", "mandó"])
            || self.holds_any(&["no era lo que", "no es lo que"])
    }

    /// Whether it was wrong.
    fn is_wrong(&self) -> bool {
        const NOT: &[&str] = &[
            "not",
            "nothing",
            "isn't",
            "wasn't",
            "never",
            "no",
            "nicht",
            "nichts",
            "kein",
            "keine",
            "pas",
            "rien",
            "nada",
            "if",
            "wenn",
            "si",
            "anything",
            "something",
        ];
        let of_it: &[&str] = &[
            "that", "that's", "thats", "this", "it", "it's", "you", "you've", "das", "es", "du",
            "ce", "c'est", "c'était", "ça", "vous", "eso", "esto", "está", "estuvo", "fue", "era",
        ];
        const WRONG: &[&str] = &[
            "wrong",
            "mistake",
            "incorrect",
            "mistaken",
            "falsch",
            "fehler",
            "verkehrt",
            "irrtum",
            "erreur",
            "faux",
            "fausse",
            "mauvais",
            "mauvaise",
            "trompé",
            "trompée",
            "mal",
            "error",
            "equivocado",
            "equivocada",
            "equivocaste",
            "equivocó",
            "incorrecto",
        ];
        let asks = matches!(
            self.at(0),
            "is" | "was"
                | "are"
                | "what"
                | "what's"
                | "did"
                | "ist"
                | "i"
                | "i'm"
                | "ich"
                | "sorry"
        );
        let place = self.0.iter().position(|one| WRONG.contains(&&*one.word));
        place.is_some_and(|place| {
            let before = Said(&self.0[..place]);
            // `mal` is a word of German that says nothing.
            let is_plain = self.at(place) == "mal"
                && !before.has(&["eso", "esto", "está", "estuvo", "fue", "era"]);
            // What is said of it stands near it: a list of colours may have one for errors.
            let near = Said(&self.0[place.saturating_sub(NEAR)..place]);
            let is_called = place == 0
                && self.0.len() <= 3
                && matches!(self.at(place), "wrong" | "falsch" | "verkehrt");
            // `c'est pas faux` and `nothing wrong with it` object to nothing.
            !asks && !is_plain && !before.has(NOT) && (near.has(of_it) || is_called)
        })
    }

    /// Whether what was done is to be taken back.
    fn takes_back(&self) -> Option<Objection> {
        const UNDO: &[&str] = &[
            "undo",
            "revert",
            "rückgängig",
            "ungeschehen",
            "défais",
            "défaites",
            "défaire",
            "deshaz",
            "deshazlo",
            "deshazla",
            "deshaga",
            "deshágalo",
            "deshágala",
            "deshacerlo",
            "reviértelo",
            "revierta",
            "revierte",
        ];
        const RESTORE: &[&str] = &[
            "restore",
            "reinstate",
            "reverse",
            "rollback",
            "wiederherstellen",
            "rétablis",
            "rétablissez",
            "remets",
            "remettez",
            "restaure",
            "restaurez",
            "restaura",
            "restablece",
            "restablezca",
            "devuélvelo",
            "devuélvela",
            "devuélvalo",
        ];
        const PUT: &[&str] = &[
            "put", "bring", "change", "set", "switch", "give", "take", "roll", "get", "stell",
            "stelle", "stellen", "mach", "mache", "machen", "nimm", "nehmen",
        ];
        const IT: &[&str] = &[
            "it",
            "that",
            "this",
            "them",
            "those",
            "these",
            "everything",
            "das",
            "es",
            "sie",
            "alles",
            "ça",
            "cela",
            "tout",
            "le",
            "la",
            "les",
            "eso",
            "esto",
            "todo",
            "lo",
        ];
        let mut found = None;
        for at in 0..self.0.len() {
            let word = self.at(at);
            let puts_back = PUT.contains(&word)
                && !self.has(&["later", "tomorrow", "afterwards", "später", "morgen"])
                && (self.near(at, &["back", "zurück"])
                    || self.near(at, &["wieder"]) && self.has(&["her"]));
            if !UNDO.contains(&word) && !RESTORE.contains(&word) && !puts_back {
                continue;
            }
            // `I will put it back` and `how do I undo it` are the speaker's own matter.
            let own = at.checked_sub(1).map_or("", |before| self.at(before));
            if matches!(own, "i" | "i'll" | "to" | "not" | "don't" | "never" | "ich")
                && self.at(0) != "you"
            {
                continue;
            }
            let points_back = (at..at + 4).any(|at| IT.contains(&self.at(at)))
                || self.near(at, &["last", "cancellation", "change", "changes"])
                || word.ends_with("lo")
                || word.ends_with("la")
                || UNDO.contains(&word) && self.0.len() <= 2
                || matches!(word, "rückgängig" | "ungeschehen");
            found = found.max(Some(match points_back {
                true => Objection::Wrong,
                false => Objection::Order,
            }));
        }
        found
    }
}

/// What a person wanted, said or allowed.
const WILLED: &[&str] = &[
    "want",
    "wanted",
    "ask",
    "asked",
    "tell",
    "told",
    "say",
    "said",
    "mean",
    "meant",
    "order",
    "ordered",
    "agree",
    "agreed",
    "approve",
    "approved",
    "request",
    "requested",
    "authorize",
    "authorized",
    "authorise",
    "authorised",
    "confirm",
    "confirmed",
    "allow",
    "allowed",
    "permit",
    "permitted",
    "consent",
    "consented",
    "intend",
    "intended",
    "instruct",
    "instructed",
];

/// What stands behind a will that is about something else: `I never ordered from you`, `I didn't say when`.
const OF_ANOTHER: &[&str] = &[
    "from", "when", "where", "how", "which", "whether", "if", "why", "what", "the", "another",
    "other", "more", "before", "him", "her", "with",
];

/// What is said of how one talks, and not of what was done.
const MANNERS: &[&str] = &[
    "bother",
    "disturb",
    "offend",
    "rude",
    "interrupt",
    "stören",
    "unhöflich",
    "déranger",
    "molestar",
];

#[cfg(test)]
mod tests {
    use super::{Objection, objects};

    #[test]
    fn what_nobody_wanted_is_objected_to() {
        for text in [
            "What?! I never told you to do that.",
            "I did not want that! Undo it.",
            "I didn't ask for a cancellation.",
            "Why on earth did you cancel it?",
            "why did you cancel it",
            "Who told you to cancel my order?",
            "Nobody asked you to.",
            "You shouldn't have cancelled it!",
            "How could you?",
            "That's not what I asked for.",
            "But I wanted to keep it!",
            "I hadn't confirmed yet",
            "Das wollte ich nicht!",
            "Ich habe nie gesagt, dass du stornieren sollst.",
            "Warum hast du sie storniert?",
            "Wer hat dir das gesagt?",
            "Das hättest du nicht tun dürfen",
            "Ich wollte sie doch behalten.",
            "Mais non, je ne voulais pas ça !",
            "Je ne vous ai jamais demandé de l'annuler",
            "Pourquoi l'avez-vous annulée ?",
            "Il ne fallait pas l'annuler",
            "Ce n'est pas ce que je voulais",
            "No lo quería, deshazlo",
            "Yo no te pedí eso",
            "¿Por qué lo cancelaste?",
            "¿Por qué ha cancelado mi pedido?",
            "Nunca dije que lo cancelaras",
            "No debiste cancelarlo",
            "Thanks for nothing, I never asked you to do that.",
            "What have you done?",
            "Wieso haben Sie das gemacht?",
        ] {
            assert_eq!(objects(text), Some(Objection::Unwanted), "{text}");
        }
    }

    #[test]
    fn what_was_wrong_or_is_to_be_taken_back_is_objected_to() {
        for text in [
            "that was wrong",
            "That's the wrong order!",
            "You cancelled the wrong one",
            "This was a mistake.",
            "Undo that",
            "Undo.",
            "Please revert it",
            "Can you put it back?",
            "Roll that back please",
            "Das war falsch",
            "Mach das rückgängig!",
            "Stell sie wieder her",
            "C'était une erreur",
            "Vous vous êtes trompé",
            "Rétablissez-la, remettez tout",
            "Eso estuvo mal",
            "Fue un error",
            "Deshazlo por favor",
        ] {
            assert_eq!(objects(text), Some(Objection::Wrong), "{text}");
        }
        for text in ["Restore the backup of Monday", "revert commit 77"] {
            assert_eq!(objects(text), Some(Objection::Order), "{text}");
        }
    }

    #[test]
    fn thanks_and_new_wishes_object_to_nothing() {
        for text in [
            "Perfect, thanks!",
            "No, that's all.",
            "Great, nothing wrong with it",
            "I didn't mean to bother you",
            "What's wrong with my account?",
            "Now cancel W48122 as well",
            "I don't need a receipt.",
            "Why is the refund so slow?",
            "Did you send the mail?",
            "I never got the first parcel",
            "Danke, das war's",
            "Schau mal nach, ob das da ist",
            "Ich will nichts weiter",
            "Merci, c'est parfait",
            "Non, rien d'autre",
            "No, gracias",
            "No quiero nada más",
            "I'll put it back myself",
            "Is that wrong?",
            "error",
            "the green is 7 and that red 8 and the line for an error 9",
            "How did you do that so fast?",
            "I never ordered from you before, thank you for the help.",
            "I didn't say when I need it: tomorrow.",
            "We haven't ordered the other one yet, please do.",
            "I didn't ask for a discount, so thanks!",
            "That's what I wanted, not a refund.",
            "What have you done today for me? Great!",
            "Why would you ask, thanks!",
            "Please switch it back on later.",
            "Das hätte ich nicht gedacht, danke!",
            "Danke, das sollte nicht nötig sein.",
            "Ich habe nicht gesagt, wohin: Berlin.",
            "Wieso haben Sie so lange Öffnungszeiten?",
            "¿Por qué ha subido el precio?",
            "Pourquoi avez-vous changé de nom ?",
            "No pedí otra cosa, gracias.",
        ] {
            assert_eq!(objects(text), None, "{text}");
        }
    }
}
