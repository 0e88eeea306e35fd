//! The configuration (`with`) of each kind of action, typed. A document is checked against the schemas
//! of these types; at run time the rendered configuration is read into them.

mod file;
mod http;
mod mail;
mod people;
mod present;
mod sql;
mod text;
mod work;

pub use file::{FileConfig, FileEncoding, FileOperation, IfExists, IfMissing, path_fault};
pub use http::{FormField, HttpConfig, MultipartField, PAGE, Paginate};
pub use mail::{Addresses, Attachment, MailConfig};
pub use people::{GateConfig, Notify, OnTimeout, OneOrMore, SendBack};
pub use sql::{SqlConfig, first_word, reads, statement_fault};
pub use text::Text;
pub use work::{
    AutomationConfig, EmitConfig, McpConfig, OnSilence, ShellConfig, SwitchCase, SwitchConfig,
    ToolConfig, TransformConfig, WaitConfig, WaitEvent,
};

use crate::plan::ActionKind;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::OnceLock;

/// Reads a rendered configuration.
///
/// # Errors
/// One sentence that says what does not fit.
pub fn read<T: DeserializeOwned>(rendered: &Value) -> Result<T, String> {
    T::deserialize(rendered).map_err(|error| format!("the configuration does not fit: {error}"))
}

/// The JSON Schema of a kind's configuration, without places for templates.
pub fn schema_of(kind: ActionKind) -> &'static Value {
    static SCHEMAS: OnceLock<Vec<Value>> = OnceLock::new();
    let all = SCHEMAS.get_or_init(|| {
        ActionKind::ALL
            .into_iter()
            .map(|kind| match kind {
                ActionKind::Transform => schemars::schema_for!(TransformConfig),
                ActionKind::Wait => schemars::schema_for!(WaitConfig),
                ActionKind::ApprovalGate => schemars::schema_for!(GateConfig),
                ActionKind::Switch => schemars::schema_for!(SwitchConfig),
                ActionKind::Http => schemars::schema_for!(HttpConfig),
                ActionKind::Shell => schemars::schema_for!(ShellConfig),
                ActionKind::Mcp => schemars::schema_for!(McpConfig),
                ActionKind::Automation => schemars::schema_for!(AutomationConfig),
                ActionKind::Emit => schemars::schema_for!(EmitConfig),
                ActionKind::Sql => schemars::schema_for!(SqlConfig),
                ActionKind::File => schemars::schema_for!(FileConfig),
                ActionKind::Mail => schemars::schema_for!(MailConfig),
                ActionKind::Tool => schemars::schema_for!(ToolConfig),
            })
            .map(schemars::Schema::to_value)
            .collect()
    });
    static NOTHING: Value = Value::Bool(true);
    ActionKind::ALL
        .iter()
        .position(|known| *known == kind)
        .and_then(|index| all.get(index))
        .unwrap_or(&NOTHING)
}
