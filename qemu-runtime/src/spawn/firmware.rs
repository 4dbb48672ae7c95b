//! The firmware that a plan leaves to its host: found by the descriptors that distributions have for it, as QEMU's
//! `firmware.json` says what is in them, and the file of its variables, made from its template.
//!
//! **A file that is there is never touched.** The variables come by a file of another name, which gets its own by a link: that
//! fails where somebody else has made one meanwhile.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use qemu_dsl::plan::{Firmware, FirmwareCode};
use serde_json::Value;

use crate::confine::User;
use crate::host::reason;
use crate::plan::Plan;

/// The host has no firmware for a plan that leaves it to the host, or its variables have no file.
#[derive(Debug)]
#[non_exhaustive]
pub enum FirmwareError {
    /// No descriptor is of a firmware that fits.
    NotFound {
        /// What was looked for.
        wanted: String,
        /// The folders in which descriptors were looked for.
        folders: Vec<PathBuf>,
        /// The descriptors that there are, each with why it is not the one.
        others: Vec<(PathBuf, String)>,
    },
    /// The file with the variables is missing, and nothing says from what to make it.
    NoTemplate {
        /// The file.
        vars: PathBuf,
        /// The code's file.
        code: String,
        /// The folders in which descriptors were looked for.
        folders: Vec<PathBuf>,
    },
    /// The file with the variables can't be made.
    Vars {
        /// The file.
        vars: PathBuf,
        /// Its template.
        template: PathBuf,
        /// The kernel's reason.
        source: io::Error,
    },
}

impl Error for FirmwareError {}

impl fmt::Display for FirmwareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folders = |folders: &[PathBuf]| {
            folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::NotFound { wanted, folders: searched, others } => {
                write!(
                    f,
                    "no firmware fits: {wanted} was looked for by the descriptors in {}; install it (Debian has UEFI for PCs \
                     in `ovmf`), or name its file by `code=`",
                    folders(searched),
                )?;
                let shown = others.iter().take(SHOWN);
                shown.into_iter().try_for_each(|(file, why)| write!(f, "\n{}: {why}", file.display()))
            }
            Self::NoTemplate { vars, code, folders: searched } => write!(
                f,
                "{}: there is no such file, and no descriptor in {} says what {code} begins with: copy the template for the \
                 variables that belongs to it",
                vars.display(),
                folders(searched),
            ),
            Self::Vars { vars, template, source } => write!(
                f,
                "{}: it can't be made from {}: {}",
                vars.display(),
                template.display(),
                reason(source)
            ),
        }
    }
}

/// So many descriptors an error tells of.
const SHOWN: usize = 20;

/// The folders of descriptors, those that come first before others.
pub(super) fn folders() -> Vec<PathBuf> {
    let config = env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || Some(PathBuf::from(env::var_os("HOME").filter(|path| !path.is_empty())?).join(".config"));
    let own = config.or_else(home).map(|config| config.join("qemu/firmware"));
    own.into_iter().chain(["/etc/qemu/firmware".into(), "/usr/share/qemu/firmware".into()]).collect()
}

/// The plan with what the host has for its firmware, where it is left to the host. `dir` is QEMU's working directory, `user`
/// who QEMU becomes.
pub(super) fn resolve(
    plan: &Plan,
    folders: &[PathBuf],
    dir: Option<&Path>,
    user: Option<&User>,
) -> Result<Option<Plan>, FirmwareError> {
    let Some(firmware) = plan.firmware() else { return Ok(None) };
    let vars = firmware.vars.as_ref().map(|vars| dir.map_or_else(|| vars.into(), |dir| dir.join(vars)));
    let missing = vars.filter(|vars: &PathBuf| {
        fs::symlink_metadata(vars).is_err_and(|error| error.kind() == ErrorKind::NotFound)
    });
    let (code, template, resolved) = match &firmware.code {
        FirmwareCode::File(_) if missing.is_none() => return Ok(None),
        FirmwareCode::File(code) => (code.clone(), template_of(code, folders), None),
        FirmwareCode::Slot { .. } => {
            let found = find(&firmware, folders)?;
            let resolved = plan.with_firmware(&firmware, &found.code.file);
            (found.code.file, found.template, Some(resolved))
        }
    };
    if let Some(vars) = missing {
        let Some(template) = template else {
            return Err(FirmwareError::NoTemplate { vars, code, folders: folders.to_vec() });
        };
        let template = PathBuf::from(template.file);
        if let Err(source) = make(&vars, &template, user) {
            return Err(FirmwareError::Vars { vars, template, source });
        }
    }
    Ok(resolved)
}

/// Copies the template, unless the file has come meanwhile.
fn make(vars: &Path, template: &Path, user: Option<&User>) -> io::Result<()> {
    let mut from = File::open(template)?;
    let mut name = OsString::from(".");
    name.push(vars.file_name().unwrap_or(OsStr::new("vars")));
    name.push(format!(".{}", std::process::id()));
    let own = vars.with_file_name(name);
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&own)?;
    let made = io::copy(&mut from, &mut to)
        .and_then(|_| user.map_or(Ok(()), |user| fchown(&to, Some(user.uid), Some(user.gid))))
        .and_then(|()| to.sync_all())
        .and_then(|()| match fs::hard_link(&own, vars) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    made.and(fs::remove_file(&own))
}

/// A file of a firmware's, and its format.
#[derive(Clone, Debug)]
struct Image {
    file: String,
    format: String,
}

/// What a descriptor says.
#[derive(Clone, Debug)]
struct Descriptor {
    interfaces: Vec<String>,
    device: String,
    /// `split`, `combined` or `stateless`.
    mode: String,
    code: Image,
    template: Option<Image>,
    /// Architectures, each with patterns of machine types.
    targets: Vec<(String, Vec<String>)>,
    features: Vec<String>,
}

/// The descriptors by their names, in the order in which they are tried: of one name the first folder's counts, and an empty file
/// says that there is none.
fn descriptors(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension() == Some(OsStr::new("json"))
                && fs::metadata(&path).is_ok_and(|file| file.is_file())
            {
                files.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    let is_masked = |file: &PathBuf| fs::metadata(file).is_ok_and(|file| file.len() == 0);
    files.into_values().filter(|file| !is_masked(file)).collect()
}

/// Reads a descriptor, or says why it is none.
fn read(file: &Path) -> Result<Descriptor, String> {
    let text = fs::read_to_string(file).map_err(|error| reason(&error))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("is no JSON: {error}"))?;
    let text = |place: &str| json.pointer(place).and_then(Value::as_str).map(str::to_owned);
    let strings = |value: Option<&Value>| {
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let image = |place: &str| {
        let format = text(&format!("{place}/format")).unwrap_or_else(|| "raw".to_owned());
        Some(Image { file: text(&format!("{place}/filename"))?, format })
    };
    let targets = json.get("targets").and_then(Value::as_array).into_iter().flatten().filter_map(|target| {
        Some((target.get("architecture")?.as_str()?.to_owned(), strings(target.get("machines"))))
    });
    let device = text("/mapping/device").ok_or("says no device that it is mapped to")?;
    let template = image("/mapping/nvram-template");
    let code = image("/mapping/executable").or_else(|| {
        let file = text("/mapping/filename")?;
        Some(Image { file, format: "raw".to_owned() })
    });
    Ok(Descriptor {
        interfaces: strings(json.get("interface-types")),
        device,
        mode: text("/mapping/mode").unwrap_or_else(|| "split".to_owned()),
        code: code.ok_or("names no file")?,
        template,
        targets: targets.collect(),
        features: strings(json.get("features")),
    })
}

/// The first that fits.
fn find(firmware: &Firmware, folders: &[PathBuf]) -> Result<Descriptor, FirmwareError> {
    let mut others = Vec::new();
    for file in descriptors(folders) {
        let found = read(&file).and_then(|found| match against(&found, firmware) {
            None => Ok(found),
            Some(why) => Err(why),
        });
        match found {
            Ok(found) => return Ok(found),
            Err(why) => others.push((file, why)),
        }
    }
    Err(FirmwareError::NotFound { wanted: wanted(firmware), folders: folders.to_vec(), others })
}

/// The template of a code that the plan names.
fn template_of(code: &str, folders: &[PathBuf]) -> Option<Image> {
    let is_it = |other: &str| match (fs::canonicalize(code), fs::canonicalize(other)) {
        (Ok(code), Ok(other)) => code == other,
        _ => code == other,
    };
    let all = descriptors(folders).into_iter().filter_map(|file| read(&file).ok());
    all.filter(|found| is_it(&found.code.file)).find_map(|found| found.template)
}

/// What is looked for, in words.
fn wanted(firmware: &Firmware) -> String {
    let mut words = vec!["UEFI".to_owned()];
    words.extend(firmware.arch.map(|arch| format!("for {arch}")));
    let machine = machine(firmware);
    if !machine.is_empty() {
        words.push(format!("and the machine `{machine}`"));
    }
    words.push(format!("in flash memory, as `{}`", firmware.format));
    if firmware.is_secure {
        words.push("with Secure Boot by System Management Mode".to_owned());
    }
    if firmware.code == (FirmwareCode::Slot { is_stateless: true }) {
        words.push("without variables".to_owned());
    } else if firmware.vars.is_some() {
        words.push("with a template for its variables".to_owned());
    }
    words.join(" ")
}

/// The machine type that QEMU takes where a plan names none.
fn machine(firmware: &Firmware) -> &str {
    let is_pc = firmware.arch.is_some_and(|arch| matches!(arch.to_string().as_str(), "x86_64" | "i386"));
    match firmware.machine.as_str() {
        "" if is_pc => "pc",
        machine => machine,
    }
}

/// The names that QEMU has for machine types without a version, and what those with one begin with.
const ALIASES: &[(&str, &str)] = &[("pc", "pc-i440fx-"), ("q35", "pc-q35-"), ("virt", "virt-")];

/// Why a firmware is not the one that a plan wants, unless it is.
fn against(found: &Descriptor, firmware: &Firmware) -> Option<String> {
    let has = |feature: &str| found.features.iter().any(|own| own == feature);
    let is_stateless = firmware.code == (FirmwareCode::Slot { is_stateless: true });
    if !found.interfaces.iter().any(|interface| interface == "uefi") {
        return Some("is no UEFI".to_owned());
    }
    if found.device != "flash" {
        return Some(format!("is for `{}`, not for flash memory", found.device));
    }
    let arch = firmware.arch.map(|arch| arch.to_string());
    let of_arch = |target: &&(String, Vec<String>)| arch.as_ref().is_none_or(|arch| target.0 == *arch);
    let targets: Vec<_> = found.targets.iter().filter(of_arch).collect();
    if targets.is_empty() {
        return Some("is for another architecture".to_owned());
    }
    let machine = machine(firmware);
    let alias = ALIASES.iter().find(|(alias, _)| *alias == machine);
    let versioned = alias.map(|(_, begin)| format!("{begin}0"));
    let takes = |pattern: &String| {
        matches(pattern, machine) || versioned.as_ref().is_some_and(|machine| matches(pattern, machine))
    };
    if !machine.is_empty() && !targets.iter().any(|(_, machines)| machines.iter().any(takes)) {
        return Some(format!("is not for the machine `{machine}`"));
    }
    if found.code.format != firmware.format {
        return Some(format!("is `{}`, not `{}`", found.code.format, firmware.format));
    }
    match (is_stateless, found.mode.as_str()) {
        (true, "stateless") | (false, "split") => {}
        (true, _) => return Some("keeps variables".to_owned()),
        (false, "stateless") if firmware.vars.is_none() => {}
        (false, mode) => return Some(format!("has its variables otherwise (`{mode}`)")),
    }
    if firmware.vars.is_some() && found.template.as_ref().is_none_or(|own| own.format != firmware.format) {
        return Some("has no template for its variables in this format".to_owned());
    }
    match (firmware.is_secure, has("requires-smm")) {
        (false, true) => return Some("needs System Management Mode: `secure`".to_owned()),
        (true, false) if machine.starts_with("pc") || machine == "q35" => {
            return Some("needs no System Management Mode".to_owned());
        }
        _ => {}
    }
    if firmware.is_secure && !has("secure-boot") {
        return Some("has no Secure Boot".to_owned());
    }
    None
}

/// Whether a text is of a pattern, in which `*` stands for any text and `?` for a character.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, behind)) = pattern.split_once('*') else {
        let is_same = |(own, other): (char, char)| own == '?' || own == other;
        return pattern.chars().count() == text.chars().count()
            && pattern.chars().zip(text.chars()).all(is_same);
    };
    let start = before.chars().count();
    let begin: String = text.chars().take(start).collect();
    if begin.chars().count() != start || !matches(before, &begin) {
        return false;
    }
    let mut rest = text.chars().skip(start).collect::<String>();
    loop {
        if matches(behind, &rest) {
            return true;
        }
        if rest.is_empty() {
            return false;
        }
        rest.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_are_those_of_file_names() {
        for (pattern, text) in [("pc-q35-*", "pc-q35-7.2"), ("*", ""), ("v?rt*", "virt"), ("a*b*c", "aXbYbc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("pc-q35-*", "pc-i440fx-7.2"), ("virt", "virt-7.2"), ("a*b", "abc"), ("?", "")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
