//! The `verify` of a webhook, as the document writes it.

use super::{
    Scheme, Verifier,
    signature::{Algorithm, Encoding},
};
use crate::suggest::{did_you_mean, shown};
use druse_engine::Finding;
use serde_json::{Map, Value};

const SCHEMES: &[&str] = &[
    "standard_webhooks",
    "github",
    "gitlab",
    "stripe",
    "slack",
    "shopify",
    "hmac",
    "bearer",
    "basic",
    "none",
];

impl Verifier {
    /// Reads `{scheme, secret, also, …}`; all that is wrong at once. Paths of findings begin at `verify`.
    pub fn parse(verify: &Map<String, Value>) -> Result<Self, Vec<Finding>> {
        let mut reader = Reader {
            verify,
            findings: Vec::new(),
        };
        let Some(scheme) = reader.choice("scheme", SCHEMES, None) else {
            return Err(reader.findings);
        };
        let own: &[&str] = match scheme {
            "hmac" => &["header", "algorithm", "encoding", "prefix", "verify_token"],
            // Meta signs as GitHub does, and asks for a token before.
            "github" => &["verify_token"],
            "basic" => &["username"],
            _ => &[],
        };
        let shared: &[&str] = if scheme == "none" {
            &["scheme"]
        } else {
            &["scheme", "secret", "also"]
        };
        reader.only(scheme, &[shared, own].concat());

        let parsed = match scheme {
            "standard_webhooks" => Scheme::StandardWebhooks,
            "github" => Scheme::Github,
            "gitlab" => Scheme::Gitlab,
            "stripe" => Scheme::Stripe,
            "slack" => Scheme::Slack,
            "shopify" => Scheme::Shopify,
            "bearer" => Scheme::Bearer,
            "basic" => Scheme::Basic {
                username: reader.text("username"),
            },
            "hmac" => reader.hmac(),
            _ => Scheme::None,
        };
        let mut secrets = Vec::new();
        if parsed != Scheme::None {
            match reader.text("secret") {
                Some(name) => secrets.push(name),
                None if verify.contains_key("secret") => {}
                None => reader.findings.push(
                    Finding::error(
                        "missing_secret_name",
                        format!("the scheme {scheme} needs a secret"),
                    )
                    .at_path("/secret")
                    .help("Put the secret into the store and name it here: `secret: NAME`."),
                ),
            }
            secrets.extend(reader.text("also"));
        }
        let verify_token = reader.text("verify_token");
        if reader.findings.is_empty() {
            Ok(Self {
                scheme: parsed,
                secrets,
                verify_token,
            })
        } else {
            Err(reader.findings)
        }
    }
}

struct Reader<'a> {
    verify: &'a Map<String, Value>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn wrong(&mut self, key: &str, message: String, help: impl Into<String>) {
        self.findings.push(
            Finding::error("invalid_verifier", message)
                .at_path(format!("/{key}"))
                .help(help),
        );
    }

    /// A text that is not empty, when the key is there.
    fn text(&mut self, key: &str) -> Option<String> {
        match self.verify.get(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => {
                self.wrong(
                    key,
                    format!("`{key}` of `verify` is not a text"),
                    "Write a name.",
                );
                None
            }
        }
    }

    fn choice(
        &mut self,
        key: &str,
        known: &[&'static str],
        default: Option<&'static str>,
    ) -> Option<&'static str> {
        if !self.verify.contains_key(key) {
            if default.is_none() {
                self.wrong(
                    key,
                    format!("`verify` has no `{key}`"),
                    format!("Known here: {}.", known.join(", ")),
                );
            }
            return default;
        }
        let given = self.text(key)?;
        let found = known.iter().find(|word| **word == given).copied();
        if found.is_none() {
            self.wrong(
                key,
                format!("{} is not a known {key}", shown(&given)),
                did_you_mean(&given, known),
            );
        }
        found
    }

    fn only(&mut self, scheme: &str, known: &[&str]) {
        for key in self
            .verify
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
        {
            let place = key.replace('~', "~0").replace('/', "~1");
            self.findings.push(
                Finding::error(
                    "unknown_key",
                    format!("the scheme {scheme} takes no {}", shown(key)),
                )
                .at_path(format!("/{place}"))
                .help(did_you_mean(key, known)),
            );
        }
    }

    fn hmac(&mut self) -> Scheme {
        let algorithm =
            match self.choice("algorithm", &["sha256", "sha384", "sha512"], Some("sha256")) {
                Some("sha384") => Algorithm::Sha384,
                Some("sha512") => Algorithm::Sha512,
                _ => Algorithm::Sha256,
            };
        let encoding = match self.choice("encoding", &["hex", "base64"], Some("hex")) {
            Some("base64") => Encoding::Base64,
            _ => Encoding::Hex,
        };
        let header = self.text("header").unwrap_or_default();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if !self.verify.contains_key("header") {
            self.wrong(
                "header",
                "the scheme hmac needs the header that holds the signature".into(),
                "Add `header: X-Signature`.",
            );
        } else if !header.chars().all(is_token) {
            self.wrong(
                "header",
                format!("{} is not the name of a header", shown(&header)),
                "Write it as in `X-Signature`.",
            );
        }
        let prefix = match self.verify.get("prefix") {
            None => String::new(),
            Some(Value::String(prefix)) => prefix.clone(),
            Some(_) => self.text("prefix").unwrap_or_default(),
        };
        Scheme::Hmac {
            header,
            algorithm,
            encoding,
            prefix,
        }
    }
}
