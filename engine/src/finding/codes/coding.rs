//! What is said about drafts of coding sessions: the folders that they work in, and what their steps do otherwise.

use super::{Code, Group};
use crate::Severity::{Info, Warning};

pub(super) const CODES: &[Code] = &[
    Code {
        code: "failed_without_step",
        group: Group::Recording,
        severities: &[Info],
        meaning: "Calls of the agent's own tools that failed, and that no step would repeat, are left out.",
        example: "",
        fix: "A rule of the tool map for the tool makes steps of them.",
    },
    Code {
        code: "folder_changed",
        group: Group::Recording,
        severities: &[Info],
        meaning: "The automation works in another folder than the agent did, because that was asked for.",
        example: "",
        fix: "",
    },
    Code {
        code: "folder_not_followed",
        group: Group::Recording,
        severities: &[Warning],
        meaning: "A command changed the folder of the agent's shell, and the recording does not tell in which one later commands ran.",
        example: "",
        fix: "Look at the `cwd` of the steps behind it.",
    },
    Code {
        code: "folder_unknown",
        group: Group::Recording,
        severities: &[Warning],
        meaning: "The recording does not say in which folder the agent worked: commands would run where the server stands.",
        example: "",
        fix: "Name the folder with `--in`, `folder` of the API or a connection `workspace` of the kind `folder`, or acknowledge it.",
    },
    Code {
        code: "folders_differ",
        group: Group::Recording,
        severities: &[Warning],
        meaning: "Files are worked on in the folder of a connection, and commands run in another one.",
        example: "",
        fix: "Name one folder for both, or acknowledge it.",
    },
    Code {
        code: "handed_on",
        group: Group::Recording,
        severities: &[Info],
        meaning: "A call handed work to a sub-agent, whose own calls are steps, and is left out.",
        example: "",
        fix: "",
    },
    Code {
        code: "looked_without_step",
        group: Group::Recording,
        severities: &[Info, Warning],
        meaning: "A call told the agent something that no step can ask for again, such as a search of the web or a question to a person, and is left out. What the agent made of the answer stays as it was. Of a question whose answer is read as the person's own word it is only told.",
        example: "",
        fix: "Acknowledge it if that may stay, or write a rule of the tool map for the tool.",
    },
    Code {
        code: "names_recorded_folder",
        group: Group::Recording,
        severities: &[Warning],
        meaning: "A command names the folder that the agent worked in, while the automation works in another one.",
        example: "",
        fix: "Write the other folder there by hand, or acknowledge it.",
    },
    Code {
        code: "shell_state_lost",
        group: Group::Recording,
        severities: &[Warning],
        meaning: "A command set something up in the shell that the agent kept running; a step begins with a new one.",
        example: "",
        fix: "Put it in front of the commands that need it, or into their `env`.",
    },
    Code {
        code: "step_differs",
        group: Group::Recording,
        severities: &[Info],
        meaning: "A step does more or less than the recorded call did, as the message says.",
        example: "",
        fix: "",
    },
];
