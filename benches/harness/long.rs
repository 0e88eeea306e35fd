//! Recordings of any length, made for measuring.

#![allow(dead_code, unreachable_pub)]

use serde_json::{Value, json};

/// A recording of a clerk who handles one order after the other.
pub fn clerk(calls: usize) -> Value {
    let mut messages =
        vec![json!({ "role": "user", "content": "Work through the inbox of today." })];
    let mut push = |index: usize, name: &str, arguments: Value, content: Value| {
        let id = format!("c{index}");
        messages.push(json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": content }));
    };
    for index in 0..calls {
        let case = index / 4;
        let (customer, order) = (
            format!("cust_{:06}", case * 7 + 13),
            format!("#W{:07}", case * 31 + 5),
        );
        match index % 4 {
            0 => push(
                index,
                "find_customer",
                json!({ "email": format!("person{case}@example.com") }),
                json!({ "customer_id": customer, "tier": "gold" }),
            ),
            1 => push(
                index,
                "list_orders",
                json!({ "customer_id": customer }),
                json!({ "orders": [
                { "order_id": order, "status": "delivered", "total": case as f64 + 0.5 },
                { "order_id": format!("#W{:07}", case * 31 + 9), "status": "pending", "total": 12.5 },
            ] }),
            ),
            2 => push(
                index,
                "get_order",
                json!({ "order_id": order }),
                json!({
                    "order_id": order, "items": [{ "sku": format!("SKU-{case:05}"), "quantity": 2 }],
                    "payment": { "method_id": format!("card_{:07}", case * 3 + 11) },
                }),
            ),
            _ => push(
                index,
                "refund",
                json!({ "order_id": order, "method_id": format!("card_{:07}", case * 3 + 11), "note": "as asked" }),
                json!({ "ok": true }),
            ),
        }
    }
    json!({ "status": "succeeded", "messages": messages })
}

/// A recording of someone who writes code.
pub fn coder(calls: usize) -> Value {
    let mut messages =
        vec![json!({ "role": "user", "content": "Make the tests of the parser pass." })];
    for index in 0..calls {
        let id = format!("c{index}");
        let (name, arguments) = match index % 3 {
            0 => (
                "Read",
                json!({ "file_path": format!("/repo/src/part_{}.rs", index % 97) }),
            ),
            1 => (
                "Edit",
                json!({ "file_path": format!("/repo/src/part_{}.rs", index % 97), "old_string": format!("let x{index} = 1;"), "new_string": format!("let x{index} = 2;") }),
            ),
            _ => (
                "Bash",
                json!({ "command": format!("cd /repo && cargo test part_{} 2>&1 | tail -20", index % 97) }),
            ),
        };
        messages.push(json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": format!("line {index}: ok, {} passed\n", index % 50).repeat(4) }));
    }
    json!({ "status": "succeeded", "messages": messages })
}
