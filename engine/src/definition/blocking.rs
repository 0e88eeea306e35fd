//! Which findings keep a document from being stored.

/// Whether an error finding of this code makes a document wrong, so that nothing is stored. The others
/// belong to a stored draft and only keep it from being activated.
pub fn blocks_storing(code: &str) -> bool {
    !of_surroundings(code) && !of_recording(code)
}

/// Whether findings of this code are about what is there around a document: they are said anew wherever it is looked
/// at.
pub fn of_surroundings(code: &str) -> bool {
    matches!(
        code,
        "unmapped_tool"
            | "missing_connection"
            | "missing_secret"
            | "missing_automation"
            | "wrong_connection"
            | "internal_address"
            | "program_not_allowed"
            | "capability_missing"
    )
}

/// Whether errors of this code come from the recording that a document was made of: no check of the document alone
/// finds them again.
pub fn of_recording(code: &str) -> bool {
    matches!(code, "secret_misplaced" | "replay_differs")
}
