//! One data folder over several lives of a process, and what is answered when its disk is full.

mod asleep;
mod clock;
mod damage;
mod doctor;
mod event;
mod full_disk;
mod help;
mod hung_up;
mod links;
mod loops;
mod stop;
