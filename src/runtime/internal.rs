//! The two actions whose effect is inside Druse: starting another automation, and publishing an event.
//! Both carry the step's idempotency key, so a repeated attempt finds what the first one made.

use super::{Engine};
