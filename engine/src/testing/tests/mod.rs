mod damage;
mod hunt;
mod lives;
