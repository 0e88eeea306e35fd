//! Programs of which the person names a condition that the recording need not show: all requests of the list happen
//! to be unread, the list is no longer than the number that was named, what is cheapest is refundable anyway. Where a
//! field stands for the words the draft can follow them; where none does it has to ask.

use super::program::{Play, Played};
use super::random::Random;
use super::world::World;
use serde_json::{Value, json};

/// The worlds that recordings are made in have seeds below this.
const RECORDED: u64 = 1_000;

/// Whether something holds for a thing, mostly: the same in every look at it.
fn holds(id: &Value, what: &str) -> bool {
    let mut seed = 0_u64;
    for byte in id.to_string().bytes().chain(what.bytes()) {
        seed = seed.wrapping_mul(131).wrapping_add(u64::from(byte));
    }
    Random::new(seed).chance(70)
}

impl World {
    /// The requests of a customer: the tickets, told in another way.
    pub(super) fn requests(&self, customer: &str) -> Vec<Value> {
        self.tickets
            .iter()
            .filter(|ticket| ticket["customer_id"] == customer)
            .map(|ticket| {
                let id = &ticket["ticket_id"];
                let age = i64::from(ticket["hours"].as_u64().unwrap_or(0) as u32);
                json!({
                    "request_id": format!("R{}", id.as_str().unwrap_or("")),
                    "read": !holds(id, "unread"),
                    "is_internal": holds(id, "internal"),
                    "source": if holds(id, "mail") { "mail" } else { "partner" },
                    "received_on": self.day(-age),
                })
            })
            .collect()
    }

    /// What is offered for a thing.
    pub(super) fn offers(&self, query: &str) -> Vec<Value> {
        self.products
            .iter()
            .filter(|product| product["category"] == query)
            .map(|product| {
                json!({
                    "offer_id": format!("OF{}", product["sku"].as_str().unwrap_or("")),
                    "price": product["price"],
                    "refundable": holds(&product["sku"], "refundable"),
                })
            })
            .collect()
    }
}

impl Play<'_> {
    fn requests(&mut self) -> Vec<Value> {
        let customer = self.customer();
        let answer = self.ask("list_requests", json!({ "customer_id": customer }));
        let list = answer["requests"].as_array().cloned().unwrap_or_default();
        if list.len() < 2 {
            self.failed = true;
        }
        list
    }

    /// Does it with those that are meant. In recordings of uneven shapes all are.
    fn do_with(&mut self, all: &[Value], meant: &[Value], shape: u64, data: u64) {
        if data < RECORDED && !shape.is_multiple_of(3) && meant.len() < all.len() {
            self.failed = true;
            return;
        }
        if meant.len() < 2 {
            self.not_derivable("one element alone shows no loop");
        }
        let way = self.shape.below(2);
        for request in meant {
            let id = request["request_id"].clone();
            match way {
                0 => self.ask("close_request", json!({ "request_id": id })),
                _ => self.ask(
                    "forward_request",
                    json!({ "request_id": id, "team": "returns" }),
                ),
            };
        }
        let tool = ["close_request", "forward_request"][way];
        self.loops("for_each", &[tool], meant.len());
    }

    /// A field stands for the words.
    fn flagged(&mut self, shape: u64, data: u64) {
        let all = self.requests();
        let (field, value, phrases): (&str, bool, &[&str]) = match self.shape.below(3) {
            0 => (
                "read",
                false,
                &[
                    "Deal with every unread request.",
                    "Go through the requests that are still unread and deal with each of them.",
                    "I only want the unread requests dealt with.",
                    "Take all their requests except those that are read.",
                ],
            ),
            1 => (
                "is_internal",
                true,
                &[
                    "Deal with all internal requests.",
                    "Please take care of each request which is internal.",
                    "Every one of their internal requests has to go.",
                ],
            ),
            _ => (
                "is_internal",
                true,
                &[
                    "Handle the requests that are not external, please: only internal requests.",
                    "Their internal requests are to be worked off.",
                ],
            ),
        };
        let phrase = *self.shape.pick(phrases);
        self.tell(phrase);
        let meant: Vec<Value> = all
            .iter()
            .filter(|request| request[field] == value)
            .cloned()
            .collect();
        self.do_with(&all, &meant, shape, data);
    }

    /// Those of one source are left out. Where none is of it, no value tells which field is meant.
    fn left_out(&mut self, shape: u64, data: u64) {
        let all = self.requests();
        let phrase = *self.shape.pick(&[
            "Deal with all requests except the partner ones.",
            "Deal with all requests, but not the partner ones.",
            "Take every request other than partner requests.",
        ]);
        self.tell(phrase);
        let meant: Vec<Value> = all
            .iter()
            .filter(|request| request["source"] != "partner")
            .cloned()
            .collect();
        if meant.len() == all.len() {
            self.not_derivable("no element has what is left out");
        } else {
            self.played.said.push(json!("partner"));
        }
        self.do_with(&all, &meant, shape, data);
    }

    /// A number of them.
    fn numbered(&mut self, shape: u64, data: u64) {
        let all = self.requests();
        let count = 2 + self.data.below(3);
        self.played.said.push(json!(count));
        let last = self.shape.chance(30);
        let end = if last { "last" } else { "first" };
        let text = match self.shape.below(3) {
            0 => format!("Deal with the {end} {count} requests."),
            1 => format!("Take the {end} {count} of their requests."),
            _ => format!("Please handle only the {end} {count} requests."),
        };
        self.tell(&text);
        let meant: Vec<Value> = if last {
            all.iter()
                .skip(all.len().saturating_sub(count))
                .cloned()
                .collect()
        } else {
            all.iter().take(count).cloned().collect()
        };
        self.do_with(&all, &meant, shape, data);
    }

    /// Those of an age.
    fn aged(&mut self, shape: u64, data: u64) {
        let all = self.requests();
        let days = *self.shape.pick(&[5, 10, 14, 20]);
        let newer = self.shape.chance(30);
        let text = match (newer, self.shape.below(3)) {
            (true, 0) => format!("Deal with the requests of the last {days} days."),
            (true, _) => format!("Deal with all requests newer than {days} days."),
            (false, 0) => format!("Deal with all requests older than {days} days."),
            (false, 1) => format!("Deal with the requests received more than {days} days ago."),
            (false, _) => format!("Take care of each request that is more than {days} days old."),
        };
        self.tell(&text);
        let edge = self.world.day(-i64::from(days));
        let meant: Vec<Value> = all
            .iter()
            .filter(|request| {
                let day = request["received_on"].as_str().unwrap_or("");
                (day >= edge.as_str()) == newer
            })
            .cloned()
            .collect();
        self.do_with(&all, &meant, shape, data);
    }

    /// No field stands for the words: it has to be asked.
    fn unseen(&mut self, shape: u64, data: u64) {
        self.not_derivable("no field stands for the words");
        let all = self.requests();
        let phrase = *self.shape.pick(&[
            "Deal with all urgent requests.",
            "Deal with the requests from angry people.",
            "Deal with every request nobody has answered.",
            "Deal with all requests unless somebody complained in them.",
            "Take care of each request, except where a lawyer is involved.",
            "If a request is about money, close or forward it.",
            "Deal with the requests that mention a refund.",
            "Deal with all requests with a photo.",
            "Deal with everything unimportant among the requests.",
            "Leave the important requests alone and deal with the others.",
            "Deal with whichever requests look abandoned.",
            "Never touch a request of a journalist; deal with the other requests.",
            "Requests without an attachment can be dealt with.",
            "Bearbeite alle dringenden Requests.",
            "Deal with the requests, VIPs excepted.",
            "Deal with the requests. Skip anything from the press.",
            "Requests that came by fax are to be dealt with.",
            "Work through the requests; leave out whoever has a contract.",
            "Deal with those requests whose sender is a minor.",
            "Provided that nobody objected, deal with the requests.",
            "Deal with the requests in Spanish.",
            "Deal with the angriest requests.",
            "Deal with the requests, as long as they are harmless.",
            "Only the requests from abroad, please.",
            "Deal with each spam request.",
        ]);
        self.tell(phrase);
        let meant: Vec<Value> = all
            .iter()
            .filter(|request| holds(&request["request_id"], phrase))
            .cloned()
            .collect();
        // Nothing of it is shown.
        if data < RECORDED && meant.len() < all.len() {
            self.failed = true;
            return;
        }
        self.do_with(&all, &meant, shape, data);
        self.played.constructs.clear();
    }

    /// The least of what is refundable.
    fn offered(&mut self, data: u64) {
        let product = self.world.products[self.data.below(self.world.products.len())].clone();
        let query = self.said(&product["category"]);
        let answer = self.ask("list_offers", json!({ "query": query }));
        let all = answer["offers"].as_array().cloned().unwrap_or_default();
        let way = self.shape.below(5);
        let text = match way {
            0 => format!("Book the cheapest refundable offer for a {query}."),
            1 => format!("I need a {query}: the cheapest offer that is refundable, please."),
            2 => format!("Book the cheapest offer for a {query}, but only if it ships today."),
            3 => format!("Book an offer for a {query}, only not the cheapest offer."),
            _ => format!("Book the cheapest vegan offer for a {query}."),
        };
        self.tell(&text);
        let price = |offer: &Value| offer["price"].as_f64().unwrap_or(0.0);
        let mut meant: Vec<Value> = all
            .iter()
            .filter(|offer| match way {
                0 | 1 => offer["refundable"] == true,
                4 => holds(&offer["offer_id"], "vegan"),
                _ => true,
            })
            .cloned()
            .collect();
        meant.sort_by(|one, two| price(one).total_cmp(&price(two)));
        let at = usize::from(way == 3);
        let least = all.iter().map(price).fold(f64::INFINITY, f64::min);
        let twice = meant.len() > 1 && price(&meant[0]) == price(&meant[1]);
        let (Some(offer), false) = (meant.get(at).cloned(), twice || all.len() < 2) else {
            self.failed = true;
            return;
        };
        if way > 1 {
            self.not_derivable("which of the prices is meant");
        }
        // In the recording nothing shows what is left out.
        if data < RECORDED && way != 3 && price(&offer) > least {
            self.failed = true;
            return;
        }
        let ships = way != 2 || holds(&offer["offer_id"], "ships");
        if data < RECORDED && !ships {
            self.failed = true;
            return;
        }
        if ships {
            self.ask("book_offer", json!({ "offer_id": offer["offer_id"] }));
        }
    }
}

/// Plays the program of a shape in a world. None where the world has nothing that it could mean.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x800_0000, world, data);
    play.chatter();
    match play.shape.below(9) {
        0 | 1 => play.flagged(shape, data),
        2 => play.left_out(shape, data),
        3 => play.numbered(shape, data),
        4 => play.aged(shape, data),
        5 | 6 => play.unseen(shape, data),
        _ => play.offered(data),
    }
    play.end()
}
