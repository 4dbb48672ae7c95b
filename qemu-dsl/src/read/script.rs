//! Which statements are read, in which rounds: what conditions and loops come to.

use std::collections::HashSet;
use std::ops::Range;

use super::params::{List, Params, Scope, Truth, outside};
use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::{Rounds, Sort};
use crate::plan::{Condition as BlockCondition, Guard};
use crate::syntax::{BlockForm, BlockHead, Condition, Head, MOST_BLOCKS, Tree};

/// So many statements a text may come to.
const MOST: usize = 100_000;

/// A statement that is read, by its number, and the round in which it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) statement: usize,
    pub(super) round: u32,
}

/// What is read.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) rounds: Rounds,
    /// What is in the VM, in the order of the text.
    pub(super) steps: Vec<Step>,
    /// What is read for what can't be in it twice.
    pub(super) copies: Vec<Step>,
    /// What is read for its form alone.
    pub(super) never: Vec<Step>,
}

impl Script {
    /// Follows a text's blocks.
    pub(super) fn of(tree: &Tree<'_>, params: &Params, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut found = Vec::new();
        let mut writer = Writer {
            tree,
            params,
            script: Self::default(),
            loops: Vec::new(),
            depth: 0,
            is_full: false,
            diagnostics: &mut found,
        };
        writer.body(0..tree.statements.len(), 0);
        for Loop { body, parent, open, variable, span } in std::mem::take(&mut writer.loops) {
            let round = writer.script.rounds.add_of(parent, Sort::Copy(open), variable, None, span);
            writer.body(body, round);
        }
        let script = writer.script;
        // What a loop repeats is said once.
        let mut seen = HashSet::new();
        diagnostics
            .extend(found.into_iter().filter(|diagnostic| seen.insert((diagnostic.code, diagnostic.span()))));
        script
    }
}

/// What is behind an `if`, so far.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    /// Whether a branch is there in any case, so that none behind it is.
    is_decided: bool,
    /// Whether a branch may be there.
    is_open: bool,
}

/// A loop that values decide about which come later.
struct Loop<'s> {
    body: Range<usize>,
    parent: u32,
    open: u32,
    variable: &'s str,
    span: Span,
}

struct Writer<'a, 's> {
    tree: &'a Tree<'s>,
    params: &'a Params,
    script: Script,
    loops: Vec<Loop<'s>>,
    /// So many blocks stand round what is read.
    depth: usize,
    is_full: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'s> Writer<'_, 's> {
    /// Goes through statements that stand side by side. How deep these nest, the syntax bounds.
    fn body(&mut self, range: Range<usize>, round: u32) {
        if self.depth > MOST_BLOCKS {
            return;
        }
        let tree = self.tree;
        let mut chain = Chain::default();
        self.depth += 1;
        let mut at = range.start;
        while at < range.end {
            let Some(statement) = tree.statements.get(at) else { break };
            at += 1;
            let Head::Block(head) = &statement.head else {
                self.step(at - 1, round);
                continue;
            };
            let body =
                head.block.and_then(|block| tree.blocks.get(block as usize)).cloned().unwrap_or(at..at);
            let first = at - 1;
            at = body.end.max(at);
            self.block(head, first, body, round, &mut chain);
        }
        self.depth -= 1;
    }

    fn step(&mut self, statement: usize, round: u32) {
        let Script { rounds, steps, copies, never } = &mut self.script;
        let list = match rounds.is_never(round) {
            true => never,
            false if rounds.is_copy(round) => copies,
            false => steps,
        };
        if list.len() < MOST {
            list.push(Step { statement, round });
        } else if !std::mem::replace(&mut self.is_full, true) {
            let at = self
                .tree
                .statements
                .get(statement)
                .and_then(|statement| Some(statement.keyword()?.word.span));
            self.diagnostics.push(
                Diagnostic::error(Code::TooLong, format!("the loops come to more than {MOST} statements"))
                    .at(at.unwrap_or_default())
                    .help("describe one VM"),
            );
        }
        let statement = self.tree.statements.get(statement);
        if let Some(keyword) = statement.filter(|_| round > 0).and_then(|statement| statement.keyword())
            && matches!(keyword.word.text, "target" | "qemu")
        {
            self.diagnostics.push(outside(keyword.word.text, keyword.word.span));
        }
    }

    fn block(
        &mut self,
        head: &BlockHead<'s>,
        statement: usize,
        body: Range<usize>,
        round: u32,
        chain: &mut Chain,
    ) {
        if head.form == BlockForm::If {
            *chain = Chain::default();
        }
        let truth = match (head.form, &head.condition) {
            (BlockForm::For, condition) => {
                *chain = Chain::default();
                return self.repeat(head, condition.as_ref(), statement, body, round);
            }
            (BlockForm::Else, _) => Truth::Known(true),
            (BlockForm::If | BlockForm::ElseIf, Some(condition)) => {
                let scope = Scope { rounds: Some(&self.script.rounds), round };
                self.params.truth(condition, scope, self.diagnostics)
            }
            (BlockForm::If | BlockForm::ElseIf, None) => Truth::Wrong,
        };
        let condition = |condition: &Condition<'_>| BlockCondition {
            name: condition.name.text.to_owned().into(),
            negated: condition.negated,
            is_flag: self.params.is_flag(condition),
        };
        let guard = match (truth, &head.condition) {
            _ if chain.is_decided => None,
            (Truth::Known(true), _) => chain.is_open.then_some(Guard::Else),
            (Truth::Later, Some(of)) if chain.is_open => Some(Guard::ElseIf(condition(of))),
            (Truth::Later, Some(of)) => Some(Guard::If(condition(of))),
            _ => None,
        };
        let sort = match guard {
            _ if self.script.rounds.is_never(round) => Sort::Never,
            Some(guard) => {
                let open = self.script.rounds.open(statement, round, guard);
                if self.script.rounds.is_copy(round) { Sort::Copy(open) } else { Sort::Open(open) }
            }
            None if truth == Truth::Known(true) && !chain.is_decided => Sort::Known,
            None => Sort::Never,
        };
        chain.is_decided |= truth == Truth::Known(true);
        chain.is_open |= truth == Truth::Later;
        let inner = self.script.rounds.add(round, sort);
        self.body(body, inner);
    }

    fn repeat(
        &mut self,
        head: &BlockHead<'s>,
        condition: Option<&Condition<'_>>,
        statement: usize,
        body: Range<usize>,
        round: u32,
    ) {
        let name = head.variable.map_or("", |variable| variable.text);
        let span = head.variable.map_or(head.word.span, |variable| variable.span);
        let list = match condition {
            Some(condition) => {
                let scope = Scope { rounds: Some(&self.script.rounds), round };
                self.params.list(condition, scope, self.diagnostics)
            }
            None => List::Wrong,
        };
        let rounds = &mut self.script.rounds;
        match list {
            List::Known(values) if !values.is_empty() && !rounds.is_never(round) => {
                for value in values {
                    if self.is_full {
                        break;
                    }
                    let inner = self.script.rounds.add_of(round, Sort::Known, name, Some(value), span);
                    self.body(body.clone(), inner);
                }
            }
            List::Later if !rounds.is_never(round) => {
                let list = condition.map_or("", |condition| condition.name.text).to_owned();
                let guard = Guard::For { variable: name.to_owned().into(), list: list.into() };
                let open = rounds.open(statement, round, guard);
                let is_copy = rounds.is_copy(round);
                let sort = if is_copy { Sort::Copy(open) } else { Sort::Open(open) };
                let inner = rounds.add_of(round, sort, name, None, span);
                self.body(body.clone(), inner);
                if !is_copy {
                    self.loops.push(Loop { body, parent: round, open, variable: name, span });
                }
            }
            List::Known(_) | List::Later | List::Wrong => {
                let inner = rounds.add_of(round, Sort::Never, name, None, span);
                self.body(body, inner);
            }
        }
    }
}
