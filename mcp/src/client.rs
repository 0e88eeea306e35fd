//! An open connection to one server.

use crate::{
    Endpoint, Error, LogLine, Options, ToolInfo, ToolOutput,
    callers::Callers,
    child::{Bounded, Child},
    flight::Flights,
};
use http::{HeaderName, HeaderValue};
use rmcp::{
    ClientHandler, Peer, RoleClient, ServiceError, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientConfig, Implementation,
        MetaObject, RequestMetaObject,
    },
    service::{ClientInitializeError, NotificationContext, RunningService},
    transport::{
        StreamableHttpClientTransport,
        async_rw::AsyncRwTransport,
        streamable_http_client::{
            AuthRequiredError, InsufficientScopeError, StreamableHttpClientTransportConfig,
            StreamableHttpError,
        },
        worker::WorkerQuitReason,
    },
};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

/// Room for the envelope around a result of the largest size.
const ENVELOPE: usize = 64 << 10;

/// One call of a tool.
#[derive(Clone, Default)]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// Goes along as `_meta`: the idempotency key and where the call comes from.
    pub meta: Map<String, Value>,
    /// Longest time until the answer.
    pub timeout: Duration,
    /// Where the lines go that a program writes to its stderr while this is its only call.
    pub log: Option<LogLine>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("tool", &self.tool)
            .field("arguments", &self.arguments)
            .field("meta", &self.meta)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Offers the server nothing: no sampling, no roots, no elicitation. It hears only that tools have changed.
struct Quiet {
    info: ClientConfig,
    changes: Arc<AtomicU64>,
}

impl ClientHandler for Quiet {
    fn get_info(&self) -> ClientConfig {
        self.info.clone()
    }

    fn on_tool_list_changed(
        &self,
        _context: NotificationContext<RoleClient>,
    ) -> impl Future<Output = ()> + Send + '_ {
        self.changes.fetch_add(1, Ordering::AcqRel);
        std::future::ready(())
    }
}

/// From this version of the protocol on a server tells of changes only to whoever asked it to.
const TELLS_ON_REQUEST: &str = "2026-07-28";

/// The tools as they were last listed, and how often the server had said before that they have changed.
type Listed = (u64, Arc<[ToolInfo]>);

/// An open connection. Calls may overlap. Dropping it closes it and kills the child's process group.
pub struct Client {
    peer: Peer<RoleClient>,
    service: Mutex<Option<RunningService<RoleClient, Quiet>>>,
    child: Option<Child>,
    oversized: Arc<AtomicBool>,
    /// Whether the call that met the oversized answer first was the only one in flight.
    guilty: OnceLock<bool>,
    broken: AtomicBool,
    /// The number of the last request that was not answered in time, and one more; 0 where none was.
    late: AtomicU64,
    /// How many bytes the program has said.
    heard: Arc<AtomicU64>,
    in_flight: Flights,
    callers: Arc<Callers>,
    options: Options,
    /// How often the server said that its tools have changed.
    changes: Arc<AtomicU64>,
    listed: Mutex<Option<Listed>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// Starts or reaches the server and goes through the handshake.
    ///
    /// # Errors
    /// `Start`, `Handshake`, `Transport`, `Status` or `Timeout`.
    pub async fn connect(endpoint: &Endpoint, options: &Options) -> Result<Self, Error> {
        let oversized = Arc::new(AtomicBool::new(false));
        let heard = Arc::new(AtomicU64::new(0));
        let changes = Arc::new(AtomicU64::new(0));
        let quiet = Quiet {
            info: ClientConfig::new(
                ClientCapabilities::default(),
                Implementation::new("druse", options.version.clone()),
            ),
            changes: changes.clone(),
        };
        let limit = options.max_result.saturating_add(ENVELOPE);
        let callers = Arc::new(Callers::default());
        let (child, handshake) = match endpoint {
            Endpoint::Stdio { command, env, cwd } => {
                let (child, stdin, stdout) =
                    Child::start(command, env, cwd.as_deref(), options, callers.clone())?;
                let stdout = Bounded::new(stdout, limit, oversized.clone(), heard.clone());
                let transport =
                    AsyncRwTransport::new(stdout, stdin).with_max_line_length(usize::MAX);
                let handshake = tokio::time::timeout(options.startup, quiet.serve(transport)).await;
                (Some(child), handshake)
            }
            Endpoint::Http {
                url,
                headers,
                client,
            } => {
                let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                    .custom_headers(header_map(headers)?)
                    .max_json_response_size(limit)
                    .max_sse_event_size(limit)
                    .reinit_on_expired_session(true);
                let transport = StreamableHttpClientTransport::with_client(client.clone(), config);
                let handshake = tokio::time::timeout(options.startup, quiet.serve(transport)).await;
                (None, handshake)
            }
        };
        let service = match handshake {
            Ok(Ok(service)) => service,
            Ok(Err(error)) => {
                return Err(match &child {
                    Some(child) => handshake_error(error, Some(child.last_words().await)),
                    None => handshake_error(error, None),
                });
            }
            Err(_) => return Err(Error::Timeout(options.startup)),
        };
        Ok(Self {
            peer: service.peer().clone(),
            service: Mutex::new(Some(service)),
            child,
            oversized,
            guilty: OnceLock::new(),
            broken: AtomicBool::new(false),
            late: AtomicU64::new(0),
            heard,
            in_flight: Flights::default(),
            callers,
            options: options.clone(),
            changes,
            listed: Mutex::new(None),
        })
    }

    /// Whether nothing can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.broken.load(Ordering::Acquire)
            || self.peer.is_transport_closed()
            || self.child.as_ref().is_some_and(Child::has_exited)
    }

    /// Calls a tool. On cancellation and timeout the server is told, and its late answer is passed over.
    ///
    /// # Errors
    /// Any but `Start` and `Handshake`. A tool that says it failed is a success here: see [`ToolOutput::is_error`].
    pub async fn call(&self, call: Call, cancel: &CancellationToken) -> Result<ToolOutput, Error> {
        let mut params =
            CallToolRequestParams::new(call.tool.clone()).with_arguments(call.arguments);
        params.meta = Some(RequestMetaObject(MetaObject(call.meta)));
        let flight = self.in_flight.enter();
        let logs = call.log.is_some();
        let _caller = self.callers.enter(call.log);
        // Dropping the request's future tells the server that nobody waits for it any more.
        let answer = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Error::Canceled),
            answer = self.peer.call_tool_once(params) => answer,
            () = tokio::time::sleep(call.timeout) => {
                self.late.store(flight.number() + 1, Ordering::Release);
                return Err(Error::Timeout(call.timeout));
            }
        };
        let alone = flight.alone();
        if let Some(child) = self.child.as_ref().filter(|_| logs) {
            child.drained().await;
        }
        let result = match answer {
            Ok(CallToolResponse::Complete(result)) => result,
            Ok(CallToolResponse::InputRequired(_)) => return Err(Error::InputRequired),
            Ok(_) => return Err(Error::Unexpected),
            Err(error) => {
                let mut error = self.error(error, alone);
                if let (Error::Closed { stderr }, Some(child)) = (&mut error, &self.child) {
                    *stderr = child.last_words().await;
                }
                // -32601 and -32602 are what servers answer for a tool that they do not have.
                if let Error::Refused {
                    code: -32602 | -32601,
                    ..
                } = error
                    && let Some(unknown) = self.unknown(&call.tool).await
                {
                    return Err(unknown);
                }
                return Err(error);
            }
        };
        let output = ToolOutput::read(result);
        let size = output.content.iter().chain(&output.structured);
        if size.map(bytes).sum::<usize>() > self.options.max_result {
            return Err(Error::TooLarge {
                limit: self.options.max_result,
            });
        }
        // Some servers put this into the result.
        if output.is_error
            && output.text.to_ascii_lowercase().contains("unknown tool")
            && let Some(unknown) = self.unknown(&call.tool).await
        {
            return Err(unknown);
        }
        Ok(output)
    }

    /// Everything that the server offers, sorted by name: always asked for, and what [`Client::current_tools`]
    /// gives from then on.
    ///
    /// # Errors
    /// `Timeout`, `Closed`, `Transport`, `Status` or `Refused`.
    pub async fn list_tools(&self) -> Result<Vec<ToolInfo>, Error> {
        if !self.tells_of_changes() {
            return self.ask_for_tools().await;
        }
        let mut listed = self.listed().await?;
        Ok(self.renew(&mut listed).await?.to_vec())
    }

    async fn ask_for_tools(&self) -> Result<Vec<ToolInfo>, Error> {
        let patience = self.options.startup;
        let flight = self.in_flight.enter();
        let tools = match tokio::time::timeout(patience, self.peer.list_all_tools()).await {
            Ok(tools) => tools.map_err(|error| self.error(error, flight.alone()))?,
            Err(_) => {
                self.late.store(flight.number() + 1, Ordering::Release);
                return Err(Error::Timeout(patience));
            }
        };
        let mut tools: Vec<_> = tools.into_iter().map(ToolInfo::read).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tools)
    }

    /// What the server offers now, asked for only where it may have changed: a program that has declared to say when
    /// its tools change is asked once, and again after it has said so. Any other server is asked each time: behind
    /// an address another program may answer the next call, and one that promises nothing tells nothing.
    ///
    /// # Errors
    /// As [`Client::list_tools`].
    pub async fn current_tools(&self) -> Result<Arc<[ToolInfo]>, Error> {
        if !self.tells_of_changes() {
            return Ok(self.ask_for_tools().await?.into());
        }
        let mut listed = self.listed().await?;
        if let Some((known, tools)) = &*listed
            && *known == self.changes.load(Ordering::Acquire)
        {
            return Ok(tools.clone());
        }
        self.renew(&mut listed).await
    }

    /// The tools as they were last listed. Who waits for the question of another waits no longer than for one of
    /// their own.
    async fn listed(&self) -> Result<MutexGuard<'_, Option<Listed>>, Error> {
        let patience = self.options.startup;
        let listed = tokio::time::timeout(patience, self.listed.lock()).await;
        listed.map_err(|_| Error::Timeout(patience))
    }

    /// Asks anew. What the server says of changes while it is asked counts for the next time.
    async fn renew(&self, listed: &mut Option<Listed>) -> Result<Arc<[ToolInfo]>, Error> {
        let changes = self.changes.load(Ordering::Acquire);
        let tools: Arc<[ToolInfo]> = self.ask_for_tools().await?.into();
        *listed = Some((changes, tools.clone()));
        Ok(tools)
    }

    /// Whether each change of its tools is said by the server over this connection.
    fn tells_of_changes(&self) -> bool {
        let info = self.peer.peer_info();
        self.child.is_some()
            && info.is_some_and(|info| {
                let tools = info.capabilities.tools.as_ref();
                tools.and_then(|tools| tools.list_changed) == Some(true)
                    && info.protocol_version.as_str() < TELLS_ON_REQUEST
            })
    }

    /// Ends the connection; a program gets time to end by itself, then SIGTERM, then SIGKILL.
    pub async fn close(&self) {
        let service = self.service.lock().await.take();
        if let Some(mut service) = service {
            let _ = service.close_with_timeout(self.options.grace).await;
        }
        if let Some(child) = &self.child {
            child.end(self.options.grace).await;
        }
    }

    /// Finds out whether a program still answers, after it has not answered a request in time. One that is asked for its
    /// tools and says nothing at all for [`Options::silence`] counts as broken: the next call starts another, and
    /// those that wait for this one wait for as long as they may. While a request from before waits, too, the program
    /// is left to it: many do one thing after the other. A server behind an address needs none of this.
    pub(crate) async fn look(&self) {
        let late = self.late.swap(0, Ordering::AcqRel).checked_sub(1);
        let Some(late) = late.filter(|_| self.child.is_some() && !self.is_closed()) else {
            return;
        };
        let heard = self.heard.load(Ordering::Acquire);
        let answer = tokio::time::timeout(self.options.silence, self.peer.list_tools(None)).await;
        let spoke = self.heard.load(Ordering::Acquire) != heard;
        if answer.is_err() && !spoke && !self.in_flight.waits_before(late) {
            self.broken.store(true, Ordering::Release);
        }
    }

    async fn unknown(&self, tool: &str) -> Option<Error> {
        let known: Vec<String> = self
            .list_tools()
            .await
            .ok()?
            .into_iter()
            .map(|known| known.name)
            .collect();
        (!known.iter().any(|name| name == tool)).then(|| Error::UnknownTool {
            tool: tool.into(),
            known,
        })
    }

    fn error(&self, error: ServiceError, alone: bool) -> Error {
        // With several calls in flight nobody knows whose answer was too large: those may try again.
        if self.oversized.load(Ordering::Acquire) {
            self.broken.store(true, Ordering::Release);
            if *self.guilty.get_or_init(|| alone) {
                return Error::TooLarge {
                    limit: self.options.max_result,
                };
            }
        }
        let error = match error {
            ServiceError::McpError(data) => Error::Refused {
                code: data.code.0,
                message: data.message.into_owned(),
            },
            ServiceError::TransportSend(error) => {
                transport_error(error.error.as_ref(), self.options.max_result)
            }
            ServiceError::TransportClosed | ServiceError::Cancelled { .. } => Error::Closed {
                stderr: String::new(),
            },
            ServiceError::Timeout { timeout } => Error::Timeout(timeout),
            _ => Error::Unexpected,
        };
        // The next call opens a new connection instead of finding out again that this one is dead.
        if matches!(error, Error::Closed { .. } | Error::Transport(_)) {
            self.broken.store(true, Ordering::Release);
        }
        error
    }
}

/// Bytes of JSON text.
fn bytes(value: &Value) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

fn header_map(
    headers: &BTreeMap<String, String>,
) -> Result<HashMap<HeaderName, HeaderValue>, Error> {
    headers
        .iter()
        .map(|(name, value)| {
            let wrong = || Error::Transport(format!("the header {name:?} cannot be sent"));
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            Ok((name.parse().map_err(|_| wrong())?, value))
        })
        .collect()
}

/// `stderr` is what a program said, where it is a program.
fn handshake_error(error: ClientInitializeError, stderr: Option<String>) -> Error {
    let is_program = stderr.is_some();
    let stderr = stderr.unwrap_or_default();
    match error {
        ClientInitializeError::TransportError { .. } if is_program => Error::Handshake {
            reason: "the program ended or closed its stdin".into(),
            stderr,
        },
        ClientInitializeError::TransportError { error, .. } => {
            transport_error(error.error.as_ref(), 0)
        }
        ClientInitializeError::ConnectionClosed(_) => Error::Handshake {
            reason: "the connection ended".into(),
            stderr,
        },
        ClientInitializeError::JsonRpcError(data) => Error::Handshake {
            reason: data.message.into_owned(),
            stderr,
        },
        ClientInitializeError::NoCompatibleProtocolVersion { .. } => Error::Handshake {
            reason: "there is no version of the protocol that both sides speak".into(),
            stderr,
        },
        _ => Error::Handshake {
            reason: "its answer is not one to a handshake".into(),
            stderr,
        },
    }
}

/// Finds what an administrator can act on in the SDK's chain of errors, without its internals.
fn transport_error(error: &(dyn std::error::Error + 'static), limit: usize) -> Error {
    let mut source = Some(error);
    while let Some(current) = source {
        if let Some(WorkerQuitReason::Fatal { error, .. }) =
            current.downcast_ref::<WorkerQuitReason<StreamableHttpError<reqwest::Error>>>()
        {
            return transport_error(error, limit);
        }
        match current.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
            Some(StreamableHttpError::HttpStatus(status)) => {
                return Error::Status {
                    status: status.status,
                    retry_after: status.retry_after.clone(),
                };
            }
            // Where the SDK keeps the status in words only.
            Some(StreamableHttpError::UnexpectedServerResponse(words)) => {
                let status = words
                    .strip_prefix("HTTP ")
                    .and_then(|rest| rest.get(..3)?.parse().ok());
                return match status {
                    Some(status) => Error::Status {
                        status,
                        retry_after: None,
                    },
                    None => Error::Transport("its answer was not understood".into()),
                };
            }
            Some(StreamableHttpError::ResponseBodyTooLarge { .. }) => {
                return Error::TooLarge { limit };
            }
            _ => {}
        }
        if current.is::<AuthRequiredError>() {
            return Error::Status {
                status: 401,
                retry_after: None,
            };
        }
        if current.is::<InsufficientScopeError>() {
            return Error::Status {
                status: 403,
                retry_after: None,
            };
        }
        if let Some(error) = current.downcast_ref::<reqwest::Error>() {
            let reason = if error.is_connect() {
                "the connection could not be made"
            } else if error.is_timeout() {
                "the time ran out"
            } else {
                "the connection broke"
            };
            return Error::Transport(reason.into());
        }
        source = current.source();
    }
    Error::Transport("the connection broke".into())
}
