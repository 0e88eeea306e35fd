//! How many files this process may have open: as many as it may let itself have. What it starts gets the limit back
//! that the process began with: programs that look through all that they may have open, or that use `select`, are made
//! for that one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::OnceLock;

/// More open files than this are never asked for: walking through all that may be open must stay quick.
const MOST: u64 = 65_536;

/// The soft limit from before it was raised.
static BEFORE: OnceLock<u64> = OnceLock::new();

/// Lets this process have as many files open as it may let itself have.
pub(crate) fn raise() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    let wanted = hard.min(MOST);
    if soft >= wanted {
        return;
    }
    match setrlimit(Resource::RLIMIT_NOFILE, wanted, hard) {
        Ok(()) => {
            let _ = BEFORE.set(soft);
        }
        Err(error) => {
            tracing::warn!(%error, soft, hard, "the limit of open files stays low");
        }
    }
}

/// Lets a program begin with the soft limit that this process began with.
pub(crate) fn give_back(command: &mut Command) {
    let Some(soft) = BEFORE.get().copied() else {
        return;
    };
    let lower = move || {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard), hard)?;
        Ok(())
    };
    // SAFETY: it runs in the child between fork and exec, and makes two system calls with numbers on its stack:
    // it takes no memory and no lock, and both calls may be made there.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(lower);
    }
}
