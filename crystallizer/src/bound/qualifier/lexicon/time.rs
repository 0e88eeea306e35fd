//! Words for when something is done, or was.

/// The names of the days of the week, Monday first.
const DAYS: [[&str; 4]; 7] = [
    ["monday", "mondays", "montag", "montags"],
    ["tuesday", "tuesdays", "dienstag", "dienstags"],
    ["wednesday", "wednesdays", "mittwoch", "mittwochs"],
    ["thursday", "thursdays", "donnerstag", "donnerstags"],
    ["friday", "fridays", "freitag", "freitags"],
    ["saturday", "saturdays", "samstag", "samstags"],
    ["sunday", "sundays", "sonntag", "sonntags"],
];

/// The names of a day of the week, Monday being 0.
pub(in crate::bound::qualifier) fn weekday_names(day: i8) -> impl Iterator<Item = &'static str> {
    let day = usize::try_from(day).ok();
    let names = day.and_then(|day| DAYS.get(day));
    names.into_iter().flatten().copied()
}

/// Whether a word is the name of a day of the week.
pub(in crate::bound::qualifier) fn is_weekday(word: &str) -> bool {
    let word = word.strip_suffix("'s").unwrap_or(word);
    DAYS.iter().any(|names| names.contains(&word))
}

/// Whether words begin to say when something is done, or how often: `on Friday`, `in two hours`, `every month`.
pub(in crate::bound::qualifier) fn is_when(
    word: &str,
    next: Option<&str>,
    third: Option<&str>,
) -> bool {
    let unit = |word: Option<&str>| {
        word.is_some_and(|word| {
            matches!(
                word.trim_end_matches('s'),
                "minute"
                    | "hour"
                    | "day"
                    | "week"
                    | "weekend"
                    | "month"
                    | "quarter"
                    | "year"
                    | "morning"
                    | "afternoon"
                    | "evening"
                    | "night"
                    | "woche"
                    | "monat"
                    | "jahr"
            )
        })
    };
    let counted = |word: &str| {
        super::number(word).is_some() || matches!(word, "a" | "an" | "few" | "several" | "half")
    };
    is_weekday(word)
        || matches!(
            word,
            "daily"
                | "weekly"
                | "monthly"
                | "yearly"
                | "hourly"
                | "noon"
                | "midnight"
                | "täglich"
                | "wöchentlich"
        )
        || matches!(
            word,
            "next" | "every" | "each" | "nächste" | "nächsten" | "jede" | "jeden"
        ) && unit(next)
        || matches!(word, "in" | "within") && next.is_some_and(counted) && unit(third)
        || word == "at"
            && next.is_some_and(|next| {
                next.contains(':') && next.starts_with(|c: char| c.is_ascii_digit())
                    || next.ends_with("am") && next.len() <= 4
                    || next.ends_with("pm")
                    || super::number(next).is_some()
                        && third.is_some_and(|third| matches!(third, "am" | "pm" | "o'clock"))
            })
        || (word, next) == ("from", Some("now"))
}

/// Whether a word tells what was done once: `placed`, `bought`.
pub(in crate::bound::qualifier) fn is_past(word: &str) -> bool {
    word.len() > 4 && word.ends_with("ed")
        || matches!(
            word,
            "was"
                | "were"
                | "had"
                | "did"
                | "made"
                | "got"
                | "came"
                | "sent"
                | "bought"
                | "paid"
                | "due"
                | "hatte"
                | "war"
                | "habe"
        )
}
