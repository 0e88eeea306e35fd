//! Recordings: stored as they came and in their normal form, and turned into automations.

use super::automation::{Change, Origin, document_of, still, without_gate};
use super::document::Written;
use super::edits::{self, Edit};
use super::kept_text::KeptText;
use super::{App, Principal, Problem, audit::Audited, page, tools::tool_rules};
use crate::runtime::clock;
use bytes::Bytes;
use druse_crystallizer::{
    Counts, Crystallized, Decisions, Mode, Options, Role, Session, SessionKind, SessionStatus,
    SourceRef, ToolRule, Turn, crystallize, recording,
};
use druse_engine::carried::{self, StepPlaces};
use druse_engine::{Digest, Finding, SessionId, Timestamp};
use druse_storage::{
    Automation, AutomationName, Batch, Connection, Secret, Source, SourceType, Store, StoreExt,
    StoredSession,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A stored recording as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SessionView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: SessionId,
    /// agent_run or chat_thread.
    pub kind: SessionKind,
    /// The format found.
    pub format: String,
    /// What the recording says about its end; null: nothing.
    pub status: Option<SessionStatus>,
    /// Digest of the recorded bytes.
    pub digest: Digest,
    /// The recording agent's name.
    pub agent: Option<String>,
    /// The task.
    pub goal: Option<String>,
    /// The figures.
    pub counts: Counts,
    /// What was odd.
    pub findings: Vec<Finding>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// In the answer to the request that stores it: the recording of the same bytes that was there before; null: none.
    #[schemars(with = "Option<String>")]
    pub same_as: Option<SessionId>,
}

impl From<StoredSession> for SessionView {
    fn from(row: StoredSession) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            format: row.format,
            status: row.status,
            digest: row.recording,
            agent: row.agent,
            goal: row.goal,
            counts: row.counts,
            findings: row.findings,
            created_at: row.created_at,
            same_as: None,
        }
    }
}

/// What crystallizing may be told.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrystallizeRequest {
    /// The automation's name; left out: made from the recording.
    #[serde(default)]
    pub name: Option<String>,
    /// exact (the default) or bound.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Rules that come before the server's tool map; left out, with `into`: those that the automation was made with.
    #[serde(default)]
    pub tools: Option<Value>,
    /// Ids of further recordings of the same task; left out, with `into`: those that the automation was made with.
    #[serde(default)]
    pub also: Option<Vec<String>>,
    /// Codes of findings whose proposals are taken: in the mode bound each question that stands with one is answered
    /// with its default. A code that no finding has is refused.
    #[serde(default)]
    pub accept: Vec<String>,
    /// Takes a recording of a session that did not succeed.
    #[serde(default)]
    pub force: bool,
    /// Answers to the questions of an earlier report of the mode bound: one of the choices, by the question's id; left
    /// out, with `into`: those that the automation was made with. One that is new and that no question takes is refused.
    #[serde(default)]
    pub answers: Option<BTreeMap<String, String>>,
    /// Answers that were given before, as a file of decisions has them. One that no question takes is left out, and a
    /// finding says so; `answers` go before them.
    #[serde(default)]
    pub answers_before: Option<BTreeMap<String, String>>,
    /// The values that answers were given for, by the questions' ids: where another value stands, the answer is not
    /// taken and the question is asked anew. Left out, with `into`: what the automation was made with.
    #[serde(default)]
    pub answered_for: Option<BTreeMap<String, String>>,
    /// Calls, by their ids, that become steps though they would be left out; left out, with `into`: those that the
    /// automation was made with.
    #[serde(default)]
    pub keep: Option<BTreeSet<String>>,
    /// The folder that the automation works in, written whole, in the place of the one that the agent worked in.
    #[serde(default)]
    pub folder: Option<String>,
    /// The automation, crystallized from this recording before, that gets a new version of it; left out: a
    /// new automation is made.
    #[serde(default)]
    pub into: Option<String>,
    /// Leaves out what was changed by hand in the automation and does not fit what is made now, comments of its text
    /// among it. Without it, nothing is made where something would be lost: 409 `edits_would_be_lost` says what.
    #[serde(default)]
    pub discard_edits: bool,
}

/// What a draft was made with.
#[derive(Default)]
struct MadeWith {
    mode: Option<Mode>,
    also: Vec<String>,
    decisions: Decisions,
    /// What was changed by hand, before it was made last and since.
    edits: Vec<Edit>,
    /// The rules that were given with the request.
    tools: Vec<ToolRule>,
}

/// The rules that match a tool of these sessions.
fn used(rules: &[ToolRule], sessions: &[Session]) -> Vec<ToolRule> {
    let names: BTreeSet<&str> = sessions
        .iter()
        .flat_map(Session::calls)
        .map(|call| call.name.as_str())
        .collect();
    let matched = rules.iter().filter(|rule| {
        let mut names = names.iter();
        names.any(|name| druse_crystallizer::tool_matches(&rule.pattern, name))
    });
    matched.cloned().collect()
}

/// The changes without the drops of steps whose calls are asked for now. A call that was put back once, and whose step
/// was dropped then, is not put back again by itself.
fn undropped(
    mut edits: Vec<Edit>,
    keep: &mut BTreeSet<String>,
    before: &BTreeSet<String>,
) -> Vec<Edit> {
    let asked: BTreeSet<String> = keep.difference(before).cloned().collect();
    edits.retain(|edit| match edit {
        Edit::Dropped { calls, .. } => {
            let wanted = calls.iter().any(|call| asked.contains(call));
            if !wanted {
                keep.retain(|call| !calls.contains(call));
            }
            !wanted
        }
        _ => true,
    });
    edits
}

/// Refuses answers where nothing is asked.
fn no_answers(given: &BTreeMap<String, String>) -> Result<(), Problem> {
    match given.keys().next() {
        None => Ok(()),
        Some(id) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "question_unknown",
            format!("`{id}` is answered, and the mode `exact` asks no questions."),
            "Questions belong to the mode `bound`.",
        )),
    }
}

/// Refuses answers of this request that nothing was made of.
fn refuse_unused(findings: &[Finding], given: &BTreeMap<String, String>) -> Result<(), Problem> {
    let is_wrong = |finding: &&Finding| {
        let code = finding.code.as_str();
        matches!(code, "question_unknown" | "choice_unknown")
            && finding
                .id
                .strip_prefix(code)
                .and_then(|id| id.strip_prefix(':'))
                .is_some_and(|id| given.contains_key(id))
    };
    let wrong: Vec<Finding> = findings.iter().filter(is_wrong).cloned().collect();
    match wrong.first() {
        None => Ok(()),
        Some(first) => {
            let code = match first.code.as_str() {
                "choice_unknown" => "choice_unknown",
                _ => "question_unknown",
            };
            let (message, help) = (first.message.clone(), first.help.clone());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(Problem::new(status, code, message, help).findings(wrong))
        }
    }
}

/// The refusal to make something by which these changes would be lost.
fn would_be_lost(lost: Vec<Finding>) -> Problem {
    Problem::conflict(
        "edits_would_be_lost",
        "What was written by hand does not fit what is made of the recording now, and would be lost.",
        "Say so with `discard_edits`, or leave the draft as it is; the rest of what was changed by hand is kept.",
    )
    .findings(lost)
}

/// Makes in what was made anew what people had changed by hand, and gives the changes that do not fit; the report says
/// where things stand then.
fn with_edits(made: &mut Crystallized, edits: Vec<Edit>) -> Result<Vec<Finding>, Problem> {
    let damaged = |error: serde_json::Error| Problem::internal(&error);
    let before = serde_json::to_value(&made.document).map_err(damaged)?;
    let mut after = before.clone();
    let edited = edits::make(&mut after, edits);
    let hidden = edits::hidden_steps(&after, &edited.kept);
    let (then, now) = (StepPlaces::of(&before), StepPlaces::of(&after));
    let findings = std::mem::take(&mut made.report.findings).into_iter();
    made.report.findings = findings
        .filter_map(|finding| still(finding, &then, &now))
        .map(|finding| without_gate(finding, &then, &now))
        .map(|finding| match &finding.step {
            Some(step) if hidden.contains(step) => edits::without_words(finding),
            _ => finding,
        })
        .collect();
    made.report.questions.retain_mut(|question| {
        let place = edits::still_asked(&json!(question), &then, &now);
        let asked = place.is_some();
        question.path = place.unwrap_or_default();
        asked
    });
    if !edited.kept.is_empty() {
        after["metadata"]["crystallized"]["edits"] = json!(edited.kept);
    }
    made.document = serde_json::from_value(after).map_err(|_| {
        Problem::conflict(
            "edits_would_be_lost",
            "With what was changed by hand, what is made of the recording now is no document.",
            "Change the document by hand, or make a new draft of the recording.",
        )
    })?;
    carried::settle(&mut made.document);
    Ok(edited.lost)
}

/// The beginning of what people said in a session.
fn said(session: &Session) -> Option<String> {
    /// Characters that are kept for searches.
    const KEPT: usize = 4_000;
    let mut said = String::new();
    for turn in &session.turns {
        if let Turn::Message { role, text, .. } = turn
            && *role == Role::User
        {
            said.push_str(text);
            said.push('\n');
            if said.len() >= KEPT {
                break;
            }
        }
    }
    let said: String = said.trim().chars().take(KEPT).collect();
    (!said.is_empty()).then_some(said)
}

fn not_found(kind: SessionKind) -> Problem {
    Problem::not_found(match kind {
        SessionKind::AgentRun => "agent run",
        SessionKind::ChatThread => "chat thread",
    })
}

/// That a recording is asked for where those of another kind are.
fn of_other_kind(row: &StoredSession) -> Problem {
    let (what, home) = match row.kind {
        SessionKind::AgentRun => ("a run of an agent", "/api/v1/agents/runs"),
        SessionKind::ChatThread => ("a chat", "/api/v1/chat/threads"),
    };
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("This recording is {what}, and is not here."),
        format!("Ask for it at {home}/{}.", row.id),
    )
}

impl App {
    /// Reads a recording's bytes, keeps them and each session in them, and gives the batch that makes
    /// them known with the sessions as callers see them. Runs long: reads up to 64 MiB and syncs files.
    ///
    /// # Errors
    /// 413 and 422 for what cannot be read.
    pub fn stored_sessions(
        store: &dyn Store,
        who: &Principal,
        kind: SessionKind,
        bytes: &[u8],
    ) -> Result<(Batch, Vec<SessionView>), Problem> {
        let read = recording(bytes).map_err(|error| {
            let status = match error.code {
                "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let mut finding =
                Finding::error(error.code, error.message.clone()).help(error.help.clone());
            finding.line = error.line;
            Problem::new(status, error.code, error.message, error.help).findings(vec![finding])
        })?;
        // From here on nothing holds the secrets that stood in it.
        let (sessions, bytes) = (read.sessions, read.bytes);
        let recorded = Arc::new(store.put_blob(&bytes)?);
        let recording = recorded.digest().clone();
        let mut batch = Batch::new().holding(recorded);
        let there: Vec<StoredSession> = page::all(store, "")?;
        let mut views = Vec::with_capacity(sessions.len());
        let now = clock::now();
        for (index, mut session) in sessions.into_iter().enumerate() {
            // The address it was posted to wins.
            session.kind = kind;
            let normal = serde_json::to_vec(&session).map_err(|error| Problem::internal(&error))?;
            let normal = Arc::new(store.put_blob(&normal)?);
            let row = StoredSession {
                id: clock::new_id(SessionId::from_parts),
                kind,
                format: session.format.clone(),
                status: session.status,
                recording: recording.clone(),
                normal_form: normal.digest().clone(),
                index: u32::try_from(index).unwrap_or(u32::MAX),
                agent: session.agent.clone(),
                goal: session.goal.clone(),
                said: said(&session),
                counts: session.counts(),
                findings: std::mem::take(&mut session.findings),
                created_at: now,
            };
            batch = batch.holding(normal).claim(&row).audited(
                who,
                "session.import",
                &row.id,
                json!({ "format": row.format, "digest": row.recording }),
            );
            let same = |known: &&StoredSession| {
                known.recording == row.recording && known.index == row.index && known.kind == kind
            };
            let same_as = there.iter().find(same).map(|known| known.id);
            views.push(SessionView {
                same_as,
                ..row.into()
            });
        }
        Ok((batch, views))
    }

    /// A stored recording of this kind.
    ///
    /// # Errors
    /// 404 for an unknown one.
    pub fn session_row(&self, kind: SessionKind, id: &str) -> Result<StoredSession, Problem> {
        id.parse::<SessionId>().map_err(|_| not_found(kind))?;
        self.store
            .get::<StoredSession>(id)?
            .ok_or_else(|| not_found(kind))
            .and_then(|row| match row.kind == kind {
                true => Ok(row),
                false => Err(of_other_kind(&row)),
            })
    }

    /// The normal form of a stored recording.
    ///
    /// # Errors
    /// When its file is gone or damaged.
    pub fn session(store: &dyn Store, row: &StoredSession) -> Result<Session, Problem> {
        let bytes = store.blob(&row.normal_form)?.ok_or_else(|| {
            Problem::from(druse_storage::ReadError::Damaged(format!(
                "the file of recording {} is missing",
                row.id
            )))
        })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| druse_storage::ReadError::Damaged(error.to_string()).into())
    }

    /// Stores a recording off the async threads.
    ///
    /// # Errors
    /// As [`App::stored_sessions`].
    pub async fn import(
        &self,
        who: &Principal,
        kind: SessionKind,
        bytes: Bytes,
    ) -> Result<(Batch, Vec<SessionView>), Problem> {
        let (store, who) = (self.store.clone(), who.clone());
        self.off_thread(move || Self::stored_sessions(&*store, &who, kind, &bytes))
            .await
    }

    /// Turns recordings into a new automation, or a new version of one, not stored yet; the answer is `{automation, report}`.
    /// Hold [`super::app::Parts::edits`] from here to the commit.
    ///
    /// # Errors
    /// 409 for a session that did not succeed, 422 for one that holds nothing to crystallize.
    pub async fn crystallized(
        &self,
        who: &Principal,
        kind: SessionKind,
        id: &str,
        request: CrystallizeRequest,
    ) -> Result<Change, Problem> {
        let main = self.session_row(kind, id)?;
        let into = match &request.into {
            Some(id) => Some(self.made_from(&main, id)?),
            None => None,
        };
        let before = match &into {
            Some(row) => self.made_with(row)?,
            None => MadeWith::default(),
        };
        let also = request.also.unwrap_or(before.also);
        let by_hand: BTreeMap<String, String> = request
            .answers
            .iter()
            .flatten()
            .filter(|(id, answer)| before.decisions.answers.get(*id) != Some(*answer))
            .map(|(id, answer)| (id.clone(), answer.clone()))
            .collect();
        let mode = request.mode.or(before.mode).unwrap_or_default();
        if mode == Mode::Exact {
            no_answers(&by_hand)?;
        }
        let answered_for = request.answered_for.unwrap_or_else(|| {
            // What is answered now is answered for what stands there now.
            let mut known = before.decisions.answered_for;
            if let Some(answers) = &request.answers {
                known.retain(|id, _| answers.get(id) == before.decisions.answers.get(id));
            }
            known
        });
        let answers = match (request.answers, request.answers_before) {
            (None, None) => before.decisions.answers,
            (answers, known) => {
                let mut all = known.unwrap_or_default();
                all.extend(answers.unwrap_or_default());
                all
            }
        };
        let mut keep = request
            .keep
            .unwrap_or_else(|| before.decisions.keep.clone());
        let edits = undropped(before.edits, &mut keep, &before.decisions.keep);
        let mut rows = vec![main.clone()];
        for other in &also {
            let row = self
                .store
                .get::<StoredSession>(other)?
                .ok_or_else(|| not_found(kind))?;
            rows.push(row);
        }
        let mut rules = match request.tools {
            Some(value) => tool_rules(value)?,
            None => before.tools,
        };
        let given = rules.len();
        rules.extend(self.tool_rules()?);
        let connections: Vec<Connection> = page::all(&*self.store, "")?;
        let secrets: Vec<Secret> = page::all(&*self.store, "")?;
        let options = Options {
            mode,
            name: request.name,
            tools: rules,
            connections: connections
                .into_iter()
                .map(|row| (row.name, row.definition))
                .collect(),
            secrets: Some(secrets.into_iter().map(|row| row.name).collect()),
            source: Some(SourceRef {
                kind: match kind {
                    SessionKind::AgentRun => "agent_run".into(),
                    SessionKind::ChatThread => "chat_thread".into(),
                },
                id: Some(main.id.to_string()),
                digest: main.recording.clone(),
            }),
            at: clock::now(),
            force: request.force,
            accept: request.accept,
            answers,
            answered_for,
            names: rows.iter().map(|row| row.id.to_string()).collect(),
            keep,
            folder: request.folder.or(before.decisions.folder),
            ..Options::default()
        };
        let store: Arc<dyn Store> = self.store.clone();
        let (mut made, tools, server_tools) = self
            .off_thread(move || {
                let mut sessions = Vec::with_capacity(rows.len());
                for row in &rows {
                    sessions.push(Self::session(&*store, row)?);
                }
                let made = crystallize(&sessions, &options).map_err(|error| {
                    let status = StatusCode::from_u16(error.status())
                        .unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
                    Problem::new(status, error.code, error.message, error.help)
                })?;
                let (given, server) = options.tools.split_at(given);
                Ok((made, used(given, &sessions), used(server, &sessions)))
            })
            .await?;
        refuse_unused(&made.report.findings, &by_hand)?;
        if let Some(Value::Object(crystallized)) = made.document.metadata.get_mut("crystallized")
            && !also.is_empty()
        {
            crystallized.insert("also".into(), json!(also));
        }
        // What a step's answer is in the recording is read by the rules that made it, whatever the map becomes.
        if let Some(Value::Object(crystallized)) = made.document.metadata.get_mut("crystallized") {
            for (key, rules) in [("tools", tools), ("server_tools", server_tools)] {
                if !rules.is_empty() {
                    crystallized.insert(key.into(), json!(rules));
                }
            }
        }
        made.document.name = match &into {
            Some(row) => row.name.clone(),
            None => self.free_name(&made.document.name)?,
        };
        let mut lost = Vec::new();
        if !edits.is_empty() {
            lost = with_edits(&mut made, edits)?;
        }
        let mut text = KeptText::default();
        if let Some(row) = &into {
            text = self.kept_text(row, &made)?;
            lost.extend(text.warned());
        }
        if !lost.is_empty() && !request.discard_edits {
            return Err(would_be_lost(lost));
        }
        let report =
            serde_json::to_value(&made.report).map_err(|error| Problem::internal(&error))?;
        let origin = Origin {
            source_type: SourceType::Crystallized,
            source: Some(Source {
                kind,
                id: main.id,
                digest: main.recording,
            }),
            report: Some(report.clone()),
        };
        let told = text.told();
        let written = Written {
            document: made.document,
            text: text.text,
        };
        let mut change = match into {
            Some(row) => self.crystallized_version(who, row, written, report.clone())?,
            None => self.new_automation(who, written, origin)?,
        };
        if let Some(findings) = change.answer["findings"].as_array_mut() {
            findings.extend(told.iter().map(|finding| json!(finding)));
        }
        change.answer = json!({ "automation": change.answer, "report": report });
        Ok(change)
    }

    /// The server's tool map and connections, as the crystallizer takes them.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn mapping_options(&self) -> Result<Options, Problem> {
        let connections: Vec<Connection> = page::all(&*self.store, "")?;
        Ok(Options {
            tools: self.tool_rules()?,
            connections: connections
                .into_iter()
                .map(|row| (row.name, row.definition))
                .collect(),
            force: true,
            ..Options::default()
        })
    }

    /// What the newest version of an automation that the crystallizer made was made with.
    fn made_with(&self, row: &Automation) -> Result<MadeWith, Problem> {
        for number in (1..=row.latest_version).rev() {
            let version = self.version(row.id, number)?;
            if version.report.is_none() {
                continue;
            }
            let metadata = &version.document["metadata"];
            let made = &metadata["crystallized"];
            let kept = serde_json::from_value(made["edits"].clone()).unwrap_or_default();
            let latest = self.version(row.id, row.latest_version)?;
            let since = edits::between(&version.document, &latest.document);
            return Ok(MadeWith {
                mode: serde_json::from_value(made["mode"].clone()).ok(),
                also: serde_json::from_value(made["also"].clone()).unwrap_or_default(),
                decisions: Decisions::of_metadata(metadata),
                edits: edits::joined(kept, since),
                tools: serde_json::from_value(made["tools"].clone()).unwrap_or_default(),
            });
        }
        Ok(MadeWith::default())
    }

    /// The text of the newest version, as somebody wrote it, made to say what was made anew.
    fn kept_text(&self, row: &Automation, made: &Crystallized) -> Result<KeptText, Problem> {
        let version = self.version(row.id, row.latest_version)?;
        let before = document_of(&version)?;
        let text = version.source_text.as_deref();
        Ok(KeptText::of(text, &before, &made.document))
    }

    /// The automation of an id or a name, which was made from this recording.
    fn made_from(&self, session: &StoredSession, id: &str) -> Result<Automation, Problem> {
        let row = self.automation(id)?;
        if row
            .source
            .as_ref()
            .is_some_and(|source| source.id == session.id)
        {
            return Ok(row);
        }
        Err(Problem::conflict(
            "other_source",
            "The automation was not made from this recording.",
            "Leave `into` out to make a new one.",
        ))
    }

    /// The name, or the name with the first number behind it that makes it free.
    fn free_name(&self, name: &str) -> Result<String, Problem> {
        let mut free = name.to_owned();
        let mut number = 2u32;
        while self.store.get::<AutomationName>(&free)?.is_some() {
            free = format!("{name}-{number}");
            number += 1;
        }
        Ok(free)
    }
}
