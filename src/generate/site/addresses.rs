//! Addresses that clients have.
//!
//! IPv4 addresses are of blocks that registries have given out, those of a crawler of a block that its operator publishes;
//! IPv6 addresses have the prefix of an access provider, of which subscribers get a /64, and an interface id that is random
//! as systems choose it (RFC 8981). No address is given twice.

use super::super::chance::Chance;
use std::collections::HashSet;
use std::net::Ipv6Addr;

/// First bytes of IPv4 addresses of people; a block that comes twice is twice as likely.
const HOMES: [u8; 56] = [
    24, 31, 37, 46, 50, 62, 66, 67, 68, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90,
    91, 92, 93, 94, 95, 96, 98, 99, 107, 108, 109, 110, 114, 119, 122, 151, 173, 174, 176, 178, 184, 186, 188, 189,
    201, 212, 217,
];

/// Where programs run: the clouds and data centres.
const CLOUDS: [[u8; 2]; 14] = [
    [3, 120],
    [18, 185],
    [34, 89],
    [35, 198],
    [51, 15],
    [52, 58],
    [54, 93],
    [65, 108],
    [95, 216],
    [104, 248],
    [138, 197],
    [159, 89],
    [165, 227],
    [188, 166],
];

/// Prefixes of IPv6, 32 bits each.
const PREFIXES: [u32; 10] = [
    0x2a02_8108,
    0x2003_00e5,
    0x2a01_cb04,
    0x2600_1700,
    0x2601_0646,
    0x2607_fb90,
    0x2409_4042,
    0x2a00_23c7,
    0x2a02_0908,
    0x2804_0014,
];

/// Gives addresses.
#[derive(Debug, Default)]
pub struct Addresses {
    given: HashSet<String>,
}

impl Addresses {
    /// An address of someone at home or on the way.
    pub fn home(&mut self, chance: &mut Chance, ipv6_share: f64) -> String {
        if chance.happens(ipv6_share) {
            return self.fresh(chance, |chance| {
                let (prefix, host) = (chance.one_of(&PREFIXES), chance.bits());
                let subnet = u128::from(prefix) << 96 | u128::from(chance.bits() as u32 & 0xffff_ff00) << 64;
                Ipv6Addr::from(subnet | u128::from(host)).to_string()
            });
        }
        self.fresh(chance, |chance| {
            let first = chance.one_of(&HOMES);
            format!("{first}.{}.{}.{}", chance.below(256), chance.below(256), 1 + chance.below(254))
        })
    }

    /// An address of a program.
    pub fn cloud(&mut self, chance: &mut Chance) -> String {
        self.fresh(chance, |chance| {
            let [first, second] = chance.one_of(&CLOUDS);
            format!("{first}.{second}.{}.{}", chance.below(256), 1 + chance.below(254))
        })
    }

    /// An address of a block, which is its beginning: `66.249.66.`.
    pub fn of_block(&mut self, chance: &mut Chance, block: &str) -> String {
        self.fresh(chance, |chance| match block.matches('.').count() {
            3 => format!("{block}{}", 1 + chance.below(254)),
            _ => format!("{block}{}.{}", chance.below(256), 1 + chance.below(254)),
        })
    }

    fn fresh(&mut self, chance: &mut Chance, make: impl Fn(&mut Chance) -> String) -> String {
        // Blocks are larger than what is asked of them, but a configuration may ask for anything.
        for _ in 0..200 {
            let address = make(chance);
            if self.given.insert(address.clone()) {
                return address;
            }
        }
        let count = self.given.len() as u32;
        let address = format!("10.{}.{}.{}", count >> 16 & 255, count >> 8 & 255, count & 255);
        self.given.insert(address.clone());
        address
    }
}
