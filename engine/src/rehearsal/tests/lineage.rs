//! What a retry had kept is answered as in the run that it was kept from.

use super::super::*;
use super::{call, lived, ok};
use crate::definition::FailureClass;
use crate::event::{Failure, Outcome, Start, Status};
use crate::run::{Effect, Input, Run};
use crate::testing::{plan, start};
use crate::{RunId, Timestamp};
use serde_json::json;

#[test]
fn a_call_that_a_retry_kept_is_an_equal_one() {
    let mut second = call("b", "/b/{{ steps.a.output.json }}");
    second["needs"] = json!(["a", "each"]);
    let each = json!({ "id": "each", "needs": ["a"], "for_each": { "items": [1, 2] }, "steps": [call("pay", "/pay/{{ item }}")] });
    let plan = plan(&json!({ "steps": [call("a", "/a"), each, second] }));
    let failed = || Outcome::Failed {
        failure: Failure::new(FailureClass::Permanent, "x", "y"),
        retry_after_ms: None,
    };
    let (first, journal) = lived(&plan, json!({}), |step| match step {
        "b" => failed(),
        step => ok(json!({ "json": step })),
    });
    assert_eq!(first.status(), Status::Failed);
    let known = Recorded::of(&plan, &journal);
    let kept = first.kept(&plan, None).unwrap();
    assert_eq!(kept.len(), 2, "{kept:?}");

    let now = Timestamp(1_900_000_000_000);
    let begin = Start {
        run: RunId::from_parts(7, [7; 10]),
        ..start(&plan, json!({}))
    };
    let (mut second, mut journal) = Run::begin_with(plan.clone(), begin.clone(), kept, now);
    let Some(Effect::Attempt {
        step,
        number,
        fence,
        ..
    }) = second.pending().into_iter().next()
    else {
        panic!("nothing runs");
    };
    let outcome = ok(json!({ "json": 2 }));
    let input = Input::Finished {
        step,
        number,
        fence,
        outcome,
    };
    journal.extend(second.handle(now, input).unwrap());
    assert_eq!(second.status(), Status::Succeeded);

    let answered = |recorded: &Recorded| -> Vec<(String, Source)> {
        let mut answers = recorded.answers_alone();
        let course = rehearse(&plan, begin.clone(), Vec::new(), now, &mut answers);
        let calls = course.calls.iter();
        calls
            .map(|call| (call.path.to_string(), call.answer))
            .collect()
    };
    let mut recorded = Recorded::of(&plan, &journal);
    assert_eq!(
        recorded.kept_of().into_iter().collect::<Vec<_>>(),
        [first.id()]
    );
    // Of itself, the retry does not know what was asked for.
    assert_eq!(answered(&recorded)[0], ("a".to_owned(), Source::Kept));
    recorded.learn(first.id(), &known);
    let equal =
        ["a", "each[0].pay", "each[1].pay", "b"].map(|path| (path.to_owned(), Source::Recorded));
    let mut found = answered(&recorded);
    found.sort_by_key(|(path, _)| equal.iter().position(|(known, _)| known == path));
    assert_eq!(found, equal);
}
