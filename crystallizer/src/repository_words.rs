//! Which words of `git` and of `gh` only look: git(1) and its subcommands, gh(1).

/// Subcommands of git that only look, whatever stands behind them; what writes a file or runs a program is looked for
/// before.
const GIT: [&str; 17] = [
    "status",
    "log",
    "diff",
    "show",
    "rev-parse",
    "ls-files",
    "blame",
    "describe",
    "shortlog",
    "ls-tree",
    "cat-file",
    "merge-base",
    "name-rev",
    "rev-list",
    "show-ref",
    "for-each-ref",
    "check-ignore",
];
/// Options of `git branch` and `git tag` behind which names are looked for and not made.
const LISTS: [&str; 6] = [
    "--list",
    "--contains",
    "--no-contains",
    "--merged",
    "--no-merged",
    "--points-at",
];
/// Their options that change only how a list looks.
const LOOK_OF_LIST: [&str; 8] = [
    "--sort",
    "--format",
    "--color",
    "--no-color",
    "--column",
    "--all",
    "--remotes",
    "--ignore-case",
];

/// Whether `git` with these words only looks.
pub(crate) fn git_looks(rest: &[String]) -> bool {
    let mut words: Vec<&str> = rest.iter().map(String::as_str).collect();
    while let ["-C", _, ..] = words[..] {
        words.drain(..2);
    }
    // A setting may name a program, and some options write a file or run one.
    let acts = |word: &&str| {
        *word == "-c"
            || [
                "--ou", "--ext-d", "--conf", "--exec", "--git-d", "--work-t", "--upload",
            ]
            .iter()
            .any(|option| word.starts_with(option))
    };
    if words.iter().any(acts) {
        return false;
    }
    let Some(at) = words.iter().position(|word| !word.starts_with('-')) else {
        return false;
    };
    let own = &words[at + 1..];
    let first = own.first().copied();
    match words[at] {
        "grep" => !own
            .iter()
            .any(|word| holds(word, &['O']) || word.starts_with("--op")),
        "tag" => lists(own, &["-l", "-i", "-n"]),
        "branch" => lists(own, &["-a", "-r", "-v", "-vv", "-i", "--show-current"]),
        "remote" => match first {
            None => true,
            Some("-v" | "--verbose") => own.len() == 1,
            sub => matches!(sub, Some("get-url" | "show")),
        },
        "stash" => matches!(first, Some("list" | "show")),
        "worktree" => first == Some("list"),
        "submodule" => first == Some("status"),
        "config" => {
            matches!(first, Some("get" | "list"))
                || own.iter().any(|word| {
                    matches!(
                        *word,
                        "--get" | "--get-all" | "--get-regexp" | "--list" | "-l"
                    )
                })
        }
        sub => GIT.contains(&sub),
    }
}

/// Whether `git branch` or `git tag` lists what there is: every option is one of a list, and names stand only where
/// they are looked for.
fn lists(own: &[&str], short: &[&str]) -> bool {
    let name = |word: &str| word.split('=').next().unwrap_or(word).to_owned();
    let is_list =
        |word: &str| LISTS.contains(&name(word).as_str()) || word == "-l" && short.contains(&"-l");
    let (options, names): (Vec<&str>, Vec<&str>) =
        own.iter().copied().partition(|word| word.starts_with('-'));
    let known = |word: &&str| {
        is_list(word) || short.contains(word) || LOOK_OF_LIST.contains(&name(word).as_str())
    };
    options.iter().all(known) && (names.is_empty() || options.iter().any(|word| is_list(word)))
}

/// Whether `gh` with these words only looks.
pub(crate) fn gh_looks(rest: &[String]) -> bool {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    // It would open a browser, or show what nobody is to see.
    let acts = |word: &&str| {
        holds(word, &['w']) || word.starts_with("--w") || word.starts_with("--show-t")
    };
    if words.iter().any(acts) {
        return false;
    }
    match words[..] {
        ["search", ..] | ["auth", "status", ..] => true,
        ["api", ..] => {
            let sends = |word: &&str| {
                holds(word, &['X', 'f', 'F'])
                    || ["--m", "--f", "--r", "--in"]
                        .iter()
                        .any(|option| word.starts_with(option))
            };
            !words.iter().any(sends)
                && !words.iter().any(|word| word.trim_matches('/') == "graphql")
        }
        [
            "pr" | "issue" | "run" | "repo" | "release" | "workflow" | "gist" | "label",
            sub,
            ..,
        ] => matches!(sub, "view" | "list" | "status" | "diff" | "checks"),
        _ => false,
    }
}

/// Whether one of these letters stands among the short options of a word, alone or behind others: `-iX`.
fn holds(word: &str, letters: &[char]) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_lists_and_what_makes_have_the_same_subcommand() {
        for (line, expected) in [
            ("status", true),
            ("-C repo log -3", true),
            ("ls-tree -r HEAD", true),
            ("branch -a --contains abc123", true),
            ("branch", true),
            ("branch new", false),
            ("branch -D old", false),
            ("branch -v new", false),
            ("tag --sort=-creatordate", true),
            ("tag -l v1.*", true),
            ("tag v1.2", false),
            ("tag -d v1.2", false),
            ("remote", true),
            ("remote -v", true),
            ("remote -v update", false),
            ("remote get-url origin", true),
            ("remote add x y", false),
            ("config --get user.name", true),
            ("config user.name x", false),
            ("grep -n x", true),
            ("grep -Ovim x", false),
            ("grep -nOvim x", false),
            ("--config-env=core.pager=X log", false),
            ("--git-dir=/x log", false),
            ("stash list", true),
            ("stash", false),
            ("-c core.pager=x log", false),
            ("diff --output=x", false),
            ("push", false),
        ] {
            assert_eq!(git_looks(&words(line)), expected, "{line}");
        }
    }

    #[test]
    fn what_gh_reads_and_what_it_sends() {
        for (line, expected) in [
            ("pr view 12 --json title", true),
            ("pr view 12 --web", false),
            ("pr merge 12", false),
            ("issue list", true),
            ("issue close 4", false),
            ("api repos/a/b/pulls", true),
            ("api repos/a/b/pulls -f title=x", false),
            ("api -XPOST repos/a/b", false),
            ("api -iXDELETE repos/a/b", false),
            ("api -iFtitle=x repos/a/b", false),
            ("pr view 12 -cw", false),
            ("auth status --show-token", false),
            ("api graphql --paginate", false),
            ("search issues x", true),
            ("auth status", true),
            ("auth login", false),
        ] {
            assert_eq!(gh_looks(&words(line)), expected, "{line}");
        }
    }
}
