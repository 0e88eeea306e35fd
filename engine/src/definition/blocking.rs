//! Which findings keep a document from being stored.

/// Whether an error finding of this code makes a document wrong, so that nothing is stored. The others
/// belong to a stored draft and only keep it from being activated.
pub fn blocks_storing(code: &str) -> bool {
    !matches!(
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
