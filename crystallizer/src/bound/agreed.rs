//! What the agent proposed and the person agreed to. Who says yes to “I will use certificate 7504069, shall I?” has
//! chosen that certificate: it is theirs to choose in each run, so it becomes an input like what they said in so many
//! words. A yes to “Shall I refund 42.10?” chooses no sum: what a call answered follows that answer, and what the agent
//! worked out by itself is asked about.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Piece, Why};
use super::canonical;
use super::cycle;
use super::filter::spoken;
use super::information::{STRONG, WEAK, bits, names_things};
use super::inputs::{Found, schema_at};
use super::key::{Key, agree, keys_of, words};
use super::said::{Mention, Said};
use crate::exchange::asks;
use crate::reply::{Reply, only_names, reply};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ops::Range;

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
    /// What the agent said last.
    last: String,
    /// Where the last answer of the person says more than yes, what it says, and what the agent had asked.
    reserve: Option<(Range<usize>, String, String)>,
    /// What the agent told before it, which the person agreed to where what is more only names what is sent.
    reserved: Option<(usize, usize)>,
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
        text.clone_into(&mut self.last);
    }

    /// The person answers. Whatever is no yes takes back what they agreed to before, and who agrees with a reserve has
    /// chosen nothing.
    pub(super) fn answer(&mut self, text: &str) {
        let all = self.told.len();
        let reply = match self.asked {
            true => reply(text, &self.last),
            false => Reply::No,
        };
        let proposal = (all - self.fresh.min(all), all);
        self.proposal = (reply == Reply::Yes).then_some(proposal);
        self.reserve = match reply {
            Reply::Reserved(from, to) => text
                .get(from..to)
                .map(|more| (from..to, more.to_owned(), self.last.clone())),
            _ => None,
        };
        self.reserved = self.reserve.is_some().then_some(proposal);
        self.fresh = 0;
        self.asked = false;
        self.last.clear();
    }

    /// Where the last answer of the person says more than yes: told once, for the first change after it.
    pub(super) fn take_reserve(&mut self) -> Option<(Range<usize>, String)> {
        self.reserve.take().map(|(place, _, asked)| (place, asked))
    }

    /// Takes a yes with more behind it for a plain one, where the more only names what is sent.
    fn settle(&mut self, named: &dyn Fn(&str) -> bool) {
        if let Some((_, more, _)) = &self.reserve
            && only_names(more, named)
        {
            self.reserve = None;
            self.proposal = self.reserved.take();
        }
    }
}

/// What a yes makes of a value that nothing else explains.
pub(super) enum Yes {
    /// It was the person's to choose.
    Chosen(Mention),
    /// A call answered it, and the agent passed it on.
    Answered(Box<Binding>),
}

impl Binder<'_, '_> {
    /// Looks whether what the person said beside a yes only names what a change sends.
    pub(super) fn settle_reserve(&mut self, call: usize) {
        if self.agreed.reserve.is_none() {
            return;
        }
        let Some(kept) = self.kept.get(call) else {
            return;
        };
        let mut named = BTreeSet::new();
        let mut sent: Vec<&Value> = Vec::new();
        crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
            named.extend(words(key));
            named.extend(spoken(leaf));
            if leaf.is_string() && bits(leaf, &[]) >= STRONG {
                sent.push(leaf);
            }
        });
        // `the card ending in 9725` is the one whose record says so.
        for earlier in self.kept.iter().take(call) {
            if let Some(result) = &earlier.call.result {
                records(&result.content, &sent, &mut named);
            }
        }
        self.agreed.settle(&|word| {
            let parts = words(word);
            !parts.is_empty() && parts.iter().all(|part| named.contains(part))
        });
    }

    /// What the person's yes makes of a value; none where it has to be asked about.
    pub(super) fn by_yes(&self, sent: &Sent<'_>, why: &Why) -> Option<Yes> {
        let Some(mention) = self.agreed_to(sent, why) else {
            return self.chosen_before(sent, why).map(Yes::Chosen);
        };
        if matches!(why, Why::Unpicked(_)) && names_one(sent) {
            return Some(Yes::Chosen(mention));
        }
        let choices = why.choices().unwrap_or_default();
        let mut sources = choices.iter().filter(|choice| choice.binding.is_some());
        // A word or a count that only some one of many things has is likely one by chance.
        if is_chance(sent) && choices.iter().all(|choice| !choice.is_given) {
            return Some(Yes::Chosen(mention));
        }
        match (sources.next(), sources.next()) {
            (None, _) => (!self.is_answered(sent) && !is_sum(sent)).then_some(Yes::Chosen(mention)),
            (
                Some(Choice {
                    binding: Some(binding),
                    is_given: true,
                    ..
                }),
                None,
            ) if self.holds_everywhere(sent, binding) => Some(Yes::Answered(Box::new(Binding {
                because: format!(
                    "the agent told what was answered there and the person agreed: “{}”",
                    self.agreed_words(&mention)
                ),
                ..Binding::clone(binding)
            }))),
            _ => None,
        }
    }

    /// A particular thing that the person had chosen by a yes is the same thing in later changes.
    fn chosen_before(&self, sent: &Sent<'_>, why: &Why) -> Option<Mention> {
        let open = matches!(why, Why::Unsure(_) | Why::Unpicked(_) | Why::Made(_));
        if !open || !self.changes(sent.call) || bits(sent.value, &[]) < STRONG {
            return None;
        }
        self.inputs.chosen(sent.value)
    }

    /// A particular thing that the person chose by a yes is looked at in each run as the one that is chosen there: a look
    /// that sent it before follows the same input, so that what is read from it is read of that one.
    pub(super) fn follow_chosen(&mut self) {
        let mut found: Vec<(usize, String, Mention)> = Vec::new();
        for (call, decided) in self.decided.iter().enumerate() {
            if self.changes(call) || cycle::of(&self.cycles, call).is_some() {
                continue;
            }
            let open = decided.frozen.iter().filter(|frozen| {
                !matches!(frozen.why, Why::Secret | Why::Answered | Why::Confirmed)
                    && bits(&frozen.value, &[]) >= STRONG
            });
            for frozen in open {
                let tool = self
                    .kept
                    .get(call)
                    .map_or("", |kept| kept.call.name.as_str());
                let own = Key::new(std::iter::once(frozen.key.as_str()), tool);
                let mut same = self.inputs.of_value(&frozen.value);
                let chosen = same.find_map(|input| match input.found {
                    Found::Agreed(mention) if agree(&input.key, &own) >= 2 => Some(mention),
                    _ => None,
                });
                if let Some(mention) = chosen {
                    found.push((call, frozen.pointer.clone(), mention));
                }
            }
        }
        let kept = self.kept;
        for (call, pointer, mention) in found {
            let Some(value) = kept
                .get(call)
                .and_then(|kept| kept.call.arguments.pointer(&pointer))
            else {
                continue;
            };
            let sent = self.sent(call, value, &keys_of(&pointer));
            let schema = schema_at(self.spec(call), &pointer).cloned();
            let binding = self.input(&sent, Found::Agreed(mention), schema.as_ref());
            if let Some(decided) = self.decided.get_mut(call) {
                decided.frozen.retain(|frozen| frozen.pointer != pointer);
            }
            self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
        }
    }

    /// Whether some earlier answer holds a value that does not stand there by chance.
    fn is_answered(&self, sent: &Sent<'_>) -> bool {
        bits(sent.value, &[]) >= WEAK
            && self
                .answers
                .find(&canonical::forms(sent.value))
                .iter()
                .any(|place| place.call < sent.call)
    }

    /// Where a value stands in what the person agreed to, if that is all that tells where it comes from. A particular
    /// value may have been told at any time before; of others the proposal itself has to speak, and of small numbers
    /// it has to name what they are.
    fn agreed_to(&self, sent: &Sent<'_>, why: &Why) -> Option<Mention> {
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

/// The words of the maps that hold one of these values, or have it as the key of one inside.
fn records(value: &Value, sent: &[&Value], named: &mut BTreeSet<String>) {
    let tell = |map: &Map<String, Value>, named: &mut BTreeSet<String>| {
        for (key, leaf) in map
            .iter()
            .filter(|(_, leaf)| !leaf.is_object() && !leaf.is_array())
        {
            named.extend(words(key));
            named.extend(spoken(leaf));
        }
    };
    match value {
        Value::Object(map) => {
            if map.values().any(|leaf| sent.contains(&leaf)) {
                tell(map, named);
            }
            for (key, inner) in map {
                if let Value::Object(inner) = inner
                    && sent.iter().any(|one| one.as_str() == Some(key))
                {
                    tell(inner, named);
                }
                records(inner, sent, named);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| records(item, sent, named)),
        _ => {}
    }
}

/// Whether a value is the name of one thing among others: that can be chosen.
fn names_one(sent: &Sent<'_>) -> bool {
    names_things(&sent.key.words)
        || bits(sent.value, &[]) >= STRONG && !canonical::is_number(sent.value)
}

/// Whether a value is so small or common that many things have it: a word, or a count.
fn is_chance(sent: &Sent<'_>) -> bool {
    let class = sent.value.as_str().and_then(crate::value_class::of);
    let own = bits(sent.value, &[]);
    class.is_none()
        && !is_sum(sent)
        && match canonical::is_number(sent.value) {
            true => own < WEAK,
            false => own < STRONG,
        }
}

/// Whether a value is a sum of money: such are worked out, not chosen.
fn is_sum(sent: &Sent<'_>) -> bool {
    canonical::is_number(sent.value)
        && sent.key.words.iter().any(|word| {
            matches!(
                word.as_str(),
                "amount"
                    | "total"
                    | "subtotal"
                    | "price"
                    | "fee"
                    | "cost"
                    | "charge"
                    | "refund"
                    | "balance"
                    | "sum"
                    | "tax"
                    | "difference"
            )
        })
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
