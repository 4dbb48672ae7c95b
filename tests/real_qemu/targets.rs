//! Targets between the versions that are at hand: what is for them, the next version takes.

use qemu_dsl::Version;

use crate::case::Case;
use crate::outcome::{Outcome, Stop};
use crate::qemu::{Qemu, compile};
use crate::world::World;

/// Versions between those that are tested.
pub(crate) const BETWEEN: &[(u16, u16)] = &[
    (6, 0),
    (6, 1),
    (6, 2),
    (7, 0),
    (7, 1),
    (8, 0),
    (8, 1),
    (8, 2),
    (9, 0),
    (9, 1),
    (9, 2),
    (10, 1),
    (10, 2),
    (11, 0),
];

fn neighbours(version: Version) -> Option<(Version, Version)> {
    let before = Version::KNOWN.into_iter().rfind(|known| *known < version)?;
    let after = Version::KNOWN.into_iter().find(|known| *known > version)?;
    Some((before, after))
}

/// Cases with what versions between alone are told: `reconnect=` of a stream came with 8.0, and the next that is tested is told
/// `reconnect-ms=`. That one takes both, as [`are_taken`] sees.
const ONLY_BETWEEN: &[&str] = &["netdev-stream-reconnect"];

/// Whatever is printed for a version between is what is printed for one of its neighbours: nothing is said one way, then
/// another, then as at first.
pub(crate) fn print_like_a_neighbour(cases: &[Case]) -> Outcome {
    let world = World::new()?;
    for (major, minor) in BETWEEN {
        let version = Version::new(*major, *minor);
        let Some((before, after)) = neighbours(version) else {
            return Err(Stop::failed(format!("{version} lies between no two")));
        };
        for case in cases.iter().filter(|case| !ONLY_BETWEEN.contains(&case.name.as_str())) {
            let [before, own, after] =
                [before, version, after].map(|target| compile(&case.text, target, &world));
            let (before, after) = (before.args(), after.args());
            // What neither takes tells nothing.
            if before.is_empty() && after.is_empty() {
                continue;
            }
            for arg in own.args() {
                if !before.contains(&arg) && !after.contains(&arg) {
                    return Err(Stop::failed(format!(
                        "{}, for {version}: {arg}\nbefore: {before:?}\nafter: {after:?}",
                        case.name
                    )));
                }
            }
        }
    }
    Ok(())
}

/// `qemu` takes what is printed for the versions before it, back to the one before that is tested.
pub(crate) fn are_taken(qemu: &Qemu, cases: &[Case]) -> Outcome {
    let mut ran = 0;
    for (major, minor) in BETWEEN {
        let version = Version::new(*major, *minor);
        let next = neighbours(version).map(|(_, after)| after);
        if next != Some(qemu.version) {
            continue;
        }
        for case in cases {
            // What has gone in between, or needs much, is not for here.
            if !case.is_timeless() {
                continue;
            }
            let world = World::new()?;
            let compiled = compile(&case.text, version, &world);
            // What is printed alike runs as that version's own.
            if compiled.args() != qemu.compile(&case.text, &world).args() {
                ran += 1;
                qemu.run(&compiled, &world)?.examine_and_quit()?;
            }
        }
    }
    println!("{}: {ran} texts are printed otherwise for a version before, and run", qemu.version);
    Ok(())
}
