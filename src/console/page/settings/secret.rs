//! Secrets: written, never read.

use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, pager, time};
use crate::console::page::home::items;
use crate::console::twin::Refusal;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

pub(super) async fn list(call: &Call) -> Result<Markup, Refusal> {
    let all = call.api.all("/secrets", super::PAGES).await?;
    Ok(html! {
        section #secrets {
            h2 { "Secrets" }
            @if items(&all).is_empty() { p .dim { "None. Connections use one as " code { "{{ secrets.NAME }}" } "." } }
            @else {
                table .list {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Written" } th scope="col" { span .sr { "Actions" } } } }
                    tbody { @for one in items(&all) {
                        @let name = one["name"].as_str().unwrap_or_default();
                        tr { td { code { (name) } } td { (time::ago(&one["updated_at"], call.now)) }
                            td { (action::button(&format!("/settings/secrets/{}/remove", encode(name)), &format!("Remove {name}"), "small")) } }
                    } }
                }
                (pager::cut(&all, "secrets"))
            }
            details .more {
                summary { "Write one" }
                form method="post" action="/settings/secrets" {
                    (action::key())
                    label for="secret-name" { "Name" } input #secret-name name="secret" autocomplete="off" required value=(call.kept("secret", ""));
                    label for="secret-value" { "Value" } input #secret-value name="value" type="password" autocomplete="new-password" required;
                    div .buttons { button .primary { "Write it" } }
                    p .dim { "Nobody can read it back, here or by the API." }
                }
            }
        }
    })
}

fn address(name: &str) -> String {
    format!("/secrets/{}", encode(name))
}

pub(in crate::console) async fn write(call: &Call) -> Done {
    let value = call.form.get("value").unwrap_or_default();
    let name = call.form.text("secret");
    if name.is_empty() {
        return Err(Refusal::form(
            "The secret has no name.",
            "Give it one, such as shop_key.",
        ));
    }
    call.api
        .json(
            Method::PUT,
            &address(name),
            None,
            &json!({ "value": value }),
        )
        .await?;
    Ok(Answer::See("/settings#secrets".into()))
}

pub(in crate::console) async fn remove(call: &Call) -> Done {
    call.api
        .json(
            Method::DELETE,
            &address(call.param("name")),
            None,
            &Value::Null,
        )
        .await?;
    Ok(Answer::See("/settings#secrets".into()))
}
