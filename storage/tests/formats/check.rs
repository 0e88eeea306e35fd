//! Events about checks of uncertain steps.

use super::common::{numbered, run, start};
use druse_engine::{
    Digest,
    definition::FailureClass,
    event::{Entry, Failure, Probed, RunEvent, StepPath},
};

pub(super) fn entries() -> Vec<Entry> {
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
    numbered(events)
}
