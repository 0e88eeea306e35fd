use super::*;
use crate::webhook::Headers;
use druse_engine::definition::EventFilter;
use serde_json::json;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().copied().collect()
}

fn paid() -> Value {
    json!({
        "specversion": "1.0", "id": "A-1", "source": "/shops/7", "type": "com.example.order.paid",
        "subject": "order/5", "time": "2027-01-01T10:00:00+01:00", "datacontenttype": "application/json",
        "traceid": "t", "drusedepth": 2, "data": { "total": 5 },
    })
}

#[test]
fn the_three_forms_read_the_same() {
    let event = read_one(paid()).unwrap();
    assert_eq!(event.occurrence(), "/shops/7\nA-1");
    assert_eq!((event.depth(), event.is_too_deep()), (2, false));
    assert_eq!(event.to_value(), paid());
    assert_eq!(read_one(event.to_value()).unwrap(), event);

    let body = paid().to_string();
    for media in [
        "application/cloudevents+json; charset=utf-8",
        "application/json",
    ] {
        let read = read(&headers(&[("content-type", media)]), body.as_bytes());
        assert_eq!(read, Ok(Received::One(Box::new(event.clone()))));
    }
    let batch = format!("[{body},{body}]");
    let read_batch = read(
        &headers(&[("Content-Type", "application/cloudevents-batch+json")]),
        batch.as_bytes(),
    );
    assert_eq!(read_batch, Ok(Received::Batch(vec![event.clone(); 2])));

    let binary = headers(&[
        ("ce-specversion", "1.0"),
        ("CE-Id", "A-1"),
        ("ce-source", "/shops/7"),
        ("ce-type", "com.example.order.paid"),
        ("ce-subject", "order%2F5"),
        ("ce-time", "2027-01-01T10:00:00+01:00"),
        ("ce-traceid", "t"),
        ("content-type", "application/json"),
        ("host", "example.com"),
    ]);
    let Ok(Received::One(mut read)) = read(&binary, b"{\"total\": 5}") else {
        panic!("not one event")
    };
    read.extensions.insert("drusedepth".into(), 2.into());
    read.extensions.sort_keys();
    assert_eq!(read.to_value(), paid());
}

#[test]
fn expressions_may_ask_for_what_an_event_does_not_have() {
    let event = read_one(
        json!({ "specversion": "1.0", "id": "1", "source": "s", "type": "t", "subject": null }),
    )
    .unwrap();
    assert_eq!(
        event.trigger(),
        json!({ "specversion": "1.0", "id": "1", "source": "s", "type": "t", "subject": null, "time": null,
            "datacontenttype": null, "dataschema": null, "data": null })
    );
    assert!(event.with_depth(17).is_too_deep());
}

#[test]
fn data_keeps_its_kind() {
    let with = |fields: Value| {
        let mut value = json!({ "specversion": "1.0", "id": "1", "source": "s", "type": "t" });
        value
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        read_one(value).map(|event| event.data)
    };
    assert_eq!(with(json!({ "data": null })), Ok(Data::Json(Value::Null)));
    assert_eq!(
        with(json!({ "data_base64": "eyJhIjoxfQ==", "datacontenttype": "application/json" })),
        Ok(Data::Json(json!({ "a": 1 })))
    );
    assert_eq!(
        with(json!({ "data_base64": "aGk=", "datacontenttype": "text/plain" })),
        Ok(Data::Json(json!("hi")))
    );
    assert_eq!(
        with(json!({ "data_base64": "iVBO", "datacontenttype": "image/png" })),
        Ok(Data::Base64("iVBO".into()))
    );
    let binary = |media: &str, body: &[u8]| {
        let mut all = vec![
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "s"),
            ("ce-type", "t"),
        ];
        all.push(("content-type", media));
        match read(&headers(&all), body) {
            Ok(Received::One(event)) => Ok(event.data),
            Ok(batch) => panic!("{batch:?}"),
            Err(error) => Err(error.message),
        }
    };
    assert_eq!(
        binary("image/png", b"\x89PN"),
        Ok(Data::Base64("iVBO".into()))
    );
    assert_eq!(binary("text/plain", b"hi"), Ok(Data::Json(json!("hi"))));
    assert_eq!(binary("application/json", b""), Ok(Data::None));
    assert!(binary("application/json", b"{").is_err());
}

#[test]
fn what_is_not_an_event_is_told() {
    let mut told = Vec::new();
    let mut tell = |error: EventError| {
        told.push(format!(
            "{} {} {} | {}",
            error.code,
            error.path.unwrap_or_default(),
            error.message,
            error.help
        ))
    };
    for (key, value) in [
        ("specversion", json!("0.3")),
        ("specversion", Value::Null),
        ("id", json!("")),
        ("id", json!(7)),
        ("source", Value::Null),
        ("source", json!("a b")),
        ("type", json!("a\nb")),
        ("time", json!("yesterday")),
        ("Subject", json!("x")),
        ("trace-id", json!("x")),
        ("extra", json!({})),
        ("extra", json!(1.5)),
        ("data_base64", json!("aGk=")),
        ("id", json!("x".repeat(1025))),
    ] {
        let mut event = paid();
        event[key] = value;
        tell(read_one(event).unwrap_err());
    }
    let body = paid().to_string();
    let bad_batch = format!("[{body},{{}}]");
    let huge_batch = format!("[{}1]", "1,".repeat(1000));
    for (pairs, body) in [
        (vec![("content-type", "application/cloudevents+json")], "{"),
        (vec![("content-type", "application/cloudevents+json")], "[]"),
        (vec![("content-type", "application/cloudevents+avro")], ""),
        (
            vec![("content-type", "application/cloudevents-batch+json")],
            &bad_batch,
        ),
        (
            vec![("content-type", "application/cloudevents-batch+json")],
            &huge_batch,
        ),
        (
            vec![("content-type", "application/cloudevents-batch+json")],
            "{}",
        ),
        (vec![("content-type", "text/plain")], "hello"),
        (
            vec![("ce-specversion", "1.0"), ("ce-id", "1"), ("CE-ID", "2")],
            "",
        ),
        (vec![("ce-specversion", "1.0"), ("ce-id", "%zz")], ""),
        (
            vec![
                ("ce-specversion", "1.0"),
                ("ce-datacontenttype", "text/plain"),
            ],
            "",
        ),
    ] {
        tell(read(&headers(&pairs), body.as_bytes()).unwrap_err());
    }
    insta::assert_snapshot!(told.join("\n"), @r###"
    invalid_event /specversion the version "0.3" of CloudEvents is not read here | Send `"specversion": "1.0"`.
    invalid_event /specversion the event has no `specversion` | Send `"specversion": "1.0"`.
    invalid_event /id `id` is empty | Give it a value, or leave it out where it is optional.
    invalid_event /id `id` is not a text | Write it in quotes.
    invalid_event /source the event has no `source` | Name where it happened, such as /shops/7.
    invalid_event /source `source` is a URI reference and holds no blanks | Write a blank as %20.
    invalid_event /type `type` holds control characters | Take them out.
    invalid_event /time `time` "yesterday" is not an RFC 3339 time | Write it as 2027-03-28T01:00:00Z.
    invalid_event /Subject "Subject" is not the name of an attribute | Did you mean `subject`?
    invalid_event /trace-id "trace-id" is not the name of an attribute | Names of attributes are lower-case letters and digits.
    invalid_event /extra the attribute extra is not a text, a whole number of 32 bits or a truth value | Put structured values into `data`.
    invalid_event /extra the attribute extra is not a text, a whole number of 32 bits or a truth value | Put structured values into `data`.
    invalid_event /data_base64 an event has `data` or `data_base64`, not both | Leave one out.
    invalid_event /id `id` is longer than 1024 bytes | Put long values into `data`.
    invalid_event  the body is not valid JSON (line 1, column 1) | Send one JSON object for each event.
    invalid_event  an event is a JSON object | Send `{"specversion": "1.0", "id": …, "source": …, "type": …}`.
    unsupported_event_format  "application/cloudevents+avro" is not a form of events that is read here | Send application/cloudevents+json.
    invalid_event /1/specversion the event has no `specversion` | Send `"specversion": "1.0"`.
    too_many_events  the batch has 1001 events; 1000 are taken at once | Send it in parts.
    invalid_event  a batch of events is a JSON list | Send `[{…}, {…}]`.
    unsupported_event_format  the request is not an event: it has neither a CloudEvents content type nor `ce-` headers | Send application/cloudevents+json, or the attributes as `ce-id`, `ce-source`, `ce-type` and `ce-specversion: 1.0`.
    invalid_event  the header ce-id was sent twice | Send it once.
    invalid_event  the header ce-id is not UTF-8 in percent encoding | Encode it as CloudEvents' HTTP binding says.
    invalid_event  `ce-datacontenttype` is not a header of an event | In the binary form the body is the data and Content-Type its type.
    "###);
}

#[test]
fn filters_choose_by_type_source_and_subject() {
    let event = read_one(paid()).unwrap();
    let matches = |event_type: &str, source: Option<&str>, subject: Option<&str>, event: &Event| {
        let filter = EventFilter {
            event_type: event_type.into(),
            source: source.map(Into::into),
            subject: subject.map(Into::into),
        };
        let filter = Filter::compile(&filter).unwrap();
        assert_eq!(filter.mismatch(event).is_none(), filter.matches(event));
        filter.matches(event)
    };
    assert!(matches("com.example.order.*", None, None, &event));
    assert!(matches("*", Some("/shops/*"), Some("order/5"), &event));
    assert!(!matches("*", Some("/shops/8"), None, &event));
    assert!(!matches("com.example.month.closed", None, None, &event));
    let without = Event {
        subject: None,
        ..event
    };
    assert!(matches("*", None, None, &without) && !matches("*", None, Some("*"), &without));
    let empty = EventFilter {
        subject: Some(String::new()),
        ..EventFilter::default()
    };
    assert_eq!(Filter::compile(&empty).unwrap_err().len(), 2);
}
