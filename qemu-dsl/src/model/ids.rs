//! Ids that statements define: written, or generated.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::marker::PhantomData;

use super::val::Val;
use crate::Span;
use crate::plan::GeneratedId;
use crate::source::Node;

/// All ids of a VM.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// Ids of statements that were not understood: whoever refers to them is not to blame.
    lost: HashSet<String>,
    /// Whether what was not understood may have any id.
    lost_any: bool,
    pub(crate) generated: Vec<GeneratedId>,
    /// What each of these is called here.
    pub(crate) names: Vec<String>,
    /// Every id that the text names, known before the first is generated.
    taken: HashSet<String>,
    next: HashMap<&'static str, u32>,
    /// Where the statement stands that each slot is for, and the slots by that: a statement may be read several times.
    pub(crate) places: Vec<u32>,
    by_place: HashMap<(u32, &'static str), (u32, String)>,
}

impl Ids {
    pub(crate) fn new(taken: HashSet<String>) -> Self {
        Self { taken, ..Self::default() }
    }

    /// Adds ids of what was not understood. It may have others where these are `None`.
    pub(crate) fn lose(&mut self, ids: Option<impl IntoIterator<Item = String>>) {
        match ids {
            Some(ids) => self.lost.extend(ids),
            None => self.lost_any = true,
        }
    }

    /// Whether what was not understood may have this id.
    pub(crate) fn may_be_lost(&self, id: &str) -> bool {
        self.lost_any || self.lost.contains(id)
    }

    /// Whether the text names this id.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.taken.contains(id)
    }

    /// The ids that the text names.
    pub(crate) fn taken(&self) -> impl Iterator<Item = &String> {
        self.taken.iter()
    }

    /// The first id with this prefix that the text doesn't use: its slot and its name. It is the statement's at `place`, where
    /// the value of a blank isn't.
    pub(crate) fn generate(
        &mut self,
        prefix: &'static str,
        place: Span,
        unless: Option<u32>,
    ) -> (u32, String) {
        if let Some(known) = self.by_place.get(&(place.start, prefix)) {
            return known.clone();
        }
        let next = self.next.entry(prefix).or_insert(0);
        loop {
            let number = *next;
            *next += 1;
            let name = format!("{prefix}{number}");
            if !self.taken.contains(&name) {
                let slot = self.generated.len() as u32;
                self.generated.push(GeneratedId { prefix: prefix.into(), number, unless });
                self.names.push(name.clone());
                self.places.push(place.start);
                self.by_place.insert((place.start, prefix), (slot, name.clone()));
                return (slot, name);
            }
        }
    }
}

/// What sort of thing an id is for.
pub(crate) trait IdKind: Debug + 'static {
    /// What generated ids begin with.
    const PREFIX: &'static str;
}

/// An id that a statement defines.
#[derive(Debug)]
pub(crate) struct Id<K> {
    /// The id, also where it is generated.
    pub(crate) name: Val<String>,
    /// The slot of a generated one.
    pub(crate) slot: Option<u32>,
    kind: PhantomData<K>,
}

impl<K> Id<K> {
    pub(crate) const fn given(name: Val<String>) -> Self {
        Self { name, slot: None, kind: PhantomData }
    }

    /// A generated one, which stands where its statement does.
    pub(crate) const fn generated(name: String, statement: Span, slot: u32) -> Self {
        Self { name: Val::Known(Node::new(name, statement)), slot: Some(slot), kind: PhantomData }
    }
}

/// An id that a statement may define, and need not have.
#[derive(Debug)]
pub(crate) struct OptionalId<K>(pub(crate) Option<Val<String>>, PhantomData<K>);

impl<K> OptionalId<K> {
    pub(crate) const fn new(id: Option<Val<String>>) -> Self {
        Self(id, PhantomData)
    }
}
