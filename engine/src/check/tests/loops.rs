//! Loops, their bodies, and what is skipped in and around them.

use super::*;

#[test]
fn loops_and_their_bodies() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - id: find
    action: transform
    with: { value: [1] }
  - id: each
    needs: [remind]
    for_each: { items: "{{ steps.find.output }} {{ invoice.id }}", as: invoice, max_parallel: 0, on_item_error: pause, until: steps.remnd.output, output: "{{ steps.remind.output.jsn }}" }
    steps:
      - id: remind
        action: http
        needs: [find, gone, chek.big]
        with: { connection: crm, path: "/{{ invoce.id }}/{{ loop.indx }}/{{ steps.chck.output }}/{{ steps.each.output }}" }
      - id: check
        action: switch
        with: { cases: [ { id: big, when: invoice > inputs.cuont } ] }
      - id: find
        action: transform
        needs: [check.bg]
        with: { value: 1 }
      - id: remind
        action: htpp
      - id: a
        action: transform
        with: { value: "{{ steps.b.output }}" }
      - id: b
        action: transform
        with: { value: "{{ steps.a.output }}" }
  - id: after
    action: transform
    needs: [remind]
    with: { value: "{{ steps.remind.output }} {{ invoice }} {{ loop.index }} {{ steps.each.output }}" }
outputs:
  x: "{{ steps.check.output }}"
"#
    ), @r"
11:5 self_need: step `each` needs itself -- what is inside of a loop cannot read the loop's own output
13:24 unknown_name: there is no name `invoice` here -- `invoice` is a name inside of a loop only
13:95 bad_value: `max_parallel` is at least 1 -- write a value of the kind that the message says
13:113 bad_value: `on_item_error` cannot be `pause` -- one of: fail, continue
13:155 unknown_output: the output of step `remind` has no `jsn` -- did you mean `json`?
13:127 unknown_step: there is no step `remnd` -- did you mean `remind`?
12:13 inside_loop: step `remind` is inside of the loop `each`, so nothing outside of it can need it -- write `needs: [each]`: the loop as a whole
17:23 unknown_step: there is no step `gone` -- `needs` names steps of the same loop's body
17:29 unknown_step: there is no step `chek` -- did you mean `check`?
18:40 unknown_name: there is no name `invoce` here -- did you mean `invoice`?
18:40 unknown_name: `loop` has no `indx` -- did you mean `index`?
18:40 unknown_step: there is no step `chck` -- did you mean `check`?
21:43 unknown_input: there is no input `cuont` -- did you mean `count`?
22:13 duplicate_id: a step outside of the loop has the id `find` too -- give one of them another id
24:17 unknown_case: the switch `check` has no case `bg` -- did you mean `big`?
27:17 unknown_action: there is no action `htpp` -- did you mean `http`?
26:13 duplicate_id: two steps have the id `remind` -- give one of them another id
28:9 cycle: steps wait for each other: `a` needs `b`, `b` needs `a` -- remove one of these needs or references
36:13 inside_loop: step `remind` is inside of the loop `each`, so nothing outside of it can need it -- write `needs: [each]`: the loop as a whole
37:20 inside_loop: step `remind` is inside of the loop `each` and cannot be read from outside -- read what the loop gives: `steps.each.output`
37:20 unknown_name: there is no name `invoice` here -- `invoice` is a name inside of a loop only
37:20 unknown_name: there is no name `loop` here -- `loop` is a name inside of a loop only
39:6 inside_loop: step `check` is inside of the loop `each` and cannot be read from outside -- read what the loop gives: `steps.each.output`
");
}

#[test]
fn forms_of_loops() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - { id: a, action: http, with: { connection: crm, path: /x }, steps: [ { id: x, action: transform, with: { value: 1 } } ] }
  - { id: b, for_each: { items: [] } }
  - { id: c, for_each: { items: [] }, repeat: { until: "true" }, steps: [ { id: x, action: transform, with: { value: 1 } } ] }
  - { id: d, for_each: { items: [], as: loop }, action: http, with: {}, retry: {}, delivery: at_most_once, effects: read, idempotency_key: k, steps: [ { id: x, action: transform, with: { value: 1 } } ] }
  - { id: e, repeat: { until: "{{ true }}", factor: 0.5, max: 0 }, steps: [ { id: x, action: transform, with: { value: 1 } } ] }
  - { id: f, repeat: { until: "steps.x.output >", factor: 2 }, steps: [ { id: x, action: transform, with: { value: 1 } } ] }
  - id: g
    for_each: { items: [] }
    steps:
      - { id: h, for_each: { items: "{{ item }}" }, steps: [ { id: g, action: transform, with: { value: 1 } } ] }
      - { id: i, for_each: { items: [], as: Row }, steps: [ { id: j, action: tool, with: { tool: t } }, { id: k, action: sql, with: { connection: crm, statement: select 1 } } ] }
      - { id: l, for_each: { items: [], as: row }, steps: [ { id: m, action: transform, with: { value: "{{ row }}{{ item }}{{ loop.index }}" } } ] }
"#
    ), @r#"
8:72 not_a_loop: step `a` has `steps` and is no loop -- add `for_each` or `repeat`, or move these steps out
9:14 missing_key: the loop `b` has no `steps` -- write what it does under `steps`
10:47 exclusive_keys: `for_each` and `repeat` exclude each other -- put one loop into the body of the other
11:57 not_for_loops: `action` does not belong to a loop -- write it at the steps of the loop's body
11:94 not_for_loops: `delivery` does not belong to a loop -- write it at the steps of the loop's body
11:117 not_for_loops: `effects` does not belong to a loop -- write it at the steps of the loop's body
11:41 bad_id: `loop` cannot be the name of an item -- it means something else already: choose another name
11:140 not_for_loops: `idempotency_key` does not belong to a loop -- write it at the steps of the loop's body
11:80 not_for_loops: `retry` does not belong to a loop -- write it at the steps of the loop's body
11:69 not_for_loops: `with` does not belong to a loop -- write it at the steps of the loop's body
12:53 bad_value: `factor` is at least 1 -- write a value of the kind that the message says
12:63 bad_value: `max` is at least 1 -- write a value of the kind that the message says
12:31 bad_expression: the expression cannot be read: unexpected `}`, expected `:` -- `until` is an expression already: write it without `{{ }}`
13:59 no_effect: `factor` does nothing without `every` -- add the other one, or remove it
13:31 bad_expression: the expression cannot be read: unexpected end of input, expected expression -- the message says where it stops being one
17:28 duplicate_name: a loop around `h` calls its item `item` too -- give this one another name with `as`
17:68 duplicate_id: a step outside of the loop has the id `g` too -- give one of them another id
18:45 bad_id: `Row` cannot be the name of an item -- a name is small letters, digits and `_`, and begins with a letter
18:98 unmapped_tool: nothing says what the recorded tool `t` is, so step `j` cannot run -- add a rule to the tool map (`tools: [{match: "t", action: …}]`)
18:147 wrong_connection: the connection `crm` is for http, not for sqlite or postgres -- name one of the right kind
"#);
}

#[test]
fn keys_of_bodies_tell_passes_apart() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - id: each
    for_each: { items: [1], as: row }
    steps:
      - { id: a, action: http, with: { connection: crm, path: /x }, idempotency_key: "{{ run.id }}" }
      - { id: b, action: http, with: { connection: crm, path: /x }, idempotency_key: "{{ run.id }}:{{ row }}" }
      - { id: c, action: http, with: { connection: crm, path: /x }, idempotency_key: "{{ loop.index }}" }
      - { id: d, action: http, with: { connection: crm, path: /x }, idempotency_key: "{{ steps.a.output.json.id }}" }
      - id: ready
        repeat: { until: "true" }
        steps:
          - { id: e, action: http, with: { connection: crm, path: /x }, idempotency_key: "{{ row }}" }
          - { id: f, action: http, with: { connection: crm, path: /x }, idempotency_key: "{{ row }}:{{ loop.index }}" }
"#
    ), @r#"
11:86 same_key: the key of step `a` is the same in every pass of the loop `each`, so all passes but the first would count as repetitions -- add what tells the passes apart, such as `{{ row.id }}` or `{{ loop.index }}`; or leave the key out: the engine makes one for each pass
18:90 same_key: the key of step `e` is the same in every pass of the loop `ready`, so all passes but the first would count as repetitions -- add what tells the passes apart, such as `{{ loop.index }}`; or leave the key out: the engine makes one for each pass
"#);
}

/// What is known around a loop is known inside of it, and what a body skips it skips for itself.
#[test]
fn skips_in_and_around_loops() {
    insta::assert_snapshot!(findings(
        r#"
steps:
  - { id: maybe, action: transform, when: inputs.count > 1, with: { value: [1] } }
  - id: guarded
    needs: [maybe]
    for_each: { items: "{{ steps.maybe.output }}", as: row, until: "steps.some.output > 1", output: "{{ steps.some.output }}" }
    steps:
      - { id: reads, action: transform, with: { value: "{{ steps.maybe.output }}" } }
      - { id: some, action: transform, when: row > 1, with: { value: 1 } }
      - { id: needs, action: transform, needs: [some], with: { value: "{{ steps.some.output }}" } }
      - { id: loose, action: transform, with: { value: "{{ steps.some.output }}" } }
  - id: bare
    for_each: { items: [1], as: row }
    steps:
      - { id: x, action: transform, with: { value: "{{ steps.maybe.output }}" } }
      - { id: y, action: http, on_error: continue, with: { connection: crm, path: "/" } }
  - id: poll
    repeat: { until: "steps.ping.output.json.done" }
    steps:
      - { id: ping, action: http, on_error: continue, with: { connection: crm, path: "/" } }
  - id: later
    action: transform
    with: { value: "{{ steps.guarded.output }}" }
"#
    ), @r#"
11:68 may_be_skipped: step `some` may be skipped, and then it has no output to read -- write `steps.some.output | default(…)`
16:56 may_be_skipped: step `some` may be skipped, and then it has no output to read -- write `steps.some.output | default(…)`, or add `some` to the `needs` of this step
20:52 may_be_skipped: step `maybe` may be skipped, and then it has no output to read -- write `steps.maybe.output | default(…)`
23:22 may_be_skipped: step `ping` may fail while the run goes on, and then it has no output to read -- write `steps.ping.output.json.done | default(…)`
28:20 may_be_skipped: step `guarded` may be skipped, and then it has no output to read -- write `steps.guarded.output | default(…)`, or add `guarded` to the `needs` of this step
"#);
}
