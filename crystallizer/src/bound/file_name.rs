//! Names that stand in the names of files: `in/inv-88123.pdf`, `exports/export_W48121.csv`.

use super::information::{STRONG, bits};
use serde_json::Value;

/// The most letters of the ending of a file's name.
const LONGEST_ENDING: usize = 5;
/// The most pieces of a file's name of which runs are looked at.
const MOST_PIECES: usize = 6;

/// The parts of a token that may name what a file is about: each segment of a path without the ending of a file, and
/// what tells like an id in it. Longer ones come before their parts.
pub(super) fn names_inside(token: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digit || token.contains('@') || !token.contains(['/', '.']) {
        return found;
    }
    // The host of an address names no file.
    let path = match token.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => token,
    };
    for segment in path.split(['/', '?', '&', '#', ':']) {
        let stem = stem(segment).unwrap_or(segment);
        // A segment as a whole is looked at by those who ask.
        if stem.len() < segment.len() && tells(stem) {
            found.push(stem);
        }
        if stem.len() < token.len() {
            runs(stem, &mut found);
        }
    }
    found
}

/// A file's name without its ending.
fn stem(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_ending = ending.len() <= LONGEST_ENDING
        && ending.starts_with(|c: char| c.is_ascii_alphabetic())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_ending && !stem.is_empty()).then_some(stem)
}

/// The runs of pieces of a name that tell like an id: `W48121` of `export_W48121`.
fn runs<'t>(stem: &'t str, found: &mut Vec<&'t str>) {
    let place = |piece: &str| piece.as_ptr() as usize - stem.as_ptr() as usize;
    let pieces: Vec<(usize, usize)> = stem
        .split(['-', '_', '.'])
        .filter(|piece| !piece.is_empty())
        .map(|piece| (place(piece), place(piece) + piece.len()))
        .take(MOST_PIECES + 1)
        .collect();
    if pieces.len() > MOST_PIECES {
        return;
    }
    for length in (1..pieces.len()).rev() {
        for run in pieces.windows(length) {
            let (Some((from, _)), Some((_, to))) = (run.first(), run.last()) else {
                continue;
            };
            if let Some(run) = stem.get(*from..*to)
                && tells(run)
            {
                found.push(run);
            }
        }
    }
}

/// Whether a name tells as much as an id: it has digits, and is no part of a day or a version.
fn tells(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let letters = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    digits > 0 && (letters || digits == name.len()) && bits(&Value::from(name), &[]) >= STRONG
}

#[cfg(test)]
mod tests {
    use super::names_inside;

    #[test]
    fn the_name_of_a_file_is_read_without_its_ending_and_what_is_no_id_is_none() {
        for (token, expected) in [
            ("in/inv-88123.pdf", &["inv-88123", "88123"][..]),
            ("W48121.csv", &["W48121"]),
            ("exports/export_W48121.tar", &["export_W48121", "W48121"]),
            ("notes/o-771", &[]),
            ("notes/for-o-771.txt", &["for-o-771", "o-771"]),
            (
                "a/123e4567-e89b-12d3-a456-426614174000.pdf",
                &["123e4567-e89b-12d3-a456-426614174000"],
            ),
            ("src/main.rs", &[]),
            ("report-2024-05-20.md", &["report-2024-05-20"]),
            ("W48121", &[]),
            ("anna.x12345@example.org", &[]),
            ("10.0.0.1", &[]),
            ("https://host12.corp/n/W48121.txt", &["W48121"]),
            ("https://host12.corp", &[]),
        ] {
            let found = names_inside(token);
            for one in expected {
                assert!(found.contains(one), "{token}: {found:?} lacks {one}");
            }
            if expected.is_empty() {
                assert_eq!(found, Vec::<&str>::new(), "{token}");
            }
        }
    }
}
