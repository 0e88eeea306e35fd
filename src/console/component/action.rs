//! A button that does something: always a form.

use crate::console::call::new_key;
use crate::console::visible::kept;
use maud::{Markup, html};

/// The field that makes a form count once.
pub(in crate::console) fn key() -> Markup {
    html! { input type="hidden" name="_key" value=(new_key()); }
}

/// A form that is one button.
pub(in crate::console) fn button(action: &str, label: &str, class: &str) -> Markup {
    with(action, label, class, &[])
}

/// The same with values that go along.
pub(in crate::console) fn with(
    action: &str,
    label: &str,
    class: &str,
    values: &[(&str, &str)],
) -> Markup {
    html! {
        form .inline method="post" action=(action) {
            (key())
            @for (name, value) in values { input type="hidden" name=(name) value=(kept(value)); }
            button .(class) { (label) }
        }
    }
}
