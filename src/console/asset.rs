//! The style sheet, the scripts and the mark, which are part of the binary.

use druse_engine::Digest;
use std::borrow::Cow;
use std::sync::LazyLock;

const STYLE: &str = include_str!("asset/style.css");
const SCRIPT: &str = include_str!("asset/console.js");
const EDITOR: &str = include_str!("asset/editor.js");
const MARK: &str = include_str!("asset/mark.svg");

/// A file, its media type and the name under which this version of it is known.
pub(super) struct Asset {
    pub(super) text: Cow<'static, str>,
    pub(super) media: &'static str,
    pub(super) address: String,
}

/// The states, as the icon of a page shows them: the class of each, its colour behind white, and its shape.
const STATES: [(&str, &str, &str); 10] = [
    ("succeeded", "#1f7a3d", "✓"),
    ("failed", "#c0272d", "✕"),
    ("rejected", "#a85512", "⊘"),
    ("waiting", "#8a6100", "‖"),
    ("running", "#1f63b5", "▶"),
    ("queued", "#66616b", "○"),
    ("skipped", "#66616b", "–"),
    ("uncertain", "#b3157f", "?"),
    ("canceled", "#66616b", "■"),
    ("draft", "#7a3fb0", "◇"),
];

/// A name goes with the content, so browsers may keep them for good.
fn asset(text: Cow<'static, str>, media: &'static str, name: &str, ending: &str) -> Asset {
    let digest = Digest::of(text.as_bytes());
    let address = format!("/assets/{name}-{}.{ending}", &digest.hex()[..12]);
    Asset {
        text,
        media,
        address,
    }
}

/// All files.
static ALL: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        asset(STYLE.into(), "text/css; charset=utf-8", "style", "css"),
        asset(
            SCRIPT.into(),
            "text/javascript; charset=utf-8",
            "console",
            "js",
        ),
        asset(MARK.into(), "image/svg+xml", "mark", "svg"),
        asset(
            EDITOR.into(),
            "text/javascript; charset=utf-8",
            "editor",
            "js",
        ),
    ]
});

/// The icons of the states.
static ICONS: LazyLock<Vec<(&'static str, Asset)>> = LazyLock::new(|| {
    let icon = |(name, colour, shape): (&'static str, &str, &str)| {
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"7\" fill=\"{colour}\"/><text x=\"16\" y=\"24\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"22\" font-weight=\"700\" fill=\"#fff\">{shape}</text></svg>\n"
        );
        (name, asset(text.into(), "image/svg+xml", name, "svg"))
    };
    STATES.into_iter().map(icon).collect()
});

/// The address of a state's icon, by the class of its colour.
pub(super) fn icon(class: &str) -> &'static str {
    let found = ICONS.iter().find(|(name, _)| *name == class);
    found.map_or_else(mark, |(_, asset)| &asset.address)
}

/// The address of the style sheet.
pub(crate) fn style() -> &'static str {
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
    let icons = ICONS.iter().map(|(_, asset)| asset);
    ALL.iter().chain(icons).find(|asset| asset.address == path)
}
