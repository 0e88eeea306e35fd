//! What amounts are given in, and which keys are given in it: twenty euros are a price, six people a party.

/// What a number counts or is given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bound) enum Unit {
    Money,
    People,
    /// Things that are counted, of whatever kind.
    Things,
    /// Parts of a hundred.
    Percent,
    /// A length of time, or a time of day.
    Time,
}

impl Unit {
    /// What a word says of the number before it, or a code or sign of a currency of the one behind it.
    pub(in crate::bound) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "$" | "€" | "£" | "¥" | "eur" | "euro" | "euros" | "usd" | "dollar" | "dollars"
            | "bucks" | "gbp" | "pound" | "pounds" | "quid" | "chf" | "francs" | "franken"
            | "cad" | "aud" | "sek" | "nok" | "dkk" | "pln" | "inr" | "brl" => Self::Money,
            "people" | "persons" | "person" | "guests" | "guest" | "adults" | "adult"
            | "passengers" | "passenger" | "travelers" | "travellers" | "attendees"
            | "participants" | "pax" | "leute" | "personen" | "gäste" | "gästen" | "erwachsene"
            | "erwachsenen" | "teilnehmer" | "personnes" => Self::People,
            "x" | "×" | "pieces" | "piece" | "pcs" | "units" | "unit" | "items" | "item"
            | "copies" | "stück" => Self::Things,
            "%" | "percent" | "pct" | "prozent" => Self::Percent,
            "second" | "seconds" | "minute" | "minutes" | "min" | "mins" | "hour" | "hours"
            | "hr" | "hrs" | "day" | "days" | "night" | "nights" | "week" | "weeks" | "month"
            | "months" | "year" | "years" | "am" | "pm" | "clock" | "uhr" | "sekunden"
            | "minuten" | "stunde" | "stunden" | "tag" | "tage" | "tagen" | "nacht" | "nächte"
            | "nächten" | "woche" | "wochen" | "monat" | "monate" | "jahr" | "jahre" => Self::Time,
            _ => return None,
        })
    }

    /// Whether what a key names is given in it. The words of the key are in the singular.
    pub(in crate::bound) fn is_of(self, key: &[String]) -> bool {
        key.iter().any(|word| match self {
            Self::Money => matches!(
                word.as_str(),
                "amount"
                    | "price"
                    | "cost"
                    | "total"
                    | "sum"
                    | "fee"
                    | "fare"
                    | "rate"
                    | "value"
                    | "budget"
                    | "charge"
                    | "payment"
                    | "payout"
                    | "refund"
                    | "tip"
                    | "deposit"
                    | "credit"
                    | "donation"
                    | "salary"
                    | "cent"
                    | "betrag"
                    | "preis"
                    | "summe"
            ),
            Self::People => matches!(
                word.as_str(),
                "party"
                    | "guest"
                    | "adult"
                    | "passenger"
                    | "traveler"
                    | "traveller"
                    | "attendee"
                    | "participant"
                    | "people"
                    | "person"
                    | "seat"
                    | "cover"
                    | "pax"
                    | "headcount"
                    | "personen"
                    | "gäste"
            ),
            Self::Things => matches!(
                word.as_str(),
                "quantity" | "qty" | "count" | "piece" | "unit" | "menge" | "anzahl" | "stück"
            ),
            Self::Percent => matches!(
                word.as_str(),
                "percent"
                    | "percentage"
                    | "pct"
                    | "discount"
                    | "rate"
                    | "share"
                    | "commission"
                    | "margin"
                    | "interest"
                    | "vat"
                    | "tax"
                    | "tip"
                    | "rabatt"
            ),
            Self::Time => matches!(
                word.as_str(),
                "duration"
                    | "length"
                    | "timeout"
                    | "ttl"
                    | "second"
                    | "minute"
                    | "min"
                    | "hour"
                    | "day"
                    | "night"
                    | "week"
                    | "dauer"
            ),
        })
    }
}
