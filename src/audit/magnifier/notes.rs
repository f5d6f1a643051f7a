//! Rows of the notes' table, and how many each contract counts, against the journal.

use std::collections::BTreeMap;

use super::super::check::{Check, Fields};
use super::super::lens::Lens;
use super::record::NoteRecord;
use super::replay::World;
use crate::contracts::notes::Note;

/// Fed row by row, in any order; then with what contracts count.
pub struct NotesTable<'a> {
    wanted: &'a BTreeMap<(u32, u32), NoteRecord>,
    missing: BTreeMap<(u32, u32), &'a NoteRecord>,
    lens: &'a mut Lens,
    same: &'a mut Check,
}

impl<'a> NotesTable<'a> {
    pub fn new(world: &'a World, lens: &'a mut Lens, same: &'a mut Check) -> NotesTable<'a> {
        let missing = world.notes.iter().map(|(key, note)| (*key, note)).collect();
        NotesTable { wanted: &world.notes, missing, lens, same }
    }

    pub fn add(&mut self, contract_id: u32, number: u32, note: &Result<Note, sqlx::Error>) {
        if !self.lens.contains(contract_id) {
            return;
        }
        let wanted = self.missing.remove(&(contract_id, number));
        let wrong = match (note, wanted) {
            (Ok(note), Some(wanted)) => {
                let fields = wanted.compare(note);
                (!fields.is_empty()).then(|| fields.to_text())
            }
            (Ok(_), None) => Some("was never written".to_owned()),
            (Err(error), _) => Some(format!("is unreadable: {error}")),
        };
        if let Some(wrong) = wrong {
            self.wrong(contract_id, format!("note {number} of contract {contract_id}: {wrong}"));
        }
    }

    pub fn count(&mut self, contract_id: u32, notes: u32) {
        if !self.lens.contains(contract_id) {
            return;
        }
        let all = (contract_id, 0)..=(contract_id, u32::MAX);
        let mut fields = Fields::default();
        fields.compare("notes", notes as usize, self.wanted.range(all).count());
        if !fields.is_empty() {
            self.wrong(contract_id, format!("contract {contract_id}: {}", fields.to_text()));
        }
    }

    pub fn finish(mut self) {
        for (contract_id, number) in std::mem::take(&mut self.missing).into_keys() {
            self.wrong(contract_id, format!("note {number} of contract {contract_id} is missing"));
        }
    }

    fn wrong(&mut self, contract_id: u32, wrong: String) {
        self.lens.explain(contract_id);
        self.same.expect(false, || wrong);
    }
}
