//! Programs that go over lists: all of one, those that are said, until one is found, several calls in a pass, one
//! loop over what another gave. Beside them some that look alike and follow from nothing that anybody said.

use super::program::{Play, Played};
use super::world::{CLASSES, PRIORITIES, STATES, World};
use serde_json::{Value, json};

impl Play<'_> {
    fn tickets(&mut self) -> Vec<Value> {
        let customer = self.customer();
        let answer = self.ask("list_tickets", json!({ "customer_id": customer }));
        let list = answer["tickets"].as_array().cloned().unwrap_or_default();
        if list.len() < 3 {
            self.failed = true;
        }
        list
    }

    fn ids(&mut self) -> Vec<Value> {
        let customer = self.customer();
        let answer = self.ask("list_ticket_ids", json!({ "customer_id": customer }));
        let list = answer["ticket_ids"].as_array().cloned().unwrap_or_default();
        if list.len() < 3 {
            self.failed = true;
        }
        list
    }

    /// What is done with each of some tickets.
    pub(super) fn with_each(&mut self, tickets: &[Value]) {
        // One alone does not show that each is meant.
        if tickets.len() < 2 {
            self.not_derivable("one element alone shows no loop");
        }
        let way = self.shape.below(4);
        let count = tickets.len();
        match way {
            0 => self.loops("for_each", &["close_ticket"], count),
            1 => self.loops("for_each", &["add_note"], count),
            2 => self.loops("for_each", &["get_ticket", "send_email"], count),
            _ => self.loops("for_each", &["escalate_ticket", "add_note"], count),
        }
        let reason = *self.shape.pick(&["done", "no answer", "duplicate"]);
        for ticket in tickets {
            let id = ticket["ticket_id"].clone();
            let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
            match way {
                0 => {
                    self.ask("close_ticket", json!({ "ticket_id": id }));
                }
                1 => {
                    self.ask(
                        "add_note",
                        json!({ "ticket_id": id, "text": format!("Ticket {} was looked at.", text(&id)), "kind": reason }),
                    );
                }
                2 => {
                    let full = self.ask("get_ticket", json!({ "ticket_id": id }));
                    self.ask(
                        "send_email",
                        json!({ "to": full["contact"], "subject": "Your ticket", "body": format!("Your ticket {} about {} is in work.", text(&id), text(&full["topic"])) }),
                    );
                }
                _ => {
                    self.ask("escalate_ticket", json!({ "ticket_id": id, "priority": ticket["priority"], "hours": ticket["hours"] }));
                    self.ask("add_note", json!({ "ticket_id": id, "text": "Passed on." }));
                }
            }
        }
    }

    fn all_of_them(&mut self) {
        let tickets = self.tickets();
        self.tell("Do it for all of their tickets.");
        self.with_each(&tickets);
    }

    fn those_in_a_state(&mut self) {
        let tickets = self.tickets();
        let state = *self.data.pick(&STATES);
        let said = self.said(&json!(state));
        self.tell(&format!("Take every ticket that is {said}."));
        let mut taken: Vec<Value> = tickets
            .into_iter()
            .filter(|ticket| ticket["state"] == state)
            .collect();
        if self.shape.chance(30) {
            let priority = *self.data.pick(&PRIORITIES);
            let said = self.said(&json!(priority));
            self.tell(&format!("But only tickets of {said} priority."));
            taken.retain(|ticket| ticket["priority"] == priority);
        }
        self.with_each(&taken);
    }

    fn those_beyond(&mut self) {
        let tickets = self.tickets();
        let limit = 5 + self.data.below(40);
        self.played.said.push(json!(limit));
        let above = self.shape.chance(50);
        let word = if above { "more" } else { "less" };
        self.tell(&format!("Take the tickets with {word} than {limit} hours."));
        let taken: Vec<Value> = tickets
            .into_iter()
            .filter(|ticket| {
                let hours = ticket["hours"].as_u64().unwrap_or(0) as usize;
                if above { hours > limit } else { hours < limit }
            })
            .collect();
        self.with_each(&taken);
    }

    /// Each is looked at, and one of them is meant.
    fn one_of_all(&mut self, early: bool) {
        let ids = self.ids();
        let mut seen = Vec::new();
        let wanted = ids
            .get(self.data.below(ids.len()))
            .and_then(|id| {
                self.world
                    .tickets
                    .iter()
                    .find(|ticket| ticket["ticket_id"] == *id)
            })
            .map(|ticket| ticket["topic"].clone())
            .unwrap_or_default();
        let topic = self.said(&wanted);
        self.tell(&format!("Take the ticket about the {topic}."));
        for id in &ids {
            let full = self.ask("get_ticket", json!({ "ticket_id": id }));
            let found = full["topic"] == wanted;
            seen.push(full);
            if found && early {
                break;
            }
        }
        if seen.len() < 2 {
            self.not_derivable("one element alone shows no loop");
        }
        self.loops("for_each", &["get_ticket"], seen.len());
        let Some(found) = seen
            .iter()
            .find(|ticket| ticket["topic"] == wanted)
            .cloned()
        else {
            self.failed = true;
            return;
        };
        self.distract();
        match self.shape.below(3) {
            0 => self.ask("close_ticket", json!({ "ticket_id": found["ticket_id"] })),
            1 => self.ask(
                "send_email",
                json!({ "to": found["contact"], "subject": "Your ticket", "body": format!("We look at {}.", found["ticket_id"].as_str().unwrap_or("")) }),
            ),
            _ => self.ask(
                "escalate_ticket",
                json!({ "ticket_id": found["ticket_id"], "opened_on": found["opened_on"], "contact": found["contact"] }),
            ),
        };
    }

    /// All are looked at, and something is done with those that turn out to be in a state.
    fn two_loops(&mut self) {
        let ids = self.ids();
        let state = *self.data.pick(&STATES);
        let said = self.said(&json!(state));
        self.tell(&format!("Take every ticket that is {said}."));
        let seen: Vec<Value> = ids
            .iter()
            .map(|id| self.ask("get_ticket", json!({ "ticket_id": id })))
            .collect();
        let taken: Vec<Value> = seen
            .into_iter()
            .filter(|ticket| ticket["state"] == state)
            .collect();
        if taken.len() < 2 {
            self.not_derivable("one element alone shows no loop");
        }
        self.loops("for_each", &["get_ticket"], ids.len());
        let way = self.shape.below(2);
        let tool = if way == 0 {
            "close_ticket"
        } else {
            "send_email"
        };
        self.loops("for_each", &[tool], taken.len());
        for ticket in &taken {
            if way == 0 {
                self.ask("close_ticket", json!({ "ticket_id": ticket["ticket_id"] }));
            } else {
                self.ask(
                    "send_email",
                    json!({ "to": ticket["contact"], "subject": "Your ticket", "body": "It takes longer than we thought." }),
                );
            }
        }
    }

    /// All are looked at, and those are changed whose kind was said right before what is in them: `business trips`.
    fn those_with_trips(&mut self) {
        let customer = self.customer();
        let answer = self.ask("list_booking_ids", json!({ "customer_id": customer }));
        let ids = answer["booking_ids"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if ids.len() < 3 {
            self.failed = true;
        }
        let class = *self.data.pick(&CLASSES[1..]);
        let said = self.said(&json!(class));
        let text = match self.shape.below(3) {
            0 => format!("Put all their {said} trips into economy."),
            1 => format!("Every one of their {said} trips has to go into economy."),
            _ => format!("Please change their {said} trips to economy class."),
        };
        self.tell(&text);
        let seen: Vec<Value> = ids
            .iter()
            .map(|id| self.ask("get_booking", json!({ "booking_id": id })))
            .collect();
        let taken: Vec<&Value> = seen.iter().filter(|one| one["class"] == class).collect();
        if taken.len() < 2 {
            self.not_derivable("one element alone shows no loop");
        }
        self.loops("for_each", &["get_booking"], ids.len());
        self.loops("for_each", &["change_class"], taken.len());
        for booking in &taken {
            self.ask(
                "change_class",
                json!({ "booking_id": booking["booking_id"], "class": "economy", "trip_numbers": [booking["trips"][0]["trip_number"]] }),
            );
        }
    }

    /// Some are taken for a reason that nobody said.
    fn some_of_them(&mut self) {
        self.not_derivable("elements for no reason that anybody said");
        let tickets = self.tickets();
        self.tell("Take care of their tickets.");
        let taken: Vec<Value> = match self.shape.below(3) {
            0 => tickets.into_iter().take(2).collect(),
            1 => tickets
                .into_iter()
                .filter(|ticket| ticket["state"] == "waiting")
                .collect(),
            _ => tickets.into_iter().skip(1).collect(),
        };
        self.with_each(&taken);
        // Nobody can tell from one recording that these are loops.
        self.played.unsaid = std::mem::take(&mut self.played.constructs);
    }

    /// The agent looks through them until it has seen enough, and takes the last.
    fn given_up(&mut self) {
        self.not_derivable("an element for no reason that anybody said");
        let ids = self.ids();
        self.tell("One of their tickets is odd. Close it.");
        let count = 2 + self.data.below(ids.len().saturating_sub(2).max(1));
        let mut last = Value::Null;
        for id in ids.iter().take(count) {
            last = self.ask("get_ticket", json!({ "ticket_id": id }));
        }
        self.ask("close_ticket", json!({ "ticket_id": last["ticket_id"] }));
    }
}

/// Plays the program over lists of a shape in a world. None where the world has nothing that it could mean.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x100_0000, world, data);
    play.chatter();
    match play.shape.below(10) {
        _ if shape % 20 == 13 => play.those_with_trips(),
        0 | 1 => play.all_of_them(),
        2 | 3 => play.those_in_a_state(),
        4 => play.those_beyond(),
        5 => play.one_of_all(false),
        6 | 7 => play.one_of_all(true),
        8 => play.two_loops(),
        _ if play.shape.chance(60) => play.some_of_them(),
        _ => play.given_up(),
    }
    play.end()
}
