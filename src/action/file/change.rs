//! Writing and appending. A file is replaced whole or not at all: written beside its place, made
//! durable, and renamed into it.

use super::{
    Failed, Job, Stop, digest, root::Root, root::Spot, root::kind_of, root::plain, root::sync,
};
use crate::action::{attempt::Performed, blocking};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use druse_engine::action_config::IfExists;
use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, renameat},
    sys::stat::{FileStat, Mode, SFlag},
    unistd::{UnlinkatFlags, linkat, unlinkat},
};
use serde_json::json;
use std::{
    fs,
    io::{self, Write as _},
    os::{
        fd::AsFd as _,
        unix::fs::{PermissionsExt as _, fchown},
    },
};

impl Job {
    pub(super) fn write(&self, root: &Root, stop: &Stop) -> Performed {
        let content = self.given()?;
        let spot = self.spot(root)?;
        let before = self.plain_file(&spot)?;
        if self.config.if_exists == Some(IfExists::Fail) && before.is_some() {
            // A repeated attempt may find what the one before has written.
            if !(self.repeated && self.holds(root, &content)?) {
                return Err(self.failed(&Errno::EEXIST.into()));
            }
        } else {
            let keep = self.config.if_exists == Some(IfExists::Fail);
            self.put(&spot, &content, before.as_ref(), keep, stop)?;
        }
        Ok(json!({
            "path": plain(&self.config.path),
            "bytes": content.len(),
            "digest": digest(&content),
            "created": before.is_none(),
        })
        .into())
    }

    pub(super) fn append(&self, root: &Root, stop: &Stop) -> Performed {
        let content = self.given()?;
        let spot = self.spot(root)?;
        let created = self.plain_file(&spot)?.is_none();
        if stop.is_told() {
            return Err(blocking::stopped());
        }
        let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT;
        let mut file = root
            .file(&self.config.path, flags)
            .map_err(|error| self.failed(&error))?;
        let failed = |error: io::Error| self.failed(&error);
        let before = file.metadata().map_err(failed)?.len();
        let largest = self.limits.file_size;
        if before + content.len() as u64 > largest {
            return Err(self.too_large(largest));
        }
        if let Err(error) = file.write_all(&content) {
            // Half of a line is worse than none. What others have added behind it stays.
            let now = file.metadata().map_err(failed)?.len();
            if now < before + content.len() as u64 {
                let _ = file.set_len(before);
            }
            return Err(self.failed(&error));
        }
        file.sync_all().map_err(failed)?;
        if created {
            sync(&spot.folder).map_err(failed)?;
        }
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(json!({ "path": plain(&self.config.path), "bytes": bytes, "created": created }).into())
    }

    /// The content that the step gives.
    fn given(&self) -> Result<Vec<u8>, Failed> {
        let config = &self.config;
        let (text, base64, json) = (&config.text, &config.base64, &config.json);
        let content = match (text, base64, json, &config.artifact) {
            (Some(text), None, None, None) => text.as_str().as_bytes().to_vec(),
            (None, Some(text), None, None) => STANDARD
                .decode(text.trim())
                .map_err(|_| Failed::input("\"base64\" is not base64."))?,
            (None, None, Some(value), None) => {
                let mut line = value.to_string();
                line.push('\n');
                line.into_bytes()
            }
            (None, None, None, Some(shown)) => return self.files.read(shown),
            _ => {
                return Err(Failed::input(
                    "A file has one content: \"text\", \"json\", \"base64\" or \"artifact\".",
                ));
            }
        };
        if content.len() > self.limits.file_bytes {
            return Err(self.too_large(self.limits.file_bytes as u64));
        }
        Ok(content)
    }

    pub(super) fn spot(&self, root: &Root) -> Result<Spot, Failed> {
        let create = self.config.create_folders == Some(true);
        root.spot(&self.config.path, create)
            .map_err(|error| self.failed(&error))
    }

    /// The file that is there, if any; anything else that is there is refused.
    pub(super) fn plain_file(&self, spot: &Spot) -> Result<Option<FileStat>, Failed> {
        let stat = spot.stat().map_err(|error| self.failed(&error))?;
        match stat.as_ref().map(kind_of) {
            None | Some(SFlag::S_IFREG) => Ok(stat),
            Some(SFlag::S_IFLNK) => Err(self.failed(&Errno::ELOOP.into())),
            Some(_) => Err(self.failed(&Errno::EISDIR.into())),
        }
    }

    fn holds(&self, root: &Root, content: &[u8]) -> Result<bool, Failed> {
        let file = root
            .file(&self.config.path, OFlag::O_RDONLY)
            .map_err(|error| self.failed(&error))?;
        Ok(self.content(&file)? == content)
    }

    /// Puts a content into its place, whole.
    pub(super) fn put(
        &self,
        spot: &Spot,
        content: &[u8],
        before: Option<&FileStat>,
        keep: bool,
        stop: &Stop,
    ) -> Result<(), Failed> {
        let put = self.try_put(spot, content, before, keep, stop);
        if put.is_err() {
            let _ = unlinkat(&spot.folder, self.mark.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        put
    }

    fn try_put(
        &self,
        spot: &Spot,
        content: &[u8],
        before: Option<&FileStat>,
        keep: bool,
        stop: &Stop,
    ) -> Result<(), Failed> {
        let failed = |error: io::Error| self.failed(&error);
        let mark = self.mark.as_str();
        let mut file = spot.beside(mark).map_err(failed)?;
        if let Some(before) = before {
            like(&file, before).map_err(failed)?;
        }
        file.write_all(content).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        if stop.is_told() {
            return Err(blocking::stopped());
        }
        let folder = spot.folder.as_fd();
        if keep {
            // Unlike a rename, a link does not replace what somebody has put there meanwhile.
            linkat(folder, mark, folder, spot.name.as_str(), AtFlags::empty())
                .map_err(|error| failed(error.into()))?;
            let _ = unlinkat(&spot.folder, mark, UnlinkatFlags::NoRemoveDir);
        } else {
            renameat(folder, mark, folder, spot.name.as_str())
                .map_err(|error| failed(error.into()))?;
        }
        sync(&spot.folder).map_err(failed)
    }
}

/// Gives a file the owner, where that is allowed, and the permissions of the one that it replaces.
fn like(file: &fs::File, before: &FileStat) -> io::Result<()> {
    let _ = fchown(file, Some(before.st_uid), Some(before.st_gid));
    let mode = Mode::from_bits_truncate(before.st_mode).bits();
    file.set_permissions(fs::Permissions::from_mode(mode))
}
