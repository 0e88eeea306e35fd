//! Sayings about all elements of a list.

use super::*;

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
    let asked = match task.contains("desk_2207") {
        true => json!({ "queue": "desk_2207" }),
        false => json!({}),
    };
    super::super::build::closing(task, asked, &all, &[0, 1, 2])
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
        let made = crystallized(&play(task));
        let (asked, over) = (unshown(&made), over(&made));
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
            ("Close all tickets. I could not do it myself.", All),
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
            ("Close all tickets. The P1s I will do myself.", Asked),
            ("Close all tickets. I'll do the P1s myself.", Asked),
            ("Close all tickets. I'll take care of Anna's.", Asked),
            ("Close all tickets. Leave the last one to me.", Asked),
            ("Close all tickets, leaving the last one to me.", Asked),
            ("Schließe alle Tickets. Die P1 mache ich selbst.", Asked),
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

#[test]
fn what_is_left_to_others_and_to_another_time_is_asked_about() {
    hold(
        &[
            ("Close all tickets as usual.", All),
            ("Close all tickets, as discussed.", All),
            ("As agreed, close all tickets.", All),
            (
                "Close all tickets owned by Bob.",
                Part("TICKETS | where('owner', inputs.owner)"),
            ),
            (
                "Please close all tickets that are owned by Bob.",
                Part("TICKETS | where('owner', inputs.owner)"),
            ),
            ("Close all tickets disowned by Bob.", Asked),
            ("Close all tickets not owned by Bob.", Asked),
            ("Close all tickets assigned to Bob.", Asked),
            ("Close all tickets. VIPs are handled by Anna.", Asked),
            ("VIPs are handled by Anna. Close all tickets.", Asked),
            ("Close all tickets. Anna handles the VIPs.", Asked),
            ("Close all tickets; Anna takes care of the VIPs.", Asked),
            ("Close all tickets. The VIPs belong to Anna.", Asked),
            ("Close all tickets. VIPs are Anna's job.", Asked),
            ("Close all tickets. Somebody else does the refunds.", Asked),
            ("Close all tickets. My boss handles the VIPs.", Asked),
            ("Close all tickets on Friday.", Asked),
            ("On Friday close all tickets.", Asked),
            ("Close all tickets every Friday.", Asked),
            ("Close all tickets at no cost.", Asked),
            ("Close one of the tickets.", Asked),
            ("Close two tickets a day.", Asked),
            ("Close all tickets, though not on Sundays.", Asked),
            ("Close all tickets with Anna's account.", Asked),
            ("Close all tickets. I need the refunds to stay open.", Asked),
            ("Close all tickets. I'd like the VIPs to be last.", Asked),
            ("Close all tickets in that case.", Asked),
        ],
        closing,
    );
}
