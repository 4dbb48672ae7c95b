//! QEMU's versions.

use std::fmt;
use std::str::FromStr;

use super::packed::packed;

/// A version of QEMU: the two numbers that decide its command line (7.2 of 7.2.22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
}

packed! { struct Version<'a> { major, minor } }

impl Version {
    /// The oldest version that output can be made for.
    pub const OLDEST: Self = Self::new(2, 10);
    /// The newest version that is known; the target of a VM that names none.
    pub const NEWEST: Self = Self::new(11, 1);
    /// The versions that the output is tested for. What lies between follows from the table of changes.
    pub const KNOWN: [Self; 5] =
        [Self::OLDEST, Self::new(5, 2), Self::new(7, 2), Self::new(10, 0), Self::NEWEST];

    /// The version `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = ();

    /// Reads `7.2` or `7.2.22`.
    ///
    /// # Errors
    /// Where the text is not two or three numbers with dots between.
    fn from_str(text: &str) -> Result<Self, ()> {
        fn number(part: Option<&str>) -> Option<u16> {
            let part = part?;
            if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
        }
        let mut parts = text.split('.');
        let version = number(parts.next()).zip(number(parts.next())).ok_or(())?;
        if let Some(patch) = parts.next() {
            number(Some(patch)).ok_or(())?;
        }
        if parts.next().is_some() {
            return Err(());
        }
        Ok(Self::new(version.0, version.1))
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn reads_two_or_three_numbers_and_nothing_else() {
        assert_eq!("7.2".parse(), Ok(Version::new(7, 2)));
        assert_eq!("7.2.22".parse(), Ok(Version::new(7, 2)));
        for wrong in ["", "7", "7.", "7.2.", "7.2.x", "7.2.1.1", "+7.2", "7.99999999"] {
            assert_eq!(wrong.parse::<Version>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn orders_by_number_not_by_text() {
        assert!(Version::new(10, 0) > Version::new(7, 2));
        assert!(Version::new(2, 9) < Version::OLDEST);
    }
}
