//! Tokens: who may come in, and as what.

use super::page;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, pager, time};
use crate::console::page::home::items;
use crate::service::Role;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

pub(super) fn list(call: &Call, all: &Value) -> Markup {
    html! {
        section #tokens {
            h2 { "Tokens" }
            @if items(all).is_empty() { p .dim { "None. On this machine " code { "druse" } " needs none." } }
            @else {
                div .scroll tabindex="0" role="region" aria-label="Tokens" { table .list {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Role" } th scope="col" { "Made" } th scope="col" { "Ends" } th scope="col" { span .sr { "Actions" } } } }
                    tbody { @for one in items(all) {
                        @let id = one["id"].as_str().unwrap_or_default();
                        @let name = one["name"].as_str().unwrap_or_default();
                        tr {
                            td { (name) } td { (one["role"].as_str().unwrap_or_default()) }
                            td { (time::ago(&one["created_at"], call.now)) " by " (one["created_by"].as_str().unwrap_or_default()) }
                            td { @if one["expires_at"].is_null() { "never" } @else { (time::ago(&one["expires_at"], call.now)) } }
                            td { (action::button(&format!("/settings/tokens/{}/revoke", encode(id)), &format!("Revoke {name}"), "small")) }
                        }
                    } }
                } }
                (pager::cut(all, "tokens"))
            }
            details .more {
                summary { "Make one" }
                form method="post" action="/settings/tokens" {
                    (action::key())
                    label for="token-name" { "Whose" } input #token-name name="token_name" autocomplete="off" required value=(call.kept("token_name", ""));
                    label for="token-role" { "Role" }
                    select #token-role name="role" { @for role in Role::ALL { option value=(role.name()) selected[call.kept("role", "") == role.name()] { (role.name()) } } }
                    label for="token-ends" { "Ends after" } input #token-ends name="expires" autocomplete="off" value=(call.kept("expires", "90d"));
                    div .buttons { button .primary { "Make it" } }
                }
            }
        }
    }
}

pub(in crate::console) async fn create(call: &Call) -> Done {
    let mut body = json!({ "name": call.form.text("token_name"), "role": call.form.text("role") });
    if !call.form.text("expires").is_empty() {
        body["expires"] = call.form.text("expires").into();
    }
    let made = call.api.post("/tokens", call.key(), &body).await?;
    let token = made["token"].as_str().unwrap_or_default();
    let told = html! {
        p { "The token of " strong { (made["name"].as_str().unwrap_or_default()) } " is shown only now:" }
        p { code .secret data-copy=(token) { (token) } }
    };
    Ok(page(call, Some(told)).await?.into())
}

pub(in crate::console) async fn revoke(call: &Call) -> Done {
    let path = format!("/tokens/{}", encode(call.param("id")));
    call.api
        .json(Method::DELETE, &path, None, &Value::Null)
        .await?;
    Ok(Answer::See("/settings#tokens".into()))
}
