//! Every code of a finding, whoever raises it: engine, triggers, crystallizer or server. A code that is not
//! listed here is not raised: the test beside this table reads the sources. `docs/findings.md` is made of it.

mod coding;
mod document;
mod recording;
mod server;
mod trigger;

use crate::Severity;

/// What a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Documents, their tests, and what they name.
    Document,
    /// Triggers and events.
    Trigger,
    /// Recordings, tool maps and drafts.
    Recording,
    /// Inputs, forms, connections and what a server lets through.
    Server,
}

/// A code of findings.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// The code: stable, snake_case.
    pub code: &'static str,
    /// What it is about.
    pub group: Group,
    /// How grave it is; several where that depends.
    pub severities: &'static [Severity],
    /// What it means.
    pub meaning: &'static str,
    /// Something that has it; may be empty.
    pub example: &'static str,
    /// What to do about it; empty where nothing has to be done.
    pub fix: &'static str,
}

/// All codes, by group and then by name.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [
        document::CODES,
        trigger::CODES,
        recording::CODES,
        coding::CODES,
        server::CODES,
    ]
    .into_iter()
    .flatten()
}

/// What is known of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    all().find(|known| known.code == code)
}

/// The page of documentation that lists them.
pub fn page() -> String {
    let mut page = String::from(
        "# Findings\n\n\
         Everything that is wrong with a document is said at once, before anything runs: each finding has a stable code, a severity, a message, a hint, and, where the text is known, line and column. `druse check` prints them, and the API gives them as `findings: [{id, code, severity, step, path, line, column, message, help, acknowledge}]`.\n\n\
         Only an `error` blocks, and a finding that must be acknowledged. This page is made from the table in the code, and a test holds every code in the sources, and every example of a document, against it.\n",
    );
    for (group, title) in [
        (Group::Document, "Documents"),
        (Group::Trigger, "Triggers and events"),
        (Group::Recording, "Recordings and drafts"),
        (Group::Server, "Inputs, forms and connections"),
    ] {
        page.push_str(&format!("\n## {title}\n"));
        for code in all().filter(|code| code.group == group) {
            let severities: Vec<&str> = code
                .severities
                .iter()
                .map(|severity| match severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                    Severity::Info => "info",
                })
                .collect();
            page.push_str(&format!(
                "\n### `{}`\n\n{}. {}",
                code.code,
                severities.join(" or "),
                code.meaning
            ));
            if !code.fix.is_empty() {
                page.push_str(&format!(" {}", code.fix));
            }
            page.push('\n');
            if !code.example.is_empty() {
                page.push('\n');
                for line in code.example.lines() {
                    page.push_str(&format!("    {line}\n"));
                }
            }
        }
    }
    page
}

#[cfg(test)]
mod tests;
