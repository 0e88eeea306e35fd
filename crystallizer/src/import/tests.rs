//! Tests of the readers over small recordings made by hand.
