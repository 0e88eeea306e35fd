//! API tokens, and the exchange of the setup token.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::service::App;
use crate::service::audit::Audited;
use crate::service::tokens::{NewToken, TokenView};
use druse_storage::Batch;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

pub(in crate::api) async fn list(call: Call) -> Answer {
    ok(&call.app.tokens(&call.page()?)?)
}

pub(in crate::api) async fn create(call: Call) -> Answer {
    if let Some(answer) = call.made_sealed()? {
        return Reply::json(StatusCode::CREATED, &answer);
    }
    let new: NewToken = call.json()?;
    let (row, text) = call.app.make_token(&new, &call.who.name)?;
    let batch = App::token_batch(&row).audited(
        &call.who,
        "token.create",
        &row.id,
        json!({ "name": row.name, "role": row.role, "expires_at": row.expires_at }),
    );
    let mut answer = json!(TokenView::from(row));
    answer["token"] = text.into();
    call.app.commit(call.claim_sealed(batch, &answer)?).await?;
    Reply::json(StatusCode::CREATED, &answer)
}

pub(in crate::api) async fn revoke(call: Call) -> Answer {
    call.app.revoke_token(&call.who, call.param("id")).await?;
    Ok(Reply::empty())
}

pub(in crate::api) async fn sign_in(call: Call) -> Answer {
    let address = match call.made_sealed()? {
        Some(address) => address,
        None => {
            let address = json!(call.app.invite(&call.who));
            if call.claim.is_some() {
                let claim = call.claim_sealed(Batch::new(), &address)?;
                call.app.commit(claim).await?;
            }
            address
        }
    };
    let path = address["path"].as_str().unwrap_or_default();
    Ok(Reply::json(StatusCode::CREATED, &address)?.with(header::LOCATION, path))
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
