//! A stand-in for QEMU that has a machine without anything, and takes devices.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process;

use serde_json::{Value, json};

use crate::stand_in::{GREETING, conversation};

/// Takes each command and writes it down. Its `fault` is a command that it refuses, or what it does otherwise than QEMU.
pub(crate) fn take(log: &str, fault: &str) {
    let mut log = File::create(log).unwrap();
    let mut socket = conversation();
    let lines = BufReader::new(socket.try_clone().unwrap()).lines();
    writeln!(socket, "{GREETING}").unwrap();
    let ram = ("object", "ram".to_owned());
    let is_running = fault != "paused";
    let mut machine = Machine { fault, is_running, things: vec![ram], events: Vec::new() };
    for line in lines.map_while(Result::ok) {
        let mut command: Value = serde_json::from_str(&line).unwrap();
        let (name, arguments) = (command["execute"].take(), command["arguments"].take());
        let name = name.as_str().unwrap();
        if !name.starts_with("q") {
            writeln!(log, "{name} {arguments}").unwrap();
        }
        let mut answer = match machine.answer(name, &arguments) {
            Ok(value) => json!({ "return": value }),
            Err(class) => json!({ "error": { "class": class, "desc": "no" } }),
        };
        answer["id"] = command["id"].take();
        for (event, data) in machine.events.drain(..) {
            writeln!(socket, "{}", json!({ "event": event, "data": data })).unwrap();
        }
        writeln!(socket, "{answer}").unwrap();
    }
}

struct Machine<'f> {
    fault: &'f str,
    is_running: bool,
    /// The command's words that added each, and its id.
    things: Vec<(&'static str, String)>,
    events: Vec<(&'static str, Value)>,
}

impl Machine<'_> {
    fn answer(&mut self, command: &str, arguments: &Value) -> Result<Value, &'static str> {
        let text = |key: &str| arguments[key].as_str().unwrap_or_default().to_owned();
        if command == self.fault {
            return Err("GenericError");
        }
        match command {
            "device_add" if self.fault == "death" => process::exit(9),
            "device_add" if text("id") == "refused" => return Err("GenericError"),
            "device_add" => self.add("device", text("id")),
            "netdev_add" => {
                self.add("netdev", text("id"));
                if self.fault == "half of a netdev" {
                    return Err("GenericError");
                }
            }
            "object-add" => self.add("object", text("id")),
            "chardev-add" => self.add("chardev", text("id")),
            "blockdev-add" => self.add("node", text("node-name")),
            "add-fd" => {
                self.add("set", arguments["fdset-id"].to_string());
                return Ok(json!({ "fdset-id": arguments["fdset-id"], "fd": 20 }));
            }
            "device_del" => self.release(text("id"))?,
            "netdev_del" => {
                // QEMU would take it from under its device.
                assert!(!self.has("device", &text("id")), "{arguments}");
                self.remove("netdev", text("id"))?;
                if self.fault == "chardevs go with netdevs" {
                    self.things.retain(|(kind, _)| *kind != "chardev");
                }
            }
            "object-del" => self.remove("object", text("id"))?,
            "chardev-remove" => self.remove("chardev", text("id"))?,
            "blockdev-del" => self.remove("node", text("node-name"))?,
            // As QEMU 7.2, which agrees in any case.
            "remove-fd" if !self.is_running => {}
            "remove-fd" => self.remove("set", arguments["fdset-id"].to_string())?,
            "cont" => self.is_running = true,
            "qom-list" => return self.list(&text("path")),
            "qom-get" if text("path") == "/objects/ram" => return Ok(true.into()),
            "qom-get" => return Err("GenericError"),
            "query-name" => return Ok(json!({ "name": "web" })),
            "query-status" => {
                let status = if self.is_running { "running" } else { "paused" };
                return Ok(json!({ "running": self.is_running, "status": status }));
            }
            "query-chardev" => return Ok(self.all("chardev", |id| json!({ "label": id }))),
            "query-named-block-nodes" => return Ok(self.all("node", |id| json!({ "node-name": id }))),
            "query-fdsets" => {
                return Ok(self.all("set", |id| json!({ "fdset-id": id.parse::<i64>().unwrap(), "fds": [] })));
            }
            "query-block" => return Ok(json!([])),
            "human-monitor-command" => {
                let netdevs = self.things.iter().filter(|(kind, _)| *kind == "netdev");
                let lines: Vec<_> = netdevs.map(|(_, id)| format!("{id}: index=0,type=tap")).collect();
                return Ok(lines.join("\r\n").into());
            }
            _ => {}
        }
        Ok(json!({}))
    }

    fn has(&self, kind: &str, id: &str) -> bool {
        self.things.iter().any(|(own, other)| *own == kind && other == id)
    }

    fn add(&mut self, kind: &'static str, id: String) {
        self.things.push((kind, id));
    }

    fn remove(&mut self, kind: &'static str, id: String) -> Result<(), &'static str> {
        if !self.has(kind, &id) {
            return Err(if kind == "device" { "DeviceNotFound" } else { "GenericError" });
        }
        self.things.retain(|(own, other)| *own != kind || *other != id);
        Ok(())
    }

    fn release(&mut self, id: String) -> Result<(), &'static str> {
        let path = format!("/machine/peripheral/{id}");
        match self.fault {
            "DEVICE_UNPLUG_GUEST_ERROR" => {
                self.events.push(("DEVICE_UNPLUG_GUEST_ERROR", json!({ "device": id, "path": path })));
            }
            "MEM_UNPLUG_ERROR" => {
                self.events.push(("MEM_UNPLUG_ERROR", json!({ "device": id, "msg": "no" })));
            }
            fault => {
                self.remove("device", id.clone())?;
                let deleted = ("DEVICE_DELETED", json!({ "device": id, "path": path }));
                match fault {
                    "silent releases" => {}
                    // More than are kept.
                    "many events" => {
                        let others = (0..5000).map(|_| ("RTC_CHANGE", json!({})));
                        self.events.extend([deleted].into_iter().chain(others));
                    }
                    _ => self.events.push(deleted),
                }
            }
        }
        Ok(())
    }

    fn list(&self, path: &str) -> Result<Value, &'static str> {
        let children = |kind| self.all(kind, |id| json!({ "name": id, "type": "child<thing>" }));
        match path {
            "/machine/peripheral" => Ok(children("device")),
            "/objects" => Ok(children("object")),
            "/machine/peripheral-anon" => Ok(json!([])),
            path => {
                let id = path.strip_prefix("/machine/peripheral/").unwrap_or_default();
                if self.has("device", id) { Ok(json!([])) } else { Err("DeviceNotFound") }
            }
        }
    }

    fn all(&self, kind: &str, item: impl Fn(&str) -> Value) -> Value {
        self.things.iter().filter(|(own, _)| *own == kind).map(|(_, id)| item(id)).collect()
    }
}
