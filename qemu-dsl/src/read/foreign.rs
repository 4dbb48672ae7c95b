//! Values that mean something elsewhere: to a shell, or to Windows. Here they are taken as they are, which is hardly meant.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help, Remedy};
use crate::source::spell;
use crate::syntax::{Part, Value, ValueForm, Word};
use crate::value::{Type, is_windows_path};

/// What to say of a value of a type, or of one of QEMU's own properties.
pub(super) fn foreign(value: &Value<'_>, ty: Option<&Type>) -> Option<Diagnostic> {
    if let ValueForm::Parts(parts) = &value.form
        && let Some(hole) = parts.windows(2).find_map(hole_of_a_shell)
    {
        let message = format!("the `$` before `{{{}}}` is a part of the value: a hole has none", hole.text);
        return Some(warning(message, value, "leave out the `$`"));
    }
    let (text, is_bare) = match &value.form {
        ValueForm::Bare(text) => (*text, true),
        ValueForm::Text(text) => (&**text, false),
        ValueForm::Parts(parts) => match parts.first()? {
            Part::Text(text) => (&**text, false),
            Part::Hole(_) => return None,
        },
        ValueForm::Hole(_) | ValueForm::Broken => return None,
    };
    let is_path = ty.is_some_and(|ty| ty.name == "path");
    if let Some(inside) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''))
        && is_bare
    {
        let quoted = spell(inside);
        let help = Remedy::new(format!("write `{quoted}`")).replace(value.span, quoted.clone());
        return Some(warning("`'` quotes nothing here: it is a part of the value", value, help));
    }
    if is_path && is_windows_path(text) {
        let help = "write a path of the system that QEMU runs on, such as `/srv/web.qcow2`";
        return Some(warning("a path of Windows is the name of a file here", value, help));
    }
    if (is_path || is_bare) && is_home(text) {
        let help = Help::Variable { text: "the home directory", name: "home".to_owned() };
        return Some(warning("`~` is no home directory here: only a shell makes it one", value, help));
    }
    if is_path && (text.contains("$(") || text.matches('`').count() > 1) {
        let help = Help::Variable { text: "what it prints", name: "folder".to_owned() };
        return Some(warning("no command is run here: only a shell does that", value, help));
    }
    let variable = variable(text)
        .filter(|name| is_path || is_bare && name.starts_with(|c: char| c.is_ascii_uppercase()))?;
    let name = variable.to_ascii_lowercase();
    let help = Help::Variable { text: "the text", name };
    Some(warning(
        format!("`${variable}` stays as it is: only a shell puts a variable's value there"),
        value,
        help,
    ))
}

fn warning(message: impl Into<String>, value: &Value<'_>, help: impl Into<Remedy>) -> Diagnostic {
    Diagnostic::warning(Code::ForeignSyntax, message).at(value.span).help(help)
}

/// Whether a shell would put a home directory there: `~/a`, `~user/a`.
fn is_home(text: &str) -> bool {
    let user = text.strip_prefix('~').and_then(|rest| rest.split_once('/'));
    user.is_some_and(|(user, _)| user.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
}

/// The hole of a `${name}`.
fn hole_of_a_shell<'p, 's>(parts: &'p [Part<'s>]) -> Option<&'p Word<'s>> {
    match parts {
        [Part::Text(before), Part::Hole(hole)] if before.ends_with('$') => Some(hole),
        _ => None,
    }
}

/// The name of the first variable of a shell's.
fn variable(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once('$')?;
    let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
    let name = behind.get(..end)?;
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(name)
}
