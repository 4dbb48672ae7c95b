//! `vm_file!`: a VM that stands in a file, with values for its parameters.

use std::env;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Ident, Literal, Span, TokenStream, TokenTree};
use qemu_dsl::source::SourceMap;
use qemu_dsl::{Count, Declaration, Diagnostic, Help, Included, Inclusion, Open, Options, Severity, Sources};
use quote::{quote, quote_spanned};

use crate::attributes::Attributes;
use crate::expand::{Compiled, Subject, TARGET, block, name_the_variable, target};
use crate::report;

/// What the macro is given: `"web.vm", disk = &path, ram`.
struct Call {
    path: String,
    at: Span,
    values: Vec<Given>,
}

/// A value for a parameter.
struct Given {
    name: Ident,
    value: TokenStream,
}

/// The expression that the macro becomes. With a value it is a `Result`, which the tokens tell.
pub(crate) fn expand<S: Subject>(input: TokenStream) -> TokenStream {
    let (Attributes { levels, runtime, errors: refused_levels }, input) = Attributes::take(input);
    let call = match read(input) {
        Ok(call) => call,
        Err((message, at)) => {
            let error = report::failure(&message, (at, at));
            return block(&runtime, TokenStream::new(), error, S::default().expression());
        }
    };
    let (sources, files) = match load(&call) {
        Ok(loaded) => loaded,
        // Inside rust-analyzer no file is known, to which the path could be relative.
        Err(_) if call.at.local_file().is_none() => {
            return without_value::<S>(&runtime, &call, &[], refused_levels);
        }
        Err(message) => {
            let error = report::failure(&message, (call.at, call.at));
            return without_value::<S>(&runtime, &call, &[], quote!(#refused_levels #error));
        }
    };
    let (target, refused) = match target(env::var(TARGET)) {
        Ok(target) => (target, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let parsed = sources.parse();
    let declared = parsed.params();
    let options = Options {
        target: target.unwrap_or_default(),
        levels,
        open: Open::Named,
        late: call.values.iter().map(|given| given.name.to_string()).collect(),
        ..Options::default()
    };
    let (compiled, mut diagnostics) = S::compile(&parsed, &options);
    if target.is_some() {
        name_the_variable(&mut diagnostics);
    }
    diagnostics.extend(refused);
    let mut statements = refused_levels;
    statements.extend(unknown(&call, &declared));
    for diagnostic in &diagnostics {
        let help = |help: &Help| match help {
            Help::SetParameter { name } => {
                format!("give it one: `vm_file!(\"{}\", {name} = ...)`", call.path)
            }
            help => report::help(help),
        };
        let message = shown(diagnostic, sources.map(), |_| None, help);
        match diagnostic.severity {
            Severity::Error => statements.extend(report::failure(&message, (call.at, call.at))),
            Severity::Warning => {
                statements.extend(report::deprecated(diagnostic.code.as_str(), &message, (call.at, call.at)));
            }
            Severity::Advice => {}
        }
    }
    let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    statements.extend(depends_on(&files));
    match compiled {
        Ok(Compiled::Closed(closed)) if !is_wrong => {
            let value = closed.expression();
            if call.values.is_empty() {
                return block(&runtime, TokenStream::new(), statements, value);
            }
            block(&runtime, looked_at(&runtime, &call, &declared), statements, S::owned(&value))
        }
        Ok(Compiled::Open(open)) if !is_wrong && call.values.is_empty() => {
            // A part, which is one without values too.
            let values = Ident::new("values", Span::mixed_site());
            let (open, bind) = (S::declaration(&open), S::call(&values, false));
            block(
                &runtime,
                TokenStream::new(),
                statements,
                quote!(#open let #values = qemu::Values::new(); OPEN.#bind),
            )
        }
        Ok(Compiled::Open(open)) if !is_wrong => {
            let values = Ident::new("values", Span::mixed_site());
            let names: Vec<&str> = S::blanks(&open).names().collect();
            let given = call.values.iter().map(|given| {
                let is_wanted = names.iter().any(|name| given.name == name);
                give(given, &declared, &if is_wanted { quote!(#values) } else { nowhere(&runtime) })
            });
            let filled = quote! {
                let mut #values = #runtime::__private::NamedValues::new();
                #(#given)*
            };
            let open = S::declaration(&open);
            block(&runtime, filled, statements, quote!(#open OPEN.bind_named(#values.as_slice())))
        }
        _ => without_value::<S>(&runtime, &call, &declared, statements),
    }
}

/// The statement by which `values` take one, as its parameter wants it.
fn give(given: &Given, declared: &[Declaration], values: &TokenStream) -> TokenStream {
    let Given { name, value } = given;
    let text = name.to_string();
    let declaration = declared.iter().find(|declaration| declaration.name == text);
    let Some(Declaration { kind, count, .. }) = declaration else {
        return quote!(let _ = &(#value););
    };
    let sort = match *kind {
        "path" => "path",
        "size" => "size",
        "int" => "integer",
        "bool" => "flag",
        "mac" => "mac",
        "uuid" => "uuid",
        "pci" => "pci",
        _ => "text",
    };
    // What is wrong with its type is told where it stands.
    let at = value.clone().into_iter().next().map_or_else(|| name.span(), |first| first.span());
    let (function, argument) = match count {
        Count::One => (format!("needed_{sort}"), quote_spanned!(at=> &(#value))),
        Count::Maybe => (sort.to_owned(), quote_spanned!(at=> &(#value))),
        Count::List => (format!("{sort}_list"), quote_spanned!(at=> #value)),
    };
    // What is wrong with how the value is one is told at its name.
    let function = Ident::new(&function, Span::mixed_site().located_at(name.span()));
    quote!(#values.#function(#text, #argument);)
}

/// What takes values on which nothing hangs. They are of their types all the same.
fn nowhere(runtime: &TokenStream) -> TokenStream {
    quote!(#runtime::__private::NamedValues::new())
}

/// Statements by which Rust looks at all values, each as its parameter wants it if that is known.
fn looked_at(runtime: &TokenStream, call: &Call, declared: &[Declaration]) -> TokenStream {
    call.values.iter().map(|given| give(given, declared, &nowhere(runtime))).collect()
}

/// What stands in where there is no value. Rust looks at what is given all the same.
fn without_value<S: Subject>(
    runtime: &TokenStream,
    call: &Call,
    declared: &[Declaration],
    statements: TokenStream,
) -> TokenStream {
    let nothing = S::default().expression();
    if call.values.is_empty() {
        return block(runtime, TokenStream::new(), statements, nothing);
    }
    block(runtime, looked_at(runtime, call, declared), statements, S::owned(&nothing))
}

/// Reports values for what the file doesn't declare.
fn unknown(call: &Call, declared: &[Declaration]) -> TokenStream {
    let names: Vec<_> = declared.iter().map(|declaration| format!("`{declaration}`")).collect();
    let help = match names.as_slice() {
        [] => "it declares none".to_owned(),
        names => format!("it declares {}", names.join(", ")),
    };
    let mut errors = TokenStream::new();
    for (number, Given { name, .. }) in call.values.iter().enumerate() {
        let text = name.to_string();
        let message = if !declared.iter().any(|declaration| declaration.name == text) {
            format!("`{}` has no parameter `{text}` [unknown-parameter]\nhelp: {help}", call.path)
        } else if call.values.iter().take(number).any(|before| before.name == *name) {
            format!("`{text}` is given twice [repeated-parameter]\nhelp: leave one of them out")
        } else {
            continue;
        };
        errors.extend(report::failure(&message, (name.span(), name.span())));
    }
    errors
}

/// Takes apart what the macro is given. The error is a message, and its place.
fn read(input: TokenStream) -> Result<Call, (String, Span)> {
    let form = "write the file's path as a string, and values for its parameters: `vm_file!(\"web.vm\", disk = &path)`";
    let trees: Vec<_> = input.into_iter().flat_map(open).collect();
    let is_comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(comma) if comma.as_char() == ',');
    let mut parts = trees.split(is_comma);
    let Some([TokenTree::Literal(literal)]) = parts.next() else {
        let at = trees.first().map_or_else(Span::call_site, TokenTree::span);
        return Err((form.to_owned(), at));
    };
    let at = literal.span();
    let path = text(literal).ok_or_else(|| (form.to_owned(), at))?;
    let mut values = Vec::new();
    for part in parts.filter(|part| !part.is_empty()) {
        values.push(match part {
            [TokenTree::Ident(name)] => {
                Given { name: name.clone(), value: TokenTree::Ident(name.clone()).into() }
            }
            [TokenTree::Ident(name), TokenTree::Punct(equals), value @ ..]
                if equals.as_char() == '=' && !value.is_empty() =>
            {
                Given { name: name.clone(), value: value.iter().cloned().collect() }
            }
            part => {
                let at = part.first().map_or(at, TokenTree::span);
                return Err((form.to_owned(), at));
            }
        });
    }
    Ok(Call { path, at, values })
}

/// What a macro has put in for `$path` is its tokens.
fn open(tree: TokenTree) -> Vec<TokenTree> {
    match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            match Vec::from_iter(group.stream()).as_slice() {
                [one @ TokenTree::Literal(_)] => vec![one.clone()],
                _ => vec![TokenTree::Group(group)],
            }
        }
        tree => vec![tree],
    }
}

/// The text of a string.
fn text(literal: &Literal) -> Option<String> {
    let written = literal.to_string();
    if let Some(raw) = written.strip_prefix('r') {
        let raw = raw.trim_matches('#');
        return Some(raw.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    let inside = written.strip_prefix('"')?.strip_suffix('"')?;
    // A path has no other escapes.
    let plain = inside.replace("\\\\", "\u{0}").replace("\\\"", "\"");
    (!plain.contains('\\')).then(|| plain.replace('\u{0}', "\\"))
}

/// Reads the file, with what it includes. Gives also where all of them are.
fn load(call: &Call) -> Result<(Sources, Vec<String>), String> {
    // As `include_str!` does.
    let folder = folder(call.at);
    let path = folder.join(&call.path);
    let mut files = Vec::new();
    let text = read_file(&path, &mut files).map_err(|reason| {
        format!("`{}` can't be read: {reason}\nhelp: a path is relative to this source file", path.display())
    })?;
    let sources =
        Sources::load(path.display().to_string(), text, &mut |inclusion| include(inclusion, &mut files));
    Ok((sources, files))
}

/// The folder of the source file in which this stands; where no file is known, that of the package.
pub(crate) fn folder(at: Span) -> PathBuf {
    let folder = at.local_file().and_then(|file| Some(file.parent()?.to_owned()));
    folder.or_else(|| env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)).unwrap_or_default()
}

/// Reads what a file includes, relative to that, and notes where it is.
pub(crate) fn include(inclusion: Inclusion<'_>, files: &mut Vec<String>) -> Result<Included, String> {
    let folder = Path::new(inclusion.from).parent().unwrap_or(Path::new(""));
    let path = folder.join(inclusion.path);
    let text = read_file(&path, files)?;
    Ok(Included { name: path.display().to_string(), text })
}

fn read_file(path: &Path, files: &mut Vec<String>) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    files.push(absolute.to_string_lossy().into_owned());
    Ok(text)
}

/// When one of these files changes, the program is built again.
pub(crate) fn depends_on(files: &[String]) -> TokenStream {
    quote!(#(const _: &[u8] = ::core::include_bytes!(#files);)*)
}

/// A diagnostic with the lines of the files that it is about. `own` is the place of what stands in a program itself.
pub(crate) fn shown(
    diagnostic: &Diagnostic,
    sources: &SourceMap<'_>,
    own: impl Fn(qemu_dsl::Span) -> Option<String>,
    help: impl Fn(&Help) -> String,
) -> String {
    let mut out = format!("{} [{}]", diagnostic.message, diagnostic.code.as_str());
    for label in &diagnostic.labels {
        if let Some(place) = own(label.span) {
            out += &format!("\n --> {place} {}", label.text);
            continue;
        }
        let Some((file, at)) = sources.locate(label.span) else { continue };
        out += &format!("\n --> {}:{}:{}", file.name(), at.line, at.column);
        let line = file.line(at.line as usize - 1).and_then(|line| file.slice(line)).unwrap_or("").trim_end();
        // Behind the line's end it can't be underlined.
        let rest = line.chars().count().saturating_sub(at.column as usize - 1);
        let marked =
            sources.text(label.span).map_or(1, |text| text.chars().take_while(|c| *c != '\n').count());
        let mark = "^".repeat(marked.clamp(1, rest.max(1)));
        let number = at.line.to_string();
        let gap = " ".repeat(number.len());
        // Tabs are as wide below as in the line.
        let before: String =
            line.chars().take(at.column as usize - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        out += &format!("\n{gap} |\n{number} | {line}\n{gap} | {before}{mark}");
        if !label.text.is_empty() {
            out += &format!(" {}", label.text);
        }
    }
    if let Some(remedy) = &diagnostic.remedy {
        out += &format!("\nhelp: {}", help(&remedy.help));
    }
    out
}
