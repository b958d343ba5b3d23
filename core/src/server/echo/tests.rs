use super::*;
use crate::machine::LOCAL;
use crate::value::ValueError;
use alloc::string::{String, ToString};

fn client(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], port))
}

/// Hands `bytes` to the server and returns its reply.
fn ask(server: &mut Server, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut buf = Vec::new();
    server.handle_datagram(Instant::ZERO, LOCAL, from, bytes);
    let transmit = server.poll_transmit(Instant::ZERO, &mut buf);
    assert_eq!(server.poll_event().is_some(), transmit.is_none(), "a drop is reported");
    assert_eq!(server.poll_event(), None);
    transmit.map(|transmit| {
        assert_eq!(transmit.to, from);
        buf
    })
}

#[test]
fn it_reports_lengths_like_the_textbook() {
    let mut server = Server::new(Config::default(), 0);
    for (len, reply) in [(0, "Your data was 0 bytes"), (65_507, "Your data was 65507 bytes")] {
        let bytes = alloc::vec![b'x'; len];
        assert_eq!(ask(&mut server, client(1), &bytes).as_deref(), Some(reply.as_bytes()));
    }
}

/// RFC 862: the data is sent back, without an exception for empty datagrams.
#[test]
fn a_mirror_returns_every_datagram_even_an_empty_one() {
    let mut server = Server::new(Config { reply: Reply::Mirror, ..Config::default() }, 0);
    for bytes in [&b""[..], b"\0\xff", &[7; 65_507]] {
        assert_eq!(ask(&mut server, client(1), bytes).as_deref(), Some(bytes));
    }
}

/// Compared with Python's `bytes.upper()`: ASCII letters only, and the length stays.
#[test]
fn upper_case_is_that_of_ascii() {
    let mut server = Server::new(Config { reply: Reply::Upper, ..Config::default() }, 0);
    for (request, reply) in [
        (&b""[..], &b""[..]),
        (b"Ping 1 1732579200.5", b"PING 1 1732579200.5"),
        (b"az{`@[ AZ\0\xff", b"AZ{`@[ AZ\0\xff"),
        ("stra\u{df}e \u{e9}".as_bytes(), "STRA\u{df}E \u{e9}".as_bytes()),
    ] {
        assert_eq!(ask(&mut server, client(1), request).as_deref(), Some(reply));
    }
}

#[test]
fn the_first_and_the_listed_datagrams_are_dropped_by_number_over_the_servers_life() {
    let drop_list = "3,5-6".parse().unwrap();
    let mut server = Server::new(Config { drop_first: 1, drop_list, ..Config::default() }, 0);
    let answered: Vec<bool> =
        (1..=8).map(|n| ask(&mut server, client(n), b"hi").is_some()).collect();
    assert_eq!(answered, [false, true, false, true, false, false, true, true]);
}

/// Drops of a client's datagrams do not depend on the datagrams of other clients.
#[test]
fn random_drops_do_not_depend_on_other_clients() {
    let config = Config { drop: Probability::parse("0.5").unwrap(), ..Config::default() };
    let fates = |others: u16| -> String {
        let mut server = Server::new(config.clone(), 7);
        let _ = ask(&mut server, client(1), b"hi");
        (0..64)
            .map(|_| {
                for other in 0..others {
                    let _ = ask(&mut server, client(2 + other), b"hi");
                }
                if ask(&mut server, client(1), b"hi").is_some() { '+' } else { '-' }
            })
            .collect()
    };
    assert_eq!(fates(0), fates(1));
    assert_eq!(fates(0), fates(9));
    assert!(fates(0).contains('+') && fates(0).contains('-'));
}

#[test]
fn random_drops_happen_as_often_as_asked() {
    let config = Config { drop: Probability::parse("0.5").unwrap(), ..Config::default() };
    let mut server = Server::new(config, 1);
    let dropped = (0..100_000).filter(|_| ask(&mut server, client(1), b"").is_none()).count();
    // Five standard errors of a fair coin: 5 * sqrt(100000 / 4).
    assert!(dropped.abs_diff(50_000) < 791, "{dropped}");
}

#[test]
fn lists_of_numbers_are_read_and_shown() {
    for (text, shown) in [
        ("", "none"),
        ("none", "none"),
        ("1,3-5", "1,3-5"),
        ("5-6, 1 ,2,4-5", "1-2,4-6"),
        ("7-7", "7"),
    ] {
        assert_eq!(text.parse::<NumberList>().unwrap().to_string(), shown);
    }
    for bad in ["0", "2-1", "1,", ",", "a", "1-", "-1", "1--2", "99999999999999999999", "1;2"] {
        assert_eq!(bad.parse::<NumberList>(), Err(ValueError::of::<NumberList>()), "{bad}");
    }
    let list: NumberList = "1,3-5".parse().unwrap();
    assert_eq!((0..8).filter(|n| list.contains(*n)).collect::<Vec<_>>(), [1, 3, 4, 5]);
    let most: NumberList = "18446744073709551615,1-18446744073709551615".parse().unwrap();
    assert!(most.contains(u64::MAX) && !most.contains(0));
}
