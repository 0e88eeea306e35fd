//! The world of an example in a folder of its own, with the example's real tools over it.

use super::server::DRUSE;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A folder that an example's tools work in.
pub(crate) struct World {
    name: String,
    folder: PathBuf,
    // Goes with it, where it was made here.
    _made: Option<tempfile::TempDir>,
}

/// The files of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

impl World {
    /// The world of an example as it is before anything has happened.
    pub(crate) fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&example(name).join("world"), folder.path());
        let world = Self {
            name: name.to_owned(),
            folder: folder.path().to_path_buf(),
            _made: Some(folder),
        };
        let seed = world.path().join("seed.sql");
        if let Ok(sql) = std::fs::read_to_string(&seed) {
            let database = rusqlite::Connection::open(world.database());
            database
                .and_then(|database| database.execute_batch(&sql))
                .expect("the seed can be run");
            std::fs::remove_file(seed).expect("the seed can be removed");
        }
        world
    }

    /// The world of an example, where it is laid out already.
    pub(crate) fn at(name: &str, folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            folder: folder.to_path_buf(),
            _made: None,
        }
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    fn database(&self) -> PathBuf {
        self.path().join("world.db")
    }

    /// The connection to its tools: an MCP server as a process of its own.
    pub(crate) fn tools(&self) -> Value {
        json!({ "kind": "mcp", "command": [DRUSE, "example-tools", "--root", self.path()] })
    }

    /// A file beside the example's world, such as its recording, with the binary and this folder filled in.
    pub(crate) fn file(&self, name: &str) -> String {
        let file = example(&self.name).join(name);
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.fill(&text)
    }

    /// A text of the example, with the binary and this folder filled in.
    pub(crate) fn fill(&self, text: &str) -> String {
        let quoted = |text: &str| {
            let text = Value::from(text).to_string();
            text[1..text.len() - 1].to_owned()
        };
        text.replace("${EXE}", &quoted(DRUSE))
            .replace("${WORLD}", &quoted(&self.path().to_string_lossy()))
    }

    /// The first column of the only row that a query gives.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        rusqlite::Connection::open(self.database())
            .and_then(|database| database.query_row(sql, [], |row| row.get(0)))
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// A text file in it.
    pub(crate) fn text(&self, path: &str) -> String {
        let file = self.path().join(path);
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

fn copy(from: &Path, to: &Path) {
    let entries =
        std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("a folder can be made");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
