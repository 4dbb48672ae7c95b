//! `boot`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Maybe, Val};
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::{BootOrder, OnOff, Path, PcBootOrder, Timeout, UInt};

statement! {
    /// What the firmware boots, and what it shows meanwhile.
    STATEMENT "boot" once settled Boot [Boot]
    example "boot order=dc menu strict"
}

form! {
    /// What the firmware boots, and what it shows meanwhile. A device's own `bootindex=` says more, and comes first.
    Boot {
        /// The devices in the order in which they are tried: `a` and `b` are floppy disks, `c` the first disk, `d` the first
        /// CD-ROM drive, `n` the network.
        order "order": Option<Val<BootOrder>>,
        /// The same for the first time only: after the guest has started again, `order` holds.
        once "once": Option<Val<BootOrder>>,
        /// The firmware has a menu of the devices.
        menu "menu": Option<Val<OnOff>>,
        /// A picture that the firmware shows with its menu: a JPEG file, or a BMP file of 24 bits a dot.
        splash "splash": Option<Val<Path>>,
        /// For how long it shows the picture, in milliseconds.
        splash_time "splash-time": Option<Val<UInt<0, 0xffff>>>,
        /// After how many milliseconds the guest starts again where nothing could be booted; `-1`, as without it, is never.
        reboot_timeout "reboot-timeout": Option<Val<Timeout>>,
        /// Nothing is tried but what has a `bootindex=`, as far as the firmware keeps to it.
        strict "strict": Option<Val<OnOff>>,
    } needs option
}

impl Form for Boot {
    fn check(&self, cx: &mut Checking<'_>) {
        if let Some(order) = &self.order
            && cx.hardware.devices.iter().any(|device| cx.hardware.get(device, "bootindex").is_some())
        {
            let message = "what has a `bootindex=` is tried before what `order` names";
            let advice = Diagnostic::advice(Code::IgnoredOption, message).at(order.span());
            cx.report(advice.help("give all devices that are to be tried their `bootindex=`"));
        }
        let board = &cx.hardware.board;
        if !board.is_known() || cx.hardware.is_uncertain {
            return;
        }
        let name = board.name.as_str();
        if !matches!(name, "pc" | "q35" | "isapc") && !name.starts_with("pc-") {
            if let Some(once) = self.once.known() {
                let message = format!("the machine `{name}` can't change its boot order");
                let diagnostic = Diagnostic::error(Code::IgnoredOption, message).at(once.span);
                cx.report(diagnostic.help("leave out `once`, and set `order`"));
            }
            return;
        }
        [&self.order, &self.once].into_iter().flatten().for_each(|order| cx.wants::<PcBootOrder>(order));
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-boot")
            .set("order", &self.order)
            .set("once", &self.once)
            .set("menu", self.menu)
            .set("splash", &self.splash)
            .set("splash-time", &self.splash_time)
            .set("reboot-timeout", &self.reboot_timeout)
            .set("strict", self.strict);
    }
}
