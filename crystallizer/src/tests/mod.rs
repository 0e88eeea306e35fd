//! The passes together, on small sessions built here.

mod agreed;
mod answers;
mod bound_corpus;
mod build;
mod command_words;
mod confirmed;
mod corpus;
mod decisions;
mod exact;
mod figure;
mod figures;
mod folder;
mod hostile;
mod judgement;
mod keep;
mod known;
mod laws;
mod loops;
mod mapping;
mod named;
mod pages;
mod planted;
mod several;
mod terminal;
mod trust;
mod waiting;
