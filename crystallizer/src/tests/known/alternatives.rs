//! Programs that do one thing or another, shown by several recordings: each shows one way.

use super::program::{Play, Played};
use super::world::World;
use serde_json::{Value, json};

/// What is done one way or another.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Ticket,
    Email,
    Visit,
}

impl Way {
    fn tool(self) -> &'static str {
        match self {
            Self::Ticket => "create_ticket",
            Self::Email => "send_email",
            Self::Visit => "book_visit",
        }
    }

    fn said(self) -> &'static str {
        match self {
            Self::Ticket => "open a ticket",
            Self::Email => "send an email",
            Self::Visit => "book a visit",
        }
    }

    /// Goes it, and gives the id of what was made.
    fn go(self, play: &mut Play<'_>, full: &Value) -> Value {
        let id = &full["customer_id"];
        let (arguments, key) = match self {
            Self::Ticket => (
                json!({ "customer_id": id, "subject": "Call them back" }),
                "ticket_id",
            ),
            Self::Email => (
                json!({ "to": full["email"], "subject": "Thank you", "body": "We are glad to have you." }),
                "message_id",
            ),
            Self::Visit => (
                json!({ "customer_id": id, "city": full["address"]["city"] }),
                "visit_id",
            ),
        };
        play.ask(self.tool(), arguments)[key].clone()
    }
}

/// Of so many of a hundred programs nobody told why they go either way.
const WHIMS: usize = 15;

/// Plays the program of a shape in a world. None where the world has nothing that it could mean.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x800_0000, world, data);
    play.chatter();
    let chosen = play.data.below(world.customers.len());
    let customer = world.customers[chosen].clone();
    let id = play.said(&customer["customer_id"]);
    play.tell(&format!("The customer is {id}."));
    let full = play.ask("get_customer", json!({ "customer_id": id }));
    let tier = *play.shape.pick(&["basic", "silver", "gold"]);
    let unsaid = play.shape.chance(WHIMS);
    let (one, other) = *play.shape.pick(&[
        (Way::Ticket, Way::Email),
        (Way::Visit, Way::Ticket),
        (Way::Email, Way::Visit),
    ]);
    play.played.does = full["tier"] == tier;
    if unsaid {
        play.not_derivable("a choice of the agent that nobody told");
        play.played.does = play.data.chance(50);
    }
    let way = if play.played.does { one } else { other };
    let says = play.shape.chance(40);
    play.tell("Look after them.");
    if says && !unsaid {
        play.tell(&format!(
            "If their tier is {tier}, {}, otherwise {}.",
            one.said(),
            other.said()
        ));
    }
    let before = play.shape.chance(50);
    if before {
        play.ask(
            "get_payment_methods",
            json!({ "customer_id": full["customer_id"] }),
        );
    }
    let made = way.go(&mut play, &full);
    let notes = play.shape.chance(40);
    if !unsaid {
        for way in [one, other] {
            play.loops("if", &[way.tool()], 2);
            if notes {
                play.loops("if", &["add_note"], 2);
            }
        }
    }
    // What comes of it follows what was done.
    if notes {
        play.ask("add_note", json!({ "customer_id": id, "reference": made }));
    }
    if play.shape.chance(60) {
        play.ask("update_address", json!({ "customer_id": id, "address": { "street": full["address"]["street"], "zip": full["address"]["zip"] } }));
    }
    play.end()
}
