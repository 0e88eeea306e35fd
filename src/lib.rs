//! Druse
