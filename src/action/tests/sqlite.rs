use super::*;
use rusqlite::Connection as Database;
use std::path::PathBuf;

struct World {
    folder: tempfile::TempDir,
    actions: Actions,
}

const SEED: &str = "
    create table invoice (id integer primary key, customer text not null, amount real, paid integer, scan blob);
    insert into invoice values (1, 'Ana', 12.5, 0, x'ff00'), (2, 'Bob', 99, 1, null), (3, 'Cöl', null, 0, null);
";

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Database::open(&path).unwrap().execute_batch(SEED).unwrap();
        std::fs::write(
            folder.path().join("noise.db"),
            "this is no database at all, only text",
        )
        .unwrap();
        let at = |name: &str| folder.path().join(name);
        let actions = actions(
            json!({
                "ledger": { "kind": "sqlite", "path": path, "max_sessions": 2 },
                "reader": { "kind": "sqlite", "path": path, "read_only": true },
                "gone": { "kind": "sqlite", "path": at("gone.db") },
                "new": { "kind": "sqlite", "path": at("new.db"), "create": true },
                "noise": { "kind": "sqlite", "path": at("noise.db") },
            }),
            &[],
        );
        Self { folder, actions }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.db")
    }

    fn count(&self) -> i64 {
        let database = Database::open(self.path()).unwrap();
        database
            .query_row("select count(*) from invoice", [], |row| row.get(0))
            .unwrap()
    }

    async fn gives(&self, statement: &str, params: Value) -> Value {
        output(&self.actions, "sql", ask("ledger", statement, params)).await
    }

    async fn fails(&self, statement: &str, params: Value) -> Failure {
        failure(&self.actions, "sql", ask("ledger", statement, params)).await
    }
}

fn ask(connection: &str, statement: &str, params: Value) -> Value {
    json!({ "connection": connection, "statement": statement, "params": params })
}

#[tokio::test]
async fn rows_come_as_json() {
    let world = World::new();
    let all = world
        .gives("select * from invoice order by id", json!(null))
        .await;
    assert_eq!(
        all,
        json!({
            "rows": [
                { "id": 1, "customer": "Ana", "amount": 12.5, "paid": 0, "scan": { "base64": "/wA=" } },
                { "id": 2, "customer": "Bob", "amount": 99.0, "paid": 1, "scan": null },
                { "id": 3, "customer": "Cöl", "amount": null, "paid": 0, "scan": null },
            ],
            "columns": ["id", "customer", "amount", "paid", "scan"],
            "affected": null,
        })
    );
    let odd = world
        .gives(
            "select 9e999 as inf, 9223372036854775807 as big, cast(x'ff' as text) as bad",
            json!([]),
        )
        .await;
    assert_eq!(
        odd["rows"],
        json!([{ "inf": "Infinity", "big": 9_223_372_036_854_775_807_i64, "bad": { "base64": "/w==" } }])
    );
    let none = world
        .gives("select id from invoice where id > ?", json!([5]))
        .await;
    assert_eq!(
        none,
        json!({ "rows": [], "columns": ["id"], "affected": null })
    );
}

#[tokio::test]
async fn parameters_are_values_and_nothing_else() {
    let world = World::new();
    let nasty = "x'); drop table invoice; --";
    let done = world
        .gives(
            "insert into invoice (customer, amount, paid, scan) values (?, ?2, ?, ?) returning id, typeof(amount) as t",
            json!([nasty, 3, true, { "base64": "AQI=" }]),
        )
        .await;
    assert_eq!(
        done,
        json!({ "rows": [{ "id": 4, "t": "real" }], "columns": ["id", "t"], "affected": 1 })
    );
    let named = world
        .gives(
            "select customer, scan from invoice where customer = :who and id in (select value from json_each(@ids))",
            json!({ "who": nasty, "ids": [3, 4] }),
        )
        .await;
    assert_eq!(
        named["rows"],
        json!([{ "customer": nasty, "scan": { "base64": "AQI=" } }])
    );
    let changed = world
        .gives("update invoice set paid = 1 where paid = 0", json!(null))
        .await;
    assert_eq!(changed, json!({ "rows": [], "columns": [], "affected": 2 }));
    let made = world.gives("create table other (a)", json!(null)).await;
    assert_eq!(made["affected"], 0);

    for (statement, params) in [
        ("select ?", json!([])),
        ("select ?", json!([1, 2])),
        ("select :a", json!({})),
        ("select :a", json!({ "a": 1, "b": 2 })),
        ("select ?", json!({ "a": 1 })),
        ("select ?", json!("text")),
        ("select ?", json!([18_446_744_073_709_551_615_u64])),
        ("select ?", json!([{ "base64": "!" }])),
    ] {
        let failure = world.fails(statement, params.clone()).await;
        assert_eq!(failure.code, "invalid_input", "{statement} {params}");
    }
}

#[tokio::test]
async fn complaints_fall_into_classes() {
    let world = World::new();
    for (connection, statement, code, class) in [
        (
            "ledger",
            "insert into invoice (id, customer) values (1, 'x')",
            "constraint",
            FailureClass::Permanent,
        ),
        (
            "ledger",
            "insert into invoice (id) values (9)",
            "constraint",
            FailureClass::Permanent,
        ),
        (
            "ledger",
            "select nothing from nowhere",
            "bad_statement",
            FailureClass::Permanent,
        ),
        (
            "ledger",
            "selec 1",
            "bad_statement",
            FailureClass::Permanent,
        ),
        (
            "ledger",
            "select 1; drop table invoice",
            "bad_statement",
            FailureClass::Permanent,
        ),
        ("ledger", "commit", "bad_statement", FailureClass::Permanent),
        (
            "ledger",
            "select 1 as a, 2 as a",
            "duplicate_column",
            FailureClass::Permanent,
        ),
        ("ledger", "vacuum", "bad_statement", FailureClass::Permanent),
        (
            "gone",
            "select 1",
            "connection_failed",
            FailureClass::Retryable,
        ),
        (
            "noise",
            "select * from a",
            "damaged",
            FailureClass::Permanent,
        ),
        (
            "nope",
            "select 1",
            "missing_connection",
            FailureClass::Permanent,
        ),
    ] {
        let failure = failure(
            &world.actions,
            "sql",
            ask(connection, statement, json!(null)),
        )
        .await;
        assert_eq!(
            (failure.code.as_str(), failure.class),
            (code, class),
            "{statement}: {failure:?}"
        );
    }
    assert!(!world.folder.path().join("gone.db").exists());
    output(
        &world.actions,
        "sql",
        ask("new", "create table a (b)", json!(null)),
    )
    .await;
    assert!(world.folder.path().join("new.db").exists());
    let taken = world
        .fails(
            "insert into invoice (id, customer) values (1, 'x')",
            json!(null),
        )
        .await;
    assert_eq!(
        taken.message,
        "SQLite says: UNIQUE constraint failed: invoice.id."
    );
}

#[tokio::test]
async fn a_connection_that_only_reads_changes_nothing() {
    let world = World::new();
    let read = output(
        &world.actions,
        "sql",
        ask("reader", "select count(*) as n from invoice", json!(null)),
    )
    .await;
    assert_eq!(read["rows"], json!([{ "n": 3 }]));
    for statement in [
        "delete from invoice",
        "insert into invoice (customer) values ('x') returning id",
        "with a as (select 1) insert into invoice (customer) select 'x' from a",
        "create table b (c)",
        "create temp table b (c)",
        "pragma user_version = 7",
        "drop table invoice",
    ] {
        let failure = failure(&world.actions, "sql", ask("reader", statement, json!(null))).await;
        assert_eq!(failure.code, "read_only", "{statement}: {failure:?}");
    }
    assert_eq!(world.count(), 3);
}

#[tokio::test]
async fn no_statement_reaches_another_file() {
    let world = World::new();
    let other = world.folder.path().join("other.db");
    for statement in [
        format!("attach database '{}' as other", other.display()),
        format!("vacuum into '{}'", other.display()),
        "select load_extension('x')".to_owned(),
        "select readfile('/etc/passwd')".to_owned(),
    ] {
        let outcome = world
            .actions
            .perform(
                attempt("sql", ask("ledger", &statement, json!(null))),
                never(),
            )
            .await;
        assert_eq!(
            failed(outcome).0.class,
            FailureClass::Permanent,
            "{statement}"
        );
    }
    let schema = world
        .fails("update sqlite_schema set sql = 'x'", json!(null))
        .await;
    assert_eq!(schema.class, FailureClass::Permanent);
    assert!(!other.exists());
}

#[tokio::test]
async fn answers_have_limits_and_nothing_is_kept_of_what_is_over() {
    let world = World::new();
    let rows = |n: u32| {
        format!(
            "with recursive c(x) as (select 1 union all select x + 1 from c where x < {n}) select x from c"
        )
    };
    let full = world.gives(&rows(100), json!(null)).await;
    assert_eq!(full["rows"].as_array().unwrap().len(), 100);
    let many = world.fails(&rows(101), json!(null)).await;
    assert_eq!(
        (many.code.as_str(), &details(&many)["limit"]),
        ("output_too_large", &json!(100))
    );
    let wide = world
        .fails("select printf('%.*c', 100001, 'x') as a", json!(null))
        .await;
    assert_eq!(wide.code, "output_too_large");
    let insert =
        "insert into invoice (customer, amount) select 'x', value from json_each(?1) returning id";
    let ids: Vec<u32> = (0..101).collect();
    let over = world.fails(insert, json!([ids])).await;
    assert_eq!(over.code, "output_too_large");
    assert_eq!(world.count(), 3);
}

/// Endless, and never interrupted by itself.
const ENDLESS: &str =
    "with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) as m from c";

#[tokio::test]
async fn time_and_cancel_break_a_statement_off() {
    let world = World::new();
    let mut slow = attempt("sql", ask("ledger", ENDLESS, json!(null)));
    slow.timeout = Some(Duration::from_millis(30));
    let (slow, _) = failed(world.actions.perform(slow, never()).await);
    assert_eq!(
        (slow.class, slow.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );

    let cancel = never();
    let running = world.actions.perform(
        attempt("sql", ask("ledger", ENDLESS, json!(null))),
        cancel.clone(),
    );
    let (outcome, ()) = tokio::join!(running, async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
    // The session of what was broken off is free again.
    for _ in 0..3 {
        world.gives("select 1 as a", json!(null)).await;
    }
}

#[tokio::test]
async fn a_lock_is_waited_for_and_then_the_attempt_may_be_repeated() {
    let world = World::new();
    let holder = Database::open(world.path()).unwrap();
    holder
        .execute_batch("begin exclusive; delete from invoice where id = 3")
        .unwrap();
    let insert = ask(
        "ledger",
        "insert into invoice (customer) values ('new')",
        json!(null),
    );
    // Canceled while it waits for the lock.
    let cancel = never();
    let waiting = world
        .actions
        .perform(attempt("sql", insert.clone()), cancel.clone());
    let (outcome, ()) = tokio::join!(waiting, async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
    // Nobody lets go: it fails as busy.
    let busy = failure(&world.actions, "sql", insert.clone()).await;
    assert_eq!(
        (busy.code.as_str(), busy.class),
        ("busy", FailureClass::Retryable)
    );
    // Somebody does: it goes on by itself.
    let waiting = output(&world.actions, "sql", insert);
    let (done, ()) = tokio::join!(waiting, async {
        tokio::task::yield_now().await;
        holder.execute_batch("commit").unwrap();
    });
    assert_eq!(done["affected"], 1);
    assert_eq!(world.count(), 3);
}

#[tokio::test]
async fn sessions_are_limited_and_many_writers_get_through() {
    let world = World::new();
    let statement = "update invoice set amount = coalesce(amount, 0) + 1 where id = 3";
    let all = (0..40).map(|_| output(&world.actions, "sql", ask("ledger", statement, json!(null))));
    let done = futures_util::future::join_all(all).await;
    assert!(done.iter().all(|output| output["affected"] == 1));
    let sum = world
        .gives("select amount from invoice where id = 3", json!(null))
        .await;
    assert_eq!(sum["rows"][0]["amount"], 40.0);
}

#[tokio::test]
async fn a_database_can_be_tried_out() {
    let world = World::new();
    let tested = world.actions.connections().test("reader").await.unwrap();
    assert_eq!(
        (&tested["kind"], &tested["tables"], &tested["read_only"]),
        (&json!("sqlite"), &json!(1), &json!(true))
    );
    for (name, code) in [("gone", "connection_failed"), ("noise", "damaged")] {
        let failure = world.actions.connections().test(name).await.unwrap_err();
        assert_eq!(failure.code, code, "{name}");
    }
}
