//! What people say to narrow what they ask for: `unread`, `except the admins`, `the first three`, `if it has not
//! shipped`. A recording may show nothing that it leaves out, and it must not be lost for that: it is followed where
//! one field can be meant, and asked about where nothing in the draft carries it.

mod afterthought;
pub(super) mod aside;
mod ask;
mod asker;
mod bracketed;
mod carried;
mod checked;
pub(super) mod claim;
mod condition;
mod conditioned;
mod cover;
mod days;
mod demand;
mod described;
mod doubt;
pub(super) mod extreme;
pub(super) mod flag;
mod foreign;
mod hanging;
mod left;
mod lexicon;
mod looped;
mod marked;
pub(super) mod measure;
mod mention;
mod most;
pub(super) mod narrow;
pub(super) mod picked;
mod policy;
pub(super) mod read;
pub(super) mod reading;
mod reserve;
mod says_nothing;
mod selection;
mod sentence;
mod settled;
mod stated;
#[cfg(test)]
mod tests;
mod told;
mod undone;
mod ways;
mod wish;

pub(super) use ask::{
    GATE, Unshown, condition_question, explained, gates, policy_question, unshown,
};
pub(super) use carried::Parting;
pub(super) use doubt::is_turned_at;
pub(super) use lexicon::{Unit, is_ordinal, place};
pub(super) use narrow::of_list;
pub(super) use says_nothing::says_nothing;
pub(super) use sentence::{Sentence, sentences};
pub(super) use stated::Stated;
