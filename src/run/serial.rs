//! What the guest writes to its serial port, where that is standard output.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Read as _};
use std::iter;
use std::thread;

use qemu_dsl::plan::Plan;

use crate::failure::Failure;
use crate::output;

/// Refuses to watch a serial port that is not on standard output, as far as the plan's arguments tell.
pub(crate) fn refuse_elsewhere(plan: &Plan) -> Result<(), Failure> {
    const STDOUT: [&str; 5] = ["stdio", "mon:stdio", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    const MONITORS: [&str; 3] = ["-monitor", "-qmp", "-qmp-pretty"];

    let args: Vec<_> = plan.args().map(OsStr::to_string_lossy).collect();
    let has = |option: &str| args.iter().any(|arg| arg == option);
    // `stdio`, `path=/dev/stdout` and `file:/dev/stdout` are parts of values.
    let is_stdout = |value: &str| {
        value.split(',').any(|part| {
            let part = part.split_once('=').map_or(part, |(_, own)| own);
            STDOUT.contains(&part.strip_prefix("file:").unwrap_or(part))
        })
    };
    let options = || iter::once("").chain(args.iter().map(AsRef::as_ref)).zip(args.iter().map(AsRef::as_ref));
    // A backend to which a monitor alone is connected.
    let is_monitors = |value: &str| {
        let id = value.split(',').find_map(|part| part.strip_prefix("id=")).unwrap_or_default();
        let names = [format!("chardev:{id}"), format!("chardev={id}")];
        let mut users = options().filter(|(_, value): &(&str, &str)| {
            value.split(',').any(|part| names.iter().any(|name| name == part))
        });
        users.clone().next().is_some() && users.all(|(option, _)| MONITORS.contains(&option))
    };
    let somewhere = options().any(|(option, value)| {
        !MONITORS.contains(&option) && is_stdout(value) && !(option == "-chardev" && is_monitors(value))
    });
    if somewhere || (has("-nographic") && !has("-nodefaults")) {
        return Ok(());
    }
    Err(Failure::usage(
        "--wait-for: no serial port of this VM is on standard output: write `serial stdio`, or \
         `nographic`",
    ))
}

/// Passes on what comes in, on a thread of its own. Says once whether `text` came, and then goes on.
pub(crate) fn watch(mut from: PipeReader, text: String, say: impl Fn(bool) + Send + 'static) {
    thread::spawn(move || {
        let mut search = Search::new(text.into_bytes());
        let mut buffer = [0; 4096];
        let mut is_read = true;
        loop {
            let chunk = match from.read(&mut buffer) {
                Ok(read @ 1..) => buffer.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                _ => break,
            };
            // Where nobody reads it any more, it still is to be watched.
            is_read = is_read && output::pass_on(io::stdout(), chunk).is_ok();
            if search.finds_in(chunk) {
                say(true);
            }
        }
        if !search.found {
            say(false);
        }
    });
}

/// The search for a text in what comes in pieces.
struct Search {
    text: Vec<u8>,
    /// The end of what came before, shorter than the text.
    before: Vec<u8>,
    found: bool,
}

impl Search {
    fn new(text: Vec<u8>) -> Self {
        Self { text, before: Vec::new(), found: false }
    }

    /// Whether the text ends in this chunk, for the first time.
    fn finds_in(&mut self, chunk: &[u8]) -> bool {
        if self.found {
            return false;
        }
        self.before.extend_from_slice(chunk);
        self.found = self.before.windows(self.text.len().max(1)).any(|part| part == self.text);
        let excess = (self.before.len() + 1).saturating_sub(self.text.len());
        self.before.drain(..excess.min(self.before.len()));
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::Search;

    #[test]
    fn a_text_is_found_across_chunks_and_once() {
        let text = "xxlogin: login: ";
        for length in 1..=text.len() {
            let mut search = Search::new(b"login:".to_vec());
            let found = text.as_bytes().chunks(length).filter(|chunk| search.finds_in(chunk)).count();
            assert_eq!(found, 1, "{length}");
            assert!(search.before.len() < 6);
        }
        let mut search = Search::new(b"aab".to_vec());
        assert!(!search.finds_in(b"aa") && search.finds_in(b"ab"));
        assert!(!Search::new(b"login:".to_vec()).finds_in(b"logi"));
    }
}
