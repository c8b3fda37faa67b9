#![no_main]
//! A response head, and the lazy look at its headers.
use gregaria::http1::{Limits, Parsed, headers, parse_response, reason};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let parsed = parse_response(input, &http::Method::GET, &Limits::default());
    let Ok(Parsed::Complete(head)) = parsed else { return };
    let head = &input[..head.head_len];
    assert!(headers(head).count() <= Limits::HEADERS_MAX && reason(head).len() < head.len());
});
