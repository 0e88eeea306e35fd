//! What the person said by chance. Where a value was said before an answer held it, the answer is not where it comes
//! from. Further recordings may show that nobody says it there, and that the answer has it all the same: then it was
//! said in passing, and the answer is its source.

use super::binder::{Binder, Sent};
use super::binding::Piece;
use super::canonical;
use super::information::WEAK;
use super::weigh::Outcome;

impl Binder<'_, '_> {
    /// Binds a value to an answer that holds what was said before it, where the further recordings confirm just that.
    pub(super) fn behind_words(&mut self, sent: &Sent<'_>) -> bool {
        let places = self
            .answers
            .find_behind_words(&canonical::forms(sent.value));
        match self.among_places(sent, WEAK, places) {
            Outcome::Bound(binding) if self.is_confirmed(sent, &binding.expression) => {
                self.bind(sent, vec![Piece::Value(binding)]);
                true
            }
            Outcome::Open(why)
                if why
                    .choices()
                    .is_some_and(|choices| self.witnessed(sent, choices).is_some()) =>
            {
                self.freeze(sent, why);
                true
            }
            _ => false,
        }
    }
}
