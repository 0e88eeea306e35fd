//! Limits on runs that go at once: who has their slots, and who waits.

use super::super::{
    call::{Call, ok},
    route::Answer,
};
use druse_engine::AutomationId;
use druse_engine::flow::{Queue, QueueKind};
use druse_storage::{Automation, StoreExt as _};
use schemars::JsonSchema;
use serde::Serialize;

/// A limit, and the name of the automation that it is about.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct QueueView {
    /// Null where it is about none, or that one is gone.
    automation_name: Option<String>,
    /// The limit.
    #[serde(flatten)]
    queue: Queue,
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let page = call.page()?;
    let mut queues: Vec<(String, Queue)> = call
        .app
        .engine
        .queues()
        .into_iter()
        .map(|queue| (place_of(&queue), queue))
        .filter(|(place, _)| page.after.as_ref().is_none_or(|after| place > after))
        .collect();
    queues.sort_by(|(a, _), (b, _)| a.cmp(b));
    queues.truncate(page.limit + 1);
    let mut items = Vec::with_capacity(queues.len());
    for (place, queue) in queues {
        let automation_name = match queue.automation_id {
            Some(id) => name_of(&call, id)?,
            None => None,
        };
        items.push((
            place,
            QueueView {
                automation_name,
                queue,
            },
        ));
    }
    ok(&page.answer(items))
}

fn name_of(call: &Call, id: AutomationId) -> Result<Option<String>, crate::service::Problem> {
    let row: Option<Automation> = call.app.store.get(&id.to_string())?;
    Ok(row.map(|row| row.name))
}

/// Its place in the list: the server first, then by automation and key.
fn place_of(queue: &Queue) -> String {
    let automation = queue
        .automation_id
        .map(|id| id.to_string())
        .unwrap_or_default();
    match queue.kind {
        QueueKind::Server => "0".to_owned(),
        QueueKind::Automation => format!("1/{automation}/0"),
        QueueKind::Rate => format!("2/{}", queue.connection.as_deref().unwrap_or_default()),
        QueueKind::Key => format!(
            "1/{automation}/1/{}",
            queue.key.as_deref().unwrap_or_default()
        ),
    }
}
