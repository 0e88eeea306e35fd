mod bugs;
mod damage;
mod hunt;
mod lives;
mod page;
mod simpler;
mod trial;

pub(crate) use hunt::random_plan;
