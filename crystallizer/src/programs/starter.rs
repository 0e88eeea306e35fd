//! Programs that only start another.

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
