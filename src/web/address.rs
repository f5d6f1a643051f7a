//! Where a request comes from: the peer of its connection, or whoever a proxy that is trusted says.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The other end of a request's connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub SocketAddr);

/// The client's address, as limits count it: of IPv6 the network of 64 bits, which is one customer's.
/// `X-Forwarded-For` is read from its end for as long as it was written by somebody trusted: what
/// stands before that is only what a stranger says.
pub fn client(peer: Option<Peer>, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let mut address = peer.map_or(unknown, |Peer(address)| address.ip().to_canonical());
    let lines = headers.get_all("x-forwarded-for").into_iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
        if !is_trusted(address, trusted) {
            break;
        }
        let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
        address = hop.to_canonical();
    }
    network(address)
}

/// Whether a proxy at this address is believed.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// An address as limits count it.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap());
        let peer = Peer(SocketAddr::new(peer.parse().unwrap(), 1));
        let expected: IpAddr = expected.parse().unwrap();
        assert_eq!(client(Some(peer), &headers, &trusted), expected, "{forwarded:?}");
    }

    #[test]
    fn only_those_who_are_trusted_say_for_whom_they_ask() {
        check("192.0.2.1", &[], "192.0.2.1");
        check("192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        check("127.0.0.1", &[], "127.0.0.1");
        check("127.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check("127.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7");
        check("127.0.0.1", &["203.0.113.9, 198.51.100.7,10.1.2.3"], "198.51.100.7");
        check("127.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7");
        check("127.0.0.1", &["nonsense"], "127.0.0.1");
        check("127.0.0.1", &["198.51.100.7, nonsense"], "127.0.0.1");
        check("::ffff:127.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check("2001:db8:1:2:3:4:5:6", &[], "2001:db8:1:2::");
        check("fd00::1", &["2001:db8:1:2:3::9"], "2001:db8:1:2::");
    }
}
