//! A run in this process, seen through the same API as a server's: gates are answered on the terminal.

use super::print;
use super::runs::words;
use crate::client::{Client, Failure, encode};
use http::Method;
use serde_json::{Map, Value, json};
use std::io::{BufRead, IsTerminal as _, Write};

/// How a person's answer at a gate is had.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gates {
    /// Each is approved.
    Approve,
    /// Whoever sits at the terminal is asked; with none, the run stays where it is.
    Terminal,
    /// Standard input is asked, whatever it is; at its end, the run stays where it is.
    Input,
}

/// How a run came out.
pub(super) enum Came {
    /// To its end.
    Over(Value),
    /// To a gate that nobody here could answer.
    Waits {
        /// The run.
        run: Value,
        /// The gate.
        approval: Value,
    },
}

impl Came {
    /// The run.
    pub(super) fn run(&self) -> &Value {
        match self {
            Self::Over(run) | Self::Waits { run, .. } => run,
        }
    }
}

/// Stores connections from a file.
pub(super) async fn connect(
    client: &Client,
    connections: &Map<String, Value>,
) -> Result<(), Failure> {
    for (name, connection) in connections {
        client
            .request(
                Method::PUT,
                &format!("/connections/{}", encode(name)),
                Some(connection),
            )
            .await?;
    }
    Ok(())
}

/// Follows a run to its end or to a gate that nobody here can answer, and tells each fact of its journal.
/// Questions go to `talk`.
pub(super) async fn follow(
    client: &Client,
    id: &str,
    gates: Gates,
    talk: &mut dyn Write,
) -> Result<Came, Failure> {
    let path = format!("/runs/{}", encode(id));
    let mut after = 0;
    loop {
        let page = client
            .get(&format!("{path}/events?after={after}&limit=200&wait=10s"))
            .await?;
        for entry in page["items"].as_array().into_iter().flatten() {
            after = entry["seq"].as_u64().unwrap_or(after);
            let _ = writeln!(talk, "  {}", words(entry));
            if entry["type"] == "finished" {
                return Ok(Came::Over(client.get(&path).await?));
            }
            if entry["type"] == "approval_requested" {
                let approval = client
                    .get(&format!(
                        "/approvals/{}",
                        print::cell(&entry["request"]["approval"])
                    ))
                    .await?;
                if !answer(client, &approval, gates, talk).await? {
                    return Ok(Came::Waits {
                        run: client.get(&path).await?,
                        approval,
                    });
                }
            }
        }
    }
}

/// Answers a gate; says whether it was answered.
async fn answer(
    client: &Client,
    approval: &Value,
    gates: Gates,
    talk: &mut dyn Write,
) -> Result<bool, Failure> {
    if approval["status"] != "pending" {
        return Ok(true);
    }
    let decision = match gates {
        Gates::Approve => {
            for line in shown(approval).iter().skip(1) {
                let _ = writeln!(talk, "    {line}");
            }
            "approve"
        }
        Gates::Terminal if !std::io::stdin().is_terminal() => return Ok(false),
        Gates::Terminal | Gates::Input => {
            let input = std::io::stdin();
            let echo = !input.is_terminal();
            match ask(approval, &mut input.lock(), echo, talk) {
                Some(decision) => decision,
                None => return Ok(false),
            }
        }
    };
    let mut body = json!({ "decision": decision, "digest": approval["digest"] });
    if gates == Gates::Approve {
        body["comment"] = "approved with --yes".into();
    } else if decision == "reject" {
        body["comment"] = "refused at the terminal".into();
    }
    client
        .post(
            &format!("/approvals/{}/decision", print::cell(&approval["id"])),
            &body,
        )
        .await?;
    Ok(true)
}

/// Asks whoever sits at the terminal about one finding; says whether it is acknowledged.
pub(super) fn acknowledges(finding: &Value, talk: &mut dyn Write) -> bool {
    let input = std::io::stdin();
    let question = format!("Acknowledge {}?", print::cell(&finding["id"]));
    input.is_terminal() && yes_or_no(&question, &mut input.lock(), false, talk) == Some(true)
}

/// Shows what a gate lets through, and asks until there is an answer; none at the end of the input. What
/// comes from no terminal is echoed, for nobody has seen it typed.
fn ask(
    approval: &Value,
    input: &mut dyn BufRead,
    echo: bool,
    talk: &mut dyn Write,
) -> Option<&'static str> {
    let _ = writeln!(talk);
    for line in shown(approval) {
        let _ = writeln!(talk, "    {line}");
    }
    let yes = yes_or_no("Approve?", input, echo, talk)?;
    Some(if yes { "approve" } else { "reject" })
}

/// Asks until there is an answer; none at the end of the input.
fn yes_or_no(
    question: &str,
    input: &mut dyn BufRead,
    echo: bool,
    talk: &mut dyn Write,
) -> Option<bool> {
    loop {
        let _ = write!(talk, "    {question} [y/n] ");
        let _ = talk.flush();
        let mut line = String::new();
        match input.read_line(&mut line) {
            Ok(0) | Err(_) => {
                let _ = writeln!(talk);
                return None;
            }
            Ok(_) => {
                if echo {
                    let _ = writeln!(talk, "{}", line.trim());
                }
                match line.trim().to_lowercase().as_str() {
                    "y" | "yes" => return Some(true),
                    "n" | "no" => return Some(false),
                    _ => {}
                }
            }
        }
    }
}

/// A gate as the person who decides needs it, a line each.
pub(super) fn shown(approval: &Value) -> Vec<String> {
    let mut lines = vec![print::cell(&approval["title"])];
    let message = approval["message"].as_str().unwrap_or_default();
    lines.extend(message.lines().map(print::shown));
    for step in approval["details"]["next"].as_array().into_iter().flatten() {
        lines.push(format!(
            "then {} ({}): {}",
            print::cell(&step["step"]),
            print::cell(&step["action"]),
            print::value(&step["with"])
        ));
    }
    if !approval["fields"].is_null() {
        lines.push(format!("asks for: {}", print::value(&approval["fields"])));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: &str) -> (Option<&'static str>, String) {
        let approval = json!({
            "title": "Pay?", "message": "84.20 EUR", "fields": null,
            "details": { "next": [{ "step": "pay", "action": "mcp", "with": { "tool": "pay" } }] },
        });
        let mut said = Vec::new();
        let decision = ask(&approval, &mut typed.as_bytes(), true, &mut said);
        (decision, String::from_utf8(said).unwrap())
    }

    #[test]
    fn an_answer_is_asked_for_until_it_is_one() {
        assert_eq!(asked("y\n").0, Some("approve"));
        assert_eq!(asked("No\n").0, Some("reject"));
        let (decision, said) = asked("what\n\nYES\n");
        assert_eq!(decision, Some("approve"));
        assert_eq!(said.matches("Approve? [y/n]").count(), 3);
        assert!(
            said.contains("then pay (mcp): {\"tool\":\"pay\"}"),
            "{said}"
        );
    }

    #[test]
    fn the_end_of_the_input_is_no_answer() {
        assert_eq!(asked("").0, None);
        assert_eq!(asked("perhaps\n").0, None);
    }
}
