//! The bytes of a packet, layer by layer, for the inspector.

use crate::json::Json;
use crate::numbers::count;
use retrylab_core::dissect;
use std::fmt::Write;

/// Maximum number of bytes that are shown; a frame has up to 65,549.
const MAX_BYTES: usize = 512;

/// The bytes of a packet, as far as the page has them.
pub(super) enum Bytes<'a> {
    /// A frame, from its Ethernet header on.
    Frame(&'a [u8]),
    /// A datagram's payload.
    Payload(&'a [u8]),
}

/// Writes `hex` (two digits per byte), `cut` (a sentence about bytes that are not shown; may be empty), and `layers`: each
/// with `name`, `from`, `to` and `fields`, which have `name`, `value`, `meaning`, `from` and `to`. Both ends of a range are
/// places in the bytes, the second one behind the last byte.
pub(super) fn write(json: &mut Json, bytes: &Bytes<'_>) {
    let (Bytes::Frame(all) | Bytes::Payload(all)) = *bytes;
    let shown = &all[..all.len().min(MAX_BYTES)];
    let mut hex = String::with_capacity(2 * shown.len());
    for byte in shown {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    json.text("hex", &hex);
    let left = (all.len() - shown.len()) as u64;
    let cut = if left > 0 {
        format!("{} more are not shown.", count(left, "byte"))
    } else {
        String::new()
    };
    json.text("cut", &cut);
    json.list("layers", |json| match bytes {
        #[cfg(feature = "packets")]
        Bytes::Frame(frame) => layers(json, &dissect::frame(frame)),
        // Without stacks there are no frames.
        #[cfg(not(feature = "packets"))]
        Bytes::Frame(_) => {}
        Bytes::Payload(payload) => layers(json, &dissect::message(payload)),
    });
}

fn layers(json: &mut Json, layers: &[dissect::Layer]) {
    for layer in layers {
        json.element(|json| {
            json.text("name", layer.protocol);
            range(json, layer.range.start, layer.range.end);
            json.list("fields", |json| {
                for field in &layer.fields {
                    json.element(|json| {
                        json.text("name", &field.name);
                        json.text("value", &field.value);
                        json.text("meaning", &field.meaning);
                        range(json, field.range.start, field.range.end);
                    });
                }
            });
        });
    }
}

fn range(json: &mut Json, from: usize, to: usize) {
    json.number("from", from as u64);
    json.number("to", to as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_and_says_so() {
        let text = Json::object(|json| write(json, &Bytes::Payload(&[b'x'; 600])));
        assert_eq!(text.matches("78").count(), MAX_BYTES);
        assert!(text.contains(r#""cut":"88 bytes more are not shown.""#), "{text}");
        assert!(text.contains(r#""meaning":"600 bytes","from":0,"to":600"#), "{text}");
        let empty = Json::object(|json| write(json, &Bytes::Payload(&[])));
        assert_eq!(empty, r#"{"hex":"","cut":"","layers":[]}"#);
    }
}
