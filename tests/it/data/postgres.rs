//! Runs that work on a real PostgreSQL server.

use crate::cli::Desk;
use crate::harness::{Client, Postgres, Server, text, wait};
use serde_json::{Value, json};

const BOOKS: &str = r#"druse: 1
name: books
inputs:
  customer: { type: string }
  lines: { type: array }
steps:
  - id: table
    action: sql
    with:
      connection: books
      statement: >-
        create table if not exists invoice (id text primary key, customer text not null, amount numeric(10, 2),
        lines jsonb, due date, paid timestamptz)
  - id: insert
    action: sql
    needs: [table]
    with:
      connection: books
      statement: >-
        insert into invoice values ($1, $2, $3, $4, $5::date, now()) on conflict do nothing returning customer, lines
      params: ["{{ run.id }}", "{{ inputs.customer }}", 12.5, "{{ inputs.lines }}", "2026-12-01"]
  - id: all
    action: sql
    needs: [insert]
    with:
      connection: reader
      statement: select customer, amount, lines, due from invoice where customer = $1
      params: ["{{ inputs.customer }}"]
  - id: forbidden
    action: sql
    needs: [all]
    on_error: continue
    with: { connection: reader, statement: delete from invoice }
  - id: left
    action: sql
    needs: [forbidden]
    join: all_done
    with: { connection: reader, statement: select count(*) as count from invoice }
outputs:
  rows: "{{ steps.all.output.rows }}"
  affected: "{{ steps.insert.output.affected }}"
  refused: "{{ steps.forbidden.error.code }}"
  left: "{{ steps.left.output.rows[0].count }}"
"#;

async fn ran(admin: &Client, path: &str, customer: &str) -> Value {
    let inputs = json!({ "customer": customer, "lines": [{ "text": "a\"b", "n": 1 }] });
    let run = admin
        .post(&format!("{path}/runs"), &json!({ "inputs": inputs }))
        .await;
    let run = text(&run.with(202)["id"]);
    wait::run(admin, &run, "succeeded").await["outputs"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_bound_rows_are_json_and_what_only_reads_changes_nothing() {
    let Some(database) = Postgres::start() else {
        return;
    };
    let mut server = Server::new().await;
    let admin = server.admin();
    let secret = json!({ "value": Postgres::PASSWORD });
    assert!(admin.put("/secrets/PG", &secret).await.status < 300);
    let url = format!("postgres://app@127.0.0.1:{}/postgres", database.port);
    for (name, read_only) in [("books", false), ("reader", true)] {
        let connection = json!({ "kind": "postgres", "url": url, "password": "{{ secrets.PG }}", "read_only": read_only });
        let put = admin
            .put(&format!("/connections/{name}"), &connection)
            .await;
        assert!(put.status < 300, "{}", put.text);
    }
    let made = admin.request("POST", "/automations").yaml(BOOKS).send();
    let path = format!("/automations/{}", text(&made.await.with(201)["id"]));
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let hostile = "Ana'); drop table invoice; --";
    for (customer, left) in [(hostile, 1), ("Bob", 2)] {
        let outputs = ran(&admin, &path, customer).await;
        let row = json!({ "customer": customer, "amount": 12.5, "lines": [{ "text": "a\"b", "n": 1 }], "due": "2026-12-01" });
        assert_eq!(
            outputs,
            json!({ "rows": [row], "affected": 1, "refused": "read_only", "left": left })
        );
    }
    let data = server.data().to_str().unwrap().to_owned();
    let desk = Desk::new();
    let tried = desk.run(&["connections", "test", "reader", "--data", &data]);
    assert!(tried.ok().out.contains("PostgreSQL"));
    // A server that is gone is said, and nothing of its password.
    drop(database);
    let refused = desk.run(&["connections", "test", "books", "--data", &data]);
    assert_ne!(refused.code, 0);
    assert!(!refused.err.contains(Postgres::PASSWORD), "{}", refused.err);
    server.kill();
    server.verify();
}
