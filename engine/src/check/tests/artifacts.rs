//! Files that steps say they leave.

use super::*;

#[test]
fn names_and_paths_of_artifacts_are_right_before_anything_runs() {
    insta::assert_snapshot!(
        findings(
            r#"steps:
  - { id: a, action: shell, with: { argv: [make], artifacts: { report: out/report.pdf, "a/b": ../x, pages: "p-*.png" } } }
  - { id: b, action: http, with: { connection: crm, path: /r, save_as: .hidden } }
  - { id: c, action: http, with: { connection: crm, path: /r, save_as: rows.csv, paginate: { next: link, items: page.json } } }
  - { id: d, action: file, with: { op: write, path: x, artifact: "{{ steps.a.output.artifacts.report }}", text: x } }
  - { id: e, action: file, with: { op: append, path: x, artifact: "{{ steps.a.output.artifacts.report }}" } }
  - { id: f, action: http, with: { connection: crm, path: /r, save_as: "{{ run.id }}.csv" } }
  - { id: g, action: http, with: { connection: crm, path: /r, method: POST, artifact: "{{ steps.f.output.artifacts }}", json: 1 } }
outputs:
  a: "{{ steps.a.output.artifact }} {{ steps.f.output.json }} {{ steps.g.output.artifacts }}"
"#
        ),
        @r#"
7:62 bad_value: "a/b" names no artifact: the name of an artifact holds none of / \ : * ? " < > | and no control characters -- write a value of the kind that the message says
7:62 bad_path: a path does not leave the root: `..` is refused -- write a path below the root of the connection
8:72 bad_value: ".hidden" names no artifact: the name of an artifact does not begin with a dot -- write a value of the kind that the message says
9:72 exclusive_keys: the pages of a service are items, and no file -- keep one of them
10:66 exclusive_keys: a file has one content, not text and artifact -- keep one of them
11:28 missing_key: `append` needs the content -- write `text`, `json` or `base64`
11:67 exclusive_keys: `artifact` belongs to `op: write`, not to `append` -- `append` takes: text, base64, json, create_folders
13:87 exclusive_keys: a request has one body, not json and artifact -- keep one of them
15:6 unknown_output: the output of step `a` has no `artifact` -- did you mean `artifacts`?
15:6 unknown_output: the output of step `f` has no `json` -- it has: status, headers, artifacts
15:6 unknown_output: the output of step `g` has no `artifacts` -- it has: status, headers, json, text, base64
"#
    );
}

#[test]
fn what_a_program_leaves_is_written_as_it_is() {
    insta::assert_snapshot!(
        findings(
            r#"steps:
  - { id: a, action: shell, with: { argv: ["true"], artifacts: { x: "{{ run.id }}", y: "out/{{ run.id }}", z: out/z } } }
  - { id: b, action: shell, with: { argv: ["true"], artifacts: "{{ run.id }}" } }
"#
        ),
        @r#"
7:64 template_not_allowed: the path of the artifact "x" is written as it is, never computed -- let the program give the file a fixed name below "$DRUSE_ARTIFACTS", or take all with `*`
7:64 template_not_allowed: the path of the artifact "y" is written as it is, never computed -- let the program give the file a fixed name below "$DRUSE_ARTIFACTS", or take all with `*`
8:64 template_not_allowed: `artifacts` is written as it is, never computed -- what a step may reach must be known before it runs
"#
    );
}
