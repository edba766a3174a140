//! From where somebody asks: the other end of the connection, or who stands behind a proxy of the
//! configuration.
//!
//! Anybody can write `X-Forwarded-For`; it counts only as far as trusted hands wrote it. Read from
//! its end, every entry was written by the one before it in that order, so the first that is not a
//! trusted proxy is the client, and what stands in front of it is hearsay.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};

use crate::config::{ForwardedHeader, Server};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of who asks, over a connection from `peer`.
pub(crate) fn client(config: &Server, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let is_trusted = |address: IpAddr| config.trusted_proxies.iter().any(|p| p.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let (name, read): (_, fn(&str) -> Option<IpAddr>) = match config.forwarded_header {
        ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, address),
        ForwardedHeader::Forwarded => (FORWARDED, element),
    };
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // Something that names no address (`unknown`, `_hidden`): whoever wrote it stands for it.
        let Some(before) = read(entry.trim()) else { break };
        client = before.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// `for=…` of one element of `Forwarded`.
fn element(text: &str) -> Option<IpAddr> {
    text.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| address(value.trim_matches('"')))?
    })
}

/// `192.0.2.7`, `2001:db8::1`, and either with a port, IPv6 in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let unbracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse()
        .ok()
        .or_else(unbracketed)
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::HeaderName;

    use super::client;
    use crate::config::{ForwardedHeader, Server};

    #[track_caller]
    fn check(config: &Server, peer: &str, headers: &[(&str, &str)], expected: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        let found = client(config, &map, peer.parse().unwrap());
        assert_eq!(found.to_string(), expected, "{peer} {headers:?}");
    }

    fn behind(proxies: &[&str], header: ForwardedHeader) -> Server {
        let mut config = Server::new("127.0.0.1:1".parse().unwrap(), "");
        config.trusted_proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        config.forwarded_header = header;
        config
    }

    const XFF: &str = "x-forwarded-for";

    #[test]
    fn nobody_is_taken_at_their_word() {
        let none = behind(&[], ForwardedHeader::XForwardedFor);
        check(&none, "192.0.2.7", &[(XFF, "10.0.0.1"), ("forwarded", "for=10.0.0.1")], "192.0.2.7");
        let proxy = behind(&["10.0.0.0/8"], ForwardedHeader::XForwardedFor);
        check(&proxy, "192.0.2.7", &[(XFF, "198.51.100.1")], "192.0.2.7");
        check(&proxy, "::ffff:192.0.2.7", &[], "192.0.2.7");
    }

    #[test]
    fn behind_trusted_proxies_it_is_the_last_stranger() {
        let config = behind(&["10.0.0.0/8", "fd00::/8"], ForwardedHeader::XForwardedFor);
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&["192.0.2.7"], "192.0.2.7"),
            // Whatever the client wrote stands further left.
            (&["198.51.100.1, 192.0.2.7"], "192.0.2.7"),
            (&["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
            (&["192.0.2.7, 10.0.0.2,fd00::3"], "192.0.2.7"),
            (&["192.0.2.7:50000"], "192.0.2.7"),
            (&["[2001:db8::1]:50000"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["192.0.2.7, unknown"], "10.0.0.1"),
            (&["192.0.2.7, unknown, 10.0.0.2"], "10.0.0.2"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["192.0.2.7,"], "10.0.0.1"),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| (XFF, *line)).collect();
            check(&config, "10.0.0.1", &lines, expected);
        }
        // The other header is anybody's.
        check(&config, "10.0.0.1", &[("forwarded", "for=192.0.2.7")], "10.0.0.1");
    }

    /// RFC 7239.
    #[test]
    fn the_standard_header_is_read_where_it_is_configured() {
        let config = behind(&["10.0.0.0/8"], ForwardedHeader::Forwarded);
        for (line, expected) in [
            ("for=192.0.2.7", "192.0.2.7"),
            ("for=198.51.100.1, For=\"192.0.2.7:80\";proto=https;by=10.0.0.9", "192.0.2.7"),
            ("proto=https; for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("for=\"[2001:db8::1]:4711\", for=10.0.0.2", "2001:db8::1"),
            ("for=_hidden", "10.0.0.1"),
            ("by=192.0.2.7", "10.0.0.1"),
        ] {
            check(&config, "10.0.0.1", &[("forwarded", line), (XFF, "203.0.113.9")], expected);
        }
    }
}
