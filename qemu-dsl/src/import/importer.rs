//! A command line becomes statements: the best that print it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::fmt::Write as _;
use std::ops::{Range, RangeInclusive};
use std::rc::Rc;

use super::draft::Draft;
use super::fit::Fitted;
use super::given::{self, Fds, Given, Item};
use super::holes::Holes;
use super::shape::{self, Fixed, Shape, World};
use super::{fit, old};
use crate::code::Code;
use crate::compile::compile;
use crate::plan::{Plan, arguments};
use crate::read::Options;
use crate::source::{quoted, spell};
use crate::table::Section;
use crate::{Arch, Severity, Span, Target, TargetSpec, Version, statement};

/// What came of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Import {
    /// The text of the VM.
    pub text: String,
    /// The options that no statement says, and that `arg` passes on.
    pub passed: Vec<Passed>,
    /// What became another option of today's QEMU, and what is said elsewhere: each stands in the text as a comment too.
    pub notes: Vec<String>,
    /// What the compiler has against the text, if anything.
    pub errors: Vec<String>,
    /// Where each statement stands in the text, and the places of the options for which it does.
    statements: Vec<(Range<usize>, Vec<usize>)>,
}

/// Where a command line says something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The arguments, by their numbers.
    pub arguments: RangeInclusive<usize>,
    /// The bytes of the one argument that says it, where it is one.
    pub bytes: Option<Range<usize>>,
}

impl Import {
    /// The statements, each with the arguments at which the options begin that it stands for.
    pub(super) fn statements(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let said = |place: &Range<usize>| self.text.get(place.clone()).unwrap_or_default();
        self.statements.iter().map(move |(place, options)| (said(place), options.as_slice()))
    }

    /// Where the command line of `plan` says what stands at a place in the text.
    ///
    /// ```
    /// use qemu_dsl::Version;
    /// use qemu_dsl::import::with_errors;
    /// use qemu_dsl::plan::Plan;
    ///
    /// let plan = Plan::new("qemu-system-x86_64", ["-device", "e1000,mac=x"], vec![]);
    /// let import = with_errors(&plan, Version::new(7, 2).into()).unwrap();
    /// let compiled = qemu_dsl::compile(&import.text, &Default::default());
    /// let place = import.locate(&plan, compiled.diagnostics[0].span().unwrap()).unwrap();
    /// assert_eq!((place.arguments, place.bytes), (1..=1, Some(10..11)));
    /// ```
    pub fn locate(&self, plan: &Plan, span: Span) -> Option<Place> {
        let at = span.start as usize;
        let (_, options) = self.statements.iter().find(|(statement, _)| statement.contains(&at))?;
        let said = self.text.get(at..span.end as usize)?;
        let value = said.split_once('=').map_or(said, |(_, value)| value).trim_matches('"');
        let arguments = arguments::split(plan.args()).filter(|argument| options.contains(&argument.at));
        let all: Vec<_> = arguments.map(|argument| (argument.at, argument.last())).collect();
        for (_, last) in &all {
            let Some(word) = plan.args().nth(*last).and_then(OsStr::to_str) else { continue };
            let mut found = [said, value].into_iter().filter(|text| !text.is_empty());
            if let Some(bytes) = found.find_map(|text| whole(word, text)) {
                return Some(Place { arguments: *last..=*last, bytes: Some(bytes) });
            }
        }
        let (first, last) = all.first()?;
        Some(Place { arguments: *first..=*last, bytes: None })
    }
}

/// Where a text stands in a word, and is not a part of another one.
fn whole(word: &str, text: &str) -> Option<Range<usize>> {
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
    let mut found = word.match_indices(text);
    let is_whole = |at: usize| {
        is_end(word.get(..at).and_then(|before| before.chars().next_back()))
            && is_end(word.get(at + text.len()..).and_then(|behind| behind.chars().next()))
    };
    found.find(|(at, _)| is_whole(*at)).map(|(at, _)| at..at + text.len())
}

/// An option that no statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passed {
    /// Its place among the arguments.
    pub at: usize,
    /// The option and its value.
    pub words: Vec<String>,
    /// Why.
    pub reason: String,
}

/// The statement that passes on any option with a list.
const OPTION: &str = "option";

/// So often statements are taken back that don't say the same in their VM.
const ROUNDS: usize = 24;
/// So often options of old become others that are of old themselves.
const RENEWALS: usize = 4;

/// Writes a command line as a text that says the same to the QEMU of this target.
///
/// What a statement says becomes that statement, what none says is passed on by `device`, `object` and the like, and what
/// is left by `arg`: a comment says so. The text compiles to these arguments again, though maybe in another order, and in
/// another spelling where that means the same (`server` and `server=on`). Without a version in `target` it is for the newest
/// QEMU that is known, without an architecture for that of the program's name.
///
/// File descriptors that the plan's table has are opened by the text again. Any other number stays a number: whoever
/// starts QEMU hands it over.
///
/// It reads nothing but the plan, and tells of errors in the text: [`Import::errors`].
///
/// # Errors
///
/// An argument that is not UTF-8 can't stand in a text.
///
/// ```
/// use qemu_dsl::plan::Plan;
/// use qemu_dsl::{Version, import};
///
/// let plan = Plan::new("qemu-system-x86_64", ["-m", "2G", "-nographic", "-k", "de"], vec![]);
/// let import = import(&plan, Version::new(7, 2).into()).unwrap();
/// assert_eq!(
///     import.text,
///     "target 7.2\nmemory 2G\nnographic\n// No statement says `-k`.\narg \"-k\" \"de\"\n"
/// );
/// ```
pub fn import(plan: &Plan, target: TargetSpec) -> Result<Import, ImportError> {
    Ok(Importer::new(plan, target, Holes::default())?.import())
}

/// Writes a command line as a text, and leaves statements as they are although they have errors: to see what is wrong.
///
/// # Errors
///
/// As [`import()`].
pub fn with_errors(plan: &Plan, target: TargetSpec) -> Result<Import, ImportError> {
    let importer = Importer::new(plan, target, Holes::default())?;
    Ok(Importer { keeps_errors: true, ..importer }.import())
}

/// Writes a command line as a text that has the same arguments in the same order, byte for byte. What a statement would say
/// elsewhere, or otherwise, is passed on by `arg`: for command lines that this compiler has made there is no need of that,
/// but where their own texts have an `arg`.
///
/// # Errors
///
/// As [`import()`]. Where no text has these arguments in this order, the text is that of [`import()`].
///
/// ```
/// use qemu_dsl::Version;
/// use qemu_dsl::import::exact;
/// use qemu_dsl::plan::Plan;
///
/// let plan = Plan::new("qemu-system-x86_64", ["-nographic", "-m", "2G"], vec![]);
/// let import = exact(&plan, Version::new(7, 2).into()).unwrap();
/// assert!(import.text.ends_with("arg \"-nographic\"\n// It stands behind others.\narg \"-m\" \"2G\"\n"));
/// ```
pub fn exact(plan: &Plan, target: TargetSpec) -> Result<Import, ImportError> {
    Ok(Importer::new(plan, target, Holes::default())?.exact(plan))
}

/// An argument that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportError {
    /// Its place among the arguments; none for the program.
    pub at: Option<usize>,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "argument {} is not UTF-8, and can't stand in a text", at + 1),
            None => f.write_str("the program's name is not UTF-8, and can't stand in a text"),
        }
    }
}

impl std::error::Error for ImportError {}

/// What the file descriptors of a plan are open on.
fn fds(plan: &Plan) -> Fds {
    let text = |text: &&OsStr| text.to_string_lossy().into_owned();
    plan.fds().map(|fd| (fd.number.to_string(), fd.source.map(text, u64::to_string))).collect()
}

/// What statements print on a machine.
struct Learned {
    world: World,
    shapes: Vec<Shape>,
}

/// So many machines are remembered.
const REMEMBERED: usize = 8;

thread_local! {
    static LEARNED: RefCell<Vec<(Target, String, Rc<Learned>)>> = const { RefCell::new(Vec::new()) };
}

impl Learned {
    /// What is learned is the same each time, and is kept for the thread.
    fn of(target: Target, machine: String) -> Rc<Self> {
        let known = LEARNED.with_borrow(|all| {
            let is_it = |(of, own, _): &&(Target, String, Rc<Self>)| *of == target && *own == machine;
            all.iter().find(is_it).map(|(.., learned)| learned.clone())
        });
        if let Some(known) = known {
            return known;
        }
        let mut world = World::new(statement::TABLE, target, machine.clone());
        let shapes = shape::all(&world);
        world.know_drivers(&shapes);
        let learned = Rc::new(Self { shapes, world });
        LEARNED.with_borrow_mut(|all| {
            if all.len() >= REMEMBERED {
                all.remove(0);
            }
            all.push((target, machine, learned.clone()));
        });
        learned
    }
}

/// A statement of the text that is made, and the options that it stands for.
#[derive(Clone, Debug)]
struct Placed {
    /// Its words, each of which may begin a line.
    words: Vec<String>,
    section: Section,
    /// The options, by their numbers.
    takes: Vec<usize>,
    /// Its place among those of its section.
    rank: usize,
    key: Key,
    reason: Option<String>,
}

/// What stands for which options: not to try it again.
type Key = (String, Vec<usize>, bool);

pub(super) struct Importer {
    program: String,
    target: Target,
    givens: Vec<Given>,
    world: World,
    /// What is a parameter.
    holes: Holes,
    notes: Vec<String>,
    /// Arguments from this one on are passed on.
    end: usize,
    /// Whether a statement stands although it has an error.
    keeps_errors: bool,
    /// Whether all options of the machine are one.
    is_merged: bool,
    /// Whether `option` passes on what it can, before `arg` does.
    passes_lists: bool,
    /// What came of fitting statements to options: each round tries the same again.
    fits: RefCell<HashMap<Fit, Option<Fitted>>>,
}

/// A shape by its place in memory, the values of the options that it is to print, and whether its ids are to be written.
type Fit = (usize, Vec<(usize, Option<String>)>, bool);

impl Importer {
    pub(super) fn new(plan: &Plan, target: TargetSpec, holes: Holes) -> Result<Self, ImportError> {
        let text =
            |at: Option<usize>, text: &OsStr| text.to_str().map(str::to_owned).ok_or(ImportError { at });
        let program = text(None, plan.program())?;
        let args = plan.args().enumerate().map(|(at, arg)| text(Some(at), arg));
        let args = args.collect::<Result<Vec<_>, _>>()?;
        let arch = target.arch.or_else(|| Arch::of_program(&program)).unwrap_or_default();
        let target = Target::new(arch, target.version.unwrap_or(Version::NEWEST));
        let givens = given::read(&args, &fds(plan), true);
        let world = World::new(statement::TABLE, target, String::new());
        Ok(Self {
            program,
            target,
            givens,
            world,
            holes,
            notes: Vec::new(),
            end: usize::MAX,
            keeps_errors: false,
            is_merged: true,
            passes_lists: false,
            fits: RefCell::default(),
        })
    }

    /// Tells these things as well.
    pub(super) fn with_notes(mut self, notes: &[String]) -> Self {
        let one_line = |note: &String| note.split_whitespace().collect::<Vec<_>>().join(" ");
        self.notes.extend(notes.iter().map(one_line));
        self
    }

    fn exact(mut self, plan: &Plan) -> Import {
        let args: Vec<_> = plan.args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        self.is_merged = false;
        self.givens = given::read(&args, &fds(plan), false);
        let mut first = None;
        loop {
            let import = self.written();
            let Some(template) = compile(&import.text, &Options::default()).template else {
                return first.unwrap_or(import);
            };
            let printed = Plan::of(template);
            let same =
                args.iter().zip(printed.args()).take_while(|(own, other)| own.as_str() == *other).count();
            if same == args.len() && printed.args().len() == same {
                return import;
            }
            // The option that differs, and all behind it.
            let end = self.givens.iter().map(Given::last).find(|last| *last >= same).unwrap_or(same);
            let starts = self.givens.iter().filter(|given| given.last() == end).map(|given| given.at);
            let end = starts.min().unwrap_or(end);
            first.get_or_insert(import);
            if end >= self.end {
                // It stands before what differs.
                match self.givens.iter().map(|given| given.at).filter(|at| *at < self.end).max() {
                    Some(before) => self.end = before,
                    None => return first.unwrap_or_else(|| self.told(String::new(), &[], &[], Vec::new())),
                }
            } else {
                self.end = end;
            }
        }
    }

    pub(super) fn import(mut self) -> Import {
        let mut import = self.written();
        for _ in 0..RENEWALS {
            let passed: HashSet<usize> = import.passed.iter().map(|passed| passed.at).collect();
            let notes = old::renew(&mut self.givens, self.target, &passed);
            if notes.is_empty() {
                break;
            }
            self.notes.extend(notes);
            import = self.written();
        }
        if !import.passed.is_empty() {
            self.passes_lists = true;
            import = self.written();
        }
        import
    }

    /// The text of the options as they are.
    fn written(&mut self) -> Import {
        self.fits.get_mut().clear();
        let learned = Learned::of(self.target, self.machine());
        let Learned { world, shapes } = &*learned;
        self.world = world.clone();
        let mut banned: HashSet<Key> = HashSet::new();
        let mut reasons: Vec<(usize, String)> = Vec::new();
        let mut best = None;
        for _ in 0..ROUNDS {
            let placed = self.place(shapes, &banned, &reasons);
            let (text, lines, params) = self.text(&placed);
            let (errors, faults) = self.faults(&text, &placed, &lines, params);
            let import = || self.told(text.clone(), &placed, &lines, errors.clone());
            if faults.is_empty() {
                return import();
            }
            best = Some(import());
            let mut is_new = false;
            for (index, reason) in faults {
                let Some(placed) = placed.get(index) else { continue };
                is_new |= banned.insert(placed.key.clone());
                // Of what `option` can't pass on, the reason is still that no statement says it.
                if placed.key.0 != OPTION {
                    reasons.extend(placed.takes.iter().map(|number| (*number, reason.clone())));
                }
            }
            if !is_new {
                break;
            }
        }
        best.unwrap_or_else(|| self.told(String::new(), &[], &[], Vec::new()))
    }

    fn told(&self, text: String, placed: &[Placed], places: &[Range<usize>], errors: Vec<String>) -> Import {
        let passed = placed.iter().filter_map(|placed| {
            let given = self.givens.get(*placed.takes.first()?)?;
            let reason = placed.reason.clone()?;
            let words = [Some(given.flag.clone()), given.value.clone()];
            Some(Passed { at: given.at, words: words.into_iter().flatten().collect(), reason })
        });
        let statements = places.iter().zip(placed).map(|(place, placed)| {
            let options = placed.takes.iter().filter_map(|number| self.givens.get(*number));
            (place.clone(), options.map(|given| given.at).collect())
        });
        Import {
            text,
            passed: passed.collect(),
            notes: self.notes.clone(),
            errors,
            statements: statements.collect(),
        }
    }

    /// The machine's statement as others need it: its type and switches.
    fn machine(&self) -> String {
        let machine = self.givens.iter().find(|given| given.flag == "-machine");
        let Some(ty) = machine.and_then(|machine| machine.get("type")) else { return String::new() };
        let switches = machine.into_iter().flat_map(|machine| &machine.items);
        let switches = switches.filter(|item| matches!(item.value.as_str(), "on" | "off"));
        let switches = switches.map(|item| format!(" {}={}", item.name, item.value));
        format!("machine {}{}", spell(ty), switches.collect::<String>())
    }

    /// Statements for all options.
    fn place(&self, all: &[Shape], banned: &HashSet<Key>, reasons: &[(usize, String)]) -> Vec<Placed> {
        let mut shapes = Vec::new();
        for shape in all {
            self.fitting(shape, &mut shapes);
        }
        shapes.sort_by_cached_key(|shape| fit::rank(shape));
        let mut givens = self.givens.clone();
        let mut is_free: Vec<_> = givens.iter().map(|given| given.at < self.end).collect();
        let mut placed: Vec<Placed> = Vec::new();
        let of_one_rank = |shape: &&Shape| (shape.passes_on(), shape.print.args.len());
        for same in shapes.chunk_by(|a, b| of_one_rank(a) == of_one_rank(b)) {
            for is_loose in [false, true] {
                for shape in same {
                    self.fit_all(shape, is_loose, banned, &mut givens, &mut is_free, &mut placed);
                }
            }
        }
        if self.keeps_errors {
            for shape in shapes.iter().filter(|shape| !shape.passes_on()) {
                let is_said = placed.iter().any(|placed| placed.key.0 == shape.draft.spec.keyword);
                if !(shape.draft.spec.once && is_said) {
                    placed.extend(self.guess(shape, &givens, &mut is_free));
                }
            }
        }
        for (number, given) in givens.iter().enumerate() {
            let is_behind = given.at >= self.end;
            if is_behind || is_free.get(number) == Some(&true) {
                let listed = (self.passes_lists && !is_behind).then(|| self.listed(number, given, banned));
                if let Some(listed) = listed.flatten() {
                    placed.push(listed);
                    continue;
                }
                let is_said = all.iter().any(|shape| {
                    !shape.passes_on() && shape.print.args.iter().any(|arg| arg.given.flag == given.flag)
                });
                placed.push(passed_on(number, given, is_behind, is_said, reasons));
            }
        }
        placed.sort_by_key(|placed| (placed.section, placed.rank));
        self.in_order_of_fds(placed)
    }

    /// An option that takes a list of values, as `option` passes it on.
    fn listed(&self, number: usize, given: &Given, banned: &HashSet<Key>) -> Option<Placed> {
        let key = (OPTION.to_owned(), vec![number], false);
        if banned.contains(&key) {
            return None;
        }
        let spec = self.world.table.find(&key.0)?;
        let mut draft = Draft::new(spec, spec.forms.first()?, None);
        let texts = draft.form.positionals().next()?;
        draft.set(texts, given.flag.as_str());
        let (unnamed, named): (Vec<_>, Vec<_>) =
            given.items.iter().cloned().partition(|item| item.name.is_empty());
        unnamed.iter().for_each(|item| draft.set(texts, item.value.as_str()));
        draft.properties = named;
        let print = self.world.print(&draft)?;
        let words = draft.words(self.world.table)?;
        let is_it = matches!(print.args.as_slice(), [arg] if arg.given.says_as(given));
        let placed =
            Placed { words, section: spec.section, takes: vec![number], rank: number, key, reason: None };
        is_it.then_some(placed)
    }

    /// The statements so that those which ask for file descriptors do so in the order of the numbers.
    fn in_order_of_fds(&self, placed: Vec<Placed>) -> Vec<Placed> {
        let fd = |placed: &Placed| {
            let givens = placed.takes.iter().filter_map(|number| self.givens.get(*number));
            givens.filter_map(|given| given.fd).min()
        };
        let mut ordered: Vec<Placed> = Vec::with_capacity(placed.len());
        let mut waiting: Vec<Placed> = Vec::new();
        let mut left: Vec<u32> = placed.iter().filter_map(fd).collect();
        left.sort_unstable_by(|a, b| b.cmp(a));
        for placed in placed {
            // What stands beside one that waits in its section, waits too.
            let is_behind = waiting.iter().any(|other| other.section == placed.section);
            if is_behind || fd(&placed).is_some_and(|own| left.last() != Some(&own)) {
                waiting.push(placed);
                continue;
            }
            if fd(&placed).is_some() {
                left.pop();
            }
            ordered.push(placed);
            while waiting.first().is_some_and(|first| fd(first).is_none_or(|own| left.last() == Some(&own))) {
                let first = waiting.remove(0);
                if fd(&first).is_some() {
                    left.pop();
                }
                ordered.push(first);
            }
        }
        ordered.extend(waiting);
        ordered
    }

    /// Adds the shape, and its variants, that print but options which are there.
    fn fitting<'s>(&self, shape: &'s Shape, shapes: &mut Vec<&'s Shape>) {
        let args = &shape.print.args;
        let has = |flag: &str| self.givens.iter().filter(|given| given.flag == flag).count();
        let wants = |flag: &str| args.iter().filter(|arg| arg.given.flag == flag).count();
        let is_there = args.iter().all(|arg| has(&arg.given.flag) >= wants(&arg.given.flag));
        if is_there && !args.is_empty() {
            shapes.push(shape);
        }
        let is_said = |fixed: &Fixed| {
            let of_flag = self.givens.iter().filter(|given| given.flag == fixed.flag);
            let mut said = of_flag.filter_map(|given| given.get(&fixed.name));
            let is_it = |said: &str| {
                fixed.values.iter().any(|value| given::same(&fixed.flag, &fixed.name, value, said))
            };
            said.any(is_it)
        };
        let is_likely = || {
            // Which device or backend it is, hangs on no free value.
            let tells = |fixed: &&Fixed| matches!(fixed.name.as_str(), "driver" | "backend");
            shape.fixed_by_words(&self.world).iter().filter(tells).all(is_said)
                && shape.fixed(&self.world).iter().all(is_said)
        };
        let may_vary = if shape.is_plain() {
            // With an id, a device stands in the place of what makes one.
            args.iter().any(|arg| has(&arg.given.flag) > 0 || is_maker(&arg.given.flag))
                && args.iter().all(|arg| has(&arg.given.flag) > 0 || !is_backend(&arg.given.flag))
        } else {
            is_there
        };
        if shape.may_vary() && (args.is_empty() || (may_vary && is_likely())) {
            for variant in shape.variants(&self.world) {
                self.fitting(variant, shapes);
            }
        }
    }

    fn fit_all(
        &self,
        shape: &Shape,
        is_loose: bool,
        banned: &HashSet<Key>,
        givens: &mut [Given],
        is_free: &mut [bool],
        placed: &mut Vec<Placed>,
    ) {
        let spec = shape.draft.spec;
        loop {
            let free = |number: usize| is_free.get(number) == Some(&true);
            let candidates = fit::assignments(shape, &self.world, givens, &free, is_loose);
            // There may be more.
            let is_all = candidates.len() < fit::MOST;
            let before = placed.len();
            for numbers in candidates {
                if spec.once && placed.iter().any(|placed| placed.key.0 == spec.keyword) {
                    return;
                }
                if numbers.iter().all(|number| is_free.get(*number) == Some(&true)) {
                    placed.extend(self.fit_one(shape, numbers, banned, givens, is_free));
                }
            }
            if is_all || placed.len() == before {
                return;
            }
        }
    }

    /// The statement of a shape that refuses a value of these options.
    fn guess(&self, shape: &Shape, givens: &[Given], is_free: &mut [bool]) -> Option<Placed> {
        let free = |number: usize| is_free.get(number) == Some(&true);
        let candidates = fit::assignments(shape, &self.world, givens, &free, true);
        let (numbers, words) = candidates.into_iter().find_map(|numbers| {
            let wanted: Vec<&Given> = numbers.iter().filter_map(|number| givens.get(*number)).collect();
            let words = fit::guess(shape, &wanted, &self.world)?.draft.words(self.world.table)?;
            Some((numbers, words))
        })?;
        for number in &numbers {
            if let Some(free) = is_free.get_mut(*number) {
                *free = false;
            }
        }
        let spec = shape.draft.spec;
        let key = (spec.keyword.to_owned(), numbers.clone(), true);
        let rank = numbers.first().copied().unwrap_or_default();
        Some(Placed { words, section: spec.section, takes: numbers, rank, key, reason: None })
    }

    /// As [`fit::fit`], which is asked once.
    fn fit(&self, shape: &Shape, wanted: &[&Given], named: bool) -> Option<Fitted> {
        let values = wanted.iter().map(|given| (given.at, given.value.clone())).collect();
        let key = (std::ptr::from_ref(shape).addr(), values, named);
        if let Some(known) = self.fits.borrow().get(&key) {
            return known.clone();
        }
        let fitted = fit::fit(shape, wanted, &self.world, named);
        self.fits.borrow_mut().insert(key, fitted.clone());
        fitted
    }

    /// The statement of a shape for these options, which it takes.
    fn fit_one(
        &self,
        shape: &Shape,
        numbers: Vec<usize>,
        banned: &HashSet<Key>,
        givens: &mut [Given],
        is_free: &mut [bool],
    ) -> Option<Placed> {
        let spec = shape.draft.spec;
        let wanted: Vec<&Given> = numbers.iter().filter_map(|number| givens.get(*number)).collect();
        let keys = [false, true].map(|named| (spec.keyword.to_owned(), numbers.clone(), named));
        let (key, fitted) = keys.into_iter().filter(|key| !banned.contains(key)).find_map(|key| {
            let fitted = self.fit(shape, &wanted, key.2)?;
            Some((key, fitted))
        })?;
        let words = fitted.draft.words(self.world.table)?;
        let part = fitted
            .part
            .and_then(|(at, items)| Some((givens.iter().position(|given| given.at == at)?, items)));
        let part_number = part.as_ref().map(|(number, _)| *number);
        for number in numbers.iter().filter(|number| Some(**number) != part_number) {
            if let Some(free) = is_free.get_mut(*number) {
                *free = false;
            }
        }
        if let Some((number, items)) = part {
            take_part(number, &items, givens, is_free);
        }
        let is_device = |number: &&usize| givens.get(**number).is_some_and(|given| given.flag == "-device");
        let own = numbers.iter().filter(|number| Some(**number) != part_number);
        let rank = numbers.iter().find(is_device).or_else(|| own.min()).copied().unwrap_or_default();
        Some(Placed { words, section: spec.section, takes: numbers, rank, key, reason: None })
    }

    /// The text of these statements, where each of them stands in it, and values for its parameters without one.
    fn text(&self, placed: &[Placed]) -> (String, Vec<Range<usize>>, Vec<(String, String)>) {
        let Self { program, target, .. } = self;
        let is_default = target.arch == Arch::default();
        let mut text =
            if is_default { format!("target {}\n", target.version) } else { format!("target {target}\n") };
        if *program != target.arch.program() && !program.is_empty() {
            let _ = writeln!(text, "qemu {}", quoted(program));
        }
        for note in &self.notes {
            let _ = writeln!(text, "// {}", self.holes.commented(note));
        }
        let words: Vec<_> = placed
            .iter()
            .map(|placed| self.holes.filled(&placed.words, &placed.takes, &self.givens))
            .collect();
        let used: Vec<_> = words.iter().flat_map(|(_, used)| used).copied().collect();
        text.push_str(&self.holes.declarations(&used));
        let mut places = Vec::new();
        for (placed, (words, _)) in placed.iter().zip(&words) {
            if let Some(reason) = &placed.reason {
                let _ = writeln!(text, "// {}", self.holes.commented(reason));
            }
            let start = text.len();
            write_statement(words, &mut text);
            places.push(start..text.len());
            text.push('\n');
        }
        (text, places, self.holes.values(&used))
    }

    /// Whether a statement leaves an id in this text to be generated, which then may be another one.
    fn leaves_out(&self, placed: &Placed, said: &str) -> bool {
        let (.., is_named) = placed.key;
        let takes = placed.takes.iter().filter_map(|number| self.givens.get(*number));
        let mut items = takes.flat_map(|given| &given.items);
        !is_named
            && placed.reason.is_none()
            && items.any(|item| {
                matches!(item.name.as_str(), "id" | "node-name") && whole(said, &item.value).is_some()
            })
    }

    /// What is wrong with a text, and the statements that are to blame, each with why.
    fn faults(
        &self,
        text: &str,
        placed: &[Placed],
        places: &[Range<usize>],
        params: Vec<(String, String)>,
    ) -> (Vec<String>, Vec<(usize, String)>) {
        let options = Options { params, ..Options::default() };
        let compiled = compile(text, &options);
        let place_of = |offset: u32| places.iter().position(|place| place.contains(&(offset as usize)));
        let mut faults = Vec::new();
        let mut errors = Vec::new();
        for diagnostic in
            compiled.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
        {
            errors.push(diagnostic.message.clone());
            let unnamed = || {
                let span = diagnostic.span().filter(|_| diagnostic.code == Code::UnknownId)?;
                let said = text.get(span.start as usize..span.end as usize)?;
                placed.iter().position(|placed| self.leaves_out(placed, said))
            };
            let blamed = unnamed().or_else(|| diagnostic.span().and_then(|span| place_of(span.start)));
            let is_passed = |index: &usize| placed.get(*index).is_none_or(|placed| placed.reason.is_some());
            if let Some(index) = blamed.filter(|index| !self.keeps_errors && !is_passed(index)) {
                faults.push((index, format!("{}.", sentence(&diagnostic.message))));
            }
        }
        let Some(template) = compiled.template else { return (errors, faults) };
        let plan = Plan::of(template);
        let args: Vec<String> = plan.args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let mut printed: Vec<Option<Given>> =
            given::read(&args, &fds(&plan), self.is_merged).into_iter().map(Some).collect();
        for (number, given) in self.givens.iter().enumerate() {
            let blamed = placed.iter().position(|placed| placed.takes.contains(&number));
            // What is passed on has its numbers of file descriptors as they are.
            let is_passed =
                blamed.and_then(|index| placed.get(index)).is_some_and(|placed| placed.reason.is_some());
            let is_same = |other: &Given| {
                other.says_as(given) || (is_passed && other.flag == given.flag && other.value == given.value)
            };
            match printed.iter_mut().find(|other| other.as_ref().is_some_and(is_same)) {
                Some(same) => *same = None,
                None => faults.extend(blamed.map(|index| (index, other_words(given)))),
            }
        }
        for given in printed.into_iter().flatten() {
            let blamed = plan.arg_span(given.at).and_then(|span| place_of(span.start));
            faults.extend(blamed.map(|index| (index, other_words(&given))));
        }
        (errors, faults)
    }
}

/// Whether an option makes what one device uses, and no other way says that.
fn is_backend(flag: &str) -> bool {
    matches!(flag, "-netdev" | "-audiodev" | "-fsdev" | "-tpmdev" | "-drive")
}

/// Whether an option makes a device of its own for a character device.
fn is_maker(flag: &str) -> bool {
    matches!(flag, "-serial" | "-parallel")
}

fn other_words(given: &Given) -> String {
    format!("A statement would say `{}` in another way.", given.flag)
}

/// A message as a sentence begins.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// Takes items out of an option that several statements print.
fn take_part(number: usize, items: &[Item], givens: &mut [Given], is_free: &mut [bool]) {
    let Some(given) = givens.get_mut(number) else { return };
    given.items.retain(|item| !items.contains(item));
    let list: Vec<_> = given
        .items
        .iter()
        .map(|item| (if item.name == "type" { "" } else { item.name.as_str() }, item.value.as_str()))
        .collect();
    let rest = Given::of_list(given.at, &given.flag, &list);
    if list.is_empty()
        && let Some(free) = is_free.get_mut(number)
    {
        *free = false;
    }
    *given = rest;
}

/// What no statement says.
fn passed_on(
    number: usize,
    given: &Given,
    is_behind: bool,
    is_said: bool,
    reasons: &[(usize, String)],
) -> Placed {
    let words = [Some(given.written.as_str()).filter(|flag| !flag.is_empty()), given.value.as_deref()];
    let words = std::iter::once("arg".to_owned()).chain(words.into_iter().flatten().map(quoted)).collect();
    let known = reasons.iter().find(|(own, _)| *own == number).map(|(_, reason)| reason.clone());
    let reason = known.unwrap_or_else(|| match given.flag.as_str() {
        _ if is_behind => "It stands behind others.".to_owned(),
        "" => "No statement says an image without an option.".to_owned(),
        flag if is_said => format!("No statement says just this of `{flag}`."),
        flag => format!("No statement says `{flag}`."),
    });
    let key = ("arg".to_owned(), vec![number], false);
    Placed { words, section: Section::Args, takes: vec![number], rank: number, key, reason: Some(reason) }
}

/// A line has no more characters, where words can stand in the next.
const WIDTH: usize = 110;

/// Writes a statement over several lines where it is long. What has no `=` stays beside what is before it.
fn write_statement(words: &[String], text: &mut String) {
    let mut width = 0;
    for (number, word) in words.iter().enumerate() {
        if number > 0 && width + word.len() >= WIDTH && word.contains('=') {
            text.push_str("\n   ");
            width = 3;
        }
        if number > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += word.len();
    }
}
