//! Characters that nobody sees, or that make text look other than it is, shown as what they are.
//!
//! The whole page goes through here on its way out, attributes included, so no page can forget it. Where a
//! text has to come back as it was (a text area), it is written with [`kept`] instead.

use maud::{PreEscaped, Render};

/// Whether a character is not seen, or turns what stands around it.
pub(super) fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A page with each such character written as `⟨U+202E⟩`.
pub(super) fn page(html: String) -> String {
    if !html.contains(is_hidden) {
        return html;
    }
    let mut shown = String::with_capacity(html.len() + 64);
    for character in html.chars() {
        if is_hidden(character) {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A text for a terminal or a page, with each such character written out.
pub(crate) fn text(text: &str) -> String {
    page(text.to_owned())
}

/// A text inside of a text area or a hidden field: such characters are references there, which the browser
/// gives back as they were.
pub(super) struct Kept<'a>(pub(super) &'a str);

impl Render for Kept<'_> {
    fn render_to(&self, buffer: &mut String) {
        for character in self.0.chars() {
            match character {
                '&' => buffer.push_str("&amp;"),
                '<' => buffer.push_str("&lt;"),
                '>' => buffer.push_str("&gt;"),
                '"' => buffer.push_str("&quot;"),
                // Not to be written as a reference; no document holds it.
                '\0' => buffer.push('\u{fffd}'),
                character if is_hidden(character) => {
                    buffer.push_str(&format!("&#x{:x};", u32::from(character)));
                }
                character => buffer.push(character),
            }
        }
    }
}

/// What [`Kept`] makes, for where an attribute takes it.
pub(super) fn kept(text: &str) -> PreEscaped<String> {
    Kept(text).render()
}

/// The lines of a text that hold such characters, from 1.
pub(super) fn lines(text: &str) -> Vec<usize> {
    let numbered = text.lines().enumerate();
    numbered
        .filter(|(_, line)| line.contains(is_hidden))
        .map(|(index, _)| index + 1)
        .collect()
}
