//! The keys `link.*`: from text into a link, and back.

use super::fields::Kind;
use super::scenario::{integer, none_or, or_none};
use crate::link::{Link, Rate};
use crate::random::Probability;
use alloc::string::{String, ToString};
use core::str::FromStr;

/// Sets `link.NAME`; `None` if there is no such key, or the value is not of its kind.
pub(super) fn set(link: &mut Link, name: &str, kind: Kind, value: &str) -> Option<()> {
    let count = |value: &str| u32::try_from(integer(kind, value)?).ok();
    match name {
        "latency" => link.latency = value.parse().ok()?,
        "correlation" => link.correlation = Probability::parse(value)?,
        "loss" => link.loss = value.parse().ok()?,
        "duplicate" => link.duplicate = Probability::parse(value)?,
        "reorder" => link.reorder = Probability::parse(value)?,
        "reorder_gap" => link.reorder_gap = count(value)?,
        "corrupt" => link.corrupt = Probability::parse(value)?,
        "checksum" => link.checksum = value.parse().ok()?,
        "rate" => link.rate = rate(value)?,
        "queue" => link.queue = count(value)?,
        "queue_rule" => link.queue_rule = value.parse().ok()?,
        "overhead" => link.overhead = count(value)?,
        "mtu" => link.mtu = or_none(value, count)?,
        "shared" => link.shared = value.parse().ok()?,
        "reply_latency" => link.reply_latency = same_or(value, read)?,
        "reply_loss" => link.reply_loss = same_or(value, read)?,
        "reply_rate" => link.reply_rate = same_or(value, rate)?,
        _ => return None,
    }
    Some(())
}

/// The value of `link.NAME` as text that [`set`] takes; `None` if there is no such key.
pub(super) fn value(link: &Link, name: &str) -> Option<String> {
    Some(match name {
        "latency" => link.latency.to_string(),
        "correlation" => link.correlation.to_string(),
        "loss" => link.loss.to_string(),
        "duplicate" => link.duplicate.to_string(),
        "reorder" => link.reorder.to_string(),
        "reorder_gap" => link.reorder_gap.to_string(),
        "corrupt" => link.corrupt.to_string(),
        "checksum" => link.checksum.to_string(),
        "rate" => none_or(link.rate),
        "queue" => link.queue.to_string(),
        "queue_rule" => link.queue_rule.to_string(),
        "overhead" => link.overhead.to_string(),
        "mtu" => none_or(link.mtu),
        "shared" => link.shared.to_string(),
        "reply_latency" => same(link.reply_latency.as_ref()),
        "reply_loss" => same(link.reply_loss.as_ref()),
        "reply_rate" => same(link.reply_rate.map(none_or)),
        _ => return None,
    })
}

fn read<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

fn rate(value: &str) -> Option<Option<Rate>> {
    or_none(value, read)
}

/// Reads `same`, or a value with `parse`.
fn same_or<T>(value: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if value.trim() == "same" { Some(None) } else { parse(value).map(Some) }
}

fn same(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "same".to_string(), |value| value.to_string())
}
