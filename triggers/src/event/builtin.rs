//! The events that Druse tells of itself: their types, and what each means.

use super::{Data, Event};
use crate::suggest::nearest;

/// A type of event that only Druse tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// The CloudEvents type.
    pub event_type: &'static str,
    /// What has happened.
    pub meaning: &'static str,
}

/// A change that somebody makes, as the audit log names it, and the event that tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The audited action.
    pub action: &'static str,
    /// The CloudEvents type.
    pub event_type: &'static str,
    /// The folder of the event's source; what was changed stands behind it.
    pub folder: &'static str,
    /// Under which key `data` names what was changed.
    pub key: &'static str,
}

const fn builtin(event_type: &'static str, meaning: &'static str) -> Builtin {
    Builtin {
        event_type,
        meaning,
    }
}

const fn change(
    action: &'static str,
    event_type: &'static str,
    folder: &'static str,
    key: &'static str,
) -> Change {
    Change {
        action,
        event_type,
        folder,
        key,
    }
}

/// What a run tells.
pub const OF_RUNS: &[Builtin] = &[
    builtin("run.started", "a run exists"),
    builtin("run.succeeded", "a run ended well"),
    builtin("run.failed", "a run failed, or ran out of time"),
    builtin(
        "run.rejected",
        "a person refused at a gate, and the run ended with that",
    ),
    builtin("run.canceled", "a run was canceled"),
    builtin("run.paused", "somebody holds a run"),
    builtin("run.resumed", "somebody lets a run go on"),
    builtin("step.failed", "a step failed for good, after its retries"),
    builtin(
        "step.paused",
        "a step failed for good and waits for a person (`on_error: pause`)",
    ),
    builtin("step.resumed", "a person has such a step tried again"),
    builtin(
        "step.uncertain",
        "nobody knows whether a step happened, and no check can tell",
    ),
    builtin(
        "step.resolved",
        "a person said what became of an uncertain step",
    ),
    builtin("approval.requested", "a gate asks"),
    builtin("approval.decided", "a person answered"),
    builtin("approval.expired", "a gate's time ran out"),
    builtin(
        "approval.reminded",
        "a gate that nobody has answered was brought to mind again",
    ),
    builtin(
        "approval.escalated",
        "a gate's time ran out, and others are asked, too",
    ),
    builtin(
        "approval.reassigned",
        "others are asked in the place of those before",
    ),
    builtin(
        "approval.voided",
        "what a gate lets through has changed, and it asks anew",
    ),
];

/// What happens at triggers and subscriptions by itself.
pub const OF_TRIGGERS: &[Builtin] = &[
    builtin("schedule.late", "a time fired more than a minute late"),
    builtin(
        "schedule.missed",
        "times were missed, and the catch-up rule passes them over",
    ),
    builtin(
        "schedule.overdue",
        "a time is due for more than a minute and has not fired",
    ),
    builtin(
        "schedule.clock_went_back",
        "the clock shows an earlier time than before",
    ),
    builtin("trigger.paused", "somebody paused a trigger"),
    builtin("trigger.resumed", "somebody lets a trigger fire again"),
    builtin(
        "trigger.failing",
        "a folder or a service could not be asked for five minutes",
    ),
    builtin("trigger.recovered", "it can be asked again"),
    builtin("backfill.finished", "a backfill has come to its end"),
    builtin(
        "subscription.gone",
        "a subscriber answered 410 and is sent nothing more",
    ),
    builtin(
        "version.activated",
        "a version became the one that triggers start",
    ),
    builtin("automation.deactivated", "an automation is out of service"),
];

/// What people change.
pub const OF_CHANGES: &[Builtin] = &[
    builtin(
        "automation.created",
        "an automation was made or crystallized",
    ),
    builtin("automation.deleted", "an automation was removed"),
    builtin(
        "automation.reviewed",
        "somebody has looked at what had changed",
    ),
    builtin("version.created", "an automation has a new version"),
    builtin("run.seen", "somebody has seen that a run failed"),
    builtin("run.unseen", "that a failed run was seen was taken back"),
    builtin("session.imported", "a recording was stored"),
    builtin("session.deleted", "a recording was removed"),
    builtin("backfill.started", "somebody asked for a backfill"),
    builtin("backfill.canceled", "somebody stopped a backfill"),
    builtin(
        "subscription.created",
        "somebody is told of events from now on",
    ),
    builtin("subscription.deleted", "somebody is told no more"),
    builtin(
        "subscription.paused",
        "the sending to a subscriber was stopped",
    ),
    builtin(
        "subscription.resumed",
        "the sending to a subscriber goes on",
    ),
    builtin("approval.linked", "a link that decides on a gate was made"),
    builtin("connection.changed", "a connection was set"),
    builtin("connection.deleted", "a connection was removed"),
    builtin("secret.changed", "a secret was set; its value is not told"),
    builtin("secret.deleted", "a secret was removed"),
    builtin("token.created", "a token was made; it is not told"),
    builtin("token.revoked", "a token was revoked"),
    builtin("tools.changed", "the tool map was written"),
    builtin("retention.changed", "how long history is kept was changed"),
    builtin("backup.created", "a backup was made"),
    builtin("console.signed_in", "somebody signed in to the console"),
];

/// The changes, by the actions of the audit log. What is not among them is told by its run or its trigger.
pub const CHANGES: &[Change] = &[
    change(
        "automation.create",
        "automation.created",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.delete",
        "automation.deleted",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.reviewed",
        "automation.reviewed",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.edit",
        "version.created",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.rollback",
        "version.created",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.crystallize",
        "version.created",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.step.add",
        "version.created",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.step.change",
        "version.created",
        "/automations",
        "automation_id",
    ),
    change(
        "automation.step.remove",
        "version.created",
        "/automations",
        "automation_id",
    ),
    change("run.seen", "run.seen", "/runs", "run_id"),
    change("run.unseen", "run.unseen", "/runs", "run_id"),
    change(
        "session.import",
        "session.imported",
        "/sessions",
        "session_id",
    ),
    change(
        "session.delete",
        "session.deleted",
        "/sessions",
        "session_id",
    ),
    change(
        "trigger.backfill",
        "backfill.started",
        "/triggers",
        "trigger_id",
    ),
    change(
        "trigger.backfill_cancel",
        "backfill.canceled",
        "/triggers",
        "trigger_id",
    ),
    change(
        "subscription.create",
        "subscription.created",
        "/subscriptions",
        "name",
    ),
    change(
        "subscription.delete",
        "subscription.deleted",
        "/subscriptions",
        "subscription_id",
    ),
    change(
        "subscription.pause",
        "subscription.paused",
        "/subscriptions",
        "subscription_id",
    ),
    change(
        "subscription.resume",
        "subscription.resumed",
        "/subscriptions",
        "subscription_id",
    ),
    change(
        "approval.link",
        "approval.linked",
        "/approvals",
        "approval_id",
    ),
    change(
        "connection.write",
        "connection.changed",
        "/connections",
        "connection",
    ),
    change(
        "connection.delete",
        "connection.deleted",
        "/connections",
        "connection",
    ),
    change("secret.write", "secret.changed", "/secrets", "secret"),
    change("secret.delete", "secret.deleted", "/secrets", "secret"),
    change("token.create", "token.created", "/tokens", "token_id"),
    change("token.revoke", "token.revoked", "/tokens", "token_id"),
    change("tools.write", "tools.changed", "", "tools"),
    change("retention.write", "retention.changed", "", "retention"),
    change("backup.create", "backup.created", "/backup", "backup"),
    change("console.sign_in", "console.signed_in", "/console", "user"),
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    OF_RUNS.iter().chain(OF_TRIGGERS).chain(OF_CHANGES)
}

/// The types that tell how a run ended: each run tells one of them.
const ENDS: [&str; 4] = [
    "run.succeeded",
    "run.failed",
    "run.rejected",
    "run.canceled",
];

/// Whether an event tells of the doings of the automation that a trigger belongs to, other than an end of its
/// run. A run tells many of these: were each followed by a run, there would be twice as many after each, until
/// the chain is too deep. An end may be followed by the next run, one after the other.
pub fn tells_of_itself(event: &Event, automation: &str) -> bool {
    let told = OF_RUNS.iter().chain(OF_TRIGGERS);
    let mut told = told.filter(|one| !ENDS.contains(&one.event_type));
    let Data::Json(data) = &event.data else {
        return false;
    };
    data["automation_id"] == automation && told.any(|one| one.event_type == event.event_type)
}

/// Whether a type is one that only Druse itself tells.
pub fn is_builtin(event_type: &str) -> bool {
    all().any(|one| one.event_type == event_type)
}

/// How an audited action is told, if it is.
pub fn change_of(action: &str) -> Option<&'static Change> {
    CHANGES.iter().find(|change| change.action == action)
}

/// The built-in type that is likely meant by one that nobody tells.
pub fn meant_by(event_type: &str) -> Option<&'static str> {
    if event_type.contains('*') || is_builtin(event_type) {
        return None;
    }
    let (noun, verb) = event_type.split_once('.')?;
    let like = nearest(event_type, all().map(|one| one.event_type))?;
    let (its_noun, its_verb) = like.split_once('.')?;
    // Another noun is somebody else's event, and so is a verb that only looks a little alike.
    let slip = strsim::damerau_levenshtein(verb, its_verb) <= 2;
    (noun == its_noun && slip || strsim::damerau_levenshtein(event_type, like) <= 1).then_some(like)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_an_automation_does_is_followed_by_its_ends_alone() {
        let told = |event_type: &str, automation: &str| Event {
            id: "1".into(),
            source: "/runs/run_1".into(),
            event_type: event_type.into(),
            subject: None,
            time: None,
            content_type: None,
            schema: None,
            extensions: serde_json::Map::new(),
            data: Data::Json(serde_json::json!({ "automation_id": automation })),
        };
        for own in ["run.started", "run.paused", "step.failed"] {
            assert!(tells_of_itself(&told(own, "auto_1"), "auto_1"), "{own}");
            assert!(!tells_of_itself(&told(own, "auto_2"), "auto_1"), "{own}");
        }
        for end in ENDS {
            assert!(is_builtin(end), "{end}");
            assert!(!tells_of_itself(&told(end, "auto_1"), "auto_1"), "{end}");
        }
        assert!(!tells_of_itself(
            &told("com.example.run", "auto_1"),
            "auto_1"
        ));
    }

    #[test]
    fn each_type_stands_once_and_each_change_has_its_type() {
        let types: BTreeSet<&str> = all().map(|one| one.event_type).collect();
        assert_eq!(types.len(), all().count());
        let told: BTreeSet<&str> = CHANGES.iter().map(|change| change.event_type).collect();
        let listed: BTreeSet<&str> = OF_CHANGES.iter().map(|one| one.event_type).collect();
        assert_eq!(told, listed);
        let actions: BTreeSet<&str> = CHANGES.iter().map(|change| change.action).collect();
        assert_eq!(actions.len(), CHANGES.len());
    }

    #[test]
    fn a_slip_of_the_pen_is_known_and_the_events_of_others_are_left_alone() {
        assert_eq!(meant_by("run.suceeded"), Some("run.succeeded"));
        assert_eq!(meant_by("run.cancelled"), Some("run.canceled"));
        assert_eq!(meant_by("runs.failed"), Some("run.failed"));
        assert_eq!(meant_by("approval.request"), Some("approval.requested"));
        for other in [
            "run.succeeded",
            "run.*",
            "com.example.paid",
            "order.failed",
            "run.measured",
            "x",
        ] {
            assert_eq!(meant_by(other), None, "{other}");
        }
    }
}
