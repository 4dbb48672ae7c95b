//! `option`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::Val;
use crate::plan::arguments;
use crate::print::Lowering;
use crate::source::quoted;
use crate::statement::TABLE;
use crate::statement::form::{Form, form, statement};
use crate::table::Bare;
use crate::value::ArgText;

statement! {
    /// Any option of QEMU that takes a list of values.
    STATEMENT "option" many settled Options [AnyOption]
    example "option \"-iscsi\" initiator-name=\"iqn.2004-01.com.example:vm\""
}

form! {
    /// Any option of QEMU that takes a list of values. In these commas are doubled, as QEMU wants them. Others can refer to
    /// what it defines, and it is checked as if its own statement had said it.
    AnyOption {
        /// The option, in quotes; a second string is the value without a name that QEMU takes first.
        texts "text": Vec<Val<ArgText>> { positional: true },
    } open properties: Bare::On, "Any value of the option: `name=value`, or `name` for `name=on`."
}

impl AnyOption {
    /// The option's name, and the first value.
    fn parts(&self) -> Option<(&str, Option<&Val<ArgText>>)> {
        let name = self.texts.first()?.known()?;
        Some((&name.0, self.texts.get(1)))
    }
}

impl Form for AnyOption {
    fn check(&self, cx: &mut Checking<'_>) {
        let Some(first) = self.texts.first() else {
            let diagnostic =
                Diagnostic::error(Code::MissingValue, "`option` needs the option").at(cx.entry.head);
            cx.missing("text", diagnostic.help("write it in quotes: `option \"-iscsi\" timeout=5`"));
            return;
        };
        if let Some(third) = self.texts.get(2) {
            let diagnostic =
                Diagnostic::error(Code::UnexpectedText, "`option` takes one or two strings").at(third.span());
            cx.report(diagnostic.help("values stand behind these, with their names: `name=value`"));
        }
        let Some(name) = first.known() else { return };
        let bare = arguments::bare(&name.0);
        let is_name = |text: &str| {
            !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
        };
        if !name.0.starts_with('-') || !is_name(bare) {
            let diagnostic = Diagnostic::error(Code::WrongType, "this is no option of QEMU").at(name.span);
            let help = Remedy::new("an option begins with `-`: `option \"-iscsi\" timeout=5`");
            cx.report(diagnostic.help(if is_name(&name.0) {
                help.replace(name.span, format!("\"-{}\"", name.0))
            } else {
                help
            }));
        } else if arguments::is_flag(bare) || arguments::is_plain(bare) {
            let message = format!("`{}` takes no list of values", name.0);
            let diagnostic = Diagnostic::error(Code::WrongType, message).at(name.span);
            let value = self.texts.get(1);
            let is_statement = TABLE.find(bare).is_some_and(|spec| spec.stands_alone());
            cx.report(diagnostic.help(match value.and_then(Val::known) {
                None if is_statement && value.is_none() && self.properties.is_empty() => {
                    Remedy::new(format!("write `{bare}`")).replace(cx.entry.span, bare)
                }
                known if self.properties.is_empty() && (known.is_some() || arguments::is_flag(bare)) => {
                    let value = known.map(|value| format!(" {}", quoted(&value.0))).unwrap_or_default();
                    let arg = format!("arg \"{}\"{value}", name.0);
                    Remedy::new(format!("pass it on by `arg`: `{arg}`")).replace(cx.entry.span, arg)
                }
                _ => format!("pass it on by `arg`: `arg \"{}\" \"...\"`", name.0).into(),
            }));
        } else if self.texts.len() < 2 && self.properties.is_empty() {
            let diagnostic = Diagnostic::error(Code::MissingOption, format!("`{}` needs its values", name.0));
            cx.report(diagnostic.at(cx.entry.head).help("write them behind it: `name=value`"));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        if let Some((name, head)) = self.parts() {
            out.option(format!("-{}", arguments::bare(name))).word(head).properties(&self.properties);
        } else if let Some(name) = self.texts.first() {
            // Nobody knows what it makes.
            out.option("").word(name).properties(&self.properties);
        }
    }
}
