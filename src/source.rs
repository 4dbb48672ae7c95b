//! The text of a VM, read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use qemu_dsl::source::SourceMap;
use qemu_dsl::{Included, Inclusion, Load, Parsed, Sources, Span};

use crate::failure::{Failure, reason};

/// The compiler takes no more.
const LONGEST: u64 = u32::MAX as u64;

/// A text and where it comes from: a file's path, or `<stdin>`.
#[derive(Debug)]
pub(crate) struct Source {
    sources: Sources,
}

impl Source {
    /// Reads a file, or standard input where it is called `-`.
    pub(crate) fn read(file: &Path, no_include: bool) -> Result<Self, Failure> {
        let (name, bytes) = if file.as_os_str() == "-" {
            (Path::new("<stdin>"), read(io::stdin().lock()))
        } else {
            (file, File::open(file).and_then(read))
        };
        let bytes = bytes.map_err(|error| Failure::file(name, reason(&error)))?;
        let text = decode(bytes).map_err(|reason| Failure::file(name, reason))?;
        let refuse = |_: Inclusion<'_>| Err("`--no-include` is given".to_owned());
        let load: Load<'_> = if no_include { &mut { refuse } } else { &mut include };
        Ok(Self { sources: Sources::load(name.display().to_string(), text, load) })
    }

    /// A text that is at hand. It includes nothing.
    pub(crate) fn of(name: &str, text: String) -> Self {
        Self { sources: Sources::load(name, text, &mut |_| Err("it stands alone".to_owned())) }
    }

    /// Parses it with what it includes.
    pub(crate) fn parse(&self) -> Parsed<'_> {
        self.sources.parse()
    }

    /// Where its spans are.
    pub(crate) const fn map(&self) -> &SourceMap<'static> {
        self.sources.map()
    }

    pub(crate) fn name(&self) -> String {
        self.map().files().first().map_or(String::new(), |file| file.name().to_owned())
    }
}

/// Reads a file that another one includes, relative to that; from standard input it is relative to the working directory.
fn include(inclusion: Inclusion<'_>) -> Result<Included, String> {
    let folder = Path::new(inclusion.from).parent().unwrap_or(Path::new(""));
    let path = folder.join(inclusion.path);
    // To open anything else may take forever, and so may reading it.
    if !fs::metadata(&path).map_err(|error| reason(&error))?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let bytes = File::open(&path).and_then(read).map_err(|error| reason(&error))?;
    Ok(Included { name: lexical(&path).display().to_string(), text: decode(bytes)? })
}

/// A path without `.` and without `x/..`, so that one file has one name.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn read(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more, so that the compiler sees that there are too many.
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The reason names the first byte that is wrong.
fn decode(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let (text, rest) = error.as_bytes().split_at(offset);
        let end = u32::try_from(offset).unwrap_or(u32::MAX);
        let map = SourceMap::of("", String::from_utf8_lossy(text));
        let line = map.locate(Span::new(end, end)).map_or(1, |(_, position)| position.line);
        let byte = rest.first().copied().unwrap_or_default();
        format!("not UTF-8 text: byte 0x{byte:02x} at offset {offset}, in line {line}")
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_first_wrong_byte_is_named() {
        assert_eq!(
            decode(b"name a\n\xc3\xb6 \xff\xfe".to_vec()),
            Err("not UTF-8 text: byte 0xff at offset 10, in line 2".to_owned())
        );
        assert_eq!(
            decode(b"\xc3".to_vec()),
            Err("not UTF-8 text: byte 0xc3 at offset 0, in line 1".to_owned())
        );
        assert_eq!(decode("ö".into()), Ok("ö".to_owned()));
    }
}
