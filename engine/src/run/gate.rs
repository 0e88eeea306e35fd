//! `approval_gate`: what is asked, and what the answers do.
//!
//! What is shown is frozen when the gate is reached, together with the inputs of the steps directly
//! behind it, and the digest covers all of it: a person decides about exactly what will run. Inputs that
//! read what is not known yet are shown as they are written (`rendered: false`) and are bound by the
//! version alone. An approval is compared with what is so at two moments: when it is given, and when a step
//! behind the gate is to begin. One that does not hold any more is refused, or void, with the difference.

mod answer;
mod difference;
mod request;

pub(super) use answer::{
    approves_on_timeout, cannot_send_back, decide, expire, expired, notified, output, reassign,
    refusal,
};
pub(super) use difference::{changes, is_stale, not_approved, void};
pub(super) use request::request;
