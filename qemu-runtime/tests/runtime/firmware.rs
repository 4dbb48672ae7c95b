//! Firmware that a plan leaves to the host: which descriptor is taken, and how the variables come to be.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use qemu_runtime::{Arch, FirmwareError, Guest, Plan, Spawn, SpawnError, Stdio, Target, Version, vm};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::host::{Lacking, need};

crate::tests! {
    the_first_that_fits_is_taken
    a_folder_hides_what_the_next_ones_have
    what_fits_hangs_on_all_that_is_said
    the_variables_come_from_the_template
    what_is_missing_is_told
    what_a_host_has_runs
}

/// A descriptor of a firmware for `machine`.
fn descriptor(code: &str, machine: &str, features: &[&str]) -> Value {
    json!({
        "description": "a test",
        "interface-types": ["uefi"],
        "mapping": {
            "device": "flash",
            "executable": { "filename": code, "format": "raw" },
            "nvram-template": { "filename": format!("{code}.vars"), "format": "raw" },
        },
        "targets": [{ "architecture": "x86_64", "machines": [machine] }],
        "features": features,
        "tags": [],
    })
}

fn write(folder: &Path, name: &str, value: &Value) {
    fs::write(folder.join(name), value.to_string()).unwrap();
}

/// A plan that prints its arguments.
fn plan(machine: &str, code: &str, rest: &[&str]) -> Plan {
    let machine = format!("{machine},pflash0=code");
    let code = format!("driver=raw,node-name=code,read-only=on,file.driver=file,file.filename={code}");
    let args = ["-machine", &machine, "-blockdev", &code].into_iter().chain(rest.iter().copied());
    Plan::new("/bin/echo", args, vec![]).located(Target::new(Arch::X86_64, Version::new(7, 2)), [])
}

/// The code that a plan gets.
fn code(plan: &Plan, folders: &[&Path]) -> Result<String, SpawnError> {
    let spawn = Spawn::new(plan).stdout(Stdio::Pipe).firmware_folders(folders.iter().copied());
    let mut guest = spawn.spawn()?;
    let mut text = String::new();
    guest.take_stdout().unwrap().read_to_string(&mut text).unwrap();
    guest.wait();
    let (_, rest) = text.split_once("file.filename=").unwrap();
    Ok(rest.split_whitespace().next().unwrap_or_default().to_owned())
}

fn not_found(result: Result<String, SpawnError>) -> (String, Vec<(PathBuf, String)>) {
    match result {
        Err(SpawnError::Firmware(error)) => match *error {
            FirmwareError::NotFound { wanted, others, .. } => (wanted, others),
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    }
}

fn the_first_that_fits_is_taken() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "10-pc.json", &descriptor("/pc", "pc-i440fx-*", &[]));
    write(folder.path(), "20-smm.json", &descriptor("/smm", "pc-q35-*", &["requires-smm", "secure-boot"]));
    write(folder.path(), "30-q35.json", &descriptor("/q35", "pc-q35-*", &[]));
    write(folder.path(), "40-q35.json", &descriptor("/later", "pc-q35-*", &[]));
    fs::write(folder.path().join("00-readme.txt"), "none").unwrap();
    let taken = |machine: &str| code(&plan(machine, "uefi:code", &[]), &[folder.path()]).unwrap();
    assert_eq!(["q35", "pc-q35-7.2", "pc"].map(taken), ["/q35", "/q35", "/pc"]);
    let secure = plan("q35", "uefi:code", &["-global", "driver=cfi.pflash01,property=secure,value=on"]);
    assert_eq!(code(&secure, &[folder.path()]).unwrap(), "/smm");
    // What is named is taken as it is.
    assert_eq!(code(&plan("q35", "/own", &[]), &[folder.path()]).unwrap(), "/own");
    Ok(())
}

fn a_folder_hides_what_the_next_ones_have() -> Result<(), Lacking> {
    let (own, host) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(host.path(), "10.json", &descriptor("/ten", "*", &[]));
    write(host.path(), "20.json", &descriptor("/twenty", "*", &[]));
    write(host.path(), "30.json", &descriptor("/thirty", "*", &[]));
    let folders = [own.path(), host.path()];
    let taken = || code(&plan("q35", "uefi:code", &[]), &folders).unwrap();
    assert_eq!(taken(), "/ten");
    fs::write(own.path().join("10.json"), "").unwrap();
    assert_eq!(taken(), "/twenty");
    write(own.path(), "20.json", &descriptor("/own", "*", &[]));
    assert_eq!(taken(), "/own");
    write(own.path(), "05.json", &descriptor("/five", "*", &[]));
    assert_eq!(taken(), "/five");
    // A broken one is passed over.
    fs::write(own.path().join("05.json"), "{").unwrap();
    assert_eq!(taken(), "/own");
    Ok(())
}

fn what_fits_hangs_on_all_that_is_said() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let good = descriptor("/a", "pc-q35-*", &[]);
    let change = |place: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(place).unwrap() = value;
        changed
    };
    let wrong = [
        ("is no UEFI", change("/interface-types", json!(["bios"]))),
        ("is for `memory`, not for flash memory", change("/mapping/device", json!("memory"))),
        ("is for another architecture", change("/targets/0/architecture", json!("aarch64"))),
        ("is not for the machine `q35`", change("/targets/0/machines", json!(["virt-*"]))),
        ("is `qcow2`, not `raw`", change("/mapping/executable/format", json!("qcow2"))),
        ("needs System Management Mode: `secure`", change("/features", json!(["requires-smm"]))),
        ("names no file", change("/mapping/executable", json!({}))),
    ];
    for (why, descriptor) in &wrong {
        write(folder.path(), "10.json", descriptor);
        let (wanted, others) = not_found(code(&plan("q35", "uefi:code", &[]), &[folder.path()]));
        assert_eq!(wanted, "UEFI for x86_64 and the machine `q35` in flash memory, as `raw`");
        assert_eq!(others, [(folder.path().join("10.json"), (*why).to_owned())]);
    }
    // What keeps no variables says so.
    let mut stateless = good.clone();
    stateless["mapping"]["mode"] = json!("stateless");
    stateless["mapping"]["executable"]["filename"] = json!("/none");
    write(folder.path(), "10.json", &good);
    write(folder.path(), "20.json", &stateless);
    assert_eq!(code(&plan("q35", "uefi:stateless", &[]), &[folder.path()]).unwrap(), "/none");
    Ok(())
}

/// A plan with variables in a file.
fn with_vars(code: &str, vars: &Path) -> Plan {
    let vars = format!("driver=raw,node-name=vars,file.driver=file,file.filename={}", vars.display());
    plan("q35,pflash1=vars", code, &["-blockdev", &vars])
}

fn the_variables_come_from_the_template() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("code"), "code").unwrap();
    fs::write(at("code.vars"), "template").unwrap();
    fs::set_permissions(at("code.vars"), fs::Permissions::from_mode(0o444)).unwrap();
    write(folder.path(), "10.json", &descriptor(at("code").to_str().unwrap(), "*", &[]));
    let names = || fs::read_dir(folder.path()).unwrap().count();
    let before = names();
    code(&with_vars("uefi:code", &at("web.fd")), &[folder.path()]).unwrap();
    assert_eq!(fs::read(at("web.fd")).unwrap(), b"template");
    assert_eq!(fs::metadata(at("web.fd")).unwrap().mode() & 0o777, 0o600);
    assert_eq!(names(), before + 1);
    // One that is there stays, even one that leads nowhere.
    fs::write(at("web.fd"), "mine").unwrap();
    std::os::unix::fs::symlink("/nonexistent", at("link.fd")).unwrap();
    for vars in ["web.fd", "link.fd"] {
        code(&with_vars("uefi:code", &at(vars)), &[folder.path()]).unwrap();
    }
    assert_eq!(fs::read(at("web.fd")).unwrap(), b"mine");
    assert_eq!(fs::read_link(at("link.fd")).unwrap(), Path::new("/nonexistent"));
    // A code that the plan names has its template too, and a relative path is QEMU's.
    let named = with_vars(at("code").to_str().unwrap(), Path::new("other.fd"));
    let spawn = Spawn::new(&named).stdout(Stdio::Null).current_dir(folder.path());
    spawn.firmware_folders([folder.path()]).spawn().unwrap().wait();
    assert_eq!(fs::read(at("other.fd")).unwrap(), b"template");
    Ok(())
}

fn what_is_missing_is_told() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = |plan: &Plan| code(plan, &[folder.path()]).unwrap_err().to_string();
    let nowhere = error(&plan("q35", "uefi:code", &[]));
    assert!(nowhere.contains(folder.path().to_str().unwrap()) && nowhere.contains("`q35`"), "{nowhere}");
    let none = error(&with_vars("/code", &at("v.fd")));
    assert!(none.contains("v.fd: there is no such file") && none.contains("/code"), "{none}");
    write(folder.path(), "10.json", &descriptor("/nonexistent/code", "*", &[]));
    let unreadable = error(&with_vars("uefi:code", &at("v.fd")));
    assert!(unreadable.ends_with("/nonexistent/code.vars: No such file or directory"), "{unreadable}");
    assert!(!at("v.fd").exists());
    let mut without = descriptor("/code", "*", &[]);
    without["mapping"].as_object_mut().unwrap().remove("nvram-template");
    write(folder.path(), "10.json", &without);
    let (wanted, others) = not_found(code(&with_vars("uefi:code", &at("v.fd")), &[folder.path()]));
    assert!(wanted.ends_with("with a template for its variables"), "{wanted}");
    assert_eq!(others[0].1, "has no template for its variables in this format");
    Ok(())
}

/// Debian's own firmware, as far as QEMU's greeting.
fn what_a_host_has_runs() -> Result<(), Lacking> {
    need(Path::new("/usr/share/OVMF").exists(), "needs /usr/share/OVMF (Debian's `ovmf`)")?;
    need(fs::exists("/usr/share/qemu/firmware").unwrap(), "needs descriptors in /usr/share/qemu/firmware")?;
    let folder: TempDir = tempfile::tempdir().unwrap();
    let (plain, secure) = (folder.path().join("plain.fd"), folder.path().join("secure.fd"));
    let plans = [
        vm! { target "5.2"; machine q35 accel=tcg; nodefaults; paused; display none; firmware uefi vars={&plain} }.unwrap(),
        vm! { target "5.2"; machine q35 accel=tcg; nodefaults; paused; display none; firmware uefi vars={&secure} secure }
            .unwrap(),
        vm! { target "5.2"; machine pc accel=tcg; nodefaults; paused; display none; firmware uefi },
    ];
    for plan in plans {
        let guest = Guest::start(&plan).unwrap_or_else(|error| panic!("{error}"));
        guest.qmp().unwrap().execute_raw("quit", json!({})).ok();
    }
    assert!(fs::metadata(&plain).unwrap().len() > 64 << 10);
    assert!(fs::metadata(&secure).unwrap().len() > 64 << 10);
    Ok(())
}
