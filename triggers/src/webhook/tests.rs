use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use druse_engine::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::{Map, Value, json};
use sha2::Sha256;

fn verifier(verify: Value) -> Verifier {
    Verifier::parse(verify.as_object().unwrap()).unwrap()
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().copied().collect()
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT: i64 = 1_614_265_330;
const BODY: &[u8] = b"{\"test\": 2432232314}";
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn standard(signature: &str) -> Headers {
    headers(&[
        ("Webhook-Id", ID),
        ("webhook-timestamp", "1614265330"),
        ("WEBHOOK-SIGNATURE", signature),
    ])
}

#[test]
fn the_published_vector_of_standard_webhooks_is_let_in() {
    let verifier = verifier(
        json!({ "scheme": "standard_webhooks", "secret": "orders_hook", "also": "old_hook" }),
    );
    assert_eq!(verifier.secret_names(), ["orders_hook", "old_hook"]);
    let expected = Ok(Delivery {
        id: Some(ID.into()),
        timestamp: Some(seconds(SENT)),
    });
    let other = b"whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw".as_slice();
    let many = format!("v1,AAAA v1a,{} {SIGNATURE} v2,x", &SIGNATURE[3..]);
    for (signatures, secrets) in [
        (SIGNATURE, vec![SECRET]),
        (SIGNATURE, vec![other, SECRET]),
        (SIGNATURE, vec![&SECRET[6..]]),
        (&many, vec![SECRET]),
        (SIGNATURE.trim_end_matches('='), vec![SECRET]),
    ] {
        for late in [-300, 0, 300] {
            let given =
                verifier.verify(&standard(signatures), BODY, &secrets, seconds(SENT + late));
            assert_eq!(given, expected, "{signatures} {late}");
        }
    }
}

#[test]
fn anything_else_than_the_vector_is_refused() {
    let verifier = verifier(json!({ "scheme": "standard_webhooks", "secret": "s" }));
    let ask = |headers: &Headers, body: &[u8], secrets: &[&[u8]], now| {
        verifier.verify(headers, body, secrets, now)
    };
    let now = seconds(SENT);
    let right = standard(SIGNATURE);
    assert!(ask(&right, BODY, &[SECRET], now).is_ok());

    for now in [
        seconds(SENT + 301),
        seconds(SENT - 301),
        Timestamp(SENT * 1000 + 300_001),
        Timestamp(0),
    ] {
        assert_eq!(ask(&right, BODY, &[SECRET], now), Err(Refused));
    }
    for body in [
        b"".as_slice(),
        b"{\"test\":2432232314}",
        b"{\"test\": 2432232314}\n",
    ] {
        assert_eq!(ask(&right, body, &[SECRET], now), Err(Refused));
    }
    for secrets in [
        vec![],
        vec![b"".as_slice()],
        vec![b"whsec_"],
        vec![b"whsec_!"],
        vec![b"MfKQ"],
        vec![&[0xff, 0xfe]],
    ] {
        assert_eq!(
            ask(&right, BODY, &secrets, now),
            Err(Refused),
            "{secrets:?}"
        );
    }
    let shortened = &SIGNATURE[..SIGNATURE.len() - 6];
    for signature in [
        "",
        "v1",
        "v1,",
        &SIGNATURE[3..],
        &format!("v1a,{}", &SIGNATURE[3..]),
        &SIGNATURE.to_lowercase(),
        shortened,
    ] {
        assert_eq!(
            ask(&standard(signature), BODY, &[SECRET], now),
            Err(Refused),
            "{signature}"
        );
    }
    // After too many wrong signatures the right one is not looked at.
    let flood = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(16));
    assert_eq!(ask(&standard(&flood), BODY, &[SECRET], now), Err(Refused));

    let all = [
        ("webhook-id", ID),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", SIGNATURE),
    ];
    for left_out in 0..3 {
        let mut some = all.to_vec();
        let taken = some.remove(left_out);
        assert_eq!(
            ask(&headers(&some), BODY, &[SECRET], now),
            Err(Refused),
            "without {taken:?}"
        );
        let upper = taken.0.to_uppercase();
        let mut doubled = all.to_vec();
        doubled.push((&upper, taken.1));
        assert_eq!(
            ask(&headers(&doubled), BODY, &[SECRET], now),
            Err(Refused),
            "twice {taken:?}"
        );
    }
    for sent in [
        "",
        "+1614265330",
        "-1",
        "1614265330.0",
        "01614265330 ",
        "1e9",
        "99999999999999999999",
    ] {
        let wrong = headers(&[all[0], ("webhook-timestamp", sent), all[2]]);
        let given = ask(&wrong, BODY, &[SECRET], now);
        assert_eq!(given, Err(Refused), "{sent}");
    }
}

#[test]
fn the_end_of_an_id_cannot_pass_for_the_time() {
    let verifier = verifier(json!({ "scheme": "standard_webhooks", "secret": "s" }));
    let key = STANDARD.decode(&SECRET[6..]).unwrap();
    // Signed by the sender: id `a`, time 100, body `200.{}`.
    let signature = format!("v1,{}", STANDARD.encode(mac(&key, b"a.100.200.{}")));
    let sent = |id, time| {
        headers(&[
            ("webhook-id", id),
            ("webhook-timestamp", time),
            ("webhook-signature", &signature),
        ])
    };
    assert!(
        verifier
            .verify(&sent("a", "100"), b"200.{}", &[SECRET], seconds(100))
            .is_ok()
    );
    assert_eq!(
        verifier.verify(&sent("a.100", "200"), b"{}", &[SECRET], seconds(200)),
        Err(Refused)
    );
}

#[test]
fn github_and_its_published_vector() {
    let verifier = verifier(json!({ "scheme": "github", "secret": "s" }));
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let secret = b"It's a Secret to Everybody".as_slice();
    let sent = |signature| {
        headers(&[
            ("X-Hub-Signature-256", signature),
            ("X-GitHub-Delivery", "72d3162e"),
        ])
    };
    let ask = |signature, body: &[u8], secret| {
        verifier.verify(&sent(signature), body, &[secret], seconds(0))
    };
    assert_eq!(
        ask(signature, b"Hello, World!", secret)
            .unwrap()
            .id
            .as_deref(),
        Some("72d3162e")
    );
    assert_eq!(ask(signature, b"Hello, World", secret), Err(Refused));
    assert_eq!(
        ask(signature, b"Hello, World!", b"It's a secret to Everybody"),
        Err(Refused)
    );
    assert_eq!(ask(&signature[7..], b"Hello, World!", secret), Err(Refused));
    assert_eq!(
        ask(&signature[..69], b"Hello, World!", secret),
        Err(Refused)
    );
    assert_eq!(ask("sha256=", b"Hello, World!", secret), Err(Refused));
}

#[test]
fn slack_and_its_published_vector() {
    let verifier = verifier(json!({ "scheme": "slack", "secret": "s" }));
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let sent = headers(&[
        ("X-Slack-Request-Timestamp", "1531420618"),
        (
            "X-Slack-Signature",
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ),
    ]);
    let secret = b"8f742231b10e8888abcd99yyyzzz85a5".as_slice();
    assert!(
        verifier
            .verify(&sent, body, &[secret], seconds(1_531_420_618))
            .is_ok()
    );
    assert_eq!(
        verifier.verify(&sent, body, &[secret], seconds(1_531_420_919)),
        Err(Refused)
    );
    assert_eq!(
        verifier.verify(&sent, &body[1..], &[secret], seconds(1_531_420_618)),
        Err(Refused)
    );
}

#[test]
fn stripe_takes_any_of_its_v1_signatures_and_names_the_event() {
    let verifier = verifier(json!({ "scheme": "stripe", "secret": "s" }));
    let body = b"{\"id\":\"evt_1\"}".as_slice();
    let good = hex(&mac(b"key", b"1000.{\"id\":\"evt_1\"}"));
    let ask = |header: &str| {
        verifier.verify(
            &headers(&[("Stripe-Signature", header)]),
            body,
            &[b"key"],
            seconds(1100),
        )
    };
    let let_in = ask(&format!("t=1000,v1=00ff,v1={good},v0=1")).unwrap();
    assert_eq!(
        (let_in.id.as_deref(), let_in.timestamp),
        (Some("evt_1"), Some(seconds(1000)))
    );
    for wrong in [
        format!("t=1000,v0={good}"),
        format!("t=1001,v1={good}"),
        format!("v1={good}"),
        String::new(),
        format!("t=1000,t=1000,v1={good}"),
        "t=1000,v1=".into(),
        "t=1000".into(),
    ] {
        assert_eq!(ask(&wrong), Err(Refused), "{wrong}");
    }
}

#[test]
fn hmac_in_each_algorithm_against_rfc_4231() {
    let body = b"what do ya want for nothing?";
    for (algorithm, digest) in [
        (
            "sha256",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            "sha384",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            "sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ] {
        let hmac = verifier(
            json!({ "scheme": "hmac", "secret": "s", "header": "X-Signature", "algorithm": algorithm, "prefix": "h=" }),
        );
        let ask = |value: &str| {
            hmac.verify(
                &headers(&[("x-signature", value)]),
                body,
                &[b"Jefe"],
                seconds(0),
            )
        };
        assert!(
            ask(&format!("h={digest}")).is_ok()
                && ask(&format!("h={}", digest.to_uppercase())).is_ok()
        );
        for wrong in [
            digest,
            &format!("H={digest}"),
            &format!("h={}", &digest[2..]),
            &format!("h=+{}", &digest[1..]),
        ] {
            assert_eq!(ask(wrong), Err(Refused), "{wrong}");
        }
        let bytes = Encoding::Hex.decode(digest).unwrap();
        let base64 = verifier(
            json!({ "scheme": "hmac", "secret": "s", "header": "X-Signature", "algorithm": algorithm, "encoding": "base64" }),
        );
        let sent = headers(&[
            ("x-signature", &STANDARD.encode(bytes)),
            ("Idempotency-Key", "k 1"),
        ]);
        assert_eq!(
            base64
                .verify(&sent, body, &[b"Jefe"], seconds(0))
                .unwrap()
                .id
                .as_deref(),
            Some("k 1")
        );
    }
    let shopify = verifier(json!({ "scheme": "shopify", "secret": "s" }));
    let sent = headers(&[
        (
            "X-Shopify-Hmac-SHA256",
            &STANDARD.encode(mac(b"Jefe", body)),
        ),
        ("X-Shopify-Webhook-Id", "b54"),
    ]);
    assert_eq!(
        shopify
            .verify(&sent, body, &[b"Jefe"], seconds(0))
            .unwrap()
            .id
            .as_deref(),
        Some("b54")
    );
}

#[test]
fn shared_tokens_and_passwords() {
    let bearer = verifier(json!({ "scheme": "bearer", "secret": "s" }));
    let ask = |value: &str, secret: &[u8]| {
        bearer.verify(
            &headers(&[("authorization", value)]),
            b"",
            &[b"old", secret],
            seconds(0),
        )
    };
    assert_eq!(ask("Bearer t0ken", b"t0ken"), Ok(Delivery::default()));
    assert!(ask("bearer  t0ken", b"t0ken").is_ok() && ask("Bearer old", b"t0ken").is_ok());
    for wrong in [
        "t0ken",
        "Basic t0ken",
        "Bearer",
        "Bearer ",
        "Bearer T0ken",
        "Bearer t0ke",
        "Bearer t0ken x",
        "",
    ] {
        assert_eq!(ask(wrong, b"t0ken"), Err(Refused), "{wrong}");
    }
    assert_eq!(
        ask("Bearer ", b""),
        Err(Refused),
        "an empty secret opens nothing"
    );
    let twice = headers(&[
        ("authorization", "Bearer old"),
        ("Authorization", "Bearer old"),
    ]);
    assert_eq!(
        bearer.verify(&twice, b"", &[b"old"], seconds(0)),
        Err(Refused)
    );

    let gitlab = verifier(json!({ "scheme": "gitlab", "secret": "s" }));
    assert!(
        gitlab
            .verify(
                &headers(&[("X-Gitlab-Token", "t")]),
                b"",
                &[b"t"],
                seconds(0)
            )
            .is_ok()
    );
    assert_eq!(
        gitlab.verify(&headers(&[("X-Gitlab-Token", "")]), b"", &[b""], seconds(0)),
        Err(Refused)
    );

    let basic =
        |text: &str| headers(&[("authorization", &format!("Basic {}", STANDARD.encode(text)))]);
    let whole = verifier(json!({ "scheme": "basic", "secret": "s" }));
    assert!(
        whole
            .verify(&basic("ana:p:w"), b"", &[b"ana:p:w"], seconds(0))
            .is_ok()
    );
    assert_eq!(
        whole.verify(&basic("ana:p"), b"", &[b"ana:p:w"], seconds(0)),
        Err(Refused)
    );
    let named = verifier(json!({ "scheme": "basic", "secret": "s", "username": "ana" }));
    assert!(
        named
            .verify(&basic("ana:p:w"), b"", &[b"p:w"], seconds(0))
            .is_ok()
    );
    for wrong in ["eve:p:w", "ana", "ana:", ":p:w"] {
        assert_eq!(
            named.verify(&basic(wrong), b"", &[b"p:w"], seconds(0)),
            Err(Refused),
            "{wrong}"
        );
    }

    let open = verifier(json!({ "scheme": "none" }));
    assert!(
        open.is_open()
            && open
                .verify(&Headers::default(), b"", &[], seconds(0))
                .is_ok()
    );
    let long = "x".repeat(256);
    for id in ["", "a\nb", "ä", &long] {
        assert_eq!(
            open.verify(&headers(&[("idempotency-key", id)]), b"", &[], seconds(0)),
            Err(Refused)
        );
    }
}

#[test]
fn a_secret_that_cannot_serve_is_told() {
    let check = |verify: Value, secret: &[u8]| verifier(verify).check_secret(secret);
    assert!(
        check(
            json!({ "scheme": "standard_webhooks", "secret": "s" }),
            SECRET
        )
        .is_ok()
    );
    assert!(
        check(
            json!({ "scheme": "standard_webhooks", "secret": "s" }),
            b"whsec_?"
        )
        .is_err()
    );
    assert!(check(json!({ "scheme": "basic", "secret": "s" }), b"password").is_err());
    assert!(check(json!({ "scheme": "bearer", "secret": "s" }), b"").is_err());
}

#[test]
fn wrong_verifiers_are_told_with_a_hint() {
    let wrong = [
        json!({}),
        json!({ "scheme": "standard_webhook", "secret": "s" }),
        json!({ "scheme": "bearer" }),
        json!({ "scheme": "bearer", "secret": 5, "also": "" }),
        json!({ "scheme": "none", "secret": "s" }),
        json!({ "scheme": "github", "secrets": "s" }),
        json!({ "scheme": "hmac", "secret": "s", "algorithm": "sha1", "encoding": "hexx" }),
        json!({ "scheme": "hmac", "secret": "s", "header": "X Signature", "prefix": 1 }),
        json!({ "scheme": null }),
    ];
    let told: Vec<String> = wrong
        .iter()
        .flat_map(|verify| Verifier::parse(verify.as_object().unwrap_or(&Map::new())).unwrap_err())
        .map(|f| {
            format!(
                "{} {} {} | {}",
                f.code,
                f.path.unwrap_or_default(),
                f.message,
                f.help
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r###"
    invalid_verifier /scheme `verify` has no `scheme` | Known here: standard_webhooks, github, gitlab, stripe, slack, shopify, hmac, bearer, basic, none.
    invalid_verifier /scheme "standard_webhook" is not a known scheme | Did you mean `standard_webhooks`?
    missing_secret_name /secret the scheme bearer needs a secret | Put the secret into the store and name it here: `secret: NAME`.
    invalid_verifier /secret `secret` of `verify` is not a text | Write a name.
    invalid_verifier /also `also` of `verify` is not a text | Write a name.
    unknown_key /secret the scheme none takes no "secret" | Known here: scheme.
    unknown_key /secrets the scheme github takes no "secrets" | Did you mean `secret`?
    missing_secret_name /secret the scheme github needs a secret | Put the secret into the store and name it here: `secret: NAME`.
    invalid_verifier /algorithm "sha1" is not a known algorithm | Did you mean `sha512`?
    invalid_verifier /encoding "hexx" is not a known encoding | Did you mean `hex`?
    invalid_verifier /header the scheme hmac needs the header that holds the signature | Add `header: X-Signature`.
    invalid_verifier /header "X Signature" is not the name of a header | Write it as in `X-Signature`.
    invalid_verifier /prefix `prefix` of `verify` is not a text | Write a name.
    invalid_verifier /scheme `scheme` of `verify` is not a text | Write a name.
    "###);
}

#[test]
fn a_run_sees_the_delivery_without_its_credentials() {
    let delivery = Delivery {
        id: Some("m1".into()),
        timestamp: None,
    };
    let seen = |content_type: &str, body: &[u8]| {
        let headers = headers(&[
            ("Content-Type", content_type),
            ("Authorization", "Bearer x"),
            ("X-A", "1"),
            ("x-a", "2"),
        ]);
        Request {
            method: "POST",
            query: "a=1&b=2&a=3%20",
            headers: &headers,
            body,
        }
        .trigger(&delivery)
    };
    assert_eq!(
        seen("application/json; charset=utf-8", b"{\"total\": 5}"),
        Ok(json!({
            "body": { "total": 5 },
            "headers": { "content-type": "application/json; charset=utf-8", "x-a": "1, 2" },
            "query": { "a": ["1", "3 "], "b": "2" },
            "method": "POST",
            "id": "m1",
        }))
    );
    let body =
        |content_type, body: &[u8]| seen(content_type, body).map(|seen| seen["body"].clone());
    assert_eq!(
        body("application/x-www-form-urlencoded", b"x=1&y=a+b"),
        Ok(json!({ "x": "1", "y": "a b" }))
    );
    assert_eq!(body("text/plain", b"{}"), Ok(json!("{}")));
    assert_eq!(body("application/vnd.api+json", b"[1]"), Ok(json!([1])));
    assert_eq!(body("application/json", b""), Ok(Value::Null));
    assert_eq!(body("application/json", b"{"), Err(BodyError::InvalidJson));
    // Also what the reader of JSON does not take for its depth.
    for deep in [101, 100_000] {
        let nested = ["[".repeat(deep), "]".repeat(deep)].concat();
        let read = body("application/json", nested.as_bytes());
        assert_eq!(read, Err(BodyError::TooDeep), "{deep}");
        assert_eq!(body("", nested.as_bytes()), Ok(json!(nested)));
    }
    assert_eq!(body("", b"plain"), Ok(json!("plain")));
    assert_eq!(
        body("image/png", b"\x89PNG"),
        Ok(json!({ "base64": "iVBORw==", "size": 4 }))
    );
    assert_eq!(
        body("text/plain; charset=ISO-8859-1", b"caf\xe9"),
        Ok(json!("café"))
    );
    let form = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--";
    assert_eq!(
        body("multipart/form-data; boundary=b", form),
        Ok(json!({ "a": "1" }))
    );
    assert_eq!(
        body("multipart/form-data; boundary=c", form),
        Err(BodyError::BadMultipart)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, rng_seed: RngSeed::Fixed(5), ..ProptestConfig::default() })]

    #[test]
    fn one_changed_byte_is_refused(key in prop::collection::vec(any::<u8>(), 1..80), body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let verifier = verifier(json!({ "scheme": "github", "secret": "s" }));
        let sent = headers(&[("x-hub-signature-256", &format!("sha256={}", hex(&mac(&key, &body))))]);
        prop_assert!(verifier.verify(&sent, &body, &[&key], seconds(0)).is_ok());
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= flip;
        prop_assert_eq!(verifier.verify(&sent, &changed, &[&key], seconds(0)), Err(Refused));
    }

    #[test]
    fn no_delivery_makes_it_panic(
        scheme in prop::sample::select(vec!["standard_webhooks", "github", "gitlab", "stripe", "slack", "shopify", "bearer", "basic", "none"]),
        values in prop::collection::vec(".{0,40}", 11), body in prop::collection::vec(any::<u8>(), 0..40), now in any::<i64>(),
    ) {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "stripe-signature", "x-slack-signature",
            "x-slack-request-timestamp", "x-hub-signature-256", "x-shopify-hmac-sha256", "x-gitlab-token", "authorization", "idempotency-key"];
        let sent: Headers = names.into_iter().zip(values).collect();
        let verifier = if scheme == "none" { verifier(json!({ "scheme": "none" })) } else { verifier(json!({ "scheme": scheme, "secret": "s" })) };
        let verified = verifier.verify(&sent, &body, &[b"secret"], Timestamp(now));
        if scheme != "none" {
            prop_assert_eq!(verified, Err(Refused));
        }
    }
}
