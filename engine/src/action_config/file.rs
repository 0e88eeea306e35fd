//! `file`.

use super::{Text, present};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Works on one file or folder below a root: that of a `folder` connection, or the run's own working
/// folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// The name of a `folder` connection; left out: the run's own working folder. Never a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What is done; never a template.
    pub op: FileOperation,
    /// The file, for `list` the folder, for `search` either: relative to the root, without `..`. `.` is the root itself.
    pub path: String,
    /// `read`: how the content is given; left out: as JSON where the name ends in `.json` and it is JSON,
    /// otherwise as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<FileEncoding>,
    /// `read`: keeps the content as an artifact of this name, in the place of having it in the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_as: Option<String>,
    /// `write`: the content is that of an artifact, as the output of an earlier step has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub artifact: Option<Value>,
    /// `write`, `append`: the content as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// `write`, `append`: the content in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// `write`, `append`: the content as one line of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "present")]
    #[schemars(with = "Value")]
    pub json: Option<Value>,
    /// `write`: what happens to a file that is there; left out: it is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_exists: Option<IfExists>,
    /// `write`, `append`: whether missing folders are made; left out: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_folders: Option<bool>,
    /// `edit`: the text that is replaced; it stands in the file exactly once, unless `all` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<String>,
    /// `edit`: what it is replaced by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace: Option<String>,
    /// `edit`: replaces it wherever it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// `search`: what the lines have to match, as a regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// `search`: whether small and capital letters are the same; left out: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_case: Option<bool>,
    /// `list`: names that match; `search`: names of the files that are searched. With `*` for any characters and `?`
    /// for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// `list`: whether folders inside are listed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive: Option<bool>,
    /// `list`, `search`: what happens when there is no such folder or file; left out: the step fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_missing: Option<IfMissing>,
    /// `list`: the most entries, `search`: the most lines; left out: 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max: Option<u32>,
}

/// What `file` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileOperation {
    /// Reads a file.
    Read,
    /// Writes a file, whole or not at all.
    Write,
    /// Adds to the end of a file.
    Append,
    /// Replaces an exact text in a file.
    Edit,
    /// Lists a folder.
    List,
    /// Finds the lines of files that match.
    Search,
}

impl FileOperation {
    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Append => "append",
            Self::Edit => "edit",
            Self::List => "list",
            Self::Search => "search",
        }
    }

    /// The operation of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Read,
            Self::Write,
            Self::Append,
            Self::Edit,
            Self::List,
            Self::Search,
        ]
        .into_iter()
        .find(|operation| operation.name() == name)
    }

    /// The keys that belong to it, beside `connection`, `op` and `path`.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["encoding", "save_as"],
            Self::Write => &[
                "text",
                "base64",
                "json",
                "artifact",
                "if_exists",
                "create_folders",
            ],
            Self::Append => &["text", "base64", "json", "create_folders"],
            Self::Edit => &["find", "replace", "all"],
            Self::List => &["pattern", "recursive", "if_missing", "max"],
            Self::Search => &["regex", "ignore_case", "pattern", "if_missing", "max"],
        }
    }

    /// Whether it changes something.
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Append | Self::Edit)
    }
}

/// How a file's content is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileEncoding {
    /// As UTF-8 text.
    Text,
    /// As the value that its JSON text stands for.
    Json,
    /// As base64.
    Base64,
}

/// What a `write` does to a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfExists {
    /// It is replaced.
    #[default]
    Replace,
    /// The step fails.
    Fail,
}

/// What a `list` or a `search` does about a folder that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfMissing {
    /// The step fails.
    #[default]
    Fail,
    /// Nothing is found.
    Empty,
}

/// Why a path cannot be one below a root, in one sentence; nothing when it can.
pub fn path_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("a path is not empty: `.` is the root itself");
    }
    if path.starts_with('/') {
        return Some("a path is relative to the root, so it does not begin with `/`");
    }
    if path.contains('\0') {
        return Some("a path holds no zero byte");
    }
    if path.split('/').any(|segment| segment == "..") {
        return Some("a path does not leave the root: `..` is refused");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_and_stay_below() {
        for good in [".", "a", "a/b.txt", "./a", "a..b/..c/d..", "a//b", "ä ö"] {
            assert_eq!(path_fault(good), None, "{good}");
        }
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "a/../b",
            "../a",
            "a/..",
            "a\0",
        ] {
            assert!(path_fault(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn each_operation_is_found_by_its_name() {
        for name in ["read", "write", "append", "edit", "list", "search"] {
            assert_eq!(
                FileOperation::parse(name).map(FileOperation::name),
                Some(name)
            );
        }
        assert_eq!(FileOperation::parse("delete"), None);
    }
}
