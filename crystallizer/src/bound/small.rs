//! Small numbers of changes that the person may have said: they say little by themselves, and the record at hand has an
//! equal one by chance.

use super::binder::{Binder, Sent};
use super::information::WEAK;
use super::inputs::Found;
use super::key::{agree, words};
use super::said::Mention;

impl Binder<'_, '_> {
    /// Where a person said a small number of what the key names by what it is given in, or as what the deed is done with.
    pub(super) fn measured(&self, sent: &Sent<'_>, own: f64) -> Option<Mention> {
        if own >= WEAK {
            return None;
        }
        let tool = self.kept.get(sent.call)?.call.name.as_str();
        let deed = words(&crate::name::of_call(tool, None));
        let key = sent.key.full();
        self.said
            .find_measured(sent.value, &key, &deed)
            .or_else(|| self.said.part_of_clock(sent.value, &key))
    }

    /// Whether a small number of a change may be one that the person said: nothing says that they meant something else
    /// by it.
    pub(super) fn may_be_said(&self, sent: &Sent<'_>, own: f64) -> bool {
        if own >= WEAK || !self.changes(sent.call) {
            return false;
        }
        let all = self.said.may_mean(sent.value, &sent.key.full());
        all.into_iter().any(|mention| {
            !self.inputs.of_value(sent.value).any(|input| {
                input.found == Found::Said(mention) && agree(&input.key, &sent.key) < 2
            })
        })
    }
}
