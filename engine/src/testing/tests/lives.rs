//! The laws over many random lives.

use super::hunt::{again, hunt};
use crate::testing::Coverage;

fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn told(seed: u64, coverage: &Coverage) {
    let of = |group, name| coverage.times(group, name);
    let events: u64 = coverage.total("fact");
    println!(
        "{} lives and {} retries of them, DRUSE_SEED={seed}: {} inputs, {events} events, {} crashes, {} cancels, \
         {} answers to gates, {} passes of loops",
        of("life", "lived"),
        of("life", "retried"),
        of("life", "inputs"),
        of("life", "crashed"),
        of("fact", "cancel_requested"),
        of("fact", "approval_decided") + of("fact", "approval_sent_back"),
        of("fact", "pass_finished"),
    );
    print!("{coverage}");
}

/// `DRUSE_LIVES` says how many lives, `DRUSE_SEED` takes others, and `DRUSE_LIFE` is one that is lived again.
#[test]
fn laws_hold_over_many_lives() {
    if let Ok(name) = std::env::var("DRUSE_LIFE") {
        let name = name
            .parse()
            .unwrap_or_else(|wrong: String| panic!("{wrong}"));
        match again(name) {
            Ok(coverage) => told(name.seed, &coverage),
            Err(caught) => panic!("{}", caught.shrink()),
        }
        return;
    }
    let lives = setting("DRUSE_LIVES", 20_000);
    let seed = setting("DRUSE_SEED", 0);
    let coverage = match hunt(seed, lives) {
        Ok(coverage) => coverage,
        Err(caught) => panic!("{}", caught.shrink()),
    };
    told(seed, &coverage);
    if lives >= 20_000 {
        let unseen = coverage.unseen();
        assert!(unseen.is_empty(), "no life came by {unseen:#?}");
    }
}
