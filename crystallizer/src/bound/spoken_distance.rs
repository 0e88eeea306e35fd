//! Days as people name them by their distance from the day on which they speak, and by the name of a day of the week.

use super::spoken_time::small_number;

/// From so many days on nobody counts them from today.
const MOST: i64 = 1_000;

/// How many days ahead the day is that is named from a word on, and how many words name it.
pub(super) fn ahead(words: &[String], at: usize) -> Option<(i64, usize)> {
    let word = |offset: usize| words.get(at + offset).map_or("", String::as_str);
    let before = at.checked_sub(1).and_then(|at| words.get(at));
    let before = before.map_or("", String::as_str);
    let (first, next) = (word(0), word(1));
    match (first, next, word(2)) {
        ("day", "after", "tomorrow") => return Some((2, 3)),
        ("day", "before", "yesterday") => return Some((-2, 3)),
        _ => {}
    }
    match (first, next) {
        ("après" | "apres", "demain") | ("pasado", "mañana") | ("dopo", "domani") => {
            return Some((2, 2));
        }
        _ => {}
    }
    let days = match first {
        "today" | "tonight" | "heute" | "hoy" | "oggi" => 0,
        "tomorrow" | "demain" | "domani" => 1,
        // `Guten Morgen`, `heute Morgen`: a time of day.
        "morgen" if !matches!(before, "guten" | "am" | "jeden" | "heute" | "gestern") => 1,
        "übermorgen" | "dopodomani" => 2,
        "yesterday" | "gestern" | "ayer" | "ieri" => -1,
        "vorgestern" => -2,
        "in" | "dans" | "en" => {
            let days = count(next)?.checked_mul(unit(word(2))?)?;
            // `in two days' time`, and `in 3 days a week`, which is none.
            let is_rate = matches!(word(3), "a" | "per" | "pro" | "each" | "every");
            return (days < MOST && !is_rate).then_some((days, 3));
        }
        _ => {
            // `a week from today`, `two weeks from now`.
            let from_today = word(2) == "from" && matches!(word(3), "today" | "now");
            let days = count(first)?.checked_mul(unit(next)?)?;
            return (from_today && days < MOST).then_some((days, 4));
        }
    };
    Some((days, 1))
}

/// How many: a number in digits or as a word; the article says one.
fn count(word: &str) -> Option<i64> {
    match word {
        "a" | "an" | "ein" | "eine" | "einer" | "einem" | "un" | "une" | "una" => Some(1),
        word => word
            .parse::<i64>()
            .ok()
            .filter(|number| *number > 0)
            .or_else(|| small_number(word).map(i64::from)),
    }
}

/// The days of a unit of which each has as many.
fn unit(word: &str) -> Option<i64> {
    match word {
        "day" | "days" | "tag" | "tagen" | "jour" | "jours" | "día" | "días" | "dia" | "dias"
        | "giorno" | "giorni" => Some(1),
        "week" | "weeks" | "woche" | "wochen" | "semaine" | "semaines" | "semana" | "semanas"
        | "settimana" | "settimane" => Some(7),
        "fortnight" => Some(14),
        _ => None,
    }
}

/// The day of the week that a word names, as expressions call it.
pub(super) fn weekday(word: &str) -> Option<&'static str> {
    Some(match word {
        "monday" | "mon" | "montag" | "lundi" | "lunes" | "lunedì" => "monday",
        "tuesday" | "tue" | "dienstag" | "mardi" | "martes" | "martedì" => "tuesday",
        "wednesday" | "wed" | "mittwoch" | "mercredi" | "miércoles" | "mercoledì" => "wednesday",
        "thursday" | "thu" | "donnerstag" | "jeudi" | "jueves" | "giovedì" => "thursday",
        "friday" | "fri" | "freitag" | "vendredi" | "viernes" | "venerdì" => "friday",
        "saturday" | "sat" | "samstag" | "samedi" | "sábado" | "sabato" => "saturday",
        "sunday" | "sun" | "sonntag" | "dimanche" | "domingo" | "domenica" => "sunday",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_named_by_their_distance() {
        for (text, expected) in [
            ("tomorrow", Some((1, 1))),
            ("day after tomorrow", Some((2, 3))),
            ("day before yesterday", Some((-2, 3))),
            ("pasado mañana", Some((2, 2))),
            ("in 3 days", Some((3, 3))),
            ("in two weeks", Some((14, 3))),
            ("in a week", Some((7, 3))),
            ("in einer woche", Some((7, 3))),
            ("dans une semaine", Some((7, 3))),
            ("in a fortnight", Some((14, 3))),
            ("a week from today", Some((7, 4))),
            ("two weeks from now", Some((14, 4))),
            ("two weeks", None),
            ("in 3 days a week", None),
            ("in 2 months", None),
            ("in 9000 days", None),
            ("in the morning", None),
        ] {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(ahead(&words, 0), expected, "{text}");
        }
    }
}
