//! The interface for tasks, with a real QEMU and with stand-ins.

use std::fs::{self, File};
use std::future::Future;
use std::io::{PipeReader, Write};
use std::os::fd::AsFd;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use qemu_runtime::qmp::{AddFd, Command, QmpError, QmpOptions, QueryStatus};
use qemu_runtime::tokio::{Guest, Qmp};
use qemu_runtime::{
    Cause, ShutdownPolicy, ShutdownReason, ShutdownStep, Spawn, SpawnError, StartError, Stdio, devices,
};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::host::{Lacking, at_rest, open_files, state_of, threads, until};
use crate::hostile::{GOES_ON, Peer, READ, ReadSlowly};
use crate::qmp::{LONG, SHORT, paused, qemu};
use crate::stand_in;

crate::tests! {
    a_task_talks_with_qemu
    commands_of_one_task_are_in_flight_together
    tasks_lose_no_event
    file_descriptors_are_passed
    a_call_that_is_dropped_hinders_no_other
    an_answer_wakes_whom_it_is_for
    events_leave_others_their_share
    a_long_answer_is_read_elsewhere
    a_call_that_is_dropped_is_read_no_further
    a_qemu_that_does_not_read_hinders_no_task
    a_death_ends_all_calls
    a_start_that_fails_says_why
    a_slow_start_hinders_no_task
    a_start_that_is_dropped_leaves_nothing
    a_task_has_the_standard_streams
    a_handler_is_called_with_events
    a_task_plugs_and_unplugs
    a_guest_costs_four_files_and_two_threads
    a_guest_ends_with_its_value
    a_guest_may_outlive_the_runtime
    ten_guests_at_once_leave_nothing
}

/// Runs a task on the one thread of a runtime: nothing may block it.
fn run<T>(task: impl Future<Output = T>) -> Result<T, Lacking> {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    Ok(runtime.block_on(task))
}

fn speaking(fault: &str) -> Guest {
    let plan = stand_in::plan(&["qmp", fault], vec![]);
    Guest::from(Spawn::new(&plan).qmp().spawn().unwrap())
}

fn a_task_talks_with_qemu() -> Result<(), Lacking> {
    run(async {
        let guest = Guest::start(&paused()).await.unwrap();
        assert_eq!(guest.status().await.unwrap().status, "prelaunch");
        guest.resume().await.unwrap();
        assert!(guest.status().await.unwrap().running);
        guest.pause().await.unwrap();
        let qmp = guest.qmp().unwrap();
        assert!(qmp.version().is_some());
        let error = qmp.execute_raw("no-such", Value::Null).await.unwrap_err();
        assert_eq!(error.to_string(), "no-such: The command no-such has not been found (CommandNotFound)");
        let error = qmp.call_raw("query-status", Value::Null).out_of_band().execute().await.unwrap_err();
        assert!(error.to_string().contains("does not support OOB"), "{error}");
        assert!(guest.wait_timeout(SHORT).await.is_none());
        let shutdown = guest.shutdown(&ShutdownPolicy::new()).await.unwrap();
        assert_eq!(shutdown.step, ShutdownStep::Quit);
        assert_eq!(shutdown.exit.cause(), Cause::Shutdown(ShutdownReason::Quit));
        assert_eq!(guest.wait().await, shutdown.exit);
    })
}

fn commands_of_one_task_are_in_flight_together() -> Result<(), Lacking> {
    run(async {
        // It answers the second before the first.
        let guest = speaking("order");
        let qmp = guest.qmp().unwrap();
        let (one, two) = tokio::join!(
            biased;
            qmp.execute_raw("one", Value::Null),
            qmp.execute_raw("two", Value::Null),
        );
        assert_eq!((one.unwrap(), two.unwrap()), ("one".into(), "two".into()));

        let guest = Arc::new(Guest::start(&paused()).await.unwrap());
        let mut tasks = JoinSet::new();
        for number in 0..100 {
            let guest = Arc::clone(&guest);
            tasks.spawn(async move {
                let name = format!("no-such-{number}");
                let error = guest.qmp().unwrap().execute_raw(&name, Value::Null).await.unwrap_err();
                assert!(error.to_string().contains(&format!("command {name} has")), "{error}");
            });
        }
        tasks.join_all().await;
    })
}

fn tasks_lose_no_event() -> Result<(), Lacking> {
    run(async {
        let guest = Guest::start(&paused()).await.unwrap();
        let mut events = guest.qmp().unwrap().events();
        guest.resume().await.unwrap();
        guest.pause().await.unwrap();
        assert_eq!(events.next(LONG).await.unwrap().name, "RESUME");
        let stop = events.wait_for("STOP", LONG).await.unwrap();
        let error = events.next(SHORT).await.unwrap_err();
        assert_eq!(error.to_string(), "an event: no answer within 300ms");
        // A wait that is dropped takes none along.
        let _ = tokio::time::timeout(SHORT, events.next(LONG)).await.unwrap_err();
        let (event, resumed) = tokio::join!(events.next(LONG), guest.resume());
        resumed.unwrap();
        assert_eq!(event.unwrap().name, "RESUME");
        let again = guest.qmp().unwrap().events_from_start().wait_for("STOP", LONG).await.unwrap();
        assert_eq!(*again, *stop);

        let guest = speaking("events");
        let qmp = guest.qmp().unwrap();
        let mut events = qmp.events();
        qmp.execute_raw("x", Value::Null).await.unwrap();
        assert!(matches!(events.next(LONG).await, Err(QmpError::Lagged { missed: 3976 })));
        assert_eq!(events.next(LONG).await.unwrap().name, "E3976");
    })
}

fn file_descriptors_are_passed() -> Result<(), Lacking> {
    run(async {
        let guest = Guest::start(&paused()).await.unwrap();
        let zero = fs::File::open("/dev/zero").unwrap();
        let add = AddFd { fdset_id: Some(5), opaque: None };
        let added = guest.qmp().unwrap().call(&add).fds(&[zero.as_fd()]).execute().await.unwrap();
        let theirs = fs::read_link(format!("/proc/{}/fd/{}", guest.id(), added.fd)).unwrap();
        assert_eq!(theirs.to_str(), Some("/dev/zero"));
    })
}

fn a_call_that_is_dropped_hinders_no_other() -> Result<(), Lacking> {
    run(async {
        let guest = Guest::start(&paused()).await.unwrap();
        let qmp = guest.qmp().unwrap();
        for _ in 0..100 {
            // It is sent, and its answer is nobody's.
            let call = pin!(qmp.execute(&QueryStatus {}));
            let _ = call.poll(&mut Context::from_waker(Waker::noop()));
        }
        assert!(!qmp.execute(&QueryStatus {}).await.unwrap().running);
    })
}

/// How often somebody was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn an_answer_wakes_whom_it_is_for() -> Result<(), Lacking> {
    run(async {
        let (qmp, mut peer) = Peer::ready(QmpOptions::new());
        let tasks = Qmp::from(&qmp);
        let woken: [Arc<Woken>; 16] = Default::default();
        let mut events = tasks.events();
        let mut waits = pin!(events.next(LONG));
        let woken_by_event = Arc::new(Woken::default());
        let poll = |future: Pin<&mut dyn Future<Output = _>>, woken: &Arc<Woken>| {
            future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(woken))))
        };
        let mut calls: Vec<_> = (0..16).map(|_| Box::pin(tasks.execute_raw("x", Value::Null))).collect();
        for (call, woken) in calls.iter_mut().zip(&woken) {
            assert!(poll(call.as_mut(), woken).is_pending());
        }
        let waker = Waker::from(Arc::clone(&woken_by_event));
        assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let counts = || woken.each_ref().map(|woken| woken.0.load(Ordering::SeqCst));
        let mut expected = [0; 16];
        for number in [3, 15, 0, 7] {
            peer.say(&format!(r#"{{"return": {number}, "id": {}}}"#, number + 1));
            until("it is woken", || counts()[number] > 0);
            expected[number] = 1;
            assert_eq!(counts(), expected);
            let Poll::Ready(answer) = poll(calls[number].as_mut(), &woken[number]) else {
                panic!("{number}")
            };
            assert_eq!(answer.unwrap(), number);
        }
        assert_eq!(woken_by_event.0.load(Ordering::SeqCst), 0);
        peer.say(r#"{"event": "E"}"#);
        assert_eq!(waits.await.unwrap().name, "E");
        assert_eq!(counts(), expected);
        // Its end concerns all.
        drop(peer);
        until("all are woken", || counts().iter().all(|count| *count == 1));
    })
}

fn events_leave_others_their_share() -> Result<(), Lacking> {
    /// How many tokio lets a task do before it is another's turn.
    const SHARE: usize = 128;

    run(async {
        // What comes before its answer is there with that.
        let guest = speaking("events");
        guest.qmp().unwrap().execute_raw("x", Value::Null).await.unwrap();
        let taken = Arc::new(AtomicUsize::new(0));
        let handled = Arc::clone(&taken);
        guest
            .on_event(move |_| {
                handled.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        let mut turns = Vec::new();
        while taken.load(Ordering::SeqCst) < 1024 {
            turns.push(taken.load(Ordering::SeqCst));
            tokio::task::yield_now().await;
        }
        let most = turns.windows(2).map(|turns| turns[1] - turns[0]).max();
        assert!(most <= Some(SHARE), "{turns:?}");

        // So it is for those that are passed over, and for who takes them by hand.
        let (found, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut events = guest.qmp().unwrap().events_from_start();
        assert!(matches!(events.next(LONG).await, Err(QmpError::Lagged { .. })));
        let find = async {
            assert_eq!(events.wait_for("E4999", LONG).await.unwrap().name, "E4999");
            found.store(true, Ordering::SeqCst);
        };
        let count = async {
            while !found.load(Ordering::SeqCst) {
                turns.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(find, count);
        assert!(turns.load(Ordering::SeqCst) >= 1024 / SHARE, "{turns:?}");

        // Who doesn't wait misses none over it.
        let mut events = guest.qmp().unwrap().events_from_start();
        assert!(matches!(events.next(Duration::ZERO).await, Err(QmpError::Lagged { .. })));
        let mut count = 0;
        while events.next(Duration::ZERO).await.is_ok() {
            count += 1;
        }
        assert_eq!(count, 1024);
    })
}

/// Says which thread has read it.
struct Reader(ThreadId);

impl<'de> serde::Deserialize<'de> for Reader {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer)?;
        Ok(Self(thread::current().id()))
    }
}

#[derive(serde::Serialize)]
struct WhoReads {}

impl Command for WhoReads {
    type Ok = Reader;
    const NAME: &'static str = "who-reads";
    const ALLOW_OOB: bool = false;
}

fn a_long_answer_is_read_elsewhere() -> Result<(), Lacking> {
    run(async {
        let (qmp, mut peer) = Peer::ready(QmpOptions::new());
        for (id, bytes) in [(1, 60_000), (2, 70_000)] {
            let call = Qmp::from(&qmp).call(&WhoReads {}).execute();
            let peer = &mut peer;
            let answers = async move {
                peer.say_long(r#"{"return": ["#, b"0,", bytes, &format!(r#"0], "id": {id}}}"#));
            };
            let (read, ()) = tokio::join!(biased; call, answers);
            let here = read.unwrap().0 == thread::current().id();
            assert_eq!(here, bytes < 65_536);
        }
    })
}

fn a_call_that_is_dropped_is_read_no_further() -> Result<(), Lacking> {
    let before = at_rest();
    run(async {
        let (qmp, mut peer) = Peer::ready(QmpOptions::new());
        READ.store(0, Ordering::SeqCst);
        GOES_ON.store(0, Ordering::SeqCst);
        let mut call = Box::pin(Qmp::from(&qmp).call(&ReadSlowly {}).execute());
        let mut context = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
        peer.say_long(r#"{"return": ["#, b"0,", 1 << 20, r#"0], "id": 1}"#);
        until("it is read", || {
            assert!(call.as_mut().poll(&mut context).is_pending());
            READ.load(Ordering::SeqCst) > 0
        });
        drop(call);
        GOES_ON.store(1, Ordering::SeqCst);
    })?;
    // The runtime's end waits for what is read.
    let read = READ.load(Ordering::SeqCst);
    assert!(read <= 64 << 10, "{read} elements were read");
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}

fn a_qemu_that_does_not_read_hinders_no_task() -> Result<(), Lacking> {
    run(async {
        let guest = Guest::start(&paused()).await.unwrap();
        let qmp = guest.qmp().unwrap();
        let signal = |signal| rustix::process::pidfd_send_signal(guest.pidfd(), signal).unwrap();
        signal(rustix::process::Signal::STOP);
        // More than the socket takes, so that a part of it waits.
        let long = "x".repeat(400_000);
        let mut ticks = 0;
        let call = qmp.execute_raw("query-status", json!({ "no-such": long }));
        let tick = async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                ticks += 1;
            }
            signal(rustix::process::Signal::CONT);
        };
        let (answer, ()) = tokio::join!(call, tick);
        assert_eq!(ticks, 10);
        let error = answer.unwrap_err();
        assert!(matches!(&error, QmpError::Refused { .. }), "{error}");

        signal(rustix::process::Signal::STOP);
        let call = qmp.call_raw("query-status", json!({ "no-such": long })).timeout(SHORT).execute();
        let error = call.await.unwrap_err();
        assert!(matches!(&error, QmpError::Timeout { .. }), "{error}");
        // Half of it is there, and the rest is sent though nobody waits for it.
        signal(rustix::process::Signal::CONT);
        assert!(!qmp.execute(&QueryStatus {}).await.unwrap().running);
    })
}

fn a_death_ends_all_calls() -> Result<(), Lacking> {
    run(async {
        let guest = speaking("exits");
        let qmp = guest.qmp().unwrap();
        let mut events = qmp.events();
        let (call, event) = tokio::join!(qmp.execute_raw("x", Value::Null), events.next(LONG));
        for error in [call.unwrap_err(), event.unwrap_err()] {
            let exit = error.exit().unwrap();
            assert_eq!((exit.code(), exit.stderr()), (Some(9), &b"the reason\n"[..]), "{error}");
        }
    })
}

fn a_start_that_fails_says_why() -> Result<(), Lacking> {
    run(async {
        let error = Guest::start(&qemu(&["-M", "none", "-device", "no-such"])).await.unwrap_err();
        let StartError::Rejected { rejection, .. } = &error else { panic!("{error}") };
        assert_eq!(rejection.option, "-device no-such");
        let missing = qemu_runtime::Plan::new("qemu-system-none", [""; 0], vec![]);
        assert!(matches!(Guest::start(&missing).await, Err(StartError::Spawn(_))));
    })
}

fn a_slow_start_hinders_no_task() -> Result<(), Lacking> {
    run(async {
        // It never gets ready in the background.
        let plan = qemu_runtime::Plan::new("/bin/sh", ["-c", "exec sleep 1000", "-daemonize"], vec![]);
        let start = Guest::start_with(Spawn::new(&plan).detached().daemon_timeout(SHORT));
        let mut ticks = 0;
        let tick = async {
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                ticks += 1;
            }
        };
        tokio::select! {
            started = start => assert!(matches!(started, Err(StartError::Spawn(SpawnError::DaemonTimeout { .. })))),
            () = tick => (),
        }
        assert!(ticks > 5, "{ticks}");
    })
}

fn a_start_that_is_dropped_leaves_nothing() -> Result<(), Lacking> {
    let before = at_rest();
    run(async {
        for wait in 0..20 {
            let plan = paused();
            let start = Guest::start_with(Spawn::new(&plan).detached());
            if let Ok(started) = tokio::time::timeout(Duration::from_millis(wait), start).await {
                started.unwrap().kill().unwrap();
            }
        }
    })?;
    until("all is as it was", || (open_files(), threads()) == before);
    assert!(!crate::guest::children(), "a guest is left");
    Ok(())
}

fn a_task_has_the_standard_streams() -> Result<(), Lacking> {
    run(async {
        let plan = stand_in::shell("cat; echo reason >&2");
        let spawn = Spawn::new(&plan).stdin(Stdio::Pipe).stdout(Stdio::Pipe).stderr(Stdio::Pipe);
        let mut guest = Guest::from(spawn.spawn().unwrap());
        assert!(guest.try_wait().await.is_none());
        guest.take_stdin().unwrap().write_all(b"text").unwrap();
        assert!(guest.take_stdin().is_none());
        let text = |pipe: Option<PipeReader>| std::io::read_to_string(pipe.unwrap()).unwrap();
        assert_eq!(
            (text(guest.take_stdout()), text(guest.take_stderr())),
            ("text".into(), "reason\n".into())
        );
        let exit = guest.wait().await;
        assert_eq!(guest.try_wait().await, Some(exit));
    })
}

fn a_handler_is_called_with_events() -> Result<(), Lacking> {
    run(async {
        let guest = Guest::start(&paused()).await.unwrap();
        guest.on_event(|event| panic!("{} came", event.name)).unwrap();
        let (sender, mut names) = tokio::sync::mpsc::unbounded_channel();
        guest.on_event(move |event| drop(sender.send(event.name.clone()))).unwrap();
        guest.resume().await.unwrap();
        guest.pause().await.unwrap();
        assert_eq!(names.recv().await.unwrap(), "RESUME");
        assert_eq!(names.recv().await.unwrap(), "STOP");
        guest.kill().unwrap();
        // The task ends with the connection.
        assert_eq!(names.recv().await, None);
        let without = Guest::spawn(&paused()).unwrap();
        assert!(without.on_event(|_| ()).is_err());
    })?;
    Ok(())
}

fn a_task_plugs_and_unplugs() -> Result<(), Lacking> {
    run(async {
        let plan = qemu(&["-M", "pc", "-S", "-device", "virtio-serial-pci,id=s"]);
        let guest = Guest::start(&plan).await.unwrap();
        let chardevs = async || {
            let list = guest.qmp().unwrap().execute_raw("query-chardev", Value::Null).await.unwrap();
            list.as_array().unwrap().len()
        };
        let before = chardevs().await;
        let plugged = guest.plug(devices! { port pty bus=s.0 name=agent }).await.unwrap();
        assert_eq!((plugged.devices, chardevs().await), (vec!["port0".to_owned()], before + 1));
        guest.unplug("port0").await.unwrap();
        assert_eq!(chardevs().await, before);
        let log = File::open("Cargo.toml").unwrap();
        let disk = devices! { disk id=d file="/no/such/file" format=raw readonly fd };
        assert_eq!(guest.plug_with_fds(disk, [("d.0", log)]).await.unwrap().devices, ["d"]);
        let error = guest.plug(devices! { port pty bus=t.0 }).await.unwrap_err();
        let line = line!() - 1;
        assert_eq!(
            error.to_string(),
            format!("{}:{line}:43: the guest has no bus `t.0`: name one that it has", file!())
        );
        let error = guest.unplug_timeout("port0", SHORT).await.unwrap_err();
        assert_eq!(error.to_string(), "the guest has no device `port0`");
    })
}

fn a_guest_costs_four_files_and_two_threads() -> Result<(), Lacking> {
    let (files, _) = at_rest();
    run(async {
        let guests = (Guest::start(&paused()).await.unwrap(), Guest::start(&paused()).await.unwrap());
        // tokio's own for the blocking work of the start has another name.
        let names = fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
        let names = names.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        let mut names: Vec<_> = names.filter(|name| name.starts_with("qemu-")).collect();
        names.sort();
        assert_eq!(names, ["qemu-guest\n", "qemu-guest\n", "qemu-qmp\n", "qemu-qmp\n"]);
        let mut own = open_files();
        own.retain(|number, _| !files.contains_key(number));
        assert_eq!(own.len(), 2 * 4, "{own:?}");
        drop(guests);
    })
}

fn a_guest_ends_with_its_value() -> Result<(), Lacking> {
    let before = at_rest();
    let id = run(async {
        let guest = Guest::start(&paused()).await.unwrap();
        let id = guest.id();
        let waiting = tokio::spawn(async move { drop(guest.wait().await) });
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        until("it is gone", || state_of(id).is_none());
        id
    })?;
    assert!(state_of(id).is_none());
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}

fn a_guest_may_outlive_the_runtime() -> Result<(), Lacking> {
    let guest = run(async { Guest::start(&paused()).await.unwrap() })?;
    let id = guest.id();
    assert!(!run(async { guest.status().await.unwrap().running })?);
    drop(guest);
    assert!(state_of(id).is_none());
    Ok(())
}

fn ten_guests_at_once_leave_nothing() -> Result<(), Lacking> {
    let before = at_rest();
    run(async {
        let mut tasks = JoinSet::new();
        for _ in 0..10 {
            tasks.spawn(async {
                let guest = Guest::start(&paused()).await.unwrap();
                let mut events = guest.qmp().unwrap().events();
                guest.resume().await.unwrap();
                events.wait_for("RESUME", LONG).await.unwrap();
                guest.shutdown(&ShutdownPolicy::new().powerdown(None)).await.unwrap().step
            });
        }
        assert!(tasks.join_all().await.iter().all(|step| *step == ShutdownStep::Quit));
    })?;
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}
