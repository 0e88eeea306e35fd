//! The words by which people narrow what they speak of: what closes a noun off to the left and right, what excludes,
//! counts, compares and makes a condition. English, and German beside it.

mod deed;
mod determiner;
mod harmless;
mod keeping;
mod language;
mod marker;
mod negation;
mod number;
mod particle;
mod time;
mod unit;

pub(super) use deed::{
    creates, finds, is_any_deed, is_deed_of_tools, is_order_to_tools, is_verb, leads_to_verb,
    points_back, same_deed, tells_to, turns_elsewhere,
};
pub(super) use determiner::{is_definite, is_determiner, is_indefinite, is_neutral, is_universal};
pub(super) use harmless::{is_harmless, is_particle, is_usual};
pub(super) use keeping::{
    adds, hangs, is_lead, is_way_to_pay, keeps, limits, obliges, prefers, reports, stays, talks,
};
pub(super) use language::{hangs_elsewhere, is_foreign_courtesy, is_of_another_script, score};
pub(super) use marker::{
    asks_whether, gives_reason, is_condition, is_message, may_give_reason, sends,
};
pub(super) use negation::{
    denies, excludes, hedges, is_skipped, leaves_out, makes_nothing_of, negates,
};
pub(super) use number::{is_about, is_comparative, is_part, number, ordinal};
pub(in crate::bound) use number::{is_ordinal, place};
pub(super) use particle::{
    is_anything, is_article, is_boundary, is_joint, is_preposition, is_relative, is_subject,
    is_whichever,
};
pub(super) use time::{is_past, is_weekday, is_when, weekday_names};
pub(in crate::bound) use unit::Unit;
