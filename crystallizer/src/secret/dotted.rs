//! Tokens of several words with points between that no prefix tells: their lengths do.

use super::scan::is_word;

/// Whether such a token may begin with a word behind which a point stands.
pub(super) fn may_begin(word: &[u8]) -> bool {
    match word.len() {
        TFC => true,
        23..=28 => matches!(word.first(), Some(b'M' | b'N' | b'O')),
        _ => false,
    }
}

/// The length of the first word of a token of HCP Terraform.
const TFC: usize = 14;
/// No such token is longer, in bytes.
const LONGEST: usize = 200;

/// The token that a text begins with, what it is and its name.
pub(super) fn token(text: &str) -> Option<(&str, &'static str, &'static str)> {
    // What is longer is none.
    let end = text
        .bytes()
        .take(LONGEST)
        .position(|byte| !(is_word(byte) || byte == b'.'))
        .unwrap_or(text.len().min(LONGEST));
    let whole = text.get(..end)?.trim_end_matches('.');
    let parts: Vec<&str> = whole.split('.').take(4).collect();
    let [first, middle, last] = parts.as_slice() else {
        return None;
    };
    if *middle == "atlasv1" && first.len() == TFC && last.len() >= 50 {
        return Some((whole, "a Terraform token", "TERRAFORM_TOKEN"));
    }
    let is_bot = may_begin(first.as_bytes())
        && first.len() > TFC
        && middle.len() == 6
        && (27..=40).contains(&last.len())
        && last.bytes().any(|byte| byte.is_ascii_digit())
        && [*first, *last]
            .iter()
            .all(|part| part.bytes().any(|byte| byte.is_ascii_lowercase()));
    is_bot.then_some((whole, "a Discord bot token", "DISCORD_BOT_TOKEN"))
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn the_lengths_of_the_words_tell() {
        let bot = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GhIjKl.aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1";
        let tfc = format!("aB3dE5fG7hI9jK.atlasv1.{}", "aB3dE5fG7h".repeat(6));
        for (text, expected) in [
            (format!("{bot}, as before"), Some(bot)),
            (format!("{tfc}."), Some(tfc.as_str())),
            (
                "NotificationServiceTests.method.aVeryLongNameOfATestThatIsRun".to_owned(),
                None,
            ),
            ("aB3dE5fG7hI9jK.atlasv2.x".to_owned(), None),
            (format!("{bot}.more"), None),
        ] {
            assert_eq!(token(&text).map(|found| found.0), expected, "{text}");
        }
    }
}
