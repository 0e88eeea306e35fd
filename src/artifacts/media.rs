//! Media types of files, by what their names end in.

/// Endings and media types; of several endings the first one is given to a file that has none.
const KNOWN: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("json", "application/json"),
    ("csv", "text/csv"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("ics", "text/calendar"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("svg", "image/svg+xml"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("tar", "application/x-tar"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("parquet", "application/vnd.apache.parquet"),
];

/// The media type of what is not known.
const UNKNOWN: &str = "application/octet-stream";
/// The most bytes of a media type.
const LONGEST: usize = 255;

/// The media type that somebody says a file has, where it is one that can be said on.
pub(super) fn plain_media_type(said: &str) -> &str {
    let plain = !said.trim().is_empty() && said.len() <= LONGEST;
    match plain && http::HeaderValue::from_str(said).is_ok() {
        true => said,
        false => UNKNOWN,
    }
}

/// The media type of a file of this name.
pub fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    let known = KNOWN.iter().find(|(known, _)| *known == ending);
    known.map_or(UNKNOWN, |(_, media)| media)
}

/// What the name of a file of this media type ends in.
pub fn extension(media_type: &str) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let known = KNOWN.iter().find(|(_, known)| *known == essence);
    known.map(|(ending, _)| *ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_media_types() {
        assert_eq!(media_type("out/report.PDF"), "application/pdf");
        assert_eq!(media_type("report"), "application/octet-stream");
        assert_eq!(media_type("a.unheard"), "application/octet-stream");
        assert_eq!(extension("text/plain; charset=utf-8"), Some("txt"));
        assert_eq!(extension("application/octet-stream"), None);
    }

    #[test]
    fn what_is_no_media_type_is_not_said_on() {
        for plain in ["text/plain", "text/plain; charset=utf-8"] {
            assert_eq!(plain_media_type(plain), plain);
        }
        let long = format!("text/plain; a={}", "b".repeat(LONGEST));
        for odd in ["", " ", "text/plain\r\nx: y", &long] {
            assert_eq!(plain_media_type(odd), UNKNOWN, "{odd:?}");
        }
    }
}
