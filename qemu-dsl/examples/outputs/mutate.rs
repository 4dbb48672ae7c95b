//! Texts that nobody wrote: those of the corpus with a mistake, and two at once.

use fastrand::Rng;

use crate::corpus::{Group, Text};

/// How many are made. The random numbers are the same in each run.
const COUNT: usize = 6000;
const SEED: u64 = 0x5eed;

pub(crate) fn mutants(groups: &[Group]) -> Vec<Text> {
    let texts: Vec<_> = groups.iter().flat_map(|group| &group.texts).collect();
    let mut rng = Rng::with_seed(SEED);
    let mutants = (0..COUNT).filter_map(|_| {
        let text = rng.choice(&texts)?;
        let other = rng.choice(&texts)?;
        let source = mutant(&text.source, &other.source, &mut rng);
        Some(Text { place: text.place.clone(), source })
    });
    mutants.collect()
}

fn mutant(text: &str, other: &str, rng: &mut Rng) -> String {
    let mut words: Vec<_> = text.split_inclusive(char::is_whitespace).map(str::to_owned).collect();
    let at = rng.usize(0..words.len().max(1));
    let Some(word) = words.get(at).cloned() else { return other.to_owned() };
    let others: Vec<_> = other.split_inclusive(char::is_whitespace).collect();
    let another = rng.choice(&others).copied().unwrap_or_default();
    match rng.u8(0..8) {
        0 => drop(words.remove(at)),
        1 => words.insert(at, word),
        2 => words.insert(at, another.to_owned()),
        3 | 4 => words.splice(at..=at, [misspelt(&word, rng)]).for_each(drop),
        // A value that belongs to another option.
        5 => {
            let value = another.split_once('=').map_or(another, |(_, value)| value);
            let name = word.split_once('=').map_or("", |(name, _)| name);
            words.splice(at..=at, [format!("{name}={value} ")]).for_each(drop);
        }
        _ => return format!("{text}\n{other}"),
    }
    words.concat()
}

/// One character less, doubled, or in place of another.
fn misspelt(word: &str, rng: &mut Rng) -> String {
    let mut chars: Vec<_> = word.chars().collect();
    let at = rng.usize(0..chars.len().max(1));
    let Some(c) = chars.get(at).copied() else { return word.to_owned() };
    match rng.u8(0..3) {
        0 => drop(chars.remove(at)),
        1 => chars.insert(at, c),
        _ => chars.splice(at..=at, [char::from(rng.u8(b'!'..b'~'))]).for_each(drop),
    }
    chars.into_iter().collect()
}
