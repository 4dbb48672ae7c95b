//! What must hold between values that come later, and between these and what the text says.

use std::collections::BTreeMap;

use crate::bind::{Operand, Rule, Written};
use crate::hardware::{Hardware, defined_by};
use crate::print::{Item, Output, Printed};

/// The rules for what the statements print.
pub(crate) fn rules(hardware: &Hardware<'_>, output: &Output) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut distinct: BTreeMap<(&str, String), Vec<u32>> = BTreeMap::new();
    for argument in &output.arguments {
        let Printed::Option { flag, items, .. } = &argument.printed else { continue };
        let flag = flag.trim_start_matches('-');
        for item in items {
            let (Some(late), Some(name)) = (item.late, item.name.as_deref()) else { continue };
            let what = match (flag, name) {
                ("device", "mac") => Some(("MAC address", String::new())),
                ("device", "guest-cid") => Some(("context id", String::new())),
                ("device", "addr") if is_open(items, "bus") => None,
                ("device", "addr") => Some(("address on its bus", text_of(items, "bus"))),
                _ => defined_by(flag, name).map(|namespace| ("id", namespace.what().to_owned())),
            };
            if let Some(what) = what {
                distinct.entry(what).or_default().push(late.blank);
            }
        }
        if flag == "m" {
            rules.extend(at_most(items));
        }
    }
    let block = |statement: usize| hardware.vm.block_of(statement);
    let said =
        |text: &str, statement: usize| Written { text: text.to_owned().into(), block: block(statement) };
    let repeats = |blank: u32| {
        hardware.vm.blanks.get(blank).is_some_and(|blank| hardware.vm.rounds.block(blank.round) > 0)
    };
    for ((what, of), blanks) in distinct {
        let device = |property: &str| {
            let values = hardware
                .devices
                .iter()
                .filter_map(|device| Some(said(hardware.get(device, property)?.text, device.statement)));
            values.collect::<Vec<_>>()
        };
        let written: Vec<Written> = match what {
            "MAC address" => device("mac"),
            "context id" => device("guest-cid"),
            "address on its bus" => {
                let on_it = hardware.devices.iter().filter(|device| {
                    hardware.get(device, "bus").map_or_else(String::new, |bus| bus.text.to_owned()) == of
                });
                on_it
                    .filter_map(|device| Some(said(hardware.get(device, "addr")?.text, device.statement)))
                    .collect()
            }
            // A generated one makes way.
            _ => {
                let own = hardware.definitions.iter().filter(|definition| definition.namespace.what() == of);
                let own = own.filter(|definition| hardware.vm.ids.names(definition.name));
                own.map(|definition| said(definition.name, definition.statement)).collect()
            }
        };
        if blanks.len() + written.len() > 1 || blanks.iter().any(|blank| repeats(*blank)) {
            rules.push(Rule::Distinct {
                what: what.to_owned().into(),
                blanks: blanks.into(),
                written: written.into(),
            });
        }
    }
    rules
}

/// That the memory at the start is at most what there can be.
fn at_most(items: &[Item]) -> Option<Rule> {
    let operand = |item: &Item| match item.late {
        Some(late) => Operand::Blank(late.blank),
        None => Operand::Written(item.plain().to_owned().into()),
    };
    let size = items.first().map(operand)?;
    let most = items.iter().find(|item| item.name.as_deref() == Some("maxmem")).map(operand)?;
    let is_open = [&size, &most].iter().any(|operand| matches!(operand, Operand::Blank(_)));
    is_open.then_some(Rule::AtMost(size, most))
}

fn is_open(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| item.name.as_deref() == Some(name) && item.late.is_some())
}

fn text_of(items: &[Item], name: &str) -> String {
    let item = items.iter().find(|item| item.name.as_deref() == Some(name));
    item.map(Item::plain).unwrap_or_default().to_owned()
}
