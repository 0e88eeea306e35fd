//! Programs of which a part is done only under a condition, shown by several recordings.

use super::program::{Play, Played};
use super::world::World;
use serde_json::json;

/// Plays the program of a shape in a world. None where the world has nothing that it could mean.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x400_0000, world, data);
    play.chatter();
    let chosen = play.data.below(world.customers.len());
    let customer = world.customers[chosen].clone();
    let id = play.said(&customer["customer_id"]);
    play.tell(&format!("The customer is {id}."));
    let full = play.ask("get_customer", json!({ "customer_id": id }));
    let tier = *play.shape.pick(&["basic", "silver", "gold"]);
    let unsaid = play.shape.chance(20);
    // Where the agent does it by a whim, nothing tells when it is to be done.
    let does = if unsaid {
        play.not_derivable("a condition that nobody said");
        play.data.chance(50)
    } else {
        full["tier"] == tier
    };
    play.played.does = does;
    let way = play.shape.below(3);
    let before = play.shape.chance(50);
    if before {
        play.ask(
            "add_note",
            json!({ "customer_id": id, "text": "Called today." }),
        );
    }
    play.tell("Look after them.");
    if does {
        let tool = match way {
            0 => {
                play.ask(
                    "create_ticket",
                    json!({ "customer_id": id, "subject": "Call them back" }),
                );
                "create_ticket"
            }
            1 => {
                play.ask("send_email", json!({ "to": full["email"], "subject": "Thank you", "body": "We are glad to have you." }));
                "send_email"
            }
            _ => {
                play.ask(
                    "book_visit",
                    json!({ "customer_id": id, "city": full["address"]["city"] }),
                );
                "book_visit"
            }
        };
        if !unsaid {
            play.loops("if", &[tool], 2);
        }
    } else {
        play.not_derivable("what is done under a condition is not done");
    }
    if play.shape.chance(60) || !before {
        play.ask("update_address", json!({ "customer_id": id, "address": { "street": full["address"]["street"], "zip": full["address"]["zip"] } }));
    }
    play.end()
}
