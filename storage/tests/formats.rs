//! Data of every format that was ever written must open for ever.
//!
//! `tests/data/v1` was written once by this file with `DRUSE_WRITE_DATA=<folder>`; it is never written again.
//! So were `tests/data/v1-loops` with `DRUSE_WRITE_LOOPS`, `tests/data/v1-handlers` with
//! `DRUSE_WRITE_HANDLERS`, `tests/data/v1-waits` with `DRUSE_WRITE_WAITS`, `tests/data/v1-turns` with
//! `DRUSE_WRITE_TURNS`, `tests/data/v1-approvals` with `DRUSE_WRITE_APPROVALS`, `tests/data/v1-rates` with
//! `DRUSE_WRITE_RATES`, `tests/data/v1-checks` with `DRUSE_WRITE_CHECKS` and `tests/data/v1-artifacts` with
//! `DRUSE_WRITE_ARTIFACTS`: the kinds of event that came to
//! format 1 later.

use druse_engine::{
    ApprovalId, Artifact, AutomationId, Digest, EventId, Json, RunId, Timestamp,
    definition::{FailureClass, Overflow},
    event::{
        ApprovalRequest, Change, Decision, Entry, Failure, HandlerList, Outcome, Probed, RunEvent,
        SkipReason, Start, Status, StepPath, Verdict,
    },
    flow::{Claim, KeyClaim},
};
use druse_storage::{
    Batch, BlobUse, RateHold, RateStart, RunHead, RunQuery, Scan, Setting, Store, StoreExt, Table,
    embedded::{Embedded, Options},
    verify,
};
use serde_json::json;
use std::{fs, path::Path, sync::Arc};

fn options() -> Options {
    Options {
        first_segment_bytes: 12 << 10,
        segment_bytes: 64 << 10,
        prepare: false,
        ballast_bytes: 0,
        least_free: 0,
        ..Options::default()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp(1_800_000_000_000 + second * 1000)
}

fn run() -> RunId {
    RunId::from_parts(1_800_000_000_000, *b"format one")
}

fn start() -> Start {
    Start {
        run: run(),
        automation: Some(AutomationId::from_parts(1_799_999_999_000, [9; 10])),
        name: "pay-bill".into(),
        version: 3,
        digest: Digest::of(b"the document"),
        cause: Json::from(json!({ "kind": "schedule", "trigger": "nightly" })),
        started_by: "trigger:nightly".into(),
        inputs: Json::from(json!({ "bill": "bills/december.txt", "limit": 100.5 })),
        trigger: Json::from(json!({ "scheduled_at": "2027-01-15T08:00:00.000Z" })),
        scheduled_at: Some(at(0)),
        root: RunId::from_parts(1_700_000_000_000, [1; 10]),
        depth: 1,
    }
}

/// Every kind of event, with every optional part there and missing.
fn entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let failure = Failure {
        class: FailureClass::Retryable,
        code: "http_503".into(),
        message: "The bank answered 503.".into(),
        details: Some(Json::from(json!({ "status": 503 }))),
    };
    let plain = Failure::new(FailureClass::Quarantined, "killed", "It ended the process.");
    let request = |open: bool| ApprovalRequest {
        approval: ApprovalId::from_parts(1_800_000_003_000, [2; 10]),
        title: "Pay 98.70?".into(),
        message: open.then(|| "The December bill".into()),
        details: Json::from(json!({ "amount": 98.7 })),
        fields: Json::null(),
        approvers: vec!["role:approver".into(), "user:ada".into()],
        needed: 2,
        exclude_starter: open,
        digest: Digest::of(b"what is shown"),
        expires_at: open.then(|| at(90)),
    };
    let decision = |verdict, open: bool| Decision {
        decision: verdict,
        by: "ada".into(),
        comment: open.then(|| "ok ✓".into()),
        fields: open.then(|| Json::from(json!({ "note": [1, 2.5, null] }))),
        at: at(40),
        own_run: open,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::StepSkipped {
            step: step("a"),
            reason: SkipReason::When,
        },
        RunEvent::StepSkipped {
            step: step("b"),
            reason: SkipReason::Need {
                step: "a".into(),
                status: Status::Skipped,
            },
        },
        RunEvent::StepSkipped {
            step: step("c"),
            reason: SkipReason::Case {
                step: "choose".into(),
                taken: Some("large".into()),
            },
        },
        RunEvent::StepSkipped {
            step: step("d"),
            reason: SkipReason::RunEnding,
        },
        RunEvent::StepEvaluated {
            step: step("e"),
            output: Json::from(json!({ "z": 1, "a": [true] })),
        },
        RunEvent::StepKept {
            step: step("f"),
            output: Json::from(json!("kept")),
            from: start().root,
        },
        RunEvent::AttemptStarted {
            step: step("pay"),
            number: 1,
            fence: 7,
            input: Json::from(json!({ "amount": 98.70 })),
            idempotency_key: "key".into(),
            deadline: Some(at(60)),
        },
        RunEvent::AttemptFinished {
            step: step("pay"),
            number: 1,
            outcome: Outcome::Failed {
                failure: failure.clone(),
                retry_after_ms: Some(1500),
            },
        },
        RunEvent::RetryScheduled {
            step: step("pay"),
            due: at(2),
        },
        RunEvent::AttemptInterrupted {
            step: step("pay"),
            number: 2,
        },
        RunEvent::AttemptFinished {
            step: step("pay"),
            number: 3,
            outcome: Outcome::Succeeded {
                output: Json::from(json!({ "paid": true })),
            },
        },
        RunEvent::WaitStarted {
            step: step("rest"),
            until: at(30),
        },
        RunEvent::WaitFinished { step: step("rest") },
        RunEvent::ApprovalRequested {
            step: step("gate"),
            request: Box::new(request(true)),
        },
        RunEvent::ApprovalRequested {
            step: step("gate2"),
            request: Box::new(request(false)),
        },
        RunEvent::ApprovalDecided {
            step: step("gate"),
            decision: decision(Verdict::Approve, true),
        },
        RunEvent::ApprovalDecided {
            step: step("gate2"),
            decision: decision(Verdict::SendBack, false),
        },
        RunEvent::ApprovalExpired {
            step: step("gate2"),
        },
        RunEvent::StepFailed {
            step: step("g"),
            failure: plain.clone(),
        },
        RunEvent::StepUncertain { step: step("h") },
        RunEvent::StepCanceled { step: step("i") },
        RunEvent::CancelRequested {
            by: "ada".into(),
            reason: Some("wrong bill".into()),
        },
        RunEvent::CancelRequested {
            by: "bob".into(),
            reason: None,
        },
        RunEvent::RunTimedOut,
        RunEvent::Finished {
            status: Status::Failed,
            outputs: Some(Json::from(json!({ "paid": 98.7 }))),
            failure: Some(failure),
        },
    ];
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry {
            seq,
            at: at(seq as i64),
            event,
        })
        .collect()
}

/// Every kind of event about loops, with every optional part there and missing.
fn loop_entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let failure = Failure::new(FailureClass::Permanent, "repeat_limit", "It did not come.");
    let finished = |name: &str, open: bool| RunEvent::PassFinished {
        step: step(name),
        status: if open {
            Status::Succeeded
        } else {
            Status::Failed
        },
        output: open.then(Json::null),
        failure: (!open).then(|| failure.clone()),
        done: open,
        due: (!open).then(|| at(9)),
    };
    let kept = |name: &str, open: bool| RunEvent::PassKept {
        step: step(name),
        item: Digest::of(b"item"),
        output: open.then(|| Json::from(json!([1, "ß"]))),
        done: open,
        from: start().root,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::KeepingStarted { results: 2 },
        kept("each[3]", true),
        kept("each[4]", false),
        RunEvent::LoopStarted {
            step: step("each"),
            items: Some(Json::from(json!({ "a": 1, "b": [2.5] }))),
            deadline: Some(at(60)),
        },
        RunEvent::LoopStarted {
            step: step("each[0].ready"),
            items: None,
            deadline: None,
        },
        RunEvent::PassStarted {
            step: step("each[0].ready[1]"),
        },
        finished("each[0].ready[1]", true),
        finished("each[0]", false),
        RunEvent::LoopFinished {
            step: step("each[0].ready"),
            status: Status::Succeeded,
            failure: None,
        },
        RunEvent::LoopTimedOut { step: step("each") },
        RunEvent::LoopFinished {
            step: step("each"),
            status: Status::Rejected,
            failure: Some(failure),
        },
    ];
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry {
            seq,
            at: at(seq as i64),
            event,
        })
        .collect()
}

/// What came with handlers and pauses.
fn handler_entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let failure = Failure::new(FailureClass::Timeout, "timeout", "It took too long.");
    let (by, reason) = (
        "user:ana".to_owned(),
        Some("ein Blick darauf, größer".to_owned()),
    );
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::DoneBefore {
            step: step("each[0].pay"),
            from: start().root,
        },
        RunEvent::Paused {
            by: by.clone(),
            reason: reason.clone(),
        },
        RunEvent::Resumed {
            by: by.clone(),
            reason: None,
        },
        RunEvent::StepPaused {
            step: step("pay"),
            failure: failure.clone(),
        },
        RunEvent::StepResumed {
            step: step("pay"),
            by: by.clone(),
            reason,
            input: Some(Json::from(json!({ "path": "/v2" }))),
        },
        RunEvent::StepResumed {
            step: step("pay"),
            by,
            reason: None,
            input: None,
        },
        RunEvent::WorkFinished {
            status: Status::Failed,
            outputs: None,
            failure: Some(failure),
        },
        RunEvent::HandlersStarted {
            list: HandlerList::Undo,
        },
        RunEvent::HandlersStarted {
            list: HandlerList::OnFailure,
        },
        RunEvent::HandlersStarted {
            list: HandlerList::Finally,
        },
        RunEvent::WorkFinished {
            status: Status::Succeeded,
            outputs: Some(Json::from(json!({ "n": 1 }))),
            failure: None,
        },
    ];
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry {
            seq,
            at: at(seq as i64),
            event,
        })
        .collect()
}

/// Every kind of event about waits for events, with every optional part there and missing.
fn wait_entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let awaited = |name: &str, open: bool| RunEvent::EventAwaited {
        step: step(name),
        event_type: "com.example.*".into(),
        key: open.then(|| "ß-17".into()),
        since: at(1),
        until: open.then(|| at(90)),
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        awaited("paid", true),
        awaited("each[0].paid", false),
        RunEvent::EventTaken {
            step: step("paid"),
            event: EventId::from_parts(1_800_000_000_000, [9; 10]),
            received_at: at(2),
            value: Json::from(json!({ "type": "com.example.paid", "data": [98.70] })),
        },
    ];
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry {
            seq,
            at: at(seq as i64),
            event,
        })
        .collect()
}

/// Every kind of event about turns, with every optional part there and missing.
fn turn_entries() -> Vec<Entry> {
    let claim = |key: Option<KeyClaim>, priority: i32| RunEvent::Queued {
        claim: Some(Box::new(Claim { priority, key })),
    };
    let key = |overflow: Overflow, hold: bool| KeyClaim {
        key: "EÜ".into(),
        limit: 3,
        overflow,
        hold,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        claim(Some(key(Overflow::Queue, true)), -5),
        claim(Some(key(Overflow::Replace, false)), 1000),
        claim(Some(key(Overflow::Skip, false)), 0),
        claim(Some(key(Overflow::Reject, false)), 0),
        claim(None, 7),
        RunEvent::Admitted,
        RunEvent::Parked { holding: true },
        RunEvent::Parked { holding: false },
        RunEvent::Queued { claim: None },
        RunEvent::PassedOver {
            reason: "all are taken".into(),
        },
    ];
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry {
            seq,
            at: at(seq as i64),
            event,
        })
        .collect()
}

fn rate_entries() -> Vec<Entry> {
    let events = [
        RunEvent::Created(Box::new(start())),
        RunEvent::RateAwaited {
            step: "each[3].send".into(),
            connection: "crm".into(),
        },
    ];
    let entry = |(event, seq)| Entry {
        seq,
        at: at(seq as i64),
        event,
    };
    events.into_iter().zip(1..).map(entry).collect()
}

fn rate_rows() -> (RateStart, RateHold) {
    let (connection, step) = ("crm".to_owned(), "each[3].send".to_owned());
    let start = RateStart {
        connection: connection.clone(),
        number: 7,
        at: at(3),
        run: run(),
        step: step.clone(),
    };
    let hold = RateHold {
        connection,
        until: at(60),
        run: run(),
        step,
    };
    (start, hold)
}

fn head(status: Status) -> RunHead {
    let start = start();
    let over = status.is_final();
    let Some(RunEvent::Finished {
        outputs, failure, ..
    }) = entries().pop().map(|entry| entry.event)
    else {
        panic!("the last entry finishes the run");
    };
    RunHead {
        id: start.run,
        automation: start.automation,
        name: start.name,
        version: start.version,
        digest: start.digest,
        status,
        cause: start.cause,
        inputs: start.inputs,
        outputs: outputs.filter(|_| over),
        error: failure.filter(|_| over),
        created_at: at(1),
        started_at: Some(at(1)),
        finished_at: over.then(|| at(26)),
    }
}

fn setting(name: &str, text: &str) -> Setting {
    Setting {
        name: name.into(),
        value: json!({ "text": text }),
        updated_at: at(5),
    }
}

fn write(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let mut entries = entries();
    let later = entries.split_off(7);
    let wait = |batch: Batch| store.append(batch).unwrap().wait().unwrap();
    wait(
        Batch::new()
            .run(Arc::new(head(Status::Running)), entries)
            .put(&setting("gone", "soon")),
    );
    wait(
        Batch::new()
            .put(&setting("short", "ß"))
            .put(&setting("long", &"long ".repeat(600))),
    );
    wait(
        Batch::new()
            .run(Arc::new(head(Status::Failed)), later)
            .remove::<Setting>("gone"),
    );
}

fn write_loops(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let batch = Batch::new().run(Arc::new(head(Status::Running)), loop_entries());
    store.append(batch).unwrap().wait().unwrap();
}

fn write_handlers(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let batch = Batch::new().run(Arc::new(head(Status::Paused)), handler_entries());
    store.append(batch).unwrap().wait().unwrap();
}

/// Every kind of event about approvals that came to format 1 later, with every optional part there and
/// missing.
fn approval_entries() -> Vec<Entry> {
    let step = || StepPath::from("each[3].ask");
    let decision = Decision {
        decision: Verdict::SendBack,
        by: "ada".into(),
        comment: Some("shorter ✓".into()),
        fields: None,
        at: at(40),
        own_run: false,
    };
    let failure = Failure::new(FailureClass::Timeout, "timeout", "Nobody took it.");
    let change = Change {
        what: "pay/with/amount".into(),
        before: Json::from(json!(98.7)),
        after: Json::null(),
    };
    let mut events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::ApprovalReminded { step: step() },
        RunEvent::StepResolved {
            step: step(),
            by: "user:ada".into(),
            reason: Some("the bank shows it".into()),
        },
        RunEvent::StepResolved {
            step: step(),
            by: "user:ada".into(),
            reason: None,
        },
        RunEvent::ApprovalSentBack {
            step: step(),
            decision,
        },
        RunEvent::ApprovalVoided {
            step: step(),
            changes: vec![change],
        },
    ];
    for open in [false, true] {
        let approvers = vec!["user:ada".to_owned(); usize::from(open)];
        events.extend([
            RunEvent::ApprovalEscalated {
                step: step(),
                approvers: approvers.clone(),
                expires_at: open.then(|| at(90)),
            },
            RunEvent::ApprovalReassigned {
                step: step(),
                approvers,
                by: "bob".into(),
                reason: open.then(|| "on leave".into()),
            },
            RunEvent::ApprovalNotified {
                step: step(),
                notice: 1,
                index: 2,
                attempts: 5,
                failure: open.then(|| failure.clone()),
            },
        ]);
    }
    (1..)
        .zip(events)
        .map(|(seq, event)| Entry {
            seq,
            at: at(i64::try_from(seq).unwrap()),
            event,
        })
        .collect()
}

fn write_approvals(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let batch = Batch::new().run(Arc::new(head(Status::Running)), approval_entries());
    store.append(batch).unwrap().wait().unwrap();
}

fn write_waits(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let batch = Batch::new().run(Arc::new(head(Status::Running)), wait_entries());
    store.append(batch).unwrap().wait().unwrap();
}

fn write_turns(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let batch = Batch::new().run(Arc::new(head(Status::Queued)), turn_entries());
    store.append(batch).unwrap().wait().unwrap();
}

fn write_rates(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let (start, hold) = rate_rows();
    let batch = Batch::new().run(Arc::new(head(Status::Waiting)), rate_entries());
    let batch = batch.put(&start).put(&hold);
    store.append(batch).unwrap().wait().unwrap();
}

fn check_entries() -> Vec<Entry> {
    let pay = || StepPath::from("each[1].pay");
    let checked = |answer: Probed, failure: Option<Failure>| RunEvent::StepChecked {
        step: pay(),
        answer,
        failure,
    };
    let why = Failure::new(FailureClass::Uncertain, "check_unknown", "it does not say");
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::AskedBefore {
            step: pay(),
            from: run(),
            asked: Digest::of(b"what it asked for"),
        },
        RunEvent::StepUncertain { step: pay() },
        checked(Probed::Happened, None),
        checked(Probed::NotHappened, None),
        checked(Probed::Unknown, Some(why)),
    ];
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry {
            seq,
            at: at(seq as i64),
            event,
        })
        .collect()
}

fn write_checks(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let batch = Batch::new().run(Arc::new(head(Status::Running)), check_entries());
    store.append(batch).unwrap().wait().unwrap();
}

/// What is in an artifact.
const ARTIFACT: &[u8] = b"pdf";

fn artifact_entries() -> Vec<Entry> {
    let kept = |from: Option<RunId>| RunEvent::ArtifactKept {
        step: StepPath::from("each[1].render"),
        artifact: Artifact {
            name: "report.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: 3,
            digest: Digest::of(ARTIFACT),
        },
        from,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        kept(Some(run())),
        kept(None),
    ];
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry {
            seq,
            at: at(seq as i64),
            event,
        })
        .collect()
}

fn write_artifacts(folder: &Path) {
    let store = Embedded::open(folder, options()).unwrap();
    let hold = Arc::new(store.put_blob(ARTIFACT).unwrap());
    let used = BlobUse {
        digest: hold.digest().clone(),
        run: run(),
        bytes: hold.bytes(),
    };
    let batch = Batch::new().run(Arc::new(head(Status::Running)), artifact_entries());
    let batch = batch.put(&used).holding(hold);
    store.append(batch).unwrap().wait().unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn what_is_written_today_is_format_1_to_the_byte() {
    type Write = fn(&Path);
    for (name, write) in [
        ("v1", write as Write),
        ("v1-loops", write_loops),
        ("v1-handlers", write_handlers),
        ("v1-waits", write_waits),
        ("v1-turns", write_turns),
        ("v1-approvals", write_approvals),
        ("v1-rates", write_rates),
        ("v1-checks", write_checks),
        ("v1-artifacts", write_artifacts),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        let kept = kept(name);
        for file in ["format", "log/00000001.log", "log/head"] {
            let same =
                fs::read(folder.path().join(file)).unwrap() == fs::read(kept.join(file)).unwrap();
            assert!(
                same,
                "{name}/{file} differs: a change of format needs a new number"
            );
        }
    }
}

fn kept(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

#[test]
fn events_about_loops_of_format_1_say_what_they_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_LOOPS") {
        write_loops(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-loops"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), loop_entries());
}

#[test]
fn events_about_waits_of_format_1_say_what_they_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_WAITS") {
        write_waits(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-waits"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), wait_entries());
}

#[test]
fn events_about_handlers_of_format_1_say_what_they_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_HANDLERS") {
        write_handlers(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-handlers"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), handler_entries());
    let head = store.run_head(run()).unwrap().unwrap();
    assert_eq!(head.status, Status::Paused);
}

#[test]
fn events_about_approvals_of_format_1_say_what_they_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_APPROVALS") {
        write_approvals(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-approvals"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(
        store.run_entries(run(), 0, 100).unwrap(),
        approval_entries()
    );
}

#[test]
fn events_about_checks_of_format_1_say_what_they_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_CHECKS") {
        write_checks(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-checks"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), check_entries());
}

#[test]
fn events_about_artifacts_of_format_1_say_what_they_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_ARTIFACTS") {
        write_artifacts(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-artifacts"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.blobs, 1);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(
        store.run_entries(run(), 0, 100).unwrap(),
        artifact_entries()
    );
    let key = BlobUse::key_of(&Digest::of(ARTIFACT), run());
    assert_eq!(store.get::<BlobUse>(&key).unwrap().unwrap().bytes, 3);
}

#[test]
fn events_about_turns_of_format_1_say_what_they_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_TURNS") {
        write_turns(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-turns"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), turn_entries());
}

#[test]
fn what_is_about_rates_of_format_1_says_what_it_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_RATES") {
        write_rates(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1-rates"), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), rate_entries());
    let (start, hold) = rate_rows();
    assert_eq!(store.get("crm/00000000000000000007").unwrap(), Some(start));
    assert_eq!(store.get("crm").unwrap(), Some(hold));
}

#[test]
fn data_of_format_1_opens_and_says_what_it_said() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_DATA") {
        write(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&kept("v1"), folder.path());

    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(
        (report.records, report.runs, report.entries, report.rows),
        (3, 1, 26, 4)
    );

    let store = Embedded::open(folder.path(), options()).unwrap();
    assert!(store.damage().is_empty());
    assert_eq!(
        *store.run_head(run()).unwrap().unwrap(),
        head(Status::Failed)
    );
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), entries());
    assert_eq!(store.run_entries(run(), 6, 3).unwrap(), entries()[6..9]);
    let scan = Scan {
        limit: 10,
        ..Scan::default()
    };
    let long = setting("long", &"long ".repeat(600));
    assert_eq!(
        store.scan::<Setting>(&scan).unwrap(),
        [long, setting("short", "ß")]
    );
    assert_eq!(store.row(Table::Setting, "gone").unwrap(), None);
    let query = RunQuery {
        cause: Some("schedule".into()),
        limit: 9,
        ..RunQuery::default()
    };
    assert_eq!(store.runs(&query).unwrap().len(), 1);
}
