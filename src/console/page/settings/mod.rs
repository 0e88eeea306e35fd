//! What an administrator sets up: connections, secrets, tokens, the tool map, the history that is kept; and
//! how the server does.

pub(in crate::console) mod connection;
mod health;
mod people;
pub(in crate::console) mod retention;
pub(in crate::console) mod secret;
pub(in crate::console) mod token;
pub(in crate::console) mod tools;

use crate::console::call::{Call, Done};
use crate::console::layout::{Here, Page};
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};

pub(in crate::console) async fn show(call: &Call) -> Done {
    Ok(page(call, connection::tested(call)).await?.into())
}

/// The most pages of a list that are read for the whole of it.
const PAGES: usize = 10;

/// The page, with something to say on top.
async fn page(call: &Call, told: Option<Markup>) -> Result<Page, Refusal> {
    let admin = call.may(Role::Admin);
    let body = html! {
        header .head {
            h1 { "Settings" }
            p { "You are " strong { (call.who.name) } ", " (call.who.role.name()) ". "
                @if !admin { span .dim { "Connections, secrets and tokens are seen by administrators." } } }
            form .phone-only method="post" action="/signout" { button { "Sign out" } }
            @if admin { nav .tabs aria-label="Parts of the settings" {
                a href="#connections" { "Connections" } a href="#secrets" { "Secrets" } a href="#people" { "People" } a href="#tokens" { "Tokens" } a href="#tools" { "Tool map" } a href="#retention" { "History" } a href="#health" { "Health" } a href="/audit" { "Audit log" }
            } }
        }
        @if let Some(told) = told { section .told role="status" { (told) } }
        @if admin {
            (connection::list(call).await?)
            (secret::list(call).await?)
            @let tokens = call.api.all("/tokens", PAGES).await?;
            (people::list(&tokens, call.now))
            (token::list(call, &tokens))
        }
        (tools::show(call).await?)
        @if admin { (retention::show(call).await?) }
        (health::show(call).await?)
    };
    Ok(Page::new("Settings", Here::Settings, body))
}
