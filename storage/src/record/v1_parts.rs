//! What events are made of, as format 1 writes it, and the codes of their enumerations.

use super::Undecodable;
use super::v1::{Text, approval, automation, digest, json, run_id, text};
use druse_engine::{
    Timestamp,
    definition::{FailureClass, Overflow},
    event::{
        ApprovalRequest, Decision, Failure, HandlerList, Probed, SkipReason, Start, Status,
        StepPath, Verdict,
    },
    flow::{Claim, KeyClaim},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(super) struct V1Failure<'a> {
    pub(super) class: u8,
    pub(super) code: Text<'a>,
    pub(super) message: Text<'a>,
    pub(super) details: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Start<'a> {
    pub(super) run: [u8; 16],
    pub(super) automation: Option<[u8; 16]>,
    pub(super) name: Text<'a>,
    pub(super) version: u32,
    pub(super) digest: Text<'a>,
    pub(super) cause: Text<'a>,
    pub(super) started_by: Text<'a>,
    pub(super) inputs: Text<'a>,
    pub(super) trigger: Text<'a>,
    pub(super) scheduled_at: Option<i64>,
    pub(super) root: [u8; 16],
    pub(super) depth: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) enum V1Skip<'a> {
    When,
    Need {
        step: Text<'a>,
        status: u8,
    },
    Case {
        step: Text<'a>,
        taken: Option<Text<'a>>,
    },
    RunEnding,
}

#[derive(Serialize, Deserialize)]
pub(super) enum V1Outcome<'a> {
    Succeeded {
        output: Text<'a>,
    },
    Failed {
        failure: V1Failure<'a>,
        retry_after_ms: Option<u64>,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Request<'a> {
    pub(super) approval: [u8; 16],
    pub(super) title: Text<'a>,
    pub(super) message: Option<Text<'a>>,
    pub(super) details: Text<'a>,
    pub(super) fields: Text<'a>,
    pub(super) approvers: Vec<Text<'a>>,
    pub(super) needed: u32,
    pub(super) exclude_starter: bool,
    pub(super) digest: Text<'a>,
    pub(super) expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Decision<'a> {
    pub(super) decision: u8,
    pub(super) by: Text<'a>,
    pub(super) comment: Option<Text<'a>>,
    pub(super) fields: Option<Text<'a>>,
    pub(super) at: i64,
    pub(super) own_run: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Change<'a> {
    pub(super) what: Text<'a>,
    pub(super) before: Text<'a>,
    pub(super) after: Text<'a>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Claim<'a> {
    pub(super) priority: i32,
    pub(super) key: Option<V1Key<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Key<'a> {
    pub(super) key: Text<'a>,
    pub(super) limit: u32,
    pub(super) overflow: u8,
    pub(super) hold: bool,
}

macro_rules! codes {
    ($to:ident, $from:ident, $type:ty, $what:literal, $($variant:ident = $code:literal),*) => {
        pub(crate) fn $to(value: $type) -> u8 {
            match value { $(<$type>::$variant => $code),* }
        }
        pub(crate) fn $from(code: u8) -> Result<$type, Undecodable> {
            match code {
                $($code => Ok(<$type>::$variant),)*
                other => Err(Undecodable(format!(concat!("unknown ", $what, " {}"), other))),
            }
        }
    };
}

codes!(
    status_code,
    status,
    Status,
    "status",
    Queued = 0,
    Running = 1,
    Waiting = 2,
    Succeeded = 3,
    Failed = 4,
    Rejected = 5,
    Canceled = 6,
    Skipped = 7,
    Uncertain = 8,
    Paused = 9
);
codes!(
    list_code,
    list,
    HandlerList,
    "list of handlers",
    Undo = 0,
    OnFailure = 1,
    Finally = 2
);
codes!(
    probed_code,
    probed,
    Probed,
    "answer of a check",
    Happened = 0,
    NotHappened = 1,
    Unknown = 2
);
codes!(
    class_code,
    class,
    FailureClass,
    "failure class",
    Retryable = 0,
    Permanent = 1,
    Timeout = 2,
    Canceled = 3,
    Uncertain = 4,
    Interrupted = 5,
    Quarantined = 6
);
codes!(
    overflow_code,
    overflow,
    Overflow,
    "overflow",
    Queue = 0,
    Skip = 1,
    Replace = 2,
    Reject = 3
);
codes!(
    verdict_code,
    verdict,
    Verdict,
    "decision",
    Approve = 0,
    Reject = 1,
    SendBack = 2
);

pub(super) fn borrowed(text: &str) -> Text<'_> {
    Cow::Borrowed(text)
}

pub(super) fn step(path: &StepPath) -> Text<'_> {
    Cow::Borrowed(&path.0)
}

pub(super) fn path(text: Text<'_>) -> StepPath {
    StepPath::from(text.as_ref())
}

impl V1Failure<'_> {
    pub(super) fn into_failure(self) -> Result<Failure, Undecodable> {
        Ok(Failure {
            class: class(self.class)?,
            code: self.code.into_owned(),
            message: self.message.into_owned(),
            details: self.details.map(json),
        })
    }
}

impl<'a> From<&'a Start> for V1Start<'a> {
    fn from(start: &'a Start) -> Self {
        Self {
            run: start.run.0.to_bytes(),
            automation: start.automation.map(|id| id.0.to_bytes()),
            name: borrowed(&start.name),
            version: start.version,
            digest: borrowed(start.digest.as_str()),
            cause: text(&start.cause),
            started_by: borrowed(&start.started_by),
            inputs: text(&start.inputs),
            trigger: text(&start.trigger),
            scheduled_at: start.scheduled_at.map(|at| at.0),
            root: start.root.0.to_bytes(),
            depth: start.depth,
        }
    }
}

impl V1Start<'_> {
    pub(super) fn into_start(self) -> Result<Start, Undecodable> {
        Ok(Start {
            run: run_id(self.run),
            automation: self.automation.map(automation),
            name: self.name.into_owned(),
            version: self.version,
            digest: digest(&self.digest)?,
            cause: json(self.cause),
            started_by: self.started_by.into_owned(),
            inputs: json(self.inputs),
            trigger: json(self.trigger),
            scheduled_at: self.scheduled_at.map(Timestamp),
            root: run_id(self.root),
            depth: self.depth,
        })
    }
}

impl<'a> From<&'a ApprovalRequest> for V1Request<'a> {
    fn from(request: &'a ApprovalRequest) -> Self {
        Self {
            approval: request.approval.0.to_bytes(),
            title: borrowed(&request.title),
            message: request.message.as_deref().map(borrowed),
            details: text(&request.details),
            fields: text(&request.fields),
            approvers: request.approvers.iter().map(|who| borrowed(who)).collect(),
            needed: request.needed,
            exclude_starter: request.exclude_starter,
            digest: borrowed(request.digest.as_str()),
            expires_at: request.expires_at.map(|at| at.0),
        }
    }
}

impl V1Request<'_> {
    pub(super) fn into_request(self) -> Result<ApprovalRequest, Undecodable> {
        Ok(ApprovalRequest {
            approval: approval(self.approval),
            title: self.title.into_owned(),
            message: self.message.map(Cow::into_owned),
            details: json(self.details),
            fields: json(self.fields),
            approvers: self.approvers.into_iter().map(Cow::into_owned).collect(),
            needed: self.needed,
            exclude_starter: self.exclude_starter,
            digest: digest(&self.digest)?,
            expires_at: self.expires_at.map(Timestamp),
        })
    }
}

impl<'a> From<&'a Decision> for V1Decision<'a> {
    fn from(decision: &'a Decision) -> Self {
        Self {
            decision: verdict_code(decision.decision),
            by: borrowed(&decision.by),
            comment: decision.comment.as_deref().map(borrowed),
            fields: decision.fields.as_ref().map(text),
            at: decision.at.0,
            own_run: decision.own_run,
        }
    }
}

impl V1Decision<'_> {
    pub(super) fn into_decision(self) -> Result<Decision, Undecodable> {
        Ok(Decision {
            decision: verdict(self.decision)?,
            by: self.by.into_owned(),
            comment: self.comment.map(Cow::into_owned),
            fields: self.fields.map(json),
            at: Timestamp(self.at),
            own_run: self.own_run,
        })
    }
}

impl<'a> From<&'a Claim> for V1Claim<'a> {
    fn from(claim: &'a Claim) -> Self {
        Self {
            priority: claim.priority,
            key: claim.key.as_ref().map(|key| V1Key {
                key: borrowed(&key.key),
                limit: key.limit,
                overflow: overflow_code(key.overflow),
                hold: key.hold,
            }),
        }
    }
}

impl V1Claim<'_> {
    pub(super) fn into_claim(self) -> Result<Claim, Undecodable> {
        let key = self.key.map(|key| {
            Ok(KeyClaim {
                key: key.key.into_owned(),
                limit: key.limit,
                overflow: overflow(key.overflow)?,
                hold: key.hold,
            })
        });
        Ok(Claim {
            priority: self.priority,
            key: key.transpose()?,
        })
    }
}

impl<'a> From<&'a SkipReason> for V1Skip<'a> {
    fn from(reason: &'a SkipReason) -> Self {
        match reason {
            SkipReason::When => Self::When,
            SkipReason::Need { step, status } => Self::Need {
                step: borrowed(step),
                status: status_code(*status),
            },
            SkipReason::Case { step, taken } => Self::Case {
                step: borrowed(step),
                taken: taken.as_deref().map(borrowed),
            },
            SkipReason::RunEnding => Self::RunEnding,
        }
    }
}

impl V1Skip<'_> {
    pub(super) fn into_reason(self) -> Result<SkipReason, Undecodable> {
        Ok(match self {
            Self::When => SkipReason::When,
            Self::Need { step, status: code } => SkipReason::Need {
                step: step.into_owned(),
                status: status(code)?,
            },
            Self::Case { step, taken } => SkipReason::Case {
                step: step.into_owned(),
                taken: taken.map(Cow::into_owned),
            },
            Self::RunEnding => SkipReason::RunEnding,
        })
    }
}
