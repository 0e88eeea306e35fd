//! Links to approvals.
