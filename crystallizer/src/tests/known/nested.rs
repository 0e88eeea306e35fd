//! Programs with a loop inside of a loop, and those that look for something inside of a list of each answer.

use super::program::{Play, Played};
use super::world::{STATES, World};
use serde_json::{Value, json};

impl Play<'_> {
    fn customers(&mut self) -> Vec<Value> {
        let tier = *self.data.pick(&["basic", "silver", "gold"]);
        let said = self.said(&json!(tier));
        self.tell(&format!("Take every customer of tier {said}."));
        let answer = self.ask("list_customers", json!({ "tier": tier }));
        let list = answer["customers"].as_array().cloned().unwrap_or_default();
        if list.is_empty() {
            self.failed = true;
        }
        list
    }

    /// What each pass was about, and of each how many rounds it had: whether the recording shows both loops.
    fn shows(&mut self, rounds: &[usize]) -> bool {
        let shown = rounds.len() >= 2 && rounds[0] >= 1 && rounds.iter().any(|count| *count >= 2);
        if !shown {
            self.not_derivable("one pass or round alone shows no loop");
        }
        shown
    }

    /// Of each customer the tickets: all of them, those in a state, or some for no reason that anybody said.
    fn tickets_of_each(&mut self) {
        let customers = self.customers();
        let way = self.shape.below(5);
        let state = *self.data.pick(&STATES);
        if way == 1 || way == 2 {
            let said = self.said(&json!(state));
            self.tell(&format!("Work on their tickets that are {said}."));
        } else {
            self.tell("Work on all of their tickets.");
        }
        let full = self.shape.chance(40);
        let after = self.shape.chance(40);
        let writes = self.shape.chance(50);
        let mut rounds = Vec::new();
        for customer in &customers {
            let id = customer["customer_id"].clone();
            let answer = self.ask("list_tickets", json!({ "customer_id": id }));
            let mut tickets = answer["tickets"].as_array().cloned().unwrap_or_default();
            match way {
                1 | 2 => tickets.retain(|ticket| ticket["state"] == state),
                4 => tickets.truncate(2),
                _ => {}
            }
            rounds.push(tickets.len());
            for ticket in &tickets {
                let ticket = ticket["ticket_id"].clone();
                let text = ticket.as_str().unwrap_or("").to_owned();
                if full {
                    let full = self.ask("get_ticket", json!({ "ticket_id": ticket }));
                    self.ask("send_email", json!({ "to": full["contact"], "subject": format!("Ticket {text}"), "body": "It is in work." }));
                } else if writes {
                    self.ask("add_note", json!({ "ticket_id": ticket, "customer_id": id, "text": format!("{text} was looked at.") }));
                } else {
                    self.ask("close_ticket", json!({ "ticket_id": ticket }));
                }
            }
            if after {
                self.ask("send_email", json!({ "to": customer["email"], "subject": "Your tickets", "body": "We have worked on your tickets." }));
            }
        }
        let inner: &[&str] = match (full, writes) {
            (true, _) => &["get_ticket", "send_email"],
            (false, true) => &["add_note"],
            (false, false) => &["close_ticket"],
        };
        if way == 4 {
            self.not_derivable("elements for no reason that anybody said");
        } else if let [count] = rounds.as_slice() {
            // Of one customer only the loop over the tickets is seen.
            let count = *count;
            self.not_derivable("one customer alone shows no loop");
            self.loops("for_each", inner, count);
        } else if self.shows(&rounds) {
            self.loops("for_each", inner, 2);
            let outer: &[&str] = if after {
                &["list_tickets", "send_email"]
            } else {
                &["list_tickets"]
            };
            self.loops("for_each", outer, customers.len());
        }
    }

    /// Of each order of a customer the items.
    fn items_of_each(&mut self) {
        let customer = self.customer();
        let answer = self.ask("list_orders", json!({ "customer_id": customer }));
        let orders = answer["orders"].as_array().cloned().unwrap_or_default();
        self.tell("Order new stock for all items of all of their orders.");
        let mut rounds = Vec::new();
        for order in &orders {
            let detail = self.ask("get_order", json!({ "order_id": order["order_id"] }));
            let items = detail["items"].as_array().cloned().unwrap_or_default();
            rounds.push(items.len());
            for item in &items {
                self.ask("order_stock", json!({ "sku": item["sku"], "quantity": item["quantity"], "order_id": order["order_id"] }));
            }
        }
        if self.shows(&rounds) {
            self.loops("for_each", &["order_stock"], 2);
            self.loops("for_each", &["get_order"], orders.len());
        }
    }

    /// Of each order a list that is handed on as it is, or a part of each of its elements.
    fn lists_of_each(&mut self) {
        let customer = self.customer();
        let answer = self.ask("list_orders", json!({ "customer_id": customer }));
        let orders = answer["orders"].as_array().cloned().unwrap_or_default();
        self.tell("Do it with all of their orders.");
        let way = self.shape.below(2);
        let mut shown = 0;
        for order in &orders {
            let detail = self.ask("get_order", json!({ "order_id": order["order_id"] }));
            let items = detail["items"].as_array().cloned().unwrap_or_default();
            shown = shown.max(items.len());
            let part = |keys: &[&str]| -> Vec<Value> {
                items
                    .iter()
                    .map(|item| {
                        keys.iter()
                            .map(|key| ((*key).to_owned(), item[*key].clone()))
                            .collect()
                    })
                    .collect()
            };
            if way == 0 {
                let ids: Vec<Value> = items.iter().map(|item| item["item_id"].clone()).collect();
                self.ask(
                    "return_items",
                    json!({ "order_id": order["order_id"], "item_ids": ids }),
                );
            } else {
                self.ask(
                    "place_order",
                    json!({ "customer_id": customer, "lines": part(&["sku", "quantity"]) }),
                );
            }
        }
        if orders.len() < 2 || shown < 2 {
            self.not_derivable("one order alone shows no loop");
        }
        let tool = if way == 0 {
            "return_items"
        } else {
            "place_order"
        };
        self.loops("for_each", &["get_order", tool], orders.len());
    }

    /// The order in which an item stands that the person named.
    fn order_with(&mut self) {
        let customer = self.customer();
        let full = self.ask("get_customer", json!({ "customer_id": customer }));
        let ids = full["orders"].as_array().cloned().unwrap_or_default();
        let all: Vec<Value> = self
            .world
            .orders
            .iter()
            .filter(|order| ids.contains(&order["order_id"]))
            .cloned()
            .collect();
        let items: Vec<(Value, Value)> = all
            .iter()
            .flat_map(|order| {
                order["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|item| (order["order_id"].clone(), item.clone()))
            })
            .collect();
        let Some((wanted, item)) = items.get(self.data.below(items.len())).cloned() else {
            self.failed = true;
            return;
        };
        if items
            .iter()
            .filter(|(_, other)| other["name"] == item["name"])
            .count()
            > 1
        {
            self.failed = true;
        }
        let name = self.said(&item["name"]);
        self.tell(&format!(
            "In one of the orders there is an item {name}. Send it back."
        ));
        let mut seen = 0;
        for id in &ids {
            self.ask("get_order", json!({ "order_id": id }));
            seen += 1;
            if *id == wanted {
                break;
            }
        }
        if seen < 2 {
            self.not_derivable("one order alone shows no loop");
        }
        self.loops("for_each", &["get_order"], seen);
        if self.shape.chance(50) {
            self.ask(
                "return_items",
                json!({ "order_id": wanted, "item_ids": [item["item_id"]] }),
            );
        } else {
            self.ask(
                "add_note",
                json!({ "order_id": wanted, "text": "They want to send something back." }),
            );
        }
    }
}

/// Plays the program of a shape in a world. None where the world has nothing that it could mean.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x200_0000, world, data);
    play.chatter();
    match play.shape.below(5) {
        4 => play.lists_of_each(),
        0 | 1 => play.tickets_of_each(),
        2 => play.items_of_each(),
        _ => play.order_with(),
    }
    play.end()
}
