//! What a recorded tool becomes: rules of the person first, then connections of recorded MCP calls,
//! then the built-in maps for the shell and file tools of coding agents. What nothing maps stays a `tool` step.

mod builtin;
mod choose;
mod files;
mod folders;
mod glob;
mod line_words;
mod parse;
mod patch;
mod plain_line;
mod remark;
mod request;
mod rule;
mod search;
mod substitute;
mod window;

pub use glob::matches;
pub use parse::{parse_tools, tools_from_value};
pub use rule::{ToolMap, ToolRule, tool_map_schema};

pub(crate) use builtin::{ShellCommand, shell_command};
pub(crate) use choose::{Mapper, Origin, Target};
pub(crate) use files::{hands_on, is_bookkeeping, only_looked, without_numbers};
pub(crate) use folders::{Folders, WORKSPACE, is_about_folders};
pub(crate) use line_words::{
    LineWord, given_apart, number as word_number, pointer as word_pointer, reads_program,
    same_command, words,
};
pub(crate) use remark::Remark;
pub(crate) use request::Request;
pub(crate) use substitute::{Mixed, MixedPart, escape};
