//! What documents touch, and what a list lets through.

use super::{Capabilities, Grant, ToolGrant, authority, schema_digest, steers, widen};
use crate::definition::{Document, Syntax, digest, parse};
use serde_json::json;

fn document(rest: &str) -> Document {
    let text = format!("druse: 1\nname: x\n{rest}");
    parse(&text, Syntax::Yaml).expect("a document").document
}

const EVERYTHING: &str = "
triggers:
  - { id: news, poll: { action: http, with: { connection: feed, path: /news }, every: 5m } }
  - { id: drop, files: { connection: inbox } }
steps:
  - { id: a, action: http, with: { url: \"https://API.example.com:443/{{ inputs.x }}\", headers: { a: \"{{ secrets.KEY }}\" } } }
  - { id: b, action: http, with: { url: \"https://{{ inputs.x }}.example.org:8443/a\" } }
  - { id: c, action: shell, with: { argv: [git, \"{{ inputs.x }}\"], cwd: repo } }
  - { id: d, action: shell, with: { script: ls }, undo: { action: shell, with: { argv: [rm, x] } } }
  - id: each
    for_each: { items: \"{{ inputs.list }}\" }
    steps:
      - { id: e, action: mcp, with: { connection: shop, tool: buy, arguments: { x: \"{{ secrets['OTHER'] }}\" } } }
  - { id: f, action: file, with: { op: read, path: \"./in//{{ inputs.x }}.txt\" } }
  - { id: g, action: mail, with: { connection: post, to: [\"Ana <Ana@example.com>\", \"{{ inputs.x }}\"], subject: s, text: t } }
  - { id: h, action: sql, with: { connection: db, statement: select 1 } }
  - id: i
    action: approval_gate
    with: { title: t, notify: { action: http, with: { url: https://chat.example.com/x } } }
on_failure:
  - { id: j, action: emit, with: { type: went.wrong } }
finally:
  - { id: k, action: automation, with: { name: other } }
";

#[test]
fn everything_outside_is_listed_wherever_it_stands() {
    let all = Capabilities::derived(&document(EVERYTHING));
    let said = all.said();
    let list = |name: &str| -> Vec<&str> {
        said.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, items)| items.iter().map(String::as_str).collect())
            .unwrap_or_default()
    };
    assert_eq!(
        list("hosts"),
        ["*.example.org:8443", "api.example.com", "chat.example.com"]
    );
    assert_eq!(list("connections"), ["db", "feed", "inbox", "post", "shop"]);
    assert_eq!(list("tools"), ["buy of shop"]);
    assert_eq!(list("programs"), ["/bin/sh", "git", "rm"]);
    assert_eq!(list("folders"), ["repo"]);
    assert_eq!(list("files"), ["in/*.txt of the run's own folder"]);
    assert_eq!(list("recipients"), ["*", "ana@example.com"]);
    assert_eq!(list("automations"), ["other"]);
    assert_eq!(list("events"), ["went.wrong"]);
    assert_eq!(list("secrets"), ["KEY", "OTHER"]);
}

#[test]
fn the_host_of_an_address_is_told_from_what_is_computed_around_it() {
    for (url, host) in [
        ("https://a.example/x", Some("a.example")),
        ("http://a.example:80", Some("a.example")),
        ("https://a.example:80/", Some("a.example:80")),
        ("https://a.example*", Some("a.example")),
        ("https://a.example/*", Some("a.example")),
        ("https://*.example*", Some("*.example")),
        ("https://a.example:*/x", Some("a.example:*")),
        ("https://*/x", Some("*")),
        ("*", Some("*")),
        ("*/x", Some("*")),
        ("a.example", None),
    ] {
        assert_eq!(authority(url).as_deref(), host, "{url}");
    }
}

#[test]
fn a_list_lets_through_what_is_on_it_and_nothing_else() {
    let mut list = Capabilities::default();
    list.add(Grant::Host("*.example.com".into()));
    list.add(Grant::File(None, "reports/*".into()));
    list.add(Grant::Folder("work/*".into()));
    list.add(Grant::Tool("shop".into(), "buy".into()));
    for (grant, expected) in [
        (Grant::Host("a.example.com".into()), true),
        (Grant::Host("example.com".into()), false),
        (Grant::Host("a.example.com.evil.example".into()), false),
        (Grant::Host("a.example.com:8080".into()), false),
        (Grant::File(None, "reports/a/b.txt".into()), true),
        (Grant::File(None, "reports/../secret".into()), false),
        (Grant::File(Some("docs".into()), "reports/a".into()), false),
        (Grant::Folder("work/../../etc".into()), false),
        (Grant::Folder("work/a".into()), true),
        (Grant::Tool("shop".into(), "buy".into()), true),
        (Grant::Tool("shop".into(), "sell".into()), false),
        (Grant::Tool("other".into(), "buy".into()), false),
        (Grant::Program("git".into()), false),
        (Grant::Secret("KEY".into()), false),
    ] {
        assert_eq!(list.permits(&grant), expected, "{grant:?}");
    }
}

#[test]
fn a_tool_listed_without_a_digest_takes_any() {
    let one = schema_digest(&json!({ "type": "object", "a": 1 }));
    assert_eq!(one, schema_digest(&json!({ "a": 1, "type": "object" })));
    let grant = |schema| ToolGrant {
        connection: "c".into(),
        tool: "t".into(),
        schema,
    };
    let mut list = Capabilities::default();
    list.tools.insert(grant(Some(one.clone())));
    assert_eq!(list.schemas("c", "t"), [&one]);
    list.tools.insert(grant(None));
    assert!(list.schemas("c", "t").is_empty());
}

#[test]
fn the_list_is_a_part_of_the_digest_and_counts_in_the_place_of_what_is_written() {
    let steps = "steps:\n  - { id: a, action: shell, with: { argv: [git] } }\n";
    let open = document(steps);
    let closed = document(&format!("{steps}capabilities: {{ programs: [ls] }}\n"));
    assert_ne!(digest(&open), digest(&closed));
    let git = Grant::Program("git".into());
    assert!(Capabilities::of(&open).permits(&git));
    assert!(!Capabilities::of(&closed).permits(&git));
    let none = document(&format!("{steps}capabilities: {{}}\n"));
    assert_eq!(Capabilities::of(&none), Capabilities::default());
}

#[test]
fn what_steers_a_program_is_asked_about_and_never_computed() {
    let codes = |value: &str| -> Vec<String> {
        let step = format!(
            "steps:\n  - {{ id: a, action: shell, with: {{ argv: [git], env: {{ PATH: \"{value}\" }} }} }}\ninputs: {{ x: {{ type: string }} }}\n"
        );
        let findings = crate::check::check(&document(&step), &crate::check::Catalog::default());
        findings.into_iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes("/usr/bin"), ["program_steered"]);
    assert_eq!(codes("{{ inputs.x }}"), ["template_not_allowed"]);
}

#[test]
fn variables_that_make_other_code_run_are_known_by_their_families() {
    for name in [
        "PATH",
        "HOME",
        "IFS",
        "PS4",
        "ENV",
        "BASH_ENV",
        "SHELLOPTS",
        "BASHOPTS",
        "BASH_FUNC_hello%%",
        "PROMPT_COMMAND",
        "LD_PRELOAD",
        "DYLD_INSERT_LIBRARIES",
        "GCONV_PATH",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PERL5LIB",
        "PERL5OPT",
        "RUBYOPT",
        "RUBYLIB",
        "NODE_OPTIONS",
        "NODE_PATH",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "CLASSPATH",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_COUNT",
        "GIT_EXEC_PATH",
        "GIT_EDITOR",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "MANPAGER",
        "BROWSER",
        "LESSOPEN",
        "TAR_OPTIONS",
        "RSYNC_RSH",
        "SSH_ASKPASS",
        "MAKEFLAGS",
        "CC",
        "CXX",
        "GOFLAGS",
        "CARGO_HOME",
        "CARGO_BUILD_RUSTC",
        "RUSTC_WRAPPER",
        "npm_config_prefix",
        "NPM_CONFIG_PREFIX",
        "PIP_INDEX_URL",
        "XDG_CONFIG_HOME",
        "PATH=/tmp:",
    ] {
        assert!(steers(name), "{name}");
    }
    for name in [
        "",
        "path",
        "TEXT",
        "OUT",
        "LANG",
        "TZ",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_DATE",
        "PYTHONUNBUFFERED",
        "NODE_ENV",
        "GITHUB_TOKEN",
        "CARGO_REGISTRY_TOKEN",
        "PGPASSWORD",
        "COUNT",
        "RUST_LOG",
        "X=PATH",
    ] {
        assert!(!steers(name), "{name}");
    }
}

#[test]
fn a_variable_that_no_program_can_be_given_is_found_by_the_check() {
    let codes = |name: &str| -> Vec<String> {
        let step = format!(
            "steps:\n  - {{ id: a, action: shell, with: {{ argv: [ls], env: {{ {name}: x }} }} }}\n"
        );
        let findings = crate::check::check(&document(&step), &crate::check::Catalog::default());
        findings.into_iter().map(|finding| finding.code).collect()
    };
    for name in ["\"\"", "\"PATH=/tmp:\"", "\"A\\0B\"", "DRUSE_FENCE"] {
        assert_eq!(codes(name), ["bad_value"], "{name}");
    }
    assert!(codes("TEXT").is_empty());
    assert_eq!(codes("GIT_SSH_COMMAND"), ["program_steered"]);
    assert_eq!(codes("\"BASH_FUNC_ls%%\""), ["program_steered"]);
}

#[test]
fn a_step_that_is_added_takes_along_what_it_touches_and_nothing_else() {
    let list = "capabilities: { programs: [git] }\n";
    let git = "  - { id: a, action: shell, with: { argv: [git, status] } }\n";
    let missing = "  - { id: b, action: shell, with: { argv: [curl, x] } }\n";
    let added = "  - { id: c, action: emit, with: { type: went.well } }\n";
    let before = document(&format!("{list}steps:\n{git}{missing}"));
    let mut after = document(&format!("{list}steps:\n{git}{missing}{added}"));
    let said = widen(&before, &mut after);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].code, "capability_widened");
    assert_eq!(said[0].step.as_deref(), Some("c"));
    let list = after.capabilities.clone().expect("it has one");
    assert!(list.permits(&Grant::Event("went.well".into())));
    assert!(!list.permits(&Grant::Program("curl".into())));
    assert!(widen(&before, &mut before.clone()).is_empty());
    let mut without = document(&format!("steps:\n{git}{added}"));
    assert!(widen(&before, &mut without).is_empty());
    assert!(without.capabilities.is_none());
}
