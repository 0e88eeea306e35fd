//! What the console promises, without a server around it.
