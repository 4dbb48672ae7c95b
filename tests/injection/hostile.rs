//! Strings that would be something else in a list, a path, JSON or a command line, were they not kept in their place.

/// What hostile strings consist of.
const PIECES: &[&str] = &[
    ",",
    ",,",
    "=",
    "\"",
    "'",
    "\\",
    "\n",
    "\0",
    "\t",
    " ",
    ":",
    ";",
    "/",
    "-",
    "--",
    "{",
    "}",
    "[",
    "]",
    ",readonly=off",
    ",readonly=on,",
    ",file.driver=null-co",
    "file.driver=",
    ",id=x",
    ",server=on,wait=off",
    ",hostfwd=tcp::1-:2",
    "json:{",
    "{\"driver\":\"null-co\"}",
    "\",\"x\":\"",
    "nbd:",
    "fat:rw:",
    "tcp:",
    "-daemonize",
    "-set",
    "%s%n",
    "$(id)",
    "`id`",
    "help",
    "?",
    "a",
    "x1",
    "é",
    "日\u{202e}",
    "../",
];

/// Such a string: some pieces, now and then 100 kB of them.
pub(crate) fn string(random: &mut fastrand::Rng) -> String {
    let pieces = random.usize(1..7);
    let text: String = (0..pieces).filter_map(|_| random.choice(PIECES)).copied().collect();
    if random.usize(..40) == 0 { text.repeat(100_000 / text.len() + 1) } else { text }
}
