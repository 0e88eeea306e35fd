//! `mail`: one message over SMTP, to all of its recipients or to none.

mod message;

use super::{Action, Attempt, Failed, Limits, attempt::Performed};
use crate::connection::{Connections, SmtpAccess, SmtpTls};
use druse_engine::{
    action_config::{self, MailConfig},
    definition::FailureClass,
};
use futures_util::future::BoxFuture;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use message::Letter;
use serde_json::{Map, Value, json};
use std::{error::Error as _, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Performs `mail` steps.
#[derive(Debug)]
pub struct Mail {
    connections: Arc<Connections>,
    limits: Limits,
}

impl Mail {
    /// With these connections and limits.
    pub fn new(connections: Arc<Connections>, limits: Limits) -> Self {
        Self {
            connections,
            limits,
        }
    }

    async fn send(&self, attempt: &Attempt, limit: Duration) -> Performed {
        let config: MailConfig =
            action_config::read(attempt.input.value()).map_err(Failed::input)?;
        let to = self.connections.get(&config.connection)?.smtp()?;
        let letter = Letter::write(&config, &to.connection, &attempt.idempotency_key)?;
        super::capability::recipients(attempt, &letter.recipients)?;
        let size = letter.message.formatted().len();
        if size > self.limits.mail_bytes {
            let most = self.limits.mail_bytes;
            let message = format!("The message has {size} bytes; the limit is {most}.");
            return Err(
                Failed::permanent("message_too_large", message).details(json!({ "limit": most }))
            );
        }
        let transport = transport(&to, limit)?;
        transport
            .send(letter.message)
            .await
            .map_err(|error| failure(&error, limit))?;
        Ok(json!({ "message_id": letter.id, "accepted": letter.recipients }).into())
    }
}

impl Action for Mail {
    fn perform<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            let limit = attempt.timeout.unwrap_or(self.limits.mail_timeout);
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Failed::canceled()),
                done = self.send(attempt, limit) => done,
                () = tokio::time::sleep(limit) => Err(Failed::timeout(limit)),
            }
        })
    }
}

/// Signs in to the server and sends nothing.
pub(crate) async fn probe(to: &SmtpAccess, limit: Duration) -> Performed {
    let transport = transport(to, limit)?;
    let tested = tokio::time::timeout(limit, transport.test_connection()).await;
    let alive = match tested {
        Ok(tested) => tested.map_err(|error| failure(&error, limit))?,
        Err(_) => return Err(Failed::timeout(limit)),
    };
    if !alive {
        return Err(Failed::retryable(
            "connection_failed",
            "The mail server answered, and then no more.",
        ));
    }
    let at = &to.connection;
    let message = match &to.account {
        Some((user, _)) => format!("The mail server let {user} in."),
        None => "The mail server answered.".to_owned(),
    };
    Ok(json!({
        "kind": "smtp", "host": at.host, "port": at.port, "tls": at.tls.name(), "message": message,
    })
    .into())
}

fn transport(to: &SmtpAccess, limit: Duration) -> Result<Transport, Failed> {
    let at = &to.connection;
    let tls = match at.tls {
        SmtpTls::Off => Tls::None,
        SmtpTls::StartTls => Tls::Required(parameters(to)?),
        SmtpTls::Tls => Tls::Wrapper(parameters(to)?),
    };
    let mut builder = Transport::builder_dangerous(at.host.as_str())
        .port(at.port)
        .tls(tls)
        .timeout(Some(limit));
    if let Some((user, password)) = &to.account {
        builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
    }
    Ok(builder.build())
}

fn parameters(to: &SmtpAccess) -> Result<TlsParameters, Failed> {
    let wrong = |error: Error| {
        let message = format!("TLS could not be set up: {}.", said(&error));
        Failed::permanent("tls_failed", message)
    };
    let mut builder = TlsParameters::builder(to.connection.host.clone());
    if let Some(pem) = &to.authorities {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    builder.build_rustls().map_err(wrong)
}

/// What an error says, with its reasons.
fn said(error: &Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        let text = reason.to_string();
        if !said.contains(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
        source = reason.source();
    }
    said.trim_end_matches('.').to_owned()
}

fn failure(error: &Error, limit: Duration) -> Failed {
    let said = said(error);
    if let Some(status) = error.status() {
        let status = status.to_string();
        let (class, code) = match status.as_str() {
            // Authentication: wanted, wrong, too weak.
            "530" | "534" | "535" | "538" => (FailureClass::Permanent, "access_denied"),
            _ if error.is_transient() => (FailureClass::Retryable, "deferred"),
            _ => (FailureClass::Permanent, "refused"),
        };
        let details = Map::from_iter([("status".to_owned(), Value::from(status))]);
        let message = format!("The mail server says: {said}.");
        return Failed::new(class, code, message).details(Value::Object(details));
    }
    if error.is_timeout() {
        return Failed::timeout(limit);
    }
    if error.is_tls() || said.contains("certificate") {
        return Failed::permanent("tls_failed", format!("No encrypted session: {said}."));
    }
    if error.is_client() {
        return Failed::permanent(
            "access_denied",
            format!("The mail server cannot be used: {said}."),
        );
    }
    Failed::retryable(
        "connection_failed",
        format!("The mail server could not be reached: {said}."),
    )
}
