//! `vm_file!` and `devices_file!`: what stands in a file is what the macro makes of it, and what is wrong is told.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use qemu_dsl::plan::Plan;
use qemu_dsl::{Included, Options, Sources};
use qemu_runtime::plan::Mac;
use qemu_runtime::{Fragment, Size, devices_file, vm_file};

#[path = "rustc/mod.rs"]
mod rustc;

/// The plan of a file that is compiled here and now, with these values.
fn compiled(file: &str, values: &[(&str, &str)]) -> Plan {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vm_file");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let sources = Sources::load(file, read(file), &mut |inclusion| {
        Ok(Included { name: inclusion.path.to_owned(), text: read(inclusion.path) })
    });
    let params = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let compiled = sources.parse().compile(&Options { params, ..Options::default() });
    Plan::of(compiled.template.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics)))
}

fn same(plan: &Plan, expected: &Plan) {
    assert_eq!(plan.args().collect::<Vec<_>>(), expected.args().collect::<Vec<_>>());
    assert_eq!(plan.fds().collect::<Vec<_>>(), expected.fds().collect::<Vec<_>>());
}

#[test]
fn a_file_is_what_the_compiler_makes_of_it() {
    let plan: Plan = vm_file!("vm_file/fixed.vm");
    same(&plan, &compiled("fixed.vm", &[]));
    // What stands where is told by file, line and column.
    let places: Vec<_> = (0..plan.args().len()).filter_map(|arg| plan.arg_place(arg)).collect();
    let files: Vec<_> = places.iter().map(|place| place.file.clone().unwrap().to_string()).collect();
    assert!(files.iter().any(|file| file.ends_with("tests/vm_file/fixed.vm")), "{files:?}");
    assert!(files.iter().any(|file| file.ends_with("tests/vm_file/base.vm")), "{files:?}");
}

#[test]
fn values_have_the_types_of_their_parameters() {
    let name = "web";
    let disks = [PathBuf::from("/a.img"), PathBuf::from("/b,b.img")];
    let plan = vm_file!("vm_file/web.vm", name, ram = Size::gib(2), disks = &disks).unwrap();
    let values = [("name", "web"), ("ram", "2G"), ("disks", "/a.img"), ("disks", "/b,b.img")];
    same(&plan, &compiled("web.vm", &values));
    for iso in [None, Some("/cd.iso")] {
        let (debug, mac) = (iso.is_some(), Mac([0x52, 0x54, 0, 0, 0, 1]));
        let plan =
            vm_file!("vm_file/web.vm", name = format!("n{}", 1), iso, debug, mac = iso.map(|_| mac)).unwrap();
        let mut values = vec![("name", "n1")];
        if let Some(iso) = iso {
            values.extend([("iso", iso), ("debug", "on"), ("mac", "52:54:00:00:00:01")]);
        }
        same(&plan, &compiled("web.vm", &values));
    }
    // What only the values have wrong is told with the file's place.
    let error = vm_file!("vm_file/web.vm", name = "a", disks = ["/a", "x\0y"]).unwrap_err();
    let place = error.problems.first().unwrap().place.clone().unwrap();
    assert!(place.file.unwrap().ends_with("tests/vm_file/web.vm"));
    assert_eq!((place.line, place.column), (11, 34));
}

#[test]
fn a_vm_in_a_program_includes_files_too() {
    let name = "web";
    let plan = qemu_runtime::vm! { include "vm_file/fixed.vm" memory 1G name {name} }.unwrap();
    let args: Vec<_> = plan.args().map(|arg| arg.to_str().unwrap()).collect();
    assert_eq!(
        args,
        [
            "-name",
            "guest=web",
            "-machine",
            "q35,accel=tcg",
            "-m",
            "1G",
            "-device",
            "virtio-blk,drive=disk0",
            "-drive",
            "id=disk0,file=/x.img,format=raw,if=none"
        ]
    );
    let place = (0..args.len())
        .find(|arg| args.get(*arg) == Some(&"-drive"))
        .and_then(|arg| plan.arg_place(arg))
        .unwrap();
    assert!(place.file.unwrap().ends_with("tests/vm_file/fixed.vm"));
    assert_eq!((place.line, place.column), (2, 1));
}

#[test]
fn a_change_of_a_file_builds_again() {
    let dependencies = std::env::current_exe().unwrap().with_extension("d");
    let text = std::fs::read_to_string(dependencies).unwrap();
    for file in ["web.vm", "base.vm"] {
        assert!(text.contains(&format!("tests/vm_file/{file}")), "{file}: {text}");
    }
}

#[test]
fn devices_stand_in_files_too() {
    let disks = ["/a.img", "/b.img"];
    let fragment: Fragment = devices_file!("vm_file/disks.vm", disks).unwrap();
    assert_eq!(fragment.steps.len(), 4);
    let fixed = devices_file!("vm_file/card.vm");
    assert_eq!(fixed.steps.len(), 2);
    // With a value it is a `Result`, also where nothing hangs on that.
    let fragment: Fragment = devices_file!("vm_file/card.vm", unused = "x").unwrap();
    assert_eq!(fragment.steps.len(), 2);
}

#[test]
fn mistakes_are_told_at_the_call_with_the_files_lines() {
    rustc::tells_what_is_expected("tests/vm_file/ui");
}
