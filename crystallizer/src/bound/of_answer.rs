//! What a call of the body of a loop answered, as the fields that later calls of a pass may take. The first pass tells
//! whether anything may come from them: those of all passes are only gathered then.

use super::binding::Source;
use super::column::{Column, Field, fields_of};
use super::fold::Stretch;
use super::key::Key;
use crate::kept::Kept;
use crate::shared::Shared;
use serde_json::Value;

/// What a call of a body answered.
pub(super) struct OfAnswer {
    inner: usize,
    base: String,
    /// Its fields in the first pass: at least those that it has in all.
    pub(super) of_first: Vec<Field>,
}

impl OfAnswer {
    pub(super) fn of(
        stretch: &Stretch,
        kept: &[Kept<'_>],
        inner: usize,
        base: String,
    ) -> Option<Self> {
        let first = stretch.answer(kept, 0, inner)?;
        let mut found = Self {
            inner,
            base,
            of_first: Vec::new(),
        };
        found.of_first = found.fields(stretch, kept, &[&first]);
        Some(found)
    }

    /// The fields that it has in all passes, but for what only repeats what was sent.
    pub(super) fn in_all_passes(
        &self,
        stretch: &Stretch,
        kept: &[Kept<'_>],
        columns: &[Column<'_>],
    ) -> Vec<Field> {
        let values: Vec<Shared<'_>> = (0..stretch.passes)
            .filter_map(|pass| stretch.answer(kept, pass, self.inner))
            .collect();
        let values: Vec<&Value> = values.iter().map(|value| &**value).collect();
        let sent = columns.iter().filter(|column| column.inner <= self.inner);
        let sent: Vec<&Column<'_>> = sent.collect();
        let mut fields = self.fields(stretch, kept, &values);
        fields.retain(|field| !field.repeats(&sent));
        fields
    }

    fn fields(&self, stretch: &Stretch, kept: &[Kept<'_>], values: &[&Value]) -> Vec<Field> {
        let call = stretch.first + self.inner;
        let tool = kept.get(call).map_or("", |kept| kept.call.name.as_str());
        fields_of(
            values,
            &self.base,
            &|path| Source::Pass(call, path),
            &|path| Key::new(path.iter().map(String::as_str), tool),
        )
    }
}
