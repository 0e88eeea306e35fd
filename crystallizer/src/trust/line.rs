//! Lines that are run, and what in them leads out of the folder that is worked in.

use crate::kept::Kept;
use crate::session::ToolCall;

/// Whether a call only names what there is: folders, and what is in them.
pub(crate) fn lists(call: &ToolCall, kept: Option<&Kept<'_>>) -> bool {
    if let Some(shell) = kept.and_then(|kept| kept.target.shell.as_deref()) {
        let programs = crate::programs::with_builtins(&shell.line());
        return !programs.is_empty()
            && programs
                .iter()
                .all(|program| matches!(program.as_str(), "ls" | "find" | "tree" | "pwd" | "cd"));
    }
    let words = crate::words::split(&crate::name::of_call(&call.name, None));
    let lists = |word: &String| matches!(word.as_str(), "list" | "ls" | "glob" | "find" | "tree");
    let files = |word: &String| {
        matches!(
            word.as_str(),
            "files" | "file" | "directory" | "folder" | "dir" | "glob" | "ls" | "tree"
        )
    };
    words.iter().any(lists) && words.iter().any(files)
}

/// Whether what stands in a file of this path is run, or lets somebody in, without anybody starting it: files of a shell
/// and of logins in somebody's home, hooks, and files of the system.
pub(super) fn starts_by_itself(path: &str) -> bool {
    const LETS_IN: [&str; 8] = [
        ".ssh",
        ".gnupg",
        ".aws",
        ".kube",
        "autostart",
        "systemd",
        "LaunchAgents",
        "LaunchDaemons",
    ];
    const SYSTEM: [&str; 7] = ["etc", "usr", "bin", "sbin", "boot", "lib", "Library"];
    let path = path.replace('\\', "/");
    let parts: Vec<&str> = path.split('/').collect();
    let in_home = match parts.as_slice() {
        ["~" | "$HOME", rest @ ..] | ["", "root", rest @ ..] => rest,
        ["", "home" | "Users", _, rest @ ..] => rest,
        _ => &[],
    };
    let system = |place: &&str| path.starts_with('/') && SYSTEM.contains(place);
    matches!(in_home, [file] if file.starts_with('.') && file.len() > 2)
        || parts.iter().any(|part| LETS_IN.contains(part))
        || parts.windows(2).any(|pair| pair == [".git", "hooks"])
        || parts.get(1).is_some_and(system)
}

/// Whether a value is a line that is run, and not the name of one: more than one word, or signs among them.
pub(super) fn is_line(text: &str) -> bool {
    let text = text.trim();
    text.contains(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'))
}

/// The words of a line for a shell that lead out of the working folder.
pub(crate) fn leading<'l>(line: &'l str, folder: Option<&str>) -> impl Iterator<Item = &'l str> {
    line.split(crate::leaf::parts_words)
        .filter(move |word| leads_out(word, folder))
}

/// Whether a word of a line leads out of the working folder: an address, or a path elsewhere.
pub(super) fn leads_out(word: &str, folder: Option<&str>) -> bool {
    if word.contains("://") || word.contains('@') && word.contains('.') {
        return true;
    }
    if word.starts_with("~/") {
        return true;
    }
    if word.starts_with('/') {
        return word.len() > 2
            && !word.starts_with("/dev/")
            && !word.starts_with("/tmp")
            && folder.is_none_or(|folder| !word.starts_with(folder));
    }
    // A name of a host, such as `evil.example:8080`: what ends like a file is none.
    let host = word.split([':', '/']).next().unwrap_or_default();
    let mut labels = host.rsplit('.');
    let last = labels.next().unwrap_or_default();
    const ZONES: [&str; 18] = [
        "com", "net", "org", "io", "dev", "app", "example", "info", "biz", "co", "ai", "xyz",
        "site", "online", "ru", "cn", "top", "de",
    ];
    labels.next().is_some_and(|label| !label.is_empty())
        && (ZONES.contains(&last) || host.parse::<std::net::Ipv4Addr>().is_ok())
}
