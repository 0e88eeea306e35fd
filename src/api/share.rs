//! How many connections there may be at once: as many as the process may have files open, less what the store,
//! the logs and the steps need; and of those no more for one sender than leaves the others some.

use nix::sys::resource::{Resource, getrlimit};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most connections over the network.
const MOST_NETWORK: usize = 4_096;
/// The most connections over the socket of the data folder.
const MOST_LOCAL: usize = 256;
/// The most connections of one sender.
const MOST_EACH: usize = 256;
/// How many connections there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shares {
    /// Over the network.
    pub(super) network: usize,
    /// Over the socket of the data folder: whoever runs the server gets in when nobody else does.
    pub(super) local: usize,
    /// Of one sender.
    pub(super) each: usize,
}

impl Shares {
    /// What the limit of this process allows.
    pub(super) fn here() -> Self {
        let soft = getrlimit(Resource::RLIMIT_NOFILE).map_or(1_024, |(soft, _)| soft);
        Self::of(soft)
    }

    fn of(files: u64) -> Self {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let network = (files / 2).clamp(1, MOST_NETWORK);
        Self {
            network,
            local: (files / 8).clamp(1, MOST_LOCAL),
            each: (network / 4).clamp(1, MOST_EACH),
        }
    }
}

/// The connections of each sender.
#[derive(Debug, Clone, Default)]
pub(super) struct Senders(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    senders: Senders,
    sender: IpAddr,
}

impl Senders {
    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection; nothing when its sender has as many as one may. On this machine a proxy sends for
    /// everybody, so it may have them all.
    pub(super) fn count(&self, sender: IpAddr, most: usize) -> Option<Counted> {
        let sender = named(sender);
        let most = match sender.is_loopback() {
            true => usize::MAX,
            false => most,
        };
        let mut all = self.all();
        let held = all.entry(sender).or_default();
        if *held >= most {
            return None;
        }
        *held += 1;
        drop(all);
        Some(Counted {
            senders: self.clone(),
            sender,
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut all = self.senders.all();
        if let Some(held) = all.get_mut(&self.sender) {
            *held -= 1;
            if *held == 0 {
                all.remove(&self.sender);
            }
        }
    }
}

/// Whom an address stands for: of IPv6 a sender has a whole network.
fn named(sender: IpAddr) -> IpAddr {
    match sender.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_rest() {
        let of = |files| {
            let Shares {
                network,
                local,
                each,
            } = Shares::of(files);
            (network, local, each)
        };
        assert_eq!(of(256), (128, 32, 32));
        assert_eq!(of(1_024), (512, 128, 128));
        assert_eq!(of(65_536), (4_096, 256, 256));
        assert_eq!(of(u64::MAX), (4_096, 256, 256));
        assert_eq!(of(0), (1, 1, 1));
    }

    #[test]
    fn one_sender_has_a_share_and_this_machine_has_all() {
        let senders = Senders::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let far = address("203.0.113.7");
        let first = senders.count(far, 2).unwrap();
        let _second = senders.count(address("::ffff:203.0.113.7"), 2).unwrap();
        assert!(senders.count(far, 2).is_none());
        let _other = senders.count(address("203.0.113.8"), 2).unwrap();
        drop(first);
        let _third = senders.count(far, 2).unwrap();
        assert!(senders.count(far, 2).is_none());

        // A network of IPv6 is one sender.
        let _held = [
            senders.count(address("2001:db8:1:1::1"), 2).unwrap(),
            senders.count(address("2001:db8:1:1:ffff::2"), 2).unwrap(),
        ];
        assert!(senders.count(address("2001:db8:1:1::3"), 2).is_none());
        assert!(senders.count(address("2001:db8:1:2::3"), 2).is_some());

        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let all: Vec<_> = (0..5).map(|_| senders.count(address(here), 2)).collect();
            assert!(all.iter().all(Option::is_some), "{here}");
        }
        drop((_second, _other, _third, _held));
        assert!(senders.all().is_empty(), "what is over is not remembered");
    }
}
