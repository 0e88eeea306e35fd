//! A client that does what no client library lets one do: it sends bytes as they are.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection of one's own.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// To the server at `http://ADDRESS`.
    pub(crate) async fn to(address: &str) -> Self {
        let address = address
            .strip_prefix("http://")
            .expect("an address of a server");
        Self(
            TcpStream::connect(address)
                .await
                .expect("the server listens"),
        )
    }

    /// Sends bytes; false when the server takes no more.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Reads one answer: its status line, and its body as its head tells how long it is.
    pub(crate) async fn answer(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) => panic!("{error} after {}", String::from_utf8_lossy(&head)),
            }
        }
        let head = String::from_utf8(head).expect("a head is ASCII");
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.0
            .read_exact(&mut body)
            .await
            .expect("the body comes whole");
        (
            status.expect("a status"),
            String::from_utf8(body).expect("a body is text"),
        )
    }
}
