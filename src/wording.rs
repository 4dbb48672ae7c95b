//! The compiler's remedies in this program's words: its own options and commands among them.

use qemu_dsl::Help;

/// What a report says behind `help:`.
pub(crate) fn help(help: &Help) -> String {
    match help {
        Help::Statement { keyword, .. } => {
            format!("write `{keyword}`; `qemu-dslc explain {keyword}` shows how")
        }
        Help::Form { keyword, .. } => format!("`qemu-dslc explain {keyword}` shows how it is written"),
        Help::AnyStatement => "`qemu-dslc explain` lists the statements".to_owned(),
        Help::SetParameter { name } => format!("set it (`--set {name}=VALUE`), or give it a default"),
        Help::SetLevels => {
            "leave it out: `--allow CODE`, `--warn CODE` and `--deny CODE` set how grave a mistake is taken"
                .to_owned()
        }
        Help::AskHost => {
            "`host` asks the installed QEMU, which only the command line can do: `--target host`".to_owned()
        }
        Help::Text(_)
        | Help::DidYouMean(_)
        | Help::Variable { .. }
        | Help::OneWord(_)
        | Help::Braces { .. } => help.to_string(),
    }
}
