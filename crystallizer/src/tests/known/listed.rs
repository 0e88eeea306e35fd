//! Programs that do the same with each thing that the person names one by one: in one sentence or line by line, after a
//! look at each, in two rounds, and with a word to somebody about all of them.

use super::program::{Play, Played};
use super::world::World;
use serde_json::{Value, json};

/// The most things that are named.
const MOST: usize = 6;

impl Play<'_> {
    /// Some of these, named one by one in the words of the person.
    fn named(&mut self, mut all: Vec<Value>, thing: &str) -> (Vec<Value>, String) {
        self.data.shuffle(&mut all);
        let count = 1 + self.data.below(MOST);
        all.truncate(count);
        if all.len() < 2 {
            self.not_derivable("one thing named alone shows no list");
        }
        self.played.said.push(Value::from(all.clone()));
        let plain: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
        let (last, before) = plain.split_last().unwrap_or((&"", &[]));
        let told = match (self.shape.below(4), before) {
            (0, _) => format!("these:\n- {}\n\n", plain.join("\n- ")),
            (_, []) => format!("{thing} {last}. "),
            (1, before) => format!(
                "{thing} {}, {thing} {last}. ",
                before.join(&format!(", {thing} "))
            ),
            (2, before) => format!("{thing}s {}, and {last}, please. ", before.join(", ")),
            (_, before) => format!("{thing}s {} and {last}. ", before.join(", ")),
        };
        (all, told)
    }

    /// The ids of the records under a key.
    fn all_ids(&self, records: &[Value], key: &str) -> Vec<Value> {
        records.iter().map(|one| one[key].clone()).collect()
    }

    fn close_each(&mut self) {
        let ids = self.all_ids(&self.world.tickets, "ticket_id");
        let (taken, told) = self.named(ids, "ticket");
        self.tell(&format!("Close {told}"));
        self.loops("for_each", &["close_ticket"], taken.len());
        for id in &taken {
            self.ask("close_ticket", json!({ "ticket_id": id }));
        }
        if self.shape.chance(50) {
            let plain: Vec<&str> = taken.iter().filter_map(Value::as_str).collect();
            let body = format!("Closed: {}.", plain.join(", "));
            self.tell("Then write to desk.lead@example.com what you closed.");
            self.ask(
                "send_email",
                json!({ "to": "desk.lead@example.com", "subject": "Closed", "body": body }),
            );
        }
    }

    /// Each is looked up, and then changed by what was found.
    fn give_back_each(&mut self) {
        let ids = self.all_ids(&self.world.orders, "order_id");
        let (taken, told) = self.named(ids, "order");
        self.tell(&format!("Give the whole amount back for {told}"));
        self.loops("for_each", &["get_order", "refund"], taken.len());
        for id in &taken {
            let order = self.ask("get_order", json!({ "order_id": id }));
            self.ask(
                "refund",
                json!({ "order_id": id, "amount": order["total"], "method_id": order["payment"]["method_id"] }),
            );
        }
    }

    /// All are looked up before the first is changed.
    fn write_to_each(&mut self) {
        let emails = self.all_ids(&self.world.customers, "email");
        let (taken, told) = self.named(emails, "customer");
        self.tell(&format!("Open a ticket about the delivery for {told}"));
        let in_rounds = self.shape.chance(50);
        let open = |play: &mut Self, found: &Value| {
            play.ask(
                "create_ticket",
                json!({ "customer_id": found["customer_id"], "topic": "delivery" }),
            );
        };
        if in_rounds {
            self.loops("for_each", &["find_customer"], taken.len());
            self.loops("for_each", &["create_ticket"], taken.len());
            let found: Vec<Value> = taken
                .iter()
                .map(|email| self.ask("find_customer", json!({ "email": email })))
                .collect();
            for one in &found {
                open(self, one);
            }
        } else {
            self.loops("for_each", &["create_ticket", "find_customer"], taken.len());
            for email in &taken {
                let found = self.ask("find_customer", json!({ "email": email }));
                open(self, &found);
            }
        }
    }
}

/// Plays the program of a shape over what is named one by one.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x700_0000, world, data);
    play.chatter();
    play.played.does = play.data.chance(50);
    match play.shape.below(3) {
        0 => play.close_each(),
        1 => play.give_back_each(),
        _ => play.write_to_each(),
    }
    play.end()
}
