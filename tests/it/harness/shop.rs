//! An MCP server of a shop in a few lines of shell, whose tools and whose answer can be changed while it is there.

use serde_json::{Value, json};
use std::path::Path;

const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"method":"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"shop","version":"1"}}}\n' "$id" ;;
    *'"method":"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":%s}}\n' "$id" "$(cat "$OFFERS")" ;;
    *'"method":"tools/call"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":%s}]}}\n' "$id" "$(cat "$ANSWER")" ;;
  esac
done
"#;

/// What its tools are and answer stands in files.
pub(crate) struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    /// One that offers these tools, each with the arguments that it requires, all of them texts.
    pub(crate) fn new(tools: &[(&str, &[&str])]) -> Self {
        let shop = Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        shop.offers(tools);
        shop.answers(&json!({ "ok": true }));
        shop
    }

    /// From now on it offers these tools.
    pub(crate) fn offers(&self, tools: &[(&str, &[&str])]) {
        let tools: Vec<Value> = tools
            .iter()
            .map(|(name, arguments)| {
                let properties = arguments
                    .iter()
                    .map(|name| ((*name).to_owned(), json!({ "type": "string" })));
                let properties: serde_json::Map<String, Value> = properties.collect();
                json!({ "name": name, "inputSchema": {
                    "type": "object", "properties": properties, "required": arguments,
                } })
            })
            .collect();
        self.write("offers", &json!(tools));
    }

    /// From now on each call is answered with this, as a text that holds it.
    pub(crate) fn answers(&self, answer: &Value) {
        self.write("answer", &json!(answer.to_string()));
    }

    fn write(&self, name: &str, value: &Value) {
        // What is read meanwhile is whole.
        let path = self.path().join(name);
        let beside = self.path().join(format!("{name}.new"));
        std::fs::write(&beside, value.to_string()).expect("a file can be written");
        std::fs::rename(beside, path).expect("a file can be renamed");
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The connection to it.
    pub(crate) fn connection(&self) -> Value {
        json!({
            "kind": "mcp", "command": ["/bin/sh", "-c", SERVER],
            "env": { "OFFERS": self.path().join("offers"), "ANSWER": self.path().join("answer") },
        })
    }

    /// A program that is the same server, at a path with a blank in it.
    pub(crate) fn program(&self) -> String {
        let path = self.path().join("my shop.sh");
        let (offers, answer) = (self.path().join("offers"), self.path().join("answer"));
        let text = format!(
            "OFFERS='{}'\nANSWER='{}'\n{SERVER}",
            offers.display(),
            answer.display()
        );
        std::fs::write(&path, text).expect("a file can be written");
        path.display().to_string()
    }
}
