//! Against a real server, where its programs are found on this machine; otherwise the test says that nothing was
//! tried, also where the output of tests that pass is not shown.

use super::*;
use std::{
    fs,
    io::Write as _,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

const NOT_TRIED: &str = "NOT TRIED: `sql` on PostgreSQL, for its programs (initdb, postgres) are not on this machine. \
    On Debian the package `postgresql` has them.\n";
const PASSWORD: &str = "s3cret-password";
/// Whoever a server may run as when the tests run as root, which PostgreSQL refuses.
const NOBODY: u32 = 65_534;

/// A server of its own, ended when it is dropped.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        use nix::{sys::signal, unistd::Pid};
        // An immediate end, which unlike SIGKILL leaves nothing in the system.
        let pid = Pid::from_raw(self.child.id().cast_signed());
        let _ = signal::kill(pid, signal::Signal::SIGQUIT);
        let _ = self.child.wait();
    }
}

/// The folder of the server's programs.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn run(mut command: Command) {
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

impl Server {
    fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        let root = nix::unistd::getuid().is_root();
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).env("LC_ALL", "C");
            if root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let (certificate, key) = (
            folder.path().join("server.pem"),
            folder.path().join("server.key"),
        );
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&certificate, signed.cert.pem()).unwrap();
        fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
        for file in [folder.path(), &password, &certificate, &key] {
            if root {
                chown(file, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let mut made = command("initdb");
        made.args([
            "--username=app",
            "--auth=scram-sha-256",
            "--no-sync",
            "--encoding=UTF8",
        ])
        .arg(format!("--pwfile={}", password.display()))
        .arg("-D")
        .arg(&data);
        run(made);
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut serving = command("postgres");
        serving.arg("-D").arg(&data);
        for (name, value) in [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            (
                "unix_socket_directories",
                folder.path().display().to_string(),
            ),
            ("fsync", "off".to_owned()),
            ("ssl", "on".to_owned()),
            ("ssl_cert_file", certificate.display().to_string()),
            ("ssl_key_file", key.display().to_string()),
            ("max_connections", "10".to_owned()),
        ] {
            serving.arg("-c").arg(format!("{name}={value}"));
        }
        let child = serving.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Some(Self {
            child,
            folder,
            port,
        })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn world(&self) -> Actions {
        let socket = self.path().display().to_string();
        let password = "{{ secrets.PG }}";
        let ca = self.path().join("server.pem");
        let actions = actions(
            json!({
                "books": { "kind": "postgres", "host": "127.0.0.1", "port": self.port, "user": "app", "database": "postgres", "password": password, "max_sessions": 4 },
                "reader": { "kind": "postgres", "url": format!("postgres://app@127.0.0.1:{}/postgres", self.port), "password": password, "read_only": true },
                "socket": { "kind": "postgres", "host": socket, "port": self.port, "user": "app", "database": "postgres", "password": password },
                "secure": { "kind": "postgres", "host": "localhost", "port": self.port, "user": "app", "database": "postgres", "password": password, "tls": { "mode": "require", "ca_file": ca } },
                "other_name": { "kind": "postgres", "host": "127.0.0.1", "port": self.port, "user": "app", "database": "postgres", "password": password, "tls": { "mode": "require", "ca_file": ca } },
                "unknown_ca": { "kind": "postgres", "host": "localhost", "port": self.port, "user": "app", "database": "postgres", "password": password, "tls": { "mode": "require" } },
                "stranger": { "kind": "postgres", "host": "127.0.0.1", "port": self.port, "user": "app", "database": "postgres", "password": "{{ secrets.WRONG }}" },
                "nobody": { "kind": "postgres", "host": "127.0.0.1", "port": self.port, "user": "app", "database": "nowhere", "password": password },
                "silent": { "kind": "postgres", "host": "127.0.0.1", "port": self.port, "user": "app", "database": "postgres" },
                "gone": { "kind": "postgres", "host": "127.0.0.1", "port": 1, "user": "app" },
            }),
            &[("PG", PASSWORD), ("WRONG", "another-password")],
        );
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match actions.connections().test("books").await {
                Ok(_) => return actions,
                Err(failure) if Instant::now() > until => {
                    let log = fs::read_to_string(self.path().join("log")).unwrap_or_default();
                    panic!("the server did not come up: {failure:?}\n{log}");
                }
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

fn ask(connection: &str, statement: &str, params: Value) -> Value {
    json!({ "connection": connection, "statement": statement, "params": params })
}

async fn gives(actions: &Actions, statement: &str, params: Value) -> Value {
    output(actions, "sql", ask("books", statement, params)).await
}

async fn fails(actions: &Actions, connection: &str, statement: &str, params: Value) -> Failure {
    failure(actions, "sql", ask(connection, statement, params)).await
}

#[tokio::test]
async fn a_real_server() {
    let Some(server) = Server::start() else {
        // Not by a macro: what those print is kept back while a test passes.
        let _ = std::io::stderr().write_all(NOT_TRIED.as_bytes());
        return;
    };
    let actions = server.world().await;
    rows_come_as_json(&actions).await;
    parameters_are_values(&actions).await;
    complaints_fall_into_classes(&actions).await;
    a_connection_that_only_reads_changes_nothing(&actions).await;
    answers_have_limits(&actions).await;
    time_and_cancel_break_a_statement_off(&actions).await;
    sessions_are_limited_and_forget(&actions).await;
    sessions_are_encrypted(&actions).await;
    a_lost_session_may_come_back(&actions).await;
}

async fn rows_come_as_json(actions: &Actions) {
    gives(
        actions,
        "create type mood as enum ('glad', 'sad')",
        json!(null),
    )
    .await;
    gives(
        actions,
        "create domain positive as int check (value > 0)",
        json!(null),
    )
    .await;
    let statement = "select
        null::int as nothing, true as yes, 1::int2 as i2, -2::int4 as i4, 9223372036854775807 as i8,
        0.1::float4 as f4, 2.5::float8 as f8, 'NaN'::float8 as nan, 4294967295::oid as oid,
        12.50::numeric as price, -0.00012::numeric as small, 100000::numeric as whole, 0::numeric(9,3) as zero,
        123456789012345678901234567890::numeric as huge, 'Infinity'::float8 as inf,
        'Grüße' as text, 'x'::\"char\" as c, 'ab'::char(3) as padded, 'n'::name as name,
        '{\"a\": [1]}'::json as js, '{\"b\": null}'::jsonb as jsb,
        'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid as id, '\\xff00'::bytea as bytes,
        '2026-11-24'::date as day, '0044-03-15 BC'::date as long_ago, 'infinity'::date as never,
        '04:05:06.789'::time as at, '04:05:06+02'::timetz as atz,
        '2026-11-24 04:05:06'::timestamp as local, '2026-11-24 04:05:06.123456+02'::timestamptz as zoned,
        '2026-11-24 04:05:06+02'::timestamptz as zoned_ms,
        '1 year 2 months -3 days 04:05:06.5'::interval as span, '0'::interval as no_span,
        '10.1.2.3'::inet as ip, '10.1.0.0/16'::cidr as net, '::1'::inet as ip6, '08:00:2b:01:02:03'::macaddr as mac,
        array[1, null, 3] as list, array[[1, 2], [3, 4]] as grid, '{}'::text[] as none, array['a,b', 'c\"d'] as texts,
        'glad'::mood as mood, 7::positive as pos, array['sad'::mood] as moods, pg_sleep(0) as void";
    let answer = gives(actions, statement, json!(null)).await;
    let expected: Value = serde_json::from_str(
        r#"{
        "nothing": null, "yes": true, "i2": 1, "i4": -2, "i8": 9223372036854775807,
        "f4": 0.1, "f8": 2.5, "nan": "NaN", "oid": 4294967295,
        "price": 12.5, "small": -0.00012, "whole": 100000, "zero": 0,
        "huge": "123456789012345678901234567890", "inf": "Infinity",
        "text": "Grüße", "c": "x", "padded": "ab ", "name": "n",
        "js": { "a": [1] }, "jsb": { "b": null },
        "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "bytes": { "base64": "/wA=" },
        "day": "2026-11-24", "long_ago": "-000043-03-15", "never": "infinity",
        "at": "04:05:06.789", "atz": "04:05:06+02:00",
        "local": "2026-11-24T04:05:06", "zoned": "2026-11-24T02:05:06.123456Z",
        "zoned_ms": "2026-11-24T02:05:06.000Z",
        "span": "P1Y2M-3DT4H5M6.5S", "no_span": "PT0S",
        "ip": "10.1.2.3", "net": "10.1.0.0/16", "ip6": "::1", "mac": "08:00:2b:01:02:03",
        "list": [1, null, 3], "grid": [[1, 2], [3, 4]], "none": [], "texts": ["a,b", "c\"d"],
        "mood": "glad", "pos": 7, "moods": ["sad"], "void": null
    }"#,
    )
    .unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&answer["rows"][0][name], value, "{name}");
    }
    assert_eq!(answer["affected"], json!(null));
    assert_eq!(
        answer["columns"].as_array().unwrap().len(),
        expected.as_object().unwrap().len()
    );
    for (statement, code) in [
        ("select point(1, 2) as p", "unsupported_type"),
        ("select row(1, 2) as r", "unsupported_type"),
        ("select '200000-01-01'::date as d", "unsupported_value"),
        ("select 1 as a, 2 as a", "duplicate_column"),
    ] {
        assert_eq!(
            fails(actions, "books", statement, json!(null)).await.code,
            code,
            "{statement}"
        );
    }
}

async fn parameters_are_values(actions: &Actions) {
    let nasty = "x'); drop table t; --";
    gives(
        actions,
        "create table t (id int generated always as identity primary key, a text, n numeric, at timestamptz, j jsonb, l text[], b bytea, f boolean, m mood, unique (a))",
        json!(null),
    )
    .await;
    let done = gives(
        actions,
        "insert into t (a, n, at, j, l, b, f, m) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, a, n, at, j, l, b, f, m",
        json!([
            nasty, 0.1, "2026-11-24T04:05:06+01:00", { "x": [1, "ü"] },
            ["a", null, "b\"c\\d,{e}"], { "base64": "/wA=" }, true, "sad"
        ]),
    )
    .await;
    assert_eq!(
        done,
        json!({
            "rows": [{
                "id": 1, "a": nasty, "n": 0.1, "at": "2026-11-24T03:05:06.000Z", "j": { "x": [1, "ü"] },
                "l": ["a", null, "b\"c\\d,{e}"], "b": { "base64": "/wA=" }, "f": true, "m": "sad",
            }],
            "columns": ["id", "a", "n", "at", "j", "l", "b", "f", "m"],
            "affected": 1,
        })
    );
    let text = gives(
        actions,
        "insert into t (a, j, n) values ($1, $2, null), (5::text, 'null', $3)",
        json!([null, "a text", "12345678901234567890.5"]),
    )
    .await;
    assert_eq!(text, json!({ "rows": [], "columns": [], "affected": 2 }));
    let found = gives(
        actions,
        "select a, j, n::text as n from t where id = any($1) and id <> $2 order by id",
        json!([[1, 2, 3], 1]),
    )
    .await;
    assert_eq!(
        found["rows"],
        json!([
            { "a": null, "j": "a text", "n": null },
            { "a": "5", "j": null, "n": "12345678901234567890.5" },
        ])
    );
    let number = gives(
        actions,
        "select $1::text as t, $2::jsonb as j",
        json!([7, [1]]),
    )
    .await;
    assert_eq!(number["rows"], json!([{ "t": "7", "j": [1] }]));
    for params in [
        json!([]),
        json!([1, 2]),
        json!({ "a": 1 }),
        json!("x"),
        json!([{ "x": 1 }]),
        json!([[1]]),
        json!([{ "base64": "!" }]),
    ] {
        let failure = fails(actions, "books", "select $1::int as a", params.clone()).await;
        assert_eq!(failure.code, "invalid_input", "{params}");
    }
}

async fn complaints_fall_into_classes(actions: &Actions) {
    use FailureClass::{Permanent, Retryable};
    for (connection, statement, params, code, class) in [
        (
            "books",
            "insert into t (id) overriding system value values (1)",
            json!(null),
            "constraint",
            Permanent,
        ),
        (
            "books",
            "insert into t (m) values ('angry')",
            json!(null),
            "bad_value",
            Permanent,
        ),
        (
            "books",
            "select $1::int as a",
            json!(["many"]),
            "bad_value",
            Permanent,
        ),
        (
            "books",
            "select nothing",
            json!(null),
            "bad_statement",
            Permanent,
        ),
        (
            "books",
            "select * from nowhere",
            json!(null),
            "bad_statement",
            Permanent,
        ),
        (
            "books",
            "select 1; select 2",
            json!(null),
            "bad_statement",
            Permanent,
        ),
        ("books", "rollback", json!(null), "bad_statement", Permanent),
        (
            "books",
            "copy t to stdout",
            json!(null),
            "bad_statement",
            Permanent,
        ),
        ("books", "vacuum", json!(null), "bad_statement", Permanent),
        (
            "books",
            "do $$ begin raise exception 'own' using errcode = 'P0001'; end $$",
            json!(null),
            "sql_error",
            Permanent,
        ),
        (
            "books",
            "do $$ begin raise exception 'x' using errcode = '40001'; end $$",
            json!(null),
            "busy",
            Retryable,
        ),
        (
            "books",
            "do $$ begin raise exception 'x' using errcode = '53300'; end $$",
            json!(null),
            "out_of_resources",
            Retryable,
        ),
        (
            "gone",
            "select 1",
            json!(null),
            "connection_failed",
            Retryable,
        ),
        (
            "stranger",
            "select 1",
            json!(null),
            "access_denied",
            Permanent,
        ),
        (
            "silent",
            "select 1",
            json!(null),
            "access_denied",
            Permanent,
        ),
        (
            "nobody",
            "select 1",
            json!(null),
            "bad_statement",
            Permanent,
        ),
    ] {
        let failure = fails(actions, connection, statement, params).await;
        assert_eq!(
            (failure.code.as_str(), failure.class),
            (code, class),
            "{statement}: {failure:?}"
        );
        assert!(!format!("{failure:?}").contains(PASSWORD));
    }
    let taken = fails(
        actions,
        "books",
        "insert into t (a) values ('5')",
        json!(null),
    )
    .await;
    assert_eq!(
        details(&taken),
        &json!({ "sqlstate": "23505", "detail": "Key (a)=(5) already exists.", "table": "t", "constraint": "t_a_key" })
    );
    // A constraint that is looked at only at the commit.
    gives(
        actions,
        "create table late (id int primary key deferrable initially deferred)",
        json!(null),
    )
    .await;
    let late = fails(
        actions,
        "books",
        "insert into late values (1), (1)",
        json!(null),
    )
    .await;
    assert_eq!(late.code, "constraint");
}

async fn count(actions: &Actions) -> i64 {
    let counted = gives(actions, "select count(*) as n from t", json!(null)).await;
    counted["rows"][0]["n"].as_i64().unwrap()
}

async fn a_connection_that_only_reads_changes_nothing(actions: &Actions) {
    let before = count(actions).await;
    let read = output(
        actions,
        "sql",
        ask("reader", "select count(*) as n from t", json!(null)),
    )
    .await;
    assert_eq!(read["rows"][0]["n"], before);
    for statement in [
        "delete from t",
        "insert into t (a) values ('x') returning id",
        "with x as (delete from t returning *) select count(*) from x",
        "create table u (a int)",
        "select nextval(pg_get_serial_sequence('t', 'id'))",
        "do $$ begin set transaction read write; delete from t; end $$",
        "do $$ begin perform set_config('transaction_read_only', 'off', false); delete from t; end $$",
        "do $$ begin execute 'set transaction read write'; execute 'delete from t'; end $$",
        "do $$ begin commit; delete from t; end $$",
        "set transaction read write",
        "select set_config('transaction_read_only', 'off', true)",
    ] {
        let outcome = actions
            .perform(
                attempt("sql", ask("reader", statement, json!(null))),
                never(),
            )
            .await;
        let (failure, _) = failed(outcome);
        assert_eq!(
            failure.class,
            FailureClass::Permanent,
            "{statement}: {failure:?}"
        );
    }
    // A default for the session is of no use: the next attempt has another session.
    let session = ask(
        "reader",
        "set session characteristics as transaction read write",
        json!(null),
    );
    output(actions, "sql", session).await;
    let failure = fails(actions, "reader", "delete from t", json!(null)).await;
    assert_eq!(failure.code, "read_only");
    assert_eq!(count(actions).await, before);
}

async fn answers_have_limits(actions: &Actions) {
    let full = gives(actions, "select generate_series(1, 100) as n", json!(null)).await;
    assert_eq!(full["rows"].as_array().unwrap().len(), 100);
    // Endless as far as anybody would wait: it is broken off, not read.
    let many = fails(
        actions,
        "books",
        "select generate_series(1, 1000000000) as n",
        json!(null),
    )
    .await;
    assert_eq!(
        (many.code.as_str(), &details(&many)["limit"]),
        ("output_too_large", &json!(100))
    );
    let wide = fails(
        actions,
        "books",
        "select repeat('x', 100001) as a",
        json!(null),
    )
    .await;
    assert_eq!(wide.code, "output_too_large");
    let before = count(actions).await;
    let insert = "insert into t (a) select 'row' || n from generate_series(1, 101) n returning id";
    let over = fails(actions, "books", insert, json!(null)).await;
    assert_eq!(over.code, "output_too_large");
    assert_eq!(count(actions).await, before);
}

async fn time_and_cancel_break_a_statement_off(actions: &Actions) {
    let endless = ask(
        "books",
        "insert into t (a) select 'late' from pg_sleep(1000)",
        json!(null),
    );
    let mut slow = attempt("sql", endless.clone());
    slow.timeout = Some(Duration::from_millis(200));
    let (slow, _) = failed(actions.perform(slow, never()).await);
    assert_eq!(
        (slow.class, slow.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );

    let cancel = never();
    let running = actions.perform(attempt("sql", endless), cancel.clone());
    let sleeping = "select count(*) as n from pg_stat_activity where application_name = 'druse' and wait_event = 'PgSleep'";
    let (outcome, ()) = tokio::join!(running, async {
        let until = Instant::now() + Duration::from_secs(60);
        while gives(actions, sleeping, json!(null)).await["rows"][0]["n"] == 0 {
            assert!(Instant::now() < until, "the statement does not begin");
        }
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
    // The server has heard it: nothing goes on there.
    let until = Instant::now() + Duration::from_secs(60);
    while gives(actions, sleeping, json!(null)).await["rows"][0]["n"] != 0 {
        assert!(
            Instant::now() < until,
            "the statement goes on in the server"
        );
    }
    let late = gives(
        actions,
        "select 1 as a from t where a = 'late'",
        json!(null),
    )
    .await;
    assert_eq!(late["rows"], json!([]));
}

async fn sessions_are_limited_and_forget(actions: &Actions) {
    gives(actions, "set statement_timeout = 1", json!(null)).await;
    gives(actions, "create temp table mine (a int)", json!(null)).await;
    let set = gives(actions, "show statement_timeout", json!(null)).await;
    assert_eq!(set["rows"][0]["statement_timeout"], "0");
    assert_eq!(
        fails(actions, "books", "select * from mine", json!(null))
            .await
            .code,
        "bad_statement"
    );
    // More than the server has room for at once.
    let all = (0..12).map(|n| {
        gives(
            actions,
            "insert into t (a) values ($1)",
            json!([format!("many{n}")]),
        )
    });
    let done = futures_util::future::join_all(all).await;
    assert!(done.iter().all(|output| output["affected"] == 1));
}

async fn sessions_are_encrypted(actions: &Actions) {
    let statement = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    for (connection, encrypted) in [("books", false), ("socket", false), ("secure", true)] {
        let answer = output(actions, "sql", ask(connection, statement, json!(null))).await;
        assert_eq!(
            answer["rows"],
            json!([{ "ssl": encrypted }]),
            "{connection}"
        );
    }
    for connection in ["other_name", "unknown_ca"] {
        let failure = fails(actions, connection, statement, json!(null)).await;
        assert_eq!(
            (failure.code.as_str(), failure.class),
            ("tls_failed", FailureClass::Permanent),
            "{connection}: {failure:?}"
        );
    }
    let tested = actions.connections().test("secure").await.unwrap();
    assert_eq!(
        (&tested["kind"], &tested["tls"]),
        (&json!("postgres"), &json!(true))
    );
    assert_eq!(
        actions
            .connections()
            .test("stranger")
            .await
            .unwrap_err()
            .code,
        "access_denied"
    );
}

async fn a_lost_session_may_come_back(actions: &Actions) {
    let killed = fails(
        actions,
        "books",
        "select pg_terminate_backend(pg_backend_pid())",
        json!(null),
    )
    .await;
    assert_eq!(
        (killed.code.as_str(), killed.class),
        ("connection_lost", FailureClass::Retryable)
    );
    gives(actions, "select 1 as a", json!(null)).await;
}
