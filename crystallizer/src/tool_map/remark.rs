//! What a step does otherwise than the recorded call did, where both come to much the same.

/// Such a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remark {
    /// A part of a file was read.
    Part,
    /// A file that is no text was looked at.
    Binary,
    /// Folders were listed two levels deep.
    Levels,
    /// Some names were not to be listed.
    Ignored,
    /// A page was read through a model.
    Page,
    /// The lines around those that were found, or only what matched in them, were asked for.
    Around,
    /// A part of what was found was asked for.
    All,
}

impl Remark {
    /// A word for ids.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Part => "part",
            Self::Binary => "binary",
            Self::Levels => "levels",
            Self::Ignored => "ignored",
            Self::Page => "page",
            Self::Around => "around",
            Self::All => "all",
        }
    }

    /// The difference, as the end of a sentence about steps.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Part => "read a whole file, of which the agent read a part",
            Self::Binary => {
                "read a file that is no text as base64; what the agent saw in it is not in the recording"
            }
            Self::Levels => "list a folder, of which the agent saw two levels",
            Self::Ignored => "list also the names that the agent had left out",
            Self::Around => "give the whole lines that were found and none around them",
            Self::All => "give all that is found, of which the agent saw a part",
            Self::Page => "fetch a page as it is; the agent saw what a model said about it",
        }
    }
}
