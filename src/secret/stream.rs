//! Takes secrets out of what comes in pieces, also where a secret stands in two of them.

use super::{REDACTED, Redactor, words::CONTEXT};

/// Keeps back the end of what came while a secret may have begun there.
#[derive(Debug, Default)]
pub struct StreamRedactor {
    held: Vec<u8>,
    /// What came right before that, as far as it may matter.
    before: Vec<u8>,
}

impl StreamRedactor {
    /// Takes the next piece, and gives what holds no secret whatever comes next.
    pub fn push(&mut self, redactor: &Redactor, piece: &[u8]) -> Vec<u8> {
        if redactor.is_empty() && self.held.is_empty() {
            return piece.to_vec();
        }
        self.held.extend_from_slice(piece);
        let mut clean = Vec::with_capacity(self.held.len());
        let mut begun = redactor.begun(&self.held).into_iter().peekable();
        let mut search = redactor.search(&self.held, &self.before);
        let mut from = 0;
        let open = loop {
            while begun.peek().is_some_and(|start| *start < from) {
                begun.next();
            }
            // From here on more has to come before it can be told.
            let open = begun.peek().copied().unwrap_or(self.held.len());
            match search.next(from) {
                Some(found) if found.start < open => {
                    clean.extend_from_slice(&self.held[from..found.start]);
                    clean.extend_from_slice(REDACTED.as_bytes());
                    from = found.end;
                }
                _ => {
                    clean.extend_from_slice(&self.held[from..open]);
                    break open;
                }
            }
        };
        self.before.extend(self.held.drain(..open));
        let more = self.before.len().saturating_sub(CONTEXT);
        self.before.drain(..more);
        clean
    }

    /// Nothing more comes: gives what was kept back, without secrets.
    pub fn finish(&mut self, redactor: &Redactor) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut clean = Vec::with_capacity(held.len());
        let mut from = 0;
        let mut search = redactor.search(&held, &self.before);
        while let Some(found) = search.next(from) {
            clean.extend_from_slice(&held[from..found.start]);
            clean.extend_from_slice(REDACTED.as_bytes());
            from = found.end;
        }
        clean.extend_from_slice(&held[from..]);
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use proptest::prelude::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::from(*text)).collect();
        Redactor::new(&secrets)
    }

    fn streamed(redactor: &Redactor, pieces: &[&[u8]]) -> String {
        let mut stream = StreamRedactor::default();
        let mut clean = Vec::new();
        for piece in pieces {
            clean.extend(stream.push(redactor, piece));
        }
        clean.extend(stream.finish(redactor));
        String::from_utf8(clean).unwrap()
    }

    #[test]
    fn a_secret_in_many_pieces_is_found_and_other_text_does_not_wait() {
        let redactor = redactor(&["hunter22"]);
        let pieces: Vec<&[u8]> = b"a hunter22 b".chunks(1).collect();
        assert_eq!(streamed(&redactor, &pieces), "a [redacted] b");
        let mut stream = StreamRedactor::default();
        assert_eq!(
            stream.push(&redactor, b"progress 10 %\n"),
            b"progress 10 %\n"
        );
        assert_eq!(stream.push(&redactor, b"so hunt"), b"so ");
        assert_eq!(stream.push(&redactor, b"ing we go.\n"), b"hunting we go.\n");
        assert_eq!(stream.push(&redactor, b"hunter2"), b"");
        assert_eq!(stream.finish(&redactor), b"hunter2");
        assert_eq!(
            streamed(&Redactor::default(), &[b"as ", b"it is"]),
            "as it is"
        );
    }

    #[test]
    fn the_longer_of_two_secrets_is_waited_for() {
        let redactor = redactor(&["abcdef", "abcdefghij"]);
        assert_eq!(streamed(&redactor, &[b"abcdef", b"ghij!"]), "[redacted]!");
        assert_eq!(streamed(&redactor, &[b"abcdef", b"ghi!"]), "[redacted]ghi!");
        assert_eq!(streamed(&redactor, &[b"abcdef"]), "[redacted]");
    }

    proptest! {
        #[test]
        fn pieces_come_to_the_same_as_the_whole(
            secrets in proptest::collection::vec("[ab]{6,9}", 1..4),
            text in "[abc]{0,80}",
            cuts in proptest::collection::vec(0usize..80, 0..12),
        ) {
            let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let redactor = redactor(&secrets);
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= text.len()).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(streamed(&redactor, &pieces), redactor.redact_text(&text));
        }

        #[test]
        fn pieces_with_short_words_come_to_the_same_as_the_whole(
            secrets in proptest::collection::vec("[ab-]{3,7}", 1..4),
            text in "[ab -]{0,60}",
            cuts in proptest::collection::vec(0usize..60, 0..12),
        ) {
            let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::from(text.as_str())).collect();
            let redactor = Redactor::of_inputs(&secrets);
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= text.len()).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(streamed(&redactor, &pieces), redactor.redact_text(&text));
        }

        #[test]
        fn pieces_with_escapes_and_encoded_words_come_to_the_same_as_the_whole(
            parts in proptest::collection::vec(proptest::sample::select(vec![
                "4711", "47", "11", "\\n", "\\u0020", "%3D", "%25", "\u{1b}[3", "1m", "bWU6NDcxMQ==", "NDcx", "MQ",
                "bTo0NzEx", "IG1lOjQ3MTEu", "a", " ", "me:", "34373131", "hunter22", "hunt",
            ]), 0..14),
            cuts in proptest::collection::vec(0usize..140, 0..20),
        ) {
            let secrets = ["4711", "hunter22"].map(Secret::from);
            let redactor = Redactor::of_inputs(&secrets);
            let text = parts.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= text.len()).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(streamed(&redactor, &pieces), redactor.redact_text(&text));
        }
    }
}
