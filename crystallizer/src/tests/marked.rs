//! A title with a mark follows the title that an answer has, and the mark stays.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

fn replied(subject: &str, found: Value, key: &str) -> Session {
    session(
        "Reply to the last mail of lars@fjord.no that we accept.",
        vec![
            call(
                "s",
                0,
                "search_mail",
                json!({ "from": "lars@fjord.no", "limit": 1 }),
                json!({ "messages": [{ "id": "18c2f", "thread_id": "th_55aa", "from": "lars@fjord.no", "subject": found }] }),
            ),
            call(
                "r",
                1,
                "send_reply",
                json!({ "thread_id": "th_55aa", "to": "lars@fjord.no", key: subject, "body": "We accept." }),
                json!({ "ok": true }),
            ),
        ],
    )
}

fn sent(made: &Crystallized) -> Value {
    made.document.steps[1].with.as_ref().unwrap()["arguments"].clone()
}

#[test]
fn a_marked_title_follows() {
    for (subject, found, before, behind) in [
        ("Re: Pump offer", "Pump offer", "Re: ", ""),
        ("Re: Offer 2231", "Offer 2231", "Re: ", ""),
        ("[EXT] Re: Pump offer", "Pump offer", "[EXT] Re: ", ""),
        ("Pump offer (done)", "Pump offer", "", " (done)"),
    ] {
        let one = made(&replied(subject, json!(found), "subject"), &bound());
        let subject = sent(&one)["subject"].as_str().unwrap().to_owned();
        assert!(subject.starts_with(&format!("{before}{{{{")), "{subject}");
        assert!(subject.ends_with(&format!("}}}}{behind}")), "{subject}");
        assert!(subject.contains(".subject"), "{subject}");
        assert_eq!(one.report.generalisable, Some(Level::Shuffled));
        assert!(
            one.report
                .questions
                .iter()
                .all(|one| !one.id.contains("subject"))
        );
    }
    // No title, and no mark.
    for (subject, found, key) in [
        ("Re: Pump offer", "Pump offer", "comment"),
        ("Ours: Pump offer", "Pump offer", "subject"),
        ("Re: Pump offer", "Another offer", "subject"),
    ] {
        let one = made(&replied(subject, json!(found), key), &bound());
        assert_eq!(sent(&one)[key], json!(subject), "{key}");
    }
}

fn cloned(task: &str, title: &str) -> Crystallized {
    let turns = vec![
        call(
            "g",
            0,
            "get_issue",
            json!({ "issue_id": "WEB-441" }),
            json!({ "issue_id": "WEB-441", "title": "Login broken" }),
        ),
        call(
            "c",
            1,
            "create_issue",
            json!({ "title": title }),
            json!({ "ok": true }),
        ),
    ];
    made(&session(task, turns), &bound())
}

#[test]
fn what_a_person_said_in_a_mark_is_an_input() {
    let title = "{{ steps.get_issue.output.title }}";
    for (task, sent_title, value, before, behind) in [
        (
            "Clone issue WEB-441 for the customer Globex.",
            "Login broken (Globex)",
            "Globex",
            format!("{title} ("),
            ")".to_owned(),
        ),
        (
            "Clone issue WEB-441 for the beta team.",
            "Login broken (beta)",
            "beta",
            format!("{title} ("),
            ")".to_owned(),
        ),
        (
            "Duplicate issue WEB-441 for team Phoenix.",
            "[Phoenix] Login broken",
            "Phoenix",
            "[".to_owned(),
            format!("] {title}"),
        ),
    ] {
        let one = cloned(task, sent_title);
        let written = sent(&one)["title"].as_str().unwrap().to_owned();
        let input = one.document.inputs.iter();
        let mut input = input.filter(|(_, input)| input["default"] == json!(value));
        let (name, _) = input.next().unwrap_or_else(|| panic!("{written}"));
        assert_eq!(written, format!("{before}{{{{ inputs.{name} }}}}{behind}"));
    }
    // A state is the same in each run, though a person said it, and so is what nobody said.
    for (task, sent_title) in [
        (
            "Clone issue WEB-441 and mark it as a copy.",
            "Login broken (copy)",
        ),
        ("Clone issue WEB-441.", "Login broken (again)"),
    ] {
        let one = cloned(task, sent_title);
        let expected = sent_title.replace("Login broken", title);
        assert_eq!(sent(&one)["title"], json!(expected));
    }
}
