//! The end of what a guest wrote.

use std::collections::VecDeque;

/// The last bytes of a stream, so that a guest that writes without end costs no more than these.
#[derive(Default)]
pub(crate) struct Tail {
    bytes: VecDeque<u8>,
    /// How many bytes came before them.
    skipped: u64,
}

impl Tail {
    /// How many bytes are kept.
    pub(crate) const MAX: usize = 64 * 1024;

    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend(chunk);
        let excess = self.bytes.len().saturating_sub(Self::MAX);
        self.bytes.drain(..excess);
        self.skipped += excess as u64;
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.bytes.iter().copied().collect()
    }

    pub(crate) const fn skipped(&self) -> u64 {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;

    #[test]
    fn the_end_is_kept_and_the_rest_counted() {
        let mut tail = Tail::default();
        tail.push(b"start");
        assert_eq!((tail.to_vec(), tail.skipped()), (b"start".to_vec(), 0));
        let chunk = vec![b'x'; Tail::MAX - 1];
        tail.push(&chunk);
        tail.push(b"end");
        let kept = tail.to_vec();
        assert_eq!(kept.len(), Tail::MAX);
        assert!(kept.starts_with(b"xx") && kept.ends_with(b"xend"));
        assert_eq!(tail.skipped(), 7);
    }
}
