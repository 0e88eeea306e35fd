//! A copy of the store as it is at one durable record, while it is written to.

use super::segment::{HEADER, Header};
use super::{Shared, base, blob};
use crate::store::{LogHead, ReadError};
use std::{
    fs::{self, File},
    io::{self, Read as _},
    sync::PoisonError,
};

/// Takes a file of the copy: its name, with `/` between folders, and what is in it.
pub type TakeFile<'a> = dyn FnMut(&str, Vec<u8>) -> io::Result<()> + 'a;

impl Shared {
    /// Hands over each file of a folder that ends with the newest durable record. What is in front of that
    /// record never changes, and nothing is given back meanwhile.
    pub(super) fn back_up(&self, take: &mut TakeFile<'_>) -> Result<LogHead, ReadError> {
        let _none = self
            .collecting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let head = self.lock().durable;
        let io = |error: io::Error| ReadError::of("the backup failed", &error);
        let format = fs::read(self.folder.join("format")).map_err(io)?;
        take("format", format).map_err(io)?;
        let list = self.segments.list().map_err(io)?;
        let last = head.end.segment();
        for segment in list.into_iter().filter(|segment| *segment <= last) {
            let path = self.segments.path(segment);
            let end = match segment == last {
                true => head.end.offset(),
                false => u64::MAX,
            };
            let mut bytes = Vec::new();
            let file = File::open(&path).map_err(io)?;
            file.take(end).read_to_end(&mut bytes).map_err(io)?;
            let whole = segment != last || bytes.len() as u64 == end;
            if !whole || (bytes.len() as u64) < HEADER || Header::decode(&bytes).is_none() {
                let text = format!("segment {segment} of the log is damaged");
                return Err(ReadError::Damaged(text));
            }
            take(&format!("log/{segment:08}.log"), bytes).map_err(io)?;
        }
        // So that an end that is lost shows, as after any clean stop.
        take("log/head", head.encode().to_vec()).map_err(io)?;
        // A blob is there before the record that names it.
        for folder in blob::folders(&self.blobs).map_err(io)? {
            for name in sorted(&self.blobs.join(&folder)).map_err(io)? {
                match fs::read(self.blobs.join(&folder).join(&name)) {
                    Ok(bytes) => take(&format!("blobs/{folder}/{name}"), bytes).map_err(io)?,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(io(error)),
                }
            }
        }
        Ok(LogHead {
            number: head.number,
            digest: base::digest(&head.hash),
        })
    }
}

fn sorted(folder: &std::path::Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}
