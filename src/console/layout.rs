//! The frame around every page.

use super::call::Call;
use super::component::finding;
use super::twin::{Asked, Refusal};
use super::{asset, component};
use maud::{DOCTYPE, Markup, html};

/// The parts of the console, as the rail names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Home,
    Approvals,
    Automations,
    Runs,
    Recordings,
    Settings,
}

const RAIL: [(Here, &str, &str, &str, &str); 6] = [
    (Here::Home, "/", "⌂", "Home", "h"),
    (Here::Approvals, "/approvals", "⊙", "Approvals", "a"),
    (Here::Automations, "/automations", "◆", "Automations", "u"),
    (Here::Runs, "/runs", "▶", "Runs", "r"),
    (Here::Recordings, "/recordings", "❝", "Recordings", "c"),
    (Here::Settings, "/settings", "⚙", "Settings", "s"),
];

/// A page without its frame.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) here: Here,
    pub(super) body: Markup,
    /// The icon beside its title.
    pub(super) icon: &'static str,
    /// The stream whose events make the page fetch itself anew.
    pub(super) follow: Option<String>,
    /// Whether it looks every few seconds whether something came.
    pub(super) looks: bool,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, here: Here, body: Markup) -> Self {
        Self {
            title: title.into(),
            here,
            body,
            icon: asset::mark(),
            follow: None,
            looks: false,
        }
    }

    /// With the icon of a state.
    pub(super) fn about(mut self, state: &str) -> Self {
        self.icon = component::state::icon(state);
        self
    }

    pub(super) fn follow(mut self, address: Option<String>) -> Self {
        self.follow = address;
        self
    }

    pub(super) fn looks(mut self) -> Self {
        self.looks = true;
        self
    }
}

fn document(title: &str, icon: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                title { (title) " · Druse" }
                link rel="icon" href=(icon) type="image/svg+xml";
                link rel="stylesheet" href=(asset::style());
                script src=(asset::script()) defer {}
            }
            (content)
        }
    }
}

/// A page in its frame.
pub(super) fn page(call: &Call, page: Page) -> Markup {
    let asked = call.api.asked();
    // What was refused stands until somebody goes on: only the answer to a look is renewed.
    let lives = call.refusal.is_none();
    let follow = page.follow.as_deref().filter(|_| lives);
    document(
        &page.title,
        page.icon,
        html! {
            body {
                a .skip href="#main" { "To the content" }
                nav .rail aria-label="Parts of the console" {
                    a .brand href="/" aria-label="Druse, home" {
                        img src=(asset::mark()) alt="" width="24" height="24";
                        span { "Druse" }
                    }
                    ul {
                        @for (here, address, sign, name, key) in RAIL {
                            li {
                                a href=(address) aria-current=[(here == page.here).then_some("page")] data-go=(key) {
                                    span .sign aria-hidden="true" { (sign) }
                                    span { (name) }
                                }
                            }
                        }
                    }
                    div .who {
                        span title="Who you are, and your role" { (call.who.name) " · " (call.who.role.name()) }
                        form method="post" action="/signout" { button .quiet { "Sign out" } }
                    }
                }
                main #main tabindex="-1" data-now=(call.now) data-follow=[follow] data-looks[page.looks && lives] {
                    @if let Some(refusal) = &call.refusal { (told(refusal, call.form.has("document"))) }
                    (page.body)
                }
                footer .twin {
                    details {
                        summary { "This page by the API" }
                        ul {
                            @for one in &asked { li { code { (one.line) } } }
                        }
                        @if !call.clicked.is_empty() { (clicked(&call.clicked)) }
                        p .dim { "Send " code { "Authorization: Bearer druse_…" } "; "
                            a href="/settings#tokens" { "a token" } " is made in the settings." }
                    }
                }
                // Filled by the script, where a page that goes on cannot go on.
                p #behind .told role="status" hidden {}
                (keys())
                (palette())
            }
        },
    )
}

/// What the click did that led here.
fn clicked(asked: &[Asked]) -> Markup {
    html! {
        h2 { "Your last click asked" }
        ul {
            @for one in asked.iter().filter(|one| !one.looked()) {
                li { code { (one.line) }
                    @if let Some(body) = &one.body { pre .code tabindex="0" { (body) } } }
            }
        }
    }
}

/// The keys, shown by `?`; only the script opens it.
fn keys() -> Markup {
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl .keys {
                @for (_, _, _, name, key) in RAIL { dt { kbd { "g" } " " kbd { (key) } } dd { (name) } }
                dt { kbd { "/" } } dd { "To the filter" }
                dt { kbd { "j" } " " kbd { "k" } } dd { "Down and up a list" }
                dt { kbd { "Enter" } } dd { "Open" }
                dt { kbd { "a" } } dd { "To the approval's button, which Enter presses" }
                dt { kbd { "x" } } dd { "To the one that rejects" }
                dt { kbd { "Enter" } " " kbd { "↑↓←→" } } dd { "In a graph: into it, and from step to step" }
                dt { kbd { "e" } } dd { "Edit" }
                dt { kbd { "ctrl k" } } dd { "Go to anything by its name, or do what this page can" }
                dt { kbd { "?" } } dd { "These keys" }
            }
            form method="dialog" { button { "Close" } }
        }
    }
}

/// Filled and opened by the script.
fn palette() -> Markup {
    html! {
        dialog #palette aria-labelledby="palette-title" {
            h2 #palette-title { "Go to" }
            label .sr for="palette-text" { "A piece of a name" }
            input #palette-text type="text" autocomplete="off" placeholder="automation, run, page, command";
            ul .plain {}
        }
    }
}

/// Why something was not done, on top of the page where it was tried.
pub(super) fn refusal(refusal: &Refusal) -> Markup {
    told(refusal, false)
}

/// The same; `text` says whether the text whose lines are named stands on the page.
fn told(refusal: &Refusal, text: bool) -> Markup {
    html! {
        section .refusal role="alert" {
            h2 { (component::state::mark("failed")) " " (component::value::said(&refusal.message)) }
            @if !refusal.help.is_empty() { p { (component::value::said(&refusal.help)) } }
            @if !refusal.findings.is_empty() {
                @if text { (finding::list_of_text(&refusal.findings)) } @else { (finding::list(&refusal.findings)) }
            }
            @if !refusal.places.is_empty() {
                ul .plain {
                    @for place in &*refusal.places { li { a href=(place.address) { (place.title) } ": " (component::value::said(&place.why)) } }
                }
            }
            p .dim { code { (refusal.status.as_u16()) " " (refusal.code) } }
        }
    }
}

/// A page that only says why there is none.
pub(super) fn refused(call: &Call, problem: &Refusal) -> Markup {
    let body = html! {
        header .head { h1 { (problem.status.canonical_reason().unwrap_or("Refused")) } }
        @if call.refusal.is_none() { (refusal(problem)) }
        (component::sent::lost(call))
        p { a href="/" { "Home" } }
    };
    page(call, Page::new("Refused", Here::Home, body))
}

/// The same for somebody who is not signed in.
pub(super) fn bare(problem: &Refusal) -> Markup {
    alone(
        "Refused",
        html! {
            h1 { "Refused" }
            (refusal(problem))
            p { a href="/" { "Home" } }
        },
    )
}

/// A page without the rail.
pub(super) fn alone(title: &str, content: Markup) -> Markup {
    document(
        title,
        asset::mark(),
        html! {
            body .alone {
                main #main {
                    p .brand { img src=(asset::mark()) alt="" width="32" height="32"; span { "Druse" } }
                    (content)
                }
            }
        },
    )
}
