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
    let world = World {
        root: root.to_path_buf(),
    };
    if !example.seed.is_empty() {
        let open = || -> rusqlite::Result<()> {
            rusqlite::Connection::open(world.database())?.execute_batch(example.seed)
        };
        open().map_err(io::Error::other)?;
    }
    Ok(world)
}

/// Lays an example out in a folder: its recording, its connections and its tool map with the paths filled
/// in, and its world in `world/`.
///
/// # Errors
/// When something cannot be written.
pub fn lay_out(example: &Example, folder: &Path, exe: &Path) -> io::Result<World> {
    let folder = std::path::absolute(folder)?;
    let world = create(example, &folder.join("world"))?;
    for (name, text) in [
        (example.recording_name, example.recording),
        ("connections.yaml", example.connections),
        ("tools.yaml", example.tools),
    ] {
        std::fs::write(folder.join(name), example.filled(text, exe, &world.root))?;
    }
    Ok(world)
}

/// The folder of the world of an example that is laid out in a folder.
pub fn world_of(folder: &Path) -> PathBuf {
    folder.join("world")
}

/// Lays an example out in an absolute folder where parts of it may be already: what is missing is added, each file whole
/// or not at all, and nothing that is there is touched.
///
/// # Errors
/// When something else than a file or a folder stands in the place of one, or something cannot be written.
pub fn complete(example: &Example, folder: &Path, exe: &Path) -> io::Result<()> {
    let root = world_of(folder);
    std::fs::create_dir_all(&root)?;
    for (path, text) in example.files {
        add(&root.join(path), |new| std::fs::write(new, text))?;
    }
    if !example.seed.is_empty() {
        let database = World { root: root.clone() }.database();
        add(&database, |new| {
            let made = rusqlite::Connection::open(new).and_then(|open| {
                // No file beside it that would have to be moved along.
                open.pragma_update(None, "journal_mode", "MEMORY")?;
                open.execute_batch(example.seed)
            });
            made.map_err(io::Error::other)
        })?;
    }
    for (name, text) in [
        (example.recording_name, example.recording),
        ("connections.yaml", example.connections),
        ("tools.yaml", example.tools),
    ] {
        let text = example.filled(text, exe, &root);
        add(&folder.join(name), |new| std::fs::write(new, text))?;
    }
    Ok(())
}

/// Adds a file where none is, by way of a new one beside it.
fn add(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_file() => return Ok(()),
        Ok(_) => {
            let message = format!("{} is no file", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let new = tempfile::NamedTempFile::new_in(folder)?;
    write(new.path())?;
    new.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// What stands in a world: files by path and rows of its database by table, each as a line of text.
pub type Snapshot = std::collections::BTreeMap<String, Vec<String>>;

impl World {
    /// Everything in the world, for comparing before and after.
    ///
    /// # Errors
    /// When a file or the database cannot be read.
    pub fn snapshot(&self) -> io::Result<Snapshot> {
        let mut found = Snapshot::new();
        files(&self.root, &self.root, &mut found)?;
        if self.database().exists() {
            tables(&self.database(), &mut found).map_err(io::Error::other)?;
        }
        Ok(found)
    }
}

/// What differs between two snapshots, a line each: `+` came, `-` went.
pub fn changes(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let nothing = Vec::new();
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut lines = Vec::new();
    for name in names {
        let (old, new) = (
            before.get(name).unwrap_or(&nothing),
            after.get(name).unwrap_or(&nothing),
        );
        let gone = old
            .iter()
            .filter(|line| !new.contains(line))
            .map(|line| format!("- {name}: {line}"));
        let came = new
            .iter()
            .filter(|line| !old.contains(line))
            .map(|line| format!("+ {name}: {line}"));
        lines.extend(gone.chain(came));
    }
    lines
}

fn files(root: &Path, folder: &Path, found: &mut Snapshot) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(root, &path, found)?;
        } else if path.extension().is_none_or(|extension| extension != "db") {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let text = String::from_utf8_lossy(&std::fs::read(&path)?)
                .lines()
                .map(String::from)
                .collect();
            found.insert(name, text);
        }
    }
    Ok(())
}

fn tables(database: &Path, found: &mut Snapshot) -> rusqlite::Result<()> {
    let connection = rusqlite::Connection::open_with_flags(
        database,
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )?;
    let mut listed =
        connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
    let names: Vec<String> = listed
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for name in names {
        // The name comes from the database's own catalogue, which the example's seed wrote.
        let mut rows =
            connection.prepare(&format!("SELECT * FROM \"{}\"", name.replace('"', "\"\"")))?;
        let columns = rows.column_count();
        let lines = rows
            .query_map([], |row| {
                let cells = (0..columns).map(|index| {
                    Ok(match row.get_ref(index)? {
                        rusqlite::types::ValueRef::Null => "-".to_owned(),
                        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                        rusqlite::types::ValueRef::Real(number) => number.to_string(),
                        rusqlite::types::ValueRef::Text(text) => {
                            String::from_utf8_lossy(text).into_owned()
                        }
                        rusqlite::types::ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
                    })
                });
                Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" | "))
            })?
            .collect::<Result<_, _>>()?;
        found.insert(format!("table {name}"), lines);
    }
    Ok(())
}
