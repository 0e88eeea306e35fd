//! What the system tells of changes in folders. It is a hint to look sooner, never a truth: notices get
//! lost, and where there are none, folders are looked through all the same.

use super::{Inner, Triggers};
use druse_engine::{Span, TriggerId};
use druse_triggers::Folder;
use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// How long after a notice a folder is looked through: many changes at once are one look.
const SOON: Span = Span::from_millis(50);

/// Who is told of what.
#[derive(Default)]
pub(super) struct Notices {
    /// Whether anybody keeps looking in this process.
    serves: AtomicBool,
    watcher: Mutex<Option<RecommendedWatcher>>,
    targets: Arc<Mutex<BTreeMap<TriggerId, Target>>>,
}

/// A folder that is watched for a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    /// The connection's folder, which paths are told below.
    root: PathBuf,
    folder: PathBuf,
    recursive: bool,
    /// Device and number of the folder: another one in its place is watched anew.
    identity: (u64, u64),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notices {
    /// From now on somebody keeps looking, and is told.
    pub(super) fn serve(&self) {
        self.serves.store(true, Ordering::Relaxed);
    }

    /// Has the system tell of changes in a folder. Whether it does; `None` where nobody keeps looking.
    /// Blocks on the disk.
    pub(super) fn watch(
        &self,
        triggers: &Triggers,
        id: TriggerId,
        root: &Path,
        folder: &Folder,
    ) -> Option<bool> {
        if !self.serves.load(Ordering::Relaxed) {
            return None;
        }
        let inside = root.join(&folder.path);
        // Where it leads is looked at below the root by who lists it; this only asks for hints.
        let Ok(stat) = std::fs::metadata(&inside) else {
            self.forget(id);
            return Some(false);
        };
        let target = Target {
            root: root.to_path_buf(),
            folder: inside,
            recursive: folder.recursive,
            identity: (stat.dev(), stat.ino()),
        };
        if lock(&self.targets).get(&id) == Some(&target) {
            return Some(true);
        }
        self.forget(id);
        // Told of from the first moment on. The system's thread takes the lock of the targets, so it is
        // not held while the system is asked.
        lock(&self.targets).insert(id, target.clone());
        let asked = self.ask(Arc::downgrade(&triggers.0), &target);
        if let Err(error) = &asked {
            tracing::warn!(trigger = %id, folder = %target.folder.display(), %error, "the system tells of no changes here");
            lock(&self.targets).remove(&id);
        }
        Some(asked.is_ok())
    }

    fn ask(&self, triggers: Weak<Inner>, target: &Target) -> notify::Result<()> {
        let mut watcher = lock(&self.watcher);
        if watcher.is_none() {
            let targets = self.targets.clone();
            let told = move |event| hear(&targets, &triggers, event);
            let config = Config::default().with_follow_symlinks(false);
            *watcher = Some(RecommendedWatcher::new(told, config)?);
        }
        // Others may watch the same folder: what is wanted is all that anybody wants of it.
        let recursive = lock(&self.targets)
            .values()
            .any(|other| other.folder == target.folder && other.recursive);
        let mode = match recursive {
            true => RecursiveMode::Recursive,
            false => RecursiveMode::NonRecursive,
        };
        match watcher.as_mut() {
            Some(watcher) => watcher.watch(&target.folder, mode),
            None => Ok(()),
        }
    }

    /// Has nothing told to a trigger any more.
    pub(super) fn forget(&self, id: TriggerId) {
        let gone = {
            let mut targets = lock(&self.targets);
            let Some(target) = targets.remove(&id) else {
                return;
            };
            let others = targets.values().any(|other| other.folder == target.folder);
            (!others).then_some(target.folder)
        };
        if let Some(folder) = gone
            && let Some(watcher) = lock(&self.watcher).as_mut()
        {
            // A folder that is gone is not watched any more: that is what is wanted.
            let _ = watcher.unwatch(&folder);
        }
    }
}

/// Puts the triggers on the agenda that a notice is about.
fn hear(
    targets: &Mutex<BTreeMap<TriggerId, Target>>,
    triggers: &Weak<Inner>,
    told: notify::Result<Event>,
) {
    let Some(triggers) = triggers.upgrade().map(Triggers) else {
        return;
    };
    let event = match told {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "a notice of the system could not be read");
            Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)
        }
    };
    let changes = !matches!(&event.kind, EventKind::Access(kind) if *kind != AccessKind::Close(AccessMode::Write));
    if !changes {
        return;
    }
    let moved = match &event.kind {
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => event.paths.first(),
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => event.paths.last(),
        _ => None,
    };
    let mut meant = Vec::new();
    for (id, target) in lock(targets).iter() {
        let is_of = |path: &PathBuf| path.starts_with(&target.folder);
        if event.need_rescan() || event.paths.iter().any(is_of) {
            let moved = moved.and_then(|path| path.strip_prefix(&target.root).ok());
            let moved = moved.and_then(Path::to_str).map(str::to_owned);
            meant.push((*id, moved));
        }
    }
    let soon = triggers.now().after(SOON);
    for (id, moved) in meant {
        if let (Some(path), Some(armed)) = (moved, triggers.armed(id)) {
            armed.progress.was_moved(path);
        }
        if triggers.0.looks.add(id, soon) {
            triggers.0.changed.notify_one();
        }
    }
}
