//! Which statements print the options of a command line.
//!
//! **Propose and verify.** What a shape's effects promise is written, printed, and compared: a statement counts once it
//! prints exactly the options that it stands for.

use std::collections::HashMap;
use std::rc::Rc;

use super::draft::Draft;
use super::given::{Given, Item, is_derived, same};
use super::shape::{ANY_PROPERTY, Cause, Effect, ID, Print, Shape, World};
use crate::table::OptionSpec;

/// What the generated ids are called in the command line.
type Bound = HashMap<u32, String>;

/// A statement, and the options for which it stands.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    pub(super) draft: Draft,
    /// Of an option that it has in part: what it has of it.
    pub(super) part: Option<(usize, Vec<Item>)>,
}

/// What differs between what a statement prints and what it should.
struct Difference {
    missing: Vec<(usize, Item)>,
    extra: Vec<(usize, Item)>,
    /// What has a generated id there.
    named: Vec<(usize, Item)>,
    bound: Bound,
}

impl Difference {
    const fn len(&self) -> usize {
        self.missing.len() + self.extra.len()
    }
}

/// Whether a statement has but a part of an option: what others than the machine's say of it.
fn is_part(draft: &Draft, given: &Given) -> bool {
    given.flag == "-machine" && draft.spec.keyword != "machine"
}

/// Whether a printed text is this one, where its generated ids are called so.
fn unify(flag: &str, name: &str, printed: &str, wanted: &str, bound: &mut Bound) -> bool {
    let Some((before, rest)) = printed.split_once(ID[0]) else { return same(flag, name, printed, wanted) };
    let Some((slot, behind)) = rest.split_once(ID[1]) else { return false };
    let inner = wanted.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
    let (Some(inner), Ok(slot)) = (inner, slot.parse()) else { return false };
    match bound.get(&slot) {
        Some(known) => known == inner,
        None => {
            bound.insert(slot, inner.to_owned());
            !inner.is_empty()
        }
    }
}

fn difference(print: &Print, wanted: &[&Given], draft: &Draft) -> Option<Difference> {
    let mut found =
        Difference { missing: Vec::new(), extra: Vec::new(), named: Vec::new(), bound: Bound::new() };
    if print.args.len() != wanted.len() {
        return None;
    }
    for (number, (arg, wanted)) in print.args.iter().zip(wanted).enumerate() {
        let flag = &arg.given.flag;
        if *flag != wanted.flag {
            return None;
        }
        let whole;
        let mut rest: Vec<&Item> = if arg.is_list {
            wanted.items.iter().collect()
        } else {
            whole = wanted.value.as_ref().map(|value| Item::new("", value));
            whole.iter().collect()
        };
        for item in &arg.given.items {
            let place = rest.iter().position(|other| other.name == item.name);
            let other = place.and_then(|place| Some((place, *rest.get(place)?)));
            match other {
                Some((place, other))
                    if unify(flag, &item.name, &item.value, &other.value, &mut found.bound) =>
                {
                    let other = rest.remove(place);
                    if item.value.contains(ID[0]) {
                        found.named.push((number, other.clone()));
                    }
                }
                None if is_derived(flag, &item.name) => {}
                _ => found.extra.push((number, item.clone())),
            }
        }
        if !is_part(draft, wanted) {
            found.missing.extend(rest.into_iter().map(|item| (number, item.clone())));
        }
    }
    Some(found)
}

/// The statement of a shape that prints these options, if there is one. With `named` all its ids are written.
pub(super) fn fit(shape: &Shape, wanted: &[&Given], world: &World, named: bool) -> Option<Fitted> {
    let mut draft = shape.draft.clone();
    let mut print = shape.print.clone();
    if let Some(first) = wanted.first().filter(|_| !draft.properties.is_empty()) {
        draft.properties.clone_from(&first.items);
        print = world.print(&draft)?;
    }
    let mut found = difference(&print, wanted, &draft)?;
    for with_named in [false, true] {
        if found.len() > 0 {
            let named: &[_] = if with_named { &found.named } else { &[] };
            let items = [&*found.missing, named].concat();
            let all = all_at_once(&draft, shape, world, wanted, &items);
            improve(all, wanted, world, &mut draft, &mut print, &mut found);
        }
    }
    while found.len() > 0 {
        let mut nexts = Vec::new();
        for (number, item) in &found.missing {
            let flag = wanted.get(*number).map_or("", |given| given.flag.as_str());
            nexts.extend(proposals(&draft, &shape.draft, shape, world, *number, item, flag));
        }
        for (number, item) in &found.extra {
            nexts.extend(removals(&draft, shape, world, *number, item));
        }
        let is_better =
            nexts.into_iter().any(|next| improve(next, wanted, world, &mut draft, &mut print, &mut found));
        if is_better {
            continue;
        }
        // What an option does may hang on another one: `nowait` on `server`. First those are asked that are the likelier.
        let is_better = [true, false].into_iter().any(|likely| {
            let is_meant = |option: &OptionSpec| !likely || may_say(option, shape, &found, world);
            let Some(here) = Shape::with(draft.clone(), &is_meant, world) else { return false };
            let mut nexts = Vec::new();
            for (number, item) in &found.missing {
                let flag = wanted.get(*number).map_or("", |given| given.flag.as_str());
                nexts.extend(proposals(&draft, &draft, &here, world, *number, item, flag));
            }
            for (number, item) in &found.extra {
                nexts.extend(removals(&draft, &here, world, *number, item));
            }
            nexts.into_iter().any(|next| improve(next, wanted, world, &mut draft, &mut print, &mut found))
        });
        if !is_better {
            return None;
        }
    }
    name_ids(found, wanted, world, shape, named, &mut draft, &mut print)?;
    let part =
        wanted.iter().zip(&print.args).find(|(given, _)| is_part(&draft, given)).map(|(given, arg)| {
            let names: Vec<_> = arg.given.items.iter().map(|item| item.name.as_str()).collect();
            let items = given.items.iter().filter(|item| names.contains(&item.name.as_str()));
            (given.at, items.cloned().collect())
        });
    Some(Fitted { draft, part })
}

/// Whether an option may have to do with what differs: where it says nothing alone, nobody knows.
fn may_say(option: &OptionSpec, shape: &Shape, found: &Difference, world: &World) -> bool {
    let of_option =
        |effect: &&Effect| matches!(effect.cause, Cause::Option(own) if std::ptr::eq(own, option));
    let mut known = shape.effects(world).iter().filter(of_option).peekable();
    let is_meant = |(at, item): &(usize, Item)| {
        let mut differing = found.missing.iter().chain(&found.extra);
        differing.any(|(number, other)| number == at && other.name == item.name)
    };
    let is_silent = |effect: &Effect| effect.adds.is_empty() && effect.removes.is_empty();
    known.peek().is_none()
        || known.any(|effect| is_silent(effect) || effect.adds.iter().chain(&effect.removes).any(is_meant))
}

/// The statement of a shape that would print these options, were it not for a value that it refuses: to tell why it does.
pub(super) fn guess(shape: &Shape, wanted: &[&Given], world: &World) -> Option<Fitted> {
    let found = difference(&shape.print, wanted, &shape.draft)?;
    let mut draft = shape.draft.clone();
    for (number, item) in &found.missing {
        let causes = shape.effects(world).iter().find_map(|effect| {
            let Cause::Option(option) = effect.cause else { return None };
            let is_it = |(at, added): &&(usize, Item)| at == number && added.name == item.name;
            let printed = effect.adds.iter().find(is_it).map(|(_, added)| added)?;
            (printed.value == effect.sample).then_some(option)
        });
        draft.set(causes?, item.value.as_str());
    }
    for (slot, id) in found.bound {
        let old = format!("{}{slot}{}", ID[0], ID[1]);
        let option = shape.effects(world).iter().find_map(|effect| {
            let Cause::Option(option) = effect.cause else { return None };
            effect.removes.iter().any(|(_, removed)| removed.value == old).then_some(option)
        });
        draft.set(option?, id);
    }
    let is_refused = draft.words(world.table).is_some() && world.print(&draft).is_none();
    is_refused.then_some(Fitted { draft, part: None })
}

/// Takes the next draft in place of this one where it prints less that differs.
fn improve(
    next: Draft,
    wanted: &[&Given],
    world: &World,
    draft: &mut Draft,
    print: &mut Rc<Print>,
    found: &mut Difference,
) -> bool {
    let Some(new) = world.print(&next) else { return false };
    let Some(difference) = difference(&new, wanted, &next).filter(|new| new.len() < found.len()) else {
        return false;
    };
    *draft = next;
    *print = new;
    *found = difference;
    true
}

/// The draft with what prints these items at once, which mostly does. What has but one cause comes first: where things
/// have an id each, `id=serial0` is that of the device alone, and `chardev=c0` is left for the others.
fn all_at_once(
    draft: &Draft,
    shape: &Shape,
    world: &World,
    wanted: &[&Given],
    items: &[(usize, Item)],
) -> Draft {
    let flag = |number: &usize| wanted.get(*number).map_or("", |given| given.flag.as_str());
    let causes_of = |number: &usize, item| causes(shape, world, *number, item, flag(number));
    let mut missing: Vec<_> = items.iter().map(|(number, item)| (item, causes_of(number, item))).collect();
    missing.sort_by_key(|(_, causes)| causes.len());
    let mut all = draft.clone();
    let mut chosen: Vec<(&Effect, String)> = Vec::new();
    for (item, causes) in missing {
        let is_chosen = |effect: &Effect| chosen.iter().find(|(own, _)| std::ptr::eq(*own, effect));
        if causes.iter().any(|(effect, value)| is_chosen(effect).is_some_and(|(_, own)| own == value)) {
            continue;
        }
        let is_list = |effect: &Effect| matches!(effect.cause, Cause::Option(option) if option.list);
        // What has been said stays, where another option can say this.
        let is_said = |effect: &Effect| matches!(effect.cause, Cause::Option(option) if draft.has(option) && !shape.draft.has(option));
        let mut free =
            causes.into_iter().filter(|(effect, _)| is_chosen(effect).is_none() || is_list(effect));
        let first = free.next();
        let cause = match first {
            Some((effect, value)) if is_said(effect) => {
                free.find(|(effect, _)| !is_said(effect)).or(Some((effect, value)))
            }
            first => first,
        };
        match cause {
            Some((effect, value)) => {
                all = caused(&all, draft, effect, &value);
                chosen.push((effect, value));
            }
            None if draft.form.open.is_some() => all.properties.push(item.clone()),
            None => {}
        }
    }
    all
}

/// What may print a missing item, each with the value for it.
fn causes<'s>(
    shape: &'s Shape,
    world: &World,
    number: usize,
    item: &Item,
    flag: &str,
) -> Vec<(&'s Effect, String)> {
    let effects = shape.effects(world).iter().filter_map(|effect| {
        let is_it = |(at, added): &&(usize, Item)| *at == number && added.name == item.name;
        let (_, printed) = effect.adds.iter().find(is_it)?;
        Some((effect, effect.value(printed, &item.value, flag)?))
    });
    effects.collect()
}

/// A draft with the value of what caused an effect. `first` is what the shape began with, whose values may be replaced.
fn caused(draft: &Draft, first: &Draft, effect: &Effect, value: &str) -> Draft {
    let mut next = draft.clone();
    match effect.cause {
        Cause::Kind => next.kind = Some(value.to_owned()),
        Cause::Option(option) => {
            let is_it =
                |own: &OptionSpec, old: &str| super::draft::is_same(own, option) && old == effect.sample;
            let is_sample = first.options.iter().any(|(own, old)| is_it(own, old) && !effect.is_word);
            let has_sample = draft.options.iter().any(|(own, old)| is_it(own, old));
            if option.list && is_sample && has_sample {
                next.unset(option);
            }
            next.set(option, value);
        }
    }
    next
}

/// Drafts that may print a missing item.
fn proposals(
    draft: &Draft,
    first: &Draft,
    shape: &Shape,
    world: &World,
    number: usize,
    item: &Item,
    flag: &str,
) -> Vec<Draft> {
    let causes = causes(shape, world, number, item, flag).into_iter();
    let mut drafts: Vec<_> = causes.map(|(effect, value)| caused(draft, first, effect, &value)).collect();
    if draft.form.open.is_some() {
        let mut next = draft.clone();
        next.properties.push(item.clone());
        drafts.push(next);
    }
    drafts
}

/// Drafts that may print an item no more.
fn removals(draft: &Draft, shape: &Shape, world: &World, number: usize, item: &Item) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for effect in shape.effects(world) {
        let Cause::Option(option) = effect.cause else { continue };
        if effect.is_word
            && effect.removes.iter().any(|(at, removed)| *at == number && removed.name == item.name)
        {
            let mut next = draft.clone();
            next.set(option, effect.sample.as_str());
            drafts.push(next);
        }
    }
    drafts
}

/// Writes ids out that would not be generated so, or all.
fn name_ids(
    mut found: Difference,
    wanted: &[&Given],
    world: &World,
    shape: &Shape,
    named: bool,
    draft: &mut Draft,
    print: &mut Rc<Print>,
) -> Option<()> {
    let mut slots: Vec<_> = found.bound.iter().map(|(slot, id)| (*slot, id.clone())).collect();
    slots.sort();
    for (slot, id) in slots {
        let generated = print.ids.get(slot as usize).map_or("", String::as_str);
        let prefix = generated.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_likely = id
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        if is_likely && !named {
            continue;
        }
        // With other options written, the numbers are others than the effects have. What comes of it tells.
        let written = shape.effects(world).iter().find_map(|effect| {
            let Cause::Option(option) = effect.cause else { return None };
            effect.removes.iter().find(|(_, removed)| removed.value.contains(ID[0]))?;
            let mut next = draft.clone();
            next.set(option, id.as_str());
            let new = world.print(&next)?;
            let difference = difference(&new, wanted, &next).filter(|difference| difference.len() == 0)?;
            Some((next, new, difference))
        });
        let (next, new, difference) = written?;
        // The others keep their numbers only where they are behind it.
        let is_left = difference.bound.len() < found.bound.len();
        *draft = next;
        *print = new;
        found = difference;
        if !is_left {
            return None;
        }
        if !found.bound.is_empty() {
            return name_ids(found, wanted, world, shape, named, draft, print);
        }
    }
    Some(())
}

/// Which options a shape may stand for: for each that it prints, the number of one. `is_loose` says that what an option
/// of the statement would change may differ.
pub(super) fn assignments(
    shape: &Shape,
    world: &World,
    givens: &[Given],
    is_free: &dyn Fn(usize) -> bool,
    is_loose: bool,
) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    assign(shape, world, givens, is_free, is_loose, &mut Vec::new(), &Bonds::default(), &mut all);
    all
}

/// So many are tried at most.
pub(super) const MOST: usize = 256;

#[expect(clippy::too_many_arguments, reason = "it calls itself")]
fn assign<'g>(
    shape: &Shape,
    world: &World,
    givens: &'g [Given],
    is_free: &dyn Fn(usize) -> bool,
    is_loose: bool,
    chosen: &mut Vec<usize>,
    bonds: &Bonds<'g>,
    all: &mut Vec<Vec<usize>>,
) {
    if all.len() >= MOST {
        return;
    }
    let Some(arg) = shape.print.args.get(chosen.len()) else {
        all.push(chosen.clone());
        return;
    };
    for (number, given) in givens.iter().enumerate() {
        if given.flag != arg.given.flag || chosen.contains(&number) || !is_free(number) {
            continue;
        }
        let mut bonds = bonds.clone();
        if is_compatible(shape, world, chosen.len(), given, is_loose, &mut bonds) {
            chosen.push(number);
            assign(shape, world, givens, is_free, is_loose, chosen, &bonds, all);
            chosen.pop();
        }
    }
}

/// What the options have in common for which a shape stands.
#[derive(Clone, Debug, Default)]
struct Bonds<'g> {
    /// What the generated ids are called.
    ids: Bound,
    /// The values that one option of the statement says in several places: the number of its effect, and the value.
    values: Vec<(usize, &'g str)>,
}

fn is_compatible<'g>(
    shape: &Shape,
    world: &World,
    number: usize,
    given: &'g Given,
    is_loose: bool,
    bonds: &mut Bonds<'g>,
) -> bool {
    let Some(arg) = shape.print.args.get(number) else { return false };
    if !arg.is_list {
        return arg.given.items.is_empty() == given.value.is_none();
    }
    arg.given.items.iter().all(|item| {
        let value =
            given.items.iter().find(|other| other.name == item.name).map(|other| other.value.as_str());
        if item.name == ANY_PROPERTY {
            return true;
        }
        if item.value.contains(ID) {
            let bound = &mut bonds.ids;
            return value.is_some_and(|value| unify(&given.flag, &item.name, &item.value, value, bound));
        }
        if value.is_some_and(|value| same(&given.flag, &item.name, &item.value, value)) {
            return true;
        }
        let effects = shape.effects(world);
        let is_driver = given.flag == "-device" && item.name == "driver";
        let leads_here = |effect: &&Effect| {
            let is_it =
                |added: &Item| value.is_some_and(|value| same(&given.flag, &item.name, &added.value, value));
            effect.adds.iter().any(|(at, added)| *at == number && added.name == item.name && is_it(added))
        };
        // Another statement has a word for this device. What passes on anything takes it all the same.
        if is_driver
            && !shape.passes_on()
            && value.is_some_and(|value| world.is_of_others(value, shape.draft.spec))
            && !effects.iter().any(|effect| effect.is_word && leads_here(&effect))
        {
            return false;
        }
        // What prints a device alone, and any by a name, says no more of it than `device` does.
        let is_the_device = shape.print.args.len() == 1 && is_driver;
        let mut own = effects.iter().enumerate().filter(|(_, effect)| {
            let is_sample = match effect.cause {
                Cause::Kind => true,
                Cause::Option(option) => shape.draft.has(option) && !effect.is_word,
            };
            is_sample && effect.adds.iter().any(|(at, added)| *at == number && added == item)
        });
        if (!is_the_device || shape.passes_on())
            && let Some((effect, first)) = own.next()
        {
            let Some(value) = value else { return false };
            // One value can't be two, unless another option takes a part of it.
            let parts =
                |effect: &Effect| effect.removes.iter().any(|(at, removed)| *at == number && removed == item);
            if item.value == first.sample && own.next().is_none() && !effects.iter().any(parts) {
                let said = bonds.values.iter().find(|(of, _)| *of == effect);
                let is_same = said.is_none_or(|(_, said)| same(&given.flag, &item.name, said, value));
                bonds.values.push((effect, value));
                return is_same;
            }
            return true;
        }
        let may_change = effects
            .iter()
            .filter(|effect| !is_the_device || (effect.is_word && leads_here(effect)))
            .any(|effect| effect.removes.iter().any(|(at, removed)| *at == number && removed == item));
        // What is generated, an option says in any case.
        let is_generated = item.value.chars().any(|c| ('\u{e000}'..'\u{f8ff}').contains(&c));
        may_change && (is_loose || (is_generated && value.is_some()))
    })
}

/// How early a shape is tried: what stands for more comes first, what passes on anything last.
pub(super) fn rank(shape: &Shape) -> impl Ord + use<> {
    let args = &shape.print.args;
    let items: usize = args.iter().map(|arg| arg.given.items.len()).sum();
    let kind = usize::from(shape.draft.kind.is_some());
    (shape.passes_on(), usize::MAX - args.len(), usize::MAX - items, shape.draft.len() + kind)
}
