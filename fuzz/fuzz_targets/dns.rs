//! Any message gets a bounded reply of the name server or none, and any reply is accepted or rejected by the resolver.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrylab_core::machine::Machine;
use retrylab_core::name::{Config, Event, NameServer, Options, Resolver, Transport, Zone};
use retrylab_core::time::Instant;
use std::net::{Ipv4Addr, SocketAddr};

/// The largest reply of the name server over UDP.
const MAX_REPLY: usize = 1_232;

fuzz_target!(|bytes: &[u8]| {
    let mut zone = Zone::default();
    zone.add("a".parse().unwrap(), [192, 0, 2, 9].into()).unwrap();
    for last in 0..60 {
        zone.add("big.a".parse().unwrap(), [192, 0, 2, last].into()).unwrap();
    }
    answer(&zone, bytes);
    resolve(zone, bytes);
});

/// Asks the server, over UDP and TCP.
fn answer(zone: &Zone, query: &[u8]) {
    for (transport, max) in [(Transport::Udp, MAX_REPLY), (Transport::Tcp, 65_535)] {
        let Some((reply, _)) = zone.reply(query, transport) else { continue };
        assert!(reply.len() <= max && reply[..2] == query[..2]);
        assert_eq!(zone.reply(&reply, transport), None, "two servers would answer each other");
    }
}

fn server(last: u8) -> SocketAddr {
    (Ipv4Addr::new(192, 0, 2, last), 53).into()
}

/// Runs a resolver with two servers. Each step begins with a byte that selects what happens, and a byte with the number
/// of bytes that follow.
fn resolve(zone: Zone, mut bytes: &[u8]) {
    let options: Options = "timeout:1 attempts:5".parse().unwrap();
    let config = Config::new("big.a".parse().unwrap(), server(1)).with_server(server(2));
    let mut resolver = Resolver::new(config.with_options(options));
    let mut name_server = NameServer::new(zone);
    let local = (Ipv4Addr::LOCALHOST, 40_000).into();
    let (mut now, mut buf, mut query) = (Instant::ZERO, Vec::new(), Vec::new());
    while let [step, len, rest @ ..] = bytes {
        let (own, rest) = rest.split_at(rest.len().min((*len).into()));
        bytes = rest;
        buf.clear();
        while resolver.poll_transmit(now, &mut buf).is_some() {
            query.clone_from(&buf);
            buf.clear();
        }
        let from = server(1 + (step >> 6) % 2);
        match step % 4 {
            // A reply with the right id, or not.
            0 => {
                let mut reply = own.to_vec();
                if step & 0x20 != 0 {
                    reply.iter_mut().zip(&query).take(2).for_each(|(to, byte)| *to = *byte);
                }
                resolver.handle_datagram(now, local, from, &reply);
            }
            // A real reply, in which one byte is changed.
            1 => {
                name_server.handle_datagram(now, from, local, &query);
                if name_server.poll_transmit(now, &mut buf).is_some() {
                    if let [at, to, ..] = own {
                        let at = usize::from(*at) % buf.len();
                        buf[at] = *to;
                    }
                    resolver.handle_datagram(now, local, from, &buf);
                }
            }
            2 => resolver.handle_refused(now, from),
            _ => {
                now = resolver.poll_timeout().map_or(now, |(_, deadline)| deadline);
                resolver.handle_timeout(now);
            }
        }
        while let Some(event) = resolver.poll_event() {
            if let Event::Truncated(truncated) = event {
                let answer = (step & 0x10 != 0).then_some(own);
                resolver.handle_tcp(now, truncated, answer);
            }
        }
        let _ = (resolver.verdict(), resolver.describe(own), resolver.label_of(own));
    }
}
