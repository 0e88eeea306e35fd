//! Reading a file.

use super::{Failed, Job, digest, root::Root, root::plain};
use crate::action::attempt::Performed;
use crate::artifacts::media_type;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use druse_engine::action_config::FileEncoding;
use nix::fcntl::OFlag;
use serde_json::{Map, Value};
use std::{fs, io::Read as _};

impl Job {
    pub(super) fn read(&self, root: &Root) -> Performed {
        let file = root
            .file(&self.config.path, OFlag::O_RDONLY)
            .map_err(|error| self.failed(&error))?;
        let mut output = Map::new();
        output.insert("path".into(), plain(&self.config.path).into());
        if let Some(name) = &self.config.save_as {
            let media = media_type(&self.config.path);
            let mut new = self.files.begin(name, name, media, false)?;
            new.copy(file)?;
            let kept = new.finish()?;
            output.insert("bytes".into(), kept["bytes"].clone());
            output.insert("digest".into(), kept["digest"].clone());
            return Ok(Value::Object(output).into());
        }
        let content = self.content(&file)?;
        output.insert("bytes".into(), content.len().into());
        output.insert("digest".into(), digest(&content).into());
        let (key, value) = self.shown(content)?;
        output.insert(key.into(), value);
        Ok(Value::Object(output).into())
    }

    /// The whole content of a file, within the limit.
    pub(super) fn content(&self, file: &fs::File) -> Result<Vec<u8>, Failed> {
        let limit = self.limits.file_bytes as u64;
        let mut content = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut content)
            .map_err(|error| self.failed(&error))?;
        if content.len() as u64 > limit {
            let message = format!("{:?} is larger than {limit} bytes.", self.config.path);
            return Err(Failed::permanent("file_too_large", message)
                .details(serde_json::json!({ "limit": limit })));
        }
        Ok(content)
    }

    fn shown(&self, content: Vec<u8>) -> Result<(&'static str, Value), Failed> {
        match self.config.encoding {
            Some(FileEncoding::Base64) => Ok(("base64", STANDARD.encode(content).into())),
            Some(FileEncoding::Json) => serde_json::from_slice(&content)
                .map(|value| ("json", value))
                .map_err(|error| {
                    let message = format!("{:?} is not JSON: {error}.", self.config.path);
                    Failed::permanent("not_json", message)
                }),
            // As with an answer over HTTP: what says that it is JSON and is, is given as JSON.
            None if self.config.path.ends_with(".json")
                && let Ok(value) = serde_json::from_slice(&content) =>
            {
                Ok(("json", value))
            }
            Some(FileEncoding::Text) | None => Ok(("text", self.utf8(content)?.into())),
        }
    }

    pub(super) fn utf8(&self, content: Vec<u8>) -> Result<String, Failed> {
        String::from_utf8(content).map_err(|_| {
            let message = format!(
                "{:?} is not text in UTF-8. Read it with encoding: base64.",
                self.config.path
            );
            Failed::permanent("not_text", message)
        })
    }
}
