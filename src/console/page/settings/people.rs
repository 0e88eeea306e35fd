//! People and roles: who may come in, as what, and what that means.

use crate::console::component::{time, value};
use crate::console::page::home::items;
use crate::service::Role;
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a role may, beside what the ones before it may.
fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "looks at everything but settings",
        Role::Operator => {
            "starts, cancels, pauses and retries runs, fires triggers, tries versions"
        }
        Role::Approver => "decides at gates that ask them",
        Role::Editor => "brings recordings, writes, reviews and activates automations",
        Role::Admin => {
            "connections, secrets, tokens, the tool map, history; may decide at every gate"
        }
    }
}

/// The highest role that a name has a token for, and how many tokens it has; one that has ended counts no more.
fn people(tokens: &Value, now: Timestamp) -> BTreeMap<&str, (Role, usize)> {
    let mut people: BTreeMap<&str, (Role, usize)> = BTreeMap::new();
    for token in items(tokens).iter().filter(|one| !over(one, now)) {
        let name = token["name"].as_str().unwrap_or_default();
        let role = token["role"].as_str().and_then(Role::parse);
        let role = role.unwrap_or(Role::Viewer);
        let one = people.entry(name).or_insert((role, 0));
        one.0 = one.0.max(role);
        one.1 += 1;
    }
    people
}

/// Whether a token has ended.
fn over(token: &Value, now: Timestamp) -> bool {
    time::read(&token["expires_at"]).is_some_and(|end| end <= now)
}

pub(super) fn list(tokens: &Value, now: Timestamp) -> Markup {
    let ended = items(tokens).iter().filter(|one| over(one, now)).count();
    html! {
        section #people {
            h2 { "People and roles" }
            p .dim { "Whoever owns the data folder is an administrator. Everybody else comes in with a token, which names them and has a role. Gates ask people by these names, or by role." }
            div .scroll tabindex="0" role="region" aria-label="Roles" { table .list {
                thead { tr { th scope="col" { "Role" } th scope="col" { "May, with all of the ones above" } th scope="col" { "Who has it" } } }
                tbody {
                    @for role in Role::ALL {
                        tr {
                            td { (role.name()) } td { (may(role)) }
                            td { @for (name, (_, count)) in people(tokens, now).into_iter().filter(|(_, (own, _))| *own == role) {
                                span .pill { (name) @if count > 1 { " · " (value::count(count, "token", "tokens")) } } " "
                            } }
                        }
                    }
                }
            } }
            @if ended > 0 { p .dim { (value::count(ended, "token has", "tokens have")) " ended." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nobody_has_a_role_by_a_token_that_has_ended() {
        let now = time::read(&json!("2027-03-28T07:00:00Z")).unwrap();
        let tokens = json!({ "items": [
            { "name": "ana", "role": "admin", "expires_at": "2027-03-28T06:59:59Z" },
            { "name": "ana", "role": "viewer", "expires_at": "2027-03-29T07:00:00Z" },
            { "name": "ben", "role": "editor", "expires_at": "2027-03-28T07:00:00Z" },
            { "name": "eva", "role": "editor", "expires_at": null },
        ] });
        let people = people(&tokens, now);
        let all: Vec<_> = people.into_iter().collect();
        assert_eq!(
            all,
            [("ana", (Role::Viewer, 1)), ("eva", (Role::Editor, 1))]
        );
    }
}
