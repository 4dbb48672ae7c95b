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
    /// Every id that the text names, known before the first is generated, and the open blocks in which it does.
    taken: Taken,
    /// Every id that it refers to, where others may have it.
    referred: Taken,
    next: HashMap<&'static str, u32>,
    /// The step and the round that are read, and the open block in which that stands.
    pub(crate) step: usize,
    pub(crate) round: u32,
    pub(crate) block: u32,
    /// In which step each slot is made first.
    steps: Vec<usize>,
    /// The slots by their round and by where the statement stands, which may be read several times.
    by_place: HashMap<(Place, &'static str), (u32, String)>,
}

/// Ids, and the open blocks in which the text names each.
pub(crate) type Taken = HashMap<String, Blocks>;

/// Open blocks: one, mostly.
#[derive(Debug)]
pub(crate) struct Blocks {
    first: u32,
    more: Vec<u32>,
}

impl Blocks {
    pub(crate) const fn of(block: u32) -> Self {
        Self { first: block, more: Vec::new() }
    }

    pub(crate) fn add(&mut self, block: u32) {
        if !self.iter().any(|own| own == block) {
            self.more.push(block);
        }
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }
}

/// Where a statement stands: its round, and its place in the text.
type Place = (u32, u32);

impl Ids {
    pub(crate) fn new(taken: Taken, referred: Taken) -> Self {
        Self { taken, referred, ..Self::default() }
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

    /// Leaves out all but so many of the generated ones.
    pub(super) fn truncate(&mut self, generated: usize) {
        self.generated.truncate(generated);
        self.names.truncate(generated);
        self.steps.truncate(generated);
    }

    /// The step that a slot's statement is. Devices that are plugged and name none come last.
    pub(crate) fn step_of(&self, slot: u32) -> usize {
        self.steps.get(slot as usize).copied().unwrap_or(usize::MAX)
    }

    /// Whether the text names this id.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.taken.contains_key(id)
    }

    /// The ids that the text names, and in which open blocks.
    pub(crate) fn taken(&self) -> impl Iterator<Item = (&String, u32)> {
        self.taken.iter().flat_map(|(id, blocks)| blocks.iter().map(move |block| (id, block)))
    }

    /// The first id with this prefix that the text doesn't use: its slot and its name. It is the statement's at `place`, where
    /// the value of a blank isn't.
    pub(crate) fn generate(
        &mut self,
        prefix: &'static str,
        place: Span,
        unless: Option<u32>,
    ) -> (u32, String) {
        let place = (self.round, place.start);
        if let Some(known) = self.by_place.get(&(place, prefix)) {
            return known.clone();
        }
        let next = self.next.entry(prefix).or_insert_with(|| GeneratedId::first(prefix));
        loop {
            let number = *next;
            *next += 1;
            let name = format!("{prefix}{number}");
            if !self.taken.contains_key(&name) && !self.referred.contains_key(&name) {
                let slot = self.generated.len() as u32;
                self.generated.push(GeneratedId { prefix: prefix.into(), number, unless, block: self.block });
                self.names.push(name.clone());
                self.steps.push(self.step);
                self.by_place.insert((place, prefix), (slot, name.clone()));
                return (slot, name);
            }
        }
    }
}

/// What sort of thing an id is for.
pub(crate) trait IdKind: Debug + 'static {
    /// What generated ids begin with.
    const PREFIX: &'static str;

    /// The option that names the backend of a device, where that may be called otherwise: the property by which QEMU's
    /// device refers to it.
    const BACKEND: &'static str = "";
}

/// Declares sorts of ids, each with what generated ones begin with, and behind `of` the option that names the backend.
macro_rules! id_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $prefix:literal $(of $backend:literal)?)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name;

        impl $crate::model::ids::IdKind for $name {
            const PREFIX: &'static str = $prefix;
            $(const BACKEND: &'static str = $backend;)?
        }
    )+};
}
pub(crate) use id_kinds;

/// An id that a statement defines.
#[derive(Debug)]
pub(crate) struct Id<K> {
    /// The id, also where it is generated.
    pub(crate) name: Val<String>,
    /// The slot of a generated one.
    pub(crate) slot: Option<u32>,
    is_written: bool,
    kind: PhantomData<K>,
}

impl<K> Id<K> {
    pub(crate) const fn given(name: Val<String>) -> Self {
        Self { name, slot: None, is_written: true, kind: PhantomData }
    }

    /// That of its backend, where it has none of its own.
    pub(crate) const fn of_backend(name: Val<String>) -> Self {
        Self { name, slot: None, is_written: false, kind: PhantomData }
    }

    /// The id, where the text gives it.
    pub(crate) fn written(&self) -> Option<&Self> {
        self.is_written.then_some(self)
    }

    /// A generated one, which stands where its statement does.
    pub(crate) const fn generated(name: String, statement: Span, slot: u32) -> Self {
        Self {
            name: Val::Known(Node::new(name, statement)),
            slot: Some(slot),
            is_written: false,
            kind: PhantomData,
        }
    }
}

/// How a backend is called.
#[derive(Debug)]
pub(crate) enum Backend<'i, K> {
    /// By a name of its own.
    Own(&'i Val<String>),
    /// As its device is.
    OfDevice(&'i Id<K>),
}

/// A number that no other has. Where the text gives none it is generated, as an id is.
#[derive(Debug)]
pub(crate) struct Numbered<T> {
    pub(crate) given: Option<Val<T>>,
    /// The slot of a generated one.
    pub(crate) slot: Option<u32>,
}

/// An id that a statement may define, and need not have.
#[derive(Debug)]
pub(crate) struct OptionalId<K>(pub(crate) Option<Val<String>>, PhantomData<K>);

impl<K> OptionalId<K> {
    pub(crate) const fn new(id: Option<Val<String>>) -> Self {
        Self(id, PhantomData)
    }

    /// It as the name of a backend, or what its device is called.
    pub(crate) const fn or<'i>(&'i self, id: &'i Id<K>) -> Backend<'i, K> {
        match &self.0 {
            Some(name) => Backend::Own(name),
            None => Backend::OfDevice(id),
        }
    }
}
