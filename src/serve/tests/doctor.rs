//! The doctor finds runs that nothing moves any more, and finds none where all is well.

use super::super::*;
use super::help::*;
use druse_engine::RunId;
use serde_json::Value;

const WAITS: &str = "druse: 1
name: waits
steps:
  - id: pause
    action: wait
    with: { for: 2h }
";

const WORKS: &str = "druse: 1
name: works
steps:
  - id: work
    action: shell
    with: { argv: [sleep, '600'] }
";

const ASKS: &str = "druse: 1
name: asks
steps:
  - id: ask
    action: approval_gate
    with: { title: Go on?, timeout: 24h, remind: 2h }
timeout: 48h
";

const LISTENS: &str = "druse: 1
name: listens
steps:
  - id: heard
    action: wait
    with: { event: { type: com.example.never } }
";

const LISTENS_A_WHILE: &str = "druse: 1
name: listens_a_while
steps:
  - id: heard
    action: wait
    with: { event: { type: com.example.never }, timeout: 2h }
";

const TELLS: &str = "druse: 1
name: tells
steps:
  - id: ask
    action: approval_gate
    with:
      title: Go on?
      notify: [{ action: shell, with: { argv: [sleep, '600'] } }]
";

async fn started(assembly: &Assembly, document: &str, status: &str) -> RunId {
    let id = active(assembly, document).await;
    let path = format!("/api/v1/automations/{id}/runs");
    let (code, run) = ask(assembly, "POST", &path, "{}").await;
    assert_eq!(code, 202, "{run}");
    let path = format!("/api/v1/runs/{}", run["id"].as_str().unwrap());
    until("the run's status", || async {
        let (_, run) = ask(assembly, "GET", &path, "").await;
        (run["status"] == status).then_some(())
    })
    .await;
    run["id"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_fault_in_a_turn_fences_one_run_off_and_the_next_process_takes_it_up() {
    let folder = tempfile::tempdir().unwrap();
    let serving = || Setup {
        serves: true,
        ..Setup::own()
    };
    let (faulty, other) = life(async {
        let assembly = Assembly::open(folder.path(), serving()).await.unwrap();
        let faulty = started(&assembly, ASKS, "waiting").await;
        let other = started(&assembly, WORKS, "running").await;
        assembly.app.engine.make_faulty(faulty);
        for _ in 0..2 {
            let path = format!("/api/v1/runs/{faulty}/cancel");
            let (status, said) = ask(&assembly, "POST", &path, "{}").await;
            assert_eq!(
                (status, said["code"].as_str()),
                (409, Some("run_fenced_off")),
                "{said}"
            );
        }
        let found = diagnosis(&assembly).await;
        let said = stuck(&found);
        assert_eq!(said.len(), 1, "{found:#}");
        assert!(said[0].1.contains("a fault of Druse"), "{said:?}");
        let path = format!("/api/v1/runs/{other}/cancel");
        assert_eq!(ask(&assembly, "POST", &path, "{}").await.0, 202);
        assembly.close().await;
        (faulty, other)
    });
    life(async {
        let assembly = Assembly::open(folder.path(), serving()).await.unwrap();
        let path = format!("/api/v1/runs/{faulty}");
        assert_eq!(
            ask(&assembly, "GET", &path, "").await.1["status"],
            "waiting"
        );
        let (status, said) = ask(&assembly, "POST", &format!("{path}/cancel"), "{}").await;
        assert_eq!(status, 202, "{said}");
        let path = format!("/api/v1/runs/{other}");
        assert_eq!(
            ask(&assembly, "GET", &path, "").await.1["status"],
            "canceled"
        );
        assembly.close().await;
    });
}

async fn diagnosis(assembly: &Assembly) -> Value {
    let (code, found) = ask(assembly, "GET", "/api/v1/doctor", "").await;
    assert_eq!(code, 200, "{found}");
    found
}

fn stuck(found: &Value) -> Vec<(&str, &str)> {
    let problems = found["problems"].as_array().unwrap();
    problems
        .iter()
        .filter(|problem| problem["code"] == "run_stuck")
        .map(|problem| {
            (
                problem["subject"].as_str().unwrap(),
                problem["message"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn each_way_of_being_stuck_is_found_and_what_goes_on_is_not_called_stuck() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Setup {
        serves: true,
        ..Setup::own()
    };
    life(async {
        let assembly = Assembly::open(folder.path(), serving).await.unwrap();
        let waits = started(&assembly, WAITS, "waiting").await;
        let works = started(&assembly, WORKS, "running").await;
        let asks = started(&assembly, ASKS, "waiting").await;
        let listens = started(&assembly, LISTENS, "waiting").await;
        let a_while = started(&assembly, LISTENS_A_WHILE, "waiting").await;
        let tells = started(&assembly, TELLS, "waiting").await;
        let found = diagnosis(&assembly).await;
        assert_eq!(stuck(&found), [], "{found:#}");
        let runs = json!({ "live": 6, "moving": 2, "waiting": 4, "held": 0, "stuck": 0 });
        assert_eq!(found["runs"], runs);

        let engine = &assembly.app.engine;
        engine.lose_timer(waits);
        engine.lose_attempts(works);
        engine.lose_run(asks);
        engine.lose_wait(listens, "heard");
        engine.lose_silence(a_while);
        engine.lose_notices(tells);
        let found = diagnosis(&assembly).await;
        assert_eq!(found["healthy"], false);
        assert_eq!(found["runs"]["stuck"], 6, "{found:#}");
        let said = stuck(&found);
        for (run, words) in [
            (waits, "is in no timer"),
            (works, "nobody works on attempt 1 of step work"),
            (asks, "nobody carries it"),
            (listens, "nobody tells step heard of events"),
            (a_while, "of its waits is in no timer"),
            (tells, "nobody tells people of the approval"),
        ] {
            let run = run.to_string();
            let of = said.iter().find(|(subject, _)| *subject == run);
            assert!(of.unwrap().1.contains(words), "{said:?}");
        }
        assembly.close().await;
    });
    // With no server they are held, which is no fault of theirs.
    life(async {
        let assembly = Assembly::open(folder.path(), Setup::own()).await.unwrap();
        let found = diagnosis(&assembly).await;
        assert_eq!(found["runs"]["held"], 6, "{found:#}");
        assert_eq!(stuck(&found), []);
        assembly.close().await;
    });
}
