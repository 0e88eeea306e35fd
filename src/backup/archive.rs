//! A tar archive (ustar) of plain files, as much of it as a backup needs.

use std::io::{self, Read, Write};

const BLOCK: usize = 512;
/// The longest name that a header holds.
const NAME: usize = 100;
/// The type of an entry that holds the name of the next one.
const LONG_NAME: u8 = b'L';
/// The longest name that is read.
const LONGEST: usize = 8 << 10;
/// Largest size that a header holds, in octal digits.
const LARGEST: u64 = 0o77_777_777_777;

/// Writes files one behind the other.
pub(super) struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }

    pub(super) fn file(&mut self, name: &str, bytes: &[u8], seconds: u64) -> io::Result<()> {
        if name.len() > NAME {
            let mut text = name.as_bytes().to_vec();
            text.push(0);
            self.entry("././@LongLink", LONG_NAME, &text, seconds)?;
        }
        self.entry(name, b'0', bytes, seconds)
    }

    fn entry(&mut self, name: &str, kind: u8, bytes: &[u8], seconds: u64) -> io::Result<()> {
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::other(format!("{name} is too large")));
        }
        let mut header = [0u8; BLOCK];
        let shown = &name.as_bytes()[..name.len().min(NAME)];
        header[..shown.len()].copy_from_slice(shown);
        header[100..108].copy_from_slice(b"0000600\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        let seconds = seconds.min(LARGEST);
        header[136..148].copy_from_slice(format!("{seconds:011o}\0").as_bytes());
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum = format!("{:06o}\0 ", sum(&header));
        header[148..156].copy_from_slice(sum.as_bytes());
        self.out.write_all(&header)?;
        self.out.write_all(bytes)?;
        let rest = bytes.len().next_multiple_of(BLOCK) - bytes.len();
        self.out.write_all(&[0; BLOCK][..rest])
    }

    pub(super) fn end(mut self) -> io::Result<W> {
        self.out.write_all(&[0; BLOCK * 2])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The sum of a header's bytes, with blanks where the sum stands.
fn sum(header: &[u8; BLOCK]) -> u32 {
    let bytes = header.iter().enumerate();
    bytes
        .map(|(at, byte)| match at {
            148..156 => 32,
            _ => u32::from(*byte),
        })
        .sum()
}

/// Reads such an archive.
pub(super) struct Reader<R> {
    input: R,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input }
    }

    /// The next file; none at the end of the archive.
    pub(super) fn next(&mut self) -> io::Result<Option<(String, Vec<u8>)>> {
        let mut name = None;
        loop {
            let mut header = [0; BLOCK];
            self.input.read_exact(&mut header).map_err(cut)?;
            if header.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            if octal(&header[148..156]) != Some(u64::from(sum(&header))) {
                return Err(wrong("a header of the archive is damaged"));
            }
            let size = octal(&header[124..136]).ok_or_else(|| wrong("a size cannot be read"))?;
            let mut bytes = Vec::new();
            let read = (&mut self.input).take(size).read_to_end(&mut bytes)?;
            if read as u64 != size {
                return Err(cut(io::ErrorKind::UnexpectedEof.into()));
            }
            let rest = bytes.len().next_multiple_of(BLOCK) - bytes.len();
            self.input
                .read_exact(&mut [0; BLOCK][..rest])
                .map_err(cut)?;
            match header[156] {
                LONG_NAME if bytes.len() <= LONGEST => name = Some(text(&bytes)?),
                b'0' | 0 => {
                    let own = text(&header[..NAME])?;
                    return Ok(Some((name.unwrap_or(own), bytes)));
                }
                _ => return Err(wrong("the archive holds what is no plain file")),
            }
        }
    }
}

fn text(bytes: &[u8]) -> io::Result<String> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("a name is no text"))?;
    Ok(text.to_owned())
}

fn octal(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn cut(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => wrong("the archive ends in the middle"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_were_and_damage_is_seen() {
        let long = format!("work/{}", "folder/".repeat(40));
        let files = [
            ("a", b"".to_vec()),
            ("log/00000001.log", vec![7; 1_500]),
            (long.as_str(), b"x".to_vec()),
            ("full", vec![1; 1_024]),
        ];
        let mut writer = Writer::new(Vec::new());
        for (name, bytes) in &files {
            writer.file(name, bytes, 1_800_000_000).unwrap();
        }
        let archive = writer.end().unwrap();
        assert_eq!(archive.len() % BLOCK, 0);
        let mut reader = Reader::new(archive.as_slice());
        for (name, bytes) in &files {
            assert_eq!(
                reader.next().unwrap(),
                Some(((*name).to_owned(), bytes.clone()))
            );
        }
        assert_eq!(reader.next().unwrap(), None);
        let read = |archive: &[u8]| {
            let mut reader = Reader::new(archive);
            loop {
                match reader.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => return Ok(()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        };
        for length in [100, 512, 700, archive.len() - 1_100] {
            let told = read(&archive[..length]).unwrap_err();
            assert_eq!(told, "the archive ends in the middle", "{length}");
        }
        let mut changed = archive.clone();
        changed[10] = 1;
        assert_eq!(
            read(&changed).unwrap_err(),
            "a header of the archive is damaged"
        );
    }
}
