//! Secrets planted in recordings are in no byte that the server keeps or says.

use crate::harness::{Server, text};
use aho_corasick::AhoCorasick;
use serde_json::json;
use std::path::Path;

#[path = "../../../crystallizer/src/tests/planted/plant.rs"]
pub(super) mod plant;

/// How many are planted, and how many stand in one recording.
const PLANTS: usize = 1_000;
const TOGETHER: usize = 20;

#[tokio::test]
async fn planted_secrets_are_in_no_stored_byte() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let mut chance = plant::Chance::new(7);
    let (mut forms, mut owners) = (Vec::new(), Vec::new());
    let mut kinds = std::collections::BTreeSet::new();
    let mut said = String::new();
    for recording in 0..PLANTS / TOGETHER {
        let plants: Vec<plant::Plant> = (0..TOGETHER)
            .map(|number| plant::plant(recording * TOGETHER + number, &mut chance))
            .collect();
        for plant in &plants {
            kinds.insert(plant.kind);
            for form in plant.secrets.iter().flat_map(|secret| plant::forms(secret)) {
                owners.push(plant.kind);
                forms.push(form);
            }
        }
        let body = plant::recording(recording, &plants);
        let request = admin
            .request("POST", "/agents/runs")
            .key(&format!("k{recording}"));
        let stored = request.bytes(body).send().await.with(201);
        let path = format!("/agents/runs/{}", text(&stored["id"]));
        said.push_str(&stored.to_string());
        said.push_str(&admin.get(&path).await.with(200).to_string());
        let mode = if recording % 5 == 0 { "bound" } else { "exact" };
        let made = admin
            .post(&format!("{path}/crystallize"), &json!({ "mode": mode }))
            .await
            .with(201);
        assert!(
            made["report"]["findings"]
                .to_string()
                .contains("secret_lifted")
        );
        said.push_str(&made.to_string());
    }
    assert!(kinds.len() >= 12, "{kinds:?}");
    said.push_str(&server.said());
    assert_eq!(server.stop().await.code(), Some(0));
    server.verify();

    let patterns = AhoCorasick::new(&forms).unwrap();
    let mut found: Vec<String> = patterns
        .find_iter(&said)
        .map(|hit| format!("an answer: {}", owners[hit.pattern().as_usize()]))
        .collect();
    let mut bytes = 0;
    each_file(server.data(), &mut |path, content| {
        bytes += content.len();
        found.extend(
            patterns
                .find_iter(content)
                .map(|hit| format!("{}: {}", path.display(), owners[hit.pattern().as_usize()])),
        );
    });
    assert!(bytes > 1_000_000, "only {bytes} bytes were looked at");
    assert!(found.is_empty(), "{found:?}");
}

fn each_file(folder: &Path, then: &mut dyn FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            each_file(&path, then);
        } else if kind.is_file() {
            then(&path, &std::fs::read(&path).unwrap());
        }
    }
}
