//! Programs that only start another, and those that read words of theirs as a program.

/// A program that starts another one.
pub(super) struct Starter {
    pub(super) name: &'static str,
    /// The letters of its options that take a value.
    letters: &'static str,
    /// The same by their long names.
    long: &'static [&'static str],
    /// Words before the command.
    pub(super) before: usize,
    /// Whether it is a matter of its own that it is used.
    pub(super) counts: bool,
}

const fn starter(
    name: &'static str,
    letters: &'static str,
    long: &'static [&'static str],
) -> Starter {
    Starter {
        name,
        letters,
        long,
        before: 0,
        counts: false,
    }
}

pub(super) const STARTERS: [Starter; 17] = [
    Starter {
        // With whose rights something runs matters beside what runs.
        counts: true,
        ..starter(
            "sudo",
            "ugphCDRTU",
            &[
                "--user", "--group", "--prompt", "--host", "--chdir", "--chroot",
            ],
        )
    },
    Starter {
        counts: true,
        ..starter("doas", "uC", &[])
    },
    starter("env", "uCS", &["--unset", "--chdir", "--split-string"]),
    Starter {
        before: 1,
        ..starter("timeout", "sk", &["--signal", "--kill-after"])
    },
    Starter {
        before: 1,
        ..starter("gtimeout", "sk", &["--signal", "--kill-after"])
    },
    starter("nohup", "", &[]),
    starter("setsid", "", &[]),
    starter("nice", "n", &["--adjustment"]),
    starter("ionice", "cnpPu", &["--class", "--classdata"]),
    starter("stdbuf", "ioe", &["--input", "--output", "--error"]),
    starter("time", "fo", &["--format", "--output"]),
    starter("command", "", &[]),
    starter("builtin", "", &[]),
    starter("exec", "a", &[]),
    starter("caffeinate", "tw", &[]),
    starter("busybox", "", &[]),
    starter(
        "xargs",
        "InPdLsaEJRS",
        &[
            "--max-args",
            "--max-procs",
            "--delimiter",
            "--arg-file",
            "--max-chars",
        ],
    ),
];

/// Programs beside the starters that read words of theirs as a program, hand them on to a shell, or start what they
/// name; and the words of a shell behind which a command begins.
const READERS: [&str; 103] = [
    "ash",
    "at",
    "awk",
    "bash",
    "batch",
    "bc",
    "bisect",
    "bsdtar",
    "bun",
    "bunx",
    "chroot",
    "cmd",
    "crontab",
    "csh",
    "dash",
    "dc",
    "deno",
    "do",
    "docker",
    "ed",
    "elif",
    "else",
    "emacs",
    "eval",
    "ex",
    "expect",
    "fd",
    "find",
    "fish",
    "flock",
    "for",
    "foreach",
    "gawk",
    "gdb",
    "gmake",
    "if",
    "irb",
    "ksh",
    "kubectl",
    "ltrace",
    "lua",
    "m4",
    "make",
    "mariadb",
    "mawk",
    "mongosh",
    "mysql",
    "nawk",
    "nerdctl",
    "ninja",
    "node",
    "nodejs",
    "npm",
    "npx",
    "nsenter",
    "nvim",
    "osascript",
    "parallel",
    "perl",
    "php",
    "pipx",
    "pnpm",
    "podman",
    "powershell",
    "psql",
    "pwsh",
    "python",
    "python2",
    "python3",
    "redis-cli",
    "rsync",
    "ruby",
    "run",
    "scp",
    "screen",
    "script",
    "sed",
    "sftp",
    "sh",
    "source",
    "sqlite3",
    "ssh",
    "strace",
    "su",
    "systemd-run",
    "tar",
    "tclsh",
    "tcsh",
    "then",
    "tmux",
    "trap",
    "unbuffer",
    "unshare",
    "until",
    "uvx",
    "vi",
    "view",
    "vim",
    "watch",
    "while",
    "yarn",
    "zip",
    "zsh",
];

/// Whether a program may take any word of its line for a program: those that only start another, and those that read
/// one.
pub(crate) fn hands_on(name: &str) -> bool {
    READERS.contains(&name) || STARTERS.iter().any(|starter| starter.name == name)
}

/// How many words are the options of a program that starts another.
pub(super) fn options(words: &[String], starter: &Starter) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            return at + 1;
        }
        let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            break;
        };
        let takes = if word.starts_with("--") {
            starter.long.contains(&word.as_str())
        } else {
            // The value stands behind the first letter that takes one, or is the next word.
            letters.find(|c| starter.letters.contains(c)) == Some(letters.len() - 1)
        };
        at += 1 + usize::from(takes);
    }
    at.min(words.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_stands_in_one_list() {
        for starter in STARTERS {
            assert!(!READERS.contains(&starter.name), "{}", starter.name);
            assert!(hands_on(starter.name));
        }
        assert!(READERS.is_sorted() && hands_on("python3") && !hands_on("rm"));
    }
}
