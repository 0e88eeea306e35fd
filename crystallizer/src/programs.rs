//! The programs that a line for a shell starts, each by its name: behind variables and words of the shell's own
//! grammar, inside of substitutions and blocks, and behind programs that only start another.

/// So deep a line is followed into itself.
const DEEPEST: usize = 40;

/// Words of the grammar that stand before a command.
const GRAMMAR: [&str; 13] = [
    "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "esac",
];

/// What a shell does by itself, and that has no effect outside of it.
const BUILTINS: [&str; 53] = [
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "complete",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "exec",
    "exit",
    "export",
    "false",
    "fg",
    "getopts",
    "hash",
    "history",
    "jobs",
    "let",
    "local",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "test",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// A program that starts another one.
struct Starter {
    name: &'static str,
    /// The letters of its options that take a value.
    letters: &'static str,
    /// The same by their long names.
    long: &'static [&'static str],
    /// Words before the command.
    before: usize,
    /// Whether it is a matter of its own that it is used.
    counts: bool,
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

const STARTERS: [Starter; 17] = [
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

fn read(line: &str, depth: usize) -> Vec<Started> {
    let mut reader = Reader {
        chars: line.chars().collect(),
        at: 0,
        depth,
        documents: Vec::new(),
    };
    reader.block(None, false)
}

/// A here-document whose text is still to come.
struct Document {
    end: String,
    /// Whether nothing in its text is put in.
    plain: bool,
    tabs: bool,
}

/// One command as it is read.
#[derive(Default)]
struct Piece {
    words: Vec<String>,
    /// What is started inside of its words.
    inner: Vec<Started>,
    writes: bool,
    /// The next word is where a redirection goes: whether it writes.
    redirects: Option<bool>,
    /// Its words are no command: what a loop goes over.
    data: bool,
    /// The next word is the name of a function.
    names: bool,
}

impl Piece {
    fn is_test(&self) -> bool {
        self.words.first().is_some_and(|word| word == "[[")
            && self.words.last().is_none_or(|word| word != "]]")
    }

    fn take(&mut self, word: Option<String>) {
        let Some(word) = word else { return };
        if let Some(writes) = self.redirects.take() {
            let nowhere = word == "/dev/null" || word == "-" || is_number(&word);
            self.writes |= writes && !nowhere;
            return;
        }
        if std::mem::take(&mut self.names) || self.data {
            return;
        }
        if self.words.is_empty() {
            match word.as_str() {
                "for" | "select" => self.data = true,
                "function" => self.names = true,
                word if GRAMMAR.contains(&word) || is_assignment(word) => {}
                _ => self.words.push(word),
            }
            return;
        }
        self.words.push(word);
    }

    /// Whether it is the head of a `case`.
    fn is_case(&self) -> bool {
        self.words.len() == 3 && self.words[0] == "case" && self.words[2] == "in"
    }

    /// What it starts. It is empty afterwards.
    fn end(&mut self, depth: usize) -> Vec<Started> {
        let piece = std::mem::take(self);
        let mut found = Vec::new();
        started(&piece.words, piece.writes, depth, &mut found);
        found.extend(piece.inner);
        found
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    documents: Vec<Document>,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Reads up to an end. In a list of data only what stands inside of words is started.
    fn block(&mut self, end: Option<char>, data: bool) -> Vec<Started> {
        self.depth += 1;
        let mut found = Vec::new();
        let mut piece = Piece {
            data,
            ..Piece::default()
        };
        let mut word: Option<String> = None;
        let mut cases = 0_usize;
        let mut pattern = false;
        loop {
            if std::mem::take(&mut pattern) && self.pattern() {
                cases = cases.saturating_sub(1);
            }
            let Some(c) = self.next() else { break };
            let mut ends = false;
            match c {
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(next) => word.get_or_insert_default().push(next),
                },
                '\'' => {
                    let word = word.get_or_insert_default();
                    while let Some(c) = self.next().filter(|c| *c != '\'') {
                        word.push(c);
                    }
                }
                '"' => {
                    let word = word.get_or_insert_default();
                    self.quoted(word, Some('"'), &mut piece.inner);
                }
                '$' | '`' => {
                    let word = word.get_or_insert_default();
                    self.substituted(c, word, &mut piece.inner);
                }
                '&' | '|' | ';' | '(' | ')' | '<' | '>' if piece.is_test() => {
                    word.get_or_insert_default().push(c);
                }
                '<' | '>' if self.peek() == Some('(') && self.depth < DEEPEST => {
                    self.at += 1;
                    let inner = self.block(Some(')'), false);
                    piece.inner.extend(inner);
                    word.get_or_insert_default().push(c);
                }
                '<' | '>' => {
                    if word.as_deref().is_some_and(is_number) {
                        word = None;
                    }
                    piece.take(word.take());
                    if c == '<' && self.eat('<') && !self.eat('<') {
                        self.document();
                    } else {
                        while self
                            .peek()
                            .is_some_and(|c| matches!(c, '<' | '>' | '&' | '|'))
                        {
                            self.at += 1;
                        }
                        piece.redirects = Some(c == '>');
                    }
                }
                '&' if self.peek() == Some('>') => {
                    piece.take(word.take());
                    while self.eat('>') {}
                    piece.redirects = Some(true);
                }
                '#' if word.is_none() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '(' if word.is_some() && self.peek() == Some(')') && piece.words.is_empty() => {
                    // The name of a function.
                    self.at += 1;
                    word = None;
                    piece = Piece::default();
                }
                '(' if self.depth < DEEPEST
                    && word.as_deref().is_some_and(|word| word.ends_with('=')) =>
                {
                    let inner = self.block(Some(')'), true);
                    piece.inner.extend(inner);
                }
                '(' if word.is_none() && self.peek() == Some('(') => {
                    self.at += 1;
                    self.arithmetic(&mut piece.inner);
                }
                '(' if self.depth < DEEPEST => {
                    piece.take(word.take());
                    found.extend(piece.end(self.depth));
                    found.extend(self.block(Some(')'), false));
                }
                ')' if end == Some(')') => break,
                ';' if self.peek() == Some(';') => {
                    while self.eat(';') || self.eat('&') {}
                    pattern = cases > 0;
                    ends = true;
                }
                '&' | '|' | ';' | '(' | ')' | '\n' => ends = true,
                c if c.is_whitespace() => piece.take(word.take()),
                c => word.get_or_insert_default().push(c),
            }
            if ends {
                piece.take(word.take());
            }
            if word.is_none() && piece.is_case() {
                piece.words.clear();
                cases += 1;
                pattern = true;
            }
            if ends {
                found.extend(piece.end(self.depth));
                piece.data = data;
                if c == '\n' {
                    found.extend(self.texts());
                }
            }
        }
        piece.take(word.take());
        found.extend(piece.end(self.depth));
        self.depth -= 1;
        found
    }

    /// Passes over the pattern of a case. Says whether the case ended instead.
    fn pattern(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let ahead: String = self.chars.iter().skip(self.at).take(4).collect();
        if ahead == "esac" {
            self.at += 4;
            return true;
        }
        self.eat('(');
        while self.next().is_some_and(|c| c != ')') {}
        false
    }

    /// What stands in a text where only substitutions are followed.
    fn quoted(&mut self, word: &mut String, end: Option<char>, inner: &mut Vec<Started>) {
        while let Some(c) = self.next() {
            match c {
                c if Some(c) == end => return,
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(next) => {
                        if !matches!(next, '"' | '\\' | '$' | '`') {
                            word.push('\\');
                        }
                        word.push(next);
                    }
                },
                '$' if self.peek() == Some('\'') => word.push(c),
                '$' | '`' => self.substituted(c, word, inner),
                c => word.push(c),
            }
        }
    }

    /// What a `$` or a backtick begins.
    fn substituted(&mut self, c: char, word: &mut String, inner: &mut Vec<Started>) {
        if self.depth >= DEEPEST {
            word.push(aside(c));
            return;
        }
        let start = self.at - 1;
        self.depth += 1;
        if c == '`' {
            let mut text = String::new();
            while let Some(c) = self.next().filter(|c| *c != '`') {
                match c {
                    '\\' => text.extend(self.next()),
                    c => text.push(c),
                }
            }
            inner.extend(read(&text, self.depth));
        } else if self.eat('(') {
            if self.eat('(') {
                self.arithmetic(inner);
            } else {
                inner.extend(self.block(Some(')'), false));
            }
        } else if self.eat('{') {
            self.quoted(&mut String::new(), Some('}'), inner);
        } else if self.eat('\'') {
            while let Some(c) = self.next().filter(|c| *c != '\'') {
                word.push(c);
                if c == '\\' {
                    word.extend(self.next());
                }
            }
            self.depth -= 1;
            return;
        } else {
            // A variable: what a line is made of with it is read by who runs the line.
            word.push(c);
            self.depth -= 1;
            return;
        }
        self.depth -= 1;
        // It stays in the word, so that it can be the name of a program, and is not read a second time.
        let written = self.chars.iter().take(self.at).skip(start);
        word.extend(written.map(|c| aside(*c)));
    }

    /// Passes over `((…))`, whose opening was read.
    fn arithmetic(&mut self, inner: &mut Vec<Started>) {
        let mut open = 2_usize;
        while open > 0 {
            match self.next() {
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some(c @ ('$' | '`')) => self.substituted(c, &mut String::new(), inner),
                Some(_) => {}
                None => return,
            }
        }
    }

    /// The mark of a here-document, behind its `<<`.
    fn document(&mut self) {
        let tabs = self.eat('-');
        while self.eat(' ') || self.eat('\t') {}
        let (mut end, mut plain) = (String::new(), false);
        let mut quote = None;
        while let Some(c) = self.peek() {
            match (quote, c) {
                (Some(mark), c) if c == mark => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(c);
                    plain = true;
                }
                (None, '\\') => plain = true,
                (None, c) if c.is_whitespace() || ";|&<>()".contains(c) => break,
                (_, c) => end.push(c),
            }
            self.at += 1;
        }
        self.documents.push(Document { end, plain, tabs });
    }

    /// Passes over the texts of here-documents: they are given to programs, and name none but in substitutions.
    fn texts(&mut self) -> Vec<Started> {
        let mut found = Vec::new();
        for document in std::mem::take(&mut self.documents) {
            let mut text = String::new();
            while self.at < self.chars.len() {
                let mut line = String::new();
                while let Some(c) = self.next().filter(|c| *c != '\n') {
                    line.push(c);
                }
                let shown = match document.tabs {
                    true => line.trim_start_matches('\t'),
                    false => line.as_str(),
                };
                if shown == document.end {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            if !document.plain {
                let mut reader = Reader {
                    chars: text.chars().collect(),
                    at: 0,
                    depth: self.depth,
                    documents: Vec::new(),
                };
                reader.quoted(&mut String::new(), None, &mut found);
            }
        }
        found
    }
}

/// What a command starts: itself, or what it starts in turn.
fn started(words: &[String], writes: bool, depth: usize, found: &mut Vec<Started>) {
    let Some((first, rest)) = words.split_first() else {
        return;
    };
    let mut add = |name: &str| {
        found.push(Started {
            name: name.to_owned(),
            writes,
        });
    };
    if first == "case" {
        return;
    }
    if depth >= DEEPEST {
        return add(first);
    }
    let own = first.rsplit('/').next().unwrap_or(first);
    if let Some(starter) = STARTERS.iter().find(|starter| starter.name == own) {
        let options = options(rest, starter);
        let split = rest.iter().take(options).position(|word| {
            own == "env"
                && (word.starts_with("--split-string")
                    || word.starts_with('-') && !word.starts_with("--") && word.contains('S'))
        });
        if let Some(at) = split {
            let word = rest[at].split_once(['S', '=']).map_or("", |(_, rest)| rest);
            let line = [word, rest.get(at + 1).map_or("", String::as_str)].join(" ");
            return found.extend(read(&line, depth + 1));
        }
        let inner = rest.get(options + starter.before..).unwrap_or_default();
        let skip = inner.iter().take_while(|word| is_assignment(word)).count();
        let inner = inner.get(skip..).unwrap_or_default();
        let asks = own == "command" && rest.first().is_some_and(|w| w == "-v" || w == "-V");
        // `xargs` without a command only says what it was given.
        if starter.counts || inner.is_empty() && own != "xargs" || asks {
            add(first);
        }
        if !asks {
            started(inner, writes, depth + 1, found);
        }
        return;
    }
    match own {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "fish" | "ash" => {
            let at = rest.iter().position(|word| {
                word.starts_with('-') && !word.starts_with("--") && word.contains('c')
            });
            // A file that is run may itself be given such an option.
            let before = rest.iter().take_while(|word| {
                word.starts_with(['-', '+']) || matches!(word.as_str(), "pipefail" | "errexit")
            });
            let before = before.count();
            let script = at.filter(|at| *at < before).and_then(|at| {
                let more = rest.get(at + 1..)?;
                more.iter()
                    .find(|word| !word.starts_with(['-', '+']) && *word != "pipefail")
            });
            match script {
                Some(script) => {
                    let inner = read(script, depth + 1);
                    if inner.is_empty() {
                        add(first);
                    }
                    found.extend(inner);
                }
                None => add(first),
            }
        }
        "eval" => found.extend(read(&rest.join(" "), depth + 1)),
        "trap" => {
            add(first);
            if let Some(script) = rest.first().filter(|word| !word.starts_with('-')) {
                found.extend(read(script, depth + 1));
            }
        }
        "find" | "fd" | "fdfind" => {
            add(first);
            let mut rest = rest.iter();
            while let Some(word) = rest.next() {
                let runs = match own {
                    "find" => ["-exec", "-execdir", "-ok", "-okdir"].contains(&word.as_str()),
                    _ => ["-x", "-X", "--exec", "--exec-batch"].contains(&word.as_str()),
                };
                if runs {
                    let inner = rest
                        .by_ref()
                        .take_while(|word| *word != ";" && *word != "+");
                    let inner: Vec<String> = inner.cloned().collect();
                    started(&inner, writes, depth + 1, found);
                }
            }
        }
        _ => add(first),
    }
}

/// How many words are the options of a program that starts another.
fn options(words: &[String], starter: &Starter) -> usize {
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

/// Where the characters are that stand for others and are read as none.
const ASIDE: u32 = 0xF_0000;

/// A character as one that has no meaning in a line.
fn aside(c: char) -> char {
    match c.is_ascii() {
        true => char::from_u32(ASIDE + u32::from(c)).unwrap_or(c),
        false => c,
    }
}

/// The name of a program as it was written.
fn as_written(name: &str) -> String {
    let back = |c: char| match u32::from(c).checked_sub(ASIDE) {
        Some(code @ 0..128) => char::from_u32(code).unwrap_or(c),
        _ => c,
    };
    name.chars().map(back).collect()
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a word gives a variable its value: `A=1`, `A+=1`, `A[1]=x`.
fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else {
        return false;
    };
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = match name.split_once('[') {
        Some((name, index)) if index.ends_with(']') => name,
        Some(_) => return false,
        None => name,
    };
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
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
