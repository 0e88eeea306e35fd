//! Characters that nobody sees, or that make text look other than it is, shown as what they are.
//!
//! The whole page goes through here on its way out, attributes included, so no page can forget it. Where a
//! text has to come back as it was (a text area), it is written with [`kept`] instead.

pub(super) use druse_engine::hidden::is_hidden;
use maud::{PreEscaped, Render};

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
