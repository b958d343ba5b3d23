//! DNS messages over TCP: two bytes with the length before each message (RFC 1035 section 4.2.2).

use alloc::vec::Vec;

/// Returns `message` with its length in front; `None` if it is longer than 65,535 bytes.
#[must_use]
pub fn frame(message: &[u8]) -> Option<Vec<u8>> {
    let len = u16::try_from(message.len()).ok()?;
    Some([&len.to_be_bytes(), message].concat())
}

/// Returns the first message in `bytes` and what follows it; `None` if more bytes are needed.
///
/// ```
/// use retrylab_core::name::{frame, split_frame};
///
/// let mut stream = frame(b"one").unwrap();
/// stream.extend(frame(b"two").unwrap());
/// let (one, rest) = split_frame(&stream).unwrap();
/// assert_eq!((one, split_frame(rest)), (&b"one"[..], Some((&b"two"[..], &b""[..]))));
/// assert_eq!(split_frame(&stream[..4]), None);
/// ```
#[must_use]
pub fn split_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*len).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_stream_of_messages_is_split_again(messages: Vec<Vec<u8>>, cut: u16) {
            let stream: Vec<u8> = messages.iter().flat_map(|message| frame(message).unwrap()).collect();
            let (mut rest, mut split) = (&stream[..], Vec::new());
            while let Some((message, more)) = split_frame(rest) {
                split.push(message.to_vec());
                rest = more;
            }
            proptest::prop_assert_eq!((&split, rest), (&messages, &b""[..]));
            // What arrives first is a prefix of the messages.
            let _ = split_frame(&stream[..usize::from(cut).min(stream.len())]);
        }
    }

    #[test]
    fn a_message_that_is_too_long_has_no_frame() {
        assert_eq!(frame(&[0; 65_535]).unwrap().len(), 65_537);
        assert_eq!(frame(&[0; 65_536]), None);
    }
}
