//! `target`: the QEMU that the output is for.

use super::params::Params;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help};
use crate::source::Node;
use crate::syntax::Tree;
use crate::{Options, Version};

/// The QEMU that the output is for, where the options or the text say so.
pub(super) fn target(
    tree: &Tree<'_>,
    params: &Params,
    options: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Version> {
    let mut found: Option<Node<Version>> = None;
    for statement in &tree.statements {
        let Some(keyword) = statement.keyword().filter(|keyword| keyword.word.text == "target") else {
            continue;
        };
        if statement.block.is_some() {
            continue;
        }
        for item in &statement.items {
            diagnostics.push(
                Diagnostic::error(Code::UnknownOption, "`target` has no options")
                    .at(item.span())
                    .help("write `target 7.2`"),
            );
        }
        let Some(value) = keyword.values.first() else {
            if !statement.broken && statement.items.is_empty() {
                diagnostics.push(
                    Diagnostic::error(Code::MissingValue, "`target` needs its version")
                        .at(keyword.word.span)
                        .help("write `target 7.2`"),
                );
            }
            continue;
        };
        let Some(Some(text)) = params.literal(value, diagnostics) else { continue };
        match text.parse::<Version>() {
            Ok(version) if version < Version::OLDEST => diagnostics.push(
                Diagnostic::error(Code::UnknownTarget, format!("QEMU {version} is too old"))
                    .at(value.span)
                    .help(format!("output can be made for {} and newer", Version::OLDEST)),
            ),
            Ok(version) => found = found.or(Some(Node::new(version, value.span))),
            Err(()) => {
                let known: Vec<_> = Version::KNOWN.iter().map(ToString::to_string).collect();
                let help = if text == "host" {
                    Help::AskHost
                } else {
                    format!("write a version, such as {}", known.join(", ")).into()
                };
                diagnostics.push(
                    Diagnostic::error(Code::UnknownTarget, format!("`{text}` is not a version of QEMU"))
                        .at(value.span)
                        .help(help),
                );
            }
        }
    }
    let (version, span) = match (options.target, &found) {
        (Some(version), _) => (version, None),
        (None, Some(found)) => (found.value, Some(found.span)),
        (None, None) => return None,
    };
    if version > Version::NEWEST {
        let warning = Diagnostic::warning(
            Code::FutureTarget,
            format!("QEMU {version} is newer than this compiler: the output is for {}", Version::NEWEST),
        )
        .help("look for a newer release of this compiler");
        diagnostics.push(match span {
            Some(span) => warning.at(span),
            None => warning,
        });
    }
    Some(version.max(Version::OLDEST))
}
