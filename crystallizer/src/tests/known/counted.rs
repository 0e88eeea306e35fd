//! Programs that do the same a number of times and count: as often as the person said, over the range that they named, or
//! as often as an answer says.

use super::program::{Play, Played};
use super::world::World;
use serde_json::{Value, json};

/// The most times.
const MOST: usize = 7;

/// How the number is sent.
#[derive(Clone, Copy)]
enum Written {
    Number,
    Label,
    Filled,
    Tens,
}

impl Written {
    fn of(self, number: i64) -> Value {
        match self {
            Self::Number => Value::from(number),
            Self::Label => Value::from(format!("Seat {number}")),
            Self::Filled => Value::from(format!("S-{number:03}")),
            Self::Tens => Value::from(number * 10),
        }
    }
}

impl World {
    /// The room of a customer, with how many seats it is to have.
    pub(super) fn room(&self, customer: &str) -> Option<Value> {
        let at = self
            .customers
            .iter()
            .position(|one| one["customer_id"] == customer)?;
        let orders = self
            .orders
            .iter()
            .filter(|one| one["customer_id"] == customer)
            .count();
        Some(json!({
            "room_id": super::world::made("RM", &json!(customer)),
            "seats": 3 + (at * 5 + orders * 3) % MOST,
            "is_open": at.is_multiple_of(2),
        }))
    }
}

impl Play<'_> {
    /// Makes seats with these numbers, in one step or in two.
    fn seat_each(&mut self, room: &Value, numbers: std::ops::Range<i64>, written: Written) {
        let in_two = self.shape.chance(30);
        let passes = usize::try_from(numbers.end - numbers.start).unwrap_or(0);
        let tools: &[&str] = match in_two {
            true => &["create_seat", "open_seat"],
            false => &["create_seat"],
        };
        self.loops("for_each", tools, passes);
        for number in numbers {
            let sent = json!({ "room_id": room["room_id"], "number": written.of(number) });
            let made = self.ask("create_seat", sent);
            if in_two {
                self.ask("open_seat", json!({ "seat_id": made["seat_id"] }));
            }
        }
    }

    fn room(&mut self) -> Value {
        let customer = self.customer();
        self.ask("get_room", json!({ "customer_id": customer }))
    }
}

/// Plays the program of a shape that counts.
pub(super) fn play(shape: u64, world: &World, data: u64) -> Option<Played> {
    let mut play = Play::new(shape ^ 0x710_0000, world, data);
    play.chatter();
    play.played.does = play.data.chance(50);
    let room = play.room();
    let count = i64::try_from(2 + play.data.below(MOST)).ok()?;
    let written = match play.shape.below(4) {
        0 => Written::Label,
        1 => Written::Filled,
        2 => Written::Tens,
        _ => Written::Number,
    };
    match play.shape.below(4) {
        0 => {
            let told = play.said(&Value::from(count));
            let text = match play.shape.below(3) {
                0 => format!("Create {told} seats in my room."),
                1 => format!("My room needs {told} new seats, please create them."),
                _ => format!("Set up my room with {told} seats."),
            };
            play.tell(&text);
            play.seat_each(&room, 1..count + 1, written);
        }
        1 => {
            let first = i64::try_from(2 + play.data.below(40)).ok()?;
            let (from, to) = (
                play.said(&Value::from(first)),
                play.said(&Value::from(first + count)),
            );
            let text = match play.shape.below(3) {
                0 => format!("Create the seats {from} to {to} in my room."),
                1 => format!("Create seats from {from} through {to}."),
                _ => format!("Please create seats {from}-{to} for me."),
            };
            play.tell(&text);
            let written = match written {
                Written::Tens => Written::Number,
                other => other,
            };
            play.seat_each(&room, first..first + count + 1, written);
        }
        2 => {
            let first = i64::try_from(101 + play.data.below(300)).ok()?;
            let told = play.said(&Value::from(count));
            let from = play.said(&Value::from(first));
            play.tell(&format!(
                "Create {told} seats in my room. The first one is number {from}."
            ));
            play.seat_each(&room, first..first + count, Written::Number);
        }
        _ => {
            play.tell("Create all the seats that my room is to have.");
            let count = room["seats"].as_i64()?;
            play.seat_each(&room, 1..count + 1, written);
        }
    }
    play.end()
}
