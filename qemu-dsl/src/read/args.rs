//! What a statement gives for each of its options.

use std::collections::HashMap;

use super::cx::{Cx, Resolved, names_an_id};
use super::foreign::foreign;
use super::hints;
use super::recover::{orphan, orphans, statement_like};
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Fix, Help, Remedy};
use crate::model::{Property, PropertyValue, State, Val};
use crate::schema;
use crate::source::{Node, begins_anew, quoted, same_line, spell};
use crate::suggest::{did_you_mean, meant, nearest};
use crate::syntax::{Item, Keyword, Statement, Value, ValueForm, Word};
use crate::table::{Bare, FormSpec, Kinds, OptionSpec, StatementSpec, Table};
use crate::value::{Kind, Takes, Type, asks_for_help, unit_letter};

/// One occurrence of an option.
#[derive(Clone, Copy)]
pub(crate) struct Given<'t, 's> {
    pub(super) option: &'static OptionSpec,
    /// Its name; a positional's own place.
    pub(super) name: Span,
    /// Its value. A flag has none.
    pub(super) value: Option<&'t Value<'s>>,
}

impl Given<'_, '_> {
    /// All of it: its name and its value.
    pub(super) fn span(&self) -> Span {
        self.value.map_or(self.name, |value| self.name.to(value.span))
    }
}

/// The options of one statement, sorted by the form's table.
pub(crate) struct Args<'t, 's> {
    table: Table,
    keyword: &'t Keyword<'s>,
    pub(super) spec: &'static FormSpec,
    kind: Option<Node<String>>,
    /// Whether the kind asks for help, which has been reported.
    asks_for_help: bool,
    /// The kinds that could stand where there is none.
    kinds: Option<&'static StatementSpec>,
    pub(super) given: Vec<Given<'t, 's>>,
    /// The options of which it is taken that their values aren't there, and these values' blanks.
    pub(super) absent: Vec<(&'s str, u32)>,
    rest: Vec<&'t Item<'s>>,
    /// The names in `rest`, and where each stands.
    pub(super) seen: HashMap<&'s str, Span>,
    /// Where the blame for something missing lies: keyword and kind.
    pub(super) head: Span,
    broken: bool,
    /// Whether its kind is missing, where it is written like one that needs none.
    lacks_kind: bool,
    /// The options that something unknown was most likely meant as: they are not reported as missing.
    meant: Vec<&'static str>,
    /// The device that the text names in the place of the statement's own.
    driver: Option<&'t Value<'s>>,
    /// The value just before a bare word, on the same line, and its type where that is known.
    previous: Option<(&'t Value<'s>, Option<&'static Type>)>,
}

impl<'t, 's> Args<'t, 's> {
    /// Sorts the statement's words into the table's options. What is unknown, repeated or excluded is reported.
    pub(crate) fn new(
        spec: &'static FormSpec,
        keyword: &'t Keyword<'s>,
        kind: Option<Node<String>>,
        statement: &'t Statement<'s>,
        cx: &mut Cx<'_>,
    ) -> Self {
        let word = keyword.word;
        let head = kind.as_ref().map_or(word.span, |kind| word.span.to(kind.span));
        let mut args = Self {
            table: cx.table,
            keyword,
            spec,
            kinds: kind.is_none().then_some(keyword.spec),
            kind,
            asks_for_help: false,
            given: Vec::with_capacity(keyword.values.len() + statement.items.len()),
            absent: Vec::new(),
            rest: Vec::new(),
            seen: HashMap::new(),
            head,
            broken: statement.broken,
            lacks_kind: false,
            meant: Vec::new(),
            driver: spec.open.as_ref().filter(|open| !open.is_any()).and_then(|_| driver(statement)),
            previous: None,
        };
        if let (Kinds::Any(any), Some(kind)) = (&spec.kinds, &args.kind)
            && asks_for_help(kind)
        {
            let word = Word { text: kind, span: kind.span };
            cx.report(question(word, "name", format!("write {any}")));
            args.asks_for_help = true;
        }
        for (index, value) in keyword.values.iter().enumerate() {
            let Some(option) =
                spec.positionals().nth(index).or(spec.positionals().last().filter(|last| last.list))
            else {
                args.loose(value, cx);
                if args.lacks_kind {
                    break;
                }
                continue;
            };
            if cx.is_absent(value) {
                continue;
            }
            // `memory share`: the size was forgotten. A text may be spelt like an option, if not wisely.
            if let ValueForm::Bare(text) = value.form
                && spec.option(text).is_some()
            {
                if !option.ty.is_text() {
                    args.flag(Word { text, span: value.span }, None, cx);
                    continue;
                }
                cx.report(
                    Diagnostic::warning(
                        Code::MissingValue,
                        format!("`{text}` is taken as the {} of {}", option.name, args.what()),
                    )
                    .at(value.span)
                    .help(
                        Remedy::new(format!(
                            "write the {} before it, or quote it: `\"{text}\"`",
                            option.name
                        ))
                        .replace(value.span, format!("\"{text}\"")),
                    ),
                );
            }
            args.given.push(Given { option, name: value.span, value: Some(value) });
        }
        let last = spec.positionals().nth(keyword.values.len().wrapping_sub(1));
        let mut previous = keyword.values.last().map(|value| (value, last.map(|option| option.ty)));
        let wants_quotes = args.wants_quotes();
        // Where the kind stands as an option, the options are another form's.
        let is_kind = |item: &&Item<'_>| {
            let Item::Option { name, value: Some(_) } = item else { return false };
            spec.refused.iter().any(|refused| refused.name == name.text && refused.code == Code::MissingKind)
        };
        let kind = statement.items.iter().find(is_kind);
        if let Some(Item::Option { name, value }) = kind {
            args.option(*name, value.as_ref(), kind, cx);
        }
        let items = if kind.is_some() { &[][..] } else { &statement.items };
        for (index, item) in items.iter().enumerate() {
            // What the options are hangs on it.
            if args.lacks_kind {
                break;
            }
            let rest = statement.items.get(index + 1..).unwrap_or_default();
            // What is joined has its lines in several files.
            if !statement.joined && args.misspelt(item, rest.first(), cx) {
                // One error, which owns what follows.
                orphan(item, false, cx);
                orphans(rest, item.span().start, cx);
                args.broken = true;
                break;
            }
            if wants_quotes {
                args.quote(statement, cx);
                break;
            }
            match item {
                Item::Option { name, value: Some(value) } if cx.state(value.span) == Some(State::Absent) => {
                    let blank = cx.blanks.at(cx.round, value.span);
                    args.absent.extend(blank.map(|blank| (name.text, blank)));
                }
                Item::Option { value: Some(value), .. } if cx.is_absent(value) => {}
                Item::Option { name, value: Some(value) } => {
                    args.option(*name, Some(value), Some(item), cx);
                }
                Item::Option { name, value: None } => {
                    args.meant.extend(spec.option(name.text).map(|option| option.name));
                    if !statement.broken {
                        cx.report(
                            Diagnostic::error(
                                Code::MissingValue,
                                format!("`{}=` without a value", name.text),
                            )
                            .at(Span::new(name.span.start, name.span.end))
                            .help("the value is missing, or must be quoted"),
                        );
                    }
                }
                Item::Flag(name) => {
                    args.previous =
                        previous.filter(|(value, _)| same_line(cx.source, value.span.end, name.span.start));
                    args.flag(*name, Some(item), cx);
                }
                Item::Feature { .. } if matches!(args.bare(), Some(Bare::Feature(_))) => args.rest.push(item),
                Item::Feature { name, on } => {
                    if !on && keyword.values.is_empty() && spec.positionals().any(|head| head.list) {
                        let quoted = format!("\"-{}\"", name.text);
                        let message = format!("{} takes QEMU's option in quotes", args.what());
                        cx.report(
                            Diagnostic::error(Code::QuoteIt, message)
                                .at(item.span())
                                .help(Remedy::new(format!("write `{quoted}`")).replace(item.span(), quoted)),
                        );
                        args.broken = true;
                        break;
                    }
                    let is_first = index == 0 && keyword.values.is_empty();
                    if let Some(joined) = args.joined(*name).filter(|_| is_first && !on) {
                        let span = args.kind.as_ref().map_or(item.span(), |kind| kind.span.to(item.span()));
                        cx.report(
                            Diagnostic::error(Code::UnexpectedText, format!("`-{}` stands alone", name.text))
                                .at(item.span())
                                .help(Remedy::new(Help::OneWord(joined.clone())).replace(span, joined)),
                        );
                        // Its properties are another's.
                        args.broken = true;
                        break;
                    }
                    let switch = if *on { "on" } else { "off" };
                    let help = Remedy::new(format!(
                        "`+` and `-` belong to `cpu`; an option is switched by `{0}=on` or `{0}=off`",
                        name.text
                    ));
                    let takes_it = args.takes(name.text) || spec.option(name.text).is_some();
                    cx.report(
                        Diagnostic::error(
                            Code::UnexpectedText,
                            format!("{} has no features to switch {switch}", args.what()),
                        )
                        .at(item.span())
                        .help(if takes_it {
                            help.replace(item.span(), format!("{}={switch}", name.text))
                        } else {
                            help
                        }),
                    );
                }
                Item::Loose(value) => args.loose(value, cx),
            }
            previous = match item {
                // What the next item says may be its unit, or the rest of it.
                Item::Option { name, value: Some(value) } if matches!(rest.first(), Some(Item::Flag(_))) => {
                    Some((value, spec.option(name.text).map(|option| option.ty)))
                }
                _ => None,
            };
        }
        args.exclusions(cx);
        if spec.needs_option && statement.items.is_empty() && keyword.values.is_empty() && !args.broken {
            let message = format!("{} says nothing without an option", args.what());
            let diagnostic = Diagnostic::error(Code::MissingOption, message);
            cx.report(diagnostic.at(args.head).help(args.list()));
        }
        cx.flaws.all |= args.broken;
        cx.flaws.options.extend(&args.meant);
        args
    }

    fn option(
        &mut self,
        name: Word<'s>,
        value: Option<&'t Value<'s>>,
        item: Option<&'t Item<'s>>,
        cx: &mut Cx<'_>,
    ) {
        let Some(option) = self.spec.option(name.text) else {
            let whole = value.map_or(name.span, |value| name.span.to(value.span));
            if let Some(refused) = self.spec.refused.iter().find(|refused| refused.name == name.text) {
                // What is the kind stands without a name.
                let removed = match value {
                    Some(value) if refused.code == Code::MissingKind => {
                        Span::new(whole.start, value.span.start)
                    }
                    _ => whole,
                };
                let is_first = cx.source.get(self.head.end as usize..whole.start as usize);
                let is_first = is_first.is_some_and(|between| between.trim().is_empty());
                let help = Remedy::new(refused.instead);
                cx.report(
                    Diagnostic::error(refused.code, format!("{} {}", self.what(), refused.why))
                        .at(name.span)
                        .help(match value {
                            Some(value) if refused.code == Code::MissingKind && !is_first => {
                                let kind = format!(" {}", cx.source_of(Some(value.span)));
                                help.or(Fix::default().insert(self.head.end, kind).remove(whole))
                            }
                            _ => help.remove(removed),
                        }),
                );

                self.broken = true;
                return;
            }
            if self.takes(name.text) {
                if asks_for_help(name.text) {
                    cx.report(question(name, "property", "leave it out"));
                    return;
                }
                if let Some(first) = self.seen.insert(name.text, name.span) {
                    self.seen.insert(name.text, first);
                    let help = Remedy::new(LEAVE_OUT_ONE).remove(whole);
                    cx.report(repeated(name, first).help(help));
                    return;
                }
                self.rest.extend(item);
                return;
            }
            let help = self.hint(name, value, whole, cx);
            cx.report(
                Diagnostic::error(
                    Code::UnknownOption,
                    format!("{} has no option `{}`", self.what(), name.text),
                )
                .at(name.span)
                .help(help),
            );
            return;
        };
        let whole = Given { option, name: name.span, value };
        if let Some(Value { span, form: ValueForm::Bare(text) }) = value
            && let Some(next) = text.split_once('=').and_then(|(next, _)| self.spec.option(next))
            && cx.source.as_bytes().get((span.start as usize).wrapping_sub(1)) != Some(&b'=')
        {
            // `mac= ifname=tap0`: the value is the next option.
            self.meant.extend([option.name, next.name]);
            cx.report(
                Diagnostic::error(Code::MissingValue, format!("`{}=` without a value", name.text))
                    .at(name.span)
                    .help(
                        Remedy::new(format!("the value is missing, or must be quoted: `\"{text}\"`"))
                            .replace(Span::new(name.span.end, span.end), format!("={}", spell(text))),
                    ),
            );
            return;
        }
        if !option.list
            && let Some(first) = self.given_for(option)
        {
            let help = Remedy::new(LEAVE_OUT_ONE).remove(whole.span()).remove(first.span());
            cx.report(repeated(name, first.name).help(help));
            return;
        }
        self.given.push(whole);
    }

    /// What is given first for an option.
    fn given_for(&self, option: &OptionSpec) -> Option<&Given<'t, 's>> {
        self.given.iter().find(|given| std::ptr::eq(given.option, option))
    }

    /// Whether an item is not this statement's, but a misspelt statement. `next` is what follows it.
    fn misspelt(&self, item: &Item<'s>, next: Option<&Item<'s>>, cx: &Cx<'_>) -> bool {
        if !begins_anew(cx.source, item.span().start, self.head.start) {
            // `memory 1G dsik file=...`
            return matches!(item, Item::Flag(name) if !self.takes(name.text))
                && matches!(item, Item::Flag(name) if self.is_foreign(name.text) && statement_like(name.text, self.table))
                && matches!(next, Some(Item::Option { name, .. }) if self.is_foreign(name.text));
        }
        match item {
            Item::Flag(name) => {
                let is_option =
                    nearest(name.text, self.spec.names()).is_some() && !statement_like(name.text, self.table);
                !is_option && !self.may_be_property(name.text)
            }
            // `nographic=on`
            Item::Option { name, .. } => {
                self.spec.option(name.text).is_none()
                    && self.table.find(name.text).is_some()
                    && (!self.takes(name.text)
                        || self.passes_words_on().is_some_and(|bare| !bare.is_property(name.text)))
            }
            // `memory: 2G`
            Item::Loose(Value { form: ValueForm::Bare(text), .. }) => {
                text.split_once(':').is_some_and(|(word, _)| self.table.find(word).is_some())
            }
            // `-m 2G`
            Item::Feature { on: false, name } => {
                !matches!(self.bare(), Some(Bare::Feature(_)))
                    && hints::statement(name.text, self.table).is_some()
            }
            Item::Feature { .. } | Item::Loose(_) => false,
        }
    }

    /// Whether a word is no option of this statement, and not meant as one.
    fn is_foreign(&self, word: &str) -> bool {
        self.spec.option(word).is_none() && nearest(word, self.spec.names()).is_none()
    }

    /// Takes a bare word.
    fn flag(&mut self, name: Word<'s>, item: Option<&'t Item<'s>>, cx: &mut Cx<'_>) {
        match self.spec.option(name.text) {
            Some(option) if option.ty.bare.is_some() => {
                self.option(name, None, item, cx);
                return;
            }
            Some(option) => {
                self.meant.push(option.name);
                cx.report(
                    Diagnostic::error(Code::MissingValue, format!("`{}` needs a value", name.text))
                        .at(name.span)
                        .help(format!("write `{}=` and {}", name.text, option.ty.expects)),
                );
                return;
            }
            None => {}
        }
        let is_property = match self.bare().filter(|_| self.takes(name.text)) {
            Some(Bare::On | Bare::Flag(_) | Bare::Feature(_)) => true,
            Some(Bare::Nothing) => asks_for_help(name.text),
            None => false,
        };
        let unit = self.unit(name);
        if is_property && unit.is_none() {
            self.option(name, None, item, cx);
            return;
        }
        // It may be the name of a property.
        self.broken |= self.passes_on();
        let help = unit.unwrap_or_else(|| self.hint_for_word(name, cx));
        cx.report(
            Diagnostic::error(Code::UnknownOption, format!("{} has no option `{}`", self.what(), name.text))
                .at(name.span)
                .help(help),
        );
    }

    fn loose(&mut self, value: &Value<'s>, cx: &mut Cx<'_>) {
        self.broken = true;
        if matches!(value.form, ValueForm::Broken) {
            return;
        }
        let text = cx.source.get(value.span.start as usize..value.span.end as usize).unwrap_or("");
        let keyword = self.keyword.spec;
        let kinds: Vec<_> = keyword.kinds().map(|kind| format!("`{}`", kind.name)).collect();
        let diagnostic = match &value.form {
            ValueForm::Text(_) | ValueForm::Parts(_)
                if self.kinds.is_some() && !kinds.is_empty() && !self.wants_value() =>
            {
                let message = format!("`{}` needs its kind", keyword.keyword);
                let help = format!("behind `{}` stands one of {}", keyword.keyword, kinds.join(", "));
                self.lacks_kind = true;
                Diagnostic::error(Code::MissingKind, message).help(help)
            }
            ValueForm::Bare(bare) if bare.starts_with('=') => {
                Diagnostic::error(Code::UnexpectedText, "`=` without an option's name before it")
                    .help("write `name=value`")
            }
            ValueForm::Bare(bare) if bare.contains('=') => {
                let name = bare.split('=').next().unwrap_or("");
                Diagnostic::error(Code::UnexpectedText, format!("`{name}` can't be the name of an option"))
                    .help("a name consists of letters, digits, `_`, `-` and `.`")
            }
            ValueForm::Bare(bare @ ("+" | "-")) => {
                Diagnostic::error(Code::UnexpectedText, format!("`{bare}` stands alone"))
                    .help(format!("write it directly before a feature's name: `{bare}aes`"))
            }
            _ => Diagnostic::error(
                Code::UnexpectedText,
                format!("{} takes no value here: `{text}`", self.what()),
            )
            .help(self.hint_for_value(text, value.span)),
        };
        cx.report(diagnostic.at(value.span));
    }

    /// Whether it needs an option that a value without a name may be meant for.
    fn wants_value(&self) -> bool {
        self.spec.options().any(|option| option.required && option.ty.name != "id")
    }

    /// Whether all that it takes are quoted texts.
    fn wants_quotes(&self) -> bool {
        self.spec.open.is_none() && self.spec.positionals().any(|head| head.list)
    }

    /// Reports the first word that stands where quoted texts should.
    fn quote(&mut self, statement: &Statement<'_>, cx: &mut Cx<'_>) {
        let Some(first) = statement.items.first() else { return };
        let span = statement.items.iter().fold(first.span(), |span, item| span.to(item.span()));
        let texts: Vec<_> = statement.items.iter().map(|item| in_quotes(item, cx)).collect();
        let two = texts.get(..2).unwrap_or(&texts).join(" ");
        let help = Remedy::new(format!("quote them: `arg {two}`"));
        if !self.broken && !matches!(first, Item::Loose(Value { form: ValueForm::Broken, .. })) {
            cx.report(
                Diagnostic::error(Code::QuoteIt, format!("{} takes its texts in quotes", self.what()))
                    .at(first.span())
                    .help(if self.given.len() + texts.len() <= 2 { help.replace(span, two) } else { help }),
            );
        }
        self.broken = true;
    }

    /// What to write in place of an option that is not there.
    fn hint(&mut self, name: Word<'_>, value: Option<&Value<'_>>, whole: Span, cx: &Cx<'_>) -> Remedy {
        let value = cx.source_of(value.map(|value| value.span));
        let is_it = |head: &&OptionSpec| {
            head.name == name.text || hints::HEADS.contains(&name.text) && self.given_for(head).is_none()
        };
        if let Some(head) = self.spec.positionals().find(is_it) {
            self.meant.push(head.name);
            let help =
                Remedy::new(format!("the {} stands without a name: `{} {value}`", head.name, self.words()));
            return if self.given_for(head).is_some() || value.is_empty() {
                help
            } else {
                help.or(Fix::default().insert(self.head.end, format!(" {value}")).remove(whole))
            };
        }
        if name.text == "wait" && self.spec.option("nowait").is_some() {
            return Remedy::new("write `nowait` for `wait=off`").replace(whole, "nowait");
        }
        if let Some(hint) = self.of_other_kinds(name.text) {
            return hint.into();
        }
        let near = nearest(name.text, self.spec.names());
        self.meant.extend(near);
        match near {
            Some(near) => meant(near, name.span),
            None => self.near_property(name, cx).unwrap_or_else(|| self.list().into()),
        }
    }

    /// What to say of an option that other kinds of the statement have.
    fn of_other_kinds(&self, name: &str) -> Option<String> {
        let keyword = self.keyword.spec.keyword;
        let forms = self.keyword.spec.forms.iter().filter(|form| form.option(name).is_some());
        let kinds: Vec<_> = forms
            .flat_map(|form| match form.kinds {
                Kinds::Of(kinds) => kinds.iter().map(|kind| format!("`{keyword} {}`", kind.name)).collect(),
                Kinds::None | Kinds::Any(_) => vec![format!("`{keyword}` without a kind")],
            })
            .collect();
        (!kinds.is_empty()).then(|| format!("`{name}` is an option of {}", listed(&kinds)))
    }

    /// What to write where a name is near that of a property.
    fn near_property(&self, name: Word<'_>, cx: &Cx<'_>) -> Option<Remedy> {
        let types =
            self.spec.open.as_ref()?.types(self.kind_word(), self.driver_word(), schema::nearest(cx.target));
        let names: Vec<_> = types.flat_map(|ty| ty.properties().collect::<Vec<_>>()).collect();
        let also = self.spec.open.iter().flat_map(|open| open.also.names).copied();
        did_you_mean(name.text, name.span, names.iter().map(|property| property.name()).chain(also))
    }

    /// What to write where a bare word is the unit of the number before it: `2G` for `2 GB`.
    fn unit(&self, name: Word<'_>) -> Option<Remedy> {
        let (Value { form: ValueForm::Bare(number), span }, ty) = self.previous? else { return None };
        let size = size_of(number, name.text).filter(|_| ty.is_none_or(|ty| ty.name == "size"))?;
        Some(write(size, span.to(name.span)))
    }

    /// What to write in place of a bare word that is no flag.
    fn hint_for_word(&mut self, name: Word<'_>, cx: &Cx<'_>) -> Remedy {
        let Word { text: word, span } = name;
        if let Some(hint) = self.of_other_kinds(word) {
            return hint.into();
        }
        let near = nearest(word, self.spec.names());
        self.meant.extend(near);
        let kinds = self.kinds.into_iter().flat_map(StatementSpec::kinds).map(|kind| kind.name);
        if let Some(near) = near.or_else(|| nearest(word, kinds)) {
            return meant(near, span);
        }
        if let Some(hint) = self.near_property(name, cx) {
            return hint;
        }
        // `boot d`
        if let Some(option) = self.implied() {
            self.meant.push(option.name);
            return write(format!("{}={word}", option.name), span);
        }
        // `rtc utc`, `realtime on`
        let takes = |option: &&OptionSpec| {
            !option.positional && option.ty.choices.iter().any(|(choice, _)| *choice == word)
                || (option.required && option.ty.bare.is_some() && matches!(word, "on" | "off"))
        };
        let all: Vec<_> = self.spec.options().filter(takes).collect();
        if let [_, _, ..] = all.as_slice() {
            self.meant.extend(all.iter().map(|option| option.name));
            let all: Vec<_> = all.iter().map(|option| format!("`{}={word}`", option.name)).collect();
            return format!("say what: {}", all.join(", ")).into();
        }
        if let Some(option) = all.first() {
            self.meant.push(option.name);
            // `vhost on`
            let is_flag =
                |given: &&Given<'_, '_>| std::ptr::eq(given.option, *option) && given.value.is_none();
            let from = self.given.last().filter(is_flag).map_or(span, |flag| flag.name);
            return write(format!("{}={word}", option.name), from.to(span));
        }
        // `sandbox on`
        let is_first = self.kind.is_none() && self.given.is_empty() && self.rest.is_empty();
        if word == "on" && is_first && self.spec.positionals().next().is_none() && !self.spec.needs_option {
            return Remedy::new(format!("leave it out: `{}` says it", self.words())).remove(span);
        }
        // `accel kvm tcg`
        let spec = self.keyword.spec;
        if self.kind.is_some() && is_alone_kind(word, spec) {
            let other = format!("{} {word}", spec.keyword);
            return Remedy::new(format!("write another statement: `{other}`"))
                .replace(span, format!("\n{other}"));
        }
        if word.contains('.') {
            // `disk root.qcow2`: a value rather than a word.
            return self.hint_for_value(word, span);
        }
        if let Some((Value { form: ValueForm::Bare(before), span: first }, Some(ty))) = self.previous
            && ty.free
        {
            let quoted = format!("\"{before} {word}\"");
            return Remedy::new(format!("a value with spaces is quoted: `{quoted}`"))
                .replace(first.to(span), quoted);
        }
        if let Some(hint) = did_you_mean(word, span, self.table.keywords()) {
            return hint;
        }
        if self.passes_on() { format!("write `{word}=` and its value").into() } else { self.list().into() }
    }

    /// The option for which QEMU takes a value without a name, where that isn't given.
    fn implied(&self) -> Option<&'static OptionSpec> {
        let option = self.spec.option(hints::implied(self.keyword.spec)?)?;
        self.given_for(option).is_none().then_some(option)
    }

    /// What to write in place of a value that stands alone.
    fn hint_for_value(&mut self, text: &str, span: Span) -> Remedy {
        // `serial unix:/run/x.sock`, as QEMU's own option has it.
        let keyword = self.keyword.spec;
        if self.kinds.is_some()
            && text.contains(':')
            && keyword.forms.iter().any(|form| form.family.is_some())
        {
            let word = keyword.keyword;
            return format!(
                "what it is connected to is a kind with options: `{word} stdio`, `{word} socket path=/run/x.sock`; \
                 `qemu-dslc explain backend` lists all"
            )
            .into();
        }
        // `trace "x"`
        if let Some(option) = self.implied() {
            self.meant.push(option.name);
            return write(format!("{}={text}", option.name), span);
        }
        // `disk root.qcow2`
        let is_free = |option: &&OptionSpec| !option.positional && self.given_for(option).is_none();
        let required = self.spec.options().filter(is_free).find(|option| option.required);
        // `cdrom install.iso`
        let file = || self.spec.options().filter(is_free).find(|option| option.name == "file");
        match required.or_else(file) {
            Some(option) => {
                self.meant.push(option.name);
                write(format!("{}={text}", option.name), span)
            }
            None => "a value belongs behind an option's name: `name=value`; one with spaces is quoted".into(),
        }
    }

    fn exclusions(&self, cx: &mut Cx<'_>) {
        for given in self.given.iter().filter(|given| !given.option.excludes.is_empty()) {
            for there in &self.given {
                let (option, other) = (given.option, there.option);
                if option.excludes.contains(&other.name) {
                    cx.report(
                        Diagnostic::error(
                            Code::ExclusiveOptions,
                            format!("`{}` and `{}` exclude each other", option.name, other.name),
                        )
                        .label(given.name, "this")
                        .label(there.name, "and this")
                        .help(Remedy::new(LEAVE_OUT_ONE).remove(given.span()).remove(there.span())),
                    );
                }
            }
        }
    }

    /// Whether a bare word at the start of a line is a property rather than a misspelt statement.
    fn may_be_property(&self, word: &str) -> bool {
        let is_unlike =
            || nearest(word, self.table.keywords()).is_none() && hints::statement(word, self.table).is_none();
        self.passes_words_on().is_some_and(|bare| bare.is_property(word) || is_unlike())
    }

    /// How it takes bare words, where these may begin a line.
    fn passes_words_on(&self) -> Option<Bare> {
        self.bare().filter(|bare| matches!(bare, Bare::Flag(_) | Bare::Feature(_)))
    }

    /// The kind and what stands behind it, where these are the name of something: `virtio-net -pci`.
    fn joined(&self, name: Word<'_>) -> Option<String> {
        let kind = match self.keyword.spec.keyword {
            "device" => schema::Kind::Device,
            "object" => schema::Kind::Object,
            _ => return None,
        };
        let joined =
            format!("{}-{}", self.kind.as_ref().filter(|_| !self.asks_for_help)?.as_str(), name.text);
        schema::of_all().iter().any(|schema| schema.find(kind, &joined).is_some()).then_some(joined)
    }

    fn kind_word(&self) -> &str {
        self.kind.as_ref().map_or("", |kind| kind.as_str())
    }

    fn driver_word(&self) -> Option<&str> {
        self.driver.and_then(Value::text)
    }

    /// Whether a name that is no option's is passed on to QEMU.
    fn takes(&self, name: &str) -> bool {
        let Some(open) = &self.spec.open else { return false };
        let driver = self.driver.map(Value::text);
        let is_known = |driver| {
            schema::of_all().iter().any(|schema| schema.find(schema::Kind::Device, driver).is_some())
        };
        // Of a device that comes later, or that nobody here knows, any property may be.
        driver.is_some_and(|driver| !driver.is_some_and(is_known))
            || open.takes(self.kind_word(), driver.flatten(), name)
    }

    /// Whether any name is.
    fn passes_on(&self) -> bool {
        self.spec.open.as_ref().is_some_and(crate::table::Open::is_any)
    }

    fn bare(&self) -> Option<Bare> {
        self.spec.open.as_ref().map(|open| open.bare)
    }

    fn list(&self) -> String {
        let names: Vec<_> = self.spec.names().map(|name| format!("`{name}`")).collect();
        let more = if self.spec.open.is_some() { ", and the properties of its device" } else { "" };
        if names.is_empty() {
            format!("{} has no options{more}", self.what())
        } else {
            format!("the options of {} are {}{more}", self.what(), names.join(", "))
        }
    }

    /// `netdev tap`
    fn words(&self) -> String {
        let word = self.keyword.word.text;
        self.kind.as_ref().map_or(word.to_owned(), |kind| format!("{word} {kind}"))
    }

    /// The same as a message has it.
    pub(super) fn what(&self) -> String {
        format!("`{}`", self.words())
    }

    /// Takes the kind that was written.
    pub(crate) fn kind(&mut self) -> Option<Node<String>> {
        self.kind.take().filter(|_| !self.asks_for_help)
    }

    /// The option of this name, where its absence is a mistake of its own.
    pub(super) fn missed(&self, name: &str) -> Option<&'static OptionSpec> {
        let is_excused = self.broken || self.meant.contains(&name);
        self.spec.options().find(|option| option.name == name && !is_excused)
    }

    /// The properties that are not the table's.
    pub(crate) fn rest(&self, cx: &mut Cx<'_>) -> Option<Vec<Property>> {
        let mut properties = Vec::with_capacity(self.rest.len());
        for item in &self.rest {
            let (name, value) = match item {
                Item::Option { name, value: Some(value) } => {
                    let text = match cx.resolve(value) {
                        Some(Resolved::Known { text, .. }) => {
                            foreign(value, None).into_iter().for_each(|diagnostic| cx.report(diagnostic));
                            Val::Known(Node::new(text.into_owned(), value.span))
                        }
                        Some(Resolved::Open(parts)) => match cx.state(value.span) {
                            Some(State::Word(word)) => Val::Known(Node::new(word.to_owned(), value.span)),
                            _ => {
                                let kind = self.kind_of_property(name.text);
                                Val::Open(cx.open(
                                    parts,
                                    kind,
                                    (name.text, names_an_id(name.text)),
                                    true,
                                    value.span,
                                ))
                            }
                        },
                        Some(Resolved::Absent) => continue,
                        None => {
                            cx.flaws.all = true;
                            continue;
                        }
                    };
                    (name, PropertyValue::Text(text))
                }
                Item::Flag(name) => (name, PropertyValue::Flag),
                Item::Feature { on, name } => (name, PropertyValue::Feature { on: *on }),
                Item::Option { value: None, .. } | Item::Loose(_) => continue,
            };
            properties.push(Property { name: Node::new(name.text.to_owned(), name.span), value });
        }
        Some(properties)
    }
}

impl Args<'_, '_> {
    /// What a property's value must be that comes later. What it is else, QEMU's schema tells of what is printed.
    fn kind_of_property(&self, name: &str) -> Kind {
        match name {
            _ if matches!(self.bare(), Some(Bare::Feature(_))) => Kind::CpuValue,
            "id" | "node-name" => Kind::Id,
            // What else a command says hangs on it.
            "server" if self.keyword.spec.keyword == "chardev" => Kind::Flag,
            _ => Kind::Property(Takes::ANY),
        }
    }
}

/// "`a`, `b` and `c`"
fn listed(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        names => names.concat(),
    }
}

/// Whether a word is a kind of a statement that may stand again.
fn is_alone_kind(word: &str, spec: &StatementSpec) -> bool {
    !spec.once && spec.kinds().any(|kind| kind.name == word)
}

/// The device that a statement names by `driver=`.
fn driver<'t, 's>(statement: &'t Statement<'s>) -> Option<&'t Value<'s>> {
    statement.items.iter().find_map(|item| match item {
        Item::Option { name, value } if name.text == "driver" => value.as_ref(),
        _ => None,
    })
}

/// A word with quotes around it, those of a shell's replaced.
fn in_quotes(item: &Item<'_>, cx: &Cx<'_>) -> String {
    let text = cx.source_of(Some(item.span()));
    match item {
        Item::Loose(Value { form: ValueForm::Text(_) | ValueForm::Parts(_), .. }) => text.to_owned(),
        _ => quoted(text.trim_matches('\'')),
    }
}

/// The error for a word that QEMU takes for a question.
fn question(word: Word<'_>, what: &str, help: impl Into<Remedy>) -> Diagnostic {
    let message = format!("`{}` is no {what}: it asks QEMU for a list", word.text);
    Diagnostic::error(Code::AsksForHelp, message).at(word.span).help(help)
}

const LEAVE_OUT_ONE: &str = "leave out one of them";

fn repeated(again: Word<'_>, first: Span) -> Diagnostic {
    Diagnostic::error(Code::RepeatedOption, format!("`{}` is given twice", again.text))
        .label(again.span, "again here")
        .label(first, "first here")
}

/// A size whose unit stands behind a space: `2 GB` is `2G`.
fn size_of(number: &str, unit: &str) -> Option<String> {
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    Some(format!("{number}{}", unit_letter(unit).filter(|_| is_number)?))
}

/// "write `x`", in place of what stands at `span`.
fn write(text: String, span: Span) -> Remedy {
    Remedy::new(format!("write `{text}`")).replace(span, text)
}
