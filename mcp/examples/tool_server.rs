//! A server with tools that behave well and badly, for the tests of the client.

use druse_mcp::{ServerInfo, Tool, ToolAnswer, ToolCall, serve_stdio};
use serde_json::{Value, json};

fn tool(name: &str) -> Tool {
    Tool {
        name: name.into(),
        description: format!("Does {name}."),
        input_schema: json!({ "type": "object" }),
        annotations: json!({ "readOnlyHint": name == "echo" }),
    }
}

fn answer(call: ToolCall) -> ToolAnswer {
    Box::pin(async move {
        let argument = |name: &str| call.arguments.get(name).cloned().unwrap_or(Value::Null);
        match call.name.as_str() {
            "echo" => Ok(json!({ "arguments": call.arguments, "meta": call.meta })),
            "rows" => Ok(json!([{ "id": 1 }, { "id": 2 }])),
            "say" => Ok(argument("text")),
            "fail" => Err("The table does not exist.".into()),
            "big" => {
                let size = argument("bytes").as_u64().unwrap_or(0);
                Ok("x".repeat(usize::try_from(size).unwrap_or(0)).into())
            }
            "environment" => Ok(std::env::vars()
                .map(|(name, value)| (name, value.into()))
                .collect::<serde_json::Map<_, _>>()
                .into()),
            "hang" => std::future::pending().await,
            // Says nothing any more, to anybody.
            "freeze" => loop {
                std::thread::park();
            },
            "die" => {
                eprintln!("giving up");
                std::process::exit(3)
            }
            // Holds a pipe open for as long as it lives.
            "leave_child" => {
                let pipe = argument("pipe").as_str().unwrap_or_default().to_owned();
                let started = std::process::Command::new("/bin/sh")
                    .args(["-c", "exec sleep 100000 > \"$0\"", &pipe])
                    .spawn();
                Ok(started.is_ok().into())
            }
            other => Err(format!("Unknown tool: {other}")),
        }
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    eprintln!("ready");
    let names = [
        "echo",
        "rows",
        "say",
        "fail",
        "big",
        "environment",
        "hang",
        "freeze",
        "die",
        "leave_child",
    ];
    let info = ServerInfo {
        name: "tools".into(),
        version: "1".into(),
        instructions: String::new(),
    };
    serve_stdio(info, names.map(tool).into(), answer).await
}
