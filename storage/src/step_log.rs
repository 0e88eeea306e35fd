//! What steps wrote while they ran: a file a run, beside the log and no part of its truth. A piece is a
//! line of JSON. Nothing is synced: what was written survives the end of the process at once, and a power
//! cut after the system has written it back.

use druse_engine::{RunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The folder of the files, within the data folder.
pub const FOLDER: &str = "logs";

/// Where a piece comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// A program's standard output.
    Stdout,
    /// A program's standard error.
    Stderr,
    /// A request and its answer, in short.
    Http,
    /// What Druse says about the attempt.
    Note,
}

/// Something that an attempt wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// When.
    pub at: Timestamp,
    /// The step, by its path in the run.
    pub step: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Where it comes from.
    pub stream: LogStream,
    /// The text; it need not end with a line.
    pub text: String,
    /// Bytes that stood here and are not kept.
    #[serde(default, skip_serializing_if = "is_none")]
    pub left_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(bytes: &u64) -> bool {
    *bytes == 0
}

impl LogPiece {
    /// The line that stands in the file.
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("a piece is plain data");
        line.push(b'\n');
        line
    }
}

/// Pieces, and where reading goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Each with the place behind it.
    pub pieces: Vec<(u64, LogPiece)>,
    /// Whether there may be more.
    pub more: bool,
}

/// Which pieces are wanted.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Of this step only.
    pub step: Option<String>,
    /// Of this attempt only.
    pub attempt: Option<u32>,
    /// Behind this place; 0 is the beginning.
    pub after: u64,
    /// At most this many.
    pub limit: usize,
    /// At most this many bytes of text, and at least one piece.
    pub bytes: usize,
}

/// The files of all runs.
#[derive(Debug, Clone)]
pub struct LogFolder {
    path: PathBuf,
}

/// The file of one run, open for more.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    length: u64,
}

impl LogFolder {
    /// The files below a data folder. Nothing is made before there is something to write.
    pub fn of(data: &Path) -> Self {
        Self {
            path: data.join(FOLDER),
        }
    }

    /// The last two characters of an id are random: they spread the files over a thousand folders.
    fn file(&self, run: RunId) -> PathBuf {
        let name = run.to_string();
        let spread = name.len().saturating_sub(2);
        self.path.join(&name[spread..]).join(name)
    }

    /// Opens a run's file for more, and cuts off what a power cut has left of an unfinished line.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub fn open(&self, run: RunId) -> io::Result<LogFile> {
        let path = self.file(run);
        let open = || {
            OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)
        };
        let file = match (open(), path.parent()) {
            (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
                crate::embedded::make_folder(parent)?;
                open()?
            }
            (opened, _) => opened?,
        };
        let mut length = file.metadata()?.len();
        let mut last = [0];
        if length > 0 && (file.read_exact_at(&mut last, length - 1).is_err() || last != *b"\n") {
            length = whole(&file)?;
            file.set_len(length)?;
        }
        Ok(LogFile { file, length })
    }

    /// Pieces of a run, in the order in which they were written. One whose line is damaged is passed over.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(&self, run: RunId, query: &LogQuery) -> io::Result<LogPage> {
        let mut page = LogPage::default();
        let file = match File::open(self.file(run)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(page),
            Err(error) => return Err(error),
        };
        let mut place = query.after;
        let mut reader = BufReader::new(file);
        if place > 0 {
            // A place that is none is taken for the next line behind it.
            reader.seek(SeekFrom::Start(place - 1))?;
            let mut passed = Vec::new();
            place = place - 1 + reader.read_until(b'\n', &mut passed)? as u64;
        }
        let mut line = Vec::new();
        let mut bytes = 0;
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                return Ok(page);
            }
            place += read as u64;
            let Ok(piece) = serde_json::from_slice::<LogPiece>(&line) else {
                continue;
            };
            let step = query.step.as_ref().is_none_or(|step| *step == piece.step);
            if !step || query.attempt.is_some_and(|number| number != piece.attempt) {
                continue;
            }
            let full = page.pieces.len() >= query.limit || bytes + piece.text.len() > query.bytes;
            if full && !page.pieces.is_empty() {
                page.more = true;
                return Ok(page);
            }
            bytes += piece.text.len();
            page.pieces.push((place, piece));
        }
    }

    /// Removes what a run's steps wrote; gives the bytes that it took.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, run: RunId) -> io::Result<u64> {
        let path = self.file(run);
        let bytes = self.bytes(run);
        match fs::remove_file(path) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// What a run's file takes.
    pub fn bytes(&self, run: RunId) -> u64 {
        fs::metadata(self.file(run)).map_or(0, |found| found.len())
    }

    /// What all files take. Looks at each.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn all_bytes(&self) -> io::Result<u64> {
        let folders = match fs::read_dir(&self.path) {
            Ok(folders) => folders,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut bytes = 0;
        for folder in folders {
            for file in fs::read_dir(folder?.path())? {
                bytes += file?.metadata().map_or(0, |found| found.len());
            }
        }
        Ok(bytes)
    }
}

impl LogFile {
    /// What it takes now.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds whole lines, all or none.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(lines) {
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += lines.len() as u64;
        Ok(())
    }
}

/// Where the last whole line ends.
fn whole(file: &File) -> io::Result<u64> {
    let mut bytes = Vec::new();
    let mut reader = file;
    reader.seek(SeekFrom::Start(0))?;
    reader.read_to_end(&mut bytes)?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    Ok(end.map_or(0, |at| at as u64 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u8) -> RunId {
        RunId::from_parts(1_800_000_000_000, [number; 10])
    }

    fn piece(step: &str, attempt: u32, text: &str) -> LogPiece {
        LogPiece {
            at: Timestamp(1_800_000_000_000),
            step: step.into(),
            attempt,
            stream: LogStream::Stderr,
            text: text.into(),
            left_out: 0,
        }
    }

    fn all() -> LogQuery {
        LogQuery {
            limit: 100,
            bytes: 1 << 20,
            ..LogQuery::default()
        }
    }

    fn texts(page: &LogPage) -> Vec<&str> {
        page.pieces
            .iter()
            .map(|(_, piece)| piece.text.as_str())
            .collect()
    }

    #[test]
    fn pieces_come_back_in_order_page_by_page_and_leave_with_their_run() {
        let data = tempfile::tempdir().unwrap();
        let folder = LogFolder::of(data.path());
        assert_eq!(folder.read(run(1), &all()).unwrap(), LogPage::default());
        assert_eq!(folder.all_bytes().unwrap(), 0);
        let mut file = folder.open(run(1)).unwrap();
        for (step, attempt, text) in [("a", 1, "one\n"), ("b", 1, "two"), ("a", 2, "drei ü")] {
            file.append(&piece(step, attempt, text).line()).unwrap();
        }
        folder
            .open(run(2))
            .unwrap()
            .append(&piece("a", 1, "x").line())
            .unwrap();
        let page = folder.read(run(1), &all()).unwrap();
        assert_eq!(texts(&page), ["one\n", "two", "drei ü"]);
        assert!(!page.more);
        let first = folder
            .read(run(1), &LogQuery { limit: 1, ..all() })
            .unwrap();
        assert!(first.more && texts(&first) == ["one\n"]);
        let after = first.pieces[0].0;
        let rest = folder.read(run(1), &LogQuery { after, ..all() }).unwrap();
        assert_eq!(texts(&rest), ["two", "drei ü"]);
        let few = folder
            .read(run(1), &LogQuery { bytes: 1, ..all() })
            .unwrap();
        assert!(few.more && texts(&few) == ["one\n"]);
        let of = LogQuery {
            step: Some("a".into()),
            attempt: Some(2),
            ..all()
        };
        assert_eq!(texts(&folder.read(run(1), &of).unwrap()), ["drei ü"]);
        // Between two places, and behind all.
        let odd = folder
            .read(
                run(1),
                &LogQuery {
                    after: after + 1,
                    ..all()
                },
            )
            .unwrap();
        assert_eq!(texts(&odd), ["drei ü"]);
        let none = folder
            .read(
                run(1),
                &LogQuery {
                    after: 1 << 30,
                    ..all()
                },
            )
            .unwrap();
        assert_eq!(none, LogPage::default());
        let bytes = folder.bytes(run(1));
        assert_eq!(folder.all_bytes().unwrap(), bytes + folder.bytes(run(2)));
        assert_eq!(folder.remove(run(1)).unwrap(), bytes);
        assert_eq!(folder.remove(run(1)).unwrap(), 0);
        assert_eq!(folder.read(run(1), &all()).unwrap(), LogPage::default());
        assert_eq!(texts(&folder.read(run(2), &all()).unwrap()), ["x"]);
    }

    #[test]
    fn what_a_power_cut_leaves_of_a_line_is_cut_off_and_damage_is_passed_over() {
        let data = tempfile::tempdir().unwrap();
        let folder = LogFolder::of(data.path());
        let path = folder.file(run(1));
        let mut file = folder.open(run(1)).unwrap();
        file.append(&piece("a", 1, "one").line()).unwrap();
        let torn = piece("a", 1, "torn").line();
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(&torn[..torn.len() - 5]);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(texts(&folder.read(run(1), &all()).unwrap()), ["one"]);
        let mut file = folder.open(run(1)).unwrap();
        file.append(&piece("a", 1, "two").line()).unwrap();
        assert_eq!(texts(&folder.read(run(1), &all()).unwrap()), ["one", "two"]);
        let mut bytes = fs::read(&path).unwrap();
        bytes[3] = 0;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(texts(&folder.read(run(1), &all()).unwrap()), ["two"]);
    }
}
