//! Yes, no, and what is neither.

use super::{Reply, declines, reply};

const QUESTION: &str =
    "I found ORD-77192 over 42.10. Shall I cancel order ORD-77192 and refund 42.10?";

#[test]
fn plain_answers_only() {
    for text in [
        "Yes, please proceed.",
        "yes",
        "y",
        "Go ahead!",
        "Great, thanks. Yes.",
        "Please proceed with it",
        "That’s correct",
        "Yes, go ahead. Will there be a mail?",
        "Absolutely.",
        "Correct.",
        "Fine by me.",
        "lgtm",
        "SGTM 👍",
        "👍",
        "Mach das.",
        "Ja, gerne.",
        "No worries, yes.",
        "OK",
        "Great, thanks!",
        "Perfect, thank you!",
        "Please",
        "Right",
        "No problem",
        "Let's do it",
        "Make it so",
        "That is all correct",
        "Yes, please go ahead and cancel the order.",
        "Yes, I confirm the cancellation of ORD-77192, thank you!",
    ] {
        assert_eq!(reply(text, QUESTION), Reply::Yes, "{text}");
    }
}

#[test]
fn a_yes_with_more_than_that_names_the_more() {
    for (text, more) in [
        (
            "Sure, provided it is still open.",
            "provided it is still open",
        ),
        (
            "Yes, when the total is below 50.",
            "when the total is below 50",
        ),
        ("Yes assuming Bob agrees.", "assuming Bob agrees"),
        (
            "Yes, as long as it has not shipped.",
            "as long as it has not shipped",
        ),
        ("OK, half of it.", "half of it"),
        ("Ja, aber nur die Hälfte.", "aber nur die Hälfte"),
        (
            "Ok, after you checked with Bob.",
            "after you checked with Bob",
        ),
        ("Yes, but use the other card", "but use the other card"),
        ("Yes, the smaller one.", "the smaller one"),
        ("Yes. Cancel ORD-88213 as well.", "Cancel ORD-88213 as well"),
        ("Yes maybe tomorrow.", "maybe tomorrow"),
        ("Yes, refund 21.05.", "refund 21.05"),
        ("Yes, no voucher needed.", "no voucher needed"),
        (
            "Yes, let's go with the card—no voucher needed, and no receipt. Thanks!",
            "let's go with the card—no voucher needed, and no receipt. Thanks",
        ),
        (
            "Yes, refund it to the card, not as store credit.",
            "refund it to the card, not as store credit",
        ),
        (
            "Yes, go ahead. I don't need a receipt.",
            "go ahead. I don't need a receipt",
        ),
        (
            "Yes, the more expensive one rather.",
            "the more expensive one rather",
        ),
        ("Yes, wait for Bob first.", "wait for Bob first"),
        ("Yes, can you do it today?", "can you do it today"),
        ("Sure, what comes next", "what comes next"),
        ("Yes, instead of the voucher.", "instead of the voucher"),
        (
            "Okay, I see that it is not refundable. Yes, please proceed.",
            "Okay, I see that it is not refundable. Yes, please proceed",
        ),
        (
            "That is a bit much. Well, yes, the details are right otherwise.",
            "That is a bit much. Well, yes, the details are right otherwise",
        ),
    ] {
        match reply(text, QUESTION) {
            Reply::Reserved(from, to) => assert_eq!(&text[from..to], more),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_long_answer_is_a_yes_with_a_reserve() {
    let more = "I'd like it in the small box, please. ".repeat(12);
    let long = |text: &str| reply(&format!("{text} {more}"), QUESTION);
    assert!(matches!(long("Yes, that is right."), Reply::Reserved(..)));
    assert!(matches!(long("I see. Yes, do it."), Reply::Reserved(..)));
    assert_eq!(long("No."), Reply::No);
    assert_eq!(long("I read about it."), Reply::No);
}

#[test]
fn a_yes_to_words_that_ask_nothing_is_one_that_is_hardly_anything_else() {
    for (text, expected) in [
        ("Yes, cancel it.", true),
        ("Okay, yes, thanks.", true),
        ("Go ahead.", true),
        ("Great, please proceed", true),
        ("👍", true),
        ("Yes?", false),
        ("Great. Please do the same for ORD-8.", false),
        ("Correct the address.", false),
        ("Sure", false),
        ("Ok, cancel ORD-8", false),
        ("", false),
    ] {
        assert_eq!(super::begins_with_yes(text), expected, "{text}");
    }
}

#[test]
fn a_name_beside_a_yes_may_be_of_what_is_sent() {
    let named = |word: &str| matches!(word, "credit" | "card" | "9725");
    for (more, expected) in [
        ("use the card ending in 9725", true),
        ("with my credit card ending in 9725, thank you", true),
        ("the card", true),
        ("use the other card", false),
        ("but use the card ending in 9725", false),
        ("only the card 9725", false),
        ("use the card ending in 9726", false),
        ("if the card 9725 works", false),
        ("not the card 9725", false),
        ("the card?", false),
        ("please", false),
    ] {
        assert_eq!(super::only_names(more, &named), expected, "{more}");
    }
}

#[test]
fn what_is_no_yes() {
    for text in [
        "",
        "No",
        "Okay never mind, leave it.",
        "Sure, forget about it.",
        "Yeah, right, I hate that idea.",
        "ok what does it cost",
        "Ok. What does it cost?",
        "Ok, which one is cheaper?",
        "Sure?",
        "Which ones?",
        "Yesterday I called",
        "Yes, but don't do it yet.",
        "Yes, actually no.",
        "Yes, don't cancel the order.",
        "No. I said yes yesterday.",
        "Yes... no, hold off for now.",
        "I was told yes by the shop",
        "The shop said: no. Yes?",
        "Hmm, hold on.",
        "Thanks!",
        "Ja, lieber nicht.",
    ] {
        assert_eq!(reply(text, QUESTION), Reply::No, "{text}");
    }
}

#[test]
fn who_declines_says_no_whatever_the_words() {
    let question = "Shall I delete srv-771?";
    for text in [
        "no",
        "No, thanks.",
        "Better not",
        "nein",
        "Cancel that.",
        "stop",
        "Nope!",
        "Hmm, hold on.",
        "Please don't.",
        "Don't delete it",
        "I'd rather not.",
        "Okay never mind, leave it.",
        "Lieber nicht.",
        "Not now",
        "I changed my mind",
        "No, do not delete srv-771.",
        "Let's not",
        "👎",
        "Yes, but don't do it yet.",
    ] {
        assert_eq!(super::declines(text, question), Some(""), "{text}");
    }
    for (text, more) in [
        ("No, delete srv-772 instead.", "delete srv-772 instead."),
        ("No. Rename it to old-771.", "Rename it to old-771."),
        ("No, we still need it", "still need it"),
    ] {
        let found = super::declines(text, question);
        assert!(
            found.is_some_and(|said| said.ends_with(more)),
            "{text}: {found:?}"
        );
    }
    for text in [
        "yes",
        "No worries, yes.",
        "Sure, provided it is still stopped.",
        "Which one is it?",
        "srv-771 is the one",
        "Delete srv-772",
        "Thanks!",
        "",
    ] {
        assert_eq!(super::declines(text, question), None, "{text}");
    }
    for (question, text) in [
        ("Shall I stop the server?", "Stop it"),
        ("Should I cancel the order?", "Cancel it please"),
    ] {
        assert_eq!(super::declines(text, question), None, "{text}");
    }
}

/// A yes word in front of it does not make a refusal a yes.
#[test]
fn a_refusal_behind_a_yes_word_is_a_no() {
    let question = "Order ORD-77192 is pending. Shall I cancel order ORD-77192?";
    for text in [
        "Yes, I understand. Please don't cancel it.",
        "Yes, I understand, please don't cancel it.",
        "Yeah I heard you. No.",
        "Yeah, I heard you, no.",
        "Yes that is the order, but do not cancel it.",
        "Yes, it's pending, and I want to keep it. Don't cancel.",
        "Correct, that's my order. I changed my mind though, don't cancel it.",
        "Ja, das ist die Bestellung. Bitte nicht stornieren.",
        "Ok I see. Yes that is mine. Please don't cancel it.",
        "Yes, cancel it. Actually no.",
    ] {
        assert_eq!(reply(text, question), Reply::No, "{text}");
        assert_eq!(declines(text, question), Some(""), "{text}");
    }
    for text in [
        "Yes. Please don't send a receipt.",
        "Yes, that one, but don't cancel it if it has shipped.",
        "Yes, and no voucher please.",
        "Yes, cancel it. Can't wait!",
        "Yes, that one. Don't wait for me.",
        "Ja, die Bestellung. Bitte nicht vergessen.",
    ] {
        assert!(
            matches!(reply(text, question), Reply::Reserved(..)),
            "{text}"
        );
        assert_eq!(declines(text, question), None, "{text}");
    }
    // A no to a part of what was asked leaves the rest.
    let text = "Yes, cancel it, but don't refund it.";
    assert!(matches!(reply(text, QUESTION), Reply::Reserved(..)));
    assert_eq!(reply("Yes, do it. No, that's all.", question), Reply::Yes);
}

/// Where the question only asks for a yes, what was told before it may be said again.
#[test]
fn the_words_of_a_question_may_be_said_again() {
    let question = "I would exchange the keyboard. Do you confirm (yes/no)?";
    assert_eq!(reply("Yes, exchange the keyboard.", question), Reply::Yes);
    let question = "There are ORD-1 and ORD-2. Shall I cancel ORD-1?";
    assert_eq!(reply("Yes, ORD-1", question), Reply::Yes);
    assert!(matches!(reply("Yes, ORD-2", question), Reply::Reserved(..)));
}
