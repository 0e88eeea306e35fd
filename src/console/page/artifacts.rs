//! The files of a run.

use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{time, value};
use crate::console::twin::taken;
use bytes::Bytes;
use druse_engine::Timestamp;
use http::Method;
use maud::{Markup, html};
use serde_json::Value;

/// The most files that a page shows.
const MOST: usize = 300;

/// The files that the steps of a run left, each to be taken.
pub(super) fn show(run: &Value, now: Timestamp) -> Markup {
    let all = run["artifacts"].as_array().map_or(&[][..], Vec::as_slice);
    let id = run["id"].as_str().unwrap_or_default();
    html! {
        @if !all.is_empty() {
            h2 #files { "Files" }
            ul .plain .files {
                @for file in all.iter().take(MOST) {
                    @let name = file["name"].as_str().unwrap_or_default();
                    @let step = file["step"].as_str().unwrap_or_default();
                    li {
                        a download href={ "/runs/" (id) "/artifacts/" (encode(name)) "?step=" (encode(step)) } { (name) }
                        " " span .dim {
                            (size(file["bytes"].as_u64().unwrap_or(0))) ", " (file["media_type"].as_str().unwrap_or_default())
                            ", of " a href={ "#step-" (step) } { (step) } ", " (time::ago(&file["created_at"], now))
                            @if let Some(from) = file["kept_from"].as_str() { ", kept from run " a href={ "/runs/" (from) } { "…" (value::short(from)) } }
                        }
                    }
                }
            }
            @if all.len() > MOST { p .dim { "These are the first " (MOST) " of " (all.len()) " files; the rest is read by the API." } }
        }
    }
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} bytes"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}

/// One of them, as the API gives it.
pub(in crate::console) async fn take(call: &Call) -> Done {
    let (id, name) = (call.part("id"), call.part("name"));
    let step = call.query.query(&["step"]);
    let path = format!("/runs/{id}/artifacts/{name}?{step}");
    // A file may be larger than what a page is made of: it goes on as it comes.
    let response = call.api.open(Method::GET, &path, &[], Bytes::new()).await?;
    if response.status().is_success() {
        return Ok(Answer::Raw(response));
    }
    taken(response).await.map(|_| Answer::See("/runs".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_500, "1.5 kB"),
            (64 << 20, "67.1 MB"),
            (3_000_000_000, "3.0 GB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
