//! Deliveries that are wrong in one way, for every scheme: each is refused, and the right one beside it
//! is let in. Signatures are made here, not by the code that checks them.

use base64::{Engine, engine::general_purpose::STANDARD};
use druse_engine::Timestamp;
use druse_triggers::Verifier;
use druse_triggers::webhook::{Headers, Refused};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

const NOW: i64 = 1_800_000_000;
const KEY: &str = "a secret of some length";
const BODY: &str = "{\"id\": \"evt_1\", \"event_id\": \"Ev1\", \"amount\": 100.0, \"who\": \"Zo\u{eb}\", \"list\": [1, 2]}";

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A delivery that can be changed in one place.
#[derive(Clone)]
struct Delivery {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    secrets: Vec<Vec<u8>>,
    now: i64,
}

/// The headers that a sender makes of a key, a time and a body.
type Sign = fn(&[u8], i64, &[u8]) -> Vec<(String, String)>;

/// How a scheme is configured, and how a sender signs for it at a time.
struct Scheme {
    name: &'static str,
    verify: Value,
    secret: Vec<u8>,
    /// The header that holds the proof.
    proof: &'static str,
    /// The header that holds the time, for those that sign one in a header of its own.
    time: Option<&'static str>,
    sign: Sign,
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn webhook_key(secret: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(secret).into_owned();
    let text = text.strip_prefix("whsec_").unwrap_or(&text);
    STANDARD.decode(text).unwrap_or_default()
}

fn schemes() -> Vec<Scheme> {
    let scheme = |name, verify: Value, secret: &str, proof, time, sign| Scheme {
        name,
        verify,
        secret: secret.as_bytes().to_vec(),
        proof,
        time,
        sign,
    };
    let simple = |name: &str| json!({ "scheme": name, "secret": "s" });
    vec![
        scheme(
            "standard_webhooks",
            simple("standard_webhooks"),
            &format!("whsec_{}", STANDARD.encode(KEY)),
            "webhook-signature",
            Some("webhook-timestamp"),
            |secret, at, body| {
                let text = [format!("msg_1.{at}.").as_bytes(), body].concat();
                let signature = STANDARD.encode(mac(&webhook_key(secret), &text));
                vec![
                    header("webhook-id", "msg_1"),
                    header("webhook-timestamp", at.to_string()),
                    header("webhook-signature", format!("v1,{signature}")),
                ]
            },
        ),
        scheme(
            "github",
            simple("github"),
            KEY,
            "x-hub-signature-256",
            None,
            |secret, _, body| {
                vec![
                    header("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
                    header(
                        "x-hub-signature-256",
                        format!("sha256={}", hex(&mac(secret, body))),
                    ),
                ]
            },
        ),
        scheme(
            "gitlab",
            simple("gitlab"),
            KEY,
            "x-gitlab-token",
            None,
            |secret, _, _| vec![header("x-gitlab-token", String::from_utf8_lossy(secret))],
        ),
        scheme(
            "stripe",
            simple("stripe"),
            "whsec_stripe_secret",
            "stripe-signature",
            None,
            |secret, at, body| {
                let text = [format!("{at}.").as_bytes(), body].concat();
                vec![header(
                    "stripe-signature",
                    format!("t={at},v1={}", hex(&mac(secret, &text))),
                )]
            },
        ),
        scheme(
            "slack",
            simple("slack"),
            KEY,
            "x-slack-signature",
            Some("x-slack-request-timestamp"),
            |secret, at, body| {
                let text = [format!("v0:{at}:").as_bytes(), body].concat();
                vec![
                    header("x-slack-request-timestamp", at.to_string()),
                    header(
                        "x-slack-signature",
                        format!("v0={}", hex(&mac(secret, &text))),
                    ),
                ]
            },
        ),
        scheme(
            "shopify",
            simple("shopify"),
            KEY,
            "x-shopify-hmac-sha256",
            None,
            |secret, _, body| {
                vec![
                    header("x-shopify-webhook-id", "b54557e4"),
                    header("x-shopify-hmac-sha256", STANDARD.encode(mac(secret, body))),
                ]
            },
        ),
        scheme(
            "hmac",
            json!({ "scheme": "hmac", "secret": "s", "header": "X-Sig", "algorithm": "sha512", "encoding": "base64", "prefix": "sha512=" }),
            KEY,
            "x-sig",
            None,
            |secret, _, body| {
                let mut mac = Hmac::<Sha512>::new_from_slice(secret).unwrap();
                mac.update(body);
                vec![header(
                    "x-sig",
                    format!("sha512={}", STANDARD.encode(mac.finalize().into_bytes())),
                )]
            },
        ),
        scheme(
            "bearer",
            simple("bearer"),
            "mF_9.B5f-4.1JqM",
            "authorization",
            None,
            |secret, _, _| {
                vec![header(
                    "authorization",
                    format!("Bearer {}", String::from_utf8_lossy(secret)),
                )]
            },
        ),
        scheme(
            "basic",
            simple("basic"),
            "Aladdin:open sesame",
            "authorization",
            None,
            |secret, _, _| {
                vec![header(
                    "authorization",
                    format!("Basic {}", STANDARD.encode(secret)),
                )]
            },
        ),
    ]
}

impl Scheme {
    fn right(&self) -> Delivery {
        Delivery {
            headers: (self.sign)(&self.secret, NOW, BODY.as_bytes()),
            body: BODY.as_bytes().to_vec(),
            secrets: vec![self.secret.clone()],
            now: NOW,
        }
    }

    /// Whether the proof covers the body.
    fn signs_body(&self) -> bool {
        !matches!(self.name, "gitlab" | "bearer" | "basic")
    }

    fn signs_time(&self) -> bool {
        matches!(self.name, "standard_webhooks" | "stripe" | "slack")
    }
}

fn ask(scheme: &Scheme, delivery: &Delivery) -> Result<(), Refused> {
    let verifier = Verifier::parse(scheme.verify.as_object().unwrap()).unwrap();
    let headers: Headers = delivery.headers.iter().cloned().collect();
    let secrets: Vec<&[u8]> = delivery.secrets.iter().map(Vec::as_slice).collect();
    let now = Timestamp(delivery.now * 1_000);
    verifier
        .verify(&headers, &delivery.body, &secrets, now)
        .map(|_| ())
}

/// Each wrong delivery with what is wrong about it.
fn wrong(scheme: &Scheme, all: &[Scheme]) -> Vec<(String, Delivery)> {
    let right = scheme.right();
    let mut wrong: Vec<(String, Delivery)> = Vec::new();
    let mut add = |what: String, change: &dyn Fn(&mut Delivery)| {
        let mut delivery = right.clone();
        change(&mut delivery);
        wrong.push((what, delivery));
    };
    let set = |delivery: &mut Delivery, name: &str, value: &str| {
        for (known, old) in &mut delivery.headers {
            if known == name {
                *old = value.to_owned();
            }
        }
    };
    let proof = right
        .headers
        .iter()
        .find(|(name, _)| name == scheme.proof)
        .unwrap()
        .1
        .clone();

    // The key: another, none, an empty one, one that is nearly it.
    let mut near = scheme.secret.clone();
    *near.last_mut().unwrap() ^= 1;
    let keys: [(&str, Vec<Vec<u8>>); 6] = [
        ("no key", vec![]),
        ("an empty key", vec![vec![]]),
        ("another key", vec![b"whsec_b3RoZXIga2V5".to_vec()]),
        ("a nearly equal key", vec![near]),
        (
            "a longer key",
            vec![[scheme.secret.as_slice(), b"AAAA"].concat()],
        ),
        (
            "two wrong keys",
            vec![b"first".to_vec(), b"second".to_vec()],
        ),
    ];
    for (what, secrets) in keys {
        add(what.into(), &|delivery| delivery.secrets = secrets.clone());
    }
    // Only a Standard Webhooks secret holds its key in a coat.
    let empty: &[&str] = match scheme.name {
        "standard_webhooks" => &["", "whsec_"],
        _ => &[""],
    };
    for key in empty {
        let signed = (scheme.sign)(key.as_bytes(), NOW, BODY.as_bytes());
        add(
            format!("signed and checked with the empty key {key:?}"),
            &|delivery| {
                delivery.headers = signed.clone();
                delivery.secrets = vec![key.as_bytes().to_vec()];
            },
        );
    }

    // The proof: missing, empty, doubled, cut, longer, of another form, one letter changed.
    add("no proof".into(), &|delivery| {
        delivery.headers.retain(|(name, _)| name != scheme.proof);
    });
    add("a doubled proof".into(), &|delivery| {
        delivery.headers.push(header(scheme.proof, proof.clone()));
    });
    add(
        "a doubled proof in another case, wrong first".into(),
        &|delivery| {
            let name = scheme.proof.to_uppercase();
            delivery.headers.insert(0, header(&name, "x"));
        },
    );
    add("an empty proof".into(), &|delivery| {
        set(delivery, scheme.proof, "")
    });
    add("a proof cut short".into(), &|delivery| {
        set(delivery, scheme.proof, &proof[..proof.len() - 6]);
    });
    add("a longer proof".into(), &|delivery| {
        set(delivery, scheme.proof, &format!("{proof}00"))
    });
    add("a proof with a letter before it".into(), &|delivery| {
        set(delivery, scheme.proof, &format!("x{proof}"));
    });
    add("a proof in angle brackets".into(), &|delivery| {
        set(delivery, scheme.proof, &format!("<{proof}>"));
    });
    if let Some((prefix, rest)) = proof.split_once(['=', ',', ' '])
        && rest.len() > 8
    {
        add("a proof without its prefix".into(), &|delivery| {
            set(delivery, scheme.proof, rest)
        });
        add("a proof with another prefix".into(), &|delivery| {
            set(delivery, scheme.proof, &proof.replacen(prefix, "sha1", 1));
        });
    }
    for at in 0..proof.len() {
        let mut letters: Vec<char> = proof.chars().collect();
        let letter = letters[at];
        // Hex and the names of schemes are read in either case; another letter is another proof.
        letters[at] = if letter == 'A' || letter == 'a' {
            'b'
        } else {
            'a'
        };
        // The last letters of base64 hold bits that stand for nothing, or padding.
        if proof[at..].trim_end_matches('=').len() <= 1 {
            continue;
        }
        let changed: String = letters.into_iter().collect();
        add(format!("letter {at} of the proof changed"), &|delivery| {
            set(delivery, scheme.proof, &changed);
        });
    }

    if scheme.signs_body() {
        for at in 0..BODY.len() {
            add(format!("byte {at} of the body changed"), &|delivery| {
                delivery.body[at] ^= 0x20
            });
        }
        let value: Value = serde_json::from_str(BODY).unwrap();
        let escaped = BODY.replace('\u{eb}', "\\u00eb");
        for (what, body) in [
            ("re-encoded without blanks", value.to_string()),
            (
                "re-encoded with indents",
                serde_json::to_string_pretty(&value).unwrap(),
            ),
            ("with escapes for letters", escaped),
            (
                "with another number for the same value",
                BODY.replace("100.0", "100.00"),
            ),
            ("with a line feed at the end", format!("{BODY}\n")),
            ("with a blank before it", format!(" {BODY}")),
            ("with a byte order mark", format!("\u{feff}{BODY}")),
            ("empty", String::new()),
            ("cut short", BODY[..BODY.len() - 1].to_owned()),
            ("twice", format!("{BODY}{BODY}")),
        ] {
            add(format!("a body {what}"), &|delivery| {
                delivery.body = body.clone().into_bytes()
            });
        }
    }

    if scheme.signs_time() {
        for off in [301, 302, 3_600, 86_400, NOW, -301, -302, -3_600, -86_400] {
            add(format!("received {off} s after it was sent"), &|delivery| {
                delivery.now += off
            });
            // Signed rightly, at the wrong time.
            let signed = (scheme.sign)(&scheme.secret, NOW - off, BODY.as_bytes());
            add(format!("sent {off} s before now"), &|delivery| {
                delivery.headers = signed.clone()
            });
        }
        for text in [
            "",
            "0",
            "-1",
            "now",
            "1.8e9",
            "1800000000.0",
            " 1800000000 x",
            "+1800000000",
            "0x6b49d200",
            "1800000000000",
            "99999999999999999999",
            "18000000001",
        ] {
            add(
                format!("the time {text:?}"),
                &|delivery| match scheme.time {
                    Some(name) => set(delivery, name, text),
                    None => set(
                        delivery,
                        scheme.proof,
                        &proof.replacen("1800000000", text, 1),
                    ),
                },
            );
        }
        add(
            "a time one second off what was signed".into(),
            &|delivery| match scheme.time {
                Some(name) => set(delivery, name, "1800000001"),
                None => set(
                    delivery,
                    scheme.proof,
                    &proof.replacen("1800000000", "1800000001", 1),
                ),
            },
        );
        add("no time".into(), &|delivery| match scheme.time {
            Some(name) => delivery.headers.retain(|(known, _)| known != name),
            None => set(
                delivery,
                scheme.proof,
                &proof.replacen("t=1800000000,", "", 1),
            ),
        });
        add("two times".into(), &|delivery| match scheme.time {
            Some(name) => delivery.headers.push(header(name, "1800000000")),
            None => set(delivery, scheme.proof, &format!("t=1800000001,{proof}")),
        });
    }
    if scheme.name == "standard_webhooks" {
        for id in ["", "msg_2", "msg_1.1800000000", "msg\n1", &"m".repeat(300)] {
            add(format!("the id {id:.20?}"), &|delivery| {
                set(delivery, "webhook-id", id)
            });
        }
    }

    // What another scheme's sender would send, with the same secret.
    for other in all.iter().filter(|other| other.name != scheme.name) {
        let signed = (other.sign)(&scheme.secret, NOW, BODY.as_bytes());
        add(format!("as for {}", other.name), &|delivery| {
            delivery.headers = signed.clone()
        });
    }
    wrong
}

#[test]
fn a_delivery_that_is_wrong_in_one_way_is_refused_in_every_scheme() {
    let all = schemes();
    let mut variants = 0;
    for scheme in &all {
        assert_eq!(ask(scheme, &scheme.right()), Ok(()), "{}", scheme.name);
        if scheme.signs_time() {
            for off in [-300, 300] {
                let mut late = scheme.right();
                late.now += off;
                assert_eq!(ask(scheme, &late), Ok(()), "{} {off}", scheme.name);
            }
        }
        // Two secrets, while they change: either lets in.
        let mut rotated = scheme.right();
        rotated.secrets.insert(0, b"whsec_bmV3IGtleQ==".to_vec());
        assert_eq!(ask(scheme, &rotated), Ok(()), "{}", scheme.name);
        let mut own = 0;
        for (what, delivery) in wrong(scheme, &all) {
            assert_eq!(
                ask(scheme, &delivery),
                Err(Refused),
                "{}: {what}",
                scheme.name
            );
            own += 1;
        }
        assert!(own >= 30, "{}: {own}", scheme.name);
        variants += own;
    }
    println!("{variants} wrong deliveries, each refused");
    assert!(variants >= 500, "{variants}");
}
