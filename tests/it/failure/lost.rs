//! A run whose record is damaged: whoever waits for it takes no way by itself, and what it was told to do holds when
//! the run can be read again.

use super::shop::Shop;
use super::{call, facts, lines, server, start, with};
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Stands in the record that creates the child and in no other.
const BEGINNING: &str = "only-child";
/// Stands in a later record of the child and in no other.
const LATER: &str = "later-child";

/// What is damaged, and what is known of it from elsewhere than the log.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Hit {
    /// A record of the child that the index has.
    Indexed(&'static str),
    /// One that no index has, with others after it.
    Alone(&'static str),
    /// One that no index has, and the newest one of all.
    Newest(&'static str),
    /// The only record of the child, which creates it; no index has it, and others follow.
    Only,
    /// The same, and it is the newest one of all.
    OnlyNewest,
}

const HITS: [Hit; 7] = [
    Hit::Indexed(LATER),
    Hit::Indexed(BEGINNING),
    Hit::Alone(LATER),
    Hit::Alone(BEGINNING),
    Hit::Newest(LATER),
    Hit::Only,
    Hit::OnlyNewest,
];

impl Hit {
    fn words(self) -> &'static str {
        match self {
            Self::Indexed(words) | Self::Alone(words) | Self::Newest(words) => words,
            Self::Only | Self::OnlyNewest => BEGINNING,
        }
    }

    fn is_newest(self) -> bool {
        matches!(self, Self::Newest(_) | Self::OnlyNewest)
    }

    /// A child that is in the middle of a payment.
    fn child(self) -> Value {
        let mark = json!({ "id": "mark", "action": "transform", "with": { "value": "{{ 'only-' ~ 'child' }}" } });
        let steps = match self {
            Self::Only | Self::OnlyNewest => {
                json!([mark, call("pay", "POST /pay", json!({ "needs": ["mark"] }))])
            }
            _ => json!([
                mark,
                { "id": "say", "action": "shell", "with": { "argv": ["printf", "child"] } },
                // What a program puts out stands in the log of the step, too; what is made of it does not.
                { "id": "name", "action": "transform", "needs": ["say"],
                  "with": { "value": "{{ 'later-' ~ steps.say.output.stdout }}" } },
                call("pay", "POST /pay", json!({ "needs": ["name"] })),
            ]),
        };
        json!({ "druse": 1, "name": "child", "steps": steps })
    }
}

/// A byte of the log that is another one now.
struct Flipped {
    segment: PathBuf,
    at: u64,
    byte: u8,
}

impl Flipped {
    /// Damages the only record in which this stands.
    fn at(data: &Path, words: &str) -> Self {
        let segments = fs::read_dir(data.join("log")).unwrap().flatten();
        let mut found = segments.map(|entry| entry.path()).flat_map(|segment| {
            let bytes = fs::read(&segment).unwrap();
            let places = bytes.windows(words.len()).enumerate();
            let places = places.filter(|(_, window)| *window == words.as_bytes());
            let places: Vec<u64> = places.map(|(at, _)| at as u64).collect();
            places.into_iter().map(move |at| (segment.clone(), at))
        });
        let (segment, at) = found.next().expect("the words stand in the log");
        let mut flipped = Self {
            segment,
            at,
            byte: 0,
        };
        flipped.byte = flipped.write(None);
        flipped
    }

    /// Brings the record back, as a backup or a better disk does.
    fn back(&self) {
        self.write(Some(self.byte));
    }

    /// Writes this byte, or another one than there is; gives the one before.
    fn write(&self, byte: Option<u8>) -> u8 {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.segment)
            .unwrap();
        let mut before = [0];
        file.read_exact_at(&mut before, self.at).unwrap();
        file.write_all_at(&[byte.unwrap_or(before[0] ^ 4)], self.at)
            .unwrap();
        before[0]
    }
}

/// A parent that waits for its child, which is in the middle of a payment, and a server that was killed.
struct Story {
    shop: Shop,
    server: Server,
    parent: String,
    child: String,
    flipped: Flipped,
}

impl Story {
    /// The server runs again, with a record of the child damaged.
    async fn damaged(hit: Hit) -> Self {
        let shop = Shop::open().await;
        let mut server = server(&shop).await;
        let admin = server.admin();
        shop.hold("POST /pay");
        crate::harness::active(&admin, &hit.child()).await;
        let parent = json!({ "druse": 1, "name": "parent",
            "steps": [{ "id": "go", "action": "automation", "with": { "name": "child" } }],
            "on_failure": [{ "id": "mend", "action": "http", "with": with("POST", "/mend") }] });
        let parent = start(&admin, &parent).await;
        shop.asks("POST /pay", 1).await;
        let child = text(&of(&admin, &parent).await["steps"][0]["child"]);
        if !hit.is_newest() {
            let last = json!({ "druse": 1, "name": "last", "steps": [
                { "id": "say", "action": "transform", "with": { "value": 1 } }] });
            let last = start(&admin, &last).await;
            wait::run(&admin, &last, "succeeded").await;
        }
        server.kill();
        if let Hit::Indexed(_) = hit {
            // Whoever reads takes into the index what the log has.
            let read = crate::harness::druse(["runs", "show", &parent])
                .arg("--data")
                .arg(server.data())
                .output()
                .unwrap();
            assert!(read.status.success(), "{read:?}");
        } else {
            fs::remove_dir_all(server.data().join("index")).unwrap();
        }
        let flipped = Flipped::at(server.data(), hit.words());
        server.start().await;
        let story = Self {
            shop,
            server,
            parent,
            child,
            flipped,
        };
        story.waits_for_a_person().await;
        story
    }

    /// The parent does nothing, and everybody is told.
    async fn waits_for_a_person(&self) {
        let admin = self.server.admin();
        let path = format!("/runs/{}", self.parent);
        let shown = wait::until("a step that waits for a person", || async {
            let run = admin.get(&path).await.with(200);
            (run["steps"][0]["status"] == "uncertain").then_some(run)
        })
        .await;
        assert_eq!(shown["status"], "running", "{shown:#}");
        let why = "step go waits for a person who finds out whether it happened, for ";
        assert!(text(&shown["waits_for"]).starts_with(why), "{shown:#}");
        let found = admin.all("/runs?waits_for=uncertain").await;
        let found: Vec<String> = found.iter().map(|run| text(&run["id"])).collect();
        assert_eq!(found, std::slice::from_ref(&self.parent));
        let doctor = admin.get("/doctor").await.with(200);
        let problems = doctor["problems"].as_array().unwrap();
        let told = |code: &str, subject: &str| {
            let mut problems = problems.iter();
            problems.any(|one| one["code"] == code && one["subject"] == subject)
        };
        assert!(told("run_stuck", &self.child), "{doctor:#}");
        assert!(told("step_uncertain", &self.parent), "{doctor:#}");
        // Nobody is told that the run itself has ended.
        for what in ["cancel", "retry"] {
            let path = format!("/runs/{}/{what}", self.child);
            let refused = admin.post(&path, &json!({})).await;
            let code = text(&refused.body["code"]);
            let says = ["run_fenced_off", "damaged"].contains(&&*code);
            assert!(refused.status >= 400 && says, "{refused:?}");
        }
        assert_eq!(self.shop.lines(), ["POST /pay"]);
    }

    async fn resolve(&self, found: &Value) {
        let path = format!("/runs/{}/resolve", self.parent);
        let admin = self.server.admin();
        admin.post(&path, found).await.with(202);
        admin.post(&path, found).await.problem(409, "not_uncertain");
    }

    /// The server is killed, and starts on a log that is whole again.
    async fn whole_again(&mut self) -> Client {
        self.server.kill();
        self.flipped.back();
        self.server.start().await;
        self.server.admin()
    }

    /// The child ends without doing anything more.
    async fn child_ends(&self, admin: &Client) {
        let ended = wait::run(admin, &self.child, "canceled").await;
        let why = format!(
            "canceled by run:{0}: the run {0} that started it waits for it no longer",
            self.parent
        );
        assert_eq!(ended["error"]["message"], why);
    }
}

async fn of(admin: &Client, run: &str) -> Value {
    admin.get(&format!("/runs/{run}")).await.with(200)
}

#[tokio::test]
async fn a_parent_goes_on_with_the_child_that_can_be_read_again() {
    for hit in HITS {
        let mut story = Story::damaged(hit).await;
        // Also in a process that finds it so again.
        story.server.crash().await;
        story.waits_for_a_person().await;
        let admin = story.whole_again().await;
        story.shop.asks("POST /pay", 2).await;
        story.shop.let_go();
        let ended = wait::run(&admin, &story.parent, "succeeded").await;
        assert_eq!(ended["steps"][0]["output"]["run_id"], story.child);
        // Tried again by the same run, with the same key.
        let asked = story.shop.asked();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert_eq!(asked[0], asked[1]);
        story.server.kill();
        story.server.verify();
    }
}

#[tokio::test]
async fn a_parent_that_was_told_that_it_failed_is_not_followed_by_the_child() {
    for hit in HITS {
        let mut story = Story::damaged(hit).await;
        story
            .resolve(&json!({ "step": "go", "found": "failed", "message": "paid by hand" }))
            .await;
        let admin = story.server.admin();
        let failed = wait::run(&admin, &story.parent, "failed").await;
        assert_eq!(lines(&failed), ["go failed", "on_failure.mend succeeded"]);
        assert_eq!(failed["steps"][0]["error"]["class"], "uncertain");
        let types = ["step_uncertain", "step_resolved", "step_failed"];
        let said = facts(&admin, &story.parent, &types).await;
        let said: Vec<String> = said.iter().map(|fact| text(&fact["type"])).collect();
        assert_eq!(said, types);
        let admin = story.whole_again().await;
        story.child_ends(&admin).await;
        story.server.crash().await;
        assert_eq!(story.shop.lines(), ["POST /pay", "POST /mend"]);
        story.server.kill();
        story.server.verify();
    }
}

#[tokio::test]
async fn a_parent_that_was_told_to_start_another_one_waits_for_that() {
    for hit in HITS {
        let mut story = Story::damaged(hit).await;
        story
            .resolve(&json!({ "step": "go", "found": "again" }))
            .await;
        story.shop.asks("POST /pay", 2).await;
        let admin = story.server.admin();
        let other = text(&of(&admin, &story.parent).await["steps"][0]["child"]);
        assert_ne!(other, story.child);
        let admin = story.whole_again().await;
        story.child_ends(&admin).await;
        // The other one goes on.
        story.shop.asks("POST /pay", 3).await;
        story.shop.let_go();
        let ended = wait::run(&admin, &story.parent, "succeeded").await;
        assert_eq!(ended["steps"][0]["output"]["run_id"], other);
        let keys: Vec<String> = story.shop.asked().into_iter().map(|one| one.key).collect();
        assert_eq!(keys.len(), 3, "{keys:?}");
        assert_eq!(keys[1], keys[2]);
        assert_ne!(keys[0], keys[1]);
        story.server.kill();
        story.server.verify();
    }
}

#[tokio::test]
async fn the_command_line_alone_says_what_became_of_it() {
    let mut story = Story::damaged(Hit::Indexed(LATER)).await;
    story.server.kill();
    let output = crate::harness::druse(["runs", "resolve", &story.parent, "go"])
        .args([
            "--happened",
            "--output-value",
            r#"{"run_id":null,"outputs":{}}"#,
        ])
        .arg("--data")
        .arg(story.server.data())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    story.flipped.back();
    story.server.start().await;
    let admin = story.server.admin();
    let ended = wait::run(&admin, &story.parent, "succeeded").await;
    assert_eq!(ended["steps"][0]["output"]["outputs"], json!({}));
    story.child_ends(&admin).await;
    assert_eq!(story.shop.lines(), ["POST /pay"]);
}

/// Overwrites the whole record in which this stands.
fn wipe(data: &Path, words: &str) {
    let Flipped { segment, at, .. } = Flipped::at(data, words);
    let mut bytes = fs::read(&segment).unwrap();
    let (hit, mut start) = (usize::try_from(at).unwrap(), 4096);
    loop {
        let length = u32::from_le_bytes(bytes[start..start + 4].try_into().unwrap());
        let end = (start + 8 + usize::try_from(length).unwrap()).next_multiple_of(8);
        if hit < end {
            bytes[start..end].fill(0xa5);
            break;
        }
        start = end;
    }
    fs::write(segment, bytes).unwrap();
}

#[tokio::test]
async fn of_a_record_without_a_name_whoever_may_be_meant_is_held_until_the_loss_is_accepted() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    let admin = server.admin();
    shop.hold("POST /pay");
    let gated = json!({ "druse": 1, "name": "gated", "steps": [
        { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } }] });
    let waits = start(&admin, &gated).await;
    wait::run(&admin, &waits, "waiting").await;
    let pays = json!({ "druse": 1, "name": "pays", "steps": [
        { "id": "say", "action": "shell", "with": { "argv": ["printf", "child"] } },
        { "id": "name", "action": "transform", "needs": ["say"],
          "with": { "value": "{{ 'later-' ~ steps.say.output.stdout }}" } },
        call("pay", "POST /pay", json!({ "needs": ["name"] })),
    ] });
    let pays = start(&admin, &pays).await;
    shop.asks("POST /pay", 1).await;
    let other = json!({ "druse": 1, "name": "other", "steps": [
        { "id": "say", "action": "transform", "with": { "value": 1 } }] });
    let ended = start(&admin, &other).await;
    wait::run(&admin, &ended, "succeeded").await;
    server.kill();
    wipe(server.data(), LATER);
    fs::remove_dir_all(server.data().join("index")).unwrap();
    server.start().await;
    for _ in 0..2 {
        let admin = server.admin();
        let doctor = admin.get("/doctor").await.with(200);
        let problems = doctor["problems"].as_array().unwrap();
        let told = |code: &str, says: &str| {
            let mut problems = problems.iter();
            problems.any(|one| one["code"] == code && one.to_string().contains(says))
        };
        assert!(
            told("store_damaged", "has written nothing since is held"),
            "{doctor:#}"
        );
        assert!(told("store_damaged", "--accept-loss"), "{doctor:#}");
        for held in [&waits, &pays] {
            assert!(told("run_stuck", held), "{doctor:#}");
            let refused = admin.get(&format!("/runs/{held}")).await;
            refused.problem(500, "damaged");
        }
        // Others go on.
        wait::run(&admin, &ended, "succeeded").await;
        let another = admin.post("/automations/other/runs", &json!({})).await;
        wait::run(&admin, &text(&another.with(202)["id"]), "succeeded").await;
        server.crash().await;
    }
    assert_eq!(shop.lines(), ["POST /pay"]);
    server.kill();
    server.start_with("--accept-loss").await;
    shop.asks("POST /pay", 2).await;
    shop.let_go();
    let admin = server.admin();
    wait::run(&admin, &pays, "succeeded").await;
    wait::run(&admin, &waits, "waiting").await;
    // It is accepted once and for all.
    server.crash().await;
    let admin = server.admin();
    wait::run(&admin, &waits, "waiting").await;
    let doctor = admin.get("/doctor").await.with(200);
    assert!(!doctor.to_string().contains("run_stuck"), "{doctor:#}");
}
