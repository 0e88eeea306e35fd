//! What the clients ask for: automations with effects that leave a line outside of the data folder, and
//! how the runs of each have to end.

use std::path::Path;

/// Something that a client asks for. A run carries the number of its work as the input `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// One pure step.
    One,
    /// Pure steps and effects, in a row and beside each other.
    Several,
    /// An effect, a gate, an effect.
    Gate,
    /// A delivery to a webhook.
    Hook,
    /// An event that two triggers wait for.
    Event,
    /// An effect, a wait for an event that is told of this work alone, an effect.
    Told,
    /// A short wait before an effect.
    Pause,
    /// A long wait, which is canceled.
    Long,
    /// An effect that is tried at most once.
    Once,
    /// Starts another automation, then sends an event that starts a third.
    Parent,
    /// An effect that fails the first time it is tried.
    Retried,
    /// A step that never ends by itself, so that a crash always comes in the middle of it. Two of these
    /// are under way from the first life to the last: no other step is ever the only one in flight, which
    /// would be taken for the cause of the crash.
    Hold,
}

/// Each kind as often as it is asked for.
const SHARES: [Kind; 18] = [
    Kind::One,
    Kind::One,
    Kind::One,
    Kind::Several,
    Kind::Several,
    Kind::Several,
    Kind::Gate,
    Kind::Gate,
    Kind::Hook,
    Kind::Hook,
    Kind::Event,
    Kind::Told,
    Kind::Told,
    Kind::Pause,
    Kind::Long,
    Kind::Once,
    Kind::Parent,
    Kind::Retried,
];

impl Kind {
    /// The kind that a number draws.
    pub(super) fn drawn(number: u64) -> Self {
        SHARES[usize::try_from(number % SHARES.len() as u64).expect("it fits")]
    }

    /// The automations of which such work makes one run each.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::One => &["one"],
            Self::Several => &["several"],
            Self::Gate => &["gate"],
            Self::Hook => &["hook"],
            Self::Event => &["event_a", "event_b"],
            Self::Told => &["told"],
            Self::Pause => &["pause"],
            Self::Long => &["long"],
            Self::Once => &["once"],
            Self::Parent => &["parent", "child", "sent"],
            Self::Retried => &["retried"],
            Self::Hold => &["hold"],
        }
    }

    /// The automation whose runs are started by name.
    pub(super) fn name(self) -> &'static str {
        self.names()[0]
    }

    /// Whether its answer may be waited for until the run has ended.
    pub(super) fn ends_soon(self) -> bool {
        !matches!(
            self,
            Self::Gate | Self::Told | Self::Long | Self::Once | Self::Hold
        )
    }
}

/// The step of [`Kind::Gate`] that waits for a person.
pub(super) const GATE: &str = "ask";

/// Steps whose ids begin with this write a line when they are performed.
pub(super) const MARK: &str = "mark";

/// The automation whose effect is never tried again.
pub(super) const ONCE: &str = "once";

/// The secret of the webhook.
pub(super) const SECRET: &str = "crash_hook";

/// The type of the events that clients send.
pub(super) const EVENT: &str = "com.example.crash.asked";

/// The type of the events that tell runs to go on.
pub(super) const TELLS: &str = "com.example.crash.tells";

/// The documents, by name.
pub(super) fn documents(effects: &Path) -> Vec<(&'static str, String)> {
    let bodies = [
        ("one", "  - { id: plus, action: transform, with: { value: \"{{ inputs.n + 1 }}\" } }\n".to_owned()),
        ("several", format!(
            "  - {{ id: plus, action: transform, with: {{ value: \"{{{{ inputs.n + 1 }}}}\" }} }}\n{}{}{}  - {{ id: sum, action: transform, with: {{ value: \"{{{{ steps.mark_b.output.exit_code + steps.mark_c.output.exit_code }}}}\" }} }}\n{}",
            mark("mark_a", &["plus"], effects), mark("mark_b", &["mark_a"], effects), mark("mark_c", &["mark_a"], effects), mark("mark_d", &["sum"], effects),
        )),
        ("gate", format!(
            "{}  - {{ id: {GATE}, needs: [mark_before], action: approval_gate, with: {{ title: \"Go on with {{{{ inputs.n }}}}?\" }} }}\n{}",
            mark("mark_before", &[], effects), mark("mark_after", &[GATE], effects),
        )),
        ("told", format!(
            "{}  - {{ id: wait, needs: [mark_before], action: wait, with: {{ event: {{ type: {TELLS}, when: \"event.data.key == 'key ' ~ inputs.n\" }} }} }}\n{}",
            mark("mark_before", &[], effects), mark("mark_after", &["wait"], effects),
        )),
        ("hook", mark("mark", &[], effects)),
        ("event_a", mark("mark", &[], effects)),
        ("event_b", "  - { id: plus, action: transform, with: { value: \"{{ inputs.n + 1 }}\" } }\n".to_owned()),
        ("pause", format!("  - {{ id: pause, action: wait, with: {{ for: 40ms }} }}\n{}", mark("mark", &["pause"], effects))),
        ("long", format!(
            "{}  - {{ id: pause, needs: [mark_before], action: wait, with: {{ for: 12h }} }}\n{}",
            mark("mark_before", &[], effects), mark("mark_never", &["pause"], effects),
        )),
        (ONCE, format!("{}    delivery: at_most_once\n", mark("mark", &[], effects))),
        ("parent",
            "  - { id: start, action: automation, with: { name: child, inputs: { n: \"{{ inputs.n }}\" } } }\n  - { id: send, needs: [start], action: emit, with: { type: com.example.crash.sent, data: { n: \"{{ inputs.n }}\" } } }\n".to_owned(),
        ),
        ("hold", step("mark", &[], effects, "; exec sleep 3600")),
        ("child", mark("mark", &[], effects)),
        ("sent", mark("mark", &[], effects)),
        ("retried", format!(
            "{}    retry: {{ attempts: 3, backoff: 1ms, \"on\": [permanent] }}\n",
            step("mark", &[], effects, "; [ \"$DRUSE_ATTEMPT\" -gt 1 ]"),
        )),
    ];
    let document = |(name, steps): (&'static str, String)| {
        let text = format!(
            "druse: 1\nname: {name}\ninputs:\n  n: {{ type: integer }}\n{}steps:\n{steps}",
            triggers(name)
        );
        (name, text)
    };
    bodies.into_iter().map(document).collect()
}

fn triggers(name: &str) -> String {
    let trigger = match name {
        "hook" => format!(
            "webhook: {{ verify: {{ scheme: bearer, secret: {SECRET} }} }}\n    inputs: {{ n: \"{{{{ trigger.body.n }}}}\" }}"
        ),
        "event_a" | "event_b" => {
            format!("event: {{ type: {EVENT} }}\n    inputs: {{ n: \"{{{{ trigger.data.n }}}}\" }}")
        }
        "sent" => {
            "event: { type: com.example.crash.sent }\n    inputs: { n: \"{{ trigger.data.n }}\" }"
                .to_owned()
        }
        _ => return String::new(),
    };
    format!("triggers:\n  - id: comes\n    {trigger}\n")
}

fn mark(id: &str, needs: &[&str], effects: &Path) -> String {
    step(id, needs, effects, "")
}

/// A step that appends one line, in one write, to the file of effects.
fn step(id: &str, needs: &[&str], effects: &Path, then: &str) -> String {
    format!(
        "  - id: {id}\n    needs: [{}]\n    action: shell\n    with:\n      script: >-\n        printf '%s %s %s %s\\n' \"$DRUSE_RUN_ID\" \"$DRUSE_STEP\" \"$DRUSE_ATTEMPT\" \"$DRUSE_IDEMPOTENCY_KEY\" >> \"$EFFECTS\"{then}\n      env: {{ EFFECTS: {} }}\n",
        needs.join(", "),
        serde_json::json!(effects),
    )
}
