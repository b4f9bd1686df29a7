//! Which clients are meant: networks, addresses, names.
//!
//! Addresses are compared as numbers, so that all spellings of one are the same client. An IPv4 address that is written
//! as IPv6 (`::ffff:10.0.0.1`, as sockets of both kinds log it) counts as IPv4, and a zone (`fe80::1%eth0`) is left out.

use super::ranges::Ranges;
use super::value::Wrong;
use std::net::IpAddr;

/// Some clients.
#[derive(Clone, Debug)]
pub struct Clients {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
    names: Box<[Box<[u8]>]>,
}

/// What one word of a filter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// Addresses from one to another.
    V4(u32, u32),
    /// The same of IPv6.
    V6(u128, u128),
    /// A host name or whatever else a log writes there, compared byte by byte.
    Name(Box<[u8]>),
}

impl Client {
    /// What a word means.
    pub fn parse(text: &str) -> Result<Client, Wrong> {
        if let Some(address) = address(text.as_bytes()).filter(|_| !text.contains('%')) {
            return Ok(Client::network(address, 128));
        }
        let (left, prefix) = text.split_once('/').unwrap_or((text, ""));
        let Ok(address) = left.parse::<IpAddr>() else {
            let v4_like = left.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let v6_like =
                left.contains(':') && left.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte));
            if (v4_like || v6_like) && !text.is_empty() {
                let message = format!("{:?} is not an address or network", super::parse::clipped(text));
                let help = "addresses are written 192.0.2.7 or 2001:db8::7, networks 10.0.0.0/8 or 2001:db8::/32";
                return Err(Wrong { message, help });
            }
            return Ok(Client::Name(text.as_bytes().into()));
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let short = prefix.len() <= 3 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let Some(prefix) = prefix.parse::<u32>().ok().filter(|prefix| short && *prefix <= bits) else {
            let message = format!("{:?} is not the length of a prefix", super::parse::clipped(prefix));
            let help = "a network is an address and how many of its bits are fixed: 0 to 32 in 10.0.0.0/8, 0 to 128 in 2001:db8::/32";
            return Err(Wrong { message, help });
        };
        // A network of IPv4 addresses written as IPv6 is one of IPv4.
        let mapped = address.is_ipv6() && address.to_canonical().is_ipv4() && prefix >= 96;
        let client = if mapped {
            Client::network(address.to_canonical(), prefix - 96)
        } else {
            Client::network(address, prefix)
        };
        match client.first_address() {
            Some(first) if first != address && !(mapped && first == address.to_canonical()) => Err(Wrong {
                message: format!("{text:?} has bits set beyond its prefix: the network is {first}/{prefix}"),
                help: "write the network's first address, or leave out the prefix for one address alone",
            }),
            _ => Ok(client),
        }
    }

    /// The addresses that have the first `prefix` bits of one; at most all its bits.
    fn network(address: IpAddr, prefix: u32) -> Client {
        match address {
            IpAddr::V4(address) => {
                let rest = u32::MAX.checked_shr(prefix).unwrap_or(0);
                Client::V4(address.to_bits() & !rest, address.to_bits() | rest)
            }
            IpAddr::V6(address) => {
                let rest = u128::MAX.checked_shr(prefix).unwrap_or(0);
                Client::V6(address.to_bits() & !rest, address.to_bits() | rest)
            }
        }
    }

    fn first_address(&self) -> Option<IpAddr> {
        match self {
            Client::V4(first, _) => Some(IpAddr::V4((*first).into())),
            Client::V6(first, _) => Some(IpAddr::V6((*first).into())),
            Client::Name(_) => None,
        }
    }
}

impl Clients {
    /// All that one of the words means.
    pub fn new(clients: Vec<Client>) -> Clients {
        let (mut v4, mut v6, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for client in clients {
            match client {
                Client::V4(first, last) => v4.push((first, last)),
                Client::V6(first, last) => v6.push((first, last)),
                Client::Name(name) => names.push(name),
            }
        }
        names.sort_unstable();
        Clients { v4: Ranges::new(v4), v6: Ranges::new(v6), names: names.into() }
    }

    /// Whether a client, as a log writes it, is one of them.
    #[inline]
    pub fn contain(&self, client: &[u8]) -> bool {
        let addressed = !(self.v4.is_empty() && self.v6.is_empty());
        let by_address = match addressed.then(|| address(client)).flatten() {
            Some(IpAddr::V4(address)) => self.v4.contain(address.to_bits()),
            Some(IpAddr::V6(address)) => self.v6.contain(address.to_bits()),
            None => false,
        };
        by_address || self.names.binary_search_by(|name| name.as_ref().cmp(client)).is_ok()
    }
}

/// The address that a text is, without its zone, and as IPv4 where it is one of those.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    Some(text.parse::<IpAddr>().ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_in_their_networks() {
        let cases = [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "10.example.org", false),
            ("10.0.0.0/8", "-", false),
            ("10.0.0.0/8", "", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true),
            ("::/0", "1.2.3.4", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.8", false),
            ("2001:db8::/32", "2001:0db8:0:0:0:0:0:1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::1", "0:0:0:0:0:0:0:1", true),
            ("::1/128", "::1", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("fe80::/10", "fe80::1%eth0", true),
            ("fe80::1", "fe80::1%eth0", true),
            ("fe80::1%eth0", "fe80::1%eth0", true),
            ("fe80::1%eth0", "fe80::1%eth1", false),
            ("example.org", "example.org", true),
            ("example.org", "Example.org", false),
            ("unix:/run/app.sock", "unix:/run/app.sock", true),
            ("-", "-", true),
            ("-", "::1", false),
        ];
        for (word, client, expected) in cases {
            let clients = Clients::new(vec![Client::parse(word).unwrap()]);
            assert_eq!(clients.contain(client.as_bytes()), expected, "{word} {client}");
        }
    }

    #[test]
    fn a_word_that_looks_like_an_address_must_be_one() {
        let cases = [
            ("10.0.0", "not an address"),
            ("300.1.1.1", "not an address"),
            ("10/8", "not an address"),
            ("/8", "not an address"),
            ("1::2::3", "not an address"),
            ("10.0.0.0/33", "\"33\" is not the length"),
            ("10.0.0.0/", "\"\" is not the length"),
            ("10.0.0.0/+8", "\"+8\" is not the length"),
            ("10.0.0.0/255.0.0.0", "\"255.0.0.0\" is not the length"),
            ("::/129", "\"129\" is not the length"),
            ("10.1.2.3/8", "the network is 10.0.0.0/8"),
            ("2001:db8::1/32", "the network is 2001:db8::/32"),
        ];
        for (word, expected) in cases {
            let message = Client::parse(word).unwrap_err().message;
            assert!(message.contains(expected), "{word}: {message}");
        }
    }
}
