#![no_main]
//! A body in each coding, and in two that its first byte names: never longer than it may be.
use gregaria::session::{Coding, Decoders};

const CODINGS: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
const MAX: u64 = 1 << 16;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut decoders = Decoders::default();
    for coding in CODINGS {
        check(decoders.decode(&[coding], input, MAX));
    }
    let Some((&row, body)) = input.split_first() else { return };
    let row = [row, row >> 4].map(|number| CODINGS[usize::from(number % 4)]);
    check(decoders.decode(&row, body, MAX));
});

fn check<E>(decoded: Result<Vec<u8>, E>) {
    assert!(decoded.map_or(0, |body| body.len() as u64) <= MAX);
}
