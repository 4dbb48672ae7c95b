//! What a statement prints, learned by letting it print.
//!
//! For each form and kind of the table a statement is written and printed, with nothing but what it needs; then with each
//! of its options. What changes in the output is that option's *effect*. So an option of QEMU's leads back to the words that
//! print it, and no second list says what means what.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::draft::Draft;
use super::given::{FD, Given, Item, canonical, told};
use crate::Target;
use crate::code::Code;
use crate::compile::printed;
use crate::plan::{FdSource, Number, Piece, arguments};
use crate::print::{Argument, Asked, Printed};
use crate::table::{FormSpec, Kinds, OptionSpec, Section, StatementSpec, Table};

/// Stands around the number of a generated id in what is printed.
pub(super) const ID: [char; 2] = ['\u{e000}', '\u{e001}'];
/// Stands for what nobody can give back: a generated MAC address.
const GENERATED: char = '\u{e002}';
/// Where a kind may be any name of QEMU's, this one is tried.
pub(super) const ANY_KIND: &str = "probe7";
/// A property of a statement that is nothing but its properties.
pub(super) const ANY_PROPERTY: &str = "probe7.probe7";

/// What a statement prints.
#[derive(Clone, Debug)]
pub(super) struct Print {
    pub(super) args: Vec<Arg>,
    /// The generated ids by their numbers.
    pub(super) ids: Vec<String>,
}

/// What came of a text: what it prints, or the codes of what is wrong with it, if it is that.
type Attempt = Result<Rc<Print>, Vec<Code>>;

/// An option that a statement prints.
#[derive(Clone, Debug)]
pub(super) struct Arg {
    pub(super) given: Given,
    /// Whether its value is a list. Otherwise it is one text, whatever that has in it.
    pub(super) is_list: bool,
}

/// Where statements are printed.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) table: Table,
    pub(super) target: Target,
    /// The machine's statement, on which hangs what others print.
    machine: String,
    /// What it prints alone.
    alone: Vec<Item>,
    /// The devices that statements print by a word, each with its statement.
    drivers: Rc<HashSet<(String, &'static str)>>,
    /// What came of texts: many are asked for again.
    printed: Rc<RefCell<HashMap<String, Attempt>>>,
}

impl World {
    /// The world of a machine. `machine` is its statement, or nothing where no machine is named.
    pub(super) fn new(table: Table, target: Target, machine: String) -> Self {
        let mut world = Self {
            table,
            target,
            machine: String::new(),
            alone: Vec::new(),
            drivers: Rc::default(),
            printed: Rc::default(),
        };
        if let Some((_, output)) = printed(&machine, target).ok().filter(|_| !machine.is_empty()) {
            world.alone =
                args(&output.arguments, &output.fds).into_iter().flat_map(|arg| arg.given.items).collect();
            world.machine = machine;
        }
        world
    }

    /// Remembers which devices these shapes print by a word.
    pub(super) fn know_drivers(&mut self, shapes: &[Shape]) {
        let of_shape = |shape: &Shape| {
            let devices = shape.print.args.iter().filter(|arg| arg.given.flag == "-device");
            let drivers = devices.filter_map(|arg| arg.given.get("driver")).map(str::to_owned);
            let is_said = |driver: &String| shape.draft.options.iter().any(|(_, value)| value == driver);
            let keyword = shape.draft.spec.keyword;
            drivers.filter(|driver| !is_said(driver)).map(|driver| (driver, keyword)).collect::<Vec<_>>()
        };
        let shapes = shapes.iter().filter(|shape| !shape.passes_on());
        self.drivers = Rc::new(shapes.flat_map(of_shape).collect());
    }

    /// Whether other statements print this device by a word, and this one doesn't.
    pub(super) fn is_of_others(&self, driver: &str, spec: &StatementSpec) -> bool {
        let mut owners =
            self.drivers.iter().filter(|(own, _)| own == driver).map(|(_, owner)| *owner).peekable();
        owners.peek().is_some() && owners.all(|owner| owner != spec.keyword)
    }

    /// What a statement prints, or nothing where it isn't right, or not one statement.
    pub(super) fn print(&self, draft: &Draft) -> Option<Rc<Print>> {
        self.attempt(draft).ok()
    }

    /// The same, and what is wrong.
    fn attempt(&self, draft: &Draft) -> Attempt {
        let own = draft.words(self.table).ok_or_else(Vec::new)?.join(" ");
        if let Some(known) = self.printed.borrow().get(&own) {
            return known.clone();
        }
        let print = self.print_text(&own, draft.spec.keyword);
        self.printed.borrow_mut().insert(own, print.clone());
        print
    }

    fn print_text(&self, own: &str, keyword: &str) -> Attempt {
        let is_alone = self.machine.is_empty() || keyword == "machine";
        let text = if is_alone { own.to_owned() } else { format!("{}\n{own}", self.machine) };
        let (vm, output) = printed(&text, self.target)?;
        let index = usize::from(!is_alone);
        let is_it = vm.statements.last().is_some_and(|last| last.spec.keyword == keyword);
        if vm.statements.len() != index + 1 || !is_it {
            return Err(Vec::new());
        }
        let (of_machine, own): (Vec<_>, Vec<_>) =
            output.arguments.into_iter().partition(|argument| argument.statement < index);
        let mut args = args(&own, &output.fds);
        // What it adds to the machine's own option.
        for mut arg in self::args(&of_machine, &output.fds) {
            arg.given.items.retain(|item| !self.alone.contains(item));
            if !arg.given.items.is_empty() {
                args.push(arg);
            }
        }
        Ok(Rc::new(Print { args, ids: vm.ids.names }))
    }
}

/// What is printed, as options. Words that follow each other are an option and its value.
fn args(arguments: &[Argument], fds: &[Asked]) -> Vec<Arg> {
    let mut all = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for argument in arguments {
        match &argument.printed {
            Printed::Word(pieces) => words.push(text(pieces)),
            Printed::Option { flag, items, .. } => {
                all.extend(of_words(&mut words));
                let list = items
                    .iter()
                    .map(|item| (item.name.as_ref().map(ToString::to_string), text(&item.value).into()));
                let mut listed = canonical(flag, list);
                for item in items {
                    tell(item, fds, &mut listed);
                }
                all.push(Arg {
                    given: Given { items: listed, ..Given::new(all.len(), &**flag, None) },
                    is_list: true,
                });
            }
        }
    }
    all.extend(of_words(&mut words));
    all
}

/// Puts what is known of an item's file descriptors behind it.
fn tell(item: &crate::print::Item, fds: &[Asked], items: &mut Vec<Item>) {
    let sources = item.value.iter().filter_map(|piece| match piece {
        Piece::Fd(slot) => Some(fds.get(*slot as usize)?.slot.source.map(
            |pieces| text(pieces),
            |number| match number {
                Number::Known(number) => number.to_string(),
                Number::Blank(_) => GENERATED.to_string(),
            },
        )),
        _ => None,
    });
    let sources: Vec<FdSource<String, String>> = sources.collect();
    let Some(place) = items.iter().position(|other| Some(other.name.as_str()) == item.name.as_deref()) else {
        return;
    };
    if !sources.is_empty() {
        let before = text(&item.value).split(FD).next().unwrap_or_default().to_owned();
        items.splice(
            place..=place,
            told(item.name.as_deref().unwrap_or_default(), &before, &sources.iter().collect::<Vec<_>>()),
        );
    }
}

fn of_words(words: &mut Vec<String>) -> Vec<Arg> {
    let taken = std::mem::take(words);
    let options = arguments::split(taken.iter().map(String::as_str)).map(|argument| Arg {
        given: Given {
            at: 0,
            flag: argument.name.map_or(String::new(), |name| format!("-{}", arguments::bare(name))),
            written: argument.name.unwrap_or_default().to_owned(),
            value: argument.value.map(str::to_owned),
            items: argument.value.map(|value| Item::new("", value)).into_iter().collect(),
            fd: None,
        },
        is_list: false,
    });
    options.collect()
}

fn text(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(own) => text.push_str(own),
            Piece::Id(slot) => text.push_str(&format!("{}{slot}{}", ID[0], ID[1])),
            Piece::Fd(_) => text.push(FD),
            _ => text.push(GENERATED),
        }
    }
    text
}

/// What one option changes in what a statement prints.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) cause: Cause,
    /// The value with which it was tried.
    pub(super) sample: String,
    /// Whether it is one of few values: another one may do something else.
    pub(super) is_word: bool,
    /// By the number of the printed option.
    pub(super) adds: Vec<(usize, Item)>,
    pub(super) removes: Vec<(usize, Item)>,
}

/// What was changed in a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    Kind,
    Option(&'static OptionSpec),
}

impl Effect {
    /// The value that would print this text where the sample printed that one.
    pub(super) fn value(&self, printed: &Item, wanted: &str, flag: &str) -> Option<String> {
        if self.is_word {
            let is_same = super::given::same(flag, &printed.name, &printed.value, wanted);
            return is_same.then(|| self.sample.clone());
        }
        if printed.value == self.sample {
            return Some(wanted.to_owned());
        }
        let (before, behind) = printed.value.split_once(&self.sample)?;
        let is_telling = self.sample.len() > 3;
        let inner = wanted.strip_prefix(before)?.strip_suffix(behind)?;
        is_telling.then(|| inner.to_owned())
    }
}

/// What a statement with certain options prints.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) draft: Draft,
    pub(super) print: Rc<Print>,
    /// What those of its options do that have few values.
    words: OnceCell<Learned>,
    learned: OnceCell<Learned>,
    /// How many options it has beyond those that its form needs.
    depth: usize,
}

/// What a shape's options do.
#[derive(Debug, Default)]
struct Learned {
    effects: Vec<Effect>,
    /// The shapes that print something else, each with one option more.
    variants: Vec<Shape>,
    /// What is printed whichever of the options it has.
    fixed: Vec<Fixed>,
}

/// An item that stands in whatever a statement prints, with one of these values.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) flag: String,
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// So many options beyond what a form needs may make a shape of their own.
const DEEPEST: usize = 3;

impl Shape {
    /// The shape of a statement as it is, of which is known what these options do. It has no variants.
    pub(super) fn with(draft: Draft, is_meant: &dyn Fn(&OptionSpec) -> bool, world: &World) -> Option<Self> {
        let shape = Self::new(draft, DEEPEST, world)?;
        let learned = shape.learn_all(world, is_meant, false);
        shape.learned.get_or_init(|| learned);
        Some(shape)
    }

    fn new(draft: Draft, depth: usize, world: &World) -> Option<Self> {
        let print = world.print(&draft)?;
        Some(Self { draft, print, words: OnceCell::new(), learned: OnceCell::new(), depth })
    }

    /// Whether the statement passes on whatever QEMU has.
    pub(super) fn passes_on(&self) -> bool {
        self.draft.kind.as_deref() == Some(ANY_KIND) || !self.draft.properties.is_empty()
    }

    /// Whether it has but what its form needs.
    pub(super) const fn is_plain(&self) -> bool {
        self.depth == 0
    }

    /// Whether one option more may make another shape of it.
    pub(super) const fn may_vary(&self) -> bool {
        self.depth < DEEPEST
    }

    /// The options' effects.
    pub(super) fn effects(&self, world: &World) -> &[Effect] {
        &self.learned(world).effects
    }

    /// The shapes that print other options, or other file descriptors, each with one option more.
    pub(super) fn variants(&self, world: &World) -> &[Self] {
        &self.learned(world).variants
    }

    /// What it prints whichever options it has.
    pub(super) fn fixed(&self, world: &World) -> &[Fixed] {
        &self.learned(world).fixed
    }

    /// The same where no option has another value than one of few: there may be less of that. It is learned in a moment, and
    /// tells of most shapes that they aren't meant.
    pub(super) fn fixed_by_words(&self, world: &World) -> &[Fixed] {
        &self.words.get_or_init(|| self.learn_all(world, &|option| !is_free(option), false)).fixed
    }

    fn learned(&self, world: &World) -> &Learned {
        self.learned.get_or_init(|| self.learn_all(world, &|_| true, true))
    }

    /// Learns what these of its options do, and maybe what pairs of them do.
    fn learn_all(&self, world: &World, is_meant: &dyn Fn(&OptionSpec) -> bool, with_pairs: bool) -> Learned {
        let mut learned = Learned { effects: self.inherent(), ..Learned::default() };
        let mut silent = Vec::new();
        let is_new = |option: &&OptionSpec| {
            let has = self.draft.has(option);
            // What it needs and hasn't, it has in another way.
            is_meant(option) && (!has || !is_free(option)) && (has || !option.required)
        };
        for option in self.draft.form.options().filter(is_new) {
            let samples = samples(&self.draft, option, world);
            let said: Vec<_> = samples
                .iter()
                .map(|(sample, is_word)| self.learn(option, sample, *is_word, world, &mut learned))
                .collect();
            if !said.contains(&Some(true)) {
                let words =
                    samples.into_iter().zip(said).filter(|((_, is_word), said)| *is_word && said.is_some());
                silent.extend(words.map(|((word, _), _)| (option, word)));
            }
        }
        if self.depth < DEEPEST && with_pairs {
            let pairs = self.pairs(&silent, &learned.variants, world);
            learned.variants.extend(pairs);
        }
        learned.fixed = self.always(&learned);
        learned
    }

    /// Learns what an option does. Tells whether it does anything, if it can be said.
    fn learn(
        &self,
        option: &'static OptionSpec,
        sample: &str,
        is_word: bool,
        world: &World,
        learned: &mut Learned,
    ) -> Option<bool> {
        let mut draft = self.draft.clone();
        draft.set(option, sample);
        let print = world.print(&draft)?;
        let difference = difference(&self.print, &print);
        // What was needed stands in no item now: the file descriptor's own tell of it.
        let replaces = |removes: &Items| removes.iter().any(|(_, item)| self.is_given(item));
        let parts = difference.as_ref().is_some_and(|(_, removes)| self.parts_ids(removes));
        let is_other = difference.as_ref().is_none_or(|(_, removes)| is_word && replaces(removes));
        if (is_other || parts) && self.depth < DEEPEST && !self.draft.has(option) {
            // What has an id of its own prints nothing else but for that.
            let depth = if is_other { self.depth + 1 } else { DEEPEST };
            learned.variants.push(Self {
                draft,
                print,
                words: OnceCell::new(),
                learned: OnceCell::new(),
                depth,
            });
        }
        let Some((adds, removes)) = difference else { return Some(true) };
        let says = !adds.is_empty() || !removes.is_empty();
        let (cause, sample) = (Cause::Option(option), sample.to_owned());
        learned.effects.push(Effect { cause, sample, is_word, adds, removes });
        Some(says)
    }

    /// Whether some of the things that share a generated id lose it with these items, and others keep it.
    fn parts_ids(&self, removed: &Items) -> bool {
        let slot = |item: &Item| Some(item.value.split_once(ID[0])?.1.split_once(ID[1])?.0.to_owned());
        let lost: Vec<_> = removed.iter().filter_map(|(_, item)| slot(item)).collect();
        let all = self.print.args.iter().flat_map(|arg| &arg.given.items).filter_map(slot);
        let shared = all.filter(|slot| lost.contains(slot)).count();
        shared > lost.len()
    }

    /// Whether a printed item is the value of an option that the draft has.
    fn is_given(&self, item: &Item) -> bool {
        self.draft.options.iter().any(|(option, value)| is_free(option) && item.value == *value)
    }

    /// The shapes of words that say something only beside another option, which makes no shape of its own.
    fn pairs(&self, silent: &[SilentWord], variants: &[Self], world: &World) -> Vec<Self> {
        let mut pairs = Vec::new();
        let has = |other: &OptionSpec| {
            self.draft.has(other) || variants.iter().any(|variant| variant.draft.has(other))
        };
        let others = self.draft.form.options().filter(|other| is_free(other) && !has(other));
        for (place, other) in others.enumerate() {
            let alone = samples(&self.draft, other, world).into_iter().next();
            let alone = alone.and_then(|(sample, _)| {
                let mut draft = self.draft.clone();
                draft.set(other, sample);
                let print = world.print(&draft)?;
                Some((draft, print))
            });
            let is_same = |print: &Print| {
                let difference = alone.as_ref().and_then(|(_, alone)| difference(alone, print));
                difference.is_some_and(|(adds, removes)| adds.is_empty() && removes.is_empty())
            };
            for words in apart(silent) {
                // Most say nothing here either, which is seen of all at once.
                let together = alone.as_ref().and_then(|(draft, _)| {
                    let mut draft = draft.clone();
                    words.iter().for_each(|(_, (option, word))| draft.set(option, word.as_str()));
                    world.print(&draft)
                });
                if together.is_some_and(|together| is_same(&together)) {
                    continue;
                }
                for (number, (option, word)) in words {
                    let mut draft = self.draft.clone();
                    draft.set(option, word.as_str());
                    let Some((sample, _)) = samples(&draft, other, world).into_iter().next() else {
                        continue;
                    };
                    draft.set(other, sample);
                    let pair = Self::new(draft, self.depth + 1, world);
                    pairs.extend(pair.filter(|pair| !is_same(&pair.print)).map(|pair| (number, place, pair)));
                }
            }
        }
        pairs.sort_by_key(|(number, place, _)| (*number, *place));
        pairs.into_iter().map(|(.., pair)| pair).collect()
    }

    /// What stands in all that was learned.
    fn always(&self, learned: &Learned) -> Vec<Fixed> {
        let args = self.print.args.iter().enumerate().filter(|(_, arg)| arg.is_list);
        let items =
            args.flat_map(|(number, arg)| arg.given.items.iter().map(move |item| (number, arg, item)));
        let fixed = items.filter_map(|(number, arg, item)| {
            let (flag, name) = (arg.given.flag.clone(), item.name.clone());
            let is_own = |(at, added): &(usize, Item)| *at == number && added == item;
            if !is_text(item) || self.inherent().iter().any(|effect| effect.adds.iter().any(is_own)) {
                return None;
            }
            let mut values = vec![item.value.clone()];
            for effect in learned.effects.iter().filter(|effect| effect.removes.iter().any(is_own)) {
                let is_it = |(at, added): &&(usize, Item)| *at == number && added.name == name;
                let (_, instead) = effect.adds.iter().find(is_it).filter(|(_, item)| is_text(item))?;
                if !effect.is_word {
                    return None;
                }
                values.push(instead.value.clone());
            }
            for variant in &learned.variants {
                let mut args = variant.print.args.iter().filter(|arg| arg.given.flag == flag);
                let value = args.find_map(|arg| arg.given.get(&name))?;
                if value != item.value && variant.is_given(&Item::new("", value)) {
                    return None;
                }
                values.push(value.to_owned());
            }
            Some(Fixed { flag, name, values })
        });
        fixed.collect()
    }

    /// The effects of what it has already.
    fn inherent(&self) -> Vec<Effect> {
        let kind = self.draft.kind.as_deref().filter(|kind| *kind == ANY_KIND);
        let kind = kind.map(|kind| (Cause::Kind, kind));
        let given = self.draft.options.iter().map(|(option, value)| (Cause::Option(option), value.as_str()));
        let effects = kind.into_iter().chain(given).map(|(cause, sample)| {
            let is_word = matches!(cause, Cause::Option(option) if !is_free(option));
            let args = self.print.args.iter().enumerate();
            let adds = args.flat_map(|(number, arg)| {
                let has = |item: &&Item| {
                    item.value == sample || (!is_word && sample.len() > 3 && item.value.contains(sample))
                };
                arg.given.items.iter().filter(has).map(move |item| (number, item.clone())).collect::<Vec<_>>()
            });
            Effect { cause, sample: sample.to_owned(), is_word, adds: adds.collect(), removes: Vec::new() }
        });
        effects.collect()
    }
}

/// Whether an item is the same whatever the command line calls its things.
fn is_text(item: &Item) -> bool {
    let is_special = |text: &str| text.chars().any(|c| ('\u{e000}'..='\u{f8ff}').contains(&c));
    item.name != ANY_PROPERTY && !is_special(&item.name) && !is_special(&item.value)
}

/// Whether an option takes more than a few values.
fn is_free(option: &OptionSpec) -> bool {
    option.ty.choices.is_empty() && option.ty.bare.is_none()
}

/// Values that an option takes, and whether each is one of few.
pub(super) fn samples(draft: &Draft, option: &'static OptionSpec, world: &World) -> Vec<(String, bool)> {
    if !option.ty.choices.is_empty() {
        let words = option.ty.choices.iter().map(|(word, _)| (*word).to_owned());
        // Some take other values beside their words, and have an example.
        let is_word = |text: &String| option.ty.choices.iter().any(|(word, _)| word == text);
        let other = right(draft, option, examples(option).filter(|example| !is_word(example)), world);
        return words.map(|word| (word, true)).chain(other.map(|other| (other, false))).collect();
    }
    if option.ty.bare.is_some() {
        return ["on", "off"].map(|word| (word.to_owned(), true)).into();
    }
    let number = 10 + draft.form.options().position(|own| std::ptr::eq(own, option)).unwrap_or_default();
    let sample = right(draft, option, candidates(option, number).into_iter(), world);
    sample.map(|sample| (sample, false)).into_iter().collect()
}

/// The first of these values with which a statement is right.
fn right(
    draft: &Draft,
    option: &'static OptionSpec,
    values: impl Iterator<Item = String>,
    world: &World,
) -> Option<String> {
    for value in values {
        let mut draft = draft.clone();
        draft.set(option, value.as_str());
        match world.attempt(&draft) {
            Ok(_) => return Some(value),
            Err(codes) if codes.iter().any(is_whatever_the_value) => return None,
            Err(_) => {}
        }
    }
    None
}

/// Whether what is wrong is so with any other value, too.
const fn is_whatever_the_value(code: &Code) -> bool {
    matches!(
        code,
        Code::MissingOption
            | Code::ExclusiveOptions
            | Code::IgnoredOption
            | Code::WrongArchitecture
            | Code::NotYet
            | Code::Removed
    )
}

/// What an option may take, the likelier first. `number` makes it unlike those of others.
fn candidates(option: &OptionSpec, number: usize) -> Vec<String> {
    let usual = match option.ty.name {
        "path" => format!("/probe/{number}"),
        "number" => number.to_string(),
        // Some are printed in bytes.
        "size" => (number << 20).to_string(),
        _ => format!("probe{number}"),
    };
    let others: &[&str] = match option.ty.name {
        "path" => &["/probe"],
        "number" | "numbers" | "pci" => &["7", "3", "64"],
        "size" => &["1M", "16M"],
        _ => &["7", "3", "64", "1M", "16M", "/probe", "1.0", "2026-11-27", "on", "a=b", "127.0.0.1:1"],
    };
    let others = others.iter().map(|other| (*other).to_owned());
    std::iter::once(usual).chain(examples(option)).chain(others).collect()
}

/// The examples that an option's type tells.
fn examples(option: &OptionSpec) -> impl Iterator<Item = String> + use<> {
    option.ty.expects.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// An option, and one of its words.
type SilentWord = (&'static OptionSpec, String);

/// Words, each with its number, in groups that have one of an option at most.
fn apart(words: &[SilentWord]) -> Vec<Vec<(usize, &SilentWord)>> {
    let mut groups: Vec<Vec<(usize, &SilentWord)>> = Vec::new();
    for (number, word) in words.iter().enumerate() {
        let has = |group: &&mut Vec<(usize, &SilentWord)>| {
            group.iter().any(|(_, (option, _))| std::ptr::eq(*option, word.0))
        };
        match groups.iter_mut().find(|group| !has(group)) {
            Some(group) => group.push((number, word)),
            None => groups.push(vec![(number, word)]),
        }
    }
    groups
}

/// Items, each with the number of the option that has it.
type Items = Vec<(usize, Item)>;

/// What the second has that the first hasn't, and the reverse. Nothing where these are other options.
fn difference(before: &Print, after: &Print) -> Option<(Items, Items)> {
    let flags = |print: &Print| print.args.iter().map(|arg| arg.given.flag.clone()).collect::<Vec<_>>();
    if flags(before) != flags(after) {
        return None;
    }
    let (mut adds, mut removes) = (Vec::new(), Vec::new());
    for (number, (before, after)) in before.args.iter().zip(&after.args).enumerate() {
        let mut rest = before.given.items.clone();
        for item in &after.given.items {
            match rest.iter().position(|other| other == item) {
                Some(same) => drop(rest.remove(same)),
                None => adds.push((number, item.clone())),
            }
        }
        removes.extend(rest.into_iter().map(|item| (number, item)));
    }
    Some((adds, removes))
}

/// The shapes of all statements with nothing but what they need.
pub(super) fn all(world: &World) -> Vec<Shape> {
    let prints = |spec: &&StatementSpec| !matches!(spec.section, Section::Nowhere | Section::Args);
    let forms = world
        .table
        .statements()
        .filter(prints)
        .flat_map(|spec| spec.forms.iter().map(move |form| (spec, form)));
    forms.flat_map(|(spec, form)| of_form(spec, form, world)).collect()
}

fn of_form(spec: &'static StatementSpec, form: &'static FormSpec, world: &World) -> Vec<Shape> {
    let kinds: Vec<Option<String>> = match form.kinds {
        Kinds::None => vec![None],
        Kinds::Of(kinds) => kinds.iter().map(|kind| Some(kind.name.to_owned())).collect(),
        Kinds::Any(_) => vec![Some(ANY_KIND.to_owned())],
    };
    let shapes = kinds.into_iter().filter_map(|kind| {
        let mut draft = Draft::new(spec, form, kind);
        for (number, option) in form.options().enumerate().filter(|(_, option)| option.required) {
            let words = option.ty.choices.iter().map(|(word, _)| (*word).to_owned());
            let flags = option.ty.bare.map(|_| "on".to_owned());
            let all: Vec<_> = words.chain(flags).chain(candidates(option, 10 + number)).collect();
            // As long as others are missing, none can be tried; each by itself is told by the type's example.
            let sample = all.into_iter().find(|sample| {
                let mut with = draft.clone();
                with.set(option, sample.as_str());
                is_right(&with, world)
            })?;
            draft.set(option, sample);
        }
        Some(draft)
    });
    let shapes = shapes.flat_map(|draft| {
        let needed = draft.form.options().filter(|option| option.required);
        let instead: Vec<_> = needed.filter_map(|option| in_place(&draft, option, world)).collect();
        std::iter::once(draft).chain(instead)
    });
    shapes.flat_map(|draft| of_draft(draft, world)).collect()
}

/// A statement with another option in the place of one that it needs.
fn in_place(draft: &Draft, option: &'static OptionSpec, world: &World) -> Option<Draft> {
    let mut draft = draft.clone();
    draft.unset(option);
    let instead = draft.form.options().find(|other| option.instead.contains(&other.name))?;
    let (sample, _) = samples(&draft, instead, world).into_iter().next()?;
    draft.set(instead, sample);
    Some(draft)
}

fn of_draft(mut draft: Draft, world: &World) -> Vec<Shape> {
    let Some(shape) = Shape::new(draft.clone(), 0, world) else {
        // It needs an option, whichever.
        let options = draft.form.options().filter(|option| !draft.has(option));
        let shapes = options.filter_map(|option| {
            let (sample, _) = samples(&draft, option, world).into_iter().next()?;
            let mut draft = draft.clone();
            draft.set(option, sample);
            Shape::new(draft, 0, world)
        });
        return shapes.collect();
    };
    if shape.print.args.is_empty() && draft.form.open.is_some() && draft.form.options().next().is_none() {
        draft.properties.push(Item::new(ANY_PROPERTY, "on"));
        return Shape::new(draft, 0, world).into_iter().collect();
    }
    vec![shape]
}

/// Whether nothing is wrong with a statement but that something is missing.
fn is_right(draft: &Draft, world: &World) -> bool {
    let own = draft.form.options().filter_map(|option| option.missing);
    let missing: Vec<_> = own.chain([Code::MissingOption, Code::MissingValue]).collect();
    match world.attempt(draft) {
        Ok(_) => true,
        Err(codes) => !codes.is_empty() && codes.iter().all(|code| missing.contains(code)),
    }
}
