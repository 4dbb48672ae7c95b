//! All that the compiler says of a text, as lines. What the compiler's interface looks like is known here alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use qemu_dsl::plan::{Fd, FdSlot, Filling, Fragment, Json, Number, Plan, Template};
use qemu_dsl::{Arch, Diagnostic, Options, Parsed, Span, Target, TargetSpec, Version, parse};

use crate::corpus::Text;
use crate::wording;

/// One way to compile a text: what comes of it, if it says anything.
type Compile = fn(&str, &Parsed<'_>, &Options) -> Option<String>;

/// The text, and what comes of it, once for all targets for which it is the same.
pub(crate) fn write(text: &Text, to: &mut String) {
    let Text { place, source } = text;
    section(to, "text", place, source);
    let params = params(source);
    let parsed = parse(source);
    assert_eq!(&parsed.to_string(), source, "the text is printed back");
    let known = Version::KNOWN.map(|version| (version.to_string(), version.into()));
    let targets: Vec<_> = [("none".to_owned(), TargetSpec::default())].into_iter().chain(known).collect();
    for (way, compile) in [("vm", vm as Compile), ("devices", devices)] {
        let mut outputs: Vec<(Vec<&str>, String)> = Vec::new();
        for (name, target) in &targets {
            let options = Options { target: *target, params: params.clone(), ..Options::default() };
            let Some(output) = compile(source, &parsed, &options) else { continue };
            match outputs.iter_mut().find(|(_, same)| *same == output) {
                Some((targets, _)) => targets.push(name),
                None => outputs.push((vec![name], output)),
            }
        }
        for (targets, output) in outputs {
            section(to, way, &targets.join(" "), &output);
        }
    }
    if !params.is_empty() {
        section(
            to,
            "vm without values",
            "none",
            &vm(source, &parsed, &Options::default()).unwrap_or_default(),
        );
    }
    to.push('\n');
}

fn section(to: &mut String, what: &str, of: &str, lines: &str) {
    to.push_str(&format!("=== {what} {of}\n"));
    for line in lines.split_terminator('\n') {
        to.push_str(&format!("  {line}\n"));
    }
}

/// A value for each parameter: what `//: --set` says, or one of its type.
fn params(source: &str) -> Vec<(String, String)> {
    let mut params = BTreeMap::new();
    for line in source.lines() {
        let Some((name, kind)) = line.trim().strip_prefix("param ").and_then(|rest| rest.split_once(':'))
        else {
            continue;
        };
        if kind.contains('=') {
            continue;
        }
        let value = match kind.trim().trim_end_matches(';') {
            "int" => "3",
            "size" => "1G",
            "bool" => "on",
            "path" => "/srv/value",
            _ => "value",
        };
        params.insert(name.trim().to_owned(), value.to_owned());
    }
    let set = source.lines().filter_map(|line| line.strip_prefix("//: --set ")?.split_once('='));
    params.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    params.into_iter().collect()
}

fn vm(_: &str, parsed: &Parsed<'_>, options: &Options) -> Option<String> {
    let compiled = parsed.compile(options);
    let mut to = said(&compiled.diagnostics);
    if let Some(template) = compiled.template {
        is_for(template.target, compiled.names_version, options, &mut to);
        plan(template, &mut to);
    }
    Some(to)
}

/// A text of other statements says nothing about those of devices.
fn devices(source: &str, parsed: &Parsed<'_>, options: &Options) -> Option<String> {
    let compiled = parsed.compile_devices(options);
    if compiled.fragment.is_none() && !source.starts_with("//: devices") && !source.starts_with("// devices")
    {
        return None;
    }
    let mut to = said(&compiled.diagnostics);
    if let Some(fragment) = compiled.fragment {
        is_for(fragment.target, true, options, &mut to);
        commands(&fragment, &mut to);
    }
    Some(to)
}

/// Which version it is for, where it isn't the one that was asked for.
fn is_for(target: Target, is_named: bool, options: &Options, to: &mut String) {
    let Target { arch, version: target } = target;
    let arch = if arch == Arch::default() { String::new() } else { format!("{arch}-") };
    match (options.target.version, is_named) {
        (Some(asked), true) if asked == target => {}
        (None, false) => line(to, format_args!("for {arch}{target}, the newest")),
        _ => line(to, format_args!("for {arch}{target}, named: {is_named}")),
    }
}

fn said(diagnostics: &[Diagnostic]) -> String {
    let mut to = String::new();
    for Diagnostic { code, severity, message, remedy, labels, .. } in diagnostics {
        line(&mut to, format_args!("{}[{}] {message:?}", severity.name(), code.as_str()));
        for label in labels {
            line(&mut to, format_args!("  at {} {:?}", place(label.span), label.text));
        }
        if let Some(remedy) = remedy {
            line(&mut to, format_args!("  help {:?}", wording::help(&remedy.help)));
        }
    }
    to
}

fn plan(template: Template, to: &mut String) {
    let plan = Plan::of(template);
    line(to, format_args!("{:?}", plan.program()));
    for (index, arg) in plan.args().enumerate() {
        let span = plan.arg_span(index).map(place).unwrap_or_default();
        line(to, format_args!("{arg:?} {span}"));
    }
    for fd @ Fd { number, source, device, queue } in plan.fds() {
        let name = fd.name();
        line(to, format_args!("fd {number} {name} {source:?} {device:?} {queue}"));
    }
}

fn commands(fragment: &Fragment, to: &mut String) {
    let Fragment { steps, fds, ids, .. } = fragment;
    let filling = Filling {
        name: Some("web".to_owned()),
        fds: (0..fds.len()).map(|slot| format!("<fd {slot}>")).collect(),
        ids: ids.iter().map(ToString::to_string).collect(),
    };
    for step in steps.iter() {
        let arguments = json(&Json::Object(step.arguments.clone()), &filling);
        let (id, span) = (filling.text(&step.id), place(step.span));
        let pci = if step.pci { " pci" } else { "" };
        line(to, format_args!("{} {id:?}{pci} {arguments} {span}", step.action.command()));
    }
    for (slot, fd) in fds.iter().enumerate() {
        let FdSlot { source, device, queue, span, .. } = fd;
        let (source, device) = (source.map(|text| filling.text(text), Number::known), filling.text(device));
        line(to, format_args!("fd {slot} {source:?} {device:?} {queue} {}", place(*span)));
    }
}

fn json(json_: &Json, filling: &Filling) -> String {
    match json_ {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Int(value) => value.to_string(),
        Json::Late(text, _) | Json::Text(text) => format!("{:?}", filling.text(text)),
        Json::Id(text) => format!("&{:?}", filling.text(text)),
        Json::FileDriver(text) => format!("driver of {:?}", filling.text(text)),
        Json::List(list) => {
            let list: Vec<_> = list.iter().map(|value| json(value, filling)).collect();
            format!("[{}]", list.join(", "))
        }
        Json::Object(members) => {
            let member = |member: &qemu_dsl::plan::Member| {
                format!("{}: {}", member.name, json(&member.value, filling))
            };
            let members: Vec<_> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn place(span: Span) -> String {
    format!("{}..{}", span.start, span.end)
}

fn line(to: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string never fails.
    let _ = writeln!(to, "{text}");
}
