//! What is no text in the answer of a tool: images, sound, files. Kept as artifacts where the step says so.

use super::Failed;
use crate::artifacts::{Files, extension};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Puts what is no text in these blocks into artifacts; in its place stands the name of the artifact. Blocks
/// on the disk.
pub(super) fn keep(content: &mut [Value], save_as: &str, files: &Files) -> Result<(), Failed> {
    let mut number = 0;
    for block in content {
        let Some((holder, key)) = holder(block) else {
            continue;
        };
        let Some(Value::String(text)) = holder.get(key) else {
            continue;
        };
        let bytes = STANDARD.decode(text.trim()).map_err(|_| {
            Failed::permanent("not_base64", "The tool's answer holds what is no base64.")
        })?;
        number += 1;
        let media = holder.get("mimeType").and_then(Value::as_str);
        let media = media.unwrap_or("application/octet-stream").to_owned();
        let name = numbered(save_as, number, &media);
        let mut new = files.begin(save_as, &name, &media, true)?;
        new.write(&bytes)?;
        new.finish()?;
        holder.remove(key);
        holder.insert("artifact".into(), name.into());
    }
    Ok(())
}

/// Where the bytes of a block stand, in base64.
fn holder(block: &mut Value) -> Option<(&mut Map<String, Value>, &'static str)> {
    match block["type"].as_str() {
        Some("image" | "audio") => block.as_object_mut().map(|block| (block, "data")),
        Some("resource") => {
            let resource = block.get_mut("resource")?.as_object_mut()?;
            resource.contains_key("blob").then_some((resource, "blob"))
        }
        _ => None,
    }
}

/// The name of the first, and those of further ones, with an ending where the document gives none.
fn numbered(name: &str, number: u32, media: &str) -> String {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) => (stem, Some(ending)),
        None => (name, extension(media)),
    };
    let stem = match number {
        1 => stem.to_owned(),
        number => format!("{stem}-{number}"),
    };
    match ending {
        Some(ending) => format!("{stem}.{ending}"),
        None => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_ones_are_numbered() {
        assert_eq!(numbered("chart", 1, "image/png"), "chart.png");
        assert_eq!(numbered("chart", 2, "image/png"), "chart-2.png");
        assert_eq!(numbered("chart.bmp", 3, "image/png"), "chart-3.bmp");
        assert_eq!(numbered("chart", 1, "application/x-odd"), "chart");
    }
}
