//! What is in a watched folder: its files below the root of a connection, and nothing that links lead to.

use super::folder::{Looked, inside, not_too_deep};
use super::root::{Root, plain};
use super::{Failed, failure, is_mark};
use crate::connection::FolderConnection;
use druse_triggers::Folder;
use druse_triggers::folder::Found;
use nix::fcntl::OFlag;
use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, StatxTimestamp, statx};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    os::fd::AsFd as _,
    path::Path,
};

/// The files of a watched folder that are meant, by their paths below the connection's folder. `own` is
/// the folder of the server's data, where there is one.
///
/// # Errors
/// When it cannot be looked through as a whole: half a list would make the other half look gone.
pub(crate) fn files(
    connection: &FolderConnection,
    own: Option<&Path>,
    folder: &Folder,
) -> Result<BTreeMap<String, Found>, Failed> {
    let root = Root::open(&connection.path, true, own)?;
    let mut walk = Walk {
        root: &root,
        folder,
        looked: Looked::default(),
        found: BTreeMap::new(),
    };
    walk.folder(&plain(&folder.path), 0)?;
    Ok(walk.found)
}

/// The digest of a file's content, as it is now; nothing when it is gone.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn digest(
    connection: &FolderConnection,
    own: Option<&Path>,
    path: &str,
) -> Result<Option<String>, Failed> {
    let root = Root::open(&connection.path, true, own)?;
    let failed = |error: io::Error| failure(path, &error);
    let mut file = match root.file(path, OFlag::O_RDONLY) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Some(format!("sha256:{hex}")))
}

struct Walk<'a> {
    root: &'a Root,
    folder: &'a Folder,
    looked: Looked,
    found: BTreeMap<String, Found>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &str, depth: usize) -> Result<(), Failed> {
        let Some(open) = self.looked.open(self.root, path, depth)? else {
            return Ok(());
        };
        let mut folders = Vec::new();
        for name in &open.names {
            // A name that is no text can be named by no step.
            let Ok(name) = name.to_str() else { continue };
            let place = inside(path, name);
            if self.folder.ignores(name) || is_mark(name) || self.root.is_own(&place) {
                continue;
            }
            let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
            let stat = statx(open.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW, wanted);
            // Gone since its name was read.
            let Ok(stat) = stat else { continue };
            match FileType::from_raw_mode(stat.stx_mode.into()) {
                FileType::RegularFile if self.folder.means(name) => {
                    self.found.insert(place, found(&stat));
                }
                FileType::Directory if self.folder.recursive => folders.push(place),
                _ => {}
            }
        }
        if !folders.is_empty() {
            not_too_deep(path, depth, "watched")?;
        }
        for folder in folders {
            self.folder(&folder, depth + 1)?;
        }
        Ok(())
    }
}

fn found(stat: &Statx) -> Found {
    let nanos = |at: &StatxTimestamp| {
        at.tv_sec
            .saturating_mul(1_000_000_000)
            .saturating_add(at.tv_nsec.into())
    };
    let born = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
    Found {
        size: stat.stx_size,
        modified: nanos(&stat.stx_mtime),
        inode: stat.stx_ino,
        born: born.then(|| nanos(&stat.stx_btime)),
    }
}
