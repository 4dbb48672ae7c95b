//! QMP and the lifecycle, with a real QEMU and with stand-ins that make mistakes.

use std::borrow::Cow;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use qemu_dsl::{Arch, Span, Target};
use qemu_runtime::plan::{Arg, Piece, Template};
use qemu_runtime::qmp::{
    AddFd, Command, GetFd, Nothing, QmpEnd, QmpError, QmpOptions, QueryStatus, QueryVersion,
};
use qemu_runtime::{
    Cause, Guest, Plan, ShutdownPolicy, ShutdownReason, ShutdownStep, Spawn, StartError, Stderr, Stdio,
    Version,
};
use rustix::fs::{FileType, Mode};
use rustix::process::{Pid, Signal, kill_process, pidfd_send_signal};
use serde_json::{Value, json};

use crate::host::{self, Lacking, at_rest, fd, file, open_files, threads, until};
use crate::stand_in::{self, expected, listed};

crate::tests! {
    qemu_greets_and_answers
    qemu_takes_it_behind_the_table
    it_takes_no_closed_streams_place
    the_plan_shows_nothing_of_it
    errors_carry_class_and_description
    many_threads_have_commands_in_flight
    out_of_band_commands_are_answered
    out_of_band_commands_overtake
    events_are_not_lost
    events_fall_behind_with_a_word
    file_descriptors_are_passed
    several_file_descriptors_go_with_their_command
    a_qemu_that_does_not_read_hinders_no_other_call
    a_silent_qemu_is_not_waited_for
    garbage_is_called_so
    what_qemu_cannot_read_is_refused_alone
    what_cannot_be_read_concerns_one_call
    a_reply_cut_short_ends_the_call
    a_line_of_50_megabytes_is_read
    answers_find_their_commands
    a_death_ends_all_calls
    a_death_ends_them_though_its_socket_lives_on
    a_slow_death_ends_them_with_its_reason
    a_slow_tee_keeps_no_reason_back
    a_conversation_that_was_closed_is_left_at_once
    a_start_that_fails_leaves_nothing_detached
    rejected_arguments_come_back
    shutdown_climbs
    a_guest_that_hears_powers_down
    an_older_qemu_is_noticed
    ends_are_told_apart
    without_qmp_it_is_said
    a_detached_guest_survives_its_conversation
    two_hundred_guests_leave_nothing
}

pub(crate) const LONG: Duration = Duration::from_secs(20);
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// The QEMU of the tests, or another: `QEMU=/opt/qemus/bin/qemu-5.2`.
pub(crate) fn qemu(args: &[&str]) -> Plan {
    let program = std::env::var("QEMU").unwrap_or_else(|_| "qemu-system-x86_64".to_owned());
    Plan::new(program, [&["-nodefaults", "-display", "none"], args].concat(), vec![])
}

pub(crate) fn paused() -> Plan {
    qemu(&["-M", "none", "-S"])
}

fn speaking(fault: &str) -> Guest {
    let plan = stand_in::plan(&["qmp", fault], vec![]);
    Spawn::new(&plan).qmp_with(QmpOptions::new().timeout(LONG)).spawn().unwrap()
}

pub(crate) fn ended(error: &QmpError) -> &QmpEnd {
    match error {
        QmpError::Ended { end, .. } => end,
        other => panic!("{other}"),
    }
}

fn qemu_greets_and_answers() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    let version = qmp.execute(&QueryVersion {}).unwrap();
    assert_eq!(qmp.version(), Some(version));
    let status = guest.status().unwrap();
    assert_eq!((status.running, &*status.status), (false, "prelaunch"));
    guest.resume().unwrap();
    assert!(guest.status().unwrap().running);
    guest.pause().unwrap();
    assert_eq!(guest.status().unwrap().status, "paused");
    guest.powerdown().unwrap();
    assert_eq!(guest.older_than_target(), None);
    assert_eq!(String::from_utf8_lossy(&guest.stderr()), "");
    Ok(())
}

fn qemu_takes_it_behind_the_table() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    let table = vec![fd(3, file(&path), "disk0", 0), fd(7, file(&path), "disk0", 1)];
    let list = listed(Spawn::new(&stand_in::plan(&["fds"], table)).qmp()).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(list, expected([(3, path), (7, path), (8, "socket")]));
    Ok(())
}

fn it_takes_no_closed_streams_place() -> Result<(), Lacking> {
    // What it has to say of a failure nobody sees.
    let exit = stand_in::run(&stand_in::plan(&["closed"], vec![]));
    assert!(exit.success(), "{exit}");
    Ok(())
}

fn the_plan_shows_nothing_of_it() -> Result<(), Lacking> {
    // An id of the plan's is not taken.
    let plan = qemu(&["-M", "none", "-S", "-chardev", "null,id=qemu-runtime"]);
    let before = format!("{plan:?}");
    let guest = Guest::start(&plan).unwrap();
    assert_eq!(format!("{plan:?}"), before);
    let chardevs = guest.qmp().unwrap().execute_raw("query-chardev", Value::Null).unwrap();
    let mut labels: Vec<_> = chardevs.as_array().unwrap().iter().map(|chardev| &chardev["label"]).collect();
    labels.sort_by_key(|label| label.to_string().len());
    assert_eq!(labels, ["qemu-runtime", "qemu-runtimex"]);
    Ok(())
}

fn errors_carry_class_and_description() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let error = guest.qmp().unwrap().execute_raw("no-such", Value::Null).unwrap_err();
    assert_eq!(error.to_string(), "no-such: The command no-such has not been found (CommandNotFound)");
    assert!(matches!(&error, QmpError::Refused { class, .. } if class == "CommandNotFound"));
    Ok(())
}

fn many_threads_have_commands_in_flight() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    thread::scope(|scope| {
        for thread in 0..16 {
            scope.spawn(move || {
                for round in 0..50 {
                    let name = format!("no-such-{thread}-{round}");
                    let error = qmp.execute_raw(&name, Value::Null).unwrap_err().to_string();
                    assert!(error.contains(&format!("command {name} has")), "{error}");
                    assert!(!qmp.execute(&QueryStatus {}).unwrap().running);
                }
            });
        }
    });
    Ok(())
}

fn out_of_band_commands_are_answered() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    // It is one of the few that may be; there is nothing to recover.
    let error =
        qmp.call_raw("migrate-recover", json!({ "uri": "unix:/x" })).out_of_band().execute().unwrap_err();
    assert!(matches!(&error, QmpError::Refused { .. }), "{error}");
    let error = qmp.call_raw("query-status", Value::Null).out_of_band().execute().unwrap_err();
    assert!(error.to_string().contains("does not support OOB"), "{error}");
    let guest = speaking("silent");
    assert!(guest.qmp().unwrap().ready(SHORT).is_err());
    let guest = speaking("order");
    let error = guest.qmp().unwrap().call_raw("x", Value::Null).out_of_band().execute().unwrap_err();
    assert!(matches!(error, QmpError::NoOob { .. }));
    Ok(())
}

/// One that there is nothing for.
#[derive(serde::Serialize)]
pub(crate) struct MigrateRecover {
    uri: &'static str,
}

impl Command for MigrateRecover {
    type Ok = Nothing;
    const NAME: &'static str = "migrate-recover";
    const ALLOW_OOB: bool = true;
}

impl MigrateRecover {
    pub(crate) const NOTHING: Self = Self { uri: "unix:/x" };
}

fn out_of_band_commands_overtake() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    let oob = || qmp.call(&MigrateRecover::NOTHING).out_of_band().execute();
    thread::scope(|scope| {
        // QEMU waits in `open` for somebody who reads.
        let backend = json!({ "type": "file", "data": { "out": pipe } });
        let hangs =
            scope.spawn(move || qmp.execute_raw("chardev-add", json!({ "id": "c", "backend": backend })));
        thread::sleep(SHORT);
        for _ in 0..20 {
            let error = qmp.call(&QueryStatus {}).timeout(Duration::from_millis(10)).execute().unwrap_err();
            assert!(matches!(&error, QmpError::Timeout { .. }), "{error}");
            let start = Instant::now();
            assert!(matches!(oob(), Err(QmpError::Refused { .. })));
            assert!(start.elapsed() < LONG);
        }
        assert!(!hangs.is_finished());
        let _reader = fs::File::open(&pipe).unwrap();
        hangs.join().unwrap().unwrap();
        assert!(!qmp.execute(&QueryStatus {}).unwrap().running);
    });
    Ok(())
}

fn events_are_not_lost() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let names = Arc::clone(&log);
    guest.on_event(move |event| names.lock().unwrap().push(event.name.clone())).unwrap();
    let mut events = guest.qmp().unwrap().events();
    guest.resume().unwrap();
    guest.pause().unwrap();
    // Both came before anybody waited.
    thread::sleep(Duration::from_millis(50));
    assert_eq!(events.next(LONG).unwrap().name, "RESUME");
    let stop = events.wait_for("STOP", LONG).unwrap();
    assert!(stop.time.unwrap().elapsed().unwrap() < LONG);
    let error = events.next(SHORT).unwrap_err();
    assert_eq!(error.to_string(), "an event: no answer within 300ms");
    let again = guest.qmp().unwrap().events_from_start().wait_for("STOP", LONG).unwrap();
    assert_eq!(*again, *stop);
    until("the handler has them", || *log.lock().unwrap() == ["RESUME", "STOP"]);
    guest.kill().unwrap();
    assert!(matches!(ended(&events.next(LONG).unwrap_err()), QmpEnd::Exited(_)));
    Ok(())
}

fn events_fall_behind_with_a_word() -> Result<(), Lacking> {
    let guest = speaking("events");
    let qmp = guest.qmp().unwrap();
    let mut events = qmp.events();
    qmp.execute_raw("x", Value::Null).unwrap();
    assert!(matches!(events.next(LONG), Err(QmpError::Lagged { missed: 3976 })));
    assert_eq!(events.next(LONG).unwrap().name, "E3976");
    assert_eq!(events.wait_for("E4999", LONG).unwrap().name, "E4999");
    Ok(())
}

fn file_descriptors_are_passed() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    let file = fs::File::open("/dev/zero").unwrap();
    let added = qmp.call(&AddFd { fdset_id: Some(5), opaque: None }).fds(&[file.as_fd()]).execute().unwrap();
    assert_eq!(added.fdset_id, 5);
    let theirs = fs::read_link(format!("/proc/{}/fd/{}", guest.id(), added.fd)).unwrap();
    assert_eq!(theirs.to_str(), Some("/dev/zero"));
    // Many at once: each command gets its own.
    let id = guest.id();
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join(format!("file{thread}"));
                let file = fs::File::create(&path).unwrap();
                for _ in 0..10 {
                    let added = qmp.call(&AddFd::default()).fds(&[file.as_fd()]).execute().unwrap();
                    let theirs = fs::read_link(format!("/proc/{id}/fd/{}", added.fd)).unwrap();
                    assert_eq!(theirs, path);
                }
            });
        }
    });
    // A socket for a character device, which is then spoken over.
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    qmp.call(&GetFd { fdname: "talk".to_owned() }).fds(&[theirs.as_fd()]).execute().unwrap();
    drop(theirs);
    let address = json!({ "type": "fd", "data": { "str": "talk" } });
    let backend = json!({ "type": "socket", "data": { "addr": address, "server": false } });
    qmp.execute_raw("chardev-add", json!({ "id": "talk", "backend": backend })).unwrap();
    ours.write_all(b"x").unwrap();
    qmp.execute_raw("chardev-remove", json!({ "id": "talk" })).unwrap();
    ours.set_read_timeout(Some(LONG)).unwrap();
    let _ = ours.read(&mut [0; 1]);
    // One that brings none is refused, and says why.
    let error = qmp.execute(&GetFd { fdname: "none".to_owned() }).unwrap_err();
    assert!(error.to_string().contains("No file descriptor supplied"), "{error}");
    Ok(())
}

/// Takes file descriptors, as many as there are.
#[derive(serde::Serialize)]
struct Count {
    takes: bool,
    text: String,
}

impl Command for Count {
    type Ok = usize;
    const NAME: &'static str = "count";
    const ALLOW_OOB: bool = false;
}

fn several_file_descriptors_go_with_their_command() -> Result<(), Lacking> {
    let guest = speaking("counts");
    let qmp = guest.qmp().unwrap();
    let before = open_files();
    let file = fs::File::open("/dev/null").unwrap();
    let count = |text: &str, fds| {
        qmp.call(&Count { takes: fds > 0, text: text.to_owned() }).fds(&vec![file.as_fd(); fds]).execute()
    };
    for fds in [2, 0, 253, 1] {
        assert_eq!(count("", fds).unwrap(), fds);
    }
    let error = count("", 254).unwrap_err();
    assert!(matches!(&error, QmpError::Send { .. }), "{error}");
    assert_eq!(count(&"x".repeat(1 << 20), 3).unwrap(), 3);
    // While the other end doesn't read, the lines fill the socket.
    pidfd_send_signal(guest.pidfd(), Signal::STOP).unwrap();
    let long = Count { takes: false, text: "x".repeat(30_000) };
    for _ in 0..20 {
        let error = qmp.call(&long).timeout(Duration::from_millis(5)).execute().unwrap_err();
        assert!(matches!(&error, QmpError::Timeout { .. }), "{error}");
    }
    thread::scope(|scope| {
        let calls = [5, 0, 7].map(|fds| scope.spawn(move || (count("", fds).unwrap(), fds)));
        thread::sleep(SHORT);
        pidfd_send_signal(guest.pidfd(), Signal::CONT).unwrap();
        for call in calls {
            let (counted, fds) = call.join().unwrap();
            assert_eq!(counted, fds);
        }
    });
    drop(file);
    assert_eq!(open_files(), before);
    Ok(())
}

fn a_qemu_that_does_not_read_hinders_no_other_call() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    pidfd_send_signal(guest.pidfd(), Signal::STOP).unwrap();
    thread::scope(|scope| {
        let before = scope.spawn(|| qmp.execute(&QueryStatus {}).unwrap());
        thread::sleep(SHORT);
        // More than the socket takes: half of it is there when its caller gives up.
        let long = json!({ "no-such": "x".repeat(400_000) });
        let error = qmp.call_raw("query-status", long).timeout(SHORT).execute().unwrap_err();
        assert_eq!(error.to_string(), "query-status: no answer within 300ms");
        let after = scope.spawn(|| qmp.execute(&QueryStatus {}).unwrap());
        // This one is never sent.
        let error = qmp.call_raw("stop", Value::Null).timeout(SHORT).execute().unwrap_err();
        assert_eq!(error.to_string(), "stop: no answer within 300ms");
        pidfd_send_signal(guest.pidfd(), Signal::CONT).unwrap();
        assert_eq!(before.join().unwrap(), after.join().unwrap());
    });
    assert_eq!(guest.status().unwrap().status, "prelaunch");
    Ok(())
}

fn a_silent_qemu_is_not_waited_for() -> Result<(), Lacking> {
    let before = at_rest();
    let plan = stand_in::plan(&["qmp", "silent"], vec![]);
    let start = Instant::now();
    let error = Spawn::new(&plan).qmp_with(QmpOptions::new().timeout(SHORT)).start().unwrap_err();
    assert_eq!(error.to_string(), "QEMU's greeting: no answer within 300ms");
    assert!(start.elapsed() < LONG);
    let guest = speaking("silent");
    let error = guest.qmp().unwrap().call(&QueryStatus {}).timeout(SHORT).execute().unwrap_err();
    assert_eq!(error.to_string(), "query-status: no answer within 300ms");
    drop(guest);
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}

fn garbage_is_called_so() -> Result<(), Lacking> {
    let error = speaking("garbage").qmp().unwrap().ready(LONG).unwrap_err();
    assert_eq!(
        error.to_string(),
        "QEMU's greeting: \"SSH-2.0-OpenSSH\" came in place of QEMU's greeting: is the program QEMU?"
    );
    Ok(())
}

fn what_qemu_cannot_read_is_refused_alone() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| assert!(!qmp.execute(&QueryStatus {}).unwrap().running)));
        }
        for letter in ['\u{ffff}', '\u{fffe}', '\u{fdd0}', '\u{1ffff}'] {
            for arguments in [json!({ "id": format!("a{letter}") }), json!({ format!("{letter}"): 1 })] {
                let error = qmp.execute_raw("device_del", arguments).unwrap_err();
                let QmpError::Refused { desc, .. } = &error else { panic!("{error}") };
                assert!(desc.contains("invalid UTF-8 sequence"), "{desc}");
            }
        }
    });
    let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let error = qmp.execute_raw("device_del", json!({ "id": nested(1022) })).unwrap_err();
    assert!(matches!(&error, QmpError::Refused { .. }), "{error}");
    for large in [nested(1023), vec![1; 2 << 20].into(), "x".repeat(64 << 20).into()] {
        let error = qmp.execute_raw("device_del", json!({ "id": large })).unwrap_err();
        assert!(matches!(&error, QmpError::Type { .. }), "{error}");
    }
    // Had any of these been sent, its remains would be answered here.
    assert!(!guest.status().unwrap().running);
    Ok(())
}

fn what_cannot_be_read_concerns_one_call() -> Result<(), Lacking> {
    let guest = speaking("says");
    let qmp = guest.qmp().unwrap();
    let mut events = qmp.events();
    let mut last = 0;
    let mut say = |lines: &str| {
        last += 1;
        let say = lines
            .replace("ID", &last.to_string())
            .replace("DEEP", &"[".repeat(200))
            .replace("END", &"]".repeat(200));
        qmp.execute_raw("x", json!({ "say": say }))
    };
    for unreadable in [r#""\ud800""#, "1e999", "DEEPEND", "\"\u{ff}\"", "[}", "what"] {
        let error = say(&format!(r#"{{"return": {unreadable}, "id": ID}}"#)).unwrap_err();
        assert!(matches!(&error, QmpError::Type { .. }), "{error}");
    }
    let error = say(r#"{"error": {"class": "GenericError", "desc": "what?"}}"#).unwrap_err();
    assert_eq!(error.to_string(), "x: what?");
    for foreign in [r#"{"return": 1, "id": "text"}"#, r#"{"return": 1, "id": 999}"#, r#"{"return": 1}"#] {
        assert_eq!(say(&format!("{foreign}\n{{\"return\": 2, \"id\": ID}}")).unwrap(), 2);
    }
    for event in [r#"{"text": "x"}"#, "\"\u{ff}\"", r#""\ud800""#, "DEEPEND", "[}"] {
        assert_eq!(
            say(&format!("{{\"event\": \"E\", \"data\": {event}}}\n{{\"return\": 2, \"id\": ID}}")).unwrap(),
            2
        );
    }
    assert_eq!(events.next(LONG).unwrap().data::<Value>().unwrap(), json!({ "text": "x" }));
    for _ in 0..4 {
        let error = events.next(LONG).unwrap().data::<Value>().unwrap_err();
        assert!(matches!(&error, QmpError::Event { event, .. } if event == "E"), "{error}");
    }
    let error = say("no JSON").unwrap_err();
    assert!(matches!(ended(&error), QmpEnd::Garbage { greeting: false, .. }), "{error}");
    Ok(())
}

fn a_reply_cut_short_ends_the_call() -> Result<(), Lacking> {
    let guest = speaking("partial");
    let status = || guest.qmp().unwrap().call(&QueryStatus {}).timeout(SHORT).execute();
    let error = status().unwrap_err();
    assert_eq!(error.to_string(), "query-status: QEMU closed QMP in the middle of a line");
    assert_eq!(status().unwrap_err().to_string(), error.to_string());
    let error = speaking("exits").status().unwrap_err();
    assert_eq!(error.to_string(), "query-status: QEMU has ended: exit status: 9: the reason");
    assert_eq!(error.exit().unwrap().cause(), Cause::Failed(9));
    Ok(())
}

fn a_line_of_50_megabytes_is_read() -> Result<(), Lacking> {
    let guest = speaking("huge");
    let answer = guest.qmp().unwrap().call_raw("x", Value::Null).answer_limit(64 << 20).execute().unwrap();
    assert_eq!(answer.as_str().unwrap().len(), 50_000_000);
    let error = speaking("huge").qmp().unwrap().execute_raw("x", Value::Null).unwrap_err();
    assert!(matches!(&error, QmpError::TooLong { limit: 10_485_760, .. }), "{error}");
    Ok(())
}

fn answers_find_their_commands() -> Result<(), Lacking> {
    let guest = speaking("order");
    let qmp = guest.qmp().unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| qmp.execute_raw("one", Value::Null).unwrap());
        thread::sleep(SHORT);
        assert_eq!(qmp.execute_raw("two", Value::Null).unwrap(), "two");
        assert_eq!(first.join().unwrap(), "one");
    });
    Ok(())
}

fn a_death_ends_all_calls() -> Result<(), Lacking> {
    let guest = Guest::start(&paused()).unwrap();
    let qmp = guest.qmp().unwrap();
    pidfd_send_signal(guest.pidfd(), Signal::STOP).unwrap();
    thread::scope(|scope| {
        let calls: Vec<_> =
            (0..8).map(|_| scope.spawn(|| qmp.execute(&QueryStatus {}).unwrap_err())).collect();
        thread::sleep(SHORT);
        guest.kill().unwrap();
        for call in calls {
            let error = call.join().unwrap();
            assert_eq!(error.exit().unwrap().cause(), Cause::Signal(libc::SIGKILL), "{error}");
        }
    });
    let late = qmp.execute(&QueryStatus {}).unwrap_err();
    assert_eq!(late.exit(), Some(&guest.wait()));
    Ok(())
}

fn a_death_ends_them_though_its_socket_lives_on() -> Result<(), Lacking> {
    let plan = stand_in::shell("sleep 1000 & echo $! >&2; exit 3");
    let guest = Spawn::new(&plan).qmp().spawn().unwrap();
    let error = guest.qmp().unwrap().ready(LONG).unwrap_err();
    let left_behind = guest.wait().stderr_text().trim().parse().ok().and_then(Pid::from_raw);
    kill_process(left_behind.unwrap(), Signal::KILL).unwrap();
    assert_eq!(error.exit().map(|exit| exit.cause()), Some(Cause::Failed(3)), "{error}");
    Ok(())
}

fn a_slow_death_ends_them_with_its_reason() -> Result<(), Lacking> {
    let guest = speaking("lingers");
    let qmp = guest.qmp().unwrap();
    let mut events = qmp.events();
    let error = qmp.call(&QueryStatus {}).timeout(SHORT).execute().unwrap_err();
    assert_eq!(error.to_string(), "query-status: QEMU closed QMP");
    for error in [guest.status().unwrap_err(), events.next(LONG).unwrap_err()] {
        assert!(error.to_string().ends_with("QEMU has ended: exit status: 9: the reason"), "{error}");
    }
    Ok(())
}

fn a_slow_tee_keeps_no_reason_back() -> Result<(), Lacking> {
    struct Slow;

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            thread::sleep(Duration::from_millis(1500));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let plan = qemu(&["-M", "none", "-device", "no-such-device"]);
    let error = Spawn::new(&plan).stderr(Stderr::tee(Slow)).start().unwrap_err();
    assert!(matches!(&error, StartError::Rejected { .. }), "{error}");
    Ok(())
}

fn a_conversation_that_was_closed_is_left_at_once() -> Result<(), Lacking> {
    let plan = stand_in::plan(&["qmp", "partial"], vec![]);
    let guest = Spawn::new(&plan).detached().qmp().spawn().unwrap();
    let pid = guest.pidfd().try_clone_to_owned().unwrap();
    assert!(guest.qmp().unwrap().call(&QueryStatus {}).timeout(SHORT).execute().is_err());
    let start = Instant::now();
    drop(guest);
    assert!(start.elapsed() < Duration::from_secs(2));
    pidfd_send_signal(&pid, Signal::KILL).unwrap();
    Ok(())
}

fn a_start_that_fails_leaves_nothing_detached() -> Result<(), Lacking> {
    let before = at_rest();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let plan = Plan::new("sh", ["-c", "echo $$ >$0; exec sleep 1000", file.to_str().unwrap()], vec![]);
    let silent = QmpOptions::new().timeout(Duration::from_secs(2));
    let error = Spawn::new(&plan).detached().qmp_with(silent).start().unwrap_err();
    assert!(matches!(error, StartError::Qmp(QmpError::Timeout { .. })), "{error}");
    let pid = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    assert_eq!(crate::host::state_of(pid), None);
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}

fn rejected_arguments_come_back() -> Result<(), Lacking> {
    let error = Guest::start(&qemu(&["-M", "none", "-device", "no-such-device"])).unwrap_err();
    let StartError::Rejected { rejection, error: qmp } = &error else { panic!("{error}") };
    assert_eq!(rejection.option, "-device no-such-device");
    assert_eq!(rejection.words, "'no-such-device' is not a valid device model name");
    assert!(
        error.to_string().starts_with("QEMU rejects `-device no-such-device`: 'no-such-device' is"),
        "{error}"
    );
    assert_eq!(qmp.exit().unwrap().cause(), Cause::Failed(1));
    // So a `main` shows it that returns a boxed error.
    let shown = format!("{:?}", Box::<dyn std::error::Error>::from(error));
    assert!(shown.contains(r#"status: Some("exit status: 1"), stderr: "#), "{shown}");
    assert!(shown.contains("'no-such-device' is not a valid device model name\\n"), "{shown}");
    // What is about no argument stays as it is said.
    let error = Guest::start(&crate::stand_in::shell("echo 'sh: broken' >&2; exit 1")).unwrap_err();
    assert!(matches!(error, StartError::Qmp(_)) && error.to_string().contains("sh: broken"), "{error}");
    assert!(format!("{error:?}").contains(r#"stderr: "sh: broken\n""#), "{error:?}");
    let missing = Plan::new("qemu-system-none", [""; 0], vec![]);
    assert!(matches!(Guest::start(&missing), Err(StartError::Spawn(_))));
    Ok(())
}

fn shutdown_climbs() -> Result<(), Lacking> {
    // A firmware without a system hears no power button.
    let policy = ShutdownPolicy::new().powerdown(Some(SHORT));
    let guest = Guest::start(&qemu(&["-M", "q35", "-accel", "tcg"])).unwrap();
    let start = Instant::now();
    let shutdown = guest.shutdown(&policy).unwrap();
    assert!(start.elapsed() >= SHORT);
    assert_eq!(
        (shutdown.step, shutdown.exit.cause()),
        (ShutdownStep::Quit, Cause::Shutdown(ShutdownReason::Quit))
    );
    assert_eq!(guest.shutdown(&policy).unwrap().step, ShutdownStep::None);

    // One that doesn't run is not asked.
    let start = Instant::now();
    let shutdown = Guest::start(&paused()).unwrap().shutdown(&ShutdownPolicy::new()).unwrap();
    assert_eq!(shutdown.step, ShutdownStep::Quit);
    assert!(start.elapsed() < Duration::from_secs(10));

    // Without QMP, or without asking.
    let guest = Guest::start(&paused()).unwrap();
    let shutdown = guest.shutdown(&policy.quit(None)).unwrap();
    assert_eq!(
        (shutdown.step, shutdown.exit.cause()),
        (ShutdownStep::Terminate, Cause::Shutdown(ShutdownReason::Signal))
    );

    // Somebody else ends it meanwhile: that is no step of this.
    for (signal, cause) in [
        (Signal::KILL, Cause::Signal(libc::SIGKILL)),
        (Signal::TERM, Cause::Shutdown(ShutdownReason::Signal)),
    ] {
        let guest = Guest::start(&qemu(&["-M", "q35", "-accel", "tcg"])).unwrap();
        let mut events = guest.qmp().unwrap().events();
        let shutdown = thread::scope(|scope| {
            scope.spawn(|| {
                events.wait_for("POWERDOWN", LONG).unwrap();
                pidfd_send_signal(guest.pidfd(), signal).unwrap();
            });
            guest.shutdown(&ShutdownPolicy::new()).unwrap()
        });
        assert_eq!((shutdown.step, shutdown.exit.cause()), (ShutdownStep::None, cause));
    }

    // One that is stopped hears nothing at all.
    let guest = Guest::start(&paused()).unwrap();
    pidfd_send_signal(guest.pidfd(), Signal::STOP).unwrap();
    let shutdown = guest.shutdown(&policy.quit(Some(SHORT)).terminate(Some(SHORT))).unwrap();
    assert_eq!(shutdown.step, ShutdownStep::Kill);
    assert_eq!(shutdown.exit.signal(), Some(libc::SIGKILL));
    Ok(())
}

fn a_guest_that_hears_powers_down() -> Result<(), Lacking> {
    let guest = Guest::start(&qemu(&["-M", "q35", "-accel", "tcg"])).unwrap();
    let qmp = guest.qmp().unwrap();
    let mut events = qmp.events();
    let shutdown = thread::scope(|scope| {
        scope.spawn(move || {
            events.wait_for("POWERDOWN", LONG).unwrap();
            // What a guest's system does then, by hand: ACPI's S5, where SeaBIOS puts it, once it has. The monitor of
            // 11.1 writes nothing but bytes there, as was seen.
            let write = |text| qmp.execute_raw("human-monitor-command", json!({ "command-line": text }));
            let sleeps = || write("o /w 0x604 0x2000").and_then(|_| write("o /b 0x605 0x20")).is_ok();
            while sleeps() && events.wait_for("SHUTDOWN", Duration::from_millis(100)).is_err() {}
        });
        guest.shutdown(&ShutdownPolicy::new().powerdown(Some(LONG))).unwrap()
    });
    assert_eq!(
        (shutdown.step, shutdown.exit.cause()),
        (ShutdownStep::Powerdown, Cause::Shutdown(ShutdownReason::Guest))
    );
    Ok(())
}

fn an_older_qemu_is_noticed() -> Result<(), Lacking> {
    let text = |text: &str| Cow::Owned(vec![Piece::Text(text.to_owned().into())]);
    let program = std::env::current_exe().unwrap();
    let template = |version| Template {
        target: Target::new(Arch::X86_64, version),
        program: text(program.to_str().unwrap()),
        args: ["stand-in", "qmp", "silent after the greeting"]
            .map(|arg| Arg {
                text: text(arg),
                span: Span::default(),
                when: None,
                block: 0,
                part: 0,
                statement: 0,
                json: None,
            })
            .to_vec()
            .into(),
        fds: Cow::default(),
        ids: Cow::default(),
        places: Cow::default(),
    };
    // The stand-in says that it is 2.9.1.
    let guest = Guest::start(&Plan::of(template(Version::new(7, 2)))).unwrap();
    let older = guest.older_than_target().unwrap();
    assert_eq!((older.target, older.running), (Version::new(7, 2), Version::new(2, 9)));
    assert_eq!(
        older.to_string(),
        "QEMU 2.9 runs what is meant for 7.2: compile for it (`target 2.9`), or install 7.2"
    );
    assert_eq!(Guest::start(&Plan::of(template(Version::new(2, 9)))).unwrap().older_than_target(), None);
    Ok(())
}

fn ends_are_told_apart() -> Result<(), Lacking> {
    let pc = ["-M", "q35", "-accel", "tcg", "-device", "pvpanic"];
    let start = |more: &[&str]| Guest::start(&qemu(&[&pc, more].concat())).unwrap();
    let tell = |guest: &Guest, command: &str| {
        let line = json!({ "command-line": command });
        guest.qmp().unwrap().execute_raw("human-monitor-command", line).unwrap();
    };
    // What a guest's kernel does when it panics, and when it has a kernel for that, by hand.
    let (panic, crash) = ("o /b 0x505 1", "o /b 0x505 2");
    let ended = |guest: &Guest| guest.wait_timeout(LONG).unwrap().cause();

    let guest = start(&[]);
    tell(&guest, panic);
    let exit = guest.wait_timeout(LONG).unwrap();
    assert_eq!((exit.cause(), exit.success()), (Cause::GuestPanicked, true));

    // It is left alone, and is what it was. QEMU 5.2 has no such choice.
    if guest.qmp().unwrap().version().unwrap().qemu.major >= 6 {
        let guest = start(&["-action", "panic=none"]);
        tell(&guest, panic);
        tell(&guest, "quit");
        assert_eq!(ended(&guest), Cause::Shutdown(ShutdownReason::Quit));
    }

    let guest = start(&["-no-reboot"]);
    let mut events = guest.qmp().unwrap().events();
    tell(&guest, crash);
    events.wait_for("GUEST_CRASHLOADED", LONG).unwrap();
    tell(&guest, "system_reset");
    assert_eq!(ended(&guest), Cause::GuestCrashed);

    let guest = start(&["-no-reboot"]);
    tell(&guest, "system_reset");
    assert!(matches!(ended(&guest), Cause::Shutdown(ShutdownReason::GuestReset | ShutdownReason::Other(_))));

    let guest = start(&[]);
    pidfd_send_signal(guest.pidfd(), Signal::TERM).unwrap();
    assert_eq!(ended(&guest), Cause::Shutdown(ShutdownReason::Signal));

    let guest = start(&[]);
    pidfd_send_signal(guest.pidfd(), Signal::ABORT).unwrap();
    assert_eq!(ended(&guest), Cause::Signal(libc::SIGABRT));
    Ok(())
}

fn without_qmp_it_is_said() -> Result<(), Lacking> {
    let guest = Guest::spawn(&paused()).unwrap();
    assert!(guest.qmp().is_none());
    assert!(matches!(guest.status(), Err(QmpError::NoQmp)));
    assert!(guest.on_event(|_| ()).is_err());
    let shutdown = guest.shutdown(&ShutdownPolicy::new()).unwrap();
    // It may not have come as far as to take the signal.
    assert_eq!(shutdown.step, ShutdownStep::Terminate);
    Ok(())
}

fn a_detached_guest_survives_its_conversation() -> Result<(), Lacking> {
    let plan = paused();
    let guest = Spawn::new(&plan).stderr(Stdio::Null).detached().start().unwrap();
    let pid = guest.pidfd().try_clone_to_owned().unwrap();
    let id = guest.id();
    drop(guest);
    thread::sleep(SHORT);
    assert!(crate::host::state_of(id).is_some());
    pidfd_send_signal(&pid, Signal::KILL).unwrap();
    until("it is gone", || crate::host::state_of(id).is_none());
    Ok(())
}

fn two_hundred_guests_leave_nothing() -> Result<(), Lacking> {
    let twenty = || {
        let guests: Vec<_> = (0..20).map(|_| Spawn::new(&paused()).qmp().spawn().unwrap()).collect();
        for (index, guest) in guests.iter().enumerate() {
            guest.on_event(|_| ()).unwrap();
            match index % 3 {
                0 => assert!(!guest.status().unwrap().running),
                1 => drop(guest.shutdown(&ShutdownPolicy::new()).unwrap()),
                _ => guest.kill().unwrap(),
            }
        }
    };
    let before = at_rest();
    // What the first ones leave in the allocator's hands the others take.
    twenty();
    let memory = host::resident();
    (0..9).for_each(|_| twenty());
    until("all is as it was", || (open_files(), threads()) == before);
    assert!(!crate::guest::children(), "zombies");
    let more = host::resident().saturating_sub(memory);
    assert!(more < 2 << 20, "180 more guests have left {more} bytes");
    Ok(())
}

/// Commands of the crate qapi-qmp.
#[cfg(feature = "qapi")]
pub(crate) mod qapi {
    use super::*;

    crate::tests! {
        its_commands_are_commands_here
    }

    fn its_commands_are_commands_here() -> Result<(), Lacking> {
        let guest = Guest::start(&paused()).unwrap();
        let qmp = guest.qmp().unwrap();
        let status = qmp.execute(&qapi_qmp::query_status {}).unwrap();
        assert_eq!(status.status, qapi_qmp::RunState::prelaunch);
        let property = qapi_qmp::qom_get { path: "/machine".into(), property: "type".into() };
        assert_eq!(qmp.execute(&property).unwrap(), "none-machine");
        let error = qmp.execute(&qapi_qmp::device_del { id: "none".into() }).unwrap_err();
        assert!(matches!(&error, QmpError::Refused { class, .. } if class == "DeviceNotFound"), "{error}");
        Ok(())
    }
}
