//! What forms did: one that is sent twice gets its first answer, and the page after it tells what was asked.
//!
//! This is comfort, and lives in the server's memory only. What must not happen twice is kept from it by the
//! API itself, which keeps the keys of requests on disk.

use super::twin::Asked;
use crate::service::Principal;
use druse_engine::Digest;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// The most forms that are remembered.
const FORMS: usize = 4_096;
/// The most people whose last click is.
const PEOPLE: usize = 1_024;

/// Where a form led; nothing while nobody knows.
type Led = Arc<tokio::sync::Mutex<Option<String>>>;

/// Of forms and clicks.
#[derive(Default)]
pub(super) struct Memory {
    /// By their keys, the oldest first.
    forms: Mutex<VecDeque<(String, Led)>>,
    clicks: Mutex<VecDeque<Click>>,
}

/// The last thing that somebody did.
struct Click {
    who: String,
    /// The page that it led to.
    page: String,
    asked: Vec<Asked>,
}

impl Memory {
    /// Waits until no equal form is at work, and says where that one led.
    pub(super) async fn form(
        &self,
        who: &Principal,
        path: &str,
        body: &[u8],
    ) -> OwnedMutexGuard<Option<String>> {
        let mut text = format!("{}\n{path}\n", who.id).into_bytes();
        text.extend_from_slice(body);
        let key = Digest::of(&text).hex().to_owned();
        let led = {
            let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
            // The newest come again, if any do.
            let known = forms.iter().rev().find(|(known, _)| *known == key);
            let led = known.map(|(_, led)| led.clone()).unwrap_or_default();
            if Arc::strong_count(&led) == 1 {
                forms.push_back((key, led.clone()));
            }
            if forms.len() > FORMS {
                forms.pop_front();
            }
            led
        };
        led.lock_owned().await
    }

    /// Keeps what a click asked the API for.
    pub(super) fn clicked(&self, who: &Principal, address: &str, asked: Vec<Asked>) {
        let mut clicks = self.clicks.lock().unwrap_or_else(PoisonError::into_inner);
        let page = page_of(address).to_owned();
        clicks.retain(|click| click.who != who.id);
        let who = who.id.clone();
        clicks.push_back(Click { who, page, asked });
        if clicks.len() > PEOPLE {
            clicks.pop_front();
        }
    }

    /// What the click asked for that led somebody to this page.
    pub(super) fn led_to(&self, who: &Principal, path: &str) -> Vec<Asked> {
        let clicks = self.clicks.lock().unwrap_or_else(PoisonError::into_inner);
        let click = clicks
            .iter()
            .find(|click| click.who == who.id && click.page == path);
        click.map_or_else(Vec::new, |click| click.asked.clone())
    }
}

/// An address without what tells the parts of a page apart.
fn page_of(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}
