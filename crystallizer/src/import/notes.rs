//! What was odd about a recording, counted by kind, told as findings: nothing is dropped in silence.

use super::doubts::Doubts;
use druse_engine::Finding;
use std::collections::BTreeMap;

/// How many subjects of one code get a finding of their own; the rest share one.
const SUBJECTS: usize = 50;
/// How many line numbers a finding names.
const LINES: usize = 5;

#[derive(Default, Clone)]
struct Note {
    count: u64,
    bytes: u64,
    lines: Vec<u32>,
}

/// Collects what is noted while a session is read.
#[derive(Default, Clone)]
pub(super) struct Notes {
    notes: BTreeMap<(&'static str, String), Note>,
    subjects: BTreeMap<&'static str, usize>,
    bytes_left_out: u64,
    /// Parts of what is read right now that no reader of text can read.
    unread: u64,
    /// What of the texts that were read is in doubt.
    pub(super) doubts: Doubts,
}

impl Notes {
    /// Counts one thing of a kind. Line 0 is no line.
    pub(super) fn add(&mut self, code: &'static str, subject: impl Into<String>, line: u32) {
        self.count(code, subject.into(), 1, 0, line);
    }

    /// Counts one thing that no turn holds, with its size.
    pub(super) fn left_out(
        &mut self,
        code: &'static str,
        subject: impl Into<String>,
        bytes: u64,
        line: u32,
    ) {
        self.bytes_left_out = self.bytes_left_out.saturating_add(bytes);
        if matches!(code, "media_left_out" | "unknown_block") {
            self.unread += 1;
        }
        self.count(code, subject.into(), 1, bytes, line);
    }

    /// Whether a part was left out since this was last asked that no reader of text can read.
    pub(super) fn take_unread(&mut self) -> bool {
        std::mem::take(&mut self.unread) > 0
    }

    /// Counts one thing of a known kind that says nothing about the task.
    pub(super) fn noise(&mut self, kind: &str, line: u32) {
        self.count("known_noise", kind.to_owned(), 1, 0, line);
    }

    fn count(
        &mut self,
        code: &'static str,
        mut subject: String,
        times: u64,
        bytes: u64,
        line: u32,
    ) {
        if subject.len() > 80 {
            let cut = (0..=80).rev().find(|at| subject.is_char_boundary(*at));
            subject.truncate(cut.unwrap_or(0));
        }
        let mut key = (code, subject);
        if !self.notes.contains_key(&key) {
            let subjects = self.subjects.entry(code).or_default();
            if *subjects >= SUBJECTS {
                key.1 = "further ones".to_owned();
            } else {
                *subjects += 1;
            }
        }
        let note = self.notes.entry(key).or_default();
        note.count += times;
        note.bytes = note.bytes.saturating_add(bytes);
        if line > 0 && note.lines.len() < LINES {
            note.lines.push(line);
        }
    }

    /// Takes over what was noted elsewhere.
    pub(super) fn absorb(&mut self, other: &Notes) {
        for ((code, subject), note) in &other.notes {
            self.count(code, subject.clone(), note.count, note.bytes, 0);
            if let Some(own) = self.notes.get_mut(&(*code, subject.clone())) {
                own.lines
                    .extend(note.lines.iter().take(LINES - own.lines.len().min(LINES)));
            }
        }
        self.bytes_left_out = self.bytes_left_out.saturating_add(other.bytes_left_out);
        self.doubts.absorb(&other.doubts);
    }

    /// The bytes that no turn holds.
    pub(super) fn bytes_left_out(&self) -> u64 {
        self.bytes_left_out
    }

    /// The findings, sorted by code and subject.
    pub(super) fn findings(&self) -> Vec<Finding> {
        self.notes
            .iter()
            .map(|((code, subject), note)| finding(code, subject, note))
            .collect()
    }
}

fn finding(code: &'static str, subject: &str, note: &Note) -> Finding {
    let n = note.count;
    let s = if n == 1 { "" } else { "s" };
    let (is, has, was) = if n == 1 {
        ("is", "has", "was")
    } else {
        ("are", "have", "were")
    };
    let (make, message, help): (fn(&'static str, String) -> Finding, String, &str) = match code {
        "known_noise" => (
            Finding::info,
            format!("{n} {subject} record{s} without a say in the task {was} skipped."),
            "",
        ),
        "repeated_record" => (
            Finding::info,
            format!("{n} repeated {subject}{s} {was} kept once."),
            "",
        ),
        "repeated_call_id" => (
            Finding::info,
            format!(
                "{n} call{s} {has} the id of an earlier call; each result went to the nearest open call before it."
            ),
            "",
        ),
        "unmatched_call" => (
            Finding::warning,
            format!("{n} call{s} of {subject} {has} no result in the recording."),
            "Check whether the recording was cut.",
        ),
        "broken_line" => (
            Finding::warning,
            format!("{n} line{s} {is} no valid JSON ({subject})."),
            "Record again, or mend the lines, if they matter.",
        ),
        "too_deep" => (
            Finding::warning,
            format!("{n} line{s} {is} nested deeper than 128 levels."),
            "Such values cannot be read; leave them out of the recording.",
        ),
        "not_a_record" => (
            Finding::warning,
            format!(
                "{n} entr{} {is} no record of this format ({subject}).",
                if n == 1 { "y" } else { "ies" }
            ),
            "",
        ),
        "unknown_record" => (
            Finding::warning,
            format!("{n} record{s} of the unknown type {subject:?} {was} left out."),
            "",
        ),
        "beside_the_recording" => (
            Finding::info,
            format!("What stands as {subject:?} beside the recording {was} left out."),
            "",
        ),
        "unknown_block" => (
            Finding::warning,
            format!("{n} content block{s} of the unknown kind {subject:?} {was} left out."),
            "",
        ),
        "unknown_role" => (
            Finding::warning,
            format!("{n} message{s} of the unknown role {subject:?} {was} left out."),
            "",
        ),
        "media_left_out" => (
            Finding::warning,
            format!("{n} {subject} attachment{s} {was} left out: a session keeps text and data."),
            "Values that the agent read from it are frozen as they are.",
        ),
        "result_without_call" => (
            Finding::warning,
            format!("{n} result{s} without a call in this recording ({subject})."),
            "Check whether the start of the recording is missing.",
        ),
        "ambiguous_result" => (
            Finding::warning,
            format!(
                "{n} result{s} with the id {subject} may be of one open call or of another, and nothing tells which: {is_they} left out.",
                is_they = if n == 1 { "it is" } else { "they are" }
            ),
            "Record each server by itself, or with its name beside each message.",
        ),
        "arguments_not_recorded" => (
            Finding::warning,
            format!("The recording does not hold the arguments of call {subject}."),
            "Record again with the arguments of tools; many recorders leave them out unless they are told.",
        ),
        "calls_left_out" => (
            Finding::error,
            format!("{n} call{s} {was} left out: the session holds more than are read of one."),
            "No draft can be made of it. Record a shorter session, or split it.",
        ),
        "repeated_result" => (
            Finding::warning,
            format!(
                "{n} further result{s} for the call {subject} {was} left out; the first behind the call is kept."
            ),
            "",
        ),
        "result_before_call" => (
            Finding::warning,
            format!(
                "{n} result{s} of the call {subject} {stands} before it; it is taken as its answer where none stands behind it.",
                stands = if n == 1 { "stands" } else { "stand" }
            ),
            "Check whether the recording is in order: steps rest on this answer.",
        ),
        "arguments_not_json" => (
            Finding::warning,
            format!(
                "The arguments of call {subject} are no JSON; they stand as text under `_raw`."
            ),
            "",
        ),
        "number_precision" => (
            Finding::warning,
            format!("Call {subject} was given a number that a 64-bit number cannot hold exactly."),
            "Record it as a string, or correct the frozen value.",
        ),
        "repeated_key" => (
            Finding::warning,
            format!(
                "In what call {subject} was given a key stands twice with two values: the last one is kept, and which of them counted is not known."
            ),
            "Look up what was done, and correct the value.",
        ),
        "hidden_characters" => (
            Finding::warning,
            format!("{subject}: {n} hidden or direction-changing character{s} kept as recorded."),
            "Look at the value in a view that shows them.",
        ),
        "not_text" => (
            Finding::warning,
            format!("{n} byte sequence{s} that {is} no UTF-8 {was} read as U+FFFD."),
            "Record in UTF-8.",
        ),
        "recoded_text" => (
            Finding::info,
            format!("The recording is {subject}, not UTF-8; it was read as such."),
            "",
        ),
        "nul_bytes" => (
            Finding::warning,
            "The recording holds NUL bytes, as a file that was cut by a crash does.".to_owned(),
            "Check whether the end of the recording is missing.",
        ),
        "repaired_json" => (
            Finding::warning,
            format!("{n} place{s} that {was} no valid JSON {was} mended: {subject}."),
            "",
        ),
        "failure_inferred" => (
            Finding::info,
            format!(
                "{n} call{s} {is} taken as failed by the text of the answer: this format has no mark of failure."
            ),
            "",
        ),
        "truncated_result" => (
            Finding::info,
            format!("{n} result{s} {was} cut by the recorder or the tool."),
            "",
        ),
        "interrupted" => (
            Finding::warning,
            format!("A person interrupted the agent {n} time{s}."),
            "",
        ),
        "rewound" => (
            Finding::warning,
            format!(
                "The conversation was taken back and continued from an earlier place {n} time{s}; both ways are kept in recorded order."
            ),
            "Check that calls of the abandoned way are wanted.",
        ),
        "folder_not_followed" => (
            Finding::warning,
            format!(
                "{n} command{s} changed the folder of the agent's shell, and this recording does not tell in which folder later ones ran."
            ),
            "Look at the `cwd` of the steps behind them.",
        ),
        "sub_agent" => (
            Finding::info,
            format!("{n} call{s} {was} made by the sub-agent {subject}."),
            "",
        ),
        "approval_without_call" => (
            Finding::warning,
            format!("{n} approval{s} for a call that the recording does not hold ({subject})."),
            "",
        ),
        "expected_calls" => (
            Finding::info,
            "The recording lists expected calls; it holds no results.".to_owned(),
            "Dataflow between calls cannot be seen.",
        ),
        "demonstration" => (
            Finding::info,
            format!("{n} demonstration message{s} before the task {was} skipped."),
            "",
        ),
        "answer_cut_short" => (
            Finding::warning,
            format!("{n} answer{s} of the model ended before the end ({subject})."),
            "Check whether a call or a value is missing at that place.",
        ),
        "earlier_part_missing" => (
            Finding::warning,
            format!("The recording goes on from {subject}, which it does not hold."),
            "Record the earlier part too: values from it have no source here.",
        ),
        "compacted" => (
            Finding::info,
            format!(
                "The conversation became too long {n} time{s}, and a model noted what was before: what was said and done is kept as well, and the note is the agent's own word."
            ),
            "",
        ),
        "unreadable_call" => (
            Finding::warning,
            format!("{n} call{s} could not be read ({subject})."),
            "",
        ),
        _ => (Finding::warning, format!("{n} × {subject}."), ""),
    };
    let mut message = message;
    if !note.lines.is_empty() {
        let lines: Vec<String> = note.lines.iter().map(u32::to_string).collect();
        let more = if n > note.lines.len() as u64 {
            ", …"
        } else {
            ""
        };
        message.push_str(&format!(
            " Line{} {}{more}.",
            if lines.len() == 1 && more.is_empty() {
                ""
            } else {
                "s"
            },
            lines.join(", ")
        ));
    }
    if note.bytes > 0 {
        let are = if note.bytes == 1 {
            "byte is"
        } else {
            "bytes are"
        };
        message.push_str(&format!(" {} {are} left out.", note.bytes));
    }
    let mut finding = make(code, message).help(help);
    if !subject.is_empty() {
        finding.id = format!("{code}:{subject}");
    }
    finding.line = note.lines.first().copied();
    finding
}
