//! `druse runs logs`.

use super::{Done, print};
use crate::cli::{Logs, Output};
use crate::client::{Client, encode};
use crate::console::shown;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Prints what the steps of a run wrote; with `follow`, until it ends.
pub(super) async fn logs(client: &Client, what: &Logs, output: Output) -> Done {
    let run = encode(&what.run);
    let mut path = match &what.step {
        Some(step) => format!("/runs/{run}/steps/{}/logs?limit=200", encode(step)),
        None => format!("/runs/{run}/logs?limit=200"),
    };
    if let Some(attempt) = what.attempt {
        path.push_str(&format!("&attempt={attempt}"));
    }
    // With no server nothing is written any more.
    let follow = what.follow && !client.is_inside();
    let wait = if follow { "&wait=20s" } else { "" };
    let mut printer = Printer {
        output,
        named: what.step.is_none(),
        begun: BTreeMap::new(),
    };
    let mut after = 0;
    loop {
        // Asked before the pieces: what its steps wrote is there before a run has ended.
        let over = !follow || !client.get(&format!("/runs/{run}")).await?["finished_at"].is_null();
        let page = client.get(&format!("{path}&after={after}{wait}")).await?;
        let items = page["items"].as_array().map_or(&[][..], Vec::as_slice);
        for piece in items {
            after = piece["seq"].as_u64().unwrap_or(after);
            printer.piece(piece);
        }
        if over && page["next_cursor"].is_null() {
            printer.end();
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Puts pieces together to lines.
struct Printer {
    output: Output,
    /// Whether each line says whose it is.
    named: bool,
    /// Lines of which the end is still to come, by step, attempt and stream.
    begun: BTreeMap<(String, u64, String), String>,
}

impl Printer {
    fn piece(&mut self, piece: &Value) {
        if self.output == Output::Json {
            print::exact(&piece.to_string());
            return;
        }
        let key = (
            print::cell(&piece["step"]),
            piece["attempt"].as_u64().unwrap_or(0),
            print::cell(&piece["stream"]),
        );
        let text = piece["text"].as_str().unwrap_or_default();
        let mut whole = self.begun.remove(&key).unwrap_or_default();
        whole.push_str(text);
        let mut rest = whole.as_str();
        while let Some((line, more)) = rest.split_once('\n') {
            self.line(&key, line);
            rest = more;
        }
        if !rest.is_empty() {
            self.begun.insert(key, rest.to_owned());
        }
    }

    fn line(&self, (step, attempt, stream): &(String, u64, String), text: &str) {
        // What a program wrote is not for the terminal to obey.
        // That goes back to the beginning of the line, too.
        let text = shown(text.trim_end_matches('\r')).replace('\r', "⟨U+000D⟩");
        let sign = match stream.as_str() {
            "stdout" => "",
            "stderr" => "! ",
            "http" => "> ",
            _ => "# ",
        };
        let attempt = match attempt {
            1 => String::new(),
            number => format!("#{number}"),
        };
        match self.named {
            true => print::line(&format!("{step}{attempt}  {sign}{text}")),
            false => print::line(&format!("{sign}{text}")),
        }
    }

    fn end(&mut self) {
        for (key, text) in std::mem::take(&mut self.begun) {
            self.line(&key, &text);
        }
    }
}
