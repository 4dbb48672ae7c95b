//! The reference of the language, made from the table of statements.
//!
//! Its text is Markdown that also reads well in a terminal: `qemu-dslc explain netdev` prints a statement's section,
//! and `docs/language.md` is all of it.

mod markdown;
mod words;

use std::collections::BTreeMap;

use crate::qemu::changes::{self, Change};
use crate::read::params;
use crate::schema;
use crate::statement::TABLE;
use crate::table::{Bare, Family, FormSpec, KindSpec, Kinds, OptionSpec, StatementSpec};
use crate::{Arch, Version};

use markdown::{Item, Markdown};
use words::WORDS;

/// The statements: keyword and meaning, in the order of the reference.
pub fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.statements().map(|spec| {
        let line = spec.doc.lines().next().unwrap_or_default();
        (spec.keyword, line.trim())
    })
}

/// The words of blocks and of other files (`if`, `include`), which are no statements: each with its meaning.
pub fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    WORDS.iter().map(|own| (own.word, own.meaning))
}

/// What there is to know about a statement (`netdev`), about one kind of it (`netdev tap`), or about what kinds and options
/// several have in common (`backend`), or about a word that is no statement (`if`).
pub fn statement(name: &str) -> Option<String> {
    let mut words = name.split_whitespace();
    let word = words.next()?;
    if let Some(own) = WORDS.iter().find(|own| own.word == name) {
        let mut out = Markdown::default();
        words::whole(own, 1, &mut out);
        return Some(out.finish());
    }
    let Some(spec) = TABLE.find(word) else {
        let family = all_families().into_iter().find(|family| family.name.eq_ignore_ascii_case(name))?;
        let mut out = Markdown::default();
        self::family(family, 1, &mut out);
        return Some(out.finish());
    };
    let kind = words.next();
    if words.next().is_some() {
        return None;
    }
    let mut out = Markdown::default();
    match kind {
        None => whole(spec, 1, &mut out),
        Some(kind) => {
            let form = spec.forms.get(spec.form(Some(kind))?)?;
            let forms = std::slice::from_ref(form);
            out.heading(1, &format!("{} {kind}", spec.keyword));
            out.code(&synopsis(spec, forms, Some(kind)));
            let own = form.kinds().find(|own| own.name == kind);
            out.paragraph(&own.map(meaning).map(|text| sentence(&text)).unwrap_or_default());
            body(spec, forms, &mut out);
        }
    }
    Some(out.finish())
}

/// The whole reference: `docs/language.md`.
pub fn language() -> String {
    let mut out = Markdown::default();
    out.text(include_str!("reference/introduction.md"));

    out.list(types());
    out.heading(2, "Statements");
    out.paragraph(
        "Capitals stand for a value, `[...]` is what can be left out, and `...` what can be repeated. Options may stand in \
         any order; in the lists below each has the type of its value. One such as `readonly[=on|off]` may also stand \
         alone, and is then on.",
    );
    out.list(
        statements()
            .chain(self::words())
            .map(|(keyword, meaning)| Item::from(format!("[`{keyword}`](#{keyword}): {meaning}")))
            .collect(),
    );
    for spec in TABLE.statements() {
        whole(spec, 3, &mut out);
    }
    WORDS.iter().for_each(|own| words::whole(own, 3, &mut out));
    all_families().into_iter().for_each(|family| self::family(family, 3, &mut out));
    versions(&mut out);
    out.finish()
}

/// A statement with all its kinds.
fn whole(spec: &StatementSpec, level: usize, out: &mut Markdown) {
    out.heading(level, spec.keyword);
    let declared: Vec<_> = spec.forms.chunk_by(|one, other| one.declared == other.declared).collect();
    let synopses: Vec<_> = declared.iter().map(|forms| synopsis(spec, forms, None)).collect();
    out.code(&synopses.join("\n"));
    let doc = flat(spec.doc);
    let once = if spec.once { " It stands at most once." } else { "" };
    if let [forms] = declared.as_slice() {
        // Most often the one begins as the other.
        let own = forms.first().map(|form| flat(form.doc)).unwrap_or_default();
        let text = if own.starts_with(doc.trim_end_matches('.')) {
            own
        } else if doc.starts_with(&own) {
            doc
        } else {
            format!("{doc} {own}")
        };
        out.paragraph(&format!("{text}{once}"));
        kind_list(forms, out);
        body(spec, forms, out);
    } else {
        out.paragraph(&format!("{doc}{once}"));
        for forms in &declared {
            let family = forms.first().and_then(|form| form.family);
            let names: Vec<_> = match family {
                Some(family) => vec![family.name],
                None => kinds(forms).map(|kind| kind.name).collect(),
            };
            let names = folded(&names, ", ");
            let more = if names.len() > 1 { ", ..." } else { "" };
            let first = names.first().map_or("", String::as_str);
            out.heading(level + 1, format!("{} {first}{more}", spec.keyword).trim());
            out.paragraph(&forms.first().map(|form| flat(form.doc)).unwrap_or_default());
            kind_list(forms, out);
            body(spec, forms, out);
        }
    }
    out.paragraph("Example:");
    out.code(spec.example);
}

/// The kinds of a declared form.
fn kinds(forms: &[FormSpec]) -> impl Iterator<Item = &'static KindSpec> {
    forms.iter().flat_map(FormSpec::kinds)
}

/// How a declared form is written. Without `kind`: with all its kinds.
fn synopsis(spec: &StatementSpec, forms: &[FormSpec], kind: Option<&str>) -> String {
    // The heads of these two are not options, and the table does not hold them.
    match spec.keyword {
        "param" => return "param NAME: [list of] TYPE[?] [= DEFAULT]".to_owned(),
        "global" => return "global DRIVER.PROPERTY=VALUE".to_owned(),
        _ => {}
    }
    let mut out = spec.keyword.to_owned();
    let Some(form) = forms.first() else { return out };
    let names: Vec<_> = kinds(forms).map(|kind| kind.name).collect();
    match (kind, form.family, names.as_slice()) {
        (Some(kind), ..) => out += &format!(" {kind}"),
        (None, Some(family), _) => out += &format!(" {}", family.name),
        (None, None, _) if matches!(form.kinds, Kinds::Any(_)) => out += " TYPE",
        (None, None, []) => {}
        (None, None, names) => {
            let lines = folded(names, "|").into_iter().map(|kinds| format!("{} {kinds}", spec.keyword));
            out = lines.collect::<Vec<_>>().join(" [OPTION]...\n");
        }
    }
    for head in form.positionals() {
        let name = head.name.to_uppercase();
        out += &if head.list { format!(" \"{name}\"...") } else { format!(" {name}") };
    }
    if forms.iter().any(|form| form.open.is_some() || form.names().next().is_some()) {
        out += " [OPTION]...";
    }
    out
}

/// Names on lines that aren't too long.
fn folded(names: &[&str], between: &str) -> Vec<String> {
    const WIDTH: usize = 60;
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut().filter(|line| line.len() + between.len() + name.len() <= WIDTH) {
            Some(line) => *line += &format!("{between}{name}"),
            None => lines.push((*name).to_owned()),
        }
    }
    lines
}

/// What each kind is, where that is not said by the form itself.
fn kind_list(forms: &[FormSpec], out: &mut Markdown) {
    for form in forms {
        if let Kinds::Any(what) = form.kinds {
            out.paragraph(&format!("`TYPE` is {what}."));
        }
    }
    if let Some(family) = forms.first().and_then(|form| form.family) {
        let names: Vec<_> = family.kinds.iter().map(|kind| format!("`{}`", kind.name)).collect();
        out.paragraph(&format!(
            "`{0}` is one of {1}, each with its options: see [{0}](#{2}).",
            family.name,
            names.join(", "),
            family.name.to_lowercase()
        ));
        return;
    }
    of_kinds(kinds(forms), out);
}

fn of_kinds(kinds: impl Iterator<Item = &'static KindSpec>, out: &mut Markdown) {
    let kinds: Vec<_> = kinds.collect();
    if let [kind] = kinds.as_slice() {
        out.paragraph(&kind.change.map(|change| sentence(&history(change))).unwrap_or_default());
    } else {
        let item = |kind: &&KindSpec| Item::from(format!("`{}`: {}", kind.name, meaning(kind)));
        out.list(kinds.iter().map(item).collect());
    }
}

/// Kinds and options that several statements have.
fn family(family: &Family, level: usize, out: &mut Markdown) {
    out.heading(level, family.name);
    out.paragraph(family.doc);
    of_kinds(family.kinds.iter(), out);
    out.paragraph("Options:");
    out.list(family.options.iter().map(|own| option(own, true)).collect());
}

/// The names of what kinds and options of several statements have in common: each has a page of its own.
pub fn families() -> impl Iterator<Item = &'static str> {
    all_families().into_iter().map(|family| family.name)
}

fn all_families() -> Vec<&'static Family> {
    let mut all: Vec<&'static Family> = Vec::new();
    for own in TABLE.statements().flat_map(|spec| spec.forms).filter_map(|form| form.family) {
        if !all.iter().any(|family| family.name == own.name) {
            all.push(own);
        }
    }
    all
}

/// The options of a declared form: of one kind, or of all.
fn body(spec: &StatementSpec, forms: &[FormSpec], out: &mut Markdown) {
    let Some(form) = forms.first() else { return };
    out.list(form.positionals().map(head).collect());
    if spec.keyword == "param" {
        out.list(
            params::TYPES.iter().map(|(name, what, _)| Item::from(format!("`{name}`: {what}"))).collect(),
        );
    }
    let of_all = forms.len() > 1;
    let groups = form.options.iter().filter(|group| {
        // Those of a family stand with it.
        !of_all || !form.family.is_some_and(|family| std::ptr::eq(family.options, **group))
    });
    let named = groups.flat_map(|group| group.iter()).filter(|option| !option.positional);
    let own = form.options().filter(|option| !option.positional);
    let options: Vec<_> = if of_all {
        named.map(|own| option(own, true)).collect()
    } else {
        own.map(|own| option(own, false)).collect()
    };
    if !options.is_empty() {
        out.paragraph("Options:");
        out.list(options);
    }
    if let Some(open) = &form.open {
        let how = match open.bare {
            Bare::Nothing => "",
            Bare::On | Bare::Flag(_) => " A bare `name` is on.",
            Bare::Feature(_) => " A bare `name` is on, as is `+name`; `-name` is off.",
        };
        let of: Vec<_> = open.of.iter().map(|(_, made)| *made).collect();
        let doc = match of.as_slice() {
            [] => flat(open.doc),
            of => format!("Any other property of {}: `name=value`.", owners(of)),
        };
        out.paragraph(&format!("{doc}{how}"));
        if !open.also.names.is_empty() {
            out.paragraph(&flat(open.also.doc));
        }
    }
}

/// What a form prints, in words.
fn owners(names: &[&str]) -> String {
    let name = |name: &&str| match *name {
        "{}" => "the kind".to_owned(),
        name => format!("`{}`", name.replace("{}", "KIND")),
    };
    names.iter().map(name).collect::<Vec<_>>().join(" and of ")
}

fn head(head: &OptionSpec) -> Item {
    let mut item = Item::from(format!("`{}`: {}", head.name.to_uppercase(), described(head)));
    item.children = choices(head);
    item
}

/// An option. `tells_kinds` says of which kinds it is.
fn option(option: &OptionSpec, tells_kinds: bool) -> Item {
    let ty = option.ty.name.to_uppercase();
    let written = match (option.ty.bare, option.ty.choices) {
        (Some(_), []) => format!("{}[=on|off]", option.name),
        (Some(_), _) => format!("{}[={ty}]", option.name),
        (None, _) => format!("{}={ty}", option.name),
    };
    let instead: Vec<_> = option.instead.iter().map(|name| format!("`{name}`")).collect();
    let note = match (option.required, option.list) {
        (true, _) if !instead.is_empty() => &*format!(" (required without {})", instead.join(" or ")),
        (true, _) => " (required)",
        (false, true) => " (repeatable)",
        (false, false) => "",
    };
    let kinds: Vec<_> = option.kinds.iter().filter(|_| tells_kinds).map(|kind| format!("`{kind}`")).collect();
    let of = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    let mut item = Item::from(format!("`{written}`{note}{of}: {}", described(option)));
    item.children = choices(option);
    item
}

/// An option's meaning, and the rest that the table knows of it.
fn described(option: &OptionSpec) -> String {
    let mut text = flat(option.doc);
    if !option.default.is_empty() {
        text += &format!(" Default: `{}`.", option.default);
    }
    if !option.excludes.is_empty() {
        let names: Vec<_> = option.excludes.iter().map(|name| format!("`{name}`")).collect();
        text += &format!(" Not together with {}.", names.join(", "));
    }
    if let Some(change) = option.change {
        text += &format!(" {}", sentence(&history(change)));
    }
    text
}

fn choices(option: &OptionSpec) -> Vec<String> {
    let since = |word: &str| {
        let change = option.words.iter().find(|(own, _)| *own == word);
        change.map_or(String::new(), |(_, change)| format!(" ({})", history(change)))
    };
    let choices = option.ty.choices.iter();
    choices.map(|(word, meaning)| format!("`{word}`: {meaning}{}", since(word))).collect()
}

fn meaning(kind: &KindSpec) -> String {
    match kind.change {
        Some(change) => format!("{} ({})", kind.doc, history(change)),
        None => kind.doc.to_owned(),
    }
}

/// Since and until when QEMU has something.
fn history(change: &Change) -> String {
    let times = [
        ("since QEMU", change.since),
        ("deprecated in QEMU", change.deprecated),
        ("removed in QEMU", change.removed),
    ];
    let mut parts: Vec<_> =
        times.into_iter().filter_map(|(what, version)| Some(format!("{what} {}", version?))).collect();
    if let Some(becomes) = change.becomes {
        parts.push(format!("printed as `{becomes}` from then on"));
    }
    if let Some(default) = change.default {
        parts.push(format!("`{default}` is left out from then on"));
    }
    let instead = if change.instead.is_empty() { String::new() } else { format!(": {}", change.instead) };
    parts.join(", ") + &instead
}

/// The types of values, by the name that the reference has for them.
fn types() -> Vec<Item> {
    let mut types: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let options = TABLE.statements().flat_map(|spec| spec.forms).flat_map(|form| form.options());
    for ty in options.map(|option| option.ty).filter(|ty| ty.choices.is_empty()) {
        let meanings = types.entry(ty.name).or_default();
        if !meanings.contains(&ty.expects) {
            meanings.push(ty.expects);
        }
    }
    let list = types
        .into_iter()
        .map(|(name, meanings)| format!("`{}`: {}", name.to_uppercase(), meanings.join("; or ")));
    list.chain(["`WORD`: one of the words that are listed with the option".to_owned()])
        .map(Item::from)
        .collect()
}

fn versions(out: &mut Markdown) {
    out.heading(2, "Versions of QEMU");
    let known: Vec<_> = Version::KNOWN.iter().map(ToString::to_string).collect();
    out.paragraph(&format!(
        "The output is tested with QEMU {}. What lies between follows from this table. *Since* is the first version that \
         something is written for, *deprecated* the first one that warns of it, *until* the first one that it is not \
         written for any more. Where a version has another way to say the same, the compiler takes that, and nothing in \
         the text changes. Where it has none, what the text asks for is an error; what is only deprecated is a warning.",
        known.join(", ")
    ));
    let checked = Arch::all().filter(|arch| *arch != Arch::I386).filter_map(|arch| {
        let [oldest, ..] = schema::all(arch) else { return None };
        Some(format!("{arch} from QEMU {} on", oldest.version()))
    });
    out.paragraph(&format!(
        "QEMU's own names (of machine types, CPU models, devices and their properties) are checked for {}. For an older \
         QEMU, or another architecture, they are passed on as they are.",
        checked.collect::<Vec<_>>().join(", ")
    ));
    let version = |version: Option<Version>| version.map(|version| version.to_string()).unwrap_or_default();
    let rows = changes::ALL.iter().map(|change| {
        let what = capital(change.what.trim_end_matches(','));
        [what, version(change.since), version(change.deprecated), version(change.removed), instead(change)]
    });
    out.table(["What", "Since", "Deprecated", "Until", "Then"], rows);
}

/// What becomes of something that goes.
fn instead(change: &Change) -> String {
    let becomes = change.becomes.map(|becomes| format!("printed as `{becomes}`"));
    let default = change.default.map(|default| format!("`{default}` is left out"));
    let written = (!change.instead.is_empty()).then(|| change.instead.to_owned());
    becomes.into_iter().chain(default).chain(written).collect::<Vec<_>>().join("; ")
}

/// A doc comment as one line.
fn flat(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// With a capital letter and a period.
fn sentence(text: &str) -> String {
    let end = if text.ends_with('.') { "" } else { "." };
    capital(text) + end
}
