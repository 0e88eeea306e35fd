//! What is to be looked at about secrets in a draft.

use super::kind;
use super::place::Names;
use crate::findings::{located, place};
use crate::kept::{Kept, Spot};
use crate::leaf::leaves;
use crate::session::LiftedSecret;
use druse_engine::Finding;
use serde_json::Value;

/// How many steps are named.
const NAMED: usize = 5;

/// Findings about the secrets that were taken out of the recording, and about values that look like one.
pub(crate) fn findings(
    kept: &[Kept<'_>],
    spots: &[Spot],
    lifted: &[LiftedSecret],
    stored: Option<&[String]>,
) -> Vec<Finding> {
    let names = Names::of(lifted);
    let mut found: Vec<Finding> = lifted
        .iter()
        .zip(users(kept, lifted, &names))
        .filter_map(|(secret, users)| of_lifted(kept, spots, secret, &users, stored))
        .collect();
    found.extend(misplaced(kept, spots));
    for (kept, spot) in kept.iter().zip(spots) {
        leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
            let Value::String(text) = leaf else { return };
            if names.stands_in(text) {
                return;
            }
            if let Some(what) = kind(key, text) {
                let key = if key.is_empty() {
                    "An argument".to_owned()
                } else {
                    format!("`{}`", crate::show::text(key, 40))
                };
                let finding = Finding::warning("looks_like_secret", format!("{key} holds what looks like {what}."))
                    .help("Store it with `druse secrets set NAME` and let a connection's headers or env carry \"{{ secrets.NAME }}\" instead; or acknowledge that it is no secret.")
                    .must_acknowledge();
                found.push(located(finding, &kept.step, *spot, &place(kept, pointer)));
            }
        });
    }
    found
}

/// The steps that get a secret: the first, how many there are, and the first of them in words.
#[derive(Default, Clone)]
struct Users {
    first: Option<(usize, String)>,
    count: usize,
    named: Vec<String>,
}

/// The steps that get each of the secrets: they are gone through once for all of them.
fn users(kept: &[Kept<'_>], lifted: &[LiftedSecret], names: &Names) -> Vec<Users> {
    let mut all = vec![Users::default(); lifted.len()];
    for (index, kept) in kept.iter().enumerate() {
        leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
            let Value::String(text) = leaf else { return };
            for secret in names.places_within(text) {
                let Some(users) = all.get_mut(secret) else {
                    continue;
                };
                users.count += 1;
                if users.named.len() < NAMED {
                    let key = if key.is_empty() {
                        String::new()
                    } else {
                        format!(" (`{}`)", crate::show::text(key, 40))
                    };
                    users.named.push(format!("`{}`{key}", kept.step));
                }
                if users.first.is_none() {
                    users.first = Some((index, place(kept, pointer)));
                }
            }
        });
    }
    all
}

/// One for each secret that the draft uses, with the steps that get it.
fn of_lifted(
    kept: &[Kept<'_>],
    spots: &[Spot],
    secret: &LiftedSecret,
    users: &Users,
    stored: Option<&[String]>,
) -> Option<Finding> {
    let (at, inner) = users.first.as_ref()?;
    let (first, spot) = (kept.get(*at)?, spots.get(*at)?);
    let named = &users.named;
    let more = if users.count > named.len() {
        format!(" and {} more", users.count - named.len())
    } else {
        String::new()
    };
    let known = stored.is_some_and(|stored| stored.contains(&secret.name));
    let message = format!(
        "{} was taken out of the recording. `{}` stands for it in {}{more}.{}",
        capital(&secret.what),
        secret.name,
        named.join(", "),
        if known {
            " A secret of this name is stored already: these steps will be given that one."
        } else {
            ""
        },
    );
    let help = if known {
        "Acknowledge it if these steps may have it.".to_owned()
    } else {
        format!(
            "Store it with `druse secrets set {}`, and acknowledge that these steps may have it.",
            secret.name
        )
    };
    let mut finding = located(
        Finding::warning("secret_lifted", message)
            .help(help)
            .must_acknowledge(),
        &first.step,
        *spot,
        inner,
    );
    finding.id = format!("secret_lifted:{}", secret.name);
    Some(finding)
}

/// Names of secrets that stand where none may: a program's text or arguments, an address, a statement.
fn misplaced(kept: &[Kept<'_>], spots: &[Spot]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (kept, spot) in kept.iter().zip(spots) {
        for name in &kept.misplaced {
            let message = format!(
                "`{}` needs the secret `{name}` in a place where a secret cannot stand, so that it would be given the name.",
                kept.step
            );
            let mut finding = located(
                Finding::error("secret_misplaced", message).help(format!(
                    "Let a connection carry \"{{{{ secrets.{name} }}}}\", or a header, the query or body of a request, the environment of a program or an argument of a tool."
                )),
                &kept.step,
                *spot,
                "",
            );
            finding.id = format!("secret_misplaced:{}:{name}", kept.step);
            found.push(finding);
        }
    }
    found
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
