//! The figures as a table: always the number, what was accepted, and wrong changes side by side, with 95 % Wilson
//! intervals.

use super::Figures;
use std::fmt::Write as _;

/// The 95 % Wilson interval of a share, in per cent.
pub(super) fn wilson(hits: u64, all: u64) -> (f64, f64) {
    if all == 0 {
        return (0.0, 100.0);
    }
    let (n, z) = (all as f64, 1.959_963_985_f64);
    let share = hits as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let under = 1.0 + z * z / n;
    (
        ((middle - spread) / under * 100.0).max(0.0),
        ((middle + spread) / under * 100.0).min(100.0),
    )
}

pub(in crate::tests) fn share(hits: u64, all: u64) -> String {
    let (low, high) = wilson(hits, all);
    format!(
        "{hits} of {all}: {:.1} % ({low:.1}–{high:.1})",
        hits as f64 * 100.0 / all.max(1) as f64
    )
}

/// The rows of one kind of programs: ours first, then the simple rules.
pub(super) fn rows(all: &[(String, Figures)]) -> String {
    let (programs, derivable) = all
        .first()
        .map_or((0, 0), |(_, figures)| (figures.programs, figures.derivable));
    let mut text = format!(
        "{programs} programs, of which {derivable} are derivable by the generator:\n\n| | accepted | runs of accepted: the same changes | stopped before one | wrong changes |\n|---|---|---|---|---|\n"
    );
    for (who, figures) in all {
        let _ = writeln!(
            text,
            "| {who} | {} | {} | {} | {} |",
            share(figures.accepted, figures.programs),
            share(figures.same, figures.runs),
            figures.stopped,
            share(figures.wrong, figures.runs),
        );
    }
    if let Some((who, figures)) = all.first() {
        let _ = writeln!(
            text,
            "\nThe drafts of {who} that were refused, run all the same: wrong changes in {}.",
            share(figures.refused_wrong, figures.refused_runs)
        );
    }
    text
}

/// What nobody said in the programs that are not derivable, with how many were refused, and whether they were once
/// their author had answered.
pub(super) fn untold(figures: &Figures, is_answered: bool) -> String {
    if figures.untold.is_empty() {
        return String::new();
    }
    let mut text =
        String::from("\n| what does not follow from the recording | programs | refused |");
    text.push_str(if is_answered {
        " accepted once it is answered |\n|---|---|---|---|\n"
    } else {
        "\n|---|---|---|\n"
    });
    for (what, [programs, refused, then]) in &figures.untold {
        let what = match what.as_str() {
            "" => "nothing: it is asked about all the same",
            other => other,
        };
        let _ = write!(text, "| {what} | {programs} | {refused} |");
        let _ = writeln!(
            text,
            "{}",
            match is_answered {
                true => format!(" {then} |"),
                false => String::new(),
            }
        );
    }
    text
}

#[test]
fn intervals() {
    let (low, high) = wilson(0, 9_380);
    assert!(low == 0.0 && (0.040..0.042).contains(&high), "{low} {high}");
    let (low, high) = wilson(50, 100);
    assert!((40.3..40.5).contains(&low) && (59.5..59.7).contains(&high));
}
