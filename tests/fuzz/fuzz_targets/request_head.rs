#![no_main]
//! A request head; one that is good is good with anything after it.
use gregaria::http1::{Limits, Parsed, parse_request};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(Parsed::Complete(head)) = parse_request(input, &Limits::default()) {
        let alone = parse_request(&input[..head.head_len], &Limits::default());
        assert_eq!(alone, Ok(Parsed::Complete(head)));
    }
});
