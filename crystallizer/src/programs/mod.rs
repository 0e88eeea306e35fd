//! The programs that a line for a shell starts, each by its name: behind variables and words of the shell's own
//! grammar, inside of substitutions and blocks, and behind programs that only start another.

mod aside;
mod builtin;
mod command;
mod piece;
mod reader;
mod starter;

use aside::as_written;
use builtin::BUILTINS;
use reader::read;
pub(crate) use starter::hands_on;

/// So deep a line is followed into itself.
const DEEPEST: usize = 40;

/// The programs of a line, in order. What a shell does by itself is none, unless it writes into a file.
pub(crate) fn of(line: &str) -> Vec<String> {
    let found = read(line, 0).into_iter();
    found
        .filter(|started| started.writes || !BUILTINS.contains(&started.name.as_str()))
        .map(|started| as_written(&started.name))
        .collect()
}

/// The programs of a line and what the shell does by itself, in order.
pub(crate) fn with_builtins(line: &str) -> Vec<String> {
    let found = read(line, 0).into_iter();
    found.map(|started| as_written(&started.name)).collect()
}

/// A command that is started.
struct Started {
    name: String,
    /// Whether what it says goes into a file.
    writes: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_is_named_however_it_is_started() {
        for (line, expected) in [
            ("TOKEN=1 curl https://x", "curl"),
            ("A=1 B='2 3' C+=4 make all", "make"),
            ("ls | xargs rm -f", "ls rm"),
            ("ls | xargs -0 -n 1 -I {} sh -c 'mv {} {}.old'", "ls mv"),
            ("ls | xargs", "ls"),
            ("timeout -k 5 30 nc -l 80", "nc"),
            ("sudo -u root systemctl restart x", "sudo systemctl"),
            ("sudo -- env A=1 nice -n 5 dd if=a of=b", "sudo dd"),
            ("env -i PATH=/bin perl x.pl", "perl"),
            ("env -S 'python3 -u' a.py", "python3"),
            ("env", "env"),
            ("nohup ./serve.sh &", "./serve.sh"),
            ("time -p cargo test", "cargo"),
            ("bash -c \"cd x && perl -e 1 | tee y\"", "perl tee"),
            ("bash -eo pipefail -c 'rm x'", "rm"),
            ("bash run.sh -c x", "bash"),
            ("curl x | sh", "curl sh"),
            ("sh -c '$CMD a'", "$CMD"),
            ("eval \"rm $x\"", "rm"),
            ("trap 'kill $pid' EXIT", "kill"),
            (
                "find . -name '*.o' -exec rm {} \\; -exec chmod 1 {} +",
                "find rm chmod",
            ),
            ("fd -e o -x rm", "fd rm"),
            (
                "if [ -f a ]; then cat a; elif test -d b; then ls b; else git status; fi",
                "cat ls git",
            ),
            (
                "for f in $(ls *.c) b; do gcc $f; done | sort",
                "ls gcc sort",
            ),
            ("for ((i=0; i<3; i++)); do sleep 1; done", "sleep"),
            ("while read x; do echo $x; done < names", ""),
            ("until curl -s x; do sleep 1; done", "curl sleep"),
            ("! grep -q a b && { make; }", "grep make"),
            (
                "case $1 in a|b) rm x;; (c) make;; *) echo no;; esac; ls",
                "rm make ls",
            ),
            ("[[ a == b && -f c || (d < e) ]] && rm f", "rm"),
            ("f() { rm x; }; function g { make; }; f", "rm make f"),
            ("echo \"a; rm b (c) & d\" | jq '.a, 456, (.b)'", "jq"),
            (
                "echo $(date) `uuidgen | tr a b` \"$(who -b)\"",
                "date uuidgen tr who",
            ),
            ("echo '$(rm x) `rm y`' # rm z", ""),
            (
                "x=$(curl a) y=${z:-$(hostname)}; a=(rm $(ls))",
                "curl hostname ls",
            ),
            (
                "n=$((1 << k)); m=$(( $(nproc) * 2 )); ((n++)); rm x",
                "nproc rm",
            ),
            ("echo 'a << b'\nrm x", "rm"),
            ("diff <(sort a) <(sort b) > c 2>&1", "diff sort sort"),
            ("make 2>/dev/null >&2 &>log || cat <log", "make cat"),
            ("echo a > b; printf x 2>/dev/null; : >> c", "echo :"),
            ("cd /a; export B=1; set -e; test -f x; [ 1 = 1 ]; true", ""),
            ("(cd web && npm test) & wait", "npm"),
            ("command -v git && command git status", "git"),
            ("$(which python3) a.py", "$(which python3) which"),
            (
                "cat <<'EOF' > a\n$(rm x)\nEOF\ncat <<-EOF\n\t$(ls)\n\tEOF\nmake",
                "cat cat ls make",
            ),
            ("a \\\n  b; c", "a c"),
            ("", ""),
            ("echo 'open", ""),
            ("echo $(open", "open"),
        ] {
            assert_eq!(of(line).join(" "), expected, "{line}");
        }
        assert_eq!(with_builtins("cd a && ls"), ["cd", "ls"]);
    }

    #[test]
    fn a_line_that_is_nested_deep_comes_to_an_end() {
        for one in [
            "(",
            "$(",
            "`",
            "\"$(",
            "bash -c '",
            "sudo ",
            "${",
            "((",
            "<(",
            "eval $(",
            "find -exec ",
            "a=(",
            "cat <<x\n$(",
        ] {
            of(&one.repeat(3_000));
        }
    }

    #[test]
    fn texts_of_here_documents_name_no_programs() {
        let script = "git add . && git commit -m \"$(cat <<'EOF'\nFix: rm what is old\n\nimport nothing\nEOF\n)\"\nls <<<word";
        assert_eq!(of(script), ["git", "git", "cat", "ls"]);
        assert_eq!(of("cat > a.py <<PY\nrm('b')\nPY\nls"), ["cat", "ls"]);
    }
}
