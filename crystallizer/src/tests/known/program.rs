//! Programs that a person could mean: each asks the world for things and does something with what it found, from
//! what the person says. What it sends is the truth that a draft is measured against.

use super::random::Random;
use super::world::{CLASSES, STATUSES, World};
use crate::bound::MONTHS;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How what somebody says begins that may be about the elements of a list.
pub(super) const EVERYTHING_ELSE: &str = "Everything else I had was";

/// One call of a program.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tests) struct Called {
    pub(in crate::tests) tool: String,
    pub(super) arguments: Value,
    pub(super) answer: Value,
}

/// A program as it ran in a world.
pub(super) struct Played {
    /// What the person says.
    pub(super) task: String,
    /// The values that the person says, in the order of the program.
    pub(super) said: Vec<Value>,
    pub(super) calls: Vec<Called>,
    /// What the person says later, each before the call of this number.
    pub(super) later: Vec<(usize, String)>,
    /// Calls that fail before the call of this number and are made again in another way: tool and arguments.
    pub(super) stumbles: Vec<(usize, String, Value)>,
    /// The loops and conditions that it has and that the recording shows: `for_each`, `repeat` or `if`, and the tools.
    pub(super) constructs: Vec<String>,
    /// Those that it has and that one recording cannot show, as nobody said which elements they take. Several can.
    pub(super) unsaid: Vec<String>,
    /// Whether it did what it only does under a condition.
    pub(super) does: bool,
    /// Whether everything that it sends follows from what was said and answered by the rules of the crystallizer.
    pub(super) derivable: bool,
    /// What does not follow, where something does not.
    pub(super) untold: BTreeSet<&'static str>,
}

pub(super) struct Play<'w> {
    pub(super) world: &'w World,
    /// What is the same in every world: the shape of the program.
    pub(super) shape: Random,
    /// What differs from world to world.
    pub(super) data: Random,
    pub(super) played: Played,
    pub(super) failed: bool,
}

impl Play<'_> {
    pub(super) fn ask(&mut self, tool: &str, arguments: Value) -> Value {
        match self.world.call(tool, &arguments) {
            Some(answer) => {
                self.played.calls.push(Called {
                    tool: tool.to_owned(),
                    arguments,
                    answer: answer.clone(),
                });
                answer
            }
            None => {
                self.failed = true;
                Value::Null
            }
        }
    }

    pub(super) fn said(&mut self, value: &Value) -> String {
        self.played.said.push(value.clone());
        match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    pub(super) fn tell(&mut self, text: &str) {
        self.played.task.push_str(text);
        self.played.task.push(' ');
    }

    /// Says something once the answers so far are known.
    fn tell_later(&mut self, text: &str) {
        let at = self.played.calls.len();
        self.played.later.push((at, text.to_owned()));
    }

    /// Says things that have nothing to do with it, with values that may stand in any answer.
    pub(super) fn chatter(&mut self) {
        for _ in 0..2 {
            let text = match self.shape.below(9) {
                0 => format!("I have {} cats.", 2 + self.data.below(8)),
                1 => format!(
                    "My colleague has a {} one.",
                    self.data.pick(&["black", "white", "green", "blue", "grey"])
                ),
                2 => format!(
                    "I already called on {} {}.",
                    self.data.pick(&["May", "June", "March"]),
                    1 + self.data.below(28)
                ),
                3 => format!(
                    "I live in {}.",
                    self.data.pick(&["Lisbon", "Graz", "Oslo", "Lima"])
                ),
                4 => format!("{EVERYTHING_ELSE} {}.", self.data.pick(&STATUSES)),
                5 => format!("It did cost me {} euros.", self.data.below(300) + 3),
                6 => format!(
                    "My friend {} told me about you.",
                    self.data.pick(&["Ana", "Ben", "Mara", "Hugo"])
                ),
                _ => continue,
            };
            self.tell(&text);
        }
    }

    /// Asks in vain, with something that is not there.
    pub(super) fn stumble(&mut self, tool: &str, arguments: Value) {
        let at = self.played.calls.len();
        self.played.stumbles.push((at, tool.to_owned(), arguments));
    }

    /// Notes a loop over these tools, where the recording shows more than one pass.
    pub(super) fn loops(&mut self, kind: &str, tools: &[&str], passes: usize) {
        if passes >= 2 {
            let mut tools = tools.to_vec();
            tools.sort_unstable();
            self.played
                .constructs
                .push(format!("{kind} {}", tools.join(" ")));
        }
    }

    /// Notes what nobody said and nothing shows.
    pub(super) fn not_derivable(&mut self, untold: &'static str) {
        self.played.derivable = false;
        self.played.untold.insert(untold);
    }

    /// Looks that nothing follows from.
    pub(super) fn distract(&mut self) {
        if self.shape.chance(30) {
            self.ask("get_opening_hours", json!({}));
        }
        if self.shape.chance(30) {
            self.ask("get_policy", json!({ "topic": "refunds" }));
        }
    }

    /// A customer: by e-mail address, by id, or by a name with a city.
    pub(super) fn customer(&mut self) -> Value {
        let chosen = self.data.below(self.world.customers.len());
        let customer = self.world.customers[chosen].clone();
        match self.shape.below(3) {
            0 => {
                let email = self.said(&customer["email"]);
                self.tell(&format!("My e-mail address is {email}."));
                self.ask("find_customer", json!({ "email": email }))["customer_id"].clone()
            }
            1 => {
                let id = self.said(&customer["customer_id"]);
                self.tell(&format!("The customer is {id}."));
                customer["customer_id"].clone()
            }
            _ => {
                let last = self.said(&customer["name"]["last"]);
                let first = self.said(&customer["name"]["first"]);
                self.tell(&format!("It is about {first} {last}."));
                let found = self.ask("search_customers", json!({ "last_name": last }));
                let all: Vec<&Value> = found
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|one| one["first_name"] == first.as_str())
                    .collect();
                match all.as_slice() {
                    [one] => {
                        let several = found.as_array().is_some_and(|all| all.len() > 1);
                        // With one hit alone nothing shows that the first name is what tells.
                        let _ = several;
                        one["customer_id"].clone()
                    }
                    _ => {
                        self.failed = true;
                        Value::Null
                    }
                }
            }
        }
    }

    /// An order of the customer: by its status, the latest, the only said one, or by nothing that anybody said.
    fn order(&mut self, customer: &Value) -> Value {
        let way = self.shape.below(5);
        if way == 4 {
            let orders: Vec<Value> = self
                .world
                .orders
                .iter()
                .filter(|order| order["customer_id"] == *customer)
                .cloned()
                .collect();
            if orders.is_empty() {
                self.failed = true;
                return Value::Null;
            }
            let order = orders[self.data.below(orders.len())].clone();
            let id = self.said(&order["order_id"]);
            self.tell(&format!("The order is {id}."));
            return order["order_id"].clone();
        }
        let answer = self.ask("list_orders", json!({ "customer_id": customer }));
        let list = answer["orders"].as_array().cloned().unwrap_or_default();
        if list.len() < 2 {
            self.failed = true;
            return Value::Null;
        }
        match way {
            0 | 1 => {
                let statuses: Vec<&str> = STATUSES
                    .iter()
                    .copied()
                    .filter(|status| list.iter().any(|order| order["status"] == *status))
                    .collect();
                let status = *self.data.pick(&statuses);
                let said = self.said(&json!(status));
                self.tell(&format!("Take the order that is {said}."));
                list.iter()
                    .find(|order| order["status"] == status)
                    .map(|order| order["order_id"].clone())
                    .unwrap_or_default()
            }
            2 => {
                self.tell("Take the latest order.");
                let latest = list
                    .iter()
                    .max_by_key(|order| order["placed_on"].as_str().unwrap_or("").to_owned());
                let day = latest
                    .map(|order| order["placed_on"].clone())
                    .unwrap_or_default();
                if list
                    .iter()
                    .filter(|order| order["placed_on"] == day)
                    .count()
                    > 1
                {
                    self.failed = true;
                }
                latest
                    .map(|order| order["order_id"].clone())
                    .unwrap_or_default()
            }
            _ => {
                // The agent takes the first, and nobody said so.
                self.not_derivable("an order that nobody named");
                list[0]["order_id"].clone()
            }
        }
    }

    /// A payment method: by its last four digits, by its kind, the one of the order.
    fn method(&mut self, customer: &Value, order: Option<&Value>) -> Value {
        if let Some(order) = order.filter(|_| self.shape.chance(40)) {
            self.tell("The money goes back to where it came from.");
            return order["payment"]["method_id"].clone();
        }
        let answer = self.ask("get_payment_methods", json!({ "customer_id": customer }));
        let methods: Vec<Value> = answer["methods"]
            .as_object()
            .into_iter()
            .flat_map(|map| map.values().cloned())
            .collect();
        if methods.is_empty() {
            self.failed = true;
            return Value::Null;
        }
        let method = methods[self.data.below(methods.len())].clone();
        if self.shape.chance(60) {
            let four = self.said(&method["last_four"]);
            self.tell(&format!("Use the one ending in {four}."));
        } else {
            let kind = self.said(&method["kind"]);
            self.tell(&format!("Use the {}.", kind.replace('_', " ")));
        }
        method["id"].clone()
    }

    /// A letter that greets by name.
    fn letter(&mut self) {
        let customer = self.customer();
        let told = (self.played.derivable, self.played.untold.clone());
        let order = self.order(&customer);
        let full = self.ask("get_customer", json!({ "customer_id": customer }));
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let body = match self.shape.below(3) {
            0 => format!(
                "Dear {}, your order {} is on its way to {}.",
                text(&full["name"]["first"]),
                text(&order),
                text(&full["address"]["city"])
            ),
            1 => format!(
                "Order {} of {} {} is late.",
                text(&order),
                text(&full["name"]["first"]),
                text(&full["name"]["last"])
            ),
            _ => {
                // Which order it was is told nobody.
                (self.played.derivable, self.played.untold) = told;
                "We have good news for you.".to_owned()
            }
        };
        self.tell("Write them about it.");
        self.ask(
            "send_email",
            json!({ "to": full["email"], "subject": "Your order", "body": body }),
        );
    }

    /// One item of an order, by its name or by what the person picks once it is read to them.
    fn one_item(&mut self) {
        let customer = self.customer();
        let order = self.order(&customer);
        let detail = self.ask("get_order", json!({ "order_id": order }));
        let items = detail["items"].as_array().cloned().unwrap_or_default();
        if items.len() < 2 {
            self.failed = true;
            return;
        }
        let item = items[self.data.below(items.len())].clone();
        if items
            .iter()
            .filter(|other| other["name"] == item["name"])
            .count()
            > 1
        {
            self.failed = true;
        }
        let name = self.said(&item["name"]);
        if self.shape.chance(50) {
            self.tell_later(&format!("The {name} is broken, I want to return it."));
        } else {
            self.tell(&format!("The {name} in it is broken, please take it back."));
        }
        let method = self.method(&customer, Some(&detail));
        self.ask("return_items", json!({ "order_id": order, "item_ids": [item["item_id"]], "payment_method_id": method }));
    }

    /// An appointment on a day that is said in words, or by its distance.
    fn appointment(&mut self) {
        let customer = self.customer();
        let day = if self.shape.chance(50) {
            let (month, number) = (self.data.below(12), 1 + self.data.below(28));
            let day = format!("2027-{:02}-{number:02}", month + 1);
            self.played.said.push(json!(day));
            self.tell(&format!(
                "Book a visit on {} {number}, 2027.",
                capitalised(MONTHS[month])
            ));
            day
        } else {
            let (word, days) = *self
                .shape
                .pick(&[("today", 0), ("tomorrow", 1), ("in 3 days", 3)]);
            self.tell(&format!("Book a visit {word}."));
            self.world.day(days)
        };
        let booked = self.ask(
            "book_visit",
            json!({ "customer_id": customer, "date": day }),
        );
        if self.shape.chance(50) {
            let text = format!(
                "Visit {} is booked.",
                booked["visit_id"].as_str().unwrap_or("")
            );
            self.ask("add_note", json!({ "customer_id": customer, "text": text }));
        }
    }

    /// The cheapest of two shelves, worked out by the agent, and how many there are.
    fn restock(&mut self) {
        let product = self.world.products[self.data.below(self.world.products.len())].clone();
        let query = self.said(&product["category"]);
        let found = self.ask("search_products", json!({ "query": query }));
        let list = found.as_array().cloned().unwrap_or_default();
        if list.is_empty() {
            self.failed = true;
            return;
        }
        let all: usize = list
            .iter()
            .filter_map(|one| one["stock"].as_u64())
            .map(|stock| stock as usize)
            .sum();
        self.not_derivable("a number of pieces that the agent worked out");
        self.tell(&format!("Order as many {query} as there are in all."));
        self.ask(
            "order_stock",
            json!({ "sku": list[0]["sku"], "quantity": all + 2 }),
        );
    }

    /// What is told in one notation and wanted in another: a moment and a day, an amount and a number.
    fn statement(&mut self) {
        let customer = self.customer();
        let statement = self.ask("get_statement", json!({ "customer_id": customer }));
        self.tell("Note what they owe and when.");
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let due = text(&statement["due_at"])
            .chars()
            .take(10)
            .collect::<String>();
        let mut arguments = json!({ "customer_id": customer, "statement_id": statement["statement_id"], "due": due });
        if self.shape.chance(60) {
            let amount: f64 = text(&statement["balance"])
                .trim_end_matches(" EUR")
                .replace(',', "")
                .parse()
                .unwrap_or(0.0);
            arguments["balance"] = json!(amount);
        }
        self.ask("add_note", arguments);
    }

    /// The first try fails, for what was asked for is not there.
    fn looked_up_again(&mut self) {
        let customer = self.customer();
        let order = self.order(&customer);
        let wrong = order
            .as_str()
            .unwrap_or("")
            .trim_start_matches('#')
            .to_owned();
        self.stumble("get_order", json!({ "order_id": wrong }));
        let detail = self.ask("get_order", json!({ "order_id": order }));
        self.tell("Tell the warehouse about it.");
        self.ask(
            "create_ticket",
            json!({ "order_id": order, "tracking": detail["tracking"], "subject": "Where is it?" }),
        );
    }

    fn ticket(&mut self) {
        let customer = self.customer();
        let order = self.order(&customer);
        self.distract();
        let mut arguments = json!({ "customer_id": customer, "order_id": order, "subject": "Late delivery", "priority": "high" });
        if self.shape.chance(50) {
            let detail = self.ask("get_order", json!({ "order_id": order }));
            arguments["tracking"] = detail["tracking"].clone();
        }
        let ticket = self.ask("create_ticket", arguments);
        if self.shape.chance(60) {
            let customer = self.ask("get_customer", json!({ "customer_id": customer }));
            let text = format!(
                "Hello, your ticket {} is open.",
                ticket["ticket_id"].as_str().unwrap_or("")
            );
            self.ask(
                "send_email",
                json!({ "to": customer["email"], "subject": "Your ticket", "body": text }),
            );
        }
        self.tell("Open a ticket for it.");
    }

    fn refund(&mut self) {
        let customer = self.customer();
        let order = self.order(&customer);
        let detail = self.ask("get_order", json!({ "order_id": order }));
        let method = self.method(&customer, Some(&detail));
        self.distract();
        let mut amount = detail["total"].clone();
        if self.shape.chance(20) {
            // Worked out by the agent.
            self.not_derivable("a part of a sum that nobody named");
            amount = json!((amount.as_f64().unwrap_or(0.0) * 50.0).round() / 100.0);
        }
        self.tell("Refund it.");
        self.ask(
            "refund",
            json!({ "order_id": order, "amount": amount, "payment_method_id": method }),
        );
    }

    fn buy(&mut self) {
        let customer = self.customer();
        let product = self.world.products[self.data.below(self.world.products.len())].clone();
        let key = if self.shape.chance(50) {
            "category"
        } else {
            "colour"
        };
        let query = self.said(&product[key]);
        let found = self.ask("search_products", json!({ "query": query }));
        let list = found.as_array().cloned().unwrap_or_default();
        if list.len() < 2 {
            self.failed = true;
            return;
        }
        let (word, field, most) = *self.shape.pick(&[
            ("cheapest", "price", false),
            ("highest rated", "rating", true),
        ]);
        let number = |value: &Value| value[field].as_f64().unwrap_or(0.0);
        let best = list.iter().fold(&list[0], |best, one| {
            if (number(one) > number(best)) == most && number(one) != number(best) {
                one
            } else {
                best
            }
        });
        if list
            .iter()
            .filter(|one| number(one) == number(best))
            .count()
            > 1
        {
            self.failed = true;
        }
        let quantity = 1 + self.data.below(9);
        let said = self.said(&json!(quantity));
        self.tell(&format!("I want the {word} {query}, quantity {said}."));
        let method = self.method(&customer, None);
        self.distract();
        self.ask("place_order", json!({
            "customer_id": customer, "sku": best["sku"], "unit_price": best["price"], "quantity": quantity, "payment_method_id": method,
        }));
    }

    /// The cheapest of a class that is named, of prices for several.
    fn trip(&mut self) {
        let customer = self.customer();
        let product = self.world.products[self.data.below(self.world.products.len())].clone();
        let line = self.said(&product["colour"]);
        let class = *self.data.pick(&CLASSES);
        let said = self.said(&json!(class));
        let text = match self.shape.below(3) {
            0 => format!("Book the cheapest {said} trip on the {line} line."),
            1 => format!("Book the cheapest trip on the {line} line, in {said}."),
            _ => format!("On the {line} line the cheapest trip, please. I travel {said}."),
        };
        self.tell(&text);
        let found = self.ask("search_trips", json!({ "line": line }));
        let mut all = found.as_array().cloned().unwrap_or_default();
        let price = |trip: &Value| trip["prices"][class].as_f64().unwrap_or(0.0);
        all.sort_by(|one, two| price(one).total_cmp(&price(two)));
        let [first, second, ..] = all.as_slice() else {
            self.failed = true;
            return;
        };
        self.failed |= price(first) == price(second);
        self.distract();
        self.ask(
            "book_trip",
            json!({ "customer_id": customer, "class": class, "trip_number": first["trip_number"] }),
        );
    }

    /// The larger or the smaller of just two.
    fn one_of_two(&mut self) {
        let customer = self.customer();
        let larger = self.shape.chance(50);
        let word = if larger { "larger" } else { "smaller" };
        self.tell(&format!("Charge the method with the {word} balance."));
        let answer = self.ask("get_payment_methods", json!({ "customer_id": customer }));
        let mut methods: Vec<Value> = answer["methods"]
            .as_object()
            .into_iter()
            .flat_map(|map| map.values().cloned())
            .collect();
        methods.sort_by_key(|method| method["balance"].as_u64());
        let [less, more] = methods.as_slice() else {
            self.failed = true;
            return;
        };
        self.failed |= less["balance"] == more["balance"];
        let method = if larger { more } else { less };
        self.ask(
            "charge_method",
            json!({ "customer_id": customer, "payment_method_id": method["id"] }),
        );
    }

    fn pay(&mut self) {
        let (name, _) = self.world.invoices[self.data.below(self.world.invoices.len())].clone();
        let said = self.said(&json!(name));
        self.tell(&format!("Please pay {said}."));
        self.ask("read_file", json!({ "path": name }));
        let invoice = self
            .world
            .invoices
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, invoice)| invoice.clone())
            .unwrap_or_default();
        self.distract();
        let mut arguments = json!({ "iban": invoice["iban"], "amount": invoice["amount"], "reference": invoice["reference"] });
        if self.shape.chance(40) {
            arguments["due_date"] = invoice["due"].clone();
        }
        let paid = self.ask("pay_invoice", arguments);
        if self.shape.chance(50) {
            let text = format!(
                "Paid {} as {}.",
                invoice["reference"].as_str().unwrap_or(""),
                paid["payment_id"].as_str().unwrap_or("")
            );
            self.ask("add_note", json!({ "text": text, "file": name }));
        }
    }

    fn give_back(&mut self) {
        let customer = self.customer();
        let order = self.order(&customer);
        let detail = self.ask("get_order", json!({ "order_id": order }));
        let items: Vec<Value> = detail["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| item["item_id"].clone())
            .collect();
        if items.len() < 2 {
            self.failed = true;
            return;
        }
        let method = self.method(&customer, Some(&detail));
        self.tell("Return all of its items.");
        self.ask(
            "return_items",
            json!({ "order_id": order, "item_ids": items, "payment_method_id": method }),
        );
    }

    fn address(&mut self) {
        let customer = self.customer();
        let street = format!(
            "{} {}",
            self.data.below(200) + 1,
            self.data.pick(&["Birch Way", "Castle Hill", "Lake View"])
        );
        let city = (*self.data.pick(&["Porto", "Basel", "Cork", "Turin"])).to_owned();
        let zip = format!("{}", self.data.below(90_000) + 10_000);
        let (a, b, c) = (
            self.said(&json!(street)),
            self.said(&json!(city)),
            self.said(&json!(zip)),
        );
        self.tell(&format!("I moved to {a}, {c} {b}."));
        self.ask("update_address", json!({ "customer_id": customer, "address": { "street": street, "city": city, "zip": zip } }));
        if self.shape.chance(50) {
            let full = self.ask("get_customer", json!({ "customer_id": customer }));
            self.ask("send_email", json!({ "to": full["email"], "subject": "Your address", "body": "We have changed your address." }));
        }
    }

    fn cancel(&mut self) {
        let customer = self.customer();
        let order = self.order(&customer);
        self.tell("Cancel it, it was ordered by mistake.");
        self.distract();
        let reason = *self.shape.pick(&["ordered by mistake", "no longer needed"]);
        if reason == "ordered by mistake" {
            self.played.said.push(json!(reason));
        }
        self.ask(
            "cancel_order",
            json!({ "order_id": order, "reason": reason }),
        );
        if self.shape.chance(40) {
            self.ask("add_note", json!({ "order_id": order, "text": format!("Order {} was cancelled.", order.as_str().unwrap_or("")) }));
        }
    }
}

impl<'w> Play<'w> {
    /// The beginning of a program.
    pub(super) fn new(shape: u64, world: &'w World, data: u64) -> Self {
        Self {
            world,
            shape: Random::new(shape),
            data: Random::new(data),
            played: Played {
                task: String::new(),
                said: Vec::new(),
                calls: Vec::new(),
                later: Vec::new(),
                stumbles: Vec::new(),
                constructs: Vec::new(),
                unsaid: Vec::new(),
                does: true,
                derivable: true,
                untold: BTreeSet::new(),
            },
            failed: false,
        }
    }

    /// What was played; none where the world has nothing that the program could mean.
    pub(super) fn end(self) -> Option<Played> {
        (!self.failed).then_some(self.played)
    }
}

/// Plays the program of a shape in a world. None where the world has nothing that the program could mean.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape, world, data);
    play.chatter();
    match play.shape.below(13) {
        _ if shape % 26 == 15 => play.trip(),
        _ if shape % 26 == 21 => play.one_of_two(),
        11 => play.statement(),
        12 => play.looked_up_again(),
        0 => play.ticket(),
        1 => play.refund(),
        2 => play.buy(),
        3 => play.pay(),
        4 => play.give_back(),
        5 => play.address(),
        6 => play.letter(),
        7 => play.one_item(),
        8 => play.appointment(),
        9 => play.restock(),
        _ => play.cancel(),
    }
    play.end()
}

/// A name as it begins a sentence.
fn capitalised(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}
