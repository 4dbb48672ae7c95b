//! Did you mean?

/// The candidate that `word` is most likely a misspelling of.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // A third of the letters may differ, and one of two: more would guess, not suggest.
    let letters = word.chars().count();
    let limit = if letters < 2 { 0 } else { (letters / 3).max(1) };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= limit * 4)
        .filter_map(|candidate| {
            let distance = distance(word, candidate);
            // `netdev` for `nedtev`, and a word whose end is missing (`virtio-ser`).
            let near = distance <= limit || (word.len() >= 3 && candidate.starts_with(word));
            near.then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?"
pub(crate) fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Letters to insert, remove, change or swap (with their neighbour) to make one word of the other; `_` is `-`, and
/// capitals are no difference worth counting.
fn distance(a: &str, b: &str) -> usize {
    let fold = |text: &str| -> Vec<char> {
        text.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let (a, b) = (fold(a), fold(b));
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (i, &ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i + 1);
        let mut previous_b = None;
        for (j, &cb) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut best =
                (at(&last, j) + usize::from(ca != cb)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if previous_a == Some(cb) && previous_b == Some(ca) {
                best = best.min(at(&before_last, j.wrapping_sub(1)) + 1);
            }
            row.push(best);
            previous_b = Some(cb);
        }
        before_last = std::mem::replace(&mut last, row);
        previous_a = Some(ca);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn counts_edits_and_swaps() {
        assert_eq!(distance("netdev", "netdev"), 0);
        assert_eq!(distance("netdve", "netdev"), 1);
        assert_eq!(distance("kernel_irqchip", "kernel-irqchip"), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("disk", "rtc"), 4);
    }

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let words = ["ifname", "mac", "mq", "vhost", "virtio-serial"];
        assert_eq!(nearest("ifnam", words), Some("ifname"));
        assert_eq!(nearest("virtio-ser", words), Some("virtio-serial"));
        assert_eq!(nearest("zzz", words), None);
        assert_eq!(nearest("mc", words), Some("mac"));
        assert_eq!(nearest("x", words), None);
        assert_eq!(nearest("", words), None);
    }
}
