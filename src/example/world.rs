//! A world to work in: a folder with files and, for some, a small SQL database.

use super::Example;
use std::io;
use std::path::{Path, PathBuf};

/// A folder that an example's tools work in.
#[derive(Debug, Clone)]
pub struct World {
    /// The folder.
    pub root: PathBuf,
}

impl World {
    /// The database of the world.
    pub fn database(&self) -> PathBuf {
        self.root.join("world.db")
    }
}

/// Makes an example's world in `root`, which is created when missing.
///
/// # Errors
/// When the folder, a file or the database cannot be written.
pub fn create(example: &Example, root: &Path) -> io::Result<World> {
    std::fs::create_dir_all(root)?;
    for (path, text) in example.files {
        let target = root.join(path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(target, text)?;
    }
    let world = World { root: root.to_path_buf() };
    if !example.seed.is_empty() {
        let open = || -> rusqlite::Result<()> { rusqlite::Connection::open(world.database())?.execute_batch(example.seed) };
        open().map_err(io::Error::other)?;
    }
    Ok(world)
}
