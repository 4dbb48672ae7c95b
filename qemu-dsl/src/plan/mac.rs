//! MAC addresses, written and generated.

use std::fmt;

/// The MAC address of a network device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The address of a device that names none: always the same for the same names, and different for others, so
    /// that two VMs on one bridge don't meet with QEMU's one default.
    ///
    /// It is the FNV-1a hash (64 bits, folded to 48) of `vm`, a zero byte, and `device`, with the two lowest bits
    /// of the first byte set to "locally administered" and "one station".
    pub fn generate(vm: &str, device: &str) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in vm.bytes().chain([0]).chain(device.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let [_, _, first, rest @ ..] = (hash ^ (hash >> 48)).to_be_bytes();
        let [b, c, d, e, f] = rest;
        Self([(first & !0b01) | 0b10, b, c, d, e, f])
    }

    /// Whether it stands for a group of stations, which no device's own address can.
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Mac;

    #[test]
    fn a_generated_address_is_local_single_and_stable() {
        let mac = Mac::generate("web", "net0");
        assert_eq!(mac.0[0] & 0b11, 0b10);
        // A promise to users: leases and firewall rules hang on it.
        assert_eq!(mac.to_string(), "0e:17:b4:72:4d:08");
    }

    #[test]
    fn other_names_give_other_addresses() {
        let mut seen = HashSet::new();
        for vm in 0..200 {
            for device in 0..50 {
                assert!(seen.insert(Mac::generate(&format!("vm{vm}"), &format!("net{device}"))));
            }
        }
        assert_ne!(Mac::generate("ab", "c"), Mac::generate("a", "bc"));
    }
}
