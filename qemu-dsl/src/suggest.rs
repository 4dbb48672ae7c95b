//! Did you mean?
//!
//! The same word gives the same suggestion, in whatever order the candidates come. What it costs grows with the number
//! of candidates and no faster: a long word is nobody's misspelling, and of most candidates the letters alone tell that
//! they are far.

use std::cell::Cell;
use std::cmp::Reverse;

use crate::Span;
use crate::diagnostic::{Help, Remedy};
use crate::source::spell;

/// Longer words are not looked for. QEMU's own names have 50 letters at most.
const LONGEST: usize = 100;

/// How many suggestions are looked for in what can be as long as the text itself. Nobody reads more of them.
#[derive(Debug)]
pub(crate) struct Suggestions {
    left: Cell<u32>,
}

impl Default for Suggestions {
    fn default() -> Self {
        Self { left: Cell::new(100) }
    }
}

impl Suggestions {
    pub(crate) fn nearest<'c>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        self.left.set(self.left.get().checked_sub(1)?);
        nearest(word, candidates)
    }

    pub(crate) fn did_you_mean<'c>(
        &self,
        word: &str,
        span: Span,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<Remedy> {
        self.nearest(word, candidates).map(|candidate| meant(candidate, span))
    }
}

/// "did you mean `x`?", and `x` in place of the word, which stands at `span`.
pub(crate) fn did_you_mean<'c>(
    word: &str,
    span: Span,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<Remedy> {
    nearest(word, candidates).map(|candidate| meant(candidate, span))
}

/// The same for what is known to be meant.
pub(crate) fn meant(candidate: &str, span: Span) -> Remedy {
    Remedy::new(Help::DidYouMean(candidate.to_owned())).replace(span, spell(candidate))
}

/// The candidate that `word` is most likely a misspelling of. Of equally near ones it is the newest version of a name,
/// and then the first in byte order.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() < 2 || word.len() > LONGEST {
        return None;
    }
    let folded = fold(word);
    let wanted = letters(&folded);
    let (family, _) = versioned(word);
    let rank = |distance, candidate| {
        let (family, version) = versioned(candidate);
        (distance, family, Reverse(version), candidate)
    };
    // A third of the letters may differ, one of two, and four of many: more would guess, not suggest. What is further
    // than the best one so far is not wanted either.
    let third = (word.len() / 3).max(1);
    let mut limit = third.min(4);
    let mut best = None;
    for candidate in candidates {
        let distance = if is_version_of(candidate, family) {
            // Another version is meant, not the one whose digits look most alike (`2.0` for `9.0`), but for one digit
            // too many or too few (`5.2` for `55.2`).
            let slip = candidate.len().abs_diff(word.len()) == 1 && distance(&folded, candidate, 1).is_some();
            Some(if slip { 1 } else { 2 })
        } else if word.len() >= 3 && candidate.starts_with(word) {
            // A word whose end is missing (`virtio-ser`).
            Some(candidate.len() - word.len()).filter(|missing| *missing <= 4 * third)
        } else if candidate.len().abs_diff(word.len()) > limit
            || (letters(candidate.as_bytes()) ^ wanted).count_ones() as usize > 2 * limit
        {
            None
        } else {
            distance(&folded, candidate, limit)
        };
        let Some(distance) = distance else { continue };
        if best.is_none_or(|(least, first)| rank(distance, candidate) < rank(least, first)) {
            best = Some((distance, candidate));
            limit = limit.min(distance);
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `_` is `-`, and capitals are no difference worth counting.
fn fold(text: &str) -> Vec<u8> {
    let mut folded = text.as_bytes().to_ascii_lowercase();
    for byte in &mut folded {
        if *byte == b'_' {
            *byte = b'-';
        }
    }
    folded
}

/// A set of the letters in `text`, in which a few share their place. A change of one letter changes it by two at most.
fn letters(text: &[u8]) -> u64 {
    let mut set = 0;
    for byte in text {
        set |= match *byte {
            b'_' => 1 << (b'-' & 0x1f),
            letter if letter >= 0x40 => 1 << (32 + (letter & 0x1f)),
            other => 1 << (other & 0x1f),
        };
    }
    set
}

/// What a name is without its version, and the version: `pc-q35` and 7.2, `EPYC` and 4 (`EPYC-v4`).
fn versioned(name: &str) -> (&str, Option<[u16; 3]>) {
    let whole = (name, None);
    let Some((family, text)) = name.rsplit_once(['-', '_']) else {
        return whole;
    };
    let mut version = [0; 3];
    let mut places = version.iter_mut();
    for number in text.strip_prefix('v').unwrap_or(text).split('.') {
        match (places.next(), number.parse()) {
            (Some(place), Ok(number)) => *place = number,
            _ => return whole,
        }
    }
    (family, Some(version))
}

/// Whether `name` is `family` with a version behind it.
fn is_version_of(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.starts_with(['-', '_']))
        && matches!(versioned(name), (found, Some(_)) if found == family)
}

/// Whether two names differ in their versions alone.
pub(crate) fn is_other_version(name: &str, other: &str) -> bool {
    let ((family, version), (other_family, other_version)) = (versioned(name), versioned(other));
    version.is_some() && other_version.is_some() && family == other_family
}

/// Letters to insert, remove, change or swap (with their neighbour) to make `name` of `folded`, if they are no more than
/// `limit`.
fn distance(folded: &[u8], name: &str, limit: usize) -> Option<usize> {
    let name = fold(name);
    let same = folded.iter().zip(&name).take_while(|(letter, other)| letter == other).count();
    let (folded, name) = (folded.get(same..)?, name.get(same..)?);
    // Row `i` has the distances of the first `i` letters to each beginning of `name`. Those further than `limit` from
    // the diagonal stay what they are: too many.
    let too_many = limit + 1;
    let mut before_last = vec![too_many; name.len() + 1];
    let mut last: Vec<usize> = (0..=name.len()).map(|column| column.min(too_many)).collect();
    let mut row = vec![too_many; name.len() + 1];
    let mut previous = None;
    for (i, letter) in folded.iter().enumerate() {
        let from = (i + 1).saturating_sub(limit);
        let to = (i + 1 + limit).min(name.len());
        row.fill(too_many);
        let mut left = if from == 0 { i + 1 } else { too_many };
        if let (0, Some(first)) = (from, row.first_mut()) {
            *first = left;
        }
        let mut least = left;
        for j in from.max(1)..=to {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(too_many);
            let other = name.get(j - 1);
            let mut best =
                (at(&last, j - 1) + usize::from(Some(letter) != other)).min(at(&last, j) + 1).min(left + 1);
            if j > 1 && previous == other && name.get(j - 2) == Some(letter) {
                best = best.min(at(&before_last, j - 2) + 1);
            }
            left = best;
            least = least.min(best);
            if let Some(place) = row.get_mut(j) {
                *place = best;
            }
        }
        if least > limit {
            return None;
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
        previous = Some(letter);
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::{distance, fold, nearest};

    fn edits(word: &str, name: &str) -> Option<usize> {
        let found = distance(&fold(word), name, 10);
        // Whatever the limit is.
        for limit in 0..10 {
            assert_eq!(
                distance(&fold(word), name, limit),
                found.filter(|edits| *edits <= limit),
                "{word} {name}"
            );
        }
        found
    }

    #[test]
    fn counts_edits_and_swaps() {
        assert_eq!(edits("netdev", "netdev"), Some(0));
        assert_eq!(edits("netdve", "netdev"), Some(1));
        assert_eq!(edits("entdve", "netdev"), Some(2));
        assert_eq!(edits("kernel_irqchip", "kernel-irqchip"), Some(0));
        assert_eq!(edits("", "abc"), Some(3));
        assert_eq!(edits("abc", ""), Some(3));
        assert_eq!(edits("disk", "rtc"), Some(4));
        assert_eq!(edits("HASWELL", "Haswell"), Some(0));
        assert_eq!(edits("virtio-serial", "virtio-serial-pci"), Some(4));
        assert_eq!(edits("virtio-net-pci-transitional", "pci"), None);
    }

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let words = ["ifname", "mac", "mq", "vhost", "virtio-serial"];
        assert_eq!(nearest("ifnam", words), Some("ifname"));
        assert_eq!(nearest("virtio-ser", words), Some("virtio-serial"));
        assert_eq!(nearest("vir", words), None);
        assert_eq!(nearest("zzz", words), None);
        assert_eq!(nearest("mc", words), Some("mac"));
        assert_eq!(nearest("x", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest(&"ifname".repeat(100_000), words), None);
    }

    #[test]
    fn the_order_of_the_candidates_means_nothing() {
        let mut words =
            ["disk1", "disk2", "disk3", "disks", "other", "virtio-9.0", "virtio-8.0", "virtio-10.0"];
        for (word, expected) in [("disk", "disk1"), ("virtio-7.0", "virtio-10.0"), ("dik2", "disk2")] {
            for _ in 0..words.len() {
                words.rotate_left(1);
                assert_eq!(nearest(word, words.iter().copied()), Some(expected));
            }
        }
    }

    #[test]
    fn the_newest_version_is_meant() {
        let words = [
            "pc",
            "pc-i440fx-2.0",
            "pc-i440fx-2.10",
            "pc-i440fx-7.2",
            "pc-q35-4.0.1",
            "pc-q35-5.2",
            "pc-q35-7.2",
            "EPYC",
            "EPYC-Rome",
            "EPYC-Rome-v2",
            "EPYC-v1",
            "EPYC-v4",
            "cortex-a9",
            "cortex-a57",
        ];
        for (word, expected) in [
            ("pc-i440fx-9.0", "pc-i440fx-7.2"),
            ("pc-i440fx-10.0", "pc-i440fx-7.2"),
            ("pc-i440fx", "pc-i440fx-7.2"),
            ("pc-i44fx-2.1", "pc-i440fx-2.10"),
            ("pc-q35-55.2", "pc-q35-5.2"),
            ("pc-q35-4.0.2", "pc-q35-7.2"),
            ("EPYC-v9", "EPYC-v4"),
            ("EPYC-Rme", "EPYC-Rome"),
            ("cortex-a58", "cortex-a57"),
        ] {
            assert_eq!(nearest(word, words), Some(expected), "{word}");
        }
    }
}
