#![no_main]
//! A whole exchange, split at lengths taken from its first four bytes: the same as in one piece.
use gregaria::http1::{Error, Head, KeepBody, Limits, ResponseReader};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((lengths, mut rest)) = input.split_first_chunk::<4>() else { return };
    let whole = read([rest].into_iter());
    let parts = read(lengths.iter().cycle().map_while(|&length| {
        let slice = rest.split_off(..rest.len().min(1 + usize::from(length)))?;
        (!slice.is_empty()).then_some(slice)
    }));
    let garbled = matches!(whole, Err(Error::MalformedHead(_) | Error::TooManyHeaders));
    assert!(whole == parts || garbled && parts == Err(Error::TornHead), "{whole:?} {parts:?}");
});

type Seen = (Vec<u8>, Option<Head>, u64, bool);

fn read<'a>(slices: impl Iterator<Item = &'a [u8]>) -> Result<Seen, Error> {
    let limits = Limits { head_bytes: 512, headers: 16, body_bytes: 2048 };
    let mut reader = ResponseReader::new(&http::Method::GET, KeepBody::Yes, limits);
    let mut store = Vec::new();
    for slice in slices {
        reader.feed(slice, &mut store)?;
        assert!(store.len() <= 512 + 2048);
    }
    let keep_alive = reader.keep_alive();
    reader.close().map(|()| (store, reader.head().copied(), reader.body_bytes(), keep_alive))
}
