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
        @""
    );
}
