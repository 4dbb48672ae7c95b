//! Where the compiler is meant to differ from the seed program, among the VMs that it accepts.
//!
//! What the compiler refuses is not here: the random VMs leave it out.

use crate::seed::oracle::{Config, Printed};

/// What the compiler should print for `config`: what the seed prints, without what no QEMU accepts.
pub(crate) fn expected(config: &Config) -> Printed {
    let printed = config.print();
    let mut args = Vec::new();
    let mut left = printed.args.into_iter();
    while let Some(arg) = left.next() {
        match &*arg {
            "-rtc" | "-drive" => {
                let value = without_empty_values(&left.next().unwrap_or_default());
                if !value.is_empty() {
                    args.extend([arg, value]);
                }
            }
            "-device" => {
                let value = without_chassis_of_pcie_bridge(&left.next().unwrap_or_default());
                args.extend([arg, value]);
            }
            _ => args.push(arg),
        }
    }
    Printed { args, ..printed }
}

/// The seed prints `base=`, `aio=`, `format=` where nothing was said; QEMU refuses an empty value.
fn without_empty_values(value: &str) -> String {
    value.split(',').filter(|member| !member.ends_with('=')).collect::<Vec<_>>().join(",")
}

/// `pcie-pci-bridge` has neither `chassis_nr` nor `shpc`.
fn without_chassis_of_pcie_bridge(value: &str) -> String {
    let end = if value.starts_with("pcie-pci-bridge,") { value.find(",chassis_nr=") } else { None };
    value.get(..end.unwrap_or(value.len())).unwrap_or(value).to_owned()
}
