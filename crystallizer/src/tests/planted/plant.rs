//! Recordings of several formats with secrets planted in them. This file stands by itself: the test of the whole
//! binary plants with it, too.

use serde_json::{Value, json};

/// The kinds of secrets.
pub(crate) const KINDS: [&str; 24] = [
    "AWS key pair",
    "GitHub token",
    "GitLab token",
    "Slack token",
    "Stripe key",
    "OpenAI key",
    "Anthropic key",
    "Google API key",
    "JWT",
    "bearer header",
    "user and password (Basic header)",
    "password inside an address",
    "private key",
    "password field",
    "api_key field",
    "connection string",
    "random header",
    "random parameter",
    "environment variable",
    "option of a program",
    "bare option of a program",
    "credentials behind a scheme",
    "header in a list",
    "cookies",
];

/// The formats of the recordings.
pub(crate) const FORMATS: [&str; 7] = [
    "druse",
    "openai-chat",
    "anthropic-chat",
    "claude-code",
    "codex-rollout",
    "google-adk",
    "otel",
];

/// Numbers that look random and are the same for the same seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// Characters of an alphabet: a small letter, a capital and a digit are among them where it has some.
    pub(crate) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let all: Vec<char> = alphabet.chars().collect();
        loop {
            let text: String = (0..length).map(|_| all[self.below(all.len())]).collect();
            let lacks = |is: fn(&char) -> bool| all.iter().any(is) && !text.chars().any(|c| is(&c));
            if !lacks(char::is_ascii_lowercase)
                && !lacks(char::is_ascii_uppercase)
                && !lacks(char::is_ascii_digit)
            {
                return text;
            }
        }
    }
}

const ALNUM: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const URLSAFE: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
const BASE64: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";

const HEX: &str = "abcdef0123456789";
/// Names before credentials.
const SCHEMES: [&str; 13] = [
    "Token",
    "token",
    "ApiKey",
    "SSWS",
    "GenieKey",
    "Bot",
    "Zoho-oauthtoken",
    "Klaviyo-API-Key",
    "Splunk",
    "Api-Token",
    "OAuth",
    "Negotiate",
    "PRIVATE-TOKEN",
];

/// A planted secret.
pub(crate) struct Plant {
    pub(crate) kind: &'static str,
    /// What must be found nowhere.
    pub(crate) secrets: Vec<String>,
    /// How it stands among the arguments of a call.
    arguments: Value,
    /// How it stands in a text.
    text: String,
}

/// A secret of a kind, by the kind's number.
pub(crate) fn plant(kind: usize, chance: &mut Chance) -> Plant {
    let kind = KINDS[kind % KINDS.len()];
    let token = |value: String, name: &str| {
        let arguments = json!({ "url": "https://api.example.com/v1/things", "headers": { name: value.clone() } });
        (
            vec![value.clone()],
            arguments,
            format!("use {value} for it"),
        )
    };
    let (secrets, arguments, text) = match kind {
        "AWS key pair" => {
            let id = format!("AKIA{}", chance.text(UPPER, 16));
            let secret = chance.text(BASE64, 40);
            (
                vec![id.clone(), secret.clone()],
                json!({ "aws_access_key_id": id, "aws_secret_access_key": secret, "region": "eu-west-1" }),
                format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
            )
        }
        "GitHub token" => token(format!("ghp_{}", chance.text(ALNUM, 36)), "X-Token"),
        "GitLab token" => token(
            format!("glpat-{}", chance.text(URLSAFE, 20)),
            "PRIVATE-TOKEN",
        ),
        "Slack token" => token(
            format!(
                "xoxb-{}-{}-{}",
                chance.text("123456789", 12),
                chance.text("123456789", 12),
                chance.text(ALNUM, 24)
            ),
            "x",
        ),
        "Stripe key" => token(format!("sk_live_{}", chance.text(ALNUM, 24)), "x"),
        "OpenAI key" => token(format!("sk-proj-{}", chance.text(ALNUM, 48)), "x"),
        "Anthropic key" => token(
            format!("sk-ant-api03-{}AA", chance.text(URLSAFE, 93)),
            "x-api-key",
        ),
        "Google API key" => token(format!("AIza{}", chance.text(ALNUM, 35)), "x-goog-api-key"),
        "JWT" => {
            let jwt = format!(
                "eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}",
                chance.text(URLSAFE, 40),
                chance.text(URLSAFE, 43)
            );
            (
                vec![jwt.clone()],
                json!({ "cookie": format!("session={jwt}; theme=dark") }),
                format!("The answer was {jwt}."),
            )
        }
        "bearer header" => {
            let value = chance.text(LOWER, 40);
            (
                vec![value.clone()],
                json!({ "headers": { "Authorization": format!("Bearer {value}") } }),
                format!("curl -H 'Authorization: Bearer {value}' https://api.example.com/me"),
            )
        }
        "user and password (Basic header)" => {
            use base64::Engine as _;
            let password = chance.text(ALNUM, 14);
            let value = base64::engine::general_purpose::STANDARD.encode(format!("ana:{password}"));
            (
                vec![value.clone()],
                json!({ "headers": { "authorization": format!("Basic {value}") } }),
                format!("Authorization: Basic {value}"),
            )
        }
        "password inside an address" => {
            let password = chance.text(ALNUM, 12);
            let address = format!("https://deploy:{password}@git.example.com/team/app.git");
            (
                vec![password],
                json!({ "remote": address }),
                format!("git clone {address} app"),
            )
        }
        "private key" => {
            let lines: Vec<String> = (0..4).map(|_| chance.text(BASE64, 64)).collect();
            let body = lines.join("\n");
            let key =
                format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n");
            (lines, json!({ "path": "id_rsa", "content": key }), key)
        }
        "password field" => {
            let password = format!("{}!\"{}", chance.text(ALNUM, 6), chance.text(ALNUM, 5));
            let said = serde_json::to_string(&json!({ "user": "ana", "password": password }));
            (
                vec![password.clone()],
                json!({ "user": "ana", "password": password }),
                said.unwrap_or_default(),
            )
        }
        "api_key field" => {
            let value = chance.text(LOWER, 32);
            (
                vec![value.clone()],
                json!({ "api_key": value, "city": "Wien" }),
                format!("config = {{ \"api_key\": \"{value}\" }}"),
            )
        }
        "connection string" => {
            let password = chance.text(ALNUM, 16);
            (
                vec![password.clone()],
                json!({ "dsn": format!("postgresql://app:{password}@db.example.com:5432/books") }),
                format!("Server=db.example.com;User Id=app;Password={password};Database=books"),
            )
        }
        "random header" => {
            let value = chance.text(ALNUM, 40);
            let other = chance.text(HEX, 32);
            (
                vec![value.clone(), other.clone()],
                json!({ "headers": { "X-Acme-Access": value, "X-Shop-Key": other, "Accept": "*/*" } }),
                format!("X-Api-Key: {value}"),
            )
        }
        "random parameter" => {
            let value = chance.text(ALNUM, 32);
            let address = format!("https://maps.example.com/tiles?z=3&access_token={value}&x=1");
            (
                vec![value],
                json!({ "url": address }),
                format!("fetched {address}"),
            )
        }
        "environment variable" => {
            let value = chance.text(LOWER, 40);
            (
                vec![value.clone()],
                json!({ "command": format!("export ACME_API_KEY={value} && ./deploy") }),
                format!("ACME_API_KEY={value}\nDEBUG=1\n"),
            )
        }
        "bare option of a program" => {
            let value = chance.text(ALNUM, 14);
            let lines = [
                format!("mysql -h db -u app -p{value} shop -e 'select 1'"),
                format!("docker login -u ana -p {value} registry.example.com"),
                format!("curl -s -u ana:{value} https://api.example.com/v1"),
                format!("REDISCLI_AUTH={value} redis-cli ping"),
                format!("PGPASSWORD='{value}' psql -h db -c 'select 1'"),
                format!("sshpass -p {value} ssh ana@host.example.com uptime"),
                format!("redis-cli -h cache -a \"{value}\" get x"),
                format!("mongosh --host db -u ana -p {value} shop"),
                format!("htpasswd -b .htpasswd ana {value}"),
                format!("git clone https://ana:{value}@git.example.com/a/b.git"),
            ];
            let line = &lines[chance.below(lines.len())];
            (
                vec![value],
                json!({ "command": line }),
                format!("then run `{line}` again"),
            )
        }
        "credentials behind a scheme" => {
            let alphabet = [HEX, LOWER, ALNUM][chance.below(3)];
            let value = chance.text(alphabet, 32);
            let scheme = SCHEMES[chance.below(SCHEMES.len())];
            let name = ["Authorization", "authorization", "X-Auth"][chance.below(3)];
            (
                vec![value.clone()],
                json!({ "url": "https://api.example.com/v1/things", "headers": { name: format!("{scheme} {value}") } }),
                format!("curl -H '{name}: {scheme} {value}' https://api.example.com/me"),
            )
        }
        "header in a list" => {
            let alphabet = [HEX, LOWER, ALNUM][chance.below(3)];
            let value = chance.text(alphabet, 32);
            let scheme = SCHEMES[chance.below(SCHEMES.len())];
            let field = ["name", "key"][chance.below(2)];
            (
                vec![value.clone()],
                json!({ "headers": [
                    { field: "Accept", "value": "*/*" },
                    { field: "Authorization", "value": format!("{scheme} {value}") },
                ] }),
                format!("Authorization: {scheme} {value}\nAccept: */*"),
            )
        }
        "cookies" => {
            let alphabet = [HEX, LOWER][chance.below(2)];
            let value = chance.text(alphabet, 32);
            let name = ["sid", "PHPSESSID", "sessionid", "connect.sid"][chance.below(4)];
            let arguments = [
                json!({ "headers": { "Cookie": format!("{name}={value}; theme=dark") } }),
                json!({ "headers": { "cookie": format!("lang=de; {name}={value}") } }),
                json!({ "cookies": { name: value, "lang": "de" } }),
                json!({ "command": format!("curl -s -b '{name}={value}; lang=de' https://x.example.com") }),
            ];
            (
                vec![value.clone()],
                arguments[chance.below(arguments.len())].clone(),
                format!("Cookie: lang=de; {name}={value}"),
            )
        }
        _ => {
            let value = chance.text(ALNUM, 18);
            (
                vec![value.clone()],
                json!({ "command": format!("tool login --user ana --password {value} --verbose") }),
                format!("tool login --password={value}"),
            )
        }
    };
    Plant {
        kind,
        secrets,
        arguments,
        text,
    }
}

/// A recording in a format, with these plants: each stands in a call's arguments, every third in an answer as well,
/// every fourth in the person's words.
pub(crate) fn recording(format: usize, plants: &[Plant]) -> String {
    let mut said = "Please set it up.".to_owned();
    let mut calls = Vec::new();
    for (index, plant) in plants.iter().enumerate() {
        if index % 4 == 3 {
            said.push_str(&format!(" And note: {}", plant.text));
        }
        let answer = if index % 3 == 2 {
            format!("done, wrote:\n{}", plant.text)
        } else {
            format!("done {index}")
        };
        calls.push((
            format!("c{index}"),
            format!("tool_{}", index % 5),
            plant.arguments.clone(),
            answer,
        ));
    }
    written(format, &said, &calls)
}

/// A recording in a format: what the person said, and calls with their answers.
pub(crate) fn written(format: usize, said: &str, calls: &Calls) -> String {
    match FORMATS[format % FORMATS.len()] {
        "druse" => druse(said, calls),
        "openai-chat" => openai(said, calls),
        "anthropic-chat" => anthropic(said, calls),
        "claude-code" => claude_code(said, calls),
        "codex-rollout" => codex(said, calls),
        "google-adk" => adk(said, calls),
        _ => otel(said, calls),
    }
}

/// Calls: id, tool, arguments and answer of each.
pub(crate) type Calls = [(String, String, Value, String)];

fn druse(said: &str, calls: &Calls) -> String {
    let mut messages = vec![json!({ "role": "user", "content": said })];
    for (id, name, arguments, answer) in calls {
        messages.push(json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": answer }));
    }
    json!({ "kind": "agent_run", "status": "succeeded", "messages": messages }).to_string()
}

fn openai(said: &str, calls: &Calls) -> String {
    let mut messages = vec![json!({ "role": "user", "content": said })];
    for (id, name, arguments, answer) in calls {
        messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [
            { "id": id, "type": "function", "function": { "name": name, "arguments": arguments.to_string() } },
        ] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": answer }));
    }
    json!({ "messages": messages }).to_string()
}

fn anthropic(said: &str, calls: &Calls) -> String {
    let mut messages = vec![json!({ "role": "user", "content": said })];
    for (id, name, arguments, answer) in calls {
        messages.push(json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": name, "input": arguments }] }));
        messages.push(json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": answer }] }));
    }
    json!({ "model": "claude", "messages": messages }).to_string()
}

fn claude_code(said: &str, calls: &Calls) -> String {
    let mut lines = vec![
        json!({ "type": "user", "uuid": "u", "parentUuid": null, "sessionId": "s", "message": { "role": "user", "content": said } }),
    ];
    for (id, name, arguments, answer) in calls {
        lines.push(json!({ "type": "assistant", "uuid": format!("a{id}"), "sessionId": "s", "message": { "id": format!("m{id}"), "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": name, "input": arguments }] } }));
        lines.push(json!({ "type": "user", "uuid": format!("r{id}"), "sessionId": "s", "toolUseResult": { "stdout": answer }, "message": { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": answer }] } }));
    }
    joined(&lines)
}

fn codex(said: &str, calls: &Calls) -> String {
    let item = |payload: Value| json!({ "timestamp": "2026-01-01T00:00:00Z", "type": "response_item", "payload": payload });
    let mut lines = vec![
        json!({ "timestamp": "2026-01-01T00:00:00Z", "type": "session_meta", "payload": { "id": "s", "cwd": "/w" } }),
        item(
            json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": said }] }),
        ),
    ];
    for (id, name, arguments, answer) in calls {
        lines.push(item(json!({ "type": "function_call", "name": name, "call_id": id, "arguments": arguments.to_string() })));
        let output = json!({ "output": answer, "metadata": { "exit_code": 0 } }).to_string();
        lines.push(item(
            json!({ "type": "function_call_output", "call_id": id, "output": output }),
        ));
    }
    joined(&lines)
}

fn adk(said: &str, calls: &Calls) -> String {
    let mut events = vec![
        json!({ "author": "user", "content": { "role": "user", "parts": [{ "text": said }] } }),
    ];
    for (id, name, arguments, answer) in calls {
        events.push(json!({ "author": "agent", "content": { "parts": [{ "function_call": { "id": id, "name": name, "args": arguments } }] } }));
        events.push(json!({ "author": "agent", "content": { "parts": [{ "function_response": { "id": id, "name": name, "response": { "result": answer } } }] } }));
    }
    json!({ "id": "s", "app_name": "a", "user_id": "u", "events": events }).to_string()
}

fn otel(said: &str, calls: &Calls) -> String {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let mut spans = vec![
        json!({ "traceId": "t", "spanId": "0", "name": "chat", "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": [
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.input.messages", &json!([{ "role": "user", "parts": [{ "type": "text", "content": said }] }]).to_string()),
    ] }),
    ];
    for (number, (id, name, arguments, answer)) in calls.iter().enumerate() {
        spans.push(json!({ "traceId": "t", "spanId": format!("{}", number + 1), "name": "execute_tool", "startTimeUnixNano": format!("{}", 10 + number), "endTimeUnixNano": format!("{}", 11 + number), "attributes": [
            text("gen_ai.operation.name", "execute_tool"),
            text("gen_ai.tool.name", name),
            text("gen_ai.tool.call.id", id),
            text("gen_ai.tool.call.arguments", &arguments.to_string()),
            text("gen_ai.tool.call.result", answer),
        ] }));
    }
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] }).to_string()
}

fn joined(lines: &[Value]) -> String {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// The ways in which a secret may stand in stored bytes.
pub(crate) fn forms(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let mut forms = vec![secret.to_owned()];
    let mut escaped = secret.to_owned();
    for _ in 0..3 {
        escaped = Value::from(escaped).to_string();
        escaped = escaped[1..escaped.len() - 1].to_owned();
        forms.push(escaped.clone());
    }
    forms.push(base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret));
    forms.sort();
    forms.dedup();
    forms.into_iter().map(String::into_bytes).collect()
}
