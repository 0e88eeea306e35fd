mod bugs;
mod damage;
mod hunt;
mod lives;
mod simpler;
