//! The style sheet, the scripts and the mark, which are part of the binary.

use druse_engine::Digest;
use std::sync::LazyLock;

const STYLE: &str = include_str!("asset/style.css");
const SCRIPT: &str = include_str!("asset/console.js");
const EDITOR: &str = include_str!("asset/editor.js");
const MARK: &str = include_str!("asset/mark.svg");

/// A file, its media type and the name under which this version of it is known.
pub(super) struct Asset {
    pub(super) text: &'static str,
    pub(super) media: &'static str,
    pub(super) address: String,
}

/// All of them. A name goes with the content, so browsers may keep them for good.
static ALL: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    let asset = |text: &'static str, media, name: &str, ending: &str| {
        let digest = Digest::of(text.as_bytes());
        let address = format!("/assets/{name}-{}.{ending}", &digest.hex()[..12]);
        Asset {
            text,
            media,
            address,
        }
    };
    [
        asset(STYLE, "text/css; charset=utf-8", "style", "css"),
        asset(SCRIPT, "text/javascript; charset=utf-8", "console", "js"),
        asset(MARK, "image/svg+xml", "mark", "svg"),
        asset(EDITOR, "text/javascript; charset=utf-8", "editor", "js"),
    ]
});

pub(super) fn style() -> &'static str {
    &ALL[0].address
}

pub(super) fn script() -> &'static str {
    &ALL[1].address
}

pub(super) fn mark() -> &'static str {
    &ALL[2].address
}

/// The script of pages where a document is written.
pub(super) fn editor() -> &'static str {
    &ALL[3].address
}

/// The file at an address.
pub(super) fn find(path: &str) -> Option<&'static Asset> {
    ALL.iter().find(|asset| asset.address == path)
}
