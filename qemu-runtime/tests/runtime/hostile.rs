//! QMP with peers that mean harm: what they cost is counted.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use qemu_runtime::qmp::{Command, Nothing, Qmp, QmpEnd, QmpError, QmpOptions};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::{Value, json};

use crate::host::{Lacking, until};
use crate::memory::peak;
use crate::qmp::{LONG, SHORT, ended};
use crate::stand_in::GREETING;

crate::tests! {
    a_long_event_is_not_kept
    events_are_kept_as_they_came
    what_is_no_text_costs_no_more
    parts_that_nobody_asked_for_are_not_kept
    a_long_greeting_is_no_greeting
    an_answer_is_as_long_as_its_call_allows
    an_answer_to_nobody_is_not_kept
    a_deadline_cuts_reading_short
}

const MIB: usize = 1 << 20;

/// What a connection has beside what it keeps, and what a test has.
const REST: usize = 512 << 10;

/// The other end of a conversation.
pub(crate) struct Peer {
    socket: UnixStream,
    lines: std::io::Lines<BufReader<UnixStream>>,
}

impl Peer {
    /// One that has said nothing yet.
    pub(crate) fn silent(options: QmpOptions) -> (Qmp, Self) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let lines = BufReader::new(theirs.try_clone().unwrap()).lines();
        (Qmp::new(ours, options.timeout(LONG)).unwrap(), Self { socket: theirs, lines })
    }

    /// One that has taken the answer to its greeting.
    pub(crate) fn ready(options: QmpOptions) -> (Qmp, Self) {
        let (qmp, mut peer) = Self::silent(options);
        peer.say(GREETING);
        assert!(peer.hear().contains("qmp_capabilities"));
        peer.say(r#"{"return": {}, "id": 0}"#);
        qmp.ready(LONG).unwrap();
        (qmp, peer)
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.socket, "{line}").unwrap();
    }

    /// A line with much in the middle: so many bytes at least, of a piece that is said again and again.
    pub(crate) fn say_long(&mut self, before: &str, piece: &[u8], bytes: usize, after: &str) {
        let pieces = piece.repeat((32 << 10) / piece.len());
        self.socket.write_all(before.as_bytes()).unwrap();
        let mut left = bytes.next_multiple_of(piece.len());
        while left > 0 {
            let part = &pieces[..left.min(pieces.len())];
            // A connection that has ended is the test's matter.
            if self.socket.write_all(part).is_err() {
                return;
            }
            left -= part.len();
        }
        let _ = writeln!(self.socket, "{after}");
    }

    pub(crate) fn hear(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

fn a_long_event_is_not_kept() -> Result<(), Lacking> {
    let (qmp, mut peer) = Peer::ready(QmpOptions::new());
    let mut events = qmp.events();
    let (event, peak) = peak(|| {
        peer.say_long(r#"{"event": "LONG", "data": ["#, b"[],", 5 * MIB, "0]}");
        events.next(LONG).unwrap()
    });
    // It is copied once as it grows.
    assert!(peak < 2 * MIB + REST, "{peak}");
    assert_eq!(event.name, "LONG");
    let error = event.data::<Value>().unwrap_err();
    assert_eq!(error.to_string(), "LONG: what the event says can't be read");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "it is of more than 1048576 bytes");
    // The next one is as any.
    peer.say(r#"{"event": "E", "data": {"a": 1}}"#);
    assert_eq!(events.next(LONG).unwrap().data::<Value>().unwrap(), json!({ "a": 1 }));
    Ok(())
}

fn events_are_kept_as_they_came() -> Result<(), Lacking> {
    let (qmp, mut peer) = Peer::ready(QmpOptions::new());
    let mut events = qmp.events();
    let ((), peak) = peak(|| {
        for _ in 0..40 {
            peer.say_long(r#"{"event": "E", "data": ["#, b"[],", MIB - 100, "0]}");
        }
        peer.say(r#"{"event": "LAST"}"#);
        while let Err(error) = events.wait_for("LAST", LONG) {
            assert!(matches!(error, QmpError::Lagged { .. }), "{error}");
        }
        let lagged = qmp.events_from_start().next(LONG).unwrap_err();
        assert!(matches!(lagged, QmpError::Lagged { missed: 20.. }), "{lagged}");
    });
    assert!((15 * MIB..16 * MIB + 2 * MIB + REST).contains(&peak), "{peak}");
    Ok(())
}

fn what_is_no_text_costs_no_more() -> Result<(), Lacking> {
    let (qmp, mut peer) = Peer::ready(QmpOptions::new());
    let mut events = qmp.events();
    let ((), took) = peak(|| {
        peer.say_long(r#"{"event": "E", "data": ""#, b"\xff", 5 * MIB, r#""}"#);
        assert!(events.next(LONG).unwrap().data::<String>().is_err());
        peer.say_long(r#"{"event": "E", "data": ""#, b"\xff", MIB / 2, r#""}"#);
        assert!(events.next(LONG).unwrap().data::<String>().is_err());
    });
    assert!(took < 2 * MIB + REST, "{took}");
    let (error, took) = peak(|| {
        thread::scope(|scope| {
            let call = scope.spawn(|| qmp.execute_raw("x", Value::Null).unwrap_err());
            peer.hear();
            peer.say_long(r#"{"return": ""#, b"\xff", 4 * MIB, r#"", "id": 1}"#);
            call.join().unwrap()
        })
    });
    assert!(matches!(error, QmpError::Type { .. }), "{error}");
    // A string is put together, and copied once as it grows.
    assert!(took < 4 * 4 * MIB + REST, "{took}");
    let (error, took) = peak(|| {
        peer.say_long("", b"\xff", 5 * MIB, "");
        events.next(LONG).unwrap_err()
    });
    assert!(matches!(ended(&error), QmpEnd::Garbage { greeting: false, .. }), "{error}");
    assert!(took < REST, "{took}");
    Ok(())
}

fn parts_that_nobody_asked_for_are_not_kept() -> Result<(), Lacking> {
    let (qmp, mut peer) = Peer::ready(QmpOptions::new());
    let mut events = qmp.events();
    let ((), took) = peak(|| {
        peer.say_long(r#"{"event": "E""#, br#","a":1"#, 5 * MIB, "}");
        assert_eq!(events.next(LONG).unwrap().name, "E");
        peer.say_long(r#"{"event": "E", "x": ""#, b"x", 5 * MIB, r#""}"#);
        assert_eq!(events.next(LONG).unwrap().name, "E");
        peer.say_long(r#"{"event": "E", ""#, b"x", 5 * MIB, r#"": 1}"#);
        assert_eq!(events.next(LONG).unwrap().name, "E");
        peer.say_long(r#"{"event": "E", "timestamp": ["#, b"[],", 5 * MIB, "0]}");
        assert_eq!(events.next(LONG).unwrap().time, None);
    });
    assert!(took < REST, "{took}");
    let (error, took) = peak(|| {
        peer.say_long(r#"{"event": ""#, b"x", 5 * MIB, r#""}"#);
        events.next(LONG).unwrap_err()
    });
    assert!(matches!(ended(&error), QmpEnd::Garbage { .. }), "{error}");
    assert!(took < REST, "{took}");
    Ok(())
}

fn a_long_greeting_is_no_greeting() -> Result<(), Lacking> {
    let greet = |peer: &mut Peer, bytes: usize| {
        let version = r#"{"qemu": {"major": 7, "minor": 2, "micro": 0}}"#;
        let before = format!(r#"{{"QMP": {{"version": {version}, "capabilities": [""#);
        peer.say_long(&before, br#"",""#, bytes, r#""]}}"#);
    };
    let (qmp, mut peer) = Peer::silent(QmpOptions::new());
    let (greeting, took) = peak(|| {
        greet(&mut peer, 9 << 10);
        peer.hear();
        peer.say(r#"{"return": {}, "id": 0}"#);
        qmp.ready(LONG).unwrap()
    });
    assert_eq!(greeting.capabilities.len(), (3 << 10) + 1);
    assert!(took < REST, "{took}");

    let (qmp, mut peer) = Peer::silent(QmpOptions::new());
    let (error, took) = peak(|| {
        greet(&mut peer, 4 * MIB);
        qmp.ready(LONG).unwrap_err()
    });
    assert!(matches!(ended(&error), QmpEnd::Garbage { greeting: true, .. }), "{error}");
    assert!(took < REST, "{took}");
    Ok(())
}

#[derive(Serialize)]
struct Much {}

impl Command for Much {
    type Ok = Nothing;
    const NAME: &'static str = "much";
    const ALLOW_OOB: bool = false;
}

fn an_answer_is_as_long_as_its_call_allows() -> Result<(), Lacking> {
    let (qmp, mut peer) = Peer::ready(QmpOptions::new().answer_limit(3 * MIB));
    let long = |peer: &mut Peer, bytes: usize, id: u64| {
        // Two of them are quotes.
        peer.say_long(r#"{"return": ""#, b"x", bytes - 2, &format!(r#"", "id": {id}}}"#));
    };
    for (id, bytes) in (1..).zip([3 * MIB, 3 * MIB + 1, 5 * MIB]) {
        let (answer, took) = peak(|| {
            thread::scope(|scope| {
                let call = scope.spawn(|| qmp.execute(&Much {}));
                peer.hear();
                long(&mut peer, bytes, id);
                call.join().unwrap()
            })
        });
        // It is copied once as it grows.
        assert!(took < 6 * MIB + REST, "{took}");
        match answer {
            Ok(Nothing) => assert_eq!(id, 1),
            Err(error) => {
                assert!(id > 1);
                assert_eq!(
                    error.to_string(),
                    "much: its answer has more than 3145728 bytes: allow it more (`answer_limit`)"
                );
            }
        }
    }
    // One call's is no other's.
    thread::scope(|scope| {
        let more = scope.spawn(|| qmp.call_raw("x", Value::Null).answer_limit(12 * MIB).execute());
        peer.hear();
        let less = scope.spawn(|| qmp.call(&Much {}).answer_limit(10).execute());
        peer.hear();
        long(&mut peer, 12 * MIB, 4);
        peer.say(r#"{"return": "123456789", "id": 5}"#);
        assert_eq!(more.join().unwrap().unwrap().as_str().unwrap().len(), 12 * MIB - 2);
        assert!(matches!(less.join().unwrap(), Err(QmpError::TooLong { limit: 10, .. })));
    });
    Ok(())
}

fn an_answer_to_nobody_is_not_kept() -> Result<(), Lacking> {
    let (qmp, mut peer) = Peer::ready(QmpOptions::new());
    let mut events = qmp.events();
    let ((), took) = peak(|| {
        let error = qmp.call(&Much {}).timeout(SHORT).execute().unwrap_err();
        assert!(matches!(error, QmpError::Timeout { .. }), "{error}");
        peer.say_long(r#"{"return": ""#, b"x", 5 * MIB, r#"", "id": 1}"#);
        peer.say(r#"{"event": "E"}"#);
        events.next(LONG).unwrap();
    });
    assert!(took < 2 * MIB + REST, "{took}");
    Ok(())
}

/// A list that somebody takes their time to read.
pub(crate) struct Slow;

/// What was read of it.
pub(crate) static READ: AtomicUsize = AtomicUsize::new(0);

/// How much must have been read for it to go on.
pub(crate) static GOES_ON: AtomicUsize = AtomicUsize::new(0);

impl<'de> Deserialize<'de> for Slow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Slow;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Slow, A::Error> {
                while elements.next_element::<u8>()?.is_some() {
                    READ.fetch_add(1, Ordering::SeqCst);
                    until("it goes on", || GOES_ON.load(Ordering::SeqCst) > 0);
                }
                Ok(Slow)
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

#[derive(Serialize)]
pub(crate) struct ReadSlowly {}

impl Command for ReadSlowly {
    type Ok = Slow;
    const NAME: &'static str = "read-slowly";
    const ALLOW_OOB: bool = false;
}

fn a_deadline_cuts_reading_short() -> Result<(), Lacking> {
    let (qmp, mut peer) = Peer::ready(QmpOptions::new());
    // On a machine that is busy the answer may come too late to be read at all.
    for (id, seconds) in (1..).zip([1, 5, 20]) {
        READ.store(0, Ordering::SeqCst);
        GOES_ON.store(0, Ordering::SeqCst);
        let timeout = Duration::from_secs(seconds);
        let error = thread::scope(|scope| {
            let call = scope.spawn(|| qmp.call(&ReadSlowly {}).timeout(timeout).execute().err().unwrap());
            peer.hear();
            peer.say_long(r#"{"return": ["#, b"0,", MIB, &format!(r#"0], "id": {id}}}"#));
            thread::sleep(timeout);
            GOES_ON.store(1, Ordering::SeqCst);
            call.join().unwrap()
        });
        assert_eq!(error.to_string(), format!("read-slowly: no answer within {timeout:?}"));
        match READ.load(Ordering::SeqCst) {
            0 => {}
            // What was there to read when it was over, and no more.
            read => {
                assert!(read <= 64 << 10, "{read} elements were read");
                return Ok(());
            }
        }
    }
    panic!("nothing was read in 20 seconds");
}
