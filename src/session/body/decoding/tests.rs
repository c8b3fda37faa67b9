use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

use super::*;

/// `gzip -9` of a file: its name is in the header.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x08kM\x06k\x02\x03fx.txt\x00\xb3\xc9\xc9\xb4K/JMO,\xcaL\xb4\xd1\x07r\xb8l\
    \x86\x85\x08\x00^\x00\x91X\xd8\x00\x00\x00";
/// Python's gzip, two members.
const GZIP_MEMBERS: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\xc9\xc9\xb4K/JMO,\xcaL\xb4\xd1\x07r\xb8l\
    \xa8$\x02\x00_\x16\x96_Z\x00\x00\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\xc9\
    \xc9\xb4K/JMO,\xcaL\xb4\xd1\x07r\xb8l\xe8(\x02\x00\xc9O\xa7X~\x00\x00\x00";
/// Every optional field of RFC 1952 in the header.
const GZIP_FIELDS: &[u8] =
    b"\x1f\x8b\x08\x1e\x00\x00\x00\x00\x02\x03\x04\x00ab\x00\x00n\x00c\x00K\xd1\xb3\xc9\xc9\
    \xb4K/JMO,\xcaL\xb4\xd1\x07r\xb8l\x86\x85\x08\x00^\x00\x91X\xd8\x00\x00\x00";
/// Python's zlib.
const ZLIB: &[u8] = b"x\xda\xb3\xc9\xc9\xb4K/JMO,\xcaL\xb4\xd1\x07r\xb8l\x86\x85\x08\x002\xa5I-";
/// The same without the wrapping.
const RAW: &[u8] = b"\xb3\xc9\xc9\xb4K/JMO,\xcaL\xb4\xd1\x07r\xb8l\x86\x85\x08\x00";
/// Python's brotli.
const BROTLI: &[u8] =
    b"\x1b\xd7\x00\xf8\x8d\xd4a\xcd\x9d\x07r\x1b\xfb\xcd-\xae\xef\x08\x11\x5c\xc6KL\x18!\x00\
    \x80\x86\xde[\x8b\xd0\xf0\x00";
/// `zstd -c`, with its checksum.
const ZSTD: &[u8] =
    b"(\xb5/\xfd\x04h\xcd\x00\x00\x90<li>gregaria</li>\x0a\x01\x00\x86E\xcd0p\xf4\xab\xea";
/// Two frames, a skippable one between them.
const ZSTD_FRAMES: &[u8] =
    b"(\xb5/\xfd\x04X\xcd\x00\x00\x90<li>gregaria</li>\x0a\x01\x00\xaa\xd0\x19\x06\xc2\xdf\
    \xc7\xceP*M\x18\x03\x00\x00\x00abc(\xb5/\xfd\x00X\xcd\x00\x00\x90<li>gregaria</li>\x0a\
    \x01\x00R\xa53\x0c";
/// gzip inside of brotli.
const GZIP_THEN_BROTLI: &[u8] =
    b"\x8b\x13\x80\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\xc9\xc9\xb4K/JMO,\xcaL\xb4\
    \xd1\x07r\xb8l\x86\x85\x08\x00^\x00\x91X\xd8\x00\x00\x00\x03";
/// 32 MiB of zeros.
const BROTLI_BOMB: &[u8] =
    b"\xcb\xff\xff?\xf8'\x00\xe2\xb1@ \xf7\xfe\x8f\xff\xff\x7f\xf0O\x00\xc4a\x11\x80\xee\xfd\
    \x1f\xff\xff\xff\xe0\x9f\x00\x88\xc3\x02\x00\xdd\xfb?\xfe\xff\xff\xc1?\x01\x10\x87\x05\
    \x00\xba\xf7\x7f\x03";

const MAX: u64 = 16 << 20;

fn text() -> Vec<u8> {
    b"<li>gregaria</li>\n".repeat(12)
}

/// Streams with one coding, each whole.
fn streams() -> [(Coding, &'static [u8]); 7] {
    [
        (Coding::Gzip, GZIP),
        (Coding::Gzip, GZIP_MEMBERS),
        (Coding::Gzip, GZIP_FIELDS),
        (Coding::Deflate, ZLIB),
        (Coding::Deflate, RAW),
        (Coding::Brotli, BROTLI),
        (Coding::Zstd, ZSTD),
    ]
}

fn decode(coding: Coding, body: &[u8], max: u64) -> Result<Vec<u8>, DecodeError> {
    Decoders::default().decode(&[coding], body, max)
}

fn codings_of(lines: &str) -> Result<Vec<Coding>, DecodeError> {
    codings(format!("HTTP/1.1 200 OK\r\nServer: x\r\n{lines}\r\n").as_bytes())
}

#[test]
fn what_the_tools_of_the_field_make_is_decoded() {
    for (coding, stream) in streams() {
        assert_eq!(decode(coding, stream, MAX), Ok(text()), "{coding}");
    }
    assert_eq!(decode(Coding::Zstd, ZSTD_FRAMES, MAX), Ok(text()));
}

#[test]
fn codings_in_a_row_are_undone_from_the_last() {
    let mut decoders = Decoders::default();
    let row = [Coding::Gzip, Coding::Brotli];
    assert_eq!(decoders.decode(&row, GZIP_THEN_BROTLI, MAX), Ok(text()));
    let wrong = decoders.decode(&[Coding::Brotli, Coding::Gzip], GZIP_THEN_BROTLI, MAX);
    assert_eq!(wrong, Err(DecodeError::Bad(Coding::Gzip)));
    assert_eq!(decoders.decode(&[], GZIP, MAX), Ok(GZIP.to_vec()));
}

#[test]
fn the_decoders_serve_one_body_after_the_other_whatever_came_before() {
    let mut decoders = Decoders::default();
    for _ in 0..3 {
        for (coding, stream) in streams() {
            let torn = decoders.decode(&[coding], &stream[..stream.len() / 3], MAX);
            assert_eq!(torn, Err(DecodeError::Bad(coding)));
            assert_eq!(decoders.decode(&[coding], stream, MAX), Ok(text()), "{coding}");
        }
    }
}

#[test]
fn a_stream_that_is_cut_off_anywhere_is_bad() {
    for (coding, stream) in streams() {
        for end in 1..stream.len() {
            let torn = decode(coding, &stream[..end], MAX);
            // The first member is whole there, and a second one not begun.
            let is_member = stream == GZIP_MEMBERS && torn == Ok(text()[..90].to_vec());
            let is_bad = torn == Err(DecodeError::Bad(coding));
            assert!(is_bad || is_member, "{coding} {end}: {torn:?}");
        }
        assert_eq!(
            decode(coding, b"", MAX),
            Ok(Vec::new()),
            "a body that is not there is not torn"
        );
    }
}

#[test]
fn garbage_at_any_place_neither_panics_nor_hangs() {
    for (coding, stream) in streams().into_iter().chain([(Coding::Zstd, ZSTD_FRAMES)]) {
        for at in 0..stream.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut garbled = stream.to_vec();
                garbled[at] ^= flip;
                let _ = decode(coding, &garbled, MAX);
            }
        }
    }
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..2_000 {
        let noise: Vec<u8> = (0..rng.usize(1..200)).map(|_| rng.u8(..)).collect();
        for (coding, stream) in streams() {
            let _ = decode(coding, &noise, MAX);
            let start = &stream[..rng.usize(..stream.len())];
            let _ = decode(coding, &[start, &noise].concat(), MAX);
        }
    }
}

#[test]
fn checksums_are_looked_at() {
    for (coding, stream, at) in [
        (Coding::Gzip, GZIP, GZIP.len() - 5),
        (Coding::Deflate, ZLIB, ZLIB.len() - 1),
        (Coding::Zstd, ZSTD, ZSTD.len() - 1),
    ] {
        let mut garbled = stream.to_vec();
        garbled[at] ^= 1;
        assert_eq!(decode(coding, &garbled, MAX), Err(DecodeError::Bad(coding)));
    }
}

#[test]
fn what_follows_the_end_is_ignored() {
    for (coding, stream) in streams().into_iter().chain([(Coding::Zstd, ZSTD_FRAMES)]) {
        let followed = [stream, b"\0\0more"].concat();
        assert_eq!(decode(coding, &followed, MAX), Ok(text()), "{coding}");
    }
}

/// A zstd frame of this many blocks of one byte 128 Ki times, which take four bytes each.
fn zstd_bomb(blocks: u32) -> Vec<u8> {
    let mut frame = b"\x28\xb5\x2f\xfd\0\x40".to_vec();
    for block in 1..=blocks {
        let header = (128 << 10) << 3 | 1 << 1 | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b'0');
    }
    frame
}

#[test]
fn a_bomb_stops_at_the_cap() {
    let zeros = vec![0; 32 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&zeros).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(&zeros).unwrap();
    for (coding, bomb) in [
        (Coding::Gzip, gzip.finish().unwrap()),
        (Coding::Deflate, raw.finish().unwrap()),
        (Coding::Brotli, BROTLI_BOMB.to_vec()),
        (Coding::Zstd, zstd_bomb(256)),
    ] {
        assert_eq!(decode(coding, &bomb, MAX), Err(DecodeError::TooLarge), "{coding}");
        assert_eq!(decode(coding, &bomb, 32 << 20).map(|body| body.len()), Ok(32 << 20));
        assert_eq!(decode(coding, &bomb, (32 << 20) - 1), Err(DecodeError::TooLarge), "{coding}");
    }
    for (coding, stream) in streams() {
        let len = text().len() as u64;
        assert_eq!(decode(coding, stream, len), Ok(text()));
        assert_eq!(decode(coding, stream, len - 1), Err(DecodeError::TooLarge), "{coding}");
    }
}

#[test]
fn a_window_that_no_content_coding_may_have_is_bad() {
    let mut frame = zstd_bomb(1);
    frame[5] = (24 - 10) << 3;
    assert_eq!(decode(Coding::Zstd, &frame, MAX), Err(DecodeError::Bad(Coding::Zstd)));
}

#[test]
fn codings_are_read_from_the_head_in_their_order() {
    use Coding::{Brotli, Deflate, Gzip, Zstd};
    let check = |lines: &str, expected: &[Coding]| {
        assert_eq!(codings_of(lines), Ok(expected.to_vec()), "{lines}");
    };
    check("", &[]);
    check("Content-Encoding: gzip\r\n", &[Gzip]);
    check("content-ENCODING:X-GZIP\r\n", &[Gzip]);
    check(
        "Content-Encoding: Deflate, br ,, identity\r\nContent-Encoding: zstd\r\n",
        &[Deflate, Brotli, Zstd],
    );
    check("Content-Encoding: identity\r\n", &[]);
    check("Content-Encoding: \r\n", &[]);
    check("Content-Encoding: gzip, compress\r\n", &[]);
    check("Content-Encoding: utf-8\r\n", &[]);
    check(&"Content-Encoding: gzip\r\n".repeat(5), &[Gzip; 5]);
    let too_many = codings_of(&"Content-Encoding: gzip\r\n".repeat(6));
    assert_eq!(too_many, Err(DecodeError::TooManyCodings));
}

#[test]
fn failures_have_texts_that_can_be_grouped() {
    let text = |error: DecodeError| error.to_string();
    assert_eq!(text(DecodeError::Bad(Coding::Brotli)), "cannot decode the body: bad br");
    assert_eq!(text(DecodeError::TooManyCodings), "cannot decode the body: more than 5 codings");
    assert_eq!(text(DecodeError::TooLarge), "decoded body too large");
}
