//! What a recording says it used: tokens of the models, and what they cost. Each recorder writes it elsewhere, some with
//! each message, some with the sum so far, some at the end; what is a sum is not summed again.

use super::formats::Format;
use super::split::Part;
use super::value::{list, text};
use crate::session::Usage;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a recording used; `None` where it says nothing.
pub(super) fn of(format: Format, part: &Part) -> Option<Usage> {
    let document = part.document();
    let records = || part.records.iter().map(|record| &record.value);
    let found = match format {
        Format::Druse => of_names(&document["usage"]),
        Format::ClaudeCode => claude_code(records()),
        Format::CodexRollout => codex(records()),
        Format::Pi => sum(records().filter_map(|record| of_pi(&record["message"]["usage"]))),
        Format::GeminiCli => gemini_cli(records()),
        Format::Atif => atif(document),
        Format::SweAgent => swe_agent(&document["info"]["model_stats"]),
        Format::Tau2Bench => tau2(document),
        Format::Cursor => sum(records().filter_map(|record| of_names(&record["usage"]))),
        Format::OpenCode => opencode(records()),
        Format::Goose => goose(document),
        Format::AgentsTrace => agents_trace(document),
        Format::OpenHands => openhands(document),
        Format::PydanticAi => pydantic_ai(document),
        Format::InspectAi => inspect(document),
        Format::Otel => otel(document),
        Format::LangSmith => langsmith(document),
        // With each response, wherever it stands.
        Format::CodexExec
        | Format::OpenAiResponses
        | Format::GeminiContents
        | Format::GoogleAdk
        | Format::AiSdk
        | Format::OpenAiChat
        | Format::AnthropicChat => {
            let mut responses = Responses::default();
            for record in records() {
                responses.look(record, 0);
            }
            responses.sum()
        }
        Format::AgentDojo | Format::TauBench | Format::Bfcl | Format::McpLog => None,
    };
    // Zeros everywhere say that nobody counted.
    found.filter(|usage| *usage != Usage::default())
}

fn count(value: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| value.get(name)?.as_u64())
}

fn cost(value: &Value) -> Option<Usage> {
    let cost = value.as_f64().filter(|cost| *cost > 0.0)?;
    Some(Usage {
        cost_usd: Some(cost),
        ..Usage::default()
    })
}

/// What the agent's own messages used: the simulated person is no part of its work.
fn tau2(document: &Value) -> Option<Usage> {
    let own = list(document, "messages")
        .iter()
        .filter(|message| text(message, "role") == Some("assistant"));
    let counted = sum(own.filter_map(|message| of_names(&message["usage"])));
    let cost = cost(&document["agent_cost"]);
    match (counted, cost) {
        (Some(counted), Some(cost)) => Some(Usage {
            cost_usd: cost.cost_usd,
            ..counted
        }),
        (counted, cost) => counted.or(cost),
    }
}

/// With each answer of the model; what comes from a cache is counted beside the input.
fn opencode<'v>(records: impl Iterator<Item = &'v Value>) -> Option<Usage> {
    let of = |value: &Value| {
        let tokens = &value["tokens"];
        let cached = count(&tokens["cache"], &["read"]).unwrap_or(0);
        let written = count(&tokens["cache"], &["write"]).unwrap_or(0);
        Some(Usage {
            input_tokens: count(tokens, &["input"])?
                .saturating_add(cached)
                .saturating_add(written),
            cached_input_tokens: cached,
            output_tokens: count(tokens, &["output"])
                .unwrap_or(0)
                .saturating_add(count(tokens, &["reasoning"]).unwrap_or(0)),
            cost_usd: value["cost"].as_f64().filter(|cost| *cost > 0.0),
        })
    };
    let mut all = Vec::new();
    for record in records {
        let events = record
            .as_array()
            .map_or(std::slice::from_ref(record), Vec::as_slice);
        for value in events {
            all.extend(
                list(value, "messages")
                    .iter()
                    .filter_map(|message| of(&message["info"])),
            );
            all.extend(of(&value["part"]).filter(|_| text(value, "type") == Some("step_finish")));
        }
    }
    sum(all.into_iter())
}

/// The sums stand at what a session says of itself, or at the end of a run.
fn goose(document: &Value) -> Option<Usage> {
    let of = |value: &Value| {
        of_names(value).or_else(|| {
            Some(Usage {
                input_tokens: count(value, &["accumulated_input_tokens"])?,
                output_tokens: count(value, &["accumulated_output_tokens"]).unwrap_or(0),
                ..Usage::default()
            })
        })
    };
    match document {
        Value::Array(entries) => entries.iter().rev().find_map(of),
        session => of(session),
    }
}

fn agents_trace(document: &Value) -> Option<Usage> {
    let spans = document.as_array()?.iter().map(|span| &span["span_data"]);
    let of_model = |data: &&Value| matches!(text(data, "type"), Some("generation" | "response"));
    sum(spans
        .filter(of_model)
        .filter_map(|data| of_names(&data["usage"])))
}

fn sum(all: impl Iterator<Item = Usage>) -> Option<Usage> {
    all.reduce(|a, b| a.with(&b))
}

/// Counts under any of the names that the model providers use.
fn of_names(value: &Value) -> Option<Usage> {
    let input = count(
        value,
        &[
            "input_tokens",
            "prompt_tokens",
            "inputTokens",
            "promptTokens",
            "promptTokenCount",
            "prompt_token_count",
        ],
    );
    let output = count(
        value,
        &[
            "output_tokens",
            "completion_tokens",
            "outputTokens",
            "completionTokens",
            "candidatesTokenCount",
            "candidates_token_count",
        ],
    );
    if input.is_none() && output.is_none() {
        return None;
    }
    let mut usage = Usage {
        input_tokens: input.unwrap_or(0),
        output_tokens: output.unwrap_or(0),
        cost_usd: value.get("cost_usd").and_then(Value::as_f64),
        ..Usage::default()
    };
    // Thoughts are put out, too; Gemini alone counts them beside.
    if let Some(thoughts) = count(value, &["thoughtsTokenCount", "thoughts_token_count"]) {
        usage.output_tokens = usage.output_tokens.saturating_add(thoughts);
    }
    // Anthropic counts what comes from its cache, or goes there, beside the input; the others within it.
    let read = count(value, &["cache_read_input_tokens"]);
    let written = count(value, &["cache_creation_input_tokens"]);
    if read.is_some() || written.is_some() {
        let beside = read.unwrap_or(0).saturating_add(written.unwrap_or(0));
        usage.input_tokens = usage.input_tokens.saturating_add(beside);
        usage.cached_input_tokens = read.unwrap_or(0);
    } else {
        let details = [
            "prompt_tokens_details",
            "input_tokens_details",
            "inputTokenDetails",
        ]
        .iter()
        .find_map(|name| value.get(name).filter(|details| details.is_object()))
        .unwrap_or(value);
        usage.cached_input_tokens = count(
            details,
            &[
                "cached_tokens",
                "cached_input_tokens",
                "cachedInputTokens",
                "cacheReadTokens",
                "cachedContentTokenCount",
                "cached_content_token_count",
                "cache_read_tokens",
                "input_tokens_cache_read",
                "cache_read",
            ],
        )
        .unwrap_or(0);
    }
    Some(usage)
}

/// The lines of one message repeat what it used; the last has all of it. Sub-agents are lines of their own.
fn claude_code<'v>(records: impl Iterator<Item = &'v Value>) -> Option<Usage> {
    let mut messages: BTreeMap<String, Usage> = BTreeMap::new();
    let mut result = None;
    for (number, record) in records.enumerate() {
        if text(record, "type") == Some("result") {
            let mut usage = of_names(&record["usage"]).unwrap_or_default();
            usage.cost_usd = record["total_cost_usd"].as_f64();
            result = Some(usage);
        }
        let message = &record["message"];
        if let Some(usage) = of_names(&message["usage"]) {
            let id = text(message, "id").map_or_else(|| number.to_string(), str::to_owned);
            messages.insert(id, usage);
        }
    }
    let counted = sum(messages.into_values());
    match (result, counted) {
        // The result knows the cost; what it counts is the last turn in some versions.
        (Some(result), Some(counted)) => Some(Usage {
            cost_usd: result.cost_usd,
            ..counted
        }),
        (result, counted) => result.or(counted),
    }
}

/// The sum so far stands with each turn. One that is smaller than the one before began anew.
fn codex<'v>(records: impl Iterator<Item = &'v Value>) -> Option<Usage> {
    let mut before: Option<Usage> = None;
    let mut last: Option<Usage> = None;
    for record in records {
        let info = match text(record, "type") {
            Some("event_msg") => &record["payload"]["info"],
            _ => continue,
        };
        let Some(so_far) = of_names(&info["total_token_usage"]) else {
            continue;
        };
        if let Some(known) = last
            && so_far.input_tokens < known.input_tokens
        {
            before = Some(before.unwrap_or_default().with(&known));
        }
        last = Some(so_far);
    }
    match (before, last) {
        (Some(before), Some(last)) => Some(before.with(&last)),
        (_, last) => last,
    }
}

fn of_pi(usage: &Value) -> Option<Usage> {
    let input = usage.get("input")?.as_u64()?;
    let (read, written) = (
        count(usage, &["cacheRead"]).unwrap_or(0),
        count(usage, &["cacheWrite"]).unwrap_or(0),
    );
    Some(Usage {
        input_tokens: input.saturating_add(read).saturating_add(written),
        cached_input_tokens: read,
        output_tokens: count(usage, &["output"]).unwrap_or(0),
        cost_usd: usage["cost"]["total"].as_f64(),
    })
}

fn gemini_cli<'v>(records: impl Iterator<Item = &'v Value>) -> Option<Usage> {
    let of = |message: &Value| {
        let tokens = &message["tokens"];
        Some(Usage {
            input_tokens: tokens.get("input")?.as_u64()?,
            cached_input_tokens: count(tokens, &["cached"]).unwrap_or(0),
            output_tokens: count(tokens, &["output"])
                .unwrap_or(0)
                .saturating_add(count(tokens, &["thoughts"]).unwrap_or(0)),
            cost_usd: None,
        })
    };
    // A chat is one document with messages, or a line for each; a line may be written again with the same id.
    let mut all: BTreeMap<String, Usage> = BTreeMap::new();
    let mut take = |message: &Value, number: String| {
        if let Some(usage) = of(message) {
            let id = text(message, "id").map_or(number, str::to_owned);
            all.insert(id, usage);
        }
    };
    // The output of a run ends with the sums of all its models.
    let mut ends = Vec::new();
    for (number, record) in records.enumerate() {
        if record["type"] == "result" {
            ends.extend(of_names(&record["stats"]));
        }
        take(record, number.to_string());
        ends.extend(of_names(&record["usageMetadata"]));
        for (inner, message) in list(record, "messages").iter().enumerate() {
            take(message, format!("{number}.{inner}"));
        }
    }
    sum(all.into_values().chain(ends))
}

fn atif(document: &Value) -> Option<Usage> {
    let end = &document["final_metrics"];
    if let Some(input) = count(end, &["total_prompt_tokens"]) {
        return Some(Usage {
            input_tokens: input,
            cached_input_tokens: count(end, &["total_cached_tokens"]).unwrap_or(0),
            output_tokens: count(end, &["total_completion_tokens"]).unwrap_or(0),
            cost_usd: end["total_cost_usd"].as_f64(),
        });
    }
    sum(list(document, "steps")
        .iter()
        .filter_map(|step| of_names(&step["metrics"])))
}

fn swe_agent(stats: &Value) -> Option<Usage> {
    Some(Usage {
        input_tokens: count(stats, &["tokens_sent"]).unwrap_or(0),
        output_tokens: count(stats, &["tokens_received"]).unwrap_or(0),
        cost_usd: stats["instance_cost"].as_f64().filter(|cost| *cost > 0.0),
        ..Usage::default()
    })
}

fn openhands(document: &Value) -> Option<Usage> {
    let of = |metrics: &Value| {
        let mut usage = of_names(&metrics["accumulated_token_usage"])?;
        usage.cost_usd = metrics["accumulated_cost"]
            .as_f64()
            .filter(|cost| *cost > 0.0);
        Some(usage)
    };
    if let Some(usage) = of(&document["metrics"]) {
        return Some(usage);
    }
    let events = super::openhands::events(document);
    // Newer ones tell the sums so far, a model each.
    let sums = events.iter().rev().find_map(|event| {
        let models = event["value"]["usage_to_metrics"].as_object()?;
        sum(models.values().filter_map(of))
    });
    if sums.is_some() {
        return sums;
    }
    if let Some(usage) = events
        .iter()
        .rev()
        .find_map(|event| of(&event["llm_metrics"]))
    {
        return Some(usage);
    }
    // Calls of one answer of the model stand with the same response.
    let mut responses: BTreeMap<String, Usage> = BTreeMap::new();
    for (number, event) in events.iter().enumerate() {
        let response = &event["tool_call_metadata"]["model_response"];
        if let Some(usage) = of_names(&response["usage"]) {
            let id = text(response, "id").map_or_else(|| number.to_string(), str::to_owned);
            responses.insert(id, usage);
        }
    }
    sum(responses.into_values())
}

fn pydantic_ai(document: &Value) -> Option<Usage> {
    let messages = match document {
        Value::Array(messages) => messages.as_slice(),
        _ => list(document, "messages"),
    };
    sum(messages
        .iter()
        .filter_map(|message| of_names(&message["usage"])))
}

fn inspect(document: &Value) -> Option<Usage> {
    // Each sample of a log is a document of its own.
    let document = document.get("sample").unwrap_or(document);
    let models = |value: &Value| {
        let models = value.get("model_usage")?.as_object()?;
        sum(models.values().filter_map(of_names))
    };
    models(document)
        .or_else(|| of_names(&document["output"]["usage"]))
        .or_else(|| models(&document["stats"]))
}

/// Spans of models; those of agents hold the sums of what is in them.
fn otel(document: &Value) -> Option<Usage> {
    let mut all = Vec::new();
    spans(document, 0, &mut all);
    let of = |attributes: &Value| {
        let number = |names: &[&str]| names.iter().find_map(|name| attribute(attributes, name));
        let input = number(&[
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.token_count.prompt",
        ]);
        let output = number(&[
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.token_count.completion",
        ]);
        (input.is_some() || output.is_some()).then(|| Usage {
            input_tokens: input.unwrap_or(0.0) as u64,
            cached_input_tokens: number(&[
                "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.cache_read.input_tokens",
                "llm.token_count.prompt_details.cache_read",
            ])
            .unwrap_or(0.0) as u64,
            output_tokens: output.unwrap_or(0.0) as u64,
            cost_usd: number(&["gen_ai.usage.cost", "llm.cost.total"]),
        })
    };
    let counted: Vec<(&Value, Usage)> = all
        .iter()
        .filter_map(|span| Some((*span, of(&span["attributes"])?)))
        .collect();
    let id = |span: &Value, names: [&str; 3]| {
        names
            .iter()
            .find_map(|name| text(span, name).map(str::to_owned))
    };
    let parents: std::collections::BTreeSet<String> = counted
        .iter()
        .filter_map(|(span, _)| id(span, ["parentSpanId", "parent_span_id", "parent_id"]))
        .collect();
    sum(counted
        .into_iter()
        .filter(|(span, _)| {
            let own = id(span, ["spanId", "span_id", "id"]);
            own.is_none_or(|own| !parents.contains(&own))
        })
        .map(|(_, usage)| usage))
}

/// How deep spans stand in what holds them.
const DEPTH: usize = 12;

fn spans<'v>(value: &'v Value, depth: usize, all: &mut Vec<&'v Value>) {
    if depth > DEPTH {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| spans(item, depth + 1, all)),
        Value::Object(map)
            if map.contains_key("attributes")
                && map.len() > 1
                && !map.contains_key("scopeSpans") =>
        {
            all.push(value);
        }
        Value::Object(map) => map.values().for_each(|inner| spans(inner, depth + 1, all)),
        _ => {}
    }
}

/// A number among the attributes of a span: a map, or OTLP's list of keys and values.
fn attribute(attributes: &Value, name: &str) -> Option<f64> {
    let number = |value: &Value| match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    match attributes {
        Value::Object(map) => number(map.get(name)?),
        Value::Array(items) => {
            let value = &items.iter().find(|item| item["key"] == name)?["value"];
            let kinds = ["intValue", "doubleValue", "stringValue"];
            kinds
                .iter()
                .find_map(|kind| number(value.get(kind)?))
                .or_else(|| number(value))
        }
        _ => None,
    }
}

/// The root holds the sums of its runs; without it, runs of models are summed.
fn langsmith(document: &Value) -> Option<Usage> {
    let of = |run: &Value| {
        let mut usage = of_names(run)
            .or_else(|| of_names(&run["outputs"]["usage_metadata"]))
            .or_else(|| of_names(&run["extra"]["metadata"]["usage_metadata"]))
            .or_else(|| of_names(&run["outputs"]["llm_output"]["token_usage"]))?;
        let cost = match &run["total_cost"] {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        usage.cost_usd = usage.cost_usd.or(cost);
        Some(usage)
    };
    fn tree<'v>(run: &'v Value, depth: usize, all: &mut Vec<&'v Value>) {
        if depth > DEPTH {
            return;
        }
        all.push(run);
        for child in list(run, "child_runs") {
            tree(child, depth + 1, all);
        }
    }
    let mut all = Vec::new();
    match document {
        Value::Array(runs) => runs.iter().for_each(|run| tree(run, 0, &mut all)),
        _ => {
            let runs = list(document, "runs");
            if runs.is_empty() {
                tree(document, 0, &mut all);
            } else {
                runs.iter().for_each(|run| tree(run, 0, &mut all));
            }
        }
    }
    let roots = all.iter().filter(|run| run["parent_run_id"].is_null());
    let of_roots = sum(roots
        .filter(|run| run["run_type"] != "llm")
        .filter_map(|run| of(run)));
    of_roots.or_else(|| {
        sum(all
            .iter()
            .filter(|run| run["run_type"] == "llm")
            .filter_map(|run| of(run)))
    })
}

/// The counts of responses, by the ids of these: what is told again is the same.
#[derive(Default)]
struct Responses {
    by_id: BTreeMap<String, Usage>,
    number: usize,
}

impl Responses {
    /// Looks at what may be a response, and at what holds responses.
    fn look(&mut self, value: &Value, depth: usize) {
        if depth > 4 {
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.look(item, depth + 1)),
            Value::Object(map) => {
                let own = ["totalUsage", "usage", "usageMetadata", "usage_metadata"]
                    .iter()
                    .find_map(|name| of_names(map.get(*name)?));
                if let Some(mut usage) = own {
                    // A sum at the top may leave out what the parts tell of the cache.
                    if usage.cached_input_tokens == 0 {
                        let mut inner = Responses::default();
                        inner.inside(map, depth);
                        usage.cached_input_tokens = inner
                            .sum()
                            .filter(|parts| parts.input_tokens <= usage.input_tokens)
                            .map_or(0, |parts| parts.cached_input_tokens);
                    }
                    self.number += 1;
                    let id = ["id", "responseId", "response_id"]
                        .iter()
                        .find_map(|name| map.get(*name)?.as_str());
                    let id = id.map_or_else(|| format!(" {}", self.number), str::to_owned);
                    self.by_id.insert(id, usage);
                    return;
                }
                self.inside(map, depth);
            }
            _ => {}
        }
    }

    /// Looks at what an object may hold responses under.
    fn inside(&mut self, map: &Map<String, Value>, depth: usize) {
        for name in [
            "response",
            "responses",
            "message",
            "messages",
            "metadata",
            "body",
            "events",
            "event_logs",
            "model_response",
            "steps",
            "data",
            "items",
            "conversation",
            "turns",
        ] {
            if let Some(inner) = map.get(name) {
                self.look(inner, depth + 1);
            }
        }
    }

    fn sum(self) -> Option<Usage> {
        sum(self.by_id.into_values())
    }
}

#[cfg(test)]
mod tests {
    use crate::import;
    use crate::session::Usage;
    use serde_json::{Value, json};

    fn used(lines: &[Value]) -> Option<Usage> {
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        import(text.join("\n").as_bytes()).unwrap()[0].usage
    }

    fn usage(input: u64, cached: u64, output: u64, cost_usd: Option<f64>) -> Option<Usage> {
        Some(Usage {
            input_tokens: input,
            cached_input_tokens: cached,
            output_tokens: output,
            cost_usd,
        })
    }

    #[test]
    fn a_message_in_several_lines_counts_once() {
        let line = |uuid: &str, id: &str, output: u64| {
            json!({ "type": "assistant", "uuid": uuid, "sessionId": "s", "message": {
                "id": id, "role": "assistant", "content": [{ "type": "text", "text": uuid }],
                "usage": { "input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100, "output_tokens": output },
            } })
        };
        let lines = [line("a", "m1", 1), line("b", "m1", 7), line("c", "m2", 5)];
        assert_eq!(used(&lines), usage(226, 200, 12, None));
        let end = json!({ "type": "result", "subtype": "success", "session_id": "s", "total_cost_usd": 0.25, "usage": { "input_tokens": 1, "output_tokens": 1 } });
        let mut all = lines.to_vec();
        all.push(end);
        assert_eq!(used(&all), usage(226, 200, 12, Some(0.25)));
    }

    #[test]
    fn a_sum_so_far_is_not_summed() {
        let meta = json!({ "timestamp": "2026-01-01T00:00:00Z", "type": "session_meta", "payload": { "id": "x", "cwd": "/a" } });
        let so_far = |input: u64, output: u64| {
            json!({ "timestamp": "2026-01-01T00:00:01Z", "type": "event_msg", "payload": { "type": "token_count", "info": {
                "total_token_usage": { "input_tokens": input, "cached_input_tokens": 50, "output_tokens": output },
            } } })
        };
        let lines = [meta.clone(), so_far(100, 5), so_far(300, 9)];
        assert_eq!(used(&lines), usage(300, 50, 9, None));
        // A resumed session counts anew.
        let lines = [meta, so_far(300, 9), so_far(40, 1)];
        assert_eq!(used(&lines), usage(340, 100, 10, None));
    }

    #[test]
    fn responses_are_summed_and_the_same_one_once() {
        let response = |id: &str, before: &str| {
            json!({ "id": id, "object": "response", "status": "completed", "previous_response_id": before,
                "usage": { "input_tokens": 20, "output_tokens": 4, "input_tokens_details": { "cached_tokens": 8 } },
                "output": [{ "type": "function_call", "call_id": format!("c{id}"), "name": "f", "arguments": "{}" }] })
        };
        let lines = [
            response("r1", "r0"),
            response("r2", "r1"),
            response("r2", "r1"),
        ];
        assert_eq!(used(&lines), usage(40, 16, 8, None));
    }

    #[test]
    fn a_sum_beside_the_last_step_is_what_counts() {
        let messages = json!([
            { "id": "1", "role": "user", "parts": [{ "type": "text", "text": "go" }] },
            { "id": "2", "role": "assistant", "metadata": {
                "usage": { "inputTokens": 100, "outputTokens": 20 },
                "totalUsage": { "inputTokens": 200, "outputTokens": 40, "cachedInputTokens": 50 },
            }, "parts": [{ "type": "tool-getA", "toolCallId": "c", "state": "output-available", "input": { "id": "A" }, "output": "ok" }] },
        ]);
        assert_eq!(used(&[messages]), usage(200, 50, 40, None));
    }

    #[test]
    fn what_came_from_the_cache_is_told_by_the_parts_where_the_sum_leaves_it_out() {
        let step = |id: &str| {
            json!({ "role": "assistant", "content": null,
                "tool_calls": [{ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } }],
                "usage": { "prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": { "cached_tokens": 50 } } })
        };
        let told = |usage: Value| {
            used(&[
                json!({ "messages": [{ "role": "user", "content": "go" }, step("a"), step("b")], "usage": usage }),
            ])
        };
        assert_eq!(
            told(json!({ "prompt_tokens": 200, "completion_tokens": 40 })),
            usage(200, 100, 40, None)
        );
        assert_eq!(
            told(
                json!({ "prompt_tokens": 200, "completion_tokens": 40, "prompt_tokens_details": { "cached_tokens": 70 } })
            ),
            usage(200, 70, 40, None)
        );
    }

    #[test]
    fn nothing_said_is_nothing() {
        let own = |usage: Value| {
            used(&[json!({ "usage": usage, "messages": [{ "role": "user", "content": "go" }] })])
        };
        assert_eq!(own(Value::Null), None);
        assert_eq!(own(json!({ "input_tokens": 0, "output_tokens": 0 })), None);
        assert_eq!(
            own(json!({ "input_tokens": 7, "output_tokens": 1, "cost_usd": 0.5 })),
            usage(7, 0, 1, Some(0.5))
        );
    }

    #[test]
    fn spans_of_agents_hold_the_sums_of_others() {
        let span = |id: &str, parent: &str, tokens: i64, tool: bool| {
            let mut attributes = vec![
                json!({ "key": "gen_ai.usage.input_tokens", "value": { "intValue": tokens.to_string() } }),
                json!({ "key": "gen_ai.operation.name", "value": { "stringValue": "chat" } }),
            ];
            if tool {
                attributes = vec![
                    json!({ "key": "gen_ai.operation.name", "value": { "stringValue": "execute_tool" } }),
                    json!({ "key": "gen_ai.tool.name", "value": { "stringValue": "f" } }),
                ];
            }
            json!({ "traceId": "t", "spanId": id, "parentSpanId": parent, "name": id, "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes })
        };
        let spans = [
            span("root", "", 30, false),
            span("a", "root", 10, false),
            span("b", "root", 20, false),
            span("f", "root", 0, true),
        ];
        let trace = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
        assert_eq!(used(&[trace]), usage(30, 0, 0, None));
    }

    #[test]
    fn samples_simulations_and_costs_alone_are_counted() {
        let log = json!({ "eval": { "task": "t" }, "status": "success", "version": 2, "samples": [{
            "id": 1, "messages": [{ "role": "user", "content": "x" }],
            "model_usage": { "m": { "input_tokens": 15, "output_tokens": 4 } },
        }] });
        assert_eq!(used(&[log]), usage(15, 0, 4, None));
        let says = |role: &str, input: u64| json!({ "role": role, "content": "x", "usage": { "prompt_tokens": input, "completion_tokens": 1 } });
        let simulation = json!({ "id": "s", "task_id": "1", "reward_info": { "reward": 1.0 }, "agent_cost": 0.5,
            "messages": [says("assistant", 10), says("user", 100), says("assistant", 20)] });
        assert_eq!(used(&[simulation]), usage(30, 0, 2, Some(0.5)));
        let mini = json!({ "info": { "exit_status": "Submitted", "model_stats": { "instance_cost": 0.2, "api_calls": 1 } },
            "trajectory": [{ "action": "ls", "observation": "a", "thought": "t" }] });
        assert_eq!(used(&[mini]), usage(0, 0, 0, Some(0.2)));
    }
}
