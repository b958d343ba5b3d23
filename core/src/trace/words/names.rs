//! What name servers say and what clients learn from them.

use super::super::NameStatus;
use super::{Wording, Words};
use alloc::format;
use alloc::string::ToString;
use core::net::Ipv4Addr;

pub(in super::super) fn name_answered(
    wording: &Wording<'_>,
    status: NameStatus,
    addresses: u32,
) -> Words {
    let host = wording.host();
    match status {
        NameStatus::Found => {
            let found = match addresses {
                1 => "an address".to_string(),
                _ => format!("{addresses} addresses"),
            };
            Words::new(host, format!("knows {found} of the name"))
                .noted(format!("knows {found}"), "knows it")
        }
        NameStatus::NoSuchName => Words::new(host, "knows that the name does not exist")
            .noted("no such name", "no such name"),
        NameStatus::NoAddress => Words::new(host, "knows that the name has no IPv4 address")
            .noted("no address", "no address"),
        NameStatus::NotAnswered => {
            Words::new(host, "cannot answer the question").noted("cannot answer", "cannot answer")
        }
    }
}

pub(in super::super) fn name_resolved(
    wording: &Wording<'_>,
    status: NameStatus,
    address: Option<Ipv4Addr>,
) -> Words {
    let whose = wording.whose();
    let (predicate, note, brief) = match (status, address) {
        (NameStatus::Found, Some(address)) => {
            let number = address.to_bits();
            let note = format!("{address} = {number}");
            let brief = format!("{address}");
            (format!("has the address {address} (as a number, {number})"), note, brief)
        }
        (NameStatus::Found, None) => ("has an address".into(), "found".into(), "found".into()),
        (NameStatus::NoSuchName, _) => {
            ("does not exist".into(), "no such name".into(), "no such name".into())
        }
        (NameStatus::NoAddress, _) => {
            ("has no IPv4 address".into(), "no address".into(), "no address".into())
        }
        (NameStatus::NotAnswered, _) => {
            ("is not known".into(), "no answer".into(), "no answer".into())
        }
    };
    Words::new(format!("the name{whose}"), predicate).noted(note, brief)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::record;
    use super::super::super::{HostId, What};
    use super::super::{Known, Setting, describe};
    use super::*;

    /// Nobody knows whether a name without an answer has an address.
    #[test]
    fn a_name_without_an_answer_is_not_known() {
        for (status, sentence) in [
            (NameStatus::NoSuchName, "The name does not exist."),
            (NameStatus::NoAddress, "The name has no IPv4 address."),
            (NameStatus::NotAnswered, "The name is not known."),
        ] {
            let record = record(HostId::Client, What::NameResolved { status, address: None });
            let words = describe(&record, Setting::default(), Known::default());
            assert_eq!(words.sentence(), sentence);
        }
    }
}
