//! `druse secrets`.

use super::{Done, print};
use crate::cli::{Output, Secrets, Target};
use crate::client::{Client, Failure, encode};
use http::Method;
use serde_json::json;
use std::io::Read as _;
use std::process::ExitCode;

pub(super) async fn secrets(what: Secrets, target: &Target) -> Done {
    let client = if matches!(what, Secrets::Set { .. }) {
        Client::connect_or_create(target).await?
    } else {
        Client::connect(target).await?
    };
    let (answer, said) = match &what {
        Secrets::Set { name } => {
            let mut value = String::new();
            std::io::stdin()
                .read_to_string(&mut value)
                .map_err(|error| {
                    Failure::data(
                        "not_text",
                        format!("Standard input is no text: {error}."),
                        "A secret is a text.",
                    )
                })?;
            // What `echo` and here-documents add is not part of the secret.
            let value = value.strip_suffix('\n').map_or(value.as_str(), |rest| {
                rest.strip_suffix('\r').unwrap_or(rest)
            });
            if value.is_empty() {
                return Err(Failure::data(
                    "empty_secret",
                    "Standard input held no value.",
                    "Example: printf %s \"$VALUE\" | druse secrets set NAME",
                ));
            }
            let answer = client
                .request(
                    Method::PUT,
                    &format!("/secrets/{}", encode(name)),
                    Some(&json!({ "value": value })),
                )
                .await?;
            (answer, format!("{name} is set."))
        }
        Secrets::List => {
            let items = client.list("/secrets", 10_000).await?;
            if target.output == Output::Text {
                print::table(
                    &["NAME", "VERSION", "UPDATED"],
                    &print::rows(&items, &["name", "version", "updated_at"]),
                );
            }
            (json!(items), String::new())
        }
        Secrets::Rm { name } => {
            let answer = client
                .request(Method::DELETE, &format!("/secrets/{}", encode(name)), None)
                .await?;
            (answer, format!("{name} is removed."))
        }
    };
    match target.output {
        Output::Json => print::json(&answer),
        Output::Text if !said.is_empty() => print::line(&said),
        Output::Text => {}
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}
