mod bugs;
mod damage;
mod hunt;
mod lives;
mod page;
mod simpler;

pub(crate) use hunt::random_plan;
