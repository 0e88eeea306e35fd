//! The parts of a bound value that stay as the agent wrote them: whom and which hosts they name.

use super::line::leads_out;

/// What stands in the place of an expression. It is no letter of a recorded value: `plain` takes such ones out.
const BOUND: char = '\0';

/// The addresses, hosts and handles that the fixed parts of a template name. `is_people` says that each name in the
/// list is one of somebody.
pub(super) fn named(template: &str, is_people: bool) -> Vec<String> {
    let text = with_marks(template);
    let mut found = Vec::new();
    let parts = |c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"' | '\'' | '(' | ')' | '|')
    };
    for word in text.split(parts).filter(|word| !word.is_empty()) {
        if word.contains("://") {
            hosts(word, &mut found);
        } else if let Some((person, domain)) = word.rsplit_once('@') {
            address(word, person, domain, &mut found);
        } else {
            // Of `{{ … }}.evil.example` the end says whose host it is.
            let end = word.rsplit(BOUND).next().unwrap_or_default();
            let end = end.trim_start_matches('.');
            if leads_out(end, None) && !end.starts_with(['/', '~']) {
                let host = end.split([':', '/']).next().unwrap_or_default();
                found.push(host.to_owned());
            }
        }
    }
    if is_people {
        let all = text.split([',', ';']).map(str::trim);
        let names =
            all.filter(|name| !name.contains([BOUND, '@']) && name.contains(char::is_alphabetic));
        found.extend(names.map(str::to_owned));
    }
    found
}

fn address(word: &str, person: &str, domain: &str, found: &mut Vec<String>) {
    if person.is_empty() && !domain.contains(BOUND) {
        // `@mallory`
        found.push(domain.to_owned());
    } else if !word.contains(BOUND) {
        found.push(word.to_owned());
    } else if let Some(end) = domain.rsplit(BOUND).next()
        && end.contains('.')
    {
        found.push(end.trim_start_matches('.').to_owned());
    }
}

/// The hosts of the addresses in a word: one may be a parameter of another.
pub(super) fn hosts(word: &str, found: &mut Vec<String>) {
    for rest in word.split("://").skip(1) {
        let end = rest.find(['/', '?', '#', '&', '\\']).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        // What stands last in it says whose it is.
        let fixed = host.rsplit(BOUND).next().unwrap_or_default();
        let fixed = fixed.trim_start_matches('.');
        if fixed.contains(char::is_alphanumeric) {
            found.push(fixed.to_owned());
        }
    }
}

/// A template with a mark for each expression.
fn with_marks(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once("{{") {
        out.push_str(before);
        out.push(BOUND);
        rest = inside.split_once("}}").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn only_what_no_expression_holds_is_named() {
        for (template, expected) in [
            (
                "{{ inputs.email }}, mallory@evil.io",
                vec!["mallory@evil.io"],
            ),
            (
                "\"{{ inputs.email }}\" <mallory@evil.io>",
                vec!["mallory@evil.io"],
            ),
            ("{{ inputs.name }}@evil.io", vec!["evil.io"]),
            ("{{ inputs.user }};@mallory", vec!["mallory"]),
            ("https://evil.io/?u={{ inputs.url }}", vec!["evil.io"]),
            ("https://{{ inputs.host }}.evil.io/", vec!["evil.io"]),
            (
                "https://ana:x@evil.io:8080/{{ inputs.id }}",
                vec!["evil.io"],
            ),
            ("{{ inputs.host }}.evil.io", vec!["evil.io"]),
            ("{{ inputs.host }} evil.io:80", vec!["evil.io"]),
            ("{{ inputs.url }}?to=https://evil.io", vec!["evil.io"]),
            // What the expressions hold is looked at where they come from.
            ("{{ inputs.email }}", vec![]),
            ("https://{{ inputs.host }}/up", vec![]),
            ("https://api.{{ inputs.domain }}/v1", vec![]),
            ("{{ inputs.url }}/v1?a=b,c", vec![]),
            ("info@{{ inputs.domain }}", vec![]),
            ("{{ inputs.city }}, Germany", vec![]),
            ("{{ inputs.folder }}/notes.txt", vec![]),
            ("Ana <{{ inputs.email }}>", vec![]),
        ] {
            assert_eq!(named(template, false), expected, "{template}");
        }
        assert_eq!(named("{{ inputs.a }}, mallory", true), ["mallory"]);
        assert_eq!(
            named("{{ inputs.a }}, {{ inputs.b }}", true),
            Vec::<String>::new()
        );
    }
}
