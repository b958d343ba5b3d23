//! Any bytes are a response or are refused, and how they are split changes nothing.

#![no_main]

#[path = "../../core/tests/support/http_bytes.rs"]
#[allow(dead_code)]
mod http_bytes;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, Vec<u8>, &[u8])| {
    let (to_head, sizes, bytes) = input;
    http_bytes::check_response(to_head, &sizes, bytes);
});
