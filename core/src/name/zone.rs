//! The names that a server knows, and its replies to queries about them.

use super::DomainName;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use hickory_proto::op::{
    Edns, Header, Message, MessageType, Metadata, OpCode, Query, ResponseCode,
};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};

/// Maximum number of addresses of one name. With all of them, a reply fits into a message over TCP.
pub const MAX_ADDRESSES: usize = 1_000;

/// Maximum length of a reply over UDP without EDNS in bytes, RFC 1035 section 4.2.1.
const MAX_PLAIN: usize = 512;

/// Maximum length of a reply over UDP with EDNS in bytes. It fits into one packet on any path in use, so that no
/// reply arrives in fragments (RFC 9715 section 3.1 asks for at most 1,400).
const MAX_EDNS: u16 = 1_232;

/// How long others may remember an answer, in seconds.
const TTL: u32 = 60;

/// How a query arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In a datagram: a long reply is truncated.
    Udp,
    /// Over a connection.
    Tcp,
}

/// How a query was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handled {
    /// The response code; see [`code_name`](super::code_name).
    pub code: u16,
    /// Number of records in the answer.
    pub answers: usize,
    /// Whether the answer is left out because it is too long for a datagram.
    pub is_truncated: bool,
}

/// The names that a server knows, with the addresses of each.
///
/// The server is the authority for all names: what it does not know does not exist. It does not know aliases,
/// other types of records and other servers, and does not sign its answers. A negative answer contains no SOA record,
/// so nobody remembers it (RFC 2308 section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// In the canonical order of RFC 4034 section 6.1: the names below a name follow it.
    names: BTreeMap<DomainName, Vec<IpAddr>>,
}

/// Error that [`Zone::add`] returns: the name has [`MAX_ADDRESSES`] addresses already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyAddresses;

impl fmt::Display for TooManyAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name has at most {MAX_ADDRESSES} addresses")
    }
}

impl core::error::Error for TooManyAddresses {}

impl Zone {
    /// Adds an address of `name`. Adding the same one twice changes nothing.
    ///
    /// # Errors
    /// If the name has [`MAX_ADDRESSES`] addresses already.
    pub fn add(&mut self, name: DomainName, address: IpAddr) -> Result<(), TooManyAddresses> {
        let addresses = self.names.entry(name).or_default();
        if addresses.contains(&address) {
            return Ok(());
        }
        if addresses.len() >= MAX_ADDRESSES {
            return Err(TooManyAddresses);
        }
        addresses.push(address);
        Ok(())
    }

    /// Returns the number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns whether it has no names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the reply to `query`, or `None` if it gets no reply: it is shorter than a header, or a response. (Two
    /// servers that answered responses would answer each other forever.)
    #[must_use]
    pub fn reply(&self, query: &[u8], transport: Transport) -> Option<(Vec<u8>, Handled)> {
        let header = Header::read(&mut BinDecoder::new(query)).ok()?;
        if header.message_type == MessageType::Response {
            return None;
        }
        let mut reply = Message::response(header.id, header.op_code);
        reply.metadata = Metadata::response_from_request(&header);
        let mut max = MAX_PLAIN;
        match read(&header, query) {
            Err(code) => reply.metadata.response_code = code,
            Ok((question, edns)) => {
                let mut version = 0;
                if let Some(edns) = edns {
                    // RFC 6891 section 6.2.3. A size below 512 counts as 512.
                    max = max.max(edns.max_payload().min(MAX_EDNS).into());
                    version = edns.version();
                    let mut own = Edns::new();
                    own.set_max_payload(MAX_EDNS).set_dnssec_ok(edns.flags().dnssec_ok);
                    reply.edns = Some(own);
                }
                if version == 0 {
                    self.answer(&question, &mut reply);
                } else {
                    reply.metadata.response_code = ResponseCode::BADVERS;
                }
                reply.add_query(question);
            }
        }
        let mut bytes = reply.to_vec().ok()?;
        let is_truncated = transport == Transport::Udp && bytes.len() > max;
        if is_truncated {
            reply = reply.truncate();
            bytes = reply.to_vec().ok()?;
        }
        let (code, answers) = (reply.metadata.response_code.into(), reply.answers.len());
        Some((bytes, Handled { code, answers, is_truncated }))
    }

    /// Adds the records that answer `question`, or the response code if there are none.
    fn answer(&self, question: &Query, reply: &mut Message) {
        if !matches!(question.query_class, DNSClass::IN | DNSClass::ANY) {
            reply.metadata.response_code = ResponseCode::Refused;
            return;
        }
        let kind = question.query_type;
        if matches!(kind, RecordType::AXFR | RecordType::IXFR) {
            // Nobody may read the whole zone.
            reply.metadata.response_code = ResponseCode::Refused;
            return;
        }
        reply.metadata.authoritative = true;
        let name = DomainName(question.name.clone());
        let Some(addresses) = self.names.get(&name) else {
            // A name exists if one below it does (RFC 8020 section 2).
            let mut following = self.names.range(&name..);
            if !following.next().is_some_and(|(below, _)| name.includes(below)) {
                reply.metadata.response_code = ResponseCode::NXDomain;
            }
            return;
        };
        let records = addresses.iter().map(|address| match *address {
            IpAddr::V4(address) => RData::A(A(address)),
            IpAddr::V6(address) => RData::AAAA(AAAA(address)),
        });
        let wanted = records.filter(|data| kind == RecordType::ANY || data.record_type() == kind);
        // The client's spelling of the name, so that its own question compresses the records' names.
        reply.answers =
            wanted.map(|data| Record::from_rdata(question.name.clone(), TTL, data)).collect();
    }
}

/// Reads the question of a query, and its EDNS record if it has one.
///
/// # Errors
/// The response code for a query that cannot be answered.
fn read(header: &Header, query: &[u8]) -> Result<(Query, Option<Edns>), ResponseCode> {
    if header.op_code != OpCode::Query {
        return Err(ResponseCode::NotImp);
    }
    // The number of questions is checked first, because the decoder reserves memory for them.
    if header.counts.queries != 1 {
        return Err(ResponseCode::FormErr);
    }
    let Message { mut queries, edns, .. } =
        Message::from_vec(query).map_err(|_| ResponseCode::FormErr)?;
    Ok((queries.pop().ok_or(ResponseCode::FormErr)?, edns))
}

#[cfg(test)]
mod tests {
    use super::super::code_name;
    use super::*;
    use alloc::string::{String, ToString};
    use proptest::prelude::*;

    fn zone() -> Zone {
        let mut zone = Zone::default();
        let mut add = |name: &str, address: &str| {
            zone.add(name.parse().unwrap(), address.parse().unwrap()).unwrap();
        };
        add("a.example", "192.0.2.9");
        add("A.EXAMPLE", "192.0.2.9");
        add("a.example", "192.0.2.10");
        add("a.example", "2001:db8::9");
        add("x.y.example", "2001:db8::1");
        for last in 0..100 {
            add("big.example", &alloc::format!("192.0.2.{last}"));
        }
        zone
    }

    fn query(name: &str, kind: RecordType, change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(name.parse::<DomainName>().unwrap().0, kind));
        change(&mut message);
        message.to_vec().unwrap()
    }

    fn edns(size: u16) -> impl FnOnce(&mut Message) {
        move |message: &mut Message| {
            message.edns = Some(Edns::new());
            message.edns.as_mut().unwrap().set_max_payload(size);
        }
    }

    /// Returns the code, the answers and the reply to a query over UDP.
    fn ask(bytes: &[u8]) -> (String, usize, Message) {
        let (reply, handled) = zone().reply(bytes, Transport::Udp).unwrap();
        let message = Message::from_vec(&reply).unwrap();
        assert_eq!(message.metadata.id, 7);
        assert_eq!(message.answers.len(), handled.answers);
        assert_eq!(message.metadata.truncation, handled.is_truncated);
        (code_name(handled.code), handled.answers, message)
    }

    #[test]
    fn the_zone_answers_with_its_addresses() {
        use RecordType::{AAAA, ANY, MX, TXT, Unknown};
        for (name, kind, code, answers) in [
            ("a.example", RecordType::A, "NOERROR", 2),
            ("a.EXAMPLE", RecordType::A, "NOERROR", 2),
            ("a.example", AAAA, "NOERROR", 1),
            ("a.example", ANY, "NOERROR", 3),
            ("a.example", MX, "NOERROR", 0),
            ("a.example", Unknown(65_280), "NOERROR", 0),
            ("x.y.example", RecordType::A, "NOERROR", 0),
            // A name above one that exists.
            ("y.example", RecordType::A, "NOERROR", 0),
            ("example", TXT, "NOERROR", 0),
            ("b.example", RecordType::A, "NXDOMAIN", 0),
            ("b.a.example", RecordType::A, "NXDOMAIN", 0),
            ("y.exampl", RecordType::A, "NXDOMAIN", 0),
            ("zz", RecordType::A, "NXDOMAIN", 0),
            ("a.example", RecordType::AXFR, "REFUSED", 0),
        ] {
            let (got, count, message) = ask(&query(name, kind, |_| {}));
            assert_eq!((got.as_str(), count), (code, answers), "{name} {kind}");
            assert_eq!(message.queries.len(), 1);
            assert_eq!(
                DomainName(message.queries[0].name.clone()).to_string(),
                name,
                "the spelling"
            );
            assert_eq!(message.metadata.authoritative, code != "REFUSED");
            assert!(message.metadata.recursion_desired && !message.metadata.recursion_available);
            assert_eq!(message.edns, None);
        }
    }

    #[test]
    fn a_reply_is_never_longer_than_the_client_accepts() {
        let big = |change: &dyn Fn(&mut Message)| query("big.example", RecordType::A, change);
        for (size, max) in [(None, 512), (Some(0), 512), (Some(600), 600), (Some(4_096), 1_232)] {
            let bytes = big(&|message| size.map_or((), |size| edns(size)(message)));
            let (reply, handled) = zone().reply(&bytes, Transport::Udp).unwrap();
            assert!(reply.len() <= max && handled.is_truncated, "{size:?}: {}", reply.len());
            assert_eq!(Message::from_vec(&reply).unwrap().edns.is_some(), size.is_some());
            let (reply, handled) = zone().reply(&bytes, Transport::Tcp).unwrap();
            assert!(reply.len() > 1_232 && !handled.is_truncated);
            assert_eq!(handled.answers, 100);
        }
        // The largest name fits over TCP.
        let mut zone = Zone::default();
        let name: DomainName = "big.example".parse().unwrap();
        for n in 0..MAX_ADDRESSES {
            zone.add(name.clone(), core::net::Ipv6Addr::from_bits(n as u128).into()).unwrap();
        }
        assert_eq!(zone.add(name, [192, 0, 2, 1].into()), Err(TooManyAddresses));
        let bytes = query("big.example", RecordType::ANY, |_| {});
        let (reply, handled) = zone.reply(&bytes, Transport::Tcp).unwrap();
        assert_eq!((handled.answers, handled.is_truncated), (MAX_ADDRESSES, false));
        assert!(reply.len() <= 65_535, "{}", reply.len());
    }

    #[test]
    fn what_cannot_be_answered_gets_a_code_or_nothing() {
        let good = query("a.example", RecordType::A, |_| {});
        let response = query("a.example", RecordType::A, |message| {
            message.metadata.message_type = MessageType::Response;
        });
        for ignored in [&b""[..], b"hello", &good[..11], &response] {
            assert_eq!(zone().reply(ignored, Transport::Udp), None, "{ignored:?}");
        }
        let two = query("a.example", RecordType::A, |message| {
            message.queries.push(message.queries[0].clone());
        });
        let none = query("a.example", RecordType::A, |message| message.queries.clear());
        for malformed in [&two, &none, &good[..12].to_vec(), &good[..good.len() - 1].to_vec()] {
            assert_eq!(ask(malformed).0, "FORMERR", "{malformed:?}");
        }
        let class = |class| {
            query("a.example", RecordType::A, move |message: &mut Message| {
                message.queries[0].query_class = class;
            })
        };
        assert_eq!(ask(&class(DNSClass::CH)).0, "REFUSED");
        assert_eq!(ask(&class(DNSClass::ANY)).0, "NOERROR");
        let update = query("a.example", RecordType::A, |message| {
            message.metadata.op_code = OpCode::Update;
        });
        assert_eq!(ask(&update).0, "NOTIMP");
        let version = query("a.example", RecordType::A, |message| {
            edns(1_232)(message);
            message.edns.as_mut().unwrap().set_version(1);
        });
        let (code, answers, message) = ask(&version);
        assert_eq!((code.as_str(), answers), ("BADVERS", 0));
        assert_eq!(message.edns.unwrap().version(), 0);
    }

    #[test]
    fn the_longest_name_is_answered() {
        let longest = alloc::format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        let mut zone = Zone::default();
        zone.add(longest.parse().unwrap(), [192, 0, 2, 9].into()).unwrap();
        let bytes = query(&longest, RecordType::A, |_| {});
        let (reply, handled) = zone.reply(&bytes, Transport::Udp).unwrap();
        assert_eq!((handled.answers, reply.len()), (1, bytes.len() + 16), "the name is compressed");
    }

    proptest! {
        /// Bytes that begin like a query, and any others. A reply is a response with the query's id.
        #[test]
        fn arbitrary_bytes_cause_no_panic(mut bytes: Vec<u8>, like: bool, tcp: bool) {
            if like && bytes.len() >= 12 {
                bytes[2..12].copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
            }
            let transport = if tcp { Transport::Tcp } else { Transport::Udp };
            if let Some((reply, _)) = zone().reply(&bytes, transport) {
                prop_assert!(bytes.len() >= 12 && bytes[2] & 0x80 == 0);
                prop_assert_eq!(&reply[..2], &bytes[..2]);
                prop_assert!(reply[2] & 0x80 != 0, "no server answers it");
                prop_assert_eq!(zone().reply(&reply, transport), None);
            }
        }

        /// A query with one damaged byte.
        #[test]
        fn damaged_queries_get_a_reply_within_the_limit(at: prop::sample::Index, to: u8, with: bool) {
            let mut bytes = query("big.example", RecordType::A, |message| {
                if with { edns(65_535)(message) }
            });
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Some((reply, _)) = zone().reply(&bytes, Transport::Udp) {
                prop_assert!(reply.len() <= 1_232);
            }
        }
    }
}
