//! Where a draft works: what is to be known about the folders of its steps, and about what its steps do otherwise
//! than the recorded calls did.

use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::session::Session;
use crate::tool_map::{Folders, Origin, Remark, WORKSPACE};
use druse_engine::Finding;
use std::collections::BTreeMap;

/// Findings about the folders of the steps, and what the steps do otherwise.
pub(crate) fn findings(
    session: &Session,
    folders: &Folders<'_>,
    kept: &[Kept<'_>],
    places: &[Spot],
) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(nowhere(kept));
    found.extend(moved(folders));
    found.extend(elsewhere(folders, kept));
    found.extend(named(folders, kept, places));
    found.extend(outside(folders, kept, places));
    found.extend(state(session, kept, places));
    found.extend(otherwise(kept));
    found
}

fn steps(count: usize, one: &str, more: &str) -> String {
    if count == 1 {
        format!("1 step {one}")
    } else {
        format!("{count} steps {more}")
    }
}

fn shown(path: &str) -> String {
    crate::show::text(path, 120)
}

/// Shell steps without a folder run wherever the server stands.
fn nowhere(kept: &[Kept<'_>]) -> Option<Finding> {
    let is_lost = |kept: &&Kept<'_>| {
        let with = &kept.target.filled.request;
        let cwd = with.get("cwd").and_then(|cwd| cwd.as_str());
        kept.target.origin == Origin::Builtin
            && kept.target.shell.is_some()
            && cwd.is_none_or(|cwd| !cwd.starts_with(['/', '~']))
    };
    let count = kept.iter().filter(is_lost).count();
    (count > 0).then(|| {
        let mut finding = Finding::warning(
            "folder_unknown",
            format!(
                "The recording does not say in which folder the agent worked: {} where the server stands.",
                steps(count, "runs", "run")
            ),
        )
        .help("Name the folder with `--in FOLDER`, `folder` of the API or a connection `workspace` of the kind `folder`, or acknowledge it.")
        .must_acknowledge();
        finding.id = "folder_unknown".to_owned();
        finding
    })
}

/// The draft works in another folder than the agent did.
fn moved(folders: &Folders<'_>) -> Option<Finding> {
    let (left, work) = folders.left().zip(folders.work())?;
    let mut finding = Finding::info(
        "folder_changed",
        format!(
            "The agent worked in `{}`; the automation works in `{}` in its place.",
            shown(left),
            shown(work)
        ),
    );
    finding.id = "folder_changed".to_owned();
    Some(finding)
}

/// The connection that files are worked on by points elsewhere than where the shell runs.
fn elsewhere(folders: &Folders<'_>, kept: &[Kept<'_>]) -> Option<Finding> {
    let path = folders.differing_workspace()?;
    let of = |action: &str| {
        kept.iter()
            .filter(|kept| kept.target.origin == Origin::Builtin && kept.target.action == action)
            .count()
    };
    let files = kept
        .iter()
        .filter(|kept| {
            let named = kept.target.filled.request.get("connection");
            kept.target.origin == Origin::Builtin
                && kept.target.action == "file"
                && named.and_then(|name| name.as_str()) == Some(WORKSPACE)
        })
        .count();
    let shells = of("shell");
    (files > 0 && shells > 0).then(|| {
        let mut finding = Finding::warning(
            "folders_differ",
            format!(
                "{} on files in `{}`, where the connection `{WORKSPACE}` points, and {} in `{}`.",
                steps(files, "works", "work"),
                shown(path),
                steps(shells, "runs", "run"),
                shown(folders.work().unwrap_or_default()),
            ),
        )
        .help(format!(
            "Name the folder of all of them with `--in {}` or `folder` of the API, let the connection point at the other one, or acknowledge it.",
            shown(path)
        ))
        .must_acknowledge();
        finding.id = "folders_differ".to_owned();
        finding
    })
}

/// Lines that name the folder that is not worked in any more: a line is fixed text.
fn named(folders: &Folders<'_>, kept: &[Kept<'_>], places: &[Spot]) -> Vec<Finding> {
    let Some(left) = folders.left() else {
        return Vec::new();
    };
    let names_it = |kept: &&(&Kept<'_>, &Spot)| {
        kept.0.target.origin == Origin::Builtin
            && kept
                .0
                .target
                .shell
                .as_ref()
                .is_some_and(|shell| names_folder(&shell.line(), left))
    };
    let pairs: Vec<(&Kept<'_>, &Spot)> = kept.iter().zip(places).collect();
    pairs
        .iter()
        .filter(names_it)
        .map(|(kept, place)| {
            let finding = Finding::warning(
                "names_recorded_folder",
                format!(
                    "The command names `{}`, the folder that the agent worked in, and works there.",
                    shown(left)
                ),
            )
            .help("Write the other folder there by hand, or acknowledge it.")
            .must_acknowledge();
            located(finding, &kept.step, **place, "/with")
        })
        .collect()
}

/// Whether a line names a folder, or something in it: not another one whose name begins or ends alike.
fn names_folder(line: &str, folder: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let mut after = line.get(at + folder.len()..).unwrap_or_default().chars();
        let goes_on = match after.next() {
            Some('.') => after.next().is_some_and(joins),
            Some(c) => joins(c),
            None => false,
        };
        !goes_on && !before.is_some_and(|c| joins(c) || matches!(c, '.' | '/'))
    })
}

/// Commands that ran outside of the folder that is not worked in any more: they run there still.
fn outside(folders: &Folders<'_>, kept: &[Kept<'_>], places: &[Spot]) -> Vec<Finding> {
    let Some((left, work)) = folders.left().zip(folders.work()) else {
        return Vec::new();
    };
    let within = |cwd: &str| {
        cwd.strip_prefix(work)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    kept.iter()
        .zip(places)
        .filter(|(kept, _)| kept.target.origin == Origin::Builtin && kept.target.shell.is_some())
        .filter_map(|(kept, place)| {
            let cwd = kept.target.filled.request.get("cwd")?.as_str()?;
            if within(cwd) || !cwd.starts_with(['/', '~']) {
                return None;
            }
            let finding = Finding::warning(
                "outside_recorded_folder",
                format!(
                    "The command runs in `{}`, as it did in the recording. That lies outside of `{}`, the folder that the agent worked in, so `{}` does not stand for it.",
                    shown(cwd),
                    shown(left),
                    shown(work)
                ),
            )
            .help("Write another `cwd` there by hand, or acknowledge it.")
            .must_acknowledge();
            Some(located(finding, &kept.step, *place, "/with/cwd"))
        })
        .collect()
}

/// A shell that the agent kept running remembers what each line left behind; a step begins anew.
fn state(session: &Session, kept: &[Kept<'_>], places: &[Spot]) -> Option<Finding> {
    if !matches!(session.product(), "openhands" | "swe-agent") {
        return None;
    }
    let is_shell = |kept: &Kept<'_>| kept.target.shell.is_some();
    let first = kept.iter().position(|kept| {
        let shell = kept.target.shell.as_deref();
        shell.is_some_and(|shell| crate::shell_line::leaves_its_state(&shell.line()))
    })?;
    if !kept.iter().skip(first + 1).any(is_shell) {
        return None;
    }
    let (one, place) = kept.get(first).zip(places.get(first))?;
    let finding = Finding::warning(
        "shell_state_lost",
        "The command set something up in the shell that the agent kept running. Each step has a shell of its own, and those after it do not know of it.",
    )
    .help("Put what it sets up in front of the commands that need it, or into their `env`.");
    Some(located(finding, &one.step, *place, ""))
}

/// What steps do otherwise than the calls did, each kind once.
fn otherwise(kept: &[Kept<'_>]) -> Vec<Finding> {
    let mut kinds: BTreeMap<Remark, Vec<&Kept<'_>>> = BTreeMap::new();
    for one in kept {
        if let Some(remark) = one.target.remark {
            kinds.entry(remark).or_default().push(one);
        }
    }
    kinds
        .into_iter()
        .map(|(remark, users)| {
            let first: Vec<String> = users
                .iter()
                .take(3)
                .map(|kept| format!("`{}`", kept.step))
                .collect();
            let more = if users.len() > first.len() {
                ", …"
            } else {
                ""
            };
            let mut finding = Finding::info(
                "step_differs",
                format!("Steps {}: {}{more}.", remark.text(), first.join(", ")),
            );
            finding.id = format!("step_differs:{}", remark.name());
            finding
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_by_its_whole_name() {
        for (line, expected) in [
            ("cd /home/u/shop && make", true),
            ("cat /home/u/shop/a.txt", true),
            ("tar -C '/home/u/shop' -cf x .", true),
            ("A=/home/u/shop.", true),
            ("cd /home/u/shopper", false),
            ("cd /home/u/shop-2", false),
            ("cp /home/u/shop.bak x", false),
            ("ls /mnt/home/u/shop", false),
            ("ls /home/u/shopper /home/u/shop", true),
        ] {
            assert_eq!(names_folder(line, "/home/u/shop"), expected, "{line}");
        }
    }
}
