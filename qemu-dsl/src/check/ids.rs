//! Ids: each is defined once, and whoever refers to one refers to what is there.

use std::collections::HashMap;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Vm;
use crate::model::ids::{Definition, Space};
use crate::suggest::Suggestions;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    let mut defined: HashMap<(Space, &str), &Definition> = HashMap::new();
    for definition in &vm.ids.definitions {
        let key = (definition.space, definition.name.as_str());
        if let Some(first) = defined.get(&key) {
            diagnostics.push(
                Diagnostic::error(
                    Code::DuplicateId,
                    format!("`{}` is already the id of {}", definition.name, definition.space.what()),
                )
                .label(definition.span, "again here")
                .label(first.span, "first here")
                .help("give each an id of its own"),
            );
        } else {
            defined.insert(key, definition);
        }
    }
    let suggestions = Suggestions::default();
    for reference in &vm.ids.references {
        let name = reference.name.as_str();
        let what = reference.space.what();
        match defined.get(&(reference.space, name)) {
            Some(definition) if definition.in_use => {
                diagnostics.push(
                    Diagnostic::error(Code::InUse, format!("`{name}` has its device already"))
                        .label(reference.span, "a second one")
                        .label(definition.span, "its own")
                        .help("leave out this device; properties of the first go to its statement, or to `global`"),
                );
                continue;
            }
            Some(_) => continue,
            // It may be in the guest.
            None if vm.is_fragment || vm.ids.lost.contains(name) => continue,
            None => {}
        }
        let other = Space::ALL.into_iter().find_map(|space| Some((space, defined.get(&(space, name))?.span)));
        diagnostics.push(if let Some((space, span)) = other {
            Diagnostic::error(Code::WrongId, format!("`{name}` is the id of {}, not of {what}", space.what()))
                .label(reference.span, format!("must be {what}"))
                .label(span, format!("is {}", space.what()))
                .help(format!("name {what} here"))
        } else {
            let names = defined.keys().filter(|(space, _)| *space == reference.space).map(|(_, name)| *name);
            Diagnostic::error(Code::UnknownId, format!("nothing has the id `{name}`"))
                .label(reference.span, format!("must be {what}"))
                .help(
                    suggestions
                        .did_you_mean(name, reference.span, names)
                        .unwrap_or_else(|| reference.space.definition(name).into()),
                )
        });
    }
}
