//! A line of QEMU's, taken apart while it comes: an object of JSON, of which no more is kept than it may have.
//!
//! Only its form is looked at, and each byte once. What its parts say is read by whoever wants to know.

use std::mem;

use super::text::{Text, UNASKED, read};
use super::{Event, Greeting};

/// The same of its greeting, of whose small parts each costs many times its text. It has about 150.
const GREETING: usize = 16 << 10;

/// The same of what is short.
const SHORT: usize = 1 << 10;

/// What a line says.
pub(super) enum Message {
    Greeting(Greeting),
    Event(Event),
    /// Its id says which command it answers. What has none answers a line that QEMU couldn't read.
    Answer {
        id: Option<u64>,
        answer: Answer,
    },
    /// It answers nothing that was sent here.
    Foreign,
}

/// What QEMU answers a command. One that is too long is not kept.
pub(super) enum Answer {
    Returned(Text),
    Refused(Text),
}

/// What comes is no QMP.
#[derive(Debug)]
pub(super) struct NoQmp;

#[derive(Default)]
pub(super) struct Line {
    /// Its beginning, for whoever complains of it.
    start: Vec<u8>,
    at: At,
    /// How many brackets are open in a value, and whether a string is.
    depth: usize,
    string: Quote,
    key: Part,
    member: Member,
    id: Part,
    event: Part,
    timestamp: Part,
    /// What it carries, and as what.
    payload: Option<(Carried, Part)>,
}

/// What comes next.
#[derive(Default)]
enum At {
    #[default]
    Start,
    Key,
    InKey,
    Colon,
    Value,
    InValue,
    Comma,
    End,
}

#[derive(Clone, Copy, Default)]
enum Quote {
    #[default]
    Closed,
    Open,
    /// Behind a backslash.
    Escape,
}

/// Whose value it is that comes.
#[derive(Clone, Copy, Default)]
enum Member {
    Id,
    Event,
    Timestamp,
    Payload(Carried),
    #[default]
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Carried {
    Greeting,
    Data,
    Return,
    Error,
}

impl Line {
    /// Takes what has come of it, with its end at most. Of what answers a command so many bytes are kept.
    ///
    /// # Errors
    ///
    /// Where that isn't how an object begins or goes on.
    pub(super) fn push(&mut self, bytes: &[u8], answer: usize) -> Result<(), NoQmp> {
        /// How much is shown.
        const START: usize = 200;

        let start = bytes.iter().take(START.saturating_sub(self.start.len()));
        self.start.extend(start);
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            if matches!(self.at, At::InValue) {
                let (value, after) = rest.split_at_checked(self.value(rest)).unwrap_or((rest, &[]));
                self.keep(value, answer);
                rest = after;
                continue;
            }
            let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            match (&self.at, byte) {
                (At::InKey, _) => self.key_goes_on(*byte),
                (_, _) if is_space => {}
                (At::Start, b'{') => self.at = At::Key,
                (At::Key, b'"') => {
                    (self.at, self.string, self.key) = (At::InKey, Quote::Open, Part::default());
                }
                (At::Colon, b':') => self.at = At::Value,
                (At::Value, _) => {
                    self.begin();
                    // It is the value's.
                    continue;
                }
                (At::Comma, b',') => self.at = At::Key,
                (At::Key | At::Comma, b'}') => self.at = At::End,
                _ => return Err(NoQmp),
            }
            rest = after;
        }
        Ok(())
    }

    fn key_goes_on(&mut self, byte: u8) {
        match (self.string, byte) {
            (Quote::Open, b'"') => (self.at, self.string) = (At::Colon, Quote::Closed),
            (Quote::Open, b'\\') => self.string = Quote::Escape,
            _ => self.string = Quote::Open,
        }
        if !matches!(self.at, At::Colon) {
            self.key.push(&[byte], SHORT);
        }
    }

    /// Begins the value of the key that has come.
    fn begin(&mut self) {
        self.member = match &*self.key.bytes {
            b"id" => Member::Id,
            b"event" => Member::Event,
            b"timestamp" => Member::Timestamp,
            b"QMP" => Member::Payload(Carried::Greeting),
            b"data" => Member::Payload(Carried::Data),
            b"return" => Member::Payload(Carried::Return),
            b"error" => Member::Payload(Carried::Error),
            _ => Member::Other,
        };
        // Of two values of one name the last counts.
        match self.member {
            Member::Id => self.id = Part::default(),
            Member::Event => self.event = Part::default(),
            Member::Timestamp => self.timestamp = Part::default(),
            Member::Payload(carried) => self.payload = Some((carried, Part::default())),
            Member::Other => {}
        }
        (self.at, self.depth, self.string) = (At::InValue, 0, Quote::Closed);
    }

    /// How many of the bytes belong to the value that is coming. It may end with them.
    fn value(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            let ends = match (self.string, byte) {
                (Quote::Escape, _) => {
                    self.string = Quote::Open;
                    false
                }
                (Quote::Open, b'\\') => {
                    self.string = Quote::Escape;
                    false
                }
                (Quote::Open, b'"') => {
                    self.string = Quote::Closed;
                    self.depth == 0
                }
                (Quote::Open, _) => false,
                (Quote::Closed, b'"') => {
                    self.string = Quote::Open;
                    false
                }
                (Quote::Closed, b'[' | b'{') => {
                    self.depth += 1;
                    false
                }
                // What ends a number, or a word, isn't part of it.
                (Quote::Closed, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n') if self.depth == 0 => {
                    self.at = At::Comma;
                    return index;
                }
                (Quote::Closed, b']' | b'}') => {
                    self.depth -= 1;
                    self.depth == 0
                }
                _ => false,
            };
            if ends {
                self.at = At::Comma;
                return index + 1;
            }
        }
        bytes.len()
    }

    fn keep(&mut self, value: &[u8], answer: usize) {
        match self.member {
            Member::Id => self.id.push(value, SHORT),
            Member::Event => self.event.push(value, SHORT),
            Member::Timestamp => self.timestamp.push(value, SHORT),
            Member::Payload(carried) => {
                let limit = match carried {
                    Carried::Greeting => GREETING,
                    Carried::Data => UNASKED,
                    Carried::Return | Carried::Error => answer.max(UNASKED),
                };
                if let Some((_, payload)) = &mut self.payload {
                    payload.push(value, limit);
                }
            }
            Member::Other => {}
        }
    }

    /// Whether nothing has come of it.
    pub(super) const fn is_empty(&self) -> bool {
        self.start.is_empty()
    }

    /// Its beginning as a text.
    pub(super) fn start(&self) -> String {
        String::from_utf8_lossy(self.start.trim_ascii()).into_owned()
    }

    /// What it says, now that it has ended: nothing where it is empty.
    ///
    /// # Errors
    ///
    /// Where it is no QMP.
    pub(super) fn end(&mut self) -> Result<Option<Message>, NoQmp> {
        match self.at {
            At::Start => Ok(None),
            At::End => self.message().map(Some).ok_or(NoQmp),
            _ => Err(NoQmp),
        }
    }

    fn message(&mut self) -> Option<Message> {
        let (carried, payload) = self.payload.take().map(|(carried, part)| (carried, part.text())).unzip();
        let payload = payload.flatten();
        if carried == Some(Carried::Greeting) {
            return read(&payload?).map(Message::Greeting);
        }
        if let Some(name) = mem::take(&mut self.event).there() {
            let data = if carried == Some(Carried::Data) { payload } else { Some(b"null".to_vec()) };
            let timestamp = mem::take(&mut self.timestamp).there();
            return Some(Message::Event(Event::of(read(&name?)?, data, timestamp.flatten())));
        }
        let answer = match carried? {
            Carried::Return => Answer::Returned(payload),
            Carried::Error => Answer::Refused(payload),
            Carried::Greeting | Carried::Data => return None,
        };
        Some(match (mem::take(&mut self.id).there(), answer) {
            (None, Answer::Returned(_)) => Message::Foreign,
            (None, answer) => Message::Answer { id: None, answer },
            (Some(id), answer) => match id.and_then(|id| read(&id)) {
                Some(id) => Message::Answer { id: Some(id), answer },
                None => Message::Foreign,
            },
        })
    }
}

/// A part of a line, as far as it has come.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Part {
    fn push(&mut self, more: &[u8], limit: usize) {
        let length = self.bytes.len() + more.len();
        if self.too_long || length > limit {
            *self = Self { bytes: Vec::new(), too_long: true };
            return;
        }
        // It grows as a `Vec` does by itself, but not beyond the limit.
        if length > self.bytes.capacity() {
            let grown = length.max(limit.min(2 * self.bytes.capacity()));
            self.bytes.reserve_exact(grown - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
    }

    fn text(mut self) -> Text {
        self.bytes.shrink_to_fit();
        (!self.too_long).then_some(self.bytes)
    }

    /// The text, where there is a value.
    fn there(self) -> Option<Text> {
        (self.too_long || !self.bytes.is_empty()).then(|| self.text())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

    use super::*;

    /// What a line says that comes in pieces of so many bytes.
    fn message(line: &[u8], piece: usize, answer: usize) -> Result<Option<Message>, NoQmp> {
        let mut all = Line::default();
        line.chunks(piece).try_for_each(|piece| all.push(piece, answer))?;
        all.end()
    }

    fn shown(line: &[u8], piece: usize) -> String {
        let text = |text: Text| text.map_or("too long".into(), |text| String::from_utf8(text).unwrap());
        match message(line, piece, 0) {
            Err(NoQmp) => "no QMP".into(),
            Ok(None) => "nothing".into(),
            Ok(Some(Message::Greeting(greeting))) => format!("greeting {}", greeting.version.qemu.major),
            Ok(Some(Message::Event(event))) => {
                format!("event {} {}", event.name, event.data::<serde_json::Value>().unwrap())
            }
            Ok(Some(Message::Answer { id, answer: Answer::Returned(returned) })) => {
                format!("{id:?} returns {}", text(returned))
            }
            Ok(Some(Message::Answer { id, answer: Answer::Refused(refused) })) => {
                format!("{id:?} refuses {}", text(refused))
            }
            Ok(Some(Message::Foreign)) => "foreign".into(),
        }
    }

    #[test]
    fn lines_are_taken_apart_wherever_they_are_cut() {
        for (line, expected) in [
            (r#"{"return": {}, "id": 1}"#, "Some(1) returns {}"),
            ("{\"return\": {}, \"id\": 1}\r\n", "Some(1) returns {}"),
            (r#"{"id":12,"return":"a\"b\\"}"#, r#"Some(12) returns "a\"b\\""#),
            (r#"{"id": 3 , "return" : -5e3 }"#, "Some(3) returns -5e3"),
            (r#"{"return":true,"id":4}"#, "Some(4) returns true"),
            (
                r#"{"return": [{"id": 9, "}": "]"}, [[]]], "id": 5}"#,
                r#"Some(5) returns [{"id": 9, "}": "]"}, [[]]]"#,
            ),
            (r#"{"error": {"class": "X"}, "id": 6}"#, r#"Some(6) refuses {"class": "X"}"#),
            (r#"{"error": {}}"#, "None refuses {}"),
            (r#"{"return": {}}"#, "foreign"),
            (r#"{"return": {}, "id": "x"}"#, "foreign"),
            (r#"{"return": {}, "id": -1}"#, "foreign"),
            (r#"{"return": 1, "return": 2, "id": 1, "id": 2}"#, "Some(2) returns 2"),
            (r#"{"timestamp": {"seconds": 1}, "event": "STOP"}"#, "event STOP null"),
            (r#"{"event": "E", "data": {"a": ["\u005d"]}}"#, r#"event E {"a":["]"]}"#),
            (r#"{"data": 1, "\"event": 2, "more": [], "event": "E"}"#, "event E 1"),
            (r#"{"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}}}, "a": 1}"#, "greeting 7"),
            (r#"{"QMP": {}}"#, "no QMP"),
            (r#"{"event": 1}"#, "no QMP"),
            (r#"{"data": 1}"#, "no QMP"),
            ("{}", "no QMP"),
            ("", "nothing"),
            (" \r\n", "nothing"),
            ("\u{ff}", "no QMP"),
            ("[]", "no QMP"),
            (r#"{"return": {}, "id": 1"#, "no QMP"),
            (r#"{"return": {}, "id": 1}}"#, "no QMP"),
            (r#"{"return": {}} {"id": 1}"#, "no QMP"),
            (r#"{"return" {}, "id": 1}"#, "no QMP"),
            (r#"{"return": {} "id": 1}"#, "no QMP"),
            (r#"{return: {}, "id": 1}"#, "no QMP"),
            (r#"{"return": ], "id": 1}"#, "no QMP"),
        ] {
            for piece in [1, 2, 3, 7, 1000] {
                assert_eq!(shown(line.as_bytes(), piece), expected, "{line} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let line = |before: &str, bytes: usize, after: &str| {
            [before.as_bytes(), &vec![b'x'; bytes], after.as_bytes()].concat()
        };
        let returned = |line: &[u8], answer| match message(line, 1 << 16, answer).unwrap() {
            Some(Message::Answer { id: Some(7), answer: Answer::Returned(returned) }) => {
                returned.map(|returned| (returned.len(), returned.capacity()))
            }
            _ => panic!("it has no id"),
        };
        let long = line(r#"{"return": ""#, 3 << 20, r#"", "id": 7}"#);
        assert_eq!(returned(&long, 0), None);
        assert_eq!(returned(&long, 3 << 20), None);
        assert_eq!(returned(&long, 2 + (3 << 20)), Some((2 + (3 << 20), 2 + (3 << 20))));
        assert_eq!(returned(&line(r#"{"id": 7, "return": ""#, 3 << 20, r#""}"#), 0), None);

        let mut all = Line::default();
        all.push(br#"{"data": ["#, 0).unwrap();
        for _ in 0..300 {
            all.push(&[b'['; 1 << 15], 0).unwrap();
            assert!(all.payload.iter().all(|(_, part)| part.bytes.capacity() <= UNASKED));
        }
        let short = 2 * SHORT;
        for (before, after, expected) in [
            (r#"{"event": ""#, r#""}"#, "no QMP"),
            (r#"{"return": 1, "id": ""#, r#""}"#, "foreign"),
            (r#"{"timestamp": ""#, r#"", "event": "E"}"#, "event E null"),
            (r#"{""#, r#"": 1, "event": "E"}"#, "event E null"),
        ] {
            assert_eq!(shown(&line(before, short, after), 100), expected);
        }
        let greeting = line(
            r#"{"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}}, "x": ""#,
            GREETING,
            r#""}}"#,
        );
        assert!(message(&greeting, 1000, 0).is_err());
    }
}
