//! `vm!` and the compiler at run time give the same plan.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use qemu_dsl::{Options, compile};
use qemu_runtime::{Plan, vm};

/// One text, compiled both ways.
macro_rules! both {
    ($($text:tt)*) => {
        (vm! { $($text)* }, stringify!($($text)*))
    };
}

fn same(plan: &Plan, source: &str) {
    let compiled = compile(source, &Options::default());
    let template = compiled.template.unwrap_or_else(|| panic!("{source}\n{:#?}", compiled.diagnostics));
    let expected = Plan::of(template);
    assert_eq!(plan.program(), expected.program());
    assert_eq!(plan.args().collect::<Vec<_>>(), expected.args().collect::<Vec<_>>());
    assert_eq!(plan.fds(), expected.fds());
}

static STATIC: Plan = vm! { name web memory 512M };

#[test]
fn a_plan_can_be_static() {
    same(&STATIC, "name web memory 512M");
}

#[test]
fn words_strings_and_queues_come_through() {
    let plan = vm! {
        // A comment.
        name web
        machine q35 accel=kvm:tcg kernel_irqchip
        cpu host +aes -svm
        memory 1.5G slots=2 max=4G
        netdev tap ifname=tap0 mq=4 vhost mac=52:54:00:12:34:56 addr="1e"
        disk file=/var/lib/a.img format=raw
        fs local path=r#"/p"q"# tag=share security=none
        device virtio-rng-pci id=rng0
        kernel "/k" append="root=/dev/vda, quiet {{x}}"
    };
    same(
        &plan,
        "name web machine q35 accel=kvm:tcg kernel_irqchip cpu host +aes -svm memory 1.5G slots=2 max=4G\n\
         netdev tap ifname=tap0 mq=4 vhost mac=52:54:00:12:34:56 addr=1e\n\
         disk file=/var/lib/a.img format=raw fs local path=r#\"/p\"q\"# tag=share security=none\n\
         device virtio-rng-pci id=rng0 kernel \"/k\" append=\"root=/dev/vda, quiet {{x}}\"",
    );
}

#[test]
fn angle_brackets_may_wrap_it() {
    same(&vm!(< netdev tap mq=4 vhost >), "< netdev tap mq=4 vhost >");
}

#[test]
fn tokens_may_come_through_another_macro() {
    let (plan, source) = both! { name web memory 512M rtc base=utc };
    same(&plan, source);
}
