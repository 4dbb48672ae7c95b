//! The statements: one file each, with its options and their docs, its checks and how it is printed.
//!
//! To add a statement, copy a file such as `rng.rs`, and add a line to the list below.

pub(crate) mod backend;
pub(crate) mod drive;
pub(crate) mod form;
pub(crate) mod passthrough;
pub(crate) mod pci;
pub(crate) mod ram;
pub(crate) mod single;
pub(crate) mod socket;
mod url;

use std::sync::LazyLock;

use crate::model::Entry;
use crate::read::ReadForm;
use crate::table::{StatementSpec, Table};

use form::{Behaviour, Form, Statement};

/// Lists the modules of the statements, each with the names of its statements where it has more than one.
macro_rules! statements {
    ($($module:ident $([$($name:ident)+])?;)+) => {
        $(pub(crate) mod $module;)+

        const STATEMENTS: &[&[&Statement]] = &[$(statements!(@statements $module $($($name)+)?)),+];

        /// The table of statements, in the order of the reference.
        pub static TABLE: Table = Table::new(
            &[$(statements!(@specs $module $($($name)+)?)),+],
            |keyword| Some(find(keyword)?.spec),
        );
    };
    (@statements $module:ident) => { &[&$module::STATEMENT] };
    (@statements $module:ident $($name:ident)+) => { &[$(&$module::$name),+] };
    (@specs $module:ident) => { &[$module::STATEMENT.spec] };
    (@specs $module:ident $($name:ident)+) => { &[$($module::$name.spec),+] };
}

statements! {
    target;
    param;
    qemu;
    name;
    uuid;
    machine;
    accel;
    cpu;
    smp;
    memory;
    numa;
    dimm;
    kernel;
    bios;
    firmware;
    disk [DISK CDROM];
    netdev;
    fs;
    virtio_serial;
    port [PORT CONSOLE];
    serial [SERIAL PARALLEL DEBUGCON];
    bridge;
    controller;
    usb;
    smartcard;
    input;
    vfio;
    zpci;
    vsock;
    vhost_user;
    rng;
    balloon;
    crypto;
    confidential;
    tpm;
    pvpanic;
    vmgenid;
    vmcoreinfo;
    applesmc;
    debug_exit;
    watchdog;
    audio;
    loader;
    ivshmem [IVSHMEM ERST];
    iommu;
    iothread;
    secret;
    tls_creds;
    throttle_group;
    thread_context;
    rtc;
    vga;
    gpu;
    display;
    monitor [QMP MONITOR GDB];
    boot;
    smbios;
    fw_cfg;
    acpitable;
    option_rom;
    knobs [NO_USER_CONFIG NODEFAULTS NOGRAPHIC DAEMONIZE PAUSED NO_REBOOT NO_SHUTDOWN];
    action;
    pidfile;
    sandbox;
    msg;
    overcommit;
    realtime;
    run_with;
    log;
    trace;
    icount;
    plugin;
    incoming [INCOMING LOADVM];
    readconfig;
    global;
    device;
    object;
    chardev;
    blockdev;
    option;
    arg;
}

/// The statements by the first letters of their keywords.
type ByLetter = [Vec<&'static Statement>; 26];

/// The statement of a keyword. Each word of a text is looked for here, and few are one: hardly any is compared.
fn find(keyword: &str) -> Option<&'static Statement> {
    static SORTED: LazyLock<ByLetter> = LazyLock::new(|| {
        let mut sorted = ByLetter::default();
        for statement in STATEMENTS.concat() {
            let letter = letter(statement.spec.keyword);
            if let Some(of_letter) = letter.and_then(|letter| sorted.get_mut(letter)) {
                of_letter.push(statement);
            }
        }
        sorted
    });

    SORTED.get(letter(keyword)?)?.iter().find(|statement| statement.spec.keyword == keyword).copied()
}

/// The number of the letter that a word begins with.
fn letter(word: &str) -> Option<usize> {
    Some(usize::from(word.bytes().next()?.checked_sub(b'a')?))
}

/// What goes with a form of the table: how it is read, and what it means.
fn behaviour(spec: &StatementSpec, form: usize) -> Option<&'static Behaviour> {
    find(spec.keyword)?.declared.get(spec.forms.get(form)?.declared)
}

/// What reads a form of the table.
pub(crate) fn reader(spec: &StatementSpec, form: usize) -> Option<ReadForm> {
    Some(behaviour(spec, form)?.read)
}

/// What a statement means.
pub(crate) fn meaning(entry: &Entry) -> Option<&dyn Form> {
    (behaviour(entry.spec, entry.form)?.form)(entry)
}
