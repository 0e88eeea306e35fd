//! Pydantic AI messages.

use super::*;

#[test]
fn parts_are_told_apart_by_their_kind() {
    let call = |id: &str, args: &Value| json!({"part_kind":"tool-call","tool_name":"refund","args":args,"tool_call_id":id});
    let messages = json!([
        {"kind":"request","instructions":"Be kind.","parts":[
            {"part_kind":"system-prompt","content":"Help."},
            {"part_kind":"user-prompt","content":"Refund 4711","timestamp":"2027-01-01T00:00:00Z"}]},
        {"kind":"response","usage":{"input_tokens":3,"output_tokens":2},"parts":[
            {"part_kind":"thinking","content":"hm"},
            {"part_kind":"text","content":"I do."},
            call("a", &json!("{\"order\":\"4711\"}")), call("b", &json!({"order":"9"})), call("c", &json!({}))]},
        {"kind":"request","parts":[
            {"part_kind":"tool-return","tool_name":"refund","tool_call_id":"a","content":{"ok":true}},
            {"part_kind":"retry-prompt","tool_name":"refund","tool_call_id":"b","content":"no such order"},
            {"part_kind":"tool-return","tool_name":"refund","tool_call_id":"c","content":"The call was denied.","outcome":"denied"}]}]);
    let by_line = messages.as_array().unwrap();
    for body in [
        messages.to_string(),
        lines(by_line),
        json!({"messages":messages}).to_string(),
    ] {
        let session = &sessions(&body)[0];
        assert_eq!(
            (session.format.as_str(), session.goal.as_deref()),
            ("pydantic-ai", Some("Refund 4711"))
        );
        let by_person = session.turns.iter().filter(|turn| {
            matches!(
                turn,
                Turn::Message {
                    role: Role::User,
                    ..
                }
            )
        });
        assert_eq!(by_person.count(), 1);
        let calls = calls(session);
        assert_eq!(calls[0].arguments, json!({"order":"4711"}));
        assert_eq!(calls[0].batch, calls[2].batch);
        let told: Vec<(bool, bool)> = calls
            .iter()
            .map(|call| (result(call).is_error, result(call).refused))
            .collect();
        assert_eq!(told, [(false, false), (true, false), (true, true)]);
        assert_eq!(session.usage.unwrap().input_tokens, 3);
        assert_eq!(session.bytes_left_out, 0);
    }
}
