//! DNS messages (RFC 1035 section 4), read and written with `hickory-proto`.

use super::DomainName;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use hickory_proto::op::{Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};

/// Maximum number of aliases (CNAME records) to follow in one answer.
const MAX_ALIASES: usize = 16;

/// The kind of address that a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// IPv4 addresses: records of type A, RFC 1035 section 3.4.1.
    A,
    /// IPv6 addresses: records of type AAAA, RFC 3596.
    Aaaa,
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::A, Self::Aaaa];

    /// Returns the type of its records, as DNS names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
        }
    }

    const fn record_type(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
        }
    }

    /// Returns the question for the addresses of `name`.
    pub(super) fn question(self, name: &DomainName) -> Query {
        Query::query(name.0.clone(), self.record_type())
    }

    fn address(self, record: &Record) -> Option<IpAddr> {
        match (self, &record.data) {
            (Self::A, RData::A(address)) => Some(address.0.into()),
            (Self::Aaaa, RData::AAAA(address)) => Some(address.0.into()),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a server's reply is of no use, so that the next server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A response code other than NOERROR and NXDOMAIN (RFC 1035 section 4.1.1), such as 2 for SERVFAIL.
    Code(u16),
    /// The server knows nothing about the name and does not look it up for others.
    Lame,
    /// The reply answers the question, but the rest of it cannot be read.
    Malformed,
    /// The aliases of the name form a loop, or are too many.
    Aliases,
    /// The reply was truncated, and there was no answer over TCP.
    Tcp,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Code(code) => f.write_str(&code_name(code)),
            Self::Lame => f.write_str("it knows nothing about the name"),
            Self::Malformed => f.write_str("its answer cannot be read"),
            Self::Aliases => f.write_str("the aliases in its answer form a loop"),
            Self::Tcp => f.write_str("it gave no answer over TCP"),
        }
    }
}

/// Returns the name of a response code, as in RFC 6895 section 2.3.
#[must_use]
pub fn code_name(code: u16) -> String {
    let name = match code {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        9 => "NOTAUTH",
        16 => "BADVERS",
        _ => return format!("response code {code}"),
    };
    name.to_string()
}

/// What a server says about the addresses of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Whether the name exists. It may exist without an address of this kind.
    pub exists: bool,
    /// The names that the name is an alias of, one after another. The last one has the addresses.
    pub aliases: Vec<DomainName>,
    /// The addresses, in the order of the answer.
    pub addresses: Vec<IpAddr>,
}

/// The part of a reply that shows what it replies to.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    header: Header,
    /// Its only question, if it has exactly one.
    pub(super) question: Option<Query>,
}

impl Reply {
    /// Reads header and question; `None` if they cannot be read. The rest may be damaged, as the end of a truncated
    /// reply.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut decoder = BinDecoder::new(bytes);
        let header = Header::read(&mut decoder).ok()?;
        let question = match header.counts.queries {
            1 => Some(Query::read(&mut decoder).ok()?),
            _ => None,
        };
        Some(Self { header, question })
    }

    pub(super) fn id(&self) -> u16 {
        self.header.id
    }

    pub(super) fn is_response(&self) -> bool {
        self.header.message_type == MessageType::Response && self.header.op_code == OpCode::Query
    }

    pub(super) fn is_truncated(&self) -> bool {
        self.header.truncation
    }

    /// Returns whether it replies to `question`. A server that could not read the question may leave it out.
    pub(super) fn answers(&self, question: &Query) -> bool {
        match &self.question {
            Some(own) => own == question,
            None => {
                self.header.counts.queries == 0
                    && self.header.response_code != ResponseCode::NoError
            }
        }
    }

    /// Reads what the reply says about the addresses of `name`; `bytes` are those of the reply.
    pub(super) fn answer(
        &self,
        bytes: &[u8],
        name: &DomainName,
        kind: Kind,
    ) -> Result<Answer, Failure> {
        let code = self.header.response_code;
        if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Err(Failure::Code(code.into()));
        }
        let message = Message::from_vec(bytes).map_err(|_| Failure::Malformed)?;
        // An option of EDNS may extend the code.
        if message.metadata.response_code != code {
            return Err(Failure::Code(message.metadata.response_code.into()));
        }
        let knows = self.header.authoritative || self.header.recursion_available;
        // As in glibc's res_send.c.
        if code == ResponseCode::NoError
            && message.answers.is_empty()
            && !knows
            && self.header.counts.additionals == 0
        {
            return Err(Failure::Lame);
        }
        let (aliases, addresses) = follow(&message.answers, &name.0, kind)?;
        let exists = code == ResponseCode::NoError || !addresses.is_empty();
        Ok(Answer { exists, aliases, addresses })
    }
}

/// Follows the aliases from `name` to the addresses of `kind`.
fn follow(
    records: &[Record],
    name: &Name,
    kind: Kind,
) -> Result<(Vec<DomainName>, Vec<IpAddr>), Failure> {
    let (mut current, mut aliases) = (name, Vec::new());
    loop {
        let own = || {
            let is_own = |record: &&Record| record.name == *current;
            records.iter().filter(is_own).filter(|record| record.dns_class == DNSClass::IN)
        };
        let addresses: Vec<IpAddr> = own().filter_map(|record| kind.address(record)).collect();
        let alias = own().find_map(|record| match &record.data {
            RData::CNAME(alias) => Some(&alias.0),
            _ => None,
        });
        match alias {
            Some(_) if aliases.len() == MAX_ALIASES => return Err(Failure::Aliases),
            Some(alias) if addresses.is_empty() => {
                aliases.push(DomainName(alias.clone()));
                current = alias;
            }
            _ => return Ok((aliases, addresses)),
        }
    }
}

/// Appends the query with this id and question. It asks the server to look the name up for the client (RD).
pub(super) fn write_query(id: u16, question: Query, buf: &mut Vec<u8>) {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(question);
    // A domain name has at most 255 bytes, so the message can be written.
    buf.extend(message.to_vec().unwrap_or_default());
}

/// Describes a message in a few words; `None` if it is not one.
#[must_use]
pub fn describe(bytes: &[u8]) -> Option<String> {
    let Reply { header, question } = Reply::read(bytes)?;
    let question = question.map_or_else(
        || "no question".to_string(),
        |question| format!("{} {}", type_name(question.query_type), DomainName(question.name)),
    );
    if header.message_type == MessageType::Query {
        return Some(format!("query for {question}"));
    }
    let code = code_name(header.response_code.into());
    let truncated = if header.truncation { ", truncated" } else { "" };
    let answers = header.counts.answers;
    Some(format!("reply to {question}: {code}, records: {answers}{truncated}"))
}

/// Returns the name of a type of records; of an unknown one, `TYPE` and its number (RFC 3597 section 5).
fn type_name(kind: RecordType) -> String {
    match kind {
        RecordType::Unknown(number) => format!("TYPE{number}"),
        known => known.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use hickory_proto::rr::rdata::{A, AAAA, CNAME};
    use proptest::prelude::*;

    fn name(text: &str) -> DomainName {
        text.parse().unwrap()
    }

    fn alias(from: &str, to: &str) -> Record {
        Record::from_rdata(name(from).0, 60, RData::CNAME(CNAME(name(to).0)))
    }

    fn address(of: &str, last: u8) -> Record {
        Record::from_rdata(name(of).0, 60, RData::A(A::new(192, 0, 2, last)))
    }

    fn reply(change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::response(7, OpCode::Query);
        message.metadata.recursion_available = true;
        message.add_query(Kind::A.question(&name("a.example")));
        change(&mut message);
        message.to_vec().unwrap()
    }

    fn answer(bytes: &[u8]) -> Result<Answer, Failure> {
        Reply::read(bytes).unwrap().answer(bytes, &name("A.example"), Kind::A)
    }

    #[test]
    fn aliases_are_followed_to_the_addresses() {
        let records = vec![
            // In any order, and with records that belong to other names.
            address("c.example", 1),
            alias("b.example", "C.EXAMPLE"),
            address("x.example", 9),
            alias("a.example", "b.example"),
            address("c.example", 2),
            Record::from_rdata(
                name("c.example").0,
                60,
                RData::AAAA(AAAA("2001:db8::1".parse().unwrap())),
            ),
        ];
        let answer = answer(&reply(|message| message.answers = records)).unwrap();
        assert_eq!(answer.aliases, [name("b.example"), name("c.example")]);
        let expected: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
        assert_eq!((answer.addresses, answer.exists), (expected.to_vec(), true));
    }

    #[test]
    fn aliases_that_form_a_loop_are_a_failure() {
        let records = vec![alias("a.example", "b.example"), alias("b.example", "a.example")];
        let bytes = reply(|message| message.answers = records);
        assert_eq!(answer(&bytes), Err(Failure::Aliases));
        let own = reply(|message| message.answers = vec![alias("a.example", "a.example")]);
        assert_eq!(answer(&own), Err(Failure::Aliases));
    }

    #[test]
    fn every_code_has_its_meaning() {
        let code = |code| answer(&reply(|message| message.metadata.response_code = code));
        let nothing = |exists| Ok(Answer { exists, aliases: vec![], addresses: vec![] });
        assert_eq!(code(ResponseCode::NoError), nothing(true));
        assert_eq!(code(ResponseCode::NXDomain), nothing(false));
        for (failed, number, shown) in [
            (ResponseCode::ServFail, 2, "SERVFAIL"),
            (ResponseCode::NotImp, 4, "NOTIMP"),
            (ResponseCode::Refused, 5, "REFUSED"),
            (ResponseCode::FormErr, 1, "FORMERR"),
        ] {
            assert_eq!(code(failed), Err(Failure::Code(number)));
            assert_eq!(Failure::Code(number).to_string(), shown);
        }
        let lame = reply(|message| message.metadata.recursion_available = false);
        assert_eq!(answer(&lame), Err(Failure::Lame));
        let authoritative = reply(|message| {
            message.metadata.recursion_available = false;
            message.metadata.authoritative = true;
        });
        assert_eq!(answer(&authoritative), nothing(true));
    }

    #[test]
    fn the_question_is_compared_without_case() {
        let bytes = reply(|_| {});
        let reply = Reply::read(&bytes).unwrap();
        assert!(reply.answers(&Kind::A.question(&name("A.EXAMPLE"))));
        assert!(!reply.answers(&Kind::Aaaa.question(&name("a.example"))));
        assert!(!reply.answers(&Kind::A.question(&name("b.example"))));
        // Without a question, only an error can be a reply.
        let bare = |code| {
            let mut message = Message::response(7, OpCode::Query);
            message.metadata.response_code = code;
            Reply::read(&message.to_vec().unwrap()).unwrap()
        };
        assert!(bare(ResponseCode::FormErr).answers(&Kind::A.question(&name("a.example"))));
        assert!(!bare(ResponseCode::NoError).answers(&Kind::A.question(&name("a.example"))));
    }

    #[test]
    fn messages_are_described() {
        let mut query = Vec::new();
        write_query(7, Kind::Aaaa.question(&name("a.example")), &mut query);
        assert_eq!(describe(&query).unwrap(), "query for AAAA a.example");
        let bytes = reply(|message| {
            message.answers = vec![address("a.example", 1)];
            message.metadata.truncation = true;
        });
        let described = describe(&bytes).unwrap();
        assert_eq!(described, "reply to A a.example: NOERROR, records: 1, truncated");
        assert_eq!(describe(b"hello"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_cause_no_panic(mut bytes: Vec<u8>, flags in 0u16..16, like: bool) {
            if like && bytes.len() >= 12 {
                // A header that lets the reader look at the rest.
                bytes[2..12].copy_from_slice(&[0x80, flags as u8, 0, 1, 0, 2, 0, 1, 0, 1]);
            }
            if let Some(reply) = Reply::read(&bytes) {
                let _ = (reply.answer(&bytes, &name("a"), Kind::A), describe(&bytes));
            }
        }

        /// Each damaged bit of a real reply gives some answer or failure.
        #[test]
        fn damaged_replies_cause_no_panic(at: prop::sample::Index, bit in 0u8..8) {
            let records = vec![alias("a.example", "b.example"), address("b.example", 1)];
            let mut bytes = reply(|message| message.answers = records);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Some(reply) = Reply::read(&bytes) {
                let _ = (reply.answer(&bytes, &name("a.example"), Kind::A), describe(&bytes));
            }
        }
    }
}
