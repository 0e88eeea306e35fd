//! What starts runs, measured: `cargo bench --bench triggers`.
//!
//! Signed webhooks to durable runs at 1, 16 and 64 clients, each delivery with an id of its own and each
//! answered once its run is on disk; and how late 10,000 schedules are that are due in one second.

#![allow(missing_docs)]

mod harness;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use harness::{Server, load, share, sync};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const KEY: &[u8] = b"a key of 24 bytes or more";
const BODY: &str = r#"{"region":"EU","total":120}"#;

/// How many schedules are due in one second, and in how many automations they are.
const SCHEDULES: usize = 10_000;
const AUTOMATIONS: usize = 100;

fn now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock after 1970")
}

fn document(name: &str, triggers: Value) -> Value {
    json!({
        "druse": 1,
        "name": name,
        "inputs": { "region": { "type": "string", "default": "none" } },
        "triggers": triggers,
        "steps": [{ "id": "say", "action": "transform", "with": { "value": "{{ inputs.region }}" } }],
    })
}

/// A delivery as Standard Webhooks signs it, with an id of its own.
fn delivery(server: &Server, address: &str, id: &str) -> Vec<u8> {
    let at = now().as_secs();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("a key");
    mac.update(format!("{id}.{at}.{BODY}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    format!(
        "POST {address} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nwebhook-id: {id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: v1,{signature}\r\ncontent-length: {}\r\n\r\n{BODY}",
        server.address,
        BODY.len()
    )
    .into_bytes()
}

fn webhooks(server: &Server, folder: &std::path::Path) {
    let secret = format!("whsec_{}", STANDARD.encode(KEY));
    server.json("PUT", "/api/v1/secrets/hook", &json!({ "value": secret }));
    let automation = server.activate(&document(
        "hooked",
        json!([{
            "id": "hook",
            "webhook": { "verify": { "scheme": "standard_webhooks", "secret": "hook" } },
            "inputs": { "region": "{{ trigger.body.region }}" },
        }]),
    ));
    let path = format!("/api/v1/automations/{automation}/triggers");
    let triggers = server.json("GET", &path, &Value::Null);
    let address = triggers["items"][0]["address"]
        .as_str()
        .expect("an address");

    let disk = sync(folder);
    println!("disk sync   1 writer  {disk}");
    let health = server.request("GET", "/healthz", "");
    let noop = load(&server.address, 200, 1, |_, _| health.clone());
    println!("no-op       1 clients {noop}");
    for clients in [1, 16, 64] {
        let before = server.processor();
        let found = load(&server.address, 202, clients, |who, number| {
            delivery(server, address, &format!("{clients}-{who}-{number}"))
        });
        let used = server.processor() - before;
        print!("webhooks  {clients:>3} clients {found}");
        if clients == 1 {
            let own = found.p50 - noop.p50 - disk.p50;
            print!("   = no-op + sync + {own:.0} us");
        }
        println!(
            "   {:.0} us of processor each   {:.1} MiB",
            used.as_secs_f64() * 1e6 / found.count as f64,
            server.memory()
        );
    }
}

fn schedules(server: &Server) {
    let made = Instant::now();
    // Far enough that all are made before it.
    let due = Duration::from_secs(now().as_secs() + 30);
    let at = jiff::Timestamp::from_second(due.as_secs().cast_signed()).expect("a time");
    let each = SCHEDULES / AUTOMATIONS;
    let automations: Vec<String> = (0..AUTOMATIONS)
        .map(|automation| {
            let triggers: Vec<Value> = (0..each)
                .map(|number| {
                    json!({
                        "id": format!("t{number}"),
                        "schedule": { "at": at.to_string(), "overlap": "allow" },
                        "inputs": { "region": "{{ trigger.scheduled_at }}" },
                    })
                })
                .collect();
            server.activate(&document(&format!("due-{automation}"), json!(triggers)))
        })
        .collect();
    println!(
        "{SCHEDULES} schedules in {AUTOMATIONS} automations made in {:.1} s   {:.1} MiB",
        made.elapsed().as_secs_f64(),
        server.memory()
    );
    let firings = || -> Vec<Value> {
        let of = |automation: &String| {
            let path = format!("/api/v1/automations/{automation}/triggers?limit=100");
            let list = server.json("GET", &path, &Value::Null);
            let list = list["items"].as_array().cloned().unwrap_or_default();
            list.into_iter()
                .map(|trigger| trigger["last_firing"].clone())
                .filter(|firing| !firing.is_null())
                .collect::<Vec<_>>()
        };
        automations.iter().flat_map(of).collect()
    };
    std::thread::sleep(due.saturating_sub(now()));
    let patience = Instant::now();
    let fired = loop {
        let fired = firings();
        if fired.len() >= SCHEDULES || patience.elapsed() > Duration::from_secs(120) {
            break fired;
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    let mut late: Vec<f64> = fired
        .iter()
        .filter(|firing| firing["status"] == "accepted")
        .filter_map(|firing| firing["late_ms"].as_f64())
        .collect();
    late.sort_unstable_by(f64::total_cmp);
    println!(
        "schedules due in one second: {} of {SCHEDULES} started a run; late p50 {:.0} ms, p99 {:.0} ms, most {:.0} ms   {:.1} MiB",
        late.len(),
        share(&late, 0.5),
        share(&late, 0.99),
        share(&late, 1.0),
        server.memory()
    );
    assert_eq!(late.len(), SCHEDULES, "none is lost");
}

fn main() {
    let folder = tempfile::Builder::new()
        .prefix("druse-bench-")
        .tempdir_in(".")
        .expect("a folder on this disk");
    let mut server = Server::start(&folder.path().join("data"));
    server.sign_in();
    webhooks(&server, folder.path());
    schedules(&server);
}
