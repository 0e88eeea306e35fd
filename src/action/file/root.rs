//! A folder that no path leads out of.
//!
//! Every path is resolved by the kernel below the folder's descriptor, without symbolic links and without
//! `..` (`openat2` with `RESOLVE_BENEATH` and `RESOLVE_NO_SYMLINKS`): what lies outside cannot be reached,
//! whatever others do to the folder meanwhile.

use super::{Failed, failure};
use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2},
    sys::stat::{FileStat, Mode, SFlag, fstatat, mkdirat},
};
use std::{
    fs, io,
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
};

/// How often a path is looked up again when something was renamed meanwhile.
const AGAIN: usize = 64;

/// A root, open.
pub(crate) struct Root {
    folder: OwnedFd,
    read_only: bool,
    /// Where the server's own data lies below it, which no step touches.
    own: Option<String>,
}

/// A place in a folder below a root: the folder, open, and a name in it.
pub(super) struct Spot {
    pub(super) folder: OwnedFd,
    pub(super) name: String,
}

impl Root {
    /// Opens a folder as a root. Where it is itself reached by links is its administrator's choice.
    /// `own` is the folder of the server's data, where there is one.
    pub(crate) fn open(path: &Path, read_only: bool, own: Option<&Path>) -> Result<Self, Failed> {
        let opened = fs::OpenOptions::new().read(true).open(path);
        let folder = opened.and_then(|file| {
            if file.metadata()?.is_dir() {
                Ok(file)
            } else {
                Err(Errno::ENOTDIR.into())
            }
        });
        match folder {
            Ok(folder) => Ok(Self {
                folder: folder.into(),
                read_only,
                own: own.map(|own| below(path, own)).transpose()?.flatten(),
            }),
            Err(error) => {
                let reason = failure("the root", &error).failure.message;
                Err(Failed::permanent(
                    "folder_unusable",
                    format!("The folder of the connection cannot be used: {reason}"),
                ))
            }
        }
    }

    /// A folder that is open, of which everything may be read and nothing changed.
    pub(in crate::action) fn of(folder: OwnedFd) -> Self {
        Self {
            folder,
            read_only: true,
            own: None,
        }
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// How many entries it has.
    pub(crate) fn count(&self) -> Result<usize, Failed> {
        let counted = self.folder(".").and_then(|folder| {
            let mut names = Dir::from_fd(folder)?;
            Ok(names.iter().filter(Result::is_ok).count())
        });
        match counted {
            // Without `.` and `..`.
            Ok(count) => Ok(count.saturating_sub(2)),
            Err(error) => Err(failure("the root", &error)),
        }
    }

    /// Opens what a path names, below the root.
    pub(super) fn at(&self, path: &str, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
        let path = plain(path);
        if self.is_own(&path) {
            return Err(Errno::EACCES.into());
        }
        at(&self.folder, &path, flags, mode)
    }

    /// Whether a path is one of the server's own data. Below the root nothing follows links, so its
    /// parts say where it is.
    pub(super) fn is_own(&self, path: &str) -> bool {
        self.own.as_ref().is_some_and(|own| {
            path.strip_prefix(own.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Opens a folder.
    pub(super) fn folder(&self, path: &str) -> io::Result<OwnedFd> {
        self.at(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty())
    }

    /// Opens a file; anything else than a plain file is an error.
    pub(super) fn file(&self, path: &str, flags: OFlag) -> io::Result<fs::File> {
        // O_NONBLOCK: a pipe must not hold the thread.
        let opened = self.at(
            path,
            flags | OFlag::O_NONBLOCK,
            Mode::from_bits_truncate(0o666),
        )?;
        let file = fs::File::from(opened);
        let kind = file.metadata()?;
        if kind.is_file() {
            return Ok(file);
        }
        match kind.is_dir() {
            true => Err(Errno::EISDIR.into()),
            false => Err(Errno::ENXIO.into()),
        }
    }

    /// The folder that a file is in, and the file's name in it.
    pub(super) fn spot(&self, path: &str, create_folders: bool) -> io::Result<Spot> {
        let path = plain(path);
        let (folder, name) = match path.rsplit_once('/') {
            Some((folder, name)) => (folder, name),
            None => (".", path.as_str()),
        };
        if name == "." {
            return Err(Errno::EISDIR.into());
        }
        if self.is_own(&path) {
            return Err(Errno::EACCES.into());
        }
        let folder = match self.folder(folder) {
            Err(error) if create_folders && error.kind() == io::ErrorKind::NotFound => {
                self.create(folder)?
            }
            other => other?,
        };
        Ok(Spot {
            folder,
            name: name.to_owned(),
        })
    }

    fn create(&self, path: &str) -> io::Result<OwnedFd> {
        let mut folder = self.folder.try_clone()?;
        for name in path.split('/') {
            match mkdirat(folder.as_fd(), name, Mode::from_bits_truncate(0o777)) {
                Ok(()) => sync(&folder)?,
                Err(Errno::EEXIST) => {}
                Err(error) => return Err(error.into()),
            }
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
            folder = at(&folder, name, flags, Mode::empty())?;
        }
        Ok(folder)
    }
}

impl Spot {
    /// Opens a new file under another name in the same folder; one that an earlier attempt left is removed.
    pub(super) fn beside(&self, name: &str) -> io::Result<fs::File> {
        let _ = nix::unistd::unlinkat(&self.folder, name, nix::unistd::UnlinkatFlags::NoRemoveDir);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
        let made = at(&self.folder, name, flags, Mode::from_bits_truncate(0o666))?;
        Ok(made.into())
    }

    /// What is there, without following it; nothing when nothing is.
    pub(super) fn stat(&self) -> io::Result<Option<FileStat>> {
        match fstatat(
            self.folder.as_fd(),
            self.name.as_str(),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        ) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Where the server's data lies below a root; nothing when it lies elsewhere.
fn below(root: &Path, own: &Path) -> Result<Option<String>, Failed> {
    let (Ok(root), Ok(own)) = (root.canonicalize(), own.canonicalize()) else {
        return Ok(None);
    };
    if root.starts_with(&own) {
        return Err(Failed::permanent(
            "folder_unusable",
            "The folder of the connection is within the server's own data.",
        ));
    }
    let inside = own.strip_prefix(&root).ok();
    Ok(inside.and_then(Path::to_str).map(str::to_owned))
}

/// What kind of thing something is.
pub(super) fn kind_of(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

/// Makes names in a folder durable.
pub(super) fn sync(folder: &OwnedFd) -> io::Result<()> {
    fs::File::from(folder.try_clone()?).sync_all()
}

/// Opens below a folder.
pub(super) fn at(folder: &OwnedFd, path: &str, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
    let mut how = OpenHow::new()
        .flags(flags | OFlag::O_CLOEXEC | OFlag::O_NOCTTY)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_SYMLINKS
                | ResolveFlag::RESOLVE_NO_MAGICLINKS,
        );
    if flags.contains(OFlag::O_CREAT) {
        how = how.mode(mode);
    }
    for _ in 0..AGAIN {
        match openat2(folder.as_fd(), path, how) {
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
    Err(Errno::EAGAIN.into())
}

/// A path without empty parts and single dots.
pub(super) fn plain(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.is_empty() {
        ".".into()
    } else {
        parts.join("/")
    }
}
