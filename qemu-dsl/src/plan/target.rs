//! Which QEMU something is for.

use std::fmt;
use std::str::FromStr;

use super::packed::packed;
use super::{Arch, Version};

/// The QEMU that something is for.
///
/// ```
/// use qemu_dsl::{Arch, Target, Version};
///
/// assert_eq!(Target::new(Arch::Aarch64, Version::new(7, 2)).to_string(), "aarch64-7.2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// What it emulates.
    pub arch: Arch,
    /// Its version.
    pub version: Version,
}

packed! { struct Target<'a> { arch, version } }

impl Default for Target {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Target {
    /// What is meant where nothing says otherwise.
    pub const DEFAULT: Self = Self::new(Arch::X86_64, Version::NEWEST);

    /// The QEMU of this version for `arch`.
    #[must_use]
    pub const fn new(arch: Arch, version: Version) -> Self {
        Self { arch, version }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.arch, self.version)
    }
}

/// What somebody says of a target: its version, its architecture, both, or nothing.
///
/// ```
/// use qemu_dsl::{Arch, TargetSpec, Version};
///
/// let both = TargetSpec { arch: Some(Arch::Aarch64), version: Some(Version::new(7, 2)) };
/// assert_eq!("aarch64-7.2".parse(), Ok(both));
/// assert_eq!("7.2".parse(), Ok(TargetSpec::from(Version::new(7, 2))));
/// assert_eq!("aarch64".parse(), Ok(TargetSpec::from(Arch::Aarch64)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TargetSpec {
    /// What it emulates.
    pub arch: Option<Arch>,
    /// Its version.
    pub version: Option<Version>,
}

impl TargetSpec {
    /// What this says, and where it says nothing, what `other` does.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { arch: self.arch.or(other.arch), version: self.version.or(other.version) }
    }
}

impl From<Version> for TargetSpec {
    fn from(version: Version) -> Self {
        Self { version: Some(version), ..Self::default() }
    }
}

impl From<Arch> for TargetSpec {
    fn from(arch: Arch) -> Self {
        Self { arch: Some(arch), ..Self::default() }
    }
}

impl From<Target> for TargetSpec {
    fn from(target: Target) -> Self {
        Self { arch: Some(target.arch), version: Some(target.version) }
    }
}

impl FromStr for TargetSpec {
    type Err = ();

    /// Reads `7.2`, `aarch64` or `aarch64-7.2`.
    ///
    /// # Errors
    /// Where the text is none of these.
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(version) = text.parse::<Version>() {
            return Ok(version.into());
        }
        let (arch, version) = match text.split_once('-') {
            Some((arch, version)) => (arch, Some(version.parse()?)),
            None => (text, None),
        };
        Ok(Self { arch: Some(arch.parse()?), version })
    }
}

#[cfg(test)]
mod tests {
    use super::{Arch, Target, TargetSpec, Version};

    #[test]
    fn a_target_is_read_as_it_is_printed() {
        for arch in Arch::all() {
            for version in Version::KNOWN {
                let target = Target::new(arch, version);
                assert_eq!(target.to_string().parse(), Ok(TargetSpec::from(target)));
            }
        }
    }

    #[test]
    fn nothing_else_is_a_target() {
        for wrong in
            ["", "-", "7", "7.2-aarch64", "aarch64-", "-7.2", "aarch64-7", "arm64-7.2", "host", "aarch64 7.2"]
        {
            assert_eq!(wrong.parse::<TargetSpec>(), Err(()), "{wrong}");
        }
    }
}
