//! What the agent proposed and the person agreed to. Who says yes to “I will use certificate 7504069, shall I?” has
//! chosen that certificate: it is theirs to choose in each run, so it becomes an input like what they said in so many
//! words.

use super::binder::{Binder, Sent};
use super::binding::Why;
use super::information::{STRONG, WEAK, bits};
use super::said::{Mention, Said};
use crate::spoken::{asks, is_yes};

/// What the agent proposed so far, and whether the person agreed.
#[derive(Default)]
pub(super) struct Agreed {
    /// What the agent told the person.
    told: Said,
    /// The texts of the agent since the person last said anything.
    fresh: usize,
    /// Those that the person agreed to, of all that the agent told.
    proposal: Option<(usize, usize)>,
    asked: bool,
}

impl Agreed {
    /// Whether the last that the person said is a yes to what the agent proposed.
    pub(super) fn is_given(&self) -> bool {
        self.proposal.is_some()
    }

    /// The agent tells or asks something.
    pub(super) fn propose(&mut self, text: &str) {
        // A turn that only calls says nothing.
        if text.trim().is_empty() {
            return;
        }
        self.told.hear(text, true);
        self.fresh += 1;
        self.asked = asks(text);
    }

    /// The person answers. Whatever is no yes takes back what they agreed to before.
    pub(super) fn answer(&mut self, text: &str) {
        let all = self.told.len();
        self.proposal = (self.asked && is_yes(text)).then(|| (all - self.fresh.min(all), all));
        self.fresh = 0;
        self.asked = false;
    }
}

impl Binder<'_> {
    /// Where a value stands in what the person agreed to, if that is all that tells where it comes from. A particular
    /// value may have been told at any time before; of others the proposal itself has to speak, and of small numbers
    /// it has to name what they are.
    pub(super) fn agreed_to(&self, sent: &Sent<'_>, why: &Why) -> Option<Mention> {
        let (from, to) = self.agreed.proposal?;
        if !matches!(
            why,
            Why::Unsure(_) | Why::Unpicked(_) | Why::Made(_) | Why::Day(_)
        ) || !self.changes(sent.call)
        {
            return None;
        }
        let own = bits(sent.value, &sent.key.words);
        let mut names = sent.key.full();
        names.extend(sent.key.around.iter().cloned());
        let told = &self.agreed.told;
        if own >= STRONG {
            return told.find(sent.value, &names);
        }
        told.find_within(sent.value, &names, from..to)
            .filter(|mention| bits(sent.value, &[]) >= WEAK || told.is_near(mention, &names))
    }

    /// The words around what the person agreed to.
    pub(super) fn agreed_words(&self, mention: &Mention) -> String {
        self.agreed.told.quote(mention)
    }
}

#[cfg(test)]
mod tests {
    use super::Agreed;

    #[test]
    fn a_yes_is_to_what_was_told_last() {
        let mut agreed = Agreed::default();
        agreed.answer("Yes");
        assert_eq!(agreed.proposal, None);
        agreed.propose("There are two flights.");
        agreed.answer("The first, please");
        assert_eq!(agreed.proposal, None);
        agreed.propose("That is HAT069.");
        agreed.propose("Shall I book it?");
        agreed.answer("Yes, please.");
        assert_eq!(agreed.proposal, Some((1, 3)));
        agreed.answer("What about my bags?");
        assert_eq!(agreed.proposal, None);
    }
}
