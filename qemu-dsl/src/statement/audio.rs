//! `audio`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::model::{Maybe, Property, Val};
use crate::print::{Emit as _, Lowering};
use crate::qemu::changes;
use crate::schema::{self, Kind, Lookup};
use crate::source::Node;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::suggest::did_you_mean;
use crate::table::{Bare, Section};
use crate::value::{IdText, choice};

statement! {
    /// A sound card, and where on the host it is heard.
    STATEMENT "audio" many settled Devices [Backed, Card]
    example "audio none model=hda codec=duplex"
}

id_kinds! {
    /// The ids of audio backends and their sound cards.
    AudioId "audio" of "audiodev"
    /// The ids of cards whose backend stands elsewhere.
    SoundId "sound"
}

choice! {
    /// A sound card, by the word that QEMU's `-audio` has for it.
    Model {
        Hda "hda": "Intel's HD Audio (ICH6): for each guest that isn't very old",
        Ich9Hda "ich9-hda": "the same as ICH9 has it",
        Ac97 "ac97": "Intel's 82801AA (AC97)",
        Es1370 "es1370": "Ensoniq's ES1370",
        Sb16 "sb16": "Creative's Sound Blaster 16",
        Adlib "adlib": "Yamaha's YM3812 (AdLib)",
        Gus "gus": "Gravis's Ultrasound",
        Cs4231a "cs4231a": "Crystal's CS4231A",
        Usb "usb": "a device of USB, which needs a controller",
        Virtio "virtio": "virtio-sound",
        Pcspk "pcspk": "the loudspeaker that a PC has",
    }
}

choice! {
    /// What can be heard and recorded.
    Codec {
        Duplex "duplex": "it plays, and records what comes in",
        Output "output": "it plays",
        Micro "micro": "it plays, and records from a microphone",
    }
}

form! {
    /// Where on the host the guest is heard, and the card. Others can share the backend: `audio model=ac97 audiodev=ID`.
    Backed kinds [
        "none": "nowhere",
        "alsa": "by ALSA",
        "coreaudio": "by Core Audio (macOS)",
        "dbus": "by whoever asks for it over D-Bus: `display dbus`" { &changes::AUDIO_DBUS },
        "dsound": "by DirectSound (Windows)",
        "jack": "by JACK",
        "oss": "by OSS",
        "pa": "by PulseAudio",
        "pipewire": "by PipeWire" { &changes::AUDIO_PIPEWIRE },
        "sdl": "by SDL",
        "sndio": "by sndio (BSD)" { &changes::AUDIO_SNDIO },
        "spice": "by clients of `display spice`",
        "wav": "in a file, which has what is played",
    ] {
        /// Its id: that of the backend, and where it is written of the card too.
        id "id": Id<AudioId>,
        /// The backend's id, where that isn't the card's.
        audiodev "audiodev": OptionalId<AudioId>,
        /// The card. Without it: none, and others may refer to the backend.
        model "model": Option<Val<Model>>,
        /// For `hda` and `ich9-hda`: what the card has.
        codec "codec": Option<Val<Codec>> { default: "duplex" },
    } with Virtio
    open properties: Bare::On, "Any property of the backend, such as `timer-period=1000`, `out.frequency=48000`, \
                                `in.mixing-engine=off`, or `path=` of `wav`; or of the card."
}

form! {
    /// A card that is heard by a backend of another statement.
    Card {
        /// The card's id.
        id "id": Id<SoundId>,
        /// The backend's id.
        audiodev "audiodev": Val<IdText>,
        /// The card.
        model "model": Val<Model>,
        /// For `hda` and `ich9-hda`: what the card has.
        codec "codec": Option<Val<Codec>> { default: "duplex" },
    } with Virtio
    open properties: Bare::On, "Any property of the card."
}

/// What each backend has beside what all have: properties of it, and of each of its directions, `in.` and `out.`.
const BACKENDS: &[(&str, &[&str], &[&str])] = &[
    ("alsa", &["threshold"], &["dev", "period-length", "try-poll"]),
    ("coreaudio", &[], &["buffer-count"]),
    ("dbus", &["nsamples"], &[]),
    ("dsound", &["latency"], &[]),
    ("jack", &[], &["client-name", "connect-ports", "exact-name", "server-name", "start-server"]),
    ("oss", &["dsp-policy", "exclusive", "try-mmap"], &["buffer-count", "dev", "try-poll"]),
    ("pa", &["server"], &["latency", "name", "stream-name"]),
    ("pipewire", &[], &["latency", "name", "stream-name"]),
    ("sdl", &[], &["buffer-count"]),
    ("sndio", &["dev", "latency"], &[]),
    ("wav", &["path"], &[]),
];

/// What all have.
const DIRECTION: &[&str] =
    &["buffer-length", "channels", "fixed-settings", "format", "frequency", "mixing-engine", "voices"];

/// The names of a backend's properties.
fn properties_of(backend: &str) -> Vec<String> {
    let (own, directed) = BACKENDS
        .iter()
        .find(|(name, ..)| *name == backend)
        .map_or((&[][..], &[][..]), |(_, own, directed)| (own, directed));
    let mut names: Vec<String> = own.iter().chain(&["timer-period"]).map(|name| (*name).to_owned()).collect();
    for direction in ["in", "out"] {
        names.extend(directed.iter().chain(DIRECTION).map(|name| format!("{direction}.{name}")));
    }
    names
}

impl Model {
    /// The device, without its transport, and the one that sits on its bus.
    const fn devices(self, codec: Codec) -> (&'static str, Option<&'static str>) {
        let codec = match codec {
            Codec::Duplex => "hda-duplex",
            Codec::Output => "hda-output",
            Codec::Micro => "hda-micro",
        };
        match self {
            Self::Hda => ("intel-hda", Some(codec)),
            Self::Ich9Hda => ("ich9-intel-hda", Some(codec)),
            Self::Ac97 => ("AC97", None),
            Self::Es1370 => ("ES1370", None),
            Self::Sb16 => ("sb16", None),
            Self::Adlib => ("adlib", None),
            Self::Gus => ("gus", None),
            Self::Cs4231a => ("cs4231a", None),
            Self::Usb => ("usb-audio", None),
            Self::Virtio => ("virtio-sound", None),
            Self::Pcspk => ("", None),
        }
    }

    /// Whether a QEMU has a property of this name for the card.
    fn has(self, name: &str) -> bool {
        let (card, codec) = self.devices(Codec::Duplex);
        let by_pci = format!("{card}-pci");
        let devices = [Some(card), Some(&by_pci), codec];
        devices.into_iter().flatten().any(|device| has(device, name))
    }
}

/// Whether some QEMU has a property of this name for a device.
fn has(device: &str, name: &str) -> bool {
    let mut types = schema::of_all().iter().filter_map(|schema| schema.find(Kind::Device, device));
    types.any(|ty| matches!(ty.property(name), Lookup::Known(_)))
}

/// A card, and what it is printed of.
struct Sound<'a, K> {
    model: Model,
    codec: Codec,
    id: &'a Id<K>,
    /// The id of the card, where it has one.
    own: Option<&'a Id<K>>,
    audiodev: &'a dyn crate::print::Emit,
    place: &'a Virtio,
    properties: Vec<&'a Property>,
}

impl<K> Sound<'_, K> {
    fn lower(&self, out: &mut Lowering<'_>) {
        let Self { model, id, audiodev, place, .. } = *self;
        let (card, codec) = model.devices(self.codec);
        match (model, codec) {
            (Model::Pcspk, _) => {
                out.section(Section::Machine).option("-machine").set("pcspk-audiodev", audiodev);
            }
            (_, Some(codec)) => {
                // The codec sits on its bus, so that it needs a name.
                let (of_codec, of_card): (Vec<&Property>, Vec<&Property>) =
                    self.properties.iter().partition(|property| !has(card, &property.name));
                let mut bus = Vec::new();
                id.emit(&mut bus);
                ".0".emit(&mut bus);
                out.device(card).set("id", id).virtio(place).written_out(of_card);
                out.device(codec).set("bus", bus.as_slice()).set("audiodev", audiodev).written_out(of_codec);
            }
            (_, None) => {
                let driver = if model == Model::Virtio { out.virtio(card, place) } else { card.to_owned() };
                out.device(&driver)
                    .set("audiodev", audiodev)
                    .set("id", self.own)
                    .virtio(place)
                    .written_out(self.properties.iter().copied());
            }
        }
    }
}

/// What each of the two forms says of the card.
fn check_codec(model: &Option<Val<Model>>, codec: &Option<Val<Codec>>, cx: &mut Checking<'_>) {
    let is_hda = model.is_open() || model.is(|model| matches!(model, Model::Hda | Model::Ich9Hda));
    if let Some(codec) = codec.as_ref().filter(|_| !is_hda) {
        let diagnostic = Diagnostic::error(Code::UnknownOption, "`codec` is what a card of HD Audio has");
        let help = "leave it out, or write `model=hda` or `model=ich9-hda`";
        cx.report(diagnostic.at(codec.span()).help(help));
    }
}

/// Whether the machine has a loudspeaker.
fn check_loudspeaker(model: Option<&Node<Model>>, cx: &mut Checking<'_>) {
    const PROPERTY: &str = "pcspk-audiodev";
    let name = &cx.hardware.board.name;
    let machine = schema::nearest(cx.vm.target).find(Kind::Machine, name);
    let has_none = machine.is_some_and(|machine| machine.property(PROPERTY) == Lookup::Unknown);
    if let Some(model) = model.filter(|model| model.value == Model::Pcspk && has_none) {
        let message = format!("the machine `{name}` has no loudspeaker");
        let diagnostic = Diagnostic::error(Code::NotCreatable, message).at(model.span);
        cx.report(diagnostic.help("choose `machine q35` or `machine pc`, or another `model=`"));
    }
}

impl Form for Backed {
    fn check(&self, cx: &mut Checking<'_>) {
        let model = self.model.known();
        check_codec(&self.model, &self.codec, cx);
        check_loudspeaker(model, cx);
        let known = properties_of(&self.kind);
        for property in &self.properties {
            let name = property.name.as_str();
            let is_known = known.iter().any(|own| own == name) || model.is_some_and(|model| model.has(name));
            if !is_known {
                let message = format!("`audio {}` has no property `{name}`", self.kind);
                let names = known.iter().map(String::as_str);
                let help = did_you_mean(name, property.name.span, names)
                    .unwrap_or_else(|| format!("its properties are {}", listed(&known)).into());
                let diagnostic = Diagnostic::error(Code::UnknownProperty, message).at(property.name.span);
                cx.report(diagnostic.help(help));
            }
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let model = self.model.known().map(|model| model.value);
        let is_cards = |property: &&Property| model.is_some_and(|model| model.has(&property.name));
        let (card, backend): (Vec<_>, Vec<_>) = self.properties.iter().partition(is_cards);
        let backend: Vec<_> = backend.into_iter().cloned().collect();
        let audiodev = self.audiodev.or(&self.id);
        out.option("-audiodev").word(&self.kind).set("id", &audiodev).properties(&backend);
        let Some(model) = model else { return };
        let sound = Sound {
            model,
            codec: self.codec.known().map_or(Codec::Duplex, |codec| codec.value),
            id: &self.id,
            own: self.id.written(),
            audiodev: &audiodev,
            place: &self.pci,
            properties: card,
        };
        sound.lower(out);
    }
}

/// Names, each in backticks.
fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Form for Card {
    fn check(&self, cx: &mut Checking<'_>) {
        check_codec(&Some(self.model), &self.codec, cx);
        check_loudspeaker(self.model.known(), cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let Some(model) = self.model.known() else { return };
        let sound = Sound {
            model: model.value,
            codec: self.codec.known().map_or(Codec::Duplex, |codec| codec.value),
            id: &self.id,
            own: self.id.written(),
            audiodev: &self.audiodev,
            place: &self.pci,
            properties: self.properties.iter().collect(),
        };
        sound.lower(out);
    }
}
