//! The message that a configuration describes.

use crate::{action::Failed, connection::SmtpConnection};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use druse_engine::{
    action_config::{Addresses, Attachment, MailConfig},
    pattern::matches_name,
};
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use sha2::{Digest as _, Sha256};
use std::time::SystemTime;

/// A message, ready to be sent.
pub(super) struct Letter {
    pub(super) message: Message,
    /// Equal over the attempts of a step, so that a mailbox can tell a message that came twice.
    pub(super) id: String,
    /// The addresses that it goes to.
    pub(super) recipients: Vec<String>,
}

impl Letter {
    pub(super) fn write(
        config: &MailConfig,
        connection: &SmtpConnection,
        key: &str,
    ) -> Result<Self, Failed> {
        let from = mailbox(&connection.from)?;
        let id = message_id(key, from.email.domain());
        let mut recipients = Vec::new();
        let mut builder = Message::builder()
            .from(from)
            .date(SystemTime::now())
            .message_id(Some(id.clone()))
            // Answering machines do not answer to it (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .subject(line(config.subject.as_str())?);
        let nobody = Addresses::default();
        for (addresses, add) in [
            (&config.to, lettre::message::MessageBuilder::to as Add),
            (
                config.cc.as_ref().unwrap_or(&nobody),
                lettre::message::MessageBuilder::cc,
            ),
            (
                config.bcc.as_ref().unwrap_or(&nobody),
                lettre::message::MessageBuilder::bcc,
            ),
        ] {
            for one in addresses.each() {
                let mailbox = mailbox(one)?;
                let address = mailbox.email.to_string();
                may_be_written_to(&address, &connection.recipients)?;
                recipients.push(address);
                builder = add(builder, mailbox);
            }
        }
        if recipients.is_empty() {
            return Err(Failed::input("The message goes to nobody."));
        }
        for one in config.reply_to.as_ref().unwrap_or(&nobody).each() {
            builder = builder.reply_to(mailbox(one)?);
        }
        let body = body(config)?;
        let message = match attached(body, &config.attachments)? {
            Body::Single(part) => builder.singlepart(part),
            Body::Several(part) => builder.multipart(part),
        };
        let message = message
            .map_err(|error| Failed::input(format!("The message cannot be written: {error}.")))?;
        Ok(Self {
            message,
            id,
            recipients,
        })
    }
}

type Add = fn(lettre::message::MessageBuilder, Mailbox) -> lettre::message::MessageBuilder;

enum Body {
    Single(SinglePart),
    Several(MultiPart),
}

fn body(config: &MailConfig) -> Result<Body, Failed> {
    let text = config.text.as_ref().map(|text| text.as_str().to_owned());
    let html = config.html.as_ref().map(|html| html.as_str().to_owned());
    match (text, html) {
        (Some(text), None) => Ok(Body::Single(SinglePart::plain(text))),
        (None, Some(html)) => Ok(Body::Single(SinglePart::html(html))),
        (Some(text), Some(html)) => {
            Ok(Body::Several(MultiPart::alternative_plain_html(text, html)))
        }
        (None, None) => Err(Failed::input("A message needs \"text\" or \"html\".")),
    }
}

fn attached(body: Body, attachments: &[Attachment]) -> Result<Body, Failed> {
    if attachments.is_empty() {
        return Ok(body);
    }
    let mixed = MultiPart::mixed();
    let mut mixed = match body {
        Body::Single(part) => mixed.singlepart(part),
        Body::Several(part) => mixed.multipart(part),
    };
    for one in attachments {
        mixed = mixed.singlepart(attachment(one)?);
    }
    Ok(Body::Several(mixed))
}

fn attachment(one: &Attachment) -> Result<SinglePart, Failed> {
    let wrong = |what: &str| Failed::input(format!("The attachment {:?} {what}.", one.filename));
    let (content, usual) = match (&one.text, &one.json, &one.base64) {
        (Some(text), None, None) => (
            text.as_str().as_bytes().to_vec(),
            "text/plain; charset=utf-8",
        ),
        (None, Some(value), None) => (value.to_string().into_bytes(), "application/json"),
        (None, None, Some(text)) => (
            STANDARD
                .decode(text.trim())
                .map_err(|_| wrong("is not base64"))?,
            "application/octet-stream",
        ),
        _ => return Err(wrong("must have one of text, json and base64")),
    };
    if one.filename.is_empty() || one.filename.contains(['/', '\\', '\r', '\n', '\0']) {
        return Err(wrong("has a name that is none of a file"));
    }
    let kind = one.content_type.as_deref().unwrap_or(usual);
    let kind = ContentType::parse(kind).map_err(|_| wrong("has a content type that is none"))?;
    Ok(lettre::message::Attachment::new(one.filename.clone()).body(content, kind))
}

fn mailbox(text: &str) -> Result<Mailbox, Failed> {
    text.trim()
        .parse()
        .map_err(|_| Failed::input(format!("{text:?} is not an address of mail.")))
}

/// A text on one line: more lines would be more headers.
fn line(text: &str) -> Result<String, Failed> {
    if text.chars().any(char::is_control) {
        return Err(Failed::input("The subject must be on one line."));
    }
    Ok(text.to_owned())
}

fn may_be_written_to(address: &str, patterns: &[String]) -> Result<(), Failed> {
    let address = address.to_lowercase();
    let known = patterns
        .iter()
        .any(|known| matches_name(&known.to_lowercase(), &address));
    if patterns.is_empty() || known {
        return Ok(());
    }
    let message = format!(
        "The connection does not write to {address}. An administrator says to whom it does."
    );
    Err(Failed::permanent("recipient_not_allowed", message))
}

fn message_id(key: &str, domain: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("<{hex}@{domain}>")
}
