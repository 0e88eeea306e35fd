//! What a server answers, as plain values.

use rmcp::model::{CallToolResult, ContentBlock, Tool};
use serde::Serialize;
use serde_json::Value;

/// The result of a tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutput {
    /// `structuredContent`, where the server gave it.
    pub structured: Option<Value>,
    /// The content blocks as sent.
    pub content: Vec<Value>,
    /// The texts among them, joined by line feeds.
    pub text: String,
    /// `text` parsed, where it is JSON.
    pub json: Option<Value>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
}

impl ToolOutput {
    pub(crate) fn read(result: CallToolResult) -> Self {
        let texts: Vec<&str> = result
            .content
            .iter()
            .filter_map(|block| block.as_text())
            .map(|text| text.text.as_str())
            .collect();
        let text = texts.join("\n");
        let json = serde_json::from_str(&text).ok();
        let content = result.content.iter().map(block).collect();
        Self {
            structured: result.structured_content,
            content,
            json,
            text,
            is_error: result.is_error == Some(true),
        }
    }
}

fn block(block: &ContentBlock) -> Value {
    serde_json::to_value(block).unwrap_or(Value::Null)
}

/// A tool that a server offers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolInfo {
    /// Its name.
    pub name: String,
    /// What it does, in the server's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// JSON Schema of its structured result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// The server's hints about it (`readOnlyHint`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Value>,
}

impl ToolInfo {
    pub(crate) fn read(tool: Tool) -> Self {
        Self {
            name: tool.name.into_owned(),
            description: tool.description.map(|text| text.into_owned()),
            input_schema: Value::Object(tool.input_schema.as_ref().clone()),
            output_schema: tool
                .output_schema
                .map(|schema| Value::Object(schema.as_ref().clone())),
            annotations: tool
                .annotations
                .and_then(|hints| serde_json::to_value(hints).ok()),
        }
    }
}
