//! A small shop with a support desk: what its tools answer follows from its data alone.

use super::random::Random;
use druse_engine::Timestamp;
use serde_json::{Map, Value, json};

const FIRST: [&str; 16] = [
    "Ana", "Ben", "Chloe", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko",
    "Liam", "Mara", "Nils", "Olga", "Pablo",
];
const LAST: [&str; 14] = [
    "Okafor",
    "Lindgren",
    "Marchetti",
    "Nowak",
    "Petrov",
    "Quispe",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Uribe",
    "Vogel",
    "Weber",
    "Xu",
    "Yilmaz",
];
const CITIES: [&str; 8] = [
    "Lisbon", "Graz", "Bergen", "Austin", "Kyoto", "Lima", "Ghent", "Oslo",
];
const STREETS: [&str; 6] = [
    "Elm Street",
    "Harbour Road",
    "Mill Lane",
    "Station Square",
    "Oak Avenue",
    "River Walk",
];
pub(super) const STATUSES: [&str; 4] = ["pending", "shipped", "delivered", "cancelled"];
pub(super) const STATES: [&str; 3] = ["waiting", "assigned", "resolved"];
pub(super) const PRIORITIES: [&str; 3] = ["low", "normal", "urgent"];
pub(super) const CLASSES: [&str; 3] = ["economy", "premium", "business"];
pub(super) const TOPICS: [&str; 7] = [
    "delivery",
    "invoice",
    "warranty",
    "password",
    "complaint",
    "discount",
    "installation",
];
pub(super) const KINDS: [&str; 3] = ["credit_card", "gift_card", "bank_account"];
const THINGS: [&str; 10] = [
    "desk lamp",
    "office chair",
    "standing desk",
    "monitor arm",
    "keyboard",
    "webcam",
    "headset",
    "notebook stand",
    "cable box",
    "footrest",
];
/// How many tickets stand on a page.
pub(super) const PAGE: usize = 2;
const COLOURS: [&str; 5] = ["black", "white", "green", "blue", "grey"];

/// The data.
pub(super) struct World {
    pub(super) customers: Vec<Value>,
    pub(super) orders: Vec<Value>,
    pub(super) products: Vec<Value>,
    pub(super) methods: Vec<(String, Map<String, Value>)>,
    pub(super) invoices: Vec<(String, Value)>,
    pub(super) tickets: Vec<Value>,
    /// When everything happens.
    pub(super) now: Timestamp,
}

fn day(random: &mut Random) -> String {
    format!(
        "20{:02}-{:02}-{:02}",
        26 + random.below(2),
        1 + random.below(12),
        1 + random.below(28)
    )
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut world = Self {
            customers: Vec::new(),
            orders: Vec::new(),
            products: Vec::new(),
            methods: Vec::new(),
            invoices: Vec::new(),
            tickets: Vec::new(),
            now: Timestamp(1_800_000_000_000 + (seed % 400) as i64 * 86_400_000),
        };
        for index in 0..14 {
            let colour = *random.pick(&COLOURS);
            let thing = THINGS[index % THINGS.len()];
            world.products.push(json!({
                "sku": format!("SKU-{:05}", random.below(90_000) + 10_000),
                "name": format!("{colour} {thing}"),
                "category": thing,
                "colour": colour,
                "price": (random.below(30_000) + 900) as f64 / 100.0,
                "rating": (random.below(40) + 10) as f64 / 10.0,
                "stock": random.below(60),
            }));
        }
        for index in 0..6 {
            let (first, last) = (
                FIRST[(index * 3 + random.below(3)) % FIRST.len()],
                *random.pick(&LAST),
            );
            let number = random.below(9_000) + 1_000;
            let id = format!("{}_{}_{number}", first.to_lowercase(), last.to_lowercase());
            let mut methods = Map::new();
            let mut kinds: Vec<&str> = KINDS.to_vec();
            random.shuffle(&mut kinds);
            for kind in kinds.into_iter().take(2 + random.below(2)) {
                let method = format!("{kind}_{}", random.below(9_000_000) + 1_000_000);
                methods.insert(
                    method.clone(),
                    json!({
                        "id": method,
                        "kind": kind,
                        "last_four": format!("{:04}", random.below(9_000) + 1_000),
                        "balance": random.below(900) + 20,
                    }),
                );
            }
            let mut orders = Vec::new();
            let mut statuses = STATUSES.to_vec();
            random.shuffle(&mut statuses);
            for status in statuses.into_iter().take(2 + random.below(3)) {
                let order = format!("#W{}", random.below(9_000_000) + 1_000_000);
                let items: Vec<Value> = (0..=random.below(3))
                    .map(|_| {
                        let product = random.pick(&world.products).clone();
                        json!({
                            "item_id": format!("{}", random.below(9_000_000_000) + 1_000_000_000),
                            "sku": product["sku"],
                            "name": product["name"],
                            "quantity": 1 + random.below(4),
                            "price": product["price"],
                        })
                    })
                    .collect();
                let total: f64 = items
                    .iter()
                    .map(|item| {
                        item["price"].as_f64().unwrap_or(0.0)
                            * item["quantity"].as_f64().unwrap_or(0.0)
                    })
                    .sum();
                let paid = methods
                    .keys()
                    .nth(random.below(methods.len()))
                    .cloned()
                    .unwrap_or_default();
                orders.push(Value::from(order.clone()));
                world.orders.push(json!({
                    "order_id": order,
                    "customer_id": id,
                    "status": status,
                    "placed_on": day(&mut random),
                    "items": items,
                    "total": (total * 100.0).round() / 100.0,
                    "payment": { "method_id": paid, "amount": (total * 100.0).round() / 100.0 },
                    "tracking": format!("TRK{}", random.below(900_000_000) + 100_000_000),
                }));
            }
            world.customers.push(json!({
                "customer_id": id,
                "name": { "first": first, "last": last },
                "email": format!("{}.{}{}@example.com", first.to_lowercase(), last.to_lowercase(), random.below(90) + 10),
                "phone": format!("+49 30 {}", random.below(9_000_000) + 1_000_000),
                "tier": *random.pick(&["basic", "silver", "gold"]),
                "address": {
                    "street": format!("{} {}", random.below(200) + 1, random.pick(&STREETS)),
                    "city": *random.pick(&CITIES),
                    "zip": format!("{}", random.below(90_000) + 10_000),
                },
                "orders": orders,
            }));
            world.methods.push((id, methods));
        }
        for _ in 0..3 {
            let supplier = format!(
                "{} {} Ltd",
                random.pick(&LAST),
                random.pick(&["Supply", "Energy", "Paper"])
            );
            world.invoices.push((
                format!("invoice-{}.txt", random.below(9_000) + 1_000),
                json!({
                    "supplier": supplier,
                    "iban": format!("DE{}", 10_000_000_000_000_000_000_u64 + random.next() % 8_000_000_000_000_000_000),
                    "amount": (random.below(90_000) + 1_000) as f64 / 100.0,
                    "reference": format!("INV-{}-{:04}", 2026 + random.below(2), random.below(9_000) + 1_000),
                    "due": day(&mut random),
                }),
            ));
        }
        world.open_tickets(&mut Random::new(seed ^ 0x7e57));
        world
    }

    /// Tickets of the customers, several of them alike in this or that.
    fn open_tickets(&mut self, random: &mut Random) {
        for customer in &self.customers {
            let mut topics = TOPICS.to_vec();
            random.shuffle(&mut topics);
            for topic in topics.into_iter().take(3 + random.below(4)) {
                self.tickets.push(json!({
                    "ticket_id": format!("T-{}", random.below(900_000) + 100_000),
                    "customer_id": customer["customer_id"],
                    "state": *random.pick(&STATES),
                    "priority": *random.pick(&PRIORITIES),
                    "topic": topic,
                    "hours": random.below(60),
                    "contact": format!("{}{}@example.org", random.pick(&FIRST).to_lowercase(), random.below(900) + 100),
                    "opened_on": day(random),
                }));
            }
        }
    }

    /// The day so many days from now.
    pub(super) fn day(&self, days: i64) -> String {
        let later = Timestamp(self.now.0 + days * 86_400_000);
        later.to_string()[..10].to_owned()
    }

    /// The tickets of a customer as a list tells them.
    fn ticket_rows(&self, customer: &str) -> Vec<Value> {
        self.tickets
            .iter()
            .filter(|ticket| ticket["customer_id"] == customer)
            .map(|ticket| {
                json!({
                    "ticket_id": ticket["ticket_id"], "state": ticket["state"],
                    "priority": ticket["priority"], "hours": ticket["hours"],
                })
            })
            .collect()
    }

    /// A booking of trips: a ticket, told in another way.
    fn booking(&self, id: &str) -> Option<Value> {
        let ticket = self
            .tickets
            .iter()
            .find(|ticket| ticket["ticket_id"].as_str() == id.strip_prefix('B'))?;
        let class = PRIORITIES
            .iter()
            .position(|one| ticket["priority"] == *one)?;
        let number = made("TR", &ticket["contact"]);
        Some(json!({
            "booking_id": id,
            "class": CLASSES.get(class)?,
            "trips": [{ "trip_number": number, "date": ticket["opened_on"] }],
            "guest": ticket["contact"],
        }))
    }

    /// The trips of a line, with a price for each class: the products of a colour, told in another way.
    fn trips(&self, line: &str) -> Vec<Value> {
        let number = |value: &Value| value.as_f64().unwrap_or(0.0);
        self.products
            .iter()
            .filter(|product| product["colour"] == line)
            .map(|product| {
                json!({
                    "trip_number": made("TR", &product["sku"]),
                    "prices": {
                        "economy": product["price"],
                        "premium": 400.0 - number(&product["price"]),
                        "business": 500.0 + number(&product["rating"]) * 10.0 + number(&product["stock"]),
                    },
                })
            })
            .collect()
    }

    /// What a tool answers; none when there is nothing.
    pub(super) fn call(&self, tool: &str, arguments: &Value) -> Option<Value> {
        let text = |key: &str| arguments.get(key).and_then(Value::as_str);
        let by = |all: &[Value], key: &str, value: &str| {
            all.iter().find(|one| one[key] == value).cloned()
        };
        Some(match tool {
            "find_customer" => {
                let found = by(&self.customers, "email", text("email")?)?;
                json!({ "customer_id": found["customer_id"], "tier": found["tier"] })
            }
            "search_customers" => {
                let last = text("last_name")?;
                let found: Vec<Value> = self
                    .customers
                    .iter()
                    .filter(|customer| customer["name"]["last"] == last)
                    .map(|customer| json!({
                        "customer_id": customer["customer_id"], "first_name": customer["name"]["first"],
                        "last_name": last, "city": customer["address"]["city"],
                    }))
                    .collect();
                Value::from(found)
            }
            "get_customer" => by(&self.customers, "customer_id", text("customer_id")?)?,
            "list_orders" => {
                let customer = text("customer_id")?;
                let found: Vec<Value> = self
                    .orders
                    .iter()
                    .filter(|order| order["customer_id"] == customer)
                    .map(|order| json!({
                        "order_id": order["order_id"], "status": order["status"], "placed_on": order["placed_on"],
                        "total": order["total"],
                    }))
                    .collect();
                json!({ "orders": found, "count": found.len() })
            }
            "get_order" => by(&self.orders, "order_id", text("order_id")?)?,
            "get_payment_methods" => {
                let customer = text("customer_id")?;
                let (_, methods) = self.methods.iter().find(|(id, _)| id == customer)?;
                json!({ "customer_id": customer, "methods": methods })
            }
            "search_products" => {
                let query = text("query")?;
                let found: Vec<Value> = self
                    .products
                    .iter()
                    .filter(|product| product["category"] == query || product["colour"] == query)
                    .cloned()
                    .collect();
                Value::from(found)
            }
            "read_file" => {
                let (_, invoice) = self
                    .invoices
                    .iter()
                    .find(|(name, _)| Some(name.as_str()) == text("path"))?;
                Value::from(format!(
                    "INVOICE\n-------\nSupplier: {}\nReference: {}\nAmount due: {:.2} EUR\nIBAN: {}\nDue date: {}\n\nThank you.",
                    invoice["supplier"].as_str()?,
                    invoice["reference"].as_str()?,
                    invoice["amount"].as_f64()?,
                    invoice["iban"].as_str()?,
                    invoice["due"].as_str()?,
                ))
            }
            "list_tickets" => json!({ "tickets": self.ticket_rows(text("customer_id")?) }),
            "list_ticket_ids" => {
                let customer = text("customer_id")?;
                let found: Vec<Value> = self
                    .tickets
                    .iter()
                    .filter(|ticket| ticket["customer_id"] == customer)
                    .map(|ticket| ticket["ticket_id"].clone())
                    .collect();
                json!({ "ticket_ids": found })
            }
            "list_booking_ids" => {
                let customer = text("customer_id")?;
                let found: Vec<String> = self
                    .tickets
                    .iter()
                    .filter(|ticket| ticket["customer_id"] == customer)
                    .filter_map(|ticket| Some(format!("B{}", ticket["ticket_id"].as_str()?)))
                    .collect();
                json!({ "booking_ids": found })
            }
            "list_customers" => {
                let tier = text("tier")?;
                let found: Vec<Value> = self
                    .customers
                    .iter()
                    .filter(|customer| customer["tier"] == tier)
                    .map(|customer| json!({
                        "customer_id": customer["customer_id"], "city": customer["address"]["city"],
                        "email": customer["email"],
                    }))
                    .collect();
                json!({ "customers": found })
            }
            "list_tickets_after" => {
                let all = self.ticket_rows(text("customer_id")?);
                let token = |from: usize| made("CUR", &json!([arguments["customer_id"], from]));
                let from = match text("cursor") {
                    Some(cursor) => (PAGE..all.len())
                        .step_by(PAGE)
                        .find(|from| token(*from) == cursor)?,
                    None => 0,
                };
                let next = (from + PAGE < all.len()).then(|| token(from + PAGE));
                let rows: Vec<Value> = all.into_iter().skip(from).take(PAGE).collect();
                json!({ "tickets": rows, "next_cursor": next })
            }
            "list_tickets_page" => {
                let all = self.ticket_rows(text("customer_id")?);
                let page = arguments.get("page").map_or(Some(1), Value::as_u64)?;
                let from = usize::try_from(page.checked_sub(1)?).ok()? * PAGE;
                let more = from + PAGE < all.len();
                let rows: Vec<Value> = all.into_iter().skip(from).take(PAGE).collect();
                json!({ "page": page, "tickets": rows, "has_more": more })
            }
            "list_tickets_from" => {
                let all = self.ticket_rows(text("customer_id")?);
                let from = usize::try_from(arguments.get("offset")?.as_u64()?).ok()?;
                let limit = usize::try_from(arguments.get("limit")?.as_u64()?).ok()?;
                let rows: Vec<Value> = all.into_iter().skip(from).take(limit).collect();
                json!({ "tickets": rows })
            }
            "list_requests" => json!({ "requests": self.requests(text("customer_id")?) }),
            "list_offers" => json!({ "offers": self.offers(text("query")?) }),
            "get_statement" => {
                let customer = by(&self.customers, "customer_id", text("customer_id")?)?;
                let order = self
                    .orders
                    .iter()
                    .find(|order| order["customer_id"] == customer["customer_id"])?;
                let total = order["total"].as_f64()?;
                let cents = (total * 100.0).round() as i64;
                let (whole, rest) = (cents / 100, cents % 100);
                let grouped = if whole >= 1_000 {
                    format!("{},{:03}.{rest:02}", whole / 1_000, whole % 1_000)
                } else {
                    format!("{whole}.{rest:02}")
                };
                json!({
                    "statement_id": made("STA", &customer["customer_id"]),
                    "due_at": format!("{}T10:30:00Z", order["placed_on"].as_str()?),
                    "balance": format!("{grouped} EUR"),
                })
            }
            "get_ticket" => {
                let mut ticket = by(&self.tickets, "ticket_id", text("ticket_id")?)?;
                // What a ticket answers does not say whose it is.
                ticket.as_object_mut()?.remove("customer_id");
                ticket
            }
            "get_booking" => self.booking(text("booking_id")?)?,
            "search_trips" => Value::from(self.trips(text("line")?)),
            "get_opening_hours" => {
                json!({ "monday": "09:00-17:00", "saturday": "closed", "zone": "Europe/Vienna" })
            }
            "get_policy" => Value::from(
                "Refunds go to the method that was paid with. Up to 3 items may be exchanged.",
            ),
            "get_room" => self.room(text("customer_id")?)?,
            "create_seat" => json!({ "seat_id": made("SEA", arguments) }),
            "create_ticket" => json!({ "ticket_id": made("TCK", arguments), "state": "open" }),
            "refund" => json!({ "refund_id": made("REF", arguments), "accepted": true }),
            "place_order" => json!({ "order_id": made("NEW", arguments), "status": "pending" }),
            "send_email" => json!({ "message_id": made("MSG", arguments) }),
            "pay_invoice" => json!({ "payment_id": made("PAY", arguments) }),
            "book_visit" => json!({ "visit_id": made("VIS", arguments) }),
            "order_stock" => json!({ "stock_order": made("STO", arguments) }),
            "return_items" => json!({ "return_id": made("RET", arguments), "label": "printed" }),
            "update_address" | "cancel_order" | "close_ticket" | "add_note" | "escalate_ticket"
            | "close_request" | "forward_request" | "book_offer" | "change_class" | "book_trip"
            | "charge_method" | "open_seat" => {
                json!({ "ok": true })
            }
            _ => return None,
        })
    }
}

/// An id that what was asked for makes.
pub(super) fn made(prefix: &str, arguments: &Value) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in arguments.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{prefix}-{}", hash % 900_000 + 100_000)
}

/// Whether a tool changes something.
pub(super) fn changes(tool: &str) -> bool {
    !["find_", "search_", "get_", "list_", "read_"]
        .iter()
        .any(|look| tool.starts_with(look))
}
