//! The value of an item.

use std::iter::Chain;
use std::ops::{Deref, DerefMut};
use std::{option, vec};

use crate::plan::Piece;

/// The pieces of a value. Nearly every value has one, which stands here: a list of its own would be a place of its own in
/// memory for each value of a VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pieces {
    #[default]
    None,
    One(Piece),
    Many(Vec<Piece>),
}

impl Pieces {
    /// Those that stand in a list, which is empty then and can be used again.
    pub(crate) fn take(list: &mut Vec<Piece>) -> Self {
        match list.len() {
            0 | 1 => list.pop().map_or(Self::None, Self::One),
            _ => Self::Many(std::mem::take(list)),
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Piece> {
        match self {
            Self::None => Vec::new(),
            Self::One(piece) => vec![piece],
            Self::Many(pieces) => pieces,
        }
    }
}

impl Deref for Pieces {
    type Target = [Piece];

    fn deref(&self) -> &[Piece] {
        match self {
            Self::None => &[],
            Self::One(piece) => std::slice::from_ref(piece),
            Self::Many(pieces) => pieces,
        }
    }
}

impl DerefMut for Pieces {
    fn deref_mut(&mut self) -> &mut [Piece] {
        match self {
            Self::None => &mut [],
            Self::One(piece) => std::slice::from_mut(piece),
            Self::Many(pieces) => pieces,
        }
    }
}

impl From<Vec<Piece>> for Pieces {
    fn from(mut pieces: Vec<Piece>) -> Self {
        Self::take(&mut pieces)
    }
}

impl IntoIterator for Pieces {
    type Item = Piece;
    type IntoIter = Chain<option::IntoIter<Piece>, vec::IntoIter<Piece>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self {
            Self::None => (None, Vec::new()),
            Self::One(piece) => (Some(piece), Vec::new()),
            Self::Many(pieces) => (None, pieces),
        };
        one.into_iter().chain(many)
    }
}
