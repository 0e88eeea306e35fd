//! `druse run` with a database and files.

use crate::cli::Desk;
use serde_json::json;

const LEDGER: &str = r#"druse: 1
name: ledger
inputs:
  customer: { type: string, minLength: 1 }
  amount: { type: number, exclusiveMinimum: 0 }
steps:
  - id: table
    action: sql
    with:
      connection: books
      statement: create table if not exists invoice (id integer primary key, customer text not null, amount real)
  - id: insert
    action: sql
    needs: [table]
    with:
      connection: books
      statement: insert into invoice (customer, amount) values (?1, ?2) returning id
      params: ["{{ inputs.customer }}", "{{ inputs.amount }}"]
  - id: all
    action: sql
    needs: [insert]
    with: { connection: books, statement: "select customer, amount from invoice order by id" }
  - id: report
    action: file
    with:
      connection: outbox
      op: write
      path: "reports/{{ steps.insert.output.rows[0].id }}.json"
      json: { rows: "{{ steps.all.output.rows }}" }
      create_folders: true
  - id: note
    action: file
    with: { op: append, path: note.txt, text: "{{ inputs.customer }} owes {{ inputs.amount }}\n" }
  - id: mended
    action: file
    needs: [note]
    with: { op: edit, path: note.txt, find: owes, replace: paid }
  - id: read
    action: file
    needs: [mended]
    with: { op: read, path: note.txt }
  - id: listed
    action: file
    needs: [report]
    with: { connection: outbox, op: list, path: ., recursive: true, pattern: "*.json" }
outputs:
  rows: "{{ steps.all.output.rows }}"
  note: "{{ steps.read.output.text }}"
  files: "{{ steps.listed.output.entries | map(attribute='path') | list }}"
"#;

fn desk() -> Desk {
    let desk = Desk::new();
    let database = desk.path("books.db");
    let outbox = desk.path("outbox");
    std::fs::create_dir(&outbox).unwrap();
    desk.write("ledger.yaml", LEDGER);
    let connections = json!({ "connections": {
        "books": { "kind": "sqlite", "path": database, "create": true },
        "reader": { "kind": "sqlite", "path": database, "read_only": true },
        "outbox": { "kind": "folder", "path": outbox },
    } });
    desk.write("connections.yaml", connections.to_string());
    desk
}

#[test]
fn a_database_and_files_are_worked_on() {
    let desk = desk();
    let run = |customer: &str, amount: &str| {
        let customer = format!("customer={customer}");
        let amount = format!("amount={amount}");
        desk.run(&[
            "run",
            "ledger.yaml",
            "--connections",
            "connections.yaml",
            "-i",
            &customer,
            "-i",
            &amount,
            "--output",
            "json",
        ])
        .ok()
        .json()
    };
    run("Ana'); drop table invoice; --", "12.5");
    let run = run("Bob", "3");
    assert_eq!(
        run["outputs"],
        json!({
            "rows": [
                { "customer": "Ana'); drop table invoice; --", "amount": 12.5 },
                { "customer": "Bob", "amount": 3.0 },
            ],
            "note": "Bob paid 3\n",
            "files": ["reports/1.json", "reports/2.json"],
        })
    );
    let report = desk.read("outbox/reports/2.json");
    assert!(
        report.starts_with("{\"rows\":[{\"customer\":\"Ana"),
        "{report}"
    );
}

#[test]
fn a_failure_says_which_class_and_code() {
    let desk = desk();
    desk.write(
        "bad.yaml",
        "druse: 1\nname: bad\nsteps:\n  - id: a\n    action: sql\n    with: { connection: reader, statement: delete from invoice }\n",
    );
    desk.write(
        "seed.yaml",
        "druse: 1\nname: seed\nsteps:\n  - { id: a, action: sql, with: { connection: books, statement: create table invoice (a) } }\n",
    );
    let with = ["--connections", "connections.yaml", "--output", "json"];
    let run = |file: &str| desk.run(&[&["run", file][..], &with].concat());
    run("seed.yaml").ok();
    let failed = run("bad.yaml").with(1).json();
    assert_eq!(
        (
            &failed["status"],
            &failed["error"]["class"],
            &failed["error"]["code"]
        ),
        (&json!("failed"), &json!("permanent"), &json!("read_only"))
    );
}

#[test]
fn a_statement_sets_nothing_for_other_steps() {
    let desk = desk();
    for pragma in [
        "pragma hard_heap_limit=1",
        "PRAGMA soft_heap_limit = 1",
        "pragma temp_store_directory = '/tmp'",
    ] {
        desk.write(
            "set.yaml",
            format!(
                "druse: 1\nname: set\nsteps:\n  - {{ id: a, action: sql, on_error: continue, with: {{ connection: books, statement: \"{pragma}\" }} }}\n  - {{ id: b, needs: [a], join: all_done, action: sql, with: {{ connection: books, statement: select 1 as one }} }}\noutputs:\n  code: \"{{{{ steps.a.error.code }}}}\"\n  one: \"{{{{ steps.b.output.rows[0].one }}}}\"\n"
            ),
        );
        let with = ["--connections", "connections.yaml", "--output", "json"];
        let run = desk.run(&[&["run", "set.yaml"][..], &with].concat());
        let outputs = run.ok().json()["outputs"].clone();
        assert_eq!(
            outputs,
            json!({ "code": "access_denied", "one": 1 }),
            "{pragma}"
        );
    }
}

#[test]
fn what_could_become_sql_or_leave_a_root_is_refused_before_anything_runs() {
    let desk = desk();
    desk.write(
        "bad.yaml",
        "druse: 1
name: bad
inputs:
  table: { type: string }
steps:
  - id: a
    action: sql
    with: { connection: books, statement: \"select * from {{ inputs.table }}\" }
  - id: b
    action: file
    with: { connection: outbox, op: read, path: ../books.db }
  - id: c
    action: mail
    with: { connection: outbox, to: ana@example.com, subject: Hi, text: Hi }
",
    );
    desk.run(&[
        "run",
        "bad.yaml",
        "--connections",
        "connections.yaml",
        "-i",
        "table=x",
    ])
    .refused(
        65,
        &[
            "template_not_allowed",
            "bad_path",
            "wrong_connection",
            "bad.yaml:8",
            "bad.yaml:11",
        ],
    );
    assert!(!desk.path("books.db").exists());
}

const LARGE: &str = r#"druse: 1
name: large
steps:
  - id: printed
    action: shell
    on_error: continue
    with: { script: "head -c 5000000 /dev/zero | tr '\\0' x" }
  - id: left
    action: shell
    with: { script: "head -c 5000000 /dev/zero | tr '\\0' x > $DRUSE_ARTIFACTS/all", artifacts: { all: all } }
  - id: kept
    action: file
    with: { connection: outbox, op: write, path: all.txt, artifact: "{{ steps.left.output.artifacts.all }}" }
outputs:
  code: "{{ steps.printed.error.code }}"
  said: "{{ steps.printed.error.message }}"
  bytes: "{{ steps.kept.output.bytes }}"
  digest: "{{ steps.left.output.artifacts.all.digest == steps.kept.output.digest }}"
"#;

#[test]
fn what_is_too_large_is_refused_and_goes_as_a_file() {
    let desk = desk();
    desk.write("large.yaml", LARGE);
    let run = [
        "run",
        "large.yaml",
        "--connections",
        "connections.yaml",
        "--output",
        "json",
    ];
    let ran = desk.run(&run).ok().json();
    let outputs = &ran["outputs"];
    assert_eq!(outputs["code"], "output_too_large", "{outputs}");
    let said = outputs["said"].as_str().unwrap();
    assert!(said.contains("the limit is 4194304"), "{said}");
    assert_eq!(outputs["bytes"], 5_000_000);
    assert_eq!(outputs["digest"], true);
    assert_eq!(desk.read("outbox/all.txt").len(), 5_000_000);
}
