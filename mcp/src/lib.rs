//! Speaks the Model Context Protocol through the official SDK: tool calls over stdio and streamable HTTP.
