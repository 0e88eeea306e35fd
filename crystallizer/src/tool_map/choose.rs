//! Finds what a recorded call becomes.

use super::builtin::{self, ShellCommand};
use super::files::{self, FileCall, Here};
use super::parse::result_path;
use super::patch;
use super::remark::Remark;
use super::request::Request;
use super::substitute::{Filled, fill, freeze};
use super::{Folders, ToolRule, glob};
use crate::secret::Names;
use crate::session::ToolCall;
use druse_engine::definition::EffectLevel;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a call became the action that it became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A rule of the tool map, by its place in the list.
    Rule(usize),
    /// A recorded MCP call whose connection exists.
    Connection,
    /// A known tool of a coding agent.
    Builtin,
    /// Nothing maps it.
    Unmapped,
}

/// What a recorded call becomes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target<'a> {
    pub(crate) action: Cow<'static, str>,
    /// The configuration, as document, as request, and where the call stands in it.
    pub(crate) filled: Filled<'a>,
    pub(crate) origin: Origin,
    pub(crate) effects: Option<EffectLevel>,
    pub(crate) deterministic: Option<bool>,
    pub(crate) reason: Option<String>,
    /// The place in the output that stands for the recorded answer, where a rule names it.
    pub(crate) result: Option<Vec<String>>,
    /// The shell call, for a known shell tool.
    pub(crate) shell: Option<Box<ShellCommand>>,
    /// The configuration with the line whole, where words of it are given to the shell beside it.
    pub(crate) line: Option<Box<Filled<'a>>>,
    /// Why a rule that matched was not used.
    pub(crate) problem: Option<String>,
    /// Whether it is a tool of the agent's own that no rule makes anything of.
    pub(crate) own_tool: bool,
    /// What the step does otherwise than the call did.
    pub(crate) remark: Option<Remark>,
    /// Whether a program searches in place of an agent's own tool, which answers in words of its own.
    pub(crate) searches: bool,
}

/// The tool map with the connections, ready to be asked.
pub(crate) struct Mapper<'a> {
    rules: &'a [ToolRule],
    /// The place of the first rule that matches, by tool name.
    known: BTreeMap<String, Option<usize>>,
    /// Names of MCP connections.
    servers: Vec<&'a str>,
    folders: Folders<'a>,
    /// The form in which the session was recorded.
    format: &'a str,
    /// The names of secrets that stand in the calls.
    names: Names,
    /// Rules that turned out not to make a valid step.
    refused: BTreeMap<usize, String>,
    /// Calls that nothing built in makes a valid step of, by id.
    left: BTreeMap<String, String>,
    /// What stands beside the arguments, by the tool: of those that nothing maps, and of those with a connection.
    unmapped: Known,
    connected: Known,
}

type Known = BTreeMap<String, Arc<Map<String, Value>>>;

/// The request with the arguments of a call in it; the rest is made once for all calls of the tool.
fn around<'c>(
    call: &'c ToolCall,
    known: &mut Known,
    rest: impl Fn() -> Map<String, Value>,
) -> Request<'c> {
    let own = match known.get(&call.name) {
        Some(own) => Arc::clone(own),
        None => {
            let own = Arc::new(rest());
            known.insert(call.name.clone(), Arc::clone(&own));
            own
        }
    };
    Request::around(own, &call.arguments)
}

/// A key with a text.
fn written((key, text): (&str, &str)) -> (String, Value) {
    (key.to_owned(), text.into())
}

impl Target<'_> {
    /// Whether what it answers in a run has another shape than what was recorded: nothing can be taken out
    /// of it by what the recording shows.
    pub(crate) fn is_opaque(&self) -> bool {
        let action = &*self.action;
        self.result.is_none()
            && match self.origin {
                Origin::Builtin => self.searches || matches!(action, "file" | "http"),
                // What these give has a shape of its own, whatever the recorded tool answered.
                Origin::Rule(_) => matches!(action, "file" | "sql" | "mail" | "emit"),
                Origin::Connection | Origin::Unmapped => false,
            }
    }

    /// Whether it reads a file as text.
    pub(crate) fn reads_file(&self) -> bool {
        self.action == "file"
            && self.filled.request.get("op").and_then(Value::as_str) == Some("read")
            && self.result.as_deref().is_some_and(|path| path == ["text"])
    }
}

impl<'a> Mapper<'a> {
    pub(crate) fn new(
        rules: &'a [ToolRule],
        connections: &'a BTreeMap<String, Value>,
        folders: Folders<'a>,
        format: &'a str,
        names: Names,
    ) -> Self {
        let is_mcp = |value: &Value| value.get("kind").and_then(Value::as_str) == Some("mcp");
        let mut servers: Vec<&str> = connections
            .iter()
            .filter(|(_, value)| is_mcp(value))
            .map(|(name, _)| name.as_str())
            .collect();
        // The longest name first: of `git` and `git__hub` the second is meant by `mcp__git__hub__get`.
        servers.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        Self {
            rules,
            known: BTreeMap::new(),
            servers,
            folders,
            format,
            names,
            refused: BTreeMap::new(),
            left: BTreeMap::new(),
            unmapped: Known::new(),
            connected: Known::new(),
        }
    }

    /// Never uses this rule again, for this reason.
    pub(crate) fn refuse(&mut self, rule: usize, why: String) {
        self.refused.insert(rule, why);
    }

    /// Leaves this call unmapped, for this reason.
    pub(crate) fn leave(&mut self, call: &str, why: String) {
        self.left.insert(call.to_owned(), why);
    }

    /// What this call becomes.
    pub(crate) fn target<'c>(&mut self, call: &'c ToolCall) -> Target<'c> {
        let rules = self.rules;
        let rule = *self.known.entry(call.name.clone()).or_insert_with(|| {
            rules
                .iter()
                .position(|rule| glob::matches(&rule.pattern, &call.name))
        });
        if let Some(index) = rule {
            let rule = &self.rules[index];
            let problem = match self.refused.get(&index) {
                Some(why) => why.clone(),
                None => match rule.problem() {
                    Some(why) => why,
                    None => match fill(&rule.with, &call.name, &call.arguments, &self.names) {
                        Ok(filled) => return of_rule(rule, index, filled, call),
                        Err(why) => why.0,
                    },
                },
            };
            return Target {
                problem: Some(problem),
                ..self.unmapped(call)
            };
        }
        if let Some(why) = self.left.get(&call.id) {
            let problem = Some(why.clone());
            return Target {
                problem,
                ..self.unmapped(call)
            };
        }
        if let Some((server, tool)) = self.server_and_tool(&call.name) {
            return match &call.arguments {
                Value::Object(_) | Value::Null => self.of_connection(server, tool, call),
                _ => Target {
                    problem: Some(
                        "its recorded arguments are no map of names and values".to_owned(),
                    ),
                    ..self.unmapped(call)
                },
            };
        }
        let line = || builtin::bare_line(self.format, &call.name, &call.arguments);
        let command = builtin::shell_command(&call.name, &call.arguments).or_else(line);
        // The agent's shell knows a program for its patches that no other has.
        let patch = command.as_ref().and_then(patch::in_shell);
        let file = match (command, patch) {
            (Some(_), Some(patch)) => Some(
                Here {
                    folders: &self.folders,
                    call,
                }
                .patch(&patch),
            ),
            (Some(command), None) => return self.of_shell(command, call),
            (None, _) => files::file_call(self.format, &self.folders, call),
        };
        match file {
            Some(FileCall::Step(with, remark)) => Target {
                remark,
                ..of_file(with, &self.names)
            },
            Some(FileCall::Search(words, remark)) => {
                let command = ShellCommand {
                    argv: Some(words),
                    ..ShellCommand::default()
                };
                Target {
                    remark,
                    searches: true,
                    ..self.of_shell(command, call)
                }
            }
            Some(FileCall::Fetch(url, remark)) => {
                let request = Map::from_iter([("url".to_owned(), url.into())]);
                Target {
                    remark,
                    effects: Some(EffectLevel::Read),
                    ..plain("http", Origin::Builtin, request.into(), &[], &self.names)
                }
            }
            Some(FileCall::Not(why)) => Target {
                problem: Some(why),
                own_tool: true,
                ..self.unmapped(call)
            },
            None => Target {
                own_tool: files::is_own(self.format, &call.name),
                ..self.unmapped(call)
            },
        }
    }

    fn of_shell<'c>(&self, mut command: ShellCommand, call: &'c ToolCall) -> Target<'c> {
        if call.shell.is_some() {
            command.shell.clone_from(&call.shell);
        }
        let cwd = self.folders.cwd(call, command.cwd.as_deref());
        let request = builtin::request(&command, cwd);
        Target {
            shell: Some(Box::new(command)),
            ..plain("shell", Origin::Builtin, request.into(), &[], &self.names)
        }
    }

    fn of_connection<'c>(&mut self, server: &str, tool: &str, call: &'c ToolCall) -> Target<'c> {
        let origin = Origin::Connection;
        let named = || Map::from_iter([("connection", server), ("tool", tool)].map(written));
        if call.arguments.is_null() {
            let mut request = named();
            request.insert("arguments".to_owned(), Map::new().into());
            return plain("mcp", origin, request.into(), &[], &self.names);
        }
        let request = around(call, &mut self.connected, named);
        plain("mcp", origin, request, ARGUMENTS, &self.names)
    }

    fn unmapped<'c>(&mut self, call: &'c ToolCall) -> Target<'c> {
        let named = || Map::from_iter([written(("tool", call.name.as_str()))]);
        let request = around(call, &mut self.unmapped, named);
        plain("tool", Origin::Unmapped, request, ARGUMENTS, &self.names)
    }

    /// Connection and tool of a recorded MCP call, where the connection exists.
    fn server_and_tool<'n>(&self, name: &'n str) -> Option<(&'a str, &'n str)> {
        self.servers.iter().find_map(|server| {
            let plain: String = server
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                        c
                    } else {
                        '_'
                    }
                })
                .collect();
            let after = |prefix: &str, middle: &str| {
                let rest = name.strip_prefix(prefix)?;
                let tool = rest
                    .strip_prefix(*server)
                    .and_then(|rest| rest.strip_prefix(middle))
                    .or_else(|| {
                        rest.strip_prefix(plain.as_str())
                            .and_then(|rest| rest.strip_prefix(middle))
                    })?;
                (!tool.is_empty()).then_some(tool)
            };
            after("mcp__", "__")
                .or_else(|| after("", "__"))
                .or_else(|| after("", "."))
                .map(|tool| (*server, tool))
        })
    }
}

fn of_rule<'c>(
    rule: &ToolRule,
    index: usize,
    filled: Filled<'c>,
    call: &'c ToolCall,
) -> Target<'c> {
    let result = match &rule.result {
        Some(result) => result_path(result),
        None => given_at(&rule.action, &filled.request, call),
    };
    Target {
        action: rule.action.clone().into(),
        filled,
        origin: Origin::Rule(index),
        effects: rule.effects,
        deterministic: rule.deterministic,
        reason: rule.reason.clone(),
        result,
        shell: None,
        line: None,
        problem: None,
        own_tool: false,
        remark: None,
        searches: false,
    }
}

/// Where an action with an output of its own shape holds what the recorded tool answered, where no rule says it.
fn given_at(action: &str, request: &Request<'_>, call: &ToolCall) -> Option<Vec<String>> {
    let text = |key: &str| request.get(key).and_then(Value::as_str);
    let key = match action {
        "file" if text("op") == Some("read") && !request.contains_key("save_as") => {
            let json = || {
                text("path").is_some_and(|path| path.ends_with(".json"))
                    && crate::answer::of(call).json.is_some()
            };
            match text("encoding") {
                Some("text") => "text",
                Some("json") => "json",
                Some(_) => return None,
                None if json() => "json",
                None => "text",
            }
        }
        "sql" => {
            let json = crate::answer::of(call).json;
            let rows = json.as_deref().and_then(Value::as_array);
            rows.filter(|rows| rows.iter().all(Value::is_object))
                .map(|_| "rows")?
        }
        _ => return None,
    };
    Some(vec![key.to_owned()])
}

fn of_file<'c>(with: Map<String, Value>, names: &Names) -> Target<'c> {
    let is = |key: &str, value: &str| with.get(key).and_then(Value::as_str) == Some(value);
    let reads = is("op", "read") && is("encoding", "text");
    Target {
        result: reads.then(|| vec!["text".to_owned()]),
        ..plain("file", Origin::Builtin, with.into(), &[], names)
    }
}

type Place = (Cow<'static, str>, Cow<'static, str>);

/// The arguments stand whole under a key of their own.
const ARGUMENTS: &[Place] = &[(Cow::Borrowed("/arguments"), Cow::Borrowed(""))];

/// A target whose configuration is all recorded.
fn plain<'c>(
    action: &'static str,
    origin: Origin,
    request: Request<'c>,
    places: &'static [Place],
    names: &Names,
) -> Target<'c> {
    let document = request
        .iter()
        .map(|(key, value)| (key.to_owned(), freeze(value, names)))
        .collect();
    Target {
        action: action.into(),
        filled: Filled {
            document: Some(Box::new(document)),
            request,
            open: BTreeSet::new(),
            places: places.into(),
            mixed: Vec::new(),
        },
        origin,
        effects: None,
        deterministic: None,
        reason: None,
        result: None,
        shell: None,
        line: None,
        problem: None,
        own_tool: false,
        remark: None,
        searches: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall {
            id: "c1".into(),
            name: name.into(),
            arguments,
            batch: 0,
            agent: None,
            folder: None,
            shell: None,
            inside: None,
            waits: false,
            started_at: None,
            finished_at: None,
            result: None,
        }
    }

    #[test]
    fn recorded_mcp_calls_need_no_rule_where_their_connection_exists() {
        let connections = BTreeMap::from([
            (
                "linear-server".to_owned(),
                json!({ "kind": "mcp", "url": "http://x" }),
            ),
            (
                "git".to_owned(),
                json!({ "kind": "mcp", "command": ["git-mcp"] }),
            ),
            (
                "git__hub".to_owned(),
                json!({ "kind": "mcp", "command": ["hub"] }),
            ),
            (
                "api".to_owned(),
                json!({ "kind": "http", "base_url": "http://x" }),
            ),
        ]);
        let mut mapper = Mapper::new(
            &[],
            &connections,
            Folders::default(),
            "openai-chat",
            Names::default(),
        );
        for (name, expected) in [
            (
                "mcp__linear-server__get_issue",
                Some(("linear-server", "get_issue")),
            ),
            ("git.status", Some(("git", "status"))),
            ("git__hub__get", Some(("git__hub", "get"))),
            ("mcp__git__status", Some(("git", "status"))),
            ("mcp__git__", None),
            ("mcp__other__get", None),
            ("api.get", None),
            ("status", None),
        ] {
            let call = call(name, json!({ "a": "{{ b }}" }));
            let target = mapper.target(&call);
            match expected {
                Some((server, tool)) => {
                    assert_eq!(target.action, "mcp", "{name}");
                    assert_eq!(
                        Value::from(target.filled.request.whole().into_owned()),
                        json!({ "connection": server, "tool": tool, "arguments": { "a": "{{ b }}" } })
                    );
                }
                None => assert_eq!(target.action, "tool", "{name}"),
            }
        }
    }

    #[test]
    fn the_first_rule_that_matches_wins_and_a_wrong_one_says_why() {
        let rules = super::super::parse_tools(
            "- { match: \"get_*\", action: emit, with: { type: \"{{ call.name }}\", data: \"{{ call.arguments.id }}\" } }\n- { match: \"*\", action: wait, with: { for: 1s } }",
        )
        .unwrap();
        let connections = BTreeMap::new();
        let mut mapper = Mapper::new(
            &rules,
            &connections,
            Folders::default(),
            "openai-chat",
            Names::default(),
        );
        assert_eq!(
            mapper
                .target(&call("get_a", json!({ "id": 3 })))
                .filled
                .request
                .get("data"),
            Some(&json!(3))
        );
        assert_eq!(
            mapper
                .target(&call("Bash", json!({ "command": "ls" })))
                .action,
            "wait"
        );
        let call = call("get_a", json!({}));
        let wrong = mapper.target(&call);
        assert_eq!(wrong.action, "tool");
        assert_eq!(
            wrong.problem.as_deref(),
            Some("the call has no argument `call.arguments.id`")
        );
    }
}
