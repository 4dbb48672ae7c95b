//! Blocks: a text with parts that are there or not, or repeat, is the text that has them written out.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use qemu_dsl::bind::{BindError, Value};
use qemu_dsl::plan::{Filling, Fragment, Json, Plan};
use qemu_dsl::{Code, Diagnostic, Open, Options, Severity, compile, compile_devices};

/// A parameter, and whether it is the contrary that must hold.
type Condition = (String, bool);

/// What a part of a program is.
enum Node {
    /// A statement with holes.
    Statement(String),
    /// Conditions, the last perhaps without one, and what is there where they hold.
    If(Vec<(Option<Condition>, Vec<Node>)>),
    /// A variable, a list, and what is there for each value.
    For(String, String, Vec<Node>),
}

/// The values of a program's parameters.
#[derive(Clone, Debug, Default)]
struct Given {
    flags: Vec<(String, bool)>,
    maybe: Vec<(String, Option<String>)>,
    lists: Vec<(String, Vec<String>)>,
}

impl Given {
    fn holds(&self, name: &str) -> bool {
        let flag = self.flags.iter().find(|(own, _)| own == name).map(|(_, is_on)| *is_on);
        let maybe = self.maybe.iter().find(|(own, _)| own == name).map(|(_, value)| value.is_some());
        let list = self.lists.iter().find(|(own, _)| own == name).map(|(_, values)| !values.is_empty());
        flag.or(maybe).or(list).unwrap()
    }

    /// As the command line would say them.
    fn set(&self) -> Vec<(String, String)> {
        let flags =
            self.flags.iter().map(|(name, is_on)| (name.clone(), if *is_on { "on" } else { "off" }.into()));
        let maybe = self.maybe.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        let lists = self
            .lists
            .iter()
            .flat_map(|(name, values)| values.iter().map(|value| (name.clone(), value.clone())));
        flags.chain(maybe).chain(lists).collect()
    }

    fn values(&self) -> Vec<(&str, Value)> {
        let flags = self.flags.iter().map(|(name, is_on)| (name.as_str(), Value::from(*is_on)));
        let maybe = self.maybe.iter().map(|(name, value)| (name.as_str(), Value::from(value.clone())));
        let lists = self.lists.iter().map(|(name, values)| (name.as_str(), Value::from(values.clone())));
        flags.chain(maybe).chain(lists).collect()
    }
}

/// The text of a program.
fn text(nodes: &[Node], depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for node in nodes {
        match node {
            Node::Statement(statement) => *out += &format!("{pad}{statement}\n"),
            Node::If(branches) => {
                for (number, (condition, body)) in branches.iter().enumerate() {
                    let word = if number > 0 { "else " } else { &pad };
                    *out += word;
                    if let Some((name, negated)) = condition {
                        *out += &format!("if {{{}{name}}} ", if *negated { "!" } else { "" });
                    }
                    *out += "{\n";
                    text(body, depth + 1, out);
                    *out += &format!("{pad}}} ");
                }
                *out += "\n";
            }
            Node::For(variable, list, body) => {
                *out += &format!("{pad}for {variable} in {{{list}}} {{\n");
                text(body, depth + 1, out);
                *out += &format!("{pad}}}\n");
            }
        }
    }
}

/// The same VM, all of it written out.
fn written(nodes: &[Node], given: &Given, scope: &mut Vec<(String, String)>, out: &mut String) {
    for node in nodes {
        match node {
            Node::Statement(statement) => {
                let mut line = statement.clone();
                for (name, value) in scope.iter() {
                    line = line.replace(&format!("{{{name}}}"), value);
                }
                for (name, value) in &given.maybe {
                    let hole = format!("{{{name}}}");
                    match value {
                        Some(value) => line = line.replace(&hole, value),
                        // The option is left out.
                        None => {
                            let others: Vec<_> =
                                line.split(' ').filter(|word| !word.ends_with(&hole)).collect();
                            line = others.join(" ");
                        }
                    }
                }
                *out += &format!("{line}\n");
            }
            Node::If(branches) => {
                let holds = |condition: &Option<Condition>| {
                    condition.as_ref().is_none_or(|(name, negated)| given.holds(name) != *negated)
                };
                if let Some((_, body)) = branches.iter().find(|(condition, _)| holds(condition)) {
                    written(body, given, scope, out);
                }
            }
            Node::For(variable, list, body) => {
                let (_, values) = given.lists.iter().find(|(name, _)| name == list).unwrap();
                for value in values {
                    scope.push((variable.clone(), value.clone()));
                    written(body, given, scope, out);
                    scope.pop();
                }
            }
        }
    }
}

/// Random numbers, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

struct Generator {
    random: Random,
    /// So many statements there have been.
    number: usize,
    /// Whether devices are made that are plugged.
    plugs: bool,
}

impl Generator {
    fn body(&mut self, depth: usize, variables: &[String]) -> Vec<Node> {
        (0..1 + self.random.below(3)).map(|_| self.node(depth, variables)).collect()
    }

    fn node(&mut self, depth: usize, variables: &[String]) -> Node {
        match self.random.below(if depth < 3 { 6 } else { 3 }) {
            3 | 4 => {
                let count = 1 + self.random.below(3);
                let mut branches: Vec<_> = (0..count)
                    .map(|_| {
                        let name = ["f0", "f1", "m0", "l0"][self.random.below(4)].to_owned();
                        let negated = self.random.is(3);
                        (Some((name, negated)), self.body(depth + 1, variables))
                    })
                    .collect();
                if self.random.is(2) {
                    branches.push((None, self.body(depth + 1, variables)));
                }
                Node::If(branches)
            }
            5 => {
                let variable = format!("x{depth}");
                let list = format!("l{}", self.random.below(2));
                let inner: Vec<_> = variables.iter().cloned().chain([variable.clone()]).collect();
                let body = self.body(depth + 1, &inner);
                Node::For(variable, list, body)
            }
            _ => self.statement(variables),
        }
    }

    fn statement(&mut self, variables: &[String]) -> Node {
        self.number += 1;
        let number = self.number;
        // What makes a value another one each round.
        let round: String = variables.iter().map(|name| format!("{{{name}}}")).collect();
        let statements = [
            format!("disk file=\"/{number}{round}.img\" format=raw"),
            format!("disk id=\"d{number}{round}\" file=/x.img format=raw cache=none"),
            format!("disk file=\"/{number}{round}\" format=qcow2 fd"),
            "netdev user".to_owned(),
            "netdev user mac={m1}".to_owned(),
            format!("netdev tap ifname=\"t{number}\" mq=2 vhost"),
            "device virtio-rng-pci".to_owned(),
            format!("device virtio-rng-pci id=\"r{number}{round}\" max-bytes=64"),
            format!("object rng-builtin id=\"o{number}{round}\""),
            format!("netdev tap id=\"n{number}{round}\" ifname=\"u{number}\""),
            "global PIIX4_PM.disable_s3=1".to_owned(),
            format!("arg \"-set\" \"a.b.c={number}{round}\""),
            "chardev null".to_owned(),
        ];
        let count = if self.plugs { 10 } else { 12 };
        Node::Statement(statements[self.random.below(count)].clone())
    }

    fn given(&mut self) -> Given {
        let list = |random: &mut Random, of: &str| {
            (0..random.below(4)).map(|number| format!("{of}{number}")).collect::<Vec<_>>()
        };
        let maybe = |random: &mut Random, value: &str| random.is(2).then(|| value.to_owned());
        let random = &mut self.random;
        Given {
            flags: vec![("f0".to_owned(), random.is(2)), ("f1".to_owned(), random.is(2))],
            maybe: vec![
                ("m0".to_owned(), maybe(random, "iso")),
                ("m1".to_owned(), maybe(random, "52:54:00:00:00:01")),
            ],
            lists: vec![("l0".to_owned(), list(random, "a")), ("l1".to_owned(), list(random, "b"))],
        }
    }
}

const PARAMETERS: &str = "param f0: bool\nparam f1: bool\nparam m0: string?\nparam m1: mac?\n\
                          param l0: list of string\nparam l1: list of string\n";

/// All that is said of a plan, but where the text says so.
fn shown(plan: &Plan) -> String {
    format!("{:?}\n{:?}", plan.args().collect::<Vec<_>>(), plan.fds().collect::<Vec<_>>())
}

/// All that is said of devices, with names in place of slots.
fn shown_fragment(fragment: &Fragment) -> String {
    let Fragment { steps, fds, ids, .. } = fragment;
    let filling = Filling {
        name: None,
        fds: (0..fds.len()).map(|slot| format!("fd{slot}")).collect(),
        ids: ids.iter().map(ToString::to_string).collect(),
    };
    let mut out = String::new();
    for step in steps.iter() {
        let members = step.arguments.iter().map(|member| (&member.name, json(&member.value, &filling)));
        out += &format!("{:?} {} {:?}\n", step.action, filling.text(&step.id), members.collect::<Vec<_>>());
    }
    for slot in fds.iter() {
        let source = slot.source.map(|text| filling.text(text), |number| *number);
        out += &format!("{source:?} {} {}\n", filling.text(&slot.device), slot.queue);
    }
    let mut ids = filling.ids;
    ids.sort();
    out + &ids.join(" ")
}

fn json(value: &Json, filling: &Filling) -> String {
    match value {
        Json::Text(text) | Json::Id(text) | Json::FileDriver(text) | Json::Late(text, _) => {
            filling.text(text)
        }
        Json::List(list) => list.iter().map(|value| json(value, filling)).collect::<Vec<_>>().join(";"),
        Json::Object(members) => members
            .iter()
            .map(|member| format!("{}={};", member.name, json(&member.value, filling)))
            .collect(),
        Json::Null | Json::Bool(_) | Json::Int(_) => format!("{value:?}"),
    }
}

/// Compares a program with what it is written out, read with all values and bound later.
fn compare(seed: u64) {
    let mut generator = Generator {
        random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        number: 0,
        plugs: seed.is_multiple_of(3),
    };
    let mut nodes = generator.body(0, &[]);
    if !generator.plugs {
        let once = |size: &str| vec![Node::Statement(format!("memory {size}"))];
        nodes.insert(0, Node::If(vec![(Some(("f0".to_owned(), false)), once("1G")), (None, once("2G"))]));
    }
    let mut program = PARAMETERS.to_owned();
    text(&nodes, 0, &mut program);
    let options = Options { open: Open::Parameters, ..Options::default() };
    for _ in 0..3 {
        let given = generator.given();
        let mut plain = String::new();
        written(&nodes, &given, &mut Vec::new(), &mut plain);
        let known = Options { params: given.set(), ..Options::default() };
        // Two equal addresses are the values' fault, and said of them.
        // Those of a loop are refused where they are known, too; what is written out may have them.
        let is_refused = |said: &[Diagnostic]| {
            said.iter().any(|one| one.code == Code::EqualMacs && one.severity == Severity::Error)
        };
        let wrong = |error: &BindError| error.problems.iter().all(|problem| problem.code == "equal-macs");
        if generator.plugs {
            let expected = compile_devices(&plain, &Options::default());
            let expected =
                expected.fragment.unwrap_or_else(|| panic!("{plain}\n{:#?}", expected.diagnostics));
            let read = compile_devices(&program, &known);
            if is_refused(&read.diagnostics) {
                let open = compile_devices(&program, &options).open.unwrap_or_else(|| panic!("{program}"));
                assert!(open.bind_named(&used(&program, &given)).is_err(), "{program}\n{given:?}");
                continue;
            }
            let read =
                read.fragment.unwrap_or_else(|| panic!("{program}\n{given:?}\n{:#?}", read.diagnostics));
            assert_eq!(shown_fragment(&read), shown_fragment(&expected), "{program}\n{given:?}");
            let open = compile_devices(&program, &options);
            let Some(template) = open.open else {
                assert!(open.fragment.is_some(), "{program}\n{:#?}", open.diagnostics);
                continue;
            };
            match template.bind_named(&used(&program, &given)) {
                Ok(bound) => {
                    assert_eq!(shown_fragment(&bound), shown_fragment(&expected), "{program}\n{given:?}");
                }
                Err(error) => assert!(wrong(&error), "{program}\n{given:?}\n{error}"),
            }
        } else {
            let expected = compile(&plain, &Options::default());
            let expected =
                expected.template.unwrap_or_else(|| panic!("{plain}\n{:#?}", expected.diagnostics));
            let expected = shown(&Plan::of(expected));
            let read = compile(&program, &known);
            if is_refused(&read.diagnostics) {
                let open = compile(&program, &options).open.unwrap_or_else(|| panic!("{program}"));
                assert!(open.bind_named(&used(&program, &given)).is_err(), "{program}\n{given:?}");
                continue;
            }
            let read =
                read.template.unwrap_or_else(|| panic!("{program}\n{given:?}\n{:#?}", read.diagnostics));
            assert_eq!(shown(&Plan::of(read)), expected, "{program}\n{given:?}");
            // Written out by the library it is that VM too.
            let again = qemu_dsl::parse(&program).written(&known).unwrap();
            let again = compile(&again, &Options::default()).template.unwrap_or_else(|| panic!("{again}"));
            assert_eq!(shown(&Plan::of(again)), expected, "{program}\n{given:?}");
            let open = compile(&program, &options);
            let template = open.open.unwrap_or_else(|| panic!("{program}\n{:#?}", open.diagnostics));
            match template.bind_named(&used(&program, &given)) {
                Ok(bound) => assert_eq!(shown(&bound), expected, "{program}\n{given:?}"),
                Err(error) => assert!(wrong(&error), "{program}\n{given:?}\n{error}"),
            }
        }
    }
}

/// The values that a program has holes for.
fn used<'g>(program: &str, given: &'g Given) -> Vec<(&'g str, Value)> {
    let body = program.strip_prefix(PARAMETERS).unwrap();
    let is_used = |name: &str| body.contains(&format!("{name}}}"));
    given.values().into_iter().filter(|(name, _)| is_used(name)).collect()
}

#[test]
fn a_program_of_blocks_is_the_vm_that_has_them_written_out() {
    (1..=300).for_each(compare);
}

#[test]
#[ignore = "long: 10,000 programs"]
fn ten_thousand_programs_are_the_vms_that_have_them_written_out() {
    (1..=10_000).for_each(compare);
}

fn codes(text: &str) -> Vec<Code> {
    let options = Options { open: Open::Checked, ..Options::default() };
    compile(text, &options).diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn what_is_checked_is_checked_for_all_cases() {
    let of = |rest: &str| codes(&format!("param a: bool\nparam b: bool\nparam l: list of path\n{rest}"));
    // Branches that exclude each other share what may stand once.
    assert_eq!(of("if {a} { memory 1G } else if {b} { memory 2G } else { memory 3G }"), []);
    assert_eq!(of("if {a} { memory 1G } if {!a} { memory 2G }"), []);
    assert_eq!(of("if {a} { memory 1G } if {b} { memory 2G }"), [Code::RepeatedStatement]);
    assert_eq!(of("if {a} { if {b} { memory 1G } else { memory 2G } } else { memory 3G }"), []);
    assert_eq!(of("if {a} { memory 1G } memory 2G"), [Code::RepeatedStatement]);
    assert_eq!(of("if {a} { disk id=x file=/a format=raw } else { disk id=x file=/b format=raw }"), []);
    assert_eq!(
        of("if {a} { disk id=x file=/a format=raw } if {b} { disk id=x file=/b format=raw }"),
        [Code::DuplicateId]
    );
    // In a loop all is there twice.
    assert_eq!(of("for d in {l} { memory 1G }"), [Code::RepeatedStatement]);
    assert_eq!(of("for d in {l} { disk id=x file={d} format=raw }"), [Code::DuplicateId]);
    assert_eq!(of("for d in {l} { disk id=\"x{d}\" file={d} format=raw }"), []);
    assert_eq!(of("for d in {l} { if {a} { netdev user mac=52:54:00:00:00:01 } }"), [Code::EqualMacs]);
    assert_eq!(of("machine q35\nfor d in {l} { device virtio-rng-pci addr=5 }"), [Code::AddressInUse]);
    assert_eq!(of("machine q35\nfor d in {l} { bridge root-port chassis=3 }"), [Code::DuplicateChassis]);
    assert_eq!(of("machine q35\nfor d in {l} { bridge pci chassis=3 }"), [Code::DuplicateChassis]);
    assert_eq!(of("machine q35\nfor d in {l} { bridge pcie }"), []);
    assert_eq!(of("for d in {l} { vsock cid=3 }"), [Code::AddressInUse]);
    assert_eq!(of("for d in {l} { device virtio-balloon-pci }"), [Code::RepeatedStatement]);
    // What is referred to may not be there.
    assert_eq!(
        of("if {a} { chardev null id=c } device virtio-serial device virtconsole chardev=c"),
        [Code::UnknownId]
    );
    assert_eq!(
        of("if {a} { chardev null id=c } device virtio-serial if {a} { device virtconsole chardev=c }"),
        []
    );
    // Each mistake once, whatever the cases.
    assert_eq!(
        of("if {a} { memry 1G } else { smp x } for d in {l} { disk file={d} format=raw aio=x }").len(),
        3
    );
}

/// A default is one case of all.
#[test]
fn what_has_a_default_is_checked_for_all_cases() {
    let on = "param n: bool = on\n";
    let off = "param n: bool = off\n";
    for n in [on, off] {
        let of = |rest: &str| codes(&format!("{n}param l: list of path = \"/a\"\n{rest}"));
        assert_eq!(of("if {n} { memory 1G } memory 2G"), [Code::RepeatedStatement]);
        assert_eq!(of("if {n} { memory 1G } else { memory 2G }"), []);
        assert_eq!(of("for d in {l} { memory 1G }"), [Code::RepeatedStatement]);
        assert_eq!(of("for d in {l} { disk id=x file={d} format=raw }"), [Code::DuplicateId]);
        assert_eq!(of("if {n} { smp x } else { smp y }").len(), 2);
        assert_eq!(of("if {n} { machine microvm } else { machine q35 } disk file=/x format=raw"), []);
        // What is wrong with the default alone stays so.
        assert_eq!(of("param m: mac = x\nnetdev user mac={m}"), [Code::ParameterType]);
    }
    // One value may be the only one that makes sense: no other is taken for it.
    let kind = "param m: string = q35\nparam s: size = 1G\nparam id: string = d\n\
                machine {m}\nnetdev user hostfwd=tcp::1-:1\nmemory {s} max=2G slots=2\n\
                disk id={id} file=/a format=raw\ndevice virtio-rng-pci addr=5";
    assert_eq!(codes(kind), []);
    let old = "param v: string = \"7.2\"\nparam t: string = \"{v}\"\ntarget {t}\nnetdev stream addr=unix:/x reconnect=1";
    assert_eq!(codes(old), codes(&old.replace("{t}", "7.2")));
    // What is given is given.
    let text = "param n: bool = off\nif {n} { memory 1G } memory 2G";
    let params = vec![("n".to_owned(), "off".to_owned())];
    let given = Options { open: Open::Checked, params, ..Options::default() };
    assert_eq!(compile(text, &given).diagnostics, []);
    assert!(compile(text, &Options::default()).template.is_some());
}

/// What comes later and doesn't hang on the loop is the same in each of its rounds.
#[test]
fn what_is_the_same_in_each_round_is_found_before_the_values_come() {
    let of = |rest: &str| {
        codes(&format!(
            "param l: list of string\nparam k: list of string\nparam n: string\nparam m: mac\nparam may: mac?\n\
             param a: pci\nparam c: int\nmachine q35\n{rest}"
        ))
    };
    let disk = |id: &str| {
        of(&format!("for d in {{l}} {{ for e in {{k}} {{ disk id={id} file=/x format=raw readonly }} }}"))
    };
    assert_eq!(disk("\"d{d}\""), [Code::DuplicateId]);
    assert_eq!(disk("\"d{e}\""), [Code::DuplicateId]);
    assert_eq!(disk("{n}"), [Code::DuplicateId]);
    assert_eq!(disk("\"d{d}{e}\""), []);
    assert_eq!(of("for d in {l} { netdev user mac={m} }"), [Code::EqualMacs]);
    assert_eq!(of("for d in {l} { vsock cid={c} }"), [Code::AddressInUse]);
    assert_eq!(of("for d in {l} { device virtio-rng-pci addr={a} }"), [Code::AddressInUse]);
    assert_eq!(
        of("for d in {l} { bridge pcie id=\"b{d}\" device virtio-rng-pci addr={a} bus=\"b{d}\" }"),
        []
    );
    assert_eq!(of("for d in {l} { bridge root-port chassis={c} }"), [Code::DuplicateChassis]);
    assert_eq!(of("for d in {l} { bridge root-port chassis={d} }"), []);
    // There may be none.
    assert_eq!(of("for d in {l} { netdev user mac={may} }"), []);
    // Where no loop is, too.
    assert_eq!(of("disk id={n} file=/x format=raw\ndisk id={n} file=/y format=raw"), [Code::DuplicateId]);
}

/// A loop whose values are known is one as well, and two equal values of a list are two equal numbers.
#[test]
fn what_a_loop_repeats_is_wrong_with_its_values_too() {
    let of = |rest: &str| {
        let params = ["1", "1"].map(|value| ("l".to_owned(), value.to_owned())).to_vec();
        let options = Options { params, ..Options::default() };
        let said = compile(&format!("param l: list of int\nmachine q35\n{rest}"), &options).diagnostics;
        said.iter().map(|one| (one.code, one.severity)).collect::<Vec<_>>()
    };
    let error = Severity::Error;
    assert_eq!(of("for x in {l} { bridge root-port chassis=3 }"), [(Code::DuplicateChassis, error)]);
    assert_eq!(of("for x in {l} { bridge root-port chassis={x} }"), [(Code::DuplicateChassis, error)]);
    assert_eq!(of("for x in {l} { vsock cid=5 }"), [(Code::AddressInUse, error)]);
    assert_eq!(of("for x in {l} { netdev user mac=52:54:00:00:00:01 }"), [(Code::EqualMacs, error)]);
}

#[test]
fn what_nothing_hangs_on_may_stand_once_in_each_branch() {
    let open = |text: &str| {
        let options = Options { open: Open::Parameters, ..Options::default() };
        let compiled = compile(&format!("param a: bool\n{text}"), &options);
        let said: Vec<_> =
            compiled.diagnostics.iter().map(|one| (one.code, one.span().unwrap().start)).collect();
        (compiled.open, said)
    };
    for text in [
        "if {a} { name x } else { name y }",
        "if {a} { name x }",
        "if {a} { memory 4G share } else { memory 1G }",
        "if {a} { memory 4G share }",
        "if {a} { machine q35 } else { machine pc } smp 2",
    ] {
        let (template, said) = open(text);
        assert_eq!(said, [], "{text}");
        let template = template.unwrap();
        for a in [true, false] {
            let bound = template.bind_named(&[("a", Value::from(a))]).unwrap();
            let params = vec![("a".to_owned(), if a { "on" } else { "off" }.to_owned())];
            let options = Options { params, ..Options::default() };
            let known = compile(&format!("param a: bool\n{text}"), &options).template.unwrap();
            assert_eq!(shown(&bound), shown(&Plan::of(known)), "{text} {a}");
        }
    }
    // An address hangs on the name, and a controller on the machine: whoever says it in the block is told.
    let late = |text: &str, at: &str| {
        let at = "param a: bool\n".len() + text.find(at).unwrap();
        assert_eq!(open(text).1, [(Code::LateValue, at as u32)], "{text}");
    };
    late("if {a} { name x } else { name y } netdev user", "name y");
    late(
        "if {a} { name x } else { name y } if {a} { machine q35 } else { machine microvm } disk file=/x format=raw",
        "machine m",
    );
    late("if {a} { memory 4G share } machine q35", "memory");
}

#[test]
fn what_the_printing_of_others_hangs_on_may_not_hang_on_values() {
    let text = "param a: bool\nif {a} { machine microvm } else { machine q35 }\ndisk file=/x format=raw";
    let options = Options { open: Open::Parameters, ..Options::default() };
    let compiled = compile(text, &options);
    let codes: Vec<_> = compiled.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, [Code::LateValue]);
    let text = "param a: bool\nif {a} { machine q35 accel=kvm } else { machine q35 accel=tcg }";
    assert!(compile(text, &options).open.is_some());
    // Where the value is there it is a VM like any other.
    let options = Options { params: vec![("a".to_owned(), "on".to_owned())], ..Options::default() };
    let text = "param a: bool\nif {a} { machine microvm } else { machine q35 }\ndisk file=/x format=raw";
    assert!(compile(text, &options).template.is_some());
}

#[test]
fn what_values_decide_is_said_of_them() {
    let options = Options { open: Open::Parameters, ..Options::default() };
    let text = "param macs: list of mac\nparam on: bool\nfor m in {macs} { netdev user mac={m} }\nif {on} { vga none }";
    let template = compile(text, &options).open.unwrap();
    let problems = |values: &[(&str, Value)]| -> Vec<String> {
        let error = template.bind_named(values).unwrap_err();
        error.problems.into_iter().map(|problem| problem.code).collect()
    };
    let on = ("on", Value::from(true));
    let macs = |macs: &[&str]| ("macs", Value::from(macs));
    assert_eq!(problems(&[macs(&["52:54:00:00:00:01", "52:54:00:00:00:01"]), on.clone()]), ["equal-macs"]);
    assert_eq!(problems(&[macs(&["52:54:00:00:00:01", "x"]), on.clone()]), ["wrong-type"]);
    assert_eq!(problems(&[macs(&[])]), ["unset-parameter"]);
    assert_eq!(problems(&[("on", Value::from("perhaps"))]), ["parameter-type"]);
    assert_eq!(problems(&[on.clone(), ("of", Value::from(1_u32))]), ["unknown-parameter"]);
    let plan = template.bind_named(&[on]).unwrap();
    assert_eq!(plan.args().count(), 2);
}

#[test]
fn blocks_nest_to_a_bound_and_no_input_is_too_deep() {
    let nested =
        |depth: usize| format!("param a: bool\n{}memory 1G{}", "if {a} { ".repeat(depth), " }".repeat(depth));
    assert_eq!(codes(&nested(64)), []);
    assert!(codes(&nested(65)).contains(&Code::BadBlock));
    assert!(codes(&nested(50_000)).contains(&Code::BadBlock));
}
