//! Messages that tell how something stands: `tell Ana whether the job is done`, `let them know how it went`. What the agent
//! wrote is the answer of the recording, in whatever words.

/// The most words behind a verb of telling that say what is told.
const NEAR: usize = 14;

/// Whether a person wants somebody else to be told how something stands.
pub(in crate::bound) fn asks_to_tell(said: &str) -> bool {
    said.split(['!', '?', '\n', ';'])
        .flat_map(|part| part.split(". "))
        .any(|part| tells_what(&words_of(part)))
}

/// The words of a part of a text in small letters.
fn words_of(part: &str) -> Vec<String> {
    part.split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn tells_what(words: &[String]) -> bool {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    (0..words.len()).any(|at| {
        let tells = match word(at) {
            "tell" | "inform" | "notify" | "mail" | "email" | "e-mail" | "text" | "message"
            | "ping" | "answer" | "report" | "write" | "sag" | "sage" | "schreib" | "schreibe"
            | "informiere" | "informier" | "melde" | "berichte" | "antworte" | "dis"
            | "informe" => true,
            "let" => (at + 1..at + 8).any(|next| word(next) == "know"),
            "gib" | "gebt" => (at + 1..at + 8).any(|next| word(next) == "bescheid"),
            _ => false,
        };
        // What the person wants to know is told to them, and sent to nobody.
        let to_speaker = matches!(word(at + 1), "me" | "us" | "mir" | "uns");
        let before = at.checked_sub(1).map_or("and", word);
        // The deed, and not the thing.
        let reports = word(at) == "report"
            && matches!(before, "and" | "then" | "please" | "to" | "und" | "also");
        tells && !to_speaker && (reports || says_what(words, at))
    })
}

/// Whether the words behind a verb of telling ask for a verdict.
fn says_what(words: &[String], at: usize) -> bool {
    let behind = words.iter().enumerate().skip(at + 1).take(NEAR);
    for (place, word) in behind {
        match word.as_str() {
            "whether" | "how" | "ob" | "wie" | "ausgang" | "ergebnis" | "outcome" => return true,
            // `tell her if there is stock`, not `mail them a note if they are a vip`.
            "if" => {
                let tells = matches!(
                    words[at].as_str(),
                    "tell" | "inform" | "notify" | "let" | "answer" | "report"
                );
                let between = &words[at + 1..place];
                let sends = between
                    .iter()
                    .any(|word| matches!(word.as_str(), "that" | "a" | "an" | "about"));
                return tells && !sends;
            }
            "that" | "dass" | "and" | "und" | "then" | "dann" => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::asks_to_tell;

    #[test]
    fn a_verdict_is_asked_for() {
        for (said, expected) in [
            ("tell k@b.test whether job J-33114 is done", true),
            ("tell k@b.test if job J-33114 worked", true),
            ("Let k@b.test know how job J-33114 went", true),
            ("sag k@b.test ob Auftrag J-33114 fertig ist", true),
            ("check job J-33114 and report to k@b.test", true),
            ("Mail the buyer how it stands with SO-8831.", true),
            ("Tell me if there is anything else.", false),
            ("Let me know if it worked.", false),
            ("Tell Ana that the room is booked.", false),
            ("Tell Ana that we call if she likes.", false),
            ("Tell Ana and close it. How are you?", false),
            ("Send the report to Ana.", false),
            ("Mail Ana the invoice.", false),
            ("Mail them a note if they are a vip.", false),
            ("Email Ana if the job failed.", false),
        ] {
            assert_eq!(asks_to_tell(said), expected, "{said}");
        }
    }
}
