//! Passwords that stand bare in a line for a shell: behind an option of a program that is known to take one there,
//! behind an option or a variable whose name says so, or at the place where a program expects one.

use super::header;
use super::key::{self, Sort};
use super::piped::{self, READERS};
use super::scan::scan;
use super::trigrams::Trigrams;

/// A password in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bare {
    pub(super) value: String,
    /// The name that it would have.
    pub(super) name: &'static str,
    /// What stands right before it, by which it is found again.
    pub(super) lead: String,
}

/// Where the value of an option stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the same word: `-psecret`.
    Same,
    /// In the next word: `-a secret`.
    Next,
    /// In either.
    Either,
}

/// An option of programs.
struct Known {
    programs: &'static [&'static str],
    /// A word that has to be among the arguments.
    with: Option<&'static str>,
    option: &'static str,
    at: At,
    /// What parts a user from the password: `:` in `user:password`.
    behind: Option<char>,
    name: &'static str,
}

const fn known(
    programs: &'static [&'static str],
    with: Option<&'static str>,
    option: &'static str,
    at: At,
    behind: Option<char>,
    name: &'static str,
) -> Known {
    Known {
        programs,
        with,
        option,
        at,
        behind,
        name,
    }
}

const MYSQL: &[&str] = &[
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mysqlimport",
    "mysqlsh",
    "mariadb",
    "mariadb-dump",
    "mariadb-admin",
];
const MONGO: &[&str] = &[
    "mongosh",
    "mongo",
    "mongodump",
    "mongorestore",
    "mongoexport",
    "mongoimport",
];
const LOGIN: &[&str] = &[
    "docker", "podman", "nerdctl", "helm", "oras", "skopeo", "buildah", "az", "oc", "argocd",
    "vault",
];

const KNOWN: [Known; 27] = [
    known(MYSQL, None, "-p", At::Same, None, "MYSQL_PASSWORD"),
    known(
        LOGIN,
        Some("login"),
        "-p",
        At::Either,
        None,
        "REGISTRY_PASSWORD",
    ),
    known(
        &["curl"],
        None,
        "-u",
        At::Either,
        Some(':'),
        "HTTP_PASSWORD",
    ),
    known(
        &["curl"],
        None,
        "--user",
        At::Either,
        Some(':'),
        "HTTP_PASSWORD",
    ),
    known(
        &["curl"],
        None,
        "-U",
        At::Either,
        Some(':'),
        "PROXY_PASSWORD",
    ),
    known(
        &["curl"],
        None,
        "--proxy-user",
        At::Either,
        Some(':'),
        "PROXY_PASSWORD",
    ),
    known(
        &["http", "https", "xh"],
        None,
        "-a",
        At::Either,
        Some(':'),
        "HTTP_PASSWORD",
    ),
    known(&["sshpass"], None, "-p", At::Either, None, "SSH_PASSWORD"),
    known(
        &["redis-cli", "valkey-cli"],
        None,
        "-a",
        At::Either,
        None,
        "REDIS_PASSWORD",
    ),
    known(
        &["redis-cli", "valkey-cli"],
        None,
        "--pass",
        At::Either,
        None,
        "REDIS_PASSWORD",
    ),
    known(MONGO, None, "-p", At::Either, None, "MONGODB_PASSWORD"),
    known(
        &[
            "ldapsearch",
            "ldapadd",
            "ldapmodify",
            "ldapdelete",
            "ldappasswd",
        ],
        None,
        "-w",
        At::Either,
        None,
        "LDAP_PASSWORD",
    ),
    known(
        &["smbclient"],
        None,
        "-U",
        At::Either,
        Some('%'),
        "SMB_PASSWORD",
    ),
    known(&["lftp"], None, "-u", At::Either, Some(','), "FTP_PASSWORD"),
    known(
        &["sqlcmd", "bcp"],
        None,
        "-P",
        At::Either,
        None,
        "SQLSERVER_PASSWORD",
    ),
    known(
        &["zip", "unzip"],
        None,
        "-P",
        At::Either,
        None,
        "ARCHIVE_PASSWORD",
    ),
    known(
        &["7z", "7za", "7zr", "rar", "unrar"],
        None,
        "-p",
        At::Same,
        None,
        "ARCHIVE_PASSWORD",
    ),
    known(
        &["openssl"],
        None,
        "-passin",
        At::Next,
        Some(':'),
        "KEY_PASSWORD",
    ),
    known(
        &["openssl"],
        None,
        "-passout",
        At::Next,
        Some(':'),
        "KEY_PASSWORD",
    ),
    known(
        &["openssl"],
        None,
        "-pass",
        At::Next,
        Some(':'),
        "KEY_PASSWORD",
    ),
    known(
        &["keytool", "jarsigner"],
        None,
        "-storepass",
        At::Next,
        None,
        "KEYSTORE_PASSWORD",
    ),
    known(
        &["keytool", "jarsigner"],
        None,
        "-keypass",
        At::Next,
        None,
        "KEYSTORE_PASSWORD",
    ),
    known(
        &["openssl"],
        Some("enc"),
        "-k",
        At::Next,
        None,
        "KEY_PASSWORD",
    ),
    known(
        &["gh"],
        Some("secret"),
        "--body",
        At::Either,
        None,
        "GITHUB_SECRET",
    ),
    known(
        &["gh"],
        Some("secret"),
        "-b",
        At::Next,
        None,
        "GITHUB_SECRET",
    ),
    known(
        &["cqlsh"],
        None,
        "-p",
        At::Either,
        None,
        "CASSANDRA_PASSWORD",
    ),
    known(
        &["clickhouse-client", "snowsql", "xfreerdp"],
        None,
        "--password",
        At::Either,
        None,
        "DATABASE_PASSWORD",
    ),
];

/// Programs that take a password at a place: how many words without a dash stand before it.
const PLACES: [(&str, &str, usize, &str); 4] = [
    // `htpasswd -b file user password`
    ("htpasswd", "-b", 2, "HTPASSWD_PASSWORD"),
    ("rabbitmqctl", "add_user", 2, "RABBITMQ_PASSWORD"),
    ("rabbitmqctl", "change_password", 2, "RABBITMQ_PASSWORD"),
    ("rabbitmqctl", "authenticate_user", 2, "RABBITMQ_PASSWORD"),
];

/// The programs by what they begin and end with.
static PROGRAMS: Trigrams = {
    let mut all = Trigrams::NONE;
    let mut at = 0;
    while at < KNOWN.len() {
        let mut each = 0;
        while each < KNOWN[at].programs.len() {
            all = all.with(ends(KNOWN[at].programs[each].as_bytes()));
            each += 1;
        }
        at += 1;
    }
    let mut at = 0;
    while at < PLACES.len() {
        all = all.with(ends(PLACES[at].0.as_bytes()));
        at += 1;
    }
    let mut at = 0;
    while at < READERS.len() {
        all = all.with(ends(READERS[at].as_bytes()));
        at += 1;
    }
    all
};

/// The first two letters of a name and the last one.
const fn ends(name: &[u8]) -> [u8; 3] {
    [name[0], name[1], name[name.len() - 1]]
}

/// Whether a word is the name of a program that is known to take passwords. Each word of a recording is asked about,
/// and most are ruled out by what they begin and end with.
#[inline]
pub(super) fn is_program(word: &[u8]) -> bool {
    word.len() >= 2 && PROGRAMS.contain(ends(word)) && {
        let known = KNOWN.iter().flat_map(|known| known.programs).copied();
        known
            .chain(PLACES.iter().map(|(program, ..)| *program))
            .chain(READERS)
            .any(|program| program.as_bytes() == word)
    }
}

/// The passwords in a text that names such a program, and is no line for a shell.
pub(super) fn named(text: &str) -> Vec<Bare> {
    of_text(text, false)
}

/// The passwords in a text; `is_line` says that it is one for a shell, and not only mentions some.
pub(super) fn bare(text: &str, is_line: bool) -> Vec<Bare> {
    match is_line && text.contains(['-', '=']) || scan(text).programs {
        true => of_text(text, is_line),
        false => Vec::new(),
    }
}

fn of_text(text: &str, is_line: bool) -> Vec<Bare> {
    let mut found = Vec::new();
    let all = commands(text);
    for command in &all {
        of_command(&command.words, is_line, &mut found);
    }
    piped::piped(&all, |value, name, lead| add(value, name, lead, &mut found));
    found
}

/// The same for a list of words.
pub(super) fn bare_words(words: &[&str]) -> Vec<Bare> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut found = Vec::new();
    of_command(&words, true, &mut found);
    // `["sh", "-c", "…"]`
    for word in &words {
        if word.contains(char::is_whitespace) {
            found.extend(bare(word, true));
        }
    }
    found
}

fn of_command(words: &[String], is_line: bool, found: &mut Vec<Bare>) {
    for (at, word) in words.iter().enumerate() {
        let program = word.rsplit('/').next().unwrap_or_default();
        let rest = words.get(at + 1..).unwrap_or_default();
        for known in KNOWN
            .iter()
            .filter(|known| known.programs.contains(&program))
        {
            of_option(known, rest, found);
        }
        for (name, with, before, base) in PLACES {
            if name == program {
                at_place(rest, with, before, base, found);
            }
        }
        if matches!(program, "curl" | "wget" | "http" | "https" | "xh") {
            of_cookies(rest, found);
        }
        if is_line {
            by_name(word, rest, found);
        }
    }
    if is_line {
        piped::set(words, |one| found.push(one.clone()));
    }
}

fn of_option(known: &Known, rest: &[String], found: &mut Vec<Bare>) {
    if known
        .with
        .is_some_and(|with| !rest.iter().any(|word| word == with))
    {
        return;
    }
    for (at, word) in rest.iter().enumerate() {
        let (value, lead) = if let Some(inside) = word.strip_prefix(known.option)
            && !inside.is_empty()
            && known.at != At::Next
            && (!known.option.starts_with("--") || inside.starts_with('='))
        {
            (inside.trim_start_matches('='), known.option.to_owned())
        } else if word == known.option
            && known.at != At::Same
            && let Some(next) = rest.get(at + 1)
        {
            (next.as_str(), known.option.to_owned())
        } else {
            continue;
        };
        let (value, lead) = match known.behind {
            None => (value, lead),
            Some(mark) => match value.split_once(mark) {
                Some((user, password)) => (password, format!("{user}{mark}")),
                None => continue,
            },
        };
        add(value, known.name, lead, found);
    }
}

/// `curl -b 'sid=…; theme=dark'`: a word without `=` names a file.
fn of_cookies(rest: &[String], found: &mut Vec<Bare>) {
    for (at, word) in rest.iter().enumerate() {
        let given = match word.strip_prefix("--cookie=") {
            Some(given) => Some(given),
            None if word == "-b" || word == "--cookie" => rest.get(at + 1).map(String::as_str),
            None => word
                .strip_prefix("-b")
                .filter(|given| !word.starts_with("--") && given.contains('=')),
        };
        for (name, value) in header::cookies(given.unwrap_or_default()) {
            add(value, "COOKIE", format!("{name}="), found);
        }
    }
}

fn at_place(rest: &[String], with: &str, before: usize, name: &'static str, found: &mut Vec<Bare>) {
    let given = |word: &String| {
        word == with
            || word.starts_with('-')
                && !word.starts_with("--")
                && with.starts_with('-')
                && word.contains(&with[1..])
    };
    if !rest.iter().any(given) {
        return;
    }
    let plain: Vec<&String> = rest
        .iter()
        .filter(|word| !word.starts_with('-') && *word != with)
        .collect();
    // `rabbitmqctl add_user name password` has one word before it.
    let at = if with.starts_with('-') {
        // Of `htpasswd -nb user password` no file stands there.
        let is_shown = |word: &String| given(word) && word.contains('n');
        before - usize::from(rest.iter().any(is_shown))
    } else {
        before - 1
    };
    if let (Some(value), Some(lead)) = (
        plain.get(at),
        at.checked_sub(1).and_then(|at| plain.get(at)),
    ) {
        add(value, name, format!("{lead} "), found);
    }
}

/// `--password secret`, `--password=secret`, `PGPASSWORD=secret`: in a line for a shell a name is enough.
fn by_name(word: &str, rest: &[String], found: &mut Vec<Bare>) {
    let (written, value) = match word.split_once('=') {
        Some((written, value)) => (written, value),
        None if word.starts_with("--") => match rest.first() {
            Some(next) => (word, next.as_str()),
            None => return,
        },
        None => return,
    };
    let name = written.trim_start_matches('-');
    let is_name = name.len() >= 3
        && name.len() <= 60
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let variable = !written.starts_with('-');
    if !is_name || variable && name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return;
    }
    if key::sort_of(name) == Some(Sort::Password) && !value.starts_with('-') {
        add(value, "", written.to_owned(), found);
    }
}

fn add(value: &str, name: &'static str, lead: String, found: &mut Vec<Bare>) {
    if value.starts_with('-')
        || !key::stands_under_key(Sort::Password, value)
        || value.contains("$(")
    {
        return;
    }
    found.push(Bare {
        value: value.to_owned(),
        name,
        lead,
    });
}

/// A command of a line.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    /// Whether the next one reads what it writes.
    pub(super) is_piped: bool,
}

/// The words of each command in a text. A quote that is never closed is a letter like any other.
fn commands(text: &str) -> Vec<Command> {
    let mut all = vec![Command::default()];
    let mut word: Option<String> = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let next = rest.chars().next();
        match c {
            '\\' if next == Some('\n') => rest = &rest[1..],
            '\\' if next.is_some_and(|next| !next.is_alphanumeric()) => {
                let next = next.unwrap_or_default();
                rest = &rest[next.len_utf8()..];
                word.get_or_insert_default().push(next);
            }
            '\'' | '"' => match rest.find(c) {
                Some(end) if !rest[..end].contains('\n') => {
                    word.get_or_insert_default().push_str(&rest[..end]);
                    rest = &rest[end + 1..];
                }
                _ => word.get_or_insert_default().push(c),
            },
            ' ' | '\t' => all
                .last_mut()
                .into_iter()
                .for_each(|last: &mut Command| last.words.extend(word.take())),
            '\n' | '|' | ';' | '&' | '(' | ')' | '`' => {
                if let Some(last) = all.last_mut() {
                    last.words.extend(word.take());
                    if !last.words.is_empty() {
                        last.is_piped = c == '|' && next != Some('|');
                        all.push(Command::default());
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    if let Some(last) = all.last_mut() {
        last.words.extend(word);
    }
    all.retain(|command| !command.words.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, is_line: bool) -> Vec<String> {
        let mut all: Vec<String> = bare(text, is_line)
            .into_iter()
            .map(|one| one.value)
            .collect();
        all.dedup();
        all
    }

    #[test]
    fn options_of_programs_hold_passwords() {
        for (line, value) in [
            ("mysql -u root -pgeheim shop", "geheim"),
            ("/usr/bin/mysqldump -hdb -p'ge heim!'x shop > dump.sql", ""),
            (
                "echo hi && docker login -u ana -p tulip reg.example",
                "tulip",
            ),
            ("docker login --password=tulip9 reg.example", "tulip9"),
            ("curl -u ana:sommer https://x.example", "sommer"),
            ("curl -uana:sommer https://x.example", "sommer"),
            ("curl --user \"ana:sommer\" https://x.example", "sommer"),
            ("REDISCLI_AUTH=sommer redis-cli ping", "sommer"),
            ("export PGPASSWORD=sommer; psql -h db", "sommer"),
            ("sshpass -p sommer ssh ana@host", "sommer"),
            ("sshpass -psommer ssh ana@host", "sommer"),
            ("redis-cli -h r -a sommer get x", "sommer"),
            ("mongosh -u ana -p sommer db", "sommer"),
            ("htpasswd -b .htpasswd ana sommer", "sommer"),
            ("htpasswd -cb .htpasswd ana sommer", "sommer"),
            ("tool \\\n  --password sommer", "sommer"),
            ("ldapsearch -x -D cn=a -w sommer", "sommer"),
            ("smbclient //s/x -U ana%sommer", "sommer"),
            ("openssl rsa -passin pass:sommer -in k", "sommer"),
            ("rabbitmqctl add_user ana sommer", "sommer"),
            ("curl -b session=sommer https://x.example", "sommer"),
            (
                "curl --cookie 'theme=dark; PHPSESSID=sommer' https://x.example",
                "sommer",
            ),
        ] {
            let expected: Vec<&str> = [value]
                .into_iter()
                .filter(|value| !value.is_empty())
                .collect();
            assert_eq!(values(line, true), expected, "{line}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for line in [
            "mysql -u root -p shop",
            "mysql -P 3306 -h db",
            "docker run -p 8080:80 nginx",
            "ssh -p 2222 host",
            "curl -u ana https://x.example",
            "curl -u ana:$PASSWORD https://x.example",
            "curl -u \"$USER:$PASS\" https://x.example",
            "PGPASSWORD=$PW psql",
            "mkdir -p a/b",
            "tool --password-file /run/secret",
            "redis-cli -a \"$REDIS\" ping",
            "cp -a one two",
            "curl -b cookies.txt -c cookies.txt https://x.example",
        ] {
            assert_eq!(values(line, true), Vec::<String>::new(), "{line}");
        }
        // In a text that is no line, only the program tells.
        assert!(values("use the --password option of the tool", false).is_empty());
        assert_eq!(values("I ran `mysql -pgeheim` there", false), ["geheim"]);
        assert_eq!(bare_words(&["mysql", "-pgeheim"])[0].value, "geheim");
    }
}
