//! Real QEMU takes what the compiler prints: the greeting comes, all that was named is there, standard error is empty.
//!
//! It runs on the installed QEMU, and on those that `scripts/qemus DIR` has prepared where `QEMU_DSL_QEMUS=DIR`. Without
//! any QEMU it fails. Where the machine lacks what a case needs, that case is ignored, and the reason is printed.
//!
//! `QEMU_DSL_REAL_CASES` says how many random VMs each QEMU gets, and `QEMU_DSL_SEED` which.

mod arguments;
mod case;
mod coverage;
mod daemon;
mod device;
mod examine;
mod host;
#[path = "../injection/hostile.rs"]
mod hostile;
mod lifetime;
mod machines;
mod memory;
mod outcome;
mod places;
mod plug;
mod qemu;
mod questions;
mod random;
mod readme;
mod rejected;
mod schema;
#[path = "../../qemu-runtime/tests/runtime/seccomp.rs"]
mod seccomp;
mod stand_in;
mod targets;
mod text;
mod topology;
mod values;
mod vms;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use qemu_dsl::Arch;

use case::Case;
use machines::Machine;
use outcome::{Outcome, Stop, completion};
use qemu::Qemu;
use values::Way;

fn trial(name: String, test: impl FnOnce() -> Outcome + Send + 'static) -> Trial {
    Trial::ignorable_test(name, || completion(test()))
}

/// The trials of one QEMU.
fn trials(qemu: &Qemu, cases: &Arc<Vec<Case>>) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |name: &str, test: Box<dyn FnOnce(&Qemu) -> Outcome + Send>| {
        let qemu = qemu.clone();
        trials.push(trial(format!("{} {name}", qemu.version), move || test(&qemu)));
    };
    // It takes the longest, and the others stand beside it.
    add("is what the schema says", Box::new(schema::is_what_qemu_says));
    for case in cases.iter().cloned() {
        add(&case.name.clone(), Box::new(move |qemu| case.run(qemu)));
    }
    add("values in quotes come back", Box::new(|qemu| values::come_back(qemu, Way::Literal)));
    add("values of parameters come back", Box::new(|qemu| values::come_back(qemu, Way::Hole)));
    add("values that come late come back", Box::new(|qemu| values::come_back(qemu, Way::Late)));
    add("values that come late keep their place", Box::new(places::keep_their_values));
    add("no word is a question", Box::new(questions::are_none));
    add("MAC addresses are generated", Box::new(values::generated_macs));
    for way in memory::WAYS {
        let name = format!("memory {} is not doubled", way.0);
        add(&name, Box::new(|qemu| memory::is_not_doubled(qemu, *way)));
    }
    for (text, expected) in topology::TEXTS {
        add(text, Box::new(|qemu| topology::is(qemu, text, *expected)));
    }
    for (statement, words) in rejected::REJECTED {
        let name = format!("rejects {statement}");
        add(&name, Box::new(|qemu| rejected::comes_back(qemu, statement, words)));
    }
    for statement in rejected::SHOWN {
        add(&format!("shows {statement}"), Box::new(|qemu| rejected::is_shown(qemu, statement)));
    }
    add("a warning is no rejection", Box::new(rejected::warnings_are_none));
    add("what it rejects is shown nowhere else", Box::new(rejected::nowhere_else));
    add("ends with its program", Box::new(lifetime::ends_with_its_program));
    add("is bound by QEMU itself", Box::new(lifetime::is_bound_by_qemu));
    for (name, test) in plug::TESTS {
        add(name, Box::new(test));
    }
    for vm in vms::VMS {
        add(vm.name, Box::new(|qemu| vms::starts(qemu, vm)));
    }
    add("leaves no QEMU of the schema's script", Box::new(schema::leaves_no_qemu));
    let between = Arc::clone(cases);
    add("targets between", Box::new(move |qemu| targets::are_taken(qemu, &between)));
    add("random VMs", Box::new(random::are_taken));
    trials
}

/// The trials of a QEMU for another architecture.
fn on_other(machine: &'static Machine, qemu: &Qemu, cases: &Arc<Vec<Case>>) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |name: &str, test: Box<dyn FnOnce(&Qemu) -> Outcome + Send>| {
        let qemu = qemu.clone();
        trials.push(trial(format!("{} {} {name}", qemu.arch, qemu.version), move || test(&qemu)));
    };
    add("is what the schema says", Box::new(schema::is_what_qemu_says));
    for case in cases.iter().filter(|case| machine.can_take(case)).cloned() {
        add(&case.name.clone(), Box::new(move |qemu| machine.takes(qemu, &case)));
    }
    for (_, vm) in vms::ELSEWHERE.iter().filter(|(arch, _)| *arch == machine.arch) {
        add(vm.name, Box::new(|qemu| vms::starts(qemu, vm)));
    }
    trials
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A QEMU has several threads of its own.
    arguments.test_threads.get_or_insert(2);
    let qemus = Qemu::all(Arch::X86_64);
    let others: Vec<_> = machines::ALL.iter().map(|machine| (*machine, Qemu::all(machine.arch))).collect();
    let cases = Case::all().map(Arc::new);
    let mut all = Vec::new();
    match &cases {
        Ok(cases) => {
            let own = Arc::clone(cases);
            all.push(trial("cases have all of the language".into(), move || coverage::covers(&own)));
            let own = Arc::clone(cases);
            all.push(trial("targets between print like a neighbour".into(), move || {
                targets::print_like_a_neighbour(&own)
            }));
            all.extend(qemus.iter().flatten().flat_map(|qemu| trials(qemu, cases)));
            for (machine, qemus) in &others {
                all.extend(qemus.iter().flatten().flat_map(|qemu| on_other(machine, qemu, cases)));
            }
        }
        Err(stop) => {
            let stop = format!("{stop:?}");
            all.push(trial("cases are read".into(), || Err(Stop::failed(stop))));
        }
    }
    all.push(trial("what QEMU can't say is refused".into(), values::refused));
    all.push(trial("the compiler's README".into(), readme::is_true));
    all.push(trial("all VMs of the examples are started".into(), vms::are_all));
    all.push(trial("there is a QEMU".into(), move || match qemus {
        Ok(qemus) if qemus.is_empty() => {
            Err(Stop::failed("no qemu-system-x86_64: `scripts/install` installs it"))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(Stop::failed(error)),
    }));
    for (machine, qemus) in others {
        let arch = machine.arch;
        all.push(trial(format!("there is a QEMU for {arch}"), move || match qemus {
            Ok(qemus) if qemus.is_empty() => Err(Stop::lacking(format!(
                "no {}: `scripts/qemus --arch {arch}` prepares some",
                arch.program()
            ))),
            Ok(_) => Ok(()),
            Err(error) => Err(Stop::failed(error)),
        }));
    }
    libtest_mimic::run(&arguments, all).exit_code()
}
