//! What lists and inboxes show, made from a run: its head and the rows of its gates.

use druse_engine::event::{Entry, RunEvent};
use druse_engine::run::Run;
use druse_storage::{Approval, ApprovalStatus, Batch, RunHead};
