//! Server-sent events, read as a browser would.

use super::client::Client;
use serde_json::Value;

/// An open stream of a run's facts.
pub(crate) struct Stream {
    response: reqwest::Response,
    read: String,
    cut: bool,
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// To be sent back as `Last-Event-ID`.
    pub(crate) id: String,
    /// The name.
    pub(crate) name: String,
    /// The data as JSON.
    pub(crate) data: Value,
}

impl Stream {
    /// Follows a run, from the event after `last` on.
    pub(crate) async fn of(client: &Client, run: &str, last: Option<&str>) -> Self {
        Self::try_of(client, run, last)
            .await
            .unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// As [`Stream::of`], from a server that may be dying.
    pub(crate) async fn try_of(
        client: &Client,
        run: &str,
        last: Option<&str>,
    ) -> reqwest::Result<Self> {
        Self::open(client, &format!("/runs/{run}/events"), last).await
    }

    /// Follows what an address below `/api/v1` streams, from the event after `last` on.
    pub(crate) async fn at(client: &Client, path: &str, last: Option<&str>) -> Self {
        Self::open(client, path, last)
            .await
            .unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    async fn open(client: &Client, path: &str, last: Option<&str>) -> reqwest::Result<Self> {
        let mut request = client
            .request("GET", path)
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.open().await?;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self {
            response,
            read: String::new(),
            cut: false,
        })
    }

    /// The next event; `None` once the stream has ended, in order or not.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                if let Some(event) = event(&block) {
                    return Some(event);
                }
            }
            let chunk = match self.response.chunk().await {
                Ok(chunk) => chunk?,
                Err(_) => {
                    self.cut = true;
                    return None;
                }
            };
            let text = std::str::from_utf8(&chunk).expect("the facts of these tests are ASCII");
            self.read.push_str(text);
        }
    }

    /// Events up to and with the first of this name.
    pub(crate) async fn up_to(&mut self, name: &str) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            let found = event.name == name;
            events.push(event);
            if found {
                return events;
            }
        }
        panic!("the stream ended before {name}: {events:#?}");
    }

    /// Whether the server ended it, and did not just vanish.
    pub(crate) fn ended_well(&self) -> bool {
        !self.cut
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// A block of fields; a comment is none.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let mut lines = block.lines().filter_map(|line| line.strip_prefix(name));
        lines.next().map(str::to_owned)
    };
    Some(Event {
        id: field("id: ")?,
        name: field("event: ")?,
        data: serde_json::from_str(&field("data: ")?).expect("the data is JSON"),
    })
}
