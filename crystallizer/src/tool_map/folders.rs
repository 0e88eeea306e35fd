//! Where a call was made, and where its step works: a shell in a folder of the machine, a file below a connection.

use crate::options::Options;
use crate::session::{Session, ToolCall};
use serde_json::Value;
use std::collections::BTreeMap;

/// The connection that a draft names for the working folder where none points at it.
pub(crate) const WORKSPACE: &str = "workspace";

/// The folders of a draft.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folders<'a> {
    /// The one that the agent worked in.
    recorded: Option<&'a str>,
    /// The one that the automation works in, in its place.
    given: Option<&'a str>,
    /// Connections of the kind `folder` by their paths, the innermost first.
    connections: Vec<(&'a str, &'a str)>,
}

impl<'a> Folders<'a> {
    /// Those of a session, with what the options say about them.
    pub(crate) fn of(session: &'a Session, options: &'a Options) -> Self {
        Self::new(
            session.working_folder.as_deref(),
            options.folder.as_deref(),
            &options.connections,
        )
    }

    pub(crate) fn new(
        recorded: Option<&'a str>,
        given: Option<&'a str>,
        connections: &'a BTreeMap<String, Value>,
    ) -> Self {
        let path = |value: &'a Value| {
            (value.get("kind").and_then(Value::as_str) == Some("folder"))
                .then(|| value.get("path").and_then(Value::as_str))
                .flatten()
        };
        let mut folders: Vec<(&str, &str)> = connections
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), trimmed(path(value)?))))
            .collect();
        folders.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.cmp(b)));
        let workspace = || {
            folders
                .iter()
                .find(|(name, _)| *name == WORKSPACE)
                .map(|(_, path)| *path)
        };
        let recorded = recorded.map(trimmed).filter(|path| !path.is_empty());
        let given = given.map(trimmed).filter(|path| !path.is_empty());
        Self {
            recorded,
            // Where the recording names no folder, files are worked on in that of this connection: so are shells.
            given: given.or_else(|| match recorded {
                Some(_) => None,
                None => workspace(),
            }),
            connections: folders,
        }
    }

    /// The folder that the draft works in.
    pub(crate) fn work(&self) -> Option<&'a str> {
        self.given.or(self.recorded)
    }

    /// The recorded folder, where the draft works in another one.
    pub(crate) fn left(&self) -> Option<&'a str> {
        self.recorded
            .filter(|recorded| self.given.is_some_and(|given| given != *recorded))
    }

    /// The configured path of the connection that stands for the working folder by its name alone.
    pub(crate) fn differing_workspace(&self) -> Option<&'a str> {
        let work = self.work()?;
        let points = self.connections.iter().any(|(_, path)| *path == work);
        let workspace = self
            .connections
            .iter()
            .find(|(name, _)| *name == WORKSPACE)?;
        (!points).then_some(workspace.1)
    }

    /// Where a call was made, as far as it is known.
    fn base<'b>(&self, call: &'b ToolCall) -> Option<&'b str>
    where
        'a: 'b,
    {
        call.folder
            .as_deref()
            .map(trimmed)
            .or(self.recorded)
            .or(self.given)
    }

    /// The folder of a shell step. `own` is what the call itself asked for.
    pub(crate) fn cwd(&self, call: &ToolCall, own: Option<&str>) -> Option<String> {
        let base = self.base(call);
        let folder = match (own, base) {
            (Some(own), Some(base)) if is_relative(own) => {
                match own.trim_start_matches("./").trim_end_matches('/') {
                    "" | "." => base.to_owned(),
                    inner => format!("{base}/{inner}"),
                }
            }
            (Some(own), _) => own.to_owned(),
            (None, base) => base?.to_owned(),
        };
        Some(self.moved(&folder))
    }

    /// A path that leads into the recorded folder, in the one that is worked in instead.
    pub(crate) fn moved(&self, path: &str) -> String {
        let Some((left, given)) = self.left().zip(self.given) else {
            return path.to_owned();
        };
        match inside(left, path) {
            Some(rest) => format!("{given}{rest}"),
            None => path.to_owned(),
        }
    }

    /// A path below the home folder of the person that the agent worked for, written out, where the folder that it
    /// worked in tells which that was.
    fn at_home(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix("~/")?;
        let worked = self.recorded?;
        let mut parts = worked.split('/').skip(1);
        let home = match (parts.next()?, parts.next()) {
            ("root", _) => "/root".to_owned(),
            (all @ ("home" | "Users"), Some(user)) if !user.is_empty() => format!("/{all}/{user}"),
            _ => return None,
        };
        Some(format!("{home}/{rest}"))
    }

    /// The connection and the path below it of a file that a call was about; or why there is none.
    pub(crate) fn file(&self, call: &ToolCall, path: &str) -> Result<(String, String), String> {
        let shown = crate::show::text(path, 80);
        let at_home = self.at_home(path);
        let path = at_home.as_deref().unwrap_or(path);
        if path.starts_with('~') {
            return Err(format!(
                "the path `{shown}` is below the home folder of whoever runs it"
            ));
        }
        let is_strange = |part: &str| part.contains('\\') || part.contains(':');
        if path.contains('\\')
            || path
                .split('/')
                .find(|part| !part.is_empty())
                .is_some_and(is_strange)
        {
            return Err(format!("the path `{shown}` is none of this system"));
        }
        let base = self.base(call);
        let whole = match base {
            _ if path.starts_with('/') => path.to_owned(),
            Some(base) => format!("{base}/{path}"),
            // Below whatever the connection points at.
            None => {
                return match plain(path) {
                    Some(path) => Ok((WORKSPACE.to_owned(), path)),
                    None => Err(format!(
                        "the path `{shown}` leads out of the working folder"
                    )),
                };
            }
        };
        let Some(plain) = plain(&whole) else {
            return Err(format!(
                "the path `{shown}` leads out of the working folder"
            ));
        };
        let whole = format!("/{}", if plain == "." { "" } else { &plain });
        let root = |path: &str| {
            let named = self.connections.iter().find(|(_, at)| *at == path);
            named.map_or(WORKSPACE, |(name, _)| name).to_owned()
        };
        let below = |rest: &str| match rest.trim_start_matches('/') {
            "" => ".".to_owned(),
            rest => rest.to_owned(),
        };
        for own in [self.recorded, self.given].into_iter().flatten() {
            if let Some(rest) = inside(own, &whole) {
                return Ok((root(self.work().unwrap_or(own)), below(rest)));
            }
        }
        let other = self
            .connections
            .iter()
            .find_map(|(name, at)| Some((name, inside(at, &whole)?)));
        if let Some((name, rest)) = other {
            return Ok(((*name).to_owned(), below(rest)));
        }
        Err(match self.work() {
            None => format!(
                "the recording does not say in which folder the agent worked, and the path `{shown}` is a whole one"
            ),
            Some(work) => format!(
                "the path `{shown}` lies outside of the working folder `{}`",
                crate::show::text(work, 80)
            ),
        })
    }
}

/// Whether a reason for which a file has no step is one that another folder does away with.
pub(crate) fn is_about_folders(why: &str) -> bool {
    why.contains("in which folder the agent worked")
        || why.contains("outside of the working folder")
}

fn trimmed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if !path.is_empty() => "/",
        path => path,
    }
}

fn is_relative(path: &str) -> bool {
    !path.starts_with(['/', '~']) && !path.contains(":\\")
}

/// What of a path stands behind a folder that it lies in. On macOS `/tmp` and `/private/tmp` are one folder.
fn inside<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    let strip = |folder: &str| {
        path.strip_prefix(folder.trim_end_matches('/'))
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    strip(folder)
        .or_else(|| {
            strip(
                folder
                    .strip_prefix("/private")
                    .filter(|rest| rest.starts_with('/'))?,
            )
        })
        .or_else(|| {
            let other = path
                .strip_prefix("/private")
                .filter(|rest| rest.starts_with('/'))?;
            other
                .strip_prefix(folder.trim_end_matches('/'))
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// A path without `.`, `..` and empty parts, and without the slash in front; none where it leads out.
/// Taken as it is written: a link on the way is refused when the step runs.
fn plain(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(match parts.is_empty() {
        true => ".".to_owned(),
        false => parts.join("/"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(folder: Option<&str>) -> ToolCall {
        ToolCall {
            id: "c".into(),
            name: "Read".into(),
            arguments: json!({}),
            batch: 0,
            agent: None,
            folder: folder.map(str::to_owned),
            shell: None,
            inside: None,
            waits: false,
            started_at: None,
            finished_at: None,
            result: None,
        }
    }

    fn connections() -> BTreeMap<String, Value> {
        BTreeMap::from([
            (
                "notes".into(),
                json!({ "kind": "folder", "path": "/home/ana/notes/" }),
            ),
            (
                "deep".into(),
                json!({ "kind": "folder", "path": "/home/ana/notes/deep" }),
            ),
            (
                "crm".into(),
                json!({ "kind": "http", "base_url": "http://x" }),
            ),
        ])
    }

    #[test]
    fn each_call_has_the_folder_that_it_was_made_in() {
        let connections = connections();
        let folders = Folders::new(Some("/home/ana/app/"), None, &connections);
        for (folder, own, expected) in [
            (None, None, "/home/ana/app"),
            (Some("/home/ana/app/web"), None, "/home/ana/app/web"),
            (
                Some("/home/ana/app/web"),
                Some("./src"),
                "/home/ana/app/web/src",
            ),
            (Some("/srv"), Some("."), "/srv"),
            (None, Some("/tmp"), "/tmp"),
            (None, Some("~/x"), "~/x"),
        ] {
            assert_eq!(folders.cwd(&call(folder), own).as_deref(), Some(expected));
        }
        let file = |folder, path: &str| folders.file(&call(folder), path);
        let at = |connection: &str, path: &str| Ok((connection.to_owned(), path.to_owned()));
        assert_eq!(
            file(Some("/home/ana/app/web"), "a.ts"),
            at("workspace", "web/a.ts")
        );
        assert_eq!(
            file(None, "/home/ana/app/a/../b.ts"),
            at("workspace", "b.ts")
        );
        assert_eq!(
            file(Some("/home/ana/app/web"), "../b.ts"),
            at("workspace", "b.ts")
        );
        assert_eq!(file(None, "/home/ana/app"), at("workspace", "."));
        assert_eq!(file(None, "/home/ana/notes/x"), at("notes", "x"));
        assert_eq!(file(None, "/home/ana/notes/deep/x"), at("deep", "x"));
        assert!(file(None, "../x").unwrap_err().contains("outside"));
        assert!(
            file(None, "/home/ana/apple")
                .unwrap_err()
                .contains("outside")
        );
        assert!(file(None, "~/x").unwrap_err().contains("outside"));
        assert_eq!(file(None, "~/app/c"), at("workspace", "c"));
        assert_eq!(file(None, "~/notes/x"), at("notes", "x"));
        assert!(file(None, "~bob/x").unwrap_err().contains("home folder"));
        assert!(
            file(None, "C:\\a")
                .unwrap_err()
                .contains("none of this system")
        );
    }

    #[test]
    fn another_folder_may_stand_for_the_recorded_one() {
        let none = BTreeMap::new();
        let folders = Folders::new(Some("/old/app"), Some("/new"), &none);
        assert_eq!(
            folders.cwd(&call(Some("/old/app/web")), None).as_deref(),
            Some("/new/web")
        );
        assert_eq!(
            folders.cwd(&call(Some("/old/apple")), None).as_deref(),
            Some("/old/apple")
        );
        assert_eq!(
            folders.file(&call(None), "/old/app/a").unwrap(),
            (WORKSPACE.to_owned(), "a".to_owned())
        );
        assert_eq!(folders.left(), Some("/old/app"));

        let unknown = Folders::new(None, None, &none);
        assert_eq!(unknown.cwd(&call(None), None), None);
        assert_eq!(
            unknown.cwd(&call(None), Some("web")).as_deref(),
            Some("web")
        );
        assert_eq!(
            unknown.file(&call(None), "a/../b").unwrap(),
            (WORKSPACE.to_owned(), "b".to_owned())
        );
        assert!(unknown.file(&call(None), "/a").is_err());
        assert!(unknown.file(&call(None), "../a").is_err());

        let workspace = BTreeMap::from([(
            WORKSPACE.to_owned(),
            json!({ "kind": "folder", "path": "/here" }),
        )]);
        let told = Folders::new(None, None, &workspace);
        assert_eq!(
            told.cwd(&call(None), Some("web")).as_deref(),
            Some("/here/web")
        );
        let differing = Folders::new(Some("/there"), None, &workspace);
        assert_eq!(differing.differing_workspace(), Some("/here"));
        assert_eq!(differing.cwd(&call(None), None).as_deref(), Some("/there"));
    }
}
