//! The order of statements that need each other.

/// Numbers from 0, each behind those that it needs, of which `needs` has a list for each, and else in their order.
pub(crate) fn order(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(needs.len());
    let mut seen = vec![false; needs.len()];
    // A statement, and how many of those that it needs have been seen to. What needs itself is an error elsewhere; here it
    // only must not turn forever.
    let mut path = Vec::new();
    for start in 0..needs.len() {
        let mut next = Some(start);
        loop {
            if let Some(index) = next
                && let Some(seen @ false) = seen.get_mut(index)
            {
                *seen = true;
                path.push((index, 0));
            }
            let Some((index, done)) = path.last_mut() else { break };
            next = needs.get(*index).and_then(|needs| needs.get(*done)).copied();
            *done += 1;
            if next.is_none() {
                order.push(*index);
                path.pop();
            }
        }
    }
    order
}
