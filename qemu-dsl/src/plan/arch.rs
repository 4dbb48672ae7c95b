//! What a VM's processor is.

use std::fmt;
use std::str::FromStr;

use super::packed::{Pack, Reader, Unpack};

/// An architecture that QEMU emulates, called as QEMU does: each has a program of its own, `qemu-system-x86_64`.
///
/// ```
/// use qemu_dsl::Arch;
///
/// assert_eq!("aarch64".parse(), Ok(Arch::Aarch64));
/// assert_eq!(Arch::of_program("/usr/bin/qemu-system-aarch64"), Some(Arch::Aarch64));
/// assert_eq!(Arch::Aarch64.program(), "qemu-system-aarch64");
/// assert_eq!(Arch::Aarch64.cpu_suffix(), "-arm-cpu");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "QEMU's names say it all")]
pub enum Arch {
    Aarch64,
    Alpha,
    Arm,
    Avr,
    Hppa,
    I386,
    Loongarch64,
    M68k,
    Microblaze,
    Microblazeel,
    Mips,
    Mips64,
    Mips64el,
    Mipsel,
    Or1k,
    Ppc,
    Ppc64,
    Riscv32,
    Riscv64,
    Rx,
    S390x,
    Sh4,
    Sh4eb,
    Sparc,
    Sparc64,
    Tricore,
    /// What is meant where nothing says otherwise.
    #[default]
    X86_64,
    Xtensa,
    Xtensaeb,
}

/// Each with its name, and what the names of its CPUs' types end with.
const ALL: [(Arch, &str, &str); 29] = [
    (Arch::Aarch64, "qemu-system-aarch64", "-arm-cpu"),
    (Arch::Alpha, "qemu-system-alpha", "-alpha-cpu"),
    (Arch::Arm, "qemu-system-arm", "-arm-cpu"),
    (Arch::Avr, "qemu-system-avr", "-avr-cpu"),
    (Arch::Hppa, "qemu-system-hppa", "-hppa-cpu"),
    (Arch::I386, "qemu-system-i386", "-i386-cpu"),
    (Arch::Loongarch64, "qemu-system-loongarch64", "-loongarch-cpu"),
    (Arch::M68k, "qemu-system-m68k", "-m68k-cpu"),
    (Arch::Microblaze, "qemu-system-microblaze", "-microblaze-cpu"),
    (Arch::Microblazeel, "qemu-system-microblazeel", "-microblaze-cpu"),
    (Arch::Mips, "qemu-system-mips", "-mips-cpu"),
    (Arch::Mips64, "qemu-system-mips64", "-mips64-cpu"),
    (Arch::Mips64el, "qemu-system-mips64el", "-mips64-cpu"),
    (Arch::Mipsel, "qemu-system-mipsel", "-mips-cpu"),
    (Arch::Or1k, "qemu-system-or1k", "-or1k-cpu"),
    (Arch::Ppc, "qemu-system-ppc", "-powerpc-cpu"),
    (Arch::Ppc64, "qemu-system-ppc64", "-powerpc64-cpu"),
    (Arch::Riscv32, "qemu-system-riscv32", "-riscv-cpu"),
    (Arch::Riscv64, "qemu-system-riscv64", "-riscv-cpu"),
    (Arch::Rx, "qemu-system-rx", "-rx-cpu"),
    (Arch::S390x, "qemu-system-s390x", "-s390x-cpu"),
    (Arch::Sh4, "qemu-system-sh4", "-superh-cpu"),
    (Arch::Sh4eb, "qemu-system-sh4eb", "-superh-cpu"),
    (Arch::Sparc, "qemu-system-sparc", "-sparc-cpu"),
    (Arch::Sparc64, "qemu-system-sparc64", "-sparc64-cpu"),
    (Arch::Tricore, "qemu-system-tricore", "-tricore-cpu"),
    (Arch::X86_64, "qemu-system-x86_64", "-x86_64-cpu"),
    (Arch::Xtensa, "qemu-system-xtensa", "-xtensa-cpu"),
    (Arch::Xtensaeb, "qemu-system-xtensaeb", "-xtensa-cpu"),
];

const PROGRAM: &str = "qemu-system-";

impl Arch {
    /// All of them, in the order of their names.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(arch, ..)| *arch)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        let [.., x86_64, _, _] = &ALL;
        // They stand in the order of the enum: a test compares the two.
        ALL.get(self as usize).unwrap_or(x86_64)
    }

    /// QEMU's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.program().strip_prefix(PROGRAM).unwrap_or_default()
    }

    /// The QEMU that emulates it.
    #[must_use]
    pub fn program(self) -> &'static str {
        self.row().1
    }

    /// What the names of the types of its CPUs end with, beside the name of the model: `-arm-cpu`.
    #[must_use]
    pub fn cpu_suffix(self) -> &'static str {
        self.row().2
    }

    /// What the QEMU at this path emulates, by its name (`qemu-system-x86_64`, `qemu-system-x86_64-7.2`). None for one that is
    /// called otherwise (`kvm`).
    #[must_use]
    pub fn of_program(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path).strip_prefix("qemu-")?;
        // Some builds have a word of their own before it: `qemu-vanilla-system-x86_64`.
        let (own, name) = name.split_once("system-")?;
        if !own.is_empty() && !own.ends_with('-') {
            return None;
        }
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        name.get(..end)?.parse().ok()
    }
}

impl Pack for Arch {
    fn pack(&self, to: &mut Vec<u8>) {
        to.push(*self as u8);
    }
}

impl Unpack<'_> for Arch {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::all().nth(from.byte().into()).unwrap_or_else(|| {
            from.fail();
            Self::default()
        })
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Arch {
    type Err = ();

    /// Reads `x86_64`.
    ///
    /// # Errors
    /// Where QEMU calls nothing so.
    fn from_str(name: &str) -> Result<Self, ()> {
        Self::all().find(|arch| arch.name() == name).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Arch};

    #[test]
    fn each_has_its_row() {
        for (index, (arch, program, suffix)) in ALL.iter().enumerate() {
            assert_eq!(*arch as usize, index, "{arch:?}");
            assert_eq!((arch.program(), arch.cpu_suffix()), (*program, *suffix));
            assert_eq!(arch.name(), format!("{arch:?}").to_ascii_lowercase());
            assert_eq!(arch.to_string().parse(), Ok(*arch));
        }
        assert_eq!(Arch::default().name(), "x86_64");
        for wrong in ["", "x86", "X86_64", "amd64", "qemu-system-arm"] {
            assert_eq!(wrong.parse::<Arch>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn programs_are_called_by_it() {
        for (path, expected) in [
            ("qemu-system-x86_64", Some(Arch::X86_64)),
            ("/opt/qemu/bin/qemu-system-mips64el", Some(Arch::Mips64el)),
            ("./qemu-system-arm-7.2", Some(Arch::Arm)),
            ("qemu-system-i386.exe", Some(Arch::I386)),
            ("qemu-system-amd64", None),
            ("qemu-system-", None),
            ("/usr/bin/kvm", None),
            ("", None),
        ] {
            assert_eq!(Arch::of_program(path), expected, "{path}");
        }
    }
}
