//! `druse schema`.

use super::{Done, print};
use crate::cli::SchemaOf;
use std::process::ExitCode;

pub(super) fn schema(of: SchemaOf) -> Done {
    print::json(&match of {
        SchemaOf::Automation => druse_engine::definition::schema(),
        SchemaOf::Session => schemars::schema_for!(druse_crystallizer::Session).to_value(),
        SchemaOf::Report => schemars::schema_for!(druse_crystallizer::Report).to_value(),
        SchemaOf::Connections => crate::connection::file_schema(),
        SchemaOf::Tools => druse_crystallizer::tool_map_schema(),
    });
    Ok(ExitCode::SUCCESS)
}
