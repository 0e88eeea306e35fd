//! Reads a Python call with literal arguments, such as `move(source='a.txt', count=2)`.

use serde_json::{Map, Number, Value};

/// The dotted name and the arguments: keywords by name, positional ones by number from 0.
pub(super) fn parse(text: &str) -> Option<(String, Value)> {
    let text = text.trim();
    let open = text.find('(')?;
    let name = text[..open].trim();
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let mut reader = Reader { text, at: open + 1 };
    let mut arguments = Map::new();
    let mut position = 0;
    loop {
        if reader.take(')') {
            break;
        }
        let key = match reader.keyword() {
            Some(key) => key,
            None => {
                position += 1;
                (position - 1).to_string()
            }
        };
        arguments.insert(key, reader.value(0)?);
        if !reader.take(',') {
            if !reader.take(')') {
                return None;
            }
            break;
        }
    }
    reader.blanks();
    (reader.at == text.len()).then(|| (name.to_owned(), Value::Object(arguments)))
}

/// A Python literal, such as `{'city': 'Bonn', 'days': 3}`.
pub(super) fn literal(text: &str) -> Option<Value> {
    let text = text.trim();
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.blanks();
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn word(&self) -> &str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        &rest[..end]
    }

    fn keyword(&mut self) -> Option<String> {
        self.blanks();
        let word = self.word().to_owned();
        let after = self.rest()[word.len()..].trim_start();
        if word.is_empty()
            || word.starts_with(|c: char| c.is_ascii_digit())
            || !after.starts_with('=')
            || after.starts_with("==")
        {
            return None;
        }
        self.at = self.text.len() - after.len() + 1;
        Some(word)
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        if depth > 64 {
            return None;
        }
        self.blanks();
        match self.rest().chars().next()? {
            '[' => self.items('[', ']', depth),
            '(' => self.items('(', ')', depth),
            '{' => self.map(depth),
            '\'' | '"' => {
                let mut all = self.string()?;
                // Strings that stand side by side are one.
                loop {
                    self.blanks();
                    if !self.rest().starts_with(['\'', '"']) {
                        break Some(Value::String(all));
                    }
                    all.push_str(&self.string()?);
                }
            }
            c if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            _ => {
                let word = self.word().to_owned();
                self.at += word.len();
                match word.as_str() {
                    "True" => Some(Value::Bool(true)),
                    "False" => Some(Value::Bool(false)),
                    "None" => Some(Value::Null),
                    _ => None,
                }
            }
        }
    }

    fn items(&mut self, open: char, close: char, depth: u32) -> Option<Value> {
        self.take(open);
        let mut items = Vec::new();
        loop {
            if self.take(close) {
                return Some(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            if !self.take(',') {
                return self.take(close).then_some(Value::Array(items));
            }
        }
    }

    fn map(&mut self, depth: u32) -> Option<Value> {
        self.take('{');
        let mut map = Map::new();
        loop {
            if self.take('}') {
                return Some(Value::Object(map));
            }
            let key = match self.value(depth + 1)? {
                Value::String(text) => text,
                other => other.to_string(),
            };
            if !self.take(':') {
                return None;
            }
            map.insert(key, self.value(depth + 1)?);
            if !self.take(',') {
                return self.take('}').then_some(Value::Object(map));
            }
        }
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_')))
            .unwrap_or(rest.len());
        let token = rest[..end].trim_start_matches('+').replace('_', "");
        self.at += end;
        if let Ok(number) = token.parse::<i64>() {
            return Some(number.into());
        }
        if let Ok(number) = token.parse::<u64>() {
            return Some(number.into());
        }
        Number::from_f64(token.parse().ok()?).map(Value::Number)
    }

    fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        let quote = rest.chars().next()?;
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let end = if rest.starts_with(&triple) {
            triple
        } else {
            quote.to_string()
        };
        let mut out = String::new();
        let mut chars = rest[end.len()..].char_indices();
        while let Some((at, c)) = chars.next() {
            if rest[end.len() + at..].starts_with(&end) {
                self.at += end.len() + at + end.len();
                return Some(out);
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                '\n' => {}
                c @ ('\\' | '\'' | '"') => out.push(c),
                c @ ('x' | 'u') => {
                    let digits = if c == 'x' { 2 } else { 4 };
                    let code: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                    out.push(
                        char::from_u32(u32::from_str_radix(&code, 16).ok()?).unwrap_or('\u{fffd}'),
                    );
                }
                c => {
                    out.push('\\');
                    out.push(c);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn literals_keep_their_types() {
        assert_eq!(
            parse("a.b(1, 'x', k=[1.5, True, None], d={'p': (2,)}, s=\"it's\\n\")"),
            Some((
                "a.b".into(),
                json!({"0":1,"1":"x","k":[1.5,true,null],"d":{"p":[2]},"s":"it's\n"})
            ))
        );
        assert_eq!(parse("ls()"), Some(("ls".into(), json!({}))));
        for wrong in [
            "", "x", "x(", "x(y)", "x(1", "x(1))", "x('a)", "x y()", "(1)",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
