//! What kind of value a text is, as far as that tells where it may come from.

/// Kinds of values that are rarely made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueClass {
    Uuid,
    Url,
    Moment,
    Date,
    Email,
    /// Letters and digits together, or a long number.
    Id,
    /// A number of three digits or more.
    Amount,
    /// A path of a file.
    Path,
}

impl ValueClass {
    /// With its article.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uuid => "a unique id",
            Self::Url => "an address",
            Self::Moment => "a moment in time",
            Self::Date => "a date",
            Self::Email => "an e-mail address",
            Self::Id => "an id",
            Self::Amount => "a number",
            Self::Path => "a path",
        }
    }

    /// The same of a text that has it: of digits alone nobody knows that they are an id.
    pub(crate) fn name_of(self, text: &str) -> &'static str {
        match text.bytes().all(|b| b.is_ascii_digit()) {
            true => Self::Amount.name(),
            false => self.name(),
        }
    }

    /// Whether such a value is nearly always specific to what it was first seen in.
    pub(crate) fn is_strong(self) -> bool {
        matches!(
            self,
            Self::Uuid | Self::Url | Self::Moment | Self::Email | Self::Id
        )
    }
}

/// The class of a value in its canonical form; `None` for words, phrases and small numbers.
pub(crate) fn of(text: &str) -> Option<ValueClass> {
    if text.len() < 3
        || text.len() > 512
        || text.chars().any(char::is_whitespace) && !is_moment(text)
    {
        return None;
    }
    if is_uuid(text) {
        return Some(ValueClass::Uuid);
    }
    if text.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && rest.len() >= 3
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'+')
    }) {
        return Some(ValueClass::Url);
    }
    if is_moment(text) {
        return Some(ValueClass::Moment);
    }
    if is_date(text) {
        return Some(ValueClass::Date);
    }
    if text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
    {
        return Some(ValueClass::Email);
    }
    if text.contains('/') {
        return (text.len() >= 8 && text.chars().any(char::is_alphabetic))
            .then_some(ValueClass::Path);
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
    {
        let whole = text.bytes().all(|b| b.is_ascii_digit());
        return match digits {
            5.. if whole => Some(ValueClass::Id),
            3.. => Some(ValueClass::Amount),
            _ => None,
        };
    }
    let letters = text.chars().any(char::is_alphabetic);
    (letters && digits >= 1 && text.len() >= 5).then_some(ValueClass::Id)
}

/// 8-4-4-4-12 hex digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, b)| match index {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// `2027-03-28`.
pub(crate) fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, b)| match index {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        })
}

/// A date and a time: `2027-03-28T01:00:00Z`, `2027-03-28 01:00`.
pub(crate) fn is_moment(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else {
        return false;
    };
    let mut time = time.chars();
    is_date(date)
        && matches!(time.next(), Some('T' | 't' | ' '))
        && matches!((time.next(), time.next(), time.next()), (Some(a), Some(b), Some(':')) if a.is_ascii_digit() && b.is_ascii_digit())
        && time.all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | '-' | 'Z' | 'z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_alone_are_told_as_a_number() {
        assert_eq!(ValueClass::Id.name_of("20500"), "a number");
        assert_eq!(ValueClass::Id.name_of("W20500"), "an id");
    }

    #[test]
    fn classes() {
        use ValueClass::*;
        for (text, expected) in [
            ("123e4567-e89b-12d3-a456-426614174000", Some(Uuid)),
            ("https://a.b/c", Some(Url)),
            ("2027-03-28T01:00:00.000Z", Some(Moment)),
            ("2027-03-28 01:00", Some(Moment)),
            ("2027-03-28", Some(Date)),
            ("ana@example.com", Some(Email)),
            ("/home/ana/a.txt", Some(Path)),
            ("GB29NWBK60161331926819", Some(Id)),
            ("mia_li_3668", Some(Id)),
            ("12345", Some(Id)),
            ("98.7", Some(Amount)),
            ("12", None),
            ("economy", None),
            ("two words 123", None),
            ("größe1é", Some(Id)),
            ("aé", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
