//! The examples by name, carried inside the binary so that it needs nothing beside it.

/// An example: a world to work in, and a recording of work done there.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Its name, and its folder below `examples/`.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub about: &'static str,
    /// The recording's file name.
    pub recording_name: &'static str,
    /// The recording.
    pub recording: &'static str,
    /// The plan that the recording was made by driving: messages, calls and decisions.
    pub script: &'static str,
    /// SQL that makes the world's database; empty when it has none.
    pub seed: &'static str,
    /// The world's files: path and text.
    pub files: &'static [(&'static str, &'static str)],
    /// How tools are reached. `${EXE}` and `${WORLD}` stand for this binary and the world's folder.
    pub connections: &'static str,
    /// What the recorded tools become.
    pub tools: &'static str,
}

macro_rules! beside {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/", $file))
    };
}

/// All of them, the one that `druse demo` shows first.
pub const EXAMPLES: &[Example] = &[
    Example {
        name: "pay-bill",
        about: "An agent reads a bill and pays it; a person approved the payment.",
        recording_name: "recording.json",
        recording: beside!("pay-bill/recording.json"),
        script: beside!("pay-bill/script.json"),
        seed: beside!("pay-bill/world/seed.sql"),
        files: &[(
            "inbox/bill-2027-03.txt",
            beside!("pay-bill/world/inbox/bill-2027-03.txt"),
        )],
        connections: beside!("pay-bill/connections.yaml"),
        tools: beside!("pay-bill/tools.yaml"),
    },
    Example {
        name: "revenue-dashboard",
        about: "A chat in which an assistant wrote two queries and made a dashboard of them.",
        recording_name: "recording.json",
        recording: beside!("revenue-dashboard/recording.json"),
        script: beside!("revenue-dashboard/script.json"),
        seed: beside!("revenue-dashboard/world/seed.sql"),
        files: &[],
        connections: beside!("revenue-dashboard/connections.yaml"),
        tools: beside!("revenue-dashboard/tools.yaml"),
    },
    Example {
        name: "error-report",
        about: "A coding agent went through a log with shell commands and wrote a report.",
        recording_name: "recording.jsonl",
        recording: beside!("error-report/recording.jsonl"),
        script: beside!("error-report/script.json"),
        seed: "",
        files: &[("logs/app.log", beside!("error-report/world/logs/app.log"))],
        connections: beside!("error-report/connections.yaml"),
        tools: beside!("error-report/tools.yaml"),
    },
];

impl Example {
    /// The text of a file of this example, with this binary and a world's folder filled in.
    pub fn filled(&self, text: &str, exe: &std::path::Path, world: &std::path::Path) -> String {
        // Paths go into JSON and YAML strings in double quotes: both take JSON's escapes.
        let quoted = |path: &std::path::Path| {
            let text = serde_json::Value::from(path.to_string_lossy()).to_string();
            text[1..text.len() - 1].to_owned()
        };
        text.replace("${EXE}", &quoted(exe))
            .replace("${WORLD}", &quoted(world))
    }
}

/// The example with this name.
pub fn find(name: &str) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.name == name)
}
