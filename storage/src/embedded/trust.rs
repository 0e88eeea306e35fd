//! Whether the index on disk may be believed.
//!
//! sled does not sync its files, and a flipped bit can make it hand out half of what was put in.
//! After a clean stop the files must be exactly those that were synced then. After a killed
//! process they are what the system still holds, unless the machine was started anew in between.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

const CLEAN: &str = "druse.clean";
const BOOT: &str = "druse.boot";

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// Name, length and CRC32C of each file of the library.
fn summary(folder: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == CLEAN || name == BOOT || !entry.file_type()?.is_file() {
            continue;
        }
        let mut file = File::open(entry.path())?;
        let (mut crc, mut length) = (0, 0);
        let mut piece = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                break;
            }
            crc = crc32c::crc32c_append(crc, &piece[..read]);
            length += read;
        }
        lines.push(format!("{name} {length} {crc:08x}\n"));
    }
    lines.sort_unstable();
    Ok(lines.concat())
}

pub(crate) fn trusted(folder: &Path) -> bool {
    match fs::read_to_string(folder.join(CLEAN)) {
        Ok(kept) => summary(folder).is_ok_and(|found| found == kept),
        Err(_) => {
            let at = fs::read_to_string(folder.join(BOOT)).unwrap_or_default();
            !at.is_empty() && at == boot()
        }
    }
}

/// From now on the files change.
pub(crate) fn begin(folder: &Path) -> io::Result<()> {
    fs::write(folder.join(BOOT), boot())?;
    match fs::remove_file(folder.join(CLEAN)) {
        // The removal must be on disk before the library's first write is.
        Ok(()) => File::open(folder)?.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The files no longer change: syncs them and says what they are.
pub(crate) fn end(folder: &Path) -> io::Result<()> {
    let kept = summary(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    let mut file = File::create(folder.join(CLEAN))?;
    file.write_all(kept.as_bytes())?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}
