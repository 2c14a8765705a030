//! Which addresses belong to the public internet: everything else may be a machine behind our own walls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What IANA's registry of special-purpose addresses sets aside: (network, bits of its prefix).
const RESERVED_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // behind a provider's NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // this machine
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // this link, and where clouds keep the secrets of their machines
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // nobody's, and broadcast
];

/// Public addresses all begin like this. Loopback, unique local, link-local and multicast do not, and neither does what
/// hides an IPv4 address (mapped, translated by NAT64), which may be any.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// What is set aside within.
const RESERVED_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols; Teredo hides an IPv4 address
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4 hides an IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether an address is one of the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !RESERVED_V4.iter().any(|network| is_in_v4(address, *network)),
        IpAddr::V6(address) => {
            is_in_v6(address, &GLOBAL_V6) && !RESERVED_V6.iter().any(|network| is_in_v6(address, network))
        }
    }
}

fn is_in_v4(address: Ipv4Addr, (network, prefix): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= prefix
}

fn is_in_v6(address: Ipv6Addr, (network, prefix): &(Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= *prefix
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::this_network(&["0.0.0.0", "0.1.2.3"])]
    #[case::private(&["10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"])]
    #[case::carrier(&["100.64.0.0", "100.127.255.255"])]
    #[case::loopback(&["127.0.0.1", "127.255.255.255", "::1"])]
    #[case::link_local(&["169.254.0.1", "169.254.169.254", "fe80::1"])]
    #[case::documentation(&["192.0.2.1", "198.51.100.1", "203.0.113.255", "2001:db8::1", "3fff:fff::1"])]
    #[case::protocols(&["192.0.0.8", "192.88.99.1", "198.18.0.1", "198.19.255.255", "2001:2::1", "2001:10::1", "100::1"])]
    #[case::multicast(&["224.0.0.1", "239.255.255.255", "ff02::1"])]
    #[case::nobodys(&["240.0.0.1", "255.255.255.255", "::", "4000::1", "5f00::1"])]
    #[case::unique_local(&["fc00::1", "fd12:3456::1", "fec0::1"])]
    #[case::hidden_v4(&["::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "64:ff9b::127.0.0.1",
        "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2001::7f00:1"])]
    fn what_is_set_aside_is_not_public(#[case] addresses: &[&str]) {
        for address in addresses {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn everything_else_is() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2a00:1450:4001:82a::200e",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2001:200::1",
            "3ffe::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
