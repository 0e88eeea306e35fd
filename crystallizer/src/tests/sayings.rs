//! What people may say to narrow, order, cap or condition what they ask for, in many ways: each is followed where one
//! field can be meant, accepted where it says nothing of the kind, and asked about otherwise. Never accepted in silence.

use super::build::*;
use crate::report::Level;
use crate::session::{Role, Session};
use crate::{Crystallized, Mode, Options};
use serde_json::{Value, json};

/// What has to become of a saying.
#[derive(Debug, Clone, Copy)]
enum Becomes {
    /// The whole list, and no question.
    All,
    /// A part of it by this filter, and no question.
    Part(&'static str),
    /// A question.
    Asked,
}

use Becomes::{All, Asked, Part};

fn bound(session: &Session) -> Crystallized {
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    made(session, &options)
}

fn asked(made: &Crystallized) -> Vec<&str> {
    made.report
        .findings
        .iter()
        .filter(|finding| finding.code == "condition_not_shown" && finding.acknowledge)
        .map(|finding| finding.message.as_str())
        .collect()
}

/// All tickets of a list are closed. All are Bob's, waiting, not pinned, months old; the recording is of 2027-01-15.
fn closing(task: &str) -> Session {
    let ids = ["T-48121", "T-77340", "T-10553"];
    let opened = ["2026-09-03", "2026-10-09", "2026-11-21"];
    let hours = [31, 52, 44];
    let all: Vec<Value> = ids
        .iter()
        .zip(opened)
        .zip(hours)
        .map(|((id, day), hours)| {
            json!({
                "ticket_id": id, "pinned": false, "owner": "Bob", "state": "waiting", "opened_on": day,
                "hours": hours,
            })
        })
        .collect();
    let mut turns = vec![call(
        "l",
        0,
        "list_tickets",
        match task.contains("desk_2207") {
            true => json!({ "queue": "desk_2207" }),
            false => json!({}),
        },
        json!({ "tickets": all }),
    )];
    for (number, id) in ids.iter().enumerate() {
        let number = u32::try_from(number + 1).unwrap();
        turns.push(call(
            &format!("c{number}"),
            number,
            "close_ticket",
            json!({ "ticket_id": id }),
            json!({ "ok": true }),
        ));
    }
    session(task, turns)
}

fn over(made: &Crystallized) -> String {
    let all: Vec<&str> = made
        .document
        .steps
        .iter()
        .filter_map(|step| step.for_each.as_ref()?.items.as_str())
        .collect();
    all.join(" ")
        .replace("steps.list_tickets.output.tickets", "TICKETS")
}

fn hold(cases: &[(&str, Becomes)], play: impl Fn(&str) -> Session) {
    let mut wrong = Vec::new();
    for (task, expected) in cases {
        let made = bound(&play(task));
        let (asked, over) = (asked(&made), over(&made));
        let accepted = asked.is_empty() && made.report.generalisable >= Some(Level::Renamed);
        let right = match expected {
            All => accepted && over == "{{ TICKETS }}",
            Part(filter) => accepted && over == format!("{{{{ {filter} }}}}"),
            Asked => {
                let asks = !asked.is_empty() || !made.report.questions.is_empty();
                !accepted && asks
            }
        };
        if !right {
            wrong.push(format!(
                "{task}\n    {expected:?}, but {over} {:?} {asked:?}",
                made.report.generalisable
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

const UNPINNED: Becomes = Part("TICKETS | where('pinned', false)");
const OLD: Becomes = Part(
    "TICKETS | selectattr('opened_on', 'lt', run.started_at | format_date('%Y-%m-%d') | add_days(-30)) | list",
);

#[test]
fn what_says_nothing_of_the_kind_is_accepted() {
    hold(
        &[
            ("Close all tickets.", All),
            ("Close all tickets of desk_2207.", All),
            ("Please close every ticket of desk_2207, thanks!", All),
            (
                "Could you please go ahead and close all the tickets for me?",
                All,
            ),
            (
                "Hi team, I'd like you to close all tickets in desk_2207 as soon as possible.",
                All,
            ),
            ("Tidy up: close all tickets.", All),
            ("Clean out desk_2207 by closing all of its tickets.", All),
            ("Close out all tickets.", All),
            ("Close off all the tickets, one by one.", All),
            (
                "Close down every ticket and tell me when you are done.",
                All,
            ),
            (
                "Close all tickets and let me know how many there were.",
                All,
            ),
            ("Close all tickets, including the pinned ones.", All),
            ("Close all tickets, even the pinned ones.", All),
            ("Close all tickets (also the pinned ones).", All),
            ("Close all tickets, incl. the pinned ones.", All),
            (
                "Close all tickets because I'm leaving the company tomorrow.",
                All,
            ),
            ("I need all tickets closed.", All),
            ("All tickets should be closed.", All),
            ("All tickets have to be closed, please.", All),
            ("The tickets can all be closed now.", All),
            ("Close these three tickets.", All),
            ("Look at the tickets of desk_2207. Close them.", All),
            (
                "Look at desk_2207 and close every ticket there. Don't worry about replies.",
                All,
            ),
            ("Close all tickets. Don't hesitate to ask me.", All),
            ("Close all tickets. Keep me posted.", All),
            ("Close all tickets. No rush.", All),
            ("Close all tickets if possible.", All),
            ("Deal with all tickets.", All),
            ("Close all tickets carefully.", All),
            ("Close everything in desk_2207.", All),
            ("Close all tickets regardless of owner.", All),
            ("Close all tickets, pinned or not.", All),
            ("Close all tickets no matter who owns them.", All),
            ("Close all tickets without exception.", All),
            ("Close all tickets, no exceptions.", All),
            ("Close all the tickets you find.", All),
            (
                "Can you close all the tickets? I can't find the button.",
                All,
            ),
            (
                "Hello, my name is Carla. Could you close all tickets? Best, Carla",
                All,
            ),
            ("Close all tickets, every single one of them.", All),
            ("Nuke all tickets.", All),
            ("Schließe alle Tickets.", All),
            ("Bitte schließe alle Tickets in desk_2207, danke!", All),
            ("Kannst du bitte alle Tickets schließen?", All),
            ("Schließe alle Tickets, auch die pinned.", All),
        ],
        closing,
    );
}

#[test]
fn what_is_left_out_is_followed_or_asked_about() {
    hold(
        &[
            ("Close all tickets except the pinned ones.", UNPINNED),
            ("Close all tickets that are not pinned.", UNPINNED),
            ("Close all unpinned tickets.", UNPINNED),
            ("Close all tickets, but not the pinned ones.", UNPINNED),
            ("Close all tickets, and not Bob's.", Asked),
            ("Close all tickets, and not Anna's.", Asked),
            ("Close all tickets, not Anna's.", Asked),
            ("Close all tickets but Anna's.", Asked),
            ("Close all tickets but the ones of Anna.", Asked),
            ("Close all tickets except for the VIPs.", Asked),
            ("Close all tickets other than the VIP ones.", Asked),
            ("Close all tickets minus Anna's.", Asked),
            ("Close all tickets save for the VIP tickets.", Asked),
            ("Close all tickets apart from those of the board.", Asked),
            ("Close all tickets. Anna's must stay.", Asked),
            ("Close all tickets. Anna's should stay open.", Asked),
            ("Close all tickets. Those of Anna remain open.", Asked),
            ("Close all tickets. The VIPs are off limits.", Asked),
            ("Close all tickets. Hands off the VIPs!", Asked),
            ("Close all tickets. Hands off Anna's.", Asked),
            ("Close all tickets. Leave Anna's alone.", Asked),
            ("Close all tickets and leave Anna's open.", Asked),
            ("Close all tickets and keep the VIPs.", Asked),
            ("Close all tickets; spare the VIPs.", Asked),
            ("Close all tickets. Ignore spam.", Asked),
            ("Close all tickets. Skip Anna.", Asked),
            ("Close all tickets. Exceptions: VIPs.", Asked),
            ("Close all tickets (without VIPs).", Asked),
            ("Close all tickets, VIPs excluded.", Asked),
            ("Close all tickets, excluding VIPs.", Asked),
            ("Close all tickets. No VIPs.", Asked),
            ("Close all tickets:\n- no VIPs", Asked),
            ("Close all tickets. Stay away from the VIPs.", Asked),
            ("Close all tickets. Steer clear of VIPs.", Asked),
            ("Never close tickets of Anna. Close all tickets.", Asked),
            ("Close all tickets. Don't touch the VIPs.", Asked),
            ("Don't close Anna's, but close all other tickets.", Asked),
            ("Close all tickets with the exception of VIPs.", Asked),
            (
                "Nothing of Anna's is to be closed. Close all tickets.",
                Asked,
            ),
        ],
        closing,
    );
}

#[test]
fn caps_orders_ages_and_ranges_are_followed_or_asked_about() {
    hold(
        &[
            (
                "Close the first three tickets.",
                Part("TICKETS[:inputs.count]"),
            ),
            ("Close at most three tickets.", Asked),
            ("Close up to five tickets.", Asked),
            ("Close no more than five tickets.", Asked),
            ("Close all tickets, max. 5.", Asked),
            ("Close all tickets, five at most.", Asked),
            ("Close all tickets. Stop after five.", Asked),
            ("Close all tickets, but stop after the fifth.", Asked),
            ("Close half of the tickets.", Asked),
            ("Close some tickets.", Asked),
            ("Close a few tickets.", Asked),
            ("Close a couple of tickets.", Asked),
            ("Close a dozen tickets.", Asked),
            ("Close several of the tickets.", Asked),
            ("Close most of the tickets.", Asked),
            ("Close every second ticket.", Asked),
            ("Close every other ticket.", Asked),
            ("Limit it to ten. Close all tickets.", Asked),
            ("Close all tickets, oldest first.", Asked),
            ("Close all tickets, starting with the oldest.", Asked),
            ("Close all tickets. Start with the oldest.", Asked),
            ("Close all tickets in alphabetical order.", Asked),
            ("Close all tickets from newest to oldest.", Asked),
            ("Close all tickets older than 30 days.", OLD),
            ("Close all tickets which are older than 30 days.", OLD),
            ("Close all tickets older than a month.", Asked),
            (
                "Close all tickets. They have to be older than 30 days.",
                Asked,
            ),
            ("Close all tickets. Older than 30 days only.", Asked),
            ("Close all tickets\n- older than 30 days", Asked),
            (
                "Close all tickets that are between 30 and 300 days old.",
                Asked,
            ),
            ("Close all tickets opened before December.", Asked),
            ("Close all tickets opened in 2026.", Asked),
            ("Close all tickets from last year.", Asked),
            ("Close all tickets of last autumn.", Asked),
            ("Close all tickets from today.", Asked),
            ("Close all tickets due today.", Asked),
            ("Close today's tickets.", Asked),
            ("Close yesterday's tickets.", Asked),
            ("Close all tickets since Monday.", Asked),
            ("Close all tickets until T-77340.", Asked),
            ("Close all tickets that have been open for ages.", Asked),
            ("Close all stale tickets.", Asked),
            ("Close all recent tickets.", Asked),
            ("Close all tickets with less than 5 replies.", Asked),
            ("Close all tickets worth over 100 euros.", Asked),
            ("Close all tickets between T-1 and T-9.", Asked),
            ("Close the top tickets.", Asked),
            ("Close all but three tickets.", Asked),
            ("Close all tickets so that only five remain.", Asked),
            ("Close 10% of the tickets.", Asked),
            ("Close three or four tickets.", Asked),
            ("Close all tickets before lunch.", Asked),
            ("Close the longest tickets.", Asked),
        ],
        closing,
    );
}

#[test]
fn conditions_possession_and_negations_are_followed_or_asked_about() {
    hold(
        &[
            ("Close all tickets if Anna agrees.", Asked),
            ("Close all tickets unless Anna objects.", Asked),
            ("Close all tickets once Anna has agreed.", Asked),
            ("Close all tickets after Anna has agreed.", Asked),
            ("Close all tickets as soon as Anna agrees.", Asked),
            ("Wait for Anna, then close all tickets.", Asked),
            ("Only with Anna's consent: close all tickets.", Asked),
            ("Close all tickets provided that they are paid.", Asked),
            ("Close all tickets where nobody replied.", Asked),
            ("Close all tickets whose customers left.", Asked),
            ("Close the tickets nobody wants.", Asked),
            ("Close the tickets I opened.", Asked),
            ("Close the tickets assigned to me.", Asked),
            ("Close all of Anna's tickets.", Asked),
            (
                "Close Bob's tickets.",
                Part("TICKETS | where('owner', inputs.owner)"),
            ),
            ("Close every ticket of Anna and Bob.", Asked),
            ("Close Anna's tickets.", Asked),
            ("Close all tickets that belong to Anna.", Asked),
            ("Close all tickets belonging to Anna.", Asked),
            ("Close my team's tickets.", Asked),
            ("Close all tickets on my wife's account.", Asked),
            (
                "Close the tickets of Bob.",
                Part("TICKETS | where('owner', inputs.owner)"),
            ),
            ("Close all tickets (unpinned).", Asked),
            ("Close all tickets (urgent).", Asked),
            ("Close all tickets. Urgent only.", Asked),
            ("Close all tickets. Only the urgent.", Asked),
            ("Only urgent! Close all tickets.", Asked),
            ("Close all tickets. Just the urgent ones.", Asked),
            ("Close all urgent tickets.", Asked),
            ("Close the tickets that are urgent.", Asked),
            ("Close the tickets marked as spam.", Asked),
            ("Close the tickets that are waiting and urgent.", Asked),
            ("Close the waiting and urgent tickets.", Asked),
            ("Close the tickets that aren't urgent.", Asked),
            ("Close the non-urgent tickets.", Asked),
            ("Close no urgent tickets; close all other tickets.", Asked),
            ("Close all tickets that are not unpinned.", Asked),
            ("Close all tickets, not excluding the pinned ones.", Asked),
            ("Close not only the pinned tickets.", Asked),
            (
                "Close all tickets that neither Anna nor Carla opened.",
                Asked,
            ),
            ("Close the tickets without an answer.", Asked),
            ("Close the tickets that lack an answer.", Asked),
            ("Close unanswered tickets.", Asked),
            ("The pinned tickets are nice. Close all tickets.", Asked),
            ("The unpinned tickets suck. Close all tickets.", Asked),
            ("I have unpinned tickets. Close all tickets.", Asked),
            ("Close all tickets. They must be unpinned.", Asked),
            ("Close all tickets. It has to be urgent.", Asked),
            ("Close all tickets with a photo.", Asked),
            ("Close all tickets about refunds.", Asked),
            ("Close all tickets in Spanish.", Asked),
            ("Close all tickets in the EU.", Asked),
            ("Close all spam tickets.", Asked),
            (
                "Close all waiting tickets.",
                Part("TICKETS | where('state', inputs.state)"),
            ),
            ("Close everything urgent.", Asked),
            ("Close whatever looks abandoned in the tickets.", Asked),
            ("Close all tickets and archive the urgent ones.", Asked),
        ],
        closing,
    );
}

#[test]
fn other_languages_are_read_or_asked_about() {
    hold(
        &[
            ("Schließe alle Tickets, die älter als 30 Tage sind.", OLD),
            ("Schliesse alle Tickets die älter als 30 Tage sind.", OLD),
            ("Schließe alle Tickets, die Anna gehören.", Asked),
            ("Schließe alle Tickets, deren Besitzer weg ist.", Asked),
            ("Schließe alle Tickets des Vorstands.", Asked),
            ("Schließe alle Tickets außer denen von Anna.", Asked),
            ("Schließe alle Tickets, aber nicht die von Anna.", Asked),
            ("Schließe alle Tickets. Annas bleiben offen.", Asked),
            ("Schließe alle Tickets. Finger weg von den VIPs!", Asked),
            ("Schließe alle Tickets, solange sie alt sind.", Asked),
            ("Schließe nur die dringenden Tickets.", Asked),
            ("Schließe höchstens fünf Tickets.", Asked),
            ("Schließe alle Tickets von letzter Woche.", Asked),
            ("Ferme tous les tickets de plus de 30 jours.", Asked),
            ("Fermez toutes les demandes sauf celles d'Anna.", Asked),
            ("Cierra todos los tickets que no sean urgentes.", Asked),
            ("Cierra todas las incidencias de más de 30 días.", Asked),
            ("Chiudi tutti i ticket tranne quelli urgenti.", Asked),
            ("Feche todos os tickets com mais de 30 dias.", Asked),
            ("Sluit alle tickets die ouder zijn dan 30 dagen.", Asked),
            ("Sluit alle meldingen, behalve die van Anna.", Asked),
            ("Zamknij wszystkie zgłoszenia starsze niż 30 dni.", Asked),
            ("Stäng alla ärenden som är äldre än 30 dagar.", Asked),
            ("30 günden eski tüm biletleri kapat.", Asked),
            ("Sulje kaikki yli 30 päivää vanhat tiketit.", Asked),
            ("Закрой все заявки старше 30 дней.", Asked),
            ("关闭所有超过三十天的工单。", Asked),
            ("30日以上前のチケットをすべて閉じてください。", Asked),
            ("Bonjour! Close all tickets. Merci beaucoup!", All),
        ],
        closing,
    );
}

/// The cheapest of some flights is booked. All are refundable, and of one airline.
fn booking(task: &str) -> Session {
    let all: Vec<Value> = [("HAT069", 121), ("HAT083", 164), ("HAT271", 190)]
        .iter()
        .map(|(number, price)| {
            json!({ "flight_number": number, "price": price, "refundable": true, "airline": "KLM" })
        })
        .collect();
    session(
        task,
        vec![
            call(
                "s",
                0,
                "search_flights",
                json!({ "to": "OSL" }),
                json!({ "flights": all }),
            ),
            call(
                "b",
                1,
                "book_flight",
                json!({ "flight_number": "HAT069" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn what_is_said_of_the_cheapest_is_followed_or_asked_about() {
    let cases = [
        ("Book the cheapest flight to OSL.", ""),
        ("Please book me the cheapest flight to OSL, thanks.", ""),
        ("I need to get to OSL: book the cheapest flight for me.", ""),
        ("Book the cheapest flight to OSL and tell me its price.", ""),
        ("Book the cheapest refundable flight to OSL.", "refundable"),
        (
            "Book the cheapest flight to OSL. It has to be refundable.",
            "?",
        ),
        ("Book the cheapest flight to OSL. It must be direct.", "?"),
        (
            "Book the cheapest flight to OSL, which has to be direct.",
            "?",
        ),
        ("Book the cheapest flight to OSL. No Ryanair.", "?"),
        ("Book the cheapest flight to OSL, no Ryanair.", "?"),
        ("Book the cheapest flight to OSL, but no red-eyes.", "?"),
        ("Book the cheapest flight to OSL (direct).", "?"),
        ("Book the cheapest flight to OSL. Direct only.", "?"),
        ("Book the cheapest flight to OSL. Hands off Ryanair!", "?"),
        ("Book the cheapest flight to OSL before noon.", "?"),
        ("Book the cheapest flight to OSL under 200 euros.", "?"),
        ("Book the cheapest flight to OSL, at most 200 euros.", "?"),
        ("Book the cheapest flight to OSL with a window seat.", "?"),
        ("Book the cheapest flight to OSL without stops.", "?"),
        (
            "Book the cheapest flight to OSL unless it is a red-eye.",
            "?",
        ),
        ("Book the cheapest flight to OSL that is direct.", "?"),
        ("Book the cheapest non-stop flight to OSL.", "?"),
        (
            "Book the cheapest flight to OSL, leaving in the morning.",
            "?",
        ),
        ("Book the cheapest flight to OSL. Avoid Ryanair.", "?"),
        (
            "Book the cheapest flight to OSL; keep clear of Ryanair.",
            "?",
        ),
    ];
    let mut wrong = Vec::new();
    for (task, expected) in cases {
        let made = bound(&booking(task));
        let with = made.document.steps[1].with.as_ref().unwrap();
        let written = with["arguments"]["flight_number"].as_str().unwrap();
        let accepted = made.report.generalisable >= Some(Level::Renamed);
        let asked = asked(&made);
        let right = match expected {
            "?" => !asked.is_empty() && !accepted,
            "" => {
                accepted
                    && asked.is_empty()
                    && written.contains("min_by")
                    && !written.contains("where")
            }
            field => {
                accepted && asked.is_empty() && written.contains(&format!("where('{field}', true)"))
            }
        };
        if !right {
            wrong.push(format!("{task} ({expected})\n    {written} {asked:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// One order is cancelled.
fn cancelling(task: &str) -> Session {
    session(
        task,
        vec![
            call(
                "g",
                0,
                "get_order",
                json!({ "order_id": "W48121" }),
                json!({ "order_id": "W48121", "status": "pending" }),
            ),
            call(
                "x",
                1,
                "cancel_order",
                json!({ "order_id": "W48121" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn a_single_deed_in_a_language_that_is_not_read_is_asked_about() {
    for (task, expected) in [
        ("Cancel order W48121, please.", false),
        ("Storniere bitte order W48121.", false),
        (
            "Annule la commande W48121 si elle n'est pas expédiée.",
            true,
        ),
        ("Cancela el pedido W48121 si no ha sido enviado.", true),
        ("Annule la commande W48121 s'il te plaît.", false),
        ("Отмени заказ W48121, если он не отправлен.", true),
    ] {
        let made = bound(&cancelling(task));
        let asked = asked(&made);
        assert_eq!(asked.len(), usize::from(expected), "{task} {asked:?}");
    }
    // What the person agreed to is not read either; a name is.
    let mut session = cancelling("Cancel order W48121.");
    session
        .turns
        .insert(1, said(Role::User, "Mia Li, 12345 Boston"));
    assert_eq!(asked(&bound(&session)), Vec::<&str>::new());
}

#[test]
fn what_a_single_deed_hangs_on_is_asked_about() {
    let cases = [
        ("Cancel order W48121.", false),
        ("Cancel order W48121, I no longer need it.", false),
        (
            "Cancel my order W48121 because it was ordered by mistake.",
            false,
        ),
        (
            "I want to cancel order W48121. I noticed after that it is wrong.",
            false,
        ),
        (
            "Hi, I placed an order before my holiday and want to cancel order W48121.",
            false,
        ),
        (
            "Cancel order W48121 and then tell me once it's done.",
            false,
        ),
        ("Cancel only order W48121.", false),
        ("I only want to cancel order W48121.", false),
        ("Cancel order W48121 after all.", false),
        ("Can you help me? Cancel order W48121.", false),
        ("Cancel order W48121 once it is paid.", true),
        ("Once it is paid, cancel order W48121.", true),
        ("As soon as it is paid cancel order W48121.", true),
        ("After Anna agreed cancel order W48121.", true),
        ("Cancel order W48121 while it is pending.", true),
        ("Cancel order W48121 before it ships.", true),
        ("Cancel order W48121 until Friday.", true),
        ("Wait until Friday and then cancel order W48121.", true),
        ("Cancel order W48121 with Anna's consent.", true),
        ("Cancel order W48121 without a fee.", true),
        ("Cancel order W48121 for free only.", true),
        ("Cancel order W48121 except the lamp.", true),
        ("Cancel everything in order W48121 but the lamp.", true),
        ("Cancel half of order W48121.", true),
        ("Cancel order W48121 tomorrow.", true),
        ("Storniere order W48121 erst am Freitag.", true),
        ("Storniere order W48121, sobald sie bezahlt ist.", true),
        ("Look at order W48121. Not shipped? Cancel it.", true),
        ("Is order W48121 pending? Then cancel it.", true),
        ("Cancel order W48121. It must have been paid.", true),
        ("Cancel order W48121. It has to be pending still.", true),
        ("Check that order W48121 is paid and cancel it.", true),
        ("Verify that order W48121 was paid, then cancel it.", true),
        ("Cancel order W48121 after checking that it was paid.", true),
        (
            "Make sure at least 50 are left and cancel order W48121.",
            true,
        ),
        (
            "Cancel order W48121. Only paid orders may be cancelled.",
            true,
        ),
        ("Cancel order W48121. The limit for refunds is 100.", true),
        (
            "Cancel order W48121 - there has to be enough money on the account.",
            true,
        ),
        ("Cancel order W48121. It must be cancelled.", false),
        ("Make sure to cancel order W48121.", false),
        ("Please make sure you cancel order W48121.", false),
        ("I must have order W48121 cancelled.", false),
        (
            "Cancel order W48121. I have to be in Rome on Friday.",
            false,
        ),
    ];
    let wrong: Vec<&str> = cases
        .iter()
        .filter(|(task, expected)| asked(&bound(&cancelling(task))).is_empty() == *expected)
        .map(|(task, _)| *task)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
