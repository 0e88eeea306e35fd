//! When a run should start: schedules, webhooks and events, as pure functions.
