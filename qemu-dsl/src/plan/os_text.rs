//! Text for the operating system that can be `static` data.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// An argument, a path or a name for the operating system.
///
/// What the compiler knows at build time is a `&'static str`; what comes at run time may be any [`OsString`].
#[derive(Clone)]
pub enum OsText {
    /// Known at build time.
    Static(&'static str),
    /// Made at run time.
    Owned(OsString),
}

impl OsText {
    /// As the standard library's type.
    pub fn as_os_str(&self) -> &OsStr {
        match self {
            Self::Static(text) => OsStr::new(text),
            Self::Owned(text) => text,
        }
    }

    /// As text, where it is UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        self.as_os_str().to_str()
    }
}

impl fmt::Debug for OsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_os_str(), f)
    }
}

impl PartialEq for OsText {
    fn eq(&self, other: &Self) -> bool {
        self.as_os_str() == other.as_os_str()
    }
}

impl Eq for OsText {}

impl AsRef<OsStr> for OsText {
    fn as_ref(&self) -> &OsStr {
        self.as_os_str()
    }
}

impl AsRef<Path> for OsText {
    fn as_ref(&self) -> &Path {
        Path::new(self.as_os_str())
    }
}

impl From<OsString> for OsText {
    fn from(text: OsString) -> Self {
        Self::Owned(text)
    }
}

impl From<String> for OsText {
    fn from(text: String) -> Self {
        Self::Owned(text.into())
    }
}

impl From<&str> for OsText {
    fn from(text: &str) -> Self {
        Self::Owned(text.into())
    }
}

impl From<&OsStr> for OsText {
    fn from(text: &OsStr) -> Self {
        Self::Owned(text.into())
    }
}

impl From<PathBuf> for OsText {
    fn from(path: PathBuf) -> Self {
        Self::Owned(path.into())
    }
}
