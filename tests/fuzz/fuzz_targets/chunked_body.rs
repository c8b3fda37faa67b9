#![no_main]
//! A chunked body in one slice: the decoder always gets on, and never gives more than it took.
use gregaria::http1::{Decoder, Framing, Limits};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut decoder = Decoder::new(Framing::Chunked, &Limits::default()).unwrap();
    let mut rest = input;
    while !rest.is_empty() && !decoder.is_done() {
        let Ok(step) = decoder.decode(rest) else { return };
        assert!(step.consumed > 0 && step.payload.len() <= step.consumed);
        rest = &rest[step.consumed..];
    }
});
