//! API tokens, and the exchange of the setup token.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::service::audit::Audited;
use crate::service::tokens::{NewToken, TokenView};
use crate::service::{App, Problem};
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the answer to a repeated key is sealed under: the store never holds a token in the clear.
const SEALED: &str = "idempotent_token";

pub(in crate::api) async fn list(call: Call) -> Answer {
    ok(&call.app.tokens(&call.page()?)?)
}

pub(in crate::api) async fn create(call: Call) -> Answer {
    if let Some(made) = &call.made {
        let sealed = made["sealed"].as_str().unwrap_or_default();
        let answer = call
            .app
            .seal
            .open(SEALED, 1, sealed)
            .map_err(|error| Problem::internal(&error))?;
        let answer: Value =
            serde_json::from_str(answer.expose()).map_err(|error| Problem::internal(&error))?;
        return Reply::json(StatusCode::CREATED, &answer);
    }
    let new: NewToken = call.json()?;
    let (row, text) = call.app.make_token(&new, &call.who.name)?;
    let mut batch = App::token_batch(&row).audited(
        &call.who,
        "token.create",
        &row.id,
        json!({ "name": row.name, "role": row.role, "expires_at": row.expires_at }),
    );
    let mut answer = json!(TokenView::from(row));
    answer["token"] = text.into();
    if call.claim.is_some() {
        let sealed = call
            .app
            .seal
            .seal(SEALED, 1, &answer.to_string().into())
            .map_err(|error| Problem::internal(&error))?;
        batch = call.claim_made(batch, json!({ "sealed": sealed }));
    }
    call.app.commit(batch).await?;
    Reply::json(StatusCode::CREATED, &answer)
}

pub(in crate::api) async fn revoke(call: Call) -> Answer {
    call.app.revoke_token(&call.who, call.param("id")).await?;
    Ok(Reply::empty())
}

pub(in crate::api) async fn sign_in(call: Call) -> Answer {
    let address = call.app.invite(&call.who);
    let path = address.path.clone();
    Ok(Reply::json(StatusCode::CREATED, &address)?.with(header::LOCATION, &path))
}

/// The exchange of the setup token for an admin token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Setup {
    /// The token that the first start gave.
    pub(in crate::api) token: String,
    /// Who you are.
    pub(in crate::api) name: String,
}

pub(in crate::api) async fn setup(call: Call) -> Answer {
    let setup: Setup = call.json()?;
    let answer = call.app.finish_setup(&setup.token, &setup.name).await?;
    Reply::json(StatusCode::CREATED, &answer)
}
