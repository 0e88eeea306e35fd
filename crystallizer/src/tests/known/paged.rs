//! Programs that read a list page by page, by a cursor, a number or an offset, and then work on it. Beside them some
//! that look at the first page only.

use super::program::{Play, Played};
use super::world::{PAGE, STATES, World};
use serde_json::{Value, json};

impl Play<'_> {
    /// The tickets of a customer, page by page; `most` pages at most.
    fn turned(&mut self, customer: &Value, way: usize, most: usize) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = Value::Null;
        let mut pages = 0;
        let tool = [
            "list_tickets_after",
            "list_tickets_page",
            "list_tickets_from",
        ][way];
        loop {
            let mut arguments = json!({ "customer_id": customer });
            match way {
                0 if cursor.is_null() => {}
                0 => arguments["cursor"] = cursor.clone(),
                1 => arguments["page"] = json!(pages + 1),
                _ => {
                    arguments["limit"] = json!(PAGE);
                    arguments["offset"] = json!(pages * PAGE);
                }
            }
            let answer = self.ask(tool, arguments);
            pages += 1;
            let rows = answer["tickets"].as_array().cloned().unwrap_or_default();
            let over = match way {
                0 => answer["next_cursor"].is_null(),
                1 => answer["has_more"] == false,
                _ => rows.is_empty(),
            };
            cursor = answer["next_cursor"].clone();
            all.extend(rows);
            if over || pages >= most || self.failed {
                if !over {
                    self.not_derivable("nobody said how many pages");
                } else if most < 100 {
                    // What stops at the end by chance looks like what reads to the end.
                    self.failed = true;
                } else {
                    self.loops("repeat", &[tool], pages);
                }
                break;
            }
        }
        if pages < 2 {
            self.not_derivable("one page shows no turning");
        }
        all
    }
}

/// Plays the program of a shape in a world. None where the world has nothing that it could mean.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x300_0000, world, data);
    play.chatter();
    let customer = play.customer();
    let way = play.shape.below(3);
    // Some look at the first page only.
    let most = if play.shape.chance(15) { 1 } else { 100 };
    let mut tickets = play.turned(&customer, way, most);
    match play.shape.below(3) {
        0 => play.tell("Do it for all of their tickets."),
        1 => {
            let state = *play.data.pick(&STATES);
            let said = play.said(&json!(state));
            play.tell(&format!("Take every ticket that is {said}."));
            tickets.retain(|ticket| ticket["state"] == state);
        }
        _ => {
            let limit = 5 + play.data.below(40);
            play.played.said.push(json!(limit));
            play.tell(&format!("Take the tickets with more than {limit} hours."));
            tickets.retain(|ticket| ticket["hours"].as_u64().unwrap_or(0) > limit as u64);
        }
    }
    play.with_each(&tickets);
    play.end()
}
