//! `druse tokens`.

use super::{Done, print};
use crate::cli::{Output, Target, Tokens};
use crate::client::{Client, encode};
use http::Method;
use serde_json::json;
use std::process::ExitCode;

pub(super) async fn tokens(what: Tokens, target: &Target) -> Done {
    let client = if matches!(what, Tokens::Create { .. }) {
        Client::connect_or_create(target).await?
    } else {
        Client::connect(target).await?
    };
    match &what {
        Tokens::Create {
            role,
            name,
            expires,
        } => {
            let mut body = json!({ "role": role, "name": name });
            if let Some(expires) = expires {
                body["expires"] = expires.as_str().into();
            }
            let made = client.post("/tokens", &body).await?;
            // The token alone, so that a script can take it as it is.
            match target.output {
                Output::Json => print::json(&made),
                Output::Text => print::line(made["token"].as_str().unwrap_or_default()),
            }
        }
        Tokens::List => {
            let items = client.list("/tokens", 10_000).await?;
            match target.output {
                Output::Json => print::json(&json!(items)),
                Output::Text => {
                    let fields = ["id", "name", "role", "created_at", "expires_at"];
                    print::table(
                        &["ID", "NAME", "ROLE", "CREATED", "ENDS"],
                        &print::rows(&items, &fields),
                    );
                }
            }
        }
        Tokens::Revoke { id } => {
            let answer = client
                .request(Method::DELETE, &format!("/tokens/{}", encode(id)), None)
                .await?;
            match target.output {
                Output::Json => print::json(&answer),
                Output::Text => print::line(&format!("{id} is revoked.")),
            }
        }
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}
