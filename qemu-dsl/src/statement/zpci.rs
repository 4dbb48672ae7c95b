//! `zpci`

use crate::model::Val;
use crate::model::ids::OptionalId;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::single::DeviceId;
use crate::value::{IdText, UInt};

statement! {
    /// What a PCI device is called on s390x. Without it QEMU takes free numbers.
    STATEMENT "zpci" many pluggable Devices [Zpci]
    example "target s390x-7.2\nmachine s390-ccw-virtio\nzpci uid=1 fid=1 target=rng0\nrng id=rng0 transport=pci"
}

form! {
    /// What a PCI device is called on s390x. It stands before the device.
    Zpci {
        /// The id of the device.
        target "target": Val<IdText>,
        /// The number by which the guest's user knows it.
        uid "uid": Option<Val<UInt<1, 0xffff>>>,
        /// The number by which the guest's machine knows it.
        fid "fid": Option<Val<UInt<0, 0xffff_ffff>>>,
        /// Its id.
        id "id": OptionalId<DeviceId>,
    }
    opens device [(Kind::Device, "zpci")]
}

impl Form for Zpci {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.device("zpci")
            .set("id", &self.id.0)
            .set("uid", &self.uid)
            .set("fid", &self.fid)
            .set("target", &self.target)
            .written_out(&self.device);
    }
}
