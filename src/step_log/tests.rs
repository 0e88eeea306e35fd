//! What of an attempt's output is kept.

use super::*;
use crate::secret::{Redactor, Secret};

struct Desk {
    folder: tempfile::TempDir,
    logs: StepLogs,
    secrets: Arc<Secrets>,
}

fn run() -> RunId {
    RunId::from_parts(1_800_000_000_000, [3; 10])
}

fn desk(limits: LogLimits, room: bool) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(Secrets::new());
    secrets.set("TOKEN", "s3cret-token");
    let logs = StepLogs::below(folder.path(), secrets.clone(), limits, move || room).unwrap();
    Desk {
        folder,
        logs,
        secrets,
    }
}

impl Desk {
    async fn pieces(&self) -> Vec<LogPiece> {
        self.logs.flush().await;
        let query = LogQuery {
            limit: usize::MAX,
            bytes: usize::MAX,
            ..LogQuery::default()
        };
        let page = self.logs.read(run(), &query).unwrap();
        page.pieces.into_iter().map(|(_, piece)| piece).collect()
    }

    async fn text(&self) -> String {
        self.pieces()
            .await
            .into_iter()
            .map(|piece| piece.text)
            .collect()
    }
}

#[tokio::test]
async fn secrets_leave_no_trace_wherever_a_piece_ends() {
    let desk = desk(LogLimits::default(), true);
    let own = Redactor::new([&Secret::from("4000-1234-5678")]);
    let log = desk.logs.of(run(), "pay", 1);
    log.hide(Arc::new(own));
    let said = "token s3cret-token, card 4000-1234-5678, czNjcmV0LXRva2Vu, grün\n";
    for byte in said.bytes() {
        log.write(LogStream::Stderr, &[byte]).await;
    }
    log.write(LogStream::Stdout, b"between").await;
    // Replaced while the attempt runs: the old one is still looked for, and the new one from now on.
    desk.secrets.set("TOKEN", "an0ther-token");
    log.write(LogStream::Stderr, b"s3cret-token an0ther-to")
        .await;
    log.write(LogStream::Stderr, b"ken").await;
    log.end().await;
    let pieces = desk.pieces().await;
    let of = |stream| {
        let texts = pieces.iter().filter(|piece| piece.stream == stream);
        texts.map(|piece| piece.text.as_str()).collect::<String>()
    };
    assert_eq!(
        of(LogStream::Stderr),
        "token [redacted], card [redacted], [redacted], grün\n[redacted] [redacted]"
    );
    assert_eq!(of(LogStream::Stdout), "between");
    let hex = run().to_string();
    let path = desk.folder.path().join("logs").join(&hex[hex.len() - 2..]);
    let file = std::fs::read_to_string(path.join(hex)).unwrap();
    for part in ["s3cret", "an0ther", "4000-1234", "czNjcmV0"] {
        assert!(!file.contains(part), "{part} is in {file}");
    }
}

#[tokio::test]
async fn of_a_flood_the_beginning_and_the_end_are_kept_and_the_rest_is_counted() {
    let limits = LogLimits {
        attempt: 1_000,
        tail: 500,
        run: 1 << 20,
    };
    let desk = desk(limits, true);
    let log = desk.logs.of(run(), "talk", 1);
    for number in 0..100 {
        log.write(LogStream::Stdout, format!("line {number:02}\n").as_bytes())
            .await;
    }
    log.end().await;
    let pieces = desk.pieces().await;
    let (first, last) = (&pieces[0], pieces.last().unwrap());
    assert_eq!(
        (first.text.as_str(), last.text.as_str()),
        ("line 00\n", "line 99\n")
    );
    let missing: Vec<&LogPiece> = pieces.iter().filter(|piece| piece.left_out > 0).collect();
    let [missing] = missing.as_slice() else {
        panic!("{pieces:#?}")
    };
    let kept: usize = pieces
        .iter()
        .filter(|piece| piece.left_out == 0)
        .map(|piece| piece.text.len())
        .sum();
    assert_eq!(missing.left_out as usize + kept, 100 * 8);
    assert!(missing.text.contains("bytes of this attempt are not kept"));
    // Another attempt has its own room.
    let log = desk.logs.of(run(), "talk", 2);
    log.write(LogStream::Stdout, b"again\n").await;
    log.end().await;
    assert_eq!(desk.pieces().await.last().unwrap().text, "again\n");
}

#[tokio::test]
async fn a_run_has_a_limit_of_its_own_and_a_full_disk_leaves_out_and_says_so() {
    let limits = LogLimits {
        run: 2_000,
        ..LogLimits::default()
    };
    let small = desk(limits, true);
    for number in 0..40 {
        let log = small.logs.of(run(), &format!("s{number}"), 1);
        log.write(LogStream::Stdout, &[b'x'; 90]).await;
        log.end().await;
    }
    let pieces = small.pieces().await;
    let kept = pieces.iter().filter(|piece| piece.left_out == 0).count();
    assert!(kept > 3 && kept < 20, "{kept}");
    assert_eq!(pieces.len(), 40, "each says what became of it");
    assert!(
        pieces
            .iter()
            .all(|piece| piece.left_out == 0 || piece.left_out == 90)
    );
    assert_eq!(small.logs.all_bytes().unwrap(), small.logs.bytes(run()));
    let taken = small.logs.bytes(run());
    assert_eq!(small.logs.remove(run()), taken);
    assert_eq!(small.logs.all_bytes().unwrap(), 0);

    let full = desk(LogLimits::default(), false);
    let log = full.logs.of(run(), "a", 1);
    log.write(LogStream::Stdout, b"no room").await;
    log.end().await;
    assert_eq!(full.text().await, "");
    assert!(!full.folder.path().join("logs").exists());
}

#[tokio::test]
async fn a_step_that_writes_nothing_makes_no_file_and_characters_stay_whole() {
    let desk = desk(LogLimits::default(), true);
    desk.logs.of(run(), "quiet", 1).end().await;
    assert!(desk.pieces().await.is_empty());
    assert!(!desk.folder.path().join("logs").exists());
    let log = desk.logs.of(run(), "odd", 1);
    let bytes = "a€\u{1f600}".as_bytes();
    for byte in bytes {
        log.write(LogStream::Stdout, &[*byte]).await;
    }
    log.write(LogStream::Stdout, &[0xff, b'b', 0xe2, 0x82])
        .await;
    log.end().await;
    assert_eq!(desk.text().await, "a€\u{1f600}\u{fffd}b\u{fffd}");
    let follower = desk.logs.follow(run());
    assert!(!follower.has_changed().unwrap());
    log.line(LogStream::Note, "later");
    desk.logs.flush().await;
    assert!(follower.has_changed().unwrap());
}
