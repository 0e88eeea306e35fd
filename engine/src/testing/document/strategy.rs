//! How documents are drawn.

use super::*;
use proptest::prelude::*;

/// The actions with effects.
const EFFECTS: [&str; 9] = [
    "http",
    "shell",
    "mcp",
    "emit",
    "tool",
    "automation",
    "sql",
    "file",
    "mail",
];

/// Documents of up to `most` steps in their own list, and loops in loops.
pub fn documents(most: usize) -> impl Strategy<Value = DocumentSpec> {
    let steps = prop_oneof![
        8 => prop::collection::vec(step(2), 0..=most),
        1 => (1u32..3, any::<bool>(), any::<bool>())
            .prop_map(|(rounds, late, pauses)| two_gates(rounds, late, pauses)),
    ];
    let handlers = || prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(step(1), 0..3)];
    (
        steps,
        handlers(),
        handlers(),
        any::<bool>(),
        prop::option::weighted(0.15, 1u32..600),
        any::<bool>(),
        prop::option::weighted(
            0.25,
            prop::sample::subsequence(GRANTS.to_vec(), 0..=GRANTS.len()),
        ),
    )
        .prop_map(
            |(mut steps, on_failure, finally, undoes, timeout, calm, listed)| {
                if calm {
                    steps.iter_mut().for_each(StepSpec::calm);
                }
                DocumentSpec {
                    steps,
                    on_failure,
                    finally,
                    undoes,
                    timeout,
                    listed,
                }
            },
        )
}

impl StepSpec {
    /// It does not fail by itself, nor is it skipped by itself: runs get farther then.
    fn calm(&mut self) {
        if self.when != WhenSpec::Holds {
            self.when = WhenSpec::None;
        }
        match &mut self.kind {
            KindSpec::Broken => self.kind = KindSpec::Transform,
            KindSpec::ForEach(each) => {
                if each.output == OutputSpec::Fails {
                    each.output = OutputSpec::Reads;
                }
                each.body.iter_mut().for_each(Self::calm);
            }
            KindSpec::Repeat(repeat) => {
                repeat.max = repeat.max.max(repeat.until + 1);
                repeat.body.iter_mut().for_each(Self::calm);
            }
            _ => {}
        }
    }
}

/// A step behind two gates, of which one sends back what the step works with, and the other asks, if it
/// comes late, when that is known.
fn two_gates(rounds: u32, late: bool, pauses: bool) -> Vec<StepSpec> {
    let plain = |kind: KindSpec, back: &[usize]| StepSpec {
        kind,
        needs: back
            .iter()
            .map(|back| NeedSpec {
                back: *back,
                case: None,
            })
            .collect(),
        join: "all_succeeded",
        when: WhenSpec::None,
        retry: None,
        timeout: None,
        goes_on: false,
        at_most_once: false,
        pauses: false,
        undo: false,
        check: None,
    };
    let review = ReviewSpec {
        needed: 1,
        timeout: None,
        remind: None,
        notify: 0,
        back: 0,
        rounds,
    };
    let wait = KindSpec::Wait(if late { 60 } else { 0 });
    let works = StepSpec {
        pauses,
        ..plain(KindSpec::Works(4), &[0, 2])
    };
    vec![
        plain(KindSpec::Effect("http"), &[]),
        plain(KindSpec::Review(Box::new(review)), &[0]),
        plain(wait, &[]),
        plain(KindSpec::Gate(1, None, false), &[0]),
        works,
    ]
}

/// A step with loops in it down to this depth.
fn step(depth: u32) -> BoxedStrategy<StepSpec> {
    let plain = prop_oneof![
        3 => Just(KindSpec::Transform),
        2 => Just(KindSpec::Reads),
        1 => Just(KindSpec::Broken),
        2 => (0u8..3).prop_map(KindSpec::Switch),
        2 => (0u32..120).prop_map(KindSpec::Wait),
        2 => hear(),
        2 => (1u32..4, prop::option::of(0u32..300), any::<bool>())
            .prop_map(|(needed, timeout, approve)| KindSpec::Gate(needed, timeout, approve)),
        2 => review(),
        6 => prop::sample::select(EFFECTS.to_vec())
            .prop_map(KindSpec::Effect),
    ];
    if depth == 0 {
        return of_kind(plain.boxed());
    }
    of_kind(prop_oneof![8 => plain, 2 => for_each(depth - 1), 1 => repeat(depth - 1)].boxed())
}

fn hear() -> impl Strategy<Value = KindSpec> {
    (
        prop::option::weighted(0.7, 0..EVENT_TYPES.len()),
        prop::option::weighted(0.6, any::<bool>()),
        prop::option::weighted(0.6, 0u32..200),
        any::<bool>(),
        prop::sample::select(vec![0, 0, 30]),
    )
        .prop_map(
            |(event_type, when, timeout, goes_on, lookback)| KindSpec::Hear {
                event_type,
                when,
                timeout,
                goes_on,
                lookback,
            },
        )
}

fn review() -> impl Strategy<Value = KindSpec> {
    (
        1u32..4,
        prop::option::of((0u32..300, 0u8..3)),
        prop::option::of(1u32..90),
        0usize..3,
        0usize..3,
        1u32..3,
    )
        .prop_map(|(needed, timeout, remind, notify, back, rounds)| {
            KindSpec::Review(Box::new(ReviewSpec {
                needed,
                timeout,
                remind,
                notify,
                back,
                rounds,
            }))
        })
}

fn body(depth: u32) -> impl Strategy<Value = Vec<StepSpec>> {
    prop::collection::vec(step(depth), 1..4)
}

fn for_each(depth: u32) -> impl Strategy<Value = KindSpec> {
    let output = prop_oneof![
        3 => Just(OutputSpec::Last),
        2 => Just(OutputSpec::Reads),
        1 => Just(OutputSpec::Fails),
    ];
    (
        (0u32..4, any::<bool>()),
        1u32..4,
        any::<bool>(),
        prop::option::weighted(0.3, 0u32..3),
        output,
        body(depth),
    )
        .prop_map(|((items, map), parallel, goes_on, until, output, body)| {
            KindSpec::ForEach(Box::new(ForEachSpec {
                items,
                map,
                parallel,
                goes_on,
                until,
                output,
                body,
            }))
        })
}

fn repeat(depth: u32) -> impl Strategy<Value = KindSpec> {
    (
        0u32..4,
        1u32..4,
        prop::option::of(0u32..60),
        any::<bool>(),
        any::<bool>(),
        body(depth),
    )
        .prop_map(|(until, max, every, grows, hands_on, body)| {
            KindSpec::Repeat(Box::new(RepeatSpec {
                until,
                max,
                every,
                grows,
                hands_on,
                body,
            }))
        })
}

fn of_kind(kind: BoxedStrategy<KindSpec>) -> BoxedStrategy<StepSpec> {
    let need = (0usize..4, prop::option::of(any::<bool>()))
        .prop_map(|(back, case)| NeedSpec { back, case });
    let join = prop::sample::select(vec![
        "all_succeeded",
        "all_succeeded",
        "none_failed",
        "all_done",
        "any_succeeded",
        "any_failed",
    ]);
    let when = prop_oneof![
        6 => Just(WhenSpec::None),
        2 => Just(WhenSpec::Holds),
        1 => Just(WhenSpec::Not),
        1 => Just(WhenSpec::Fails),
    ];
    (
        kind,
        prop::collection::vec(need, 0..3),
        join,
        when,
        prop::option::weighted(0.4, (1u32..5, prop::option::weighted(0.3, 1u32..60))),
        prop::option::weighted(0.3, 0u32..30),
        (prop::bool::weighted(0.3), prop::bool::weighted(0.15)),
        (
            prop::bool::weighted(0.25),
            prop::bool::weighted(0.5),
            prop::option::weighted(0.5, 0u8..5),
        ),
    )
        .prop_map(
            |(
                kind,
                needs,
                join,
                when,
                retry,
                timeout,
                (goes_on, pauses),
                (at_most_once, undo, check),
            )| {
                StepSpec {
                    kind,
                    needs,
                    join,
                    when,
                    retry,
                    timeout,
                    goes_on,
                    pauses,
                    at_most_once,
                    undo,
                    check,
                }
            },
        )
        .boxed()
}
