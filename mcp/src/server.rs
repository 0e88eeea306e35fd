//! A small server of tools over stdin and stdout.

use rmcp::{
    ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
        Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
    },
    service::{RequestContext, RoleServer},
};
use serde_json::{Map, Value};
use std::{future::Future, pin::Pin, sync::Arc};

/// What the server says about itself.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How to use it, for models; empty for none.
    pub instructions: String,
}

/// A tool to offer.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments: an object schema.
    pub input_schema: Value,
    /// Hints (`{"readOnlyHint": true, …}`), or null.
    pub annotations: Value,
}

/// A call of one of the tools.
#[derive(Debug, Clone)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The request's `_meta`: where Druse puts the idempotency key.
    pub meta: Map<String, Value>,
}

/// What a call comes to: a value (an object is also sent as structured content, a string is sent as
/// it is), or a sentence about why not.
pub type ToolAnswer = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

struct Server<H> {
    info: ServerInfo,
    tools: Vec<rmcp::model::Tool>,
    handler: Arc<H>,
}

impl<H: Fn(ToolCall) -> ToolAnswer + Send + Sync + 'static> ServerHandler for Server<H> {
    fn get_info(&self) -> ServerConfig {
        let mut config = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        config.server_info = Implementation::new(self.info.name.clone(), self.info.version.clone());
        config.instructions =
            (!self.info.instructions.is_empty()).then(|| self.info.instructions.clone());
        config
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.clone()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !self.tools.iter().any(|tool| tool.name == request.name) {
            let message = format!("Unknown tool: {}", request.name);
            return Err(ErrorData::invalid_params(message, None));
        }
        // The SDK moves `_meta` of a request into its context.
        let mut meta = context.meta.0.0.clone();
        meta.extend(request.meta.map(|meta| meta.0.0).unwrap_or_default());
        let answer = (self.handler)(ToolCall {
            name: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            meta,
        });
        let answer = tokio::select! {
            answer = answer => answer,
            () = context.ct.cancelled() => Err("The call was canceled.".into()),
        };
        Ok(CallToolResponse::Complete(match answer {
            Ok(Value::String(text)) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Ok(value @ Value::Object(_)) => CallToolResult::structured(value),
            Ok(value) => CallToolResult::success(vec![ContentBlock::text(value.to_string())]),
            Err(message) => CallToolResult::error(vec![ContentBlock::text(message)]),
        }))
    }
}

/// Serves tools over this process's stdin and stdout until stdin ends. Nothing else may write to stdout.
///
/// # Errors
/// When the handshake fails or a schema is not an object.
pub async fn serve_stdio<H>(info: ServerInfo, tools: Vec<Tool>, handler: H) -> std::io::Result<()>
where
    H: Fn(ToolCall) -> ToolAnswer + Send + Sync + 'static,
{
    let tools = tools
        .into_iter()
        .map(|tool| {
            let Value::Object(schema) = tool.input_schema else {
                let message = format!("the schema of the tool {:?} is not an object", tool.name);
                return Err(std::io::Error::other(message));
            };
            let mut offered = rmcp::model::Tool::new(tool.name, tool.description, schema);
            offered.annotations = serde_json::from_value(tool.annotations)?;
            Ok(offered)
        })
        .collect::<Result<_, _>>()?;
    let server = Server {
        info,
        tools,
        handler: Arc::new(handler),
    };
    let running = server
        .serve(rmcp::transport::stdio_pipes())
        .await
        .map_err(std::io::Error::other)?;
    running.waiting().await.map_err(std::io::Error::other)?;
    Ok(())
}
