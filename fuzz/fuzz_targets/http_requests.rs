//! Any bytes are answered by the server with responses that a client can read, and how they are split changes
//! nothing.

#![no_main]

#[path = "../../core/tests/support/http_bytes.rs"]
#[allow(dead_code)]
mod http_bytes;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, Vec<u8>, &[u8])| {
    let (finishes, sizes, bytes) = input;
    http_bytes::check_requests(&sizes, finishes, bytes);
});
