//! What `/proc` shows of the processes of this machine. It is looked at apart from how the server does it, so that a
//! fault there is no fault here.

use std::fs;
use std::path::Path;

/// Whether any process has this among what `/proc` shows under this name, or shows nothing yet.
pub(crate) fn any_shows(name: &str, wanted: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("there is /proc");
    processes.flatten().any(|process| {
        let process = process.path();
        let Ok(shown) = fs::read(process.join(name)) else {
            return false;
        };
        let mut parts = shown.split(|byte| *byte == 0);
        parts.any(|part| part == wanted.as_bytes()) || shown.is_empty() && begins(&process)
    })
}

/// Whether a process is between being another program and being its own: it has a program and no words for it.
fn begins(process: &Path) -> bool {
    let words = fs::read(process.join("cmdline"));
    fs::read_link(process.join("exe")).is_ok() && words.is_ok_and(|words| words.is_empty())
}
