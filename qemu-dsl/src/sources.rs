//! Files that include each other: what is read of them, and from which file what stands where.
//!
//! The compiler reads no file. Whoever calls it hands in what does: a program that has its texts in itself is served as well as
//! one that reads a folder.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help};
use crate::source::SourceMap;
use crate::suggest::nearest;
use crate::syntax::{self, Head, Inclusions, Tree};
use crate::table::Table;

/// So many files a VM's text may have.
const MOST: usize = 1000;

/// So deep files include each other.
const DEPTH: usize = 64;

/// What a text includes.
#[derive(Clone, Copy, Debug)]
pub struct Inclusion<'a> {
    /// The path as it stands there.
    pub path: &'a str,
    /// The name of the file that includes it. By convention a path is relative to that.
    pub from: &'a str,
}

/// A file that is included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// Its name: most often its path. The same file must have the same name each time.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The text of a VM, with the files that it includes.
///
/// ```
/// use qemu_dsl::{Options, Included, Sources};
///
/// let base = "name base\nmemory 1G\ndisk id=root file=\"/base.img\" format=raw";
/// let text = "include \"base.vm\"\nname web\ndisk id=root cache=none";
/// let sources = Sources::load("web.vm", text, &mut |inclusion| match inclusion.path {
///     "base.vm" => Ok(Included { name: "base.vm".to_owned(), text: base.to_owned() }),
///     _ => Err("there is none".to_owned()),
/// });
/// let plan = qemu_dsl::plan::Plan::of(sources.parse().compile(&Options::default()).template.unwrap());
/// let args: Vec<_> = plan.args().map(|arg| arg.to_str().unwrap()).collect();
/// assert_eq!(args[..4], ["-name", "guest=web", "-m", "1G"]);
/// assert!(args.iter().any(|arg| arg.contains("/base.img") && arg.contains("cache=none")));
/// ```
#[derive(Clone, Debug)]
pub struct Sources {
    /// All texts, each behind the one before and a line end, so that they stand where the map has them.
    text: String,
    map: SourceMap<'static>,
    /// The number of the file that an `include` is for, by where that stands.
    included: HashMap<u32, usize>,
    /// The files that include others, each behind those, with all that are within it.
    within: Vec<(usize, BTreeSet<usize>)>,
    /// The files that are there only where a block is.
    in_blocks: HashSet<usize>,
    diagnostics: Vec<Diagnostic>,
}

/// What reads a file. The error says why there is none.
pub type Load<'l> = &'l mut dyn FnMut(Inclusion<'_>) -> Result<Included, String>;

impl Sources {
    /// A text that includes nothing: an `include` in it is an error.
    pub fn of(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        let map = SourceMap::of(name, text.clone());
        Self {
            text,
            map,
            included: HashMap::new(),
            within: Vec::new(),
            in_blocks: HashSet::new(),
            diagnostics: Vec::new(),
        }
    }

    /// A text, and what it includes. What is wrong with that is among the diagnostics of what is compiled.
    pub fn load(name: impl Into<String>, text: impl Into<String>, load: Load<'_>) -> Self {
        let mut sources = Self::of(name, text);
        sources.follow(0, &mut Vec::new(), crate::statement::TABLE, load);
        sources
    }

    /// Where the spans of what is said of it are. The first file is the text itself.
    pub const fn map(&self) -> &SourceMap<'static> {
        &self.map
    }

    /// Where the text itself has the `include` that brings in what stands at `span`: what stands in it is there.
    pub fn brought_in(&self, span: Span) -> Span {
        let mut span = span;
        loop {
            let files = self.map.files();
            let Some(number) = files
                .iter()
                .position(|file| file.span().start <= span.start && span.start <= file.span().end)
            else {
                return span;
            };
            let by = self.included.iter().find(|(_, included)| **included == number);
            let Some((word, _)) = by else { return span };
            span = Span::new(*word, word + "include".len() as u32);
        }
    }

    /// Reads what a file includes. `chain` are the places of the `include`s that led to it. Files don't include each other deep.
    fn follow(&mut self, number: usize, chain: &mut Vec<Span>, table: Table, load: Load<'_>) {
        let Some(file) = self.map.files().get(number) else { return };
        let (name, span) = (file.name().to_owned(), file.span());
        if !file.text().contains("include") || self.text.len() > u32::MAX as usize {
            return;
        }
        let text = self.text.get(..span.end as usize).unwrap_or("");
        let tree = syntax::parse_from(text, span.start, table, &mut Vec::new());
        let inclusions = tree.statements.iter().filter_map(|statement| match &statement.head {
            Head::Include(inclusion) => {
                let (path, at) = inclusion.path()?;
                Some((inclusion.word.span.start, path.to_owned(), at, statement.block.is_some()))
            }
            _ => None,
        });
        let mut within = BTreeSet::new();
        for (word, path, at, is_in_block) in inclusions.collect::<Vec<_>>() {
            let included = match load(Inclusion { path: &path, from: &name }) {
                Ok(included) => included,
                Err(reason) => {
                    let known = self.map.files().iter().map(|file| file.name());
                    let help: Help = nearest(&path, known).map_or_else(
                        || "a path is relative to the file that has the `include`".into(),
                        |name| Help::DidYouMean(name.to_owned()),
                    );
                    self.report(at, chain, format!("`{path}` can't be included: {reason}"), help);
                    continue;
                }
            };
            let is_in_block = is_in_block || self.in_blocks.contains(&number);
            let files = self.map.files();
            if let Some(known) = files.iter().position(|file| file.name() == included.name) {
                let is_round = known == number
                    || chain.iter().any(|at| files.get(known).is_some_and(|file| file.slice(*at).is_some()));
                if is_round {
                    let message = format!("`{}` includes itself", included.name);
                    self.report(at, chain, message, "leave one of the `include`s out".into());
                } else if is_in_block || self.in_blocks.contains(&known) {
                    let message = format!("`{}` is included twice, and once in a block", included.name);
                    let help = "what is there only where a block is, is included once: put what both need into a file of its own";
                    self.report(at, chain, message, help.into());
                }
                if !is_round {
                    self.have(&mut within, known);
                }
                // What several files include is there once.
                continue;
            }
            if files.len() >= MOST || chain.len() >= DEPTH {
                let message = format!(
                    "more than {MOST} files, or files that include each other more than {DEPTH} deep"
                );
                self.report(at, chain, message, "join some of them".into());
                continue;
            }
            let next = files.len();
            self.text.push('\n');
            self.text.push_str(&included.text);
            self.map.add(included.name, included.text);
            self.included.insert(word, next);
            if is_in_block {
                self.in_blocks.insert(next);
            }
            chain.push(at);
            self.follow(next, chain, table, load);
            chain.pop();
            self.have(&mut within, next);
        }
        self.within.push((number, within));
    }

    /// Adds a file, which has been read with all that it includes, to those that are within another.
    fn have(&self, within: &mut BTreeSet<usize>, file: usize) {
        if within.insert(file)
            && let Some((_, more)) = self.within.iter().find(|(known, _)| *known == file)
        {
            within.extend(more);
        }
    }

    fn report(&mut self, at: Span, chain: &[Span], message: String, help: Help) {
        let diagnostic = Diagnostic::error(Code::BadInclude, message).label(at, "");
        let chain =
            chain.iter().rev().fold(diagnostic, |diagnostic, at| diagnostic.label(*at, "included here"));
        self.diagnostics.push(chain.help(help));
    }

    /// The tree of all of it.
    pub(crate) fn tree(&self, table: Table, diagnostics: &mut Vec<Diagnostic>) -> Tree<'_> {
        diagnostics.extend(self.diagnostics.iter().cloned());
        let trees = self.map.files().iter().map(|file| {
            let text = self.text.get(..file.span().end as usize).unwrap_or("");
            syntax::parse_from(text, file.span().start, table, diagnostics)
        });
        let trees: Vec<_> = trees.collect();
        let brought_in = |at| self.included.get(&at).copied();
        syntax::join(trees, &Inclusions { brought_in: &brought_in, within: &self.within })
    }

    /// All of it, as its spans have it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}
