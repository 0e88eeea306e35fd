//! (to come)
use crate::service::{App, Problem};
/// Triggers at work.
pub struct Triggers;
impl Triggers {
    /// Loads.
    pub fn open(_: &App) -> Result<Self, Problem> { Ok(Self) }
    /// Begins.
    pub async fn begin(&self, _: bool) -> Result<(), Problem> { Ok(()) }
    /// Ends.
    pub fn close(&self) {}
}
