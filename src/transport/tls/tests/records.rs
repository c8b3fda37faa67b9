//! Every split of records, and every kind of them.

use rustls::version::{TLS12, TLS13};

use super::super::config::UserTls;
use super::super::error::TlsError;
use super::pair::{connect, data_of, give, give_data, insecure, open_in_pieces, server, take};
use crate::transport::tls_options::TlsVersion;

const VERSIONS: [TlsVersion; 2] = [TlsVersion::V1_2, TlsVersion::V1_3];

fn fresh(version: TlsVersion) -> (super::super::channel::Channel, rustls::ServerConnection) {
    let server = server(&[&TLS12, &TLS13]);
    let client = insecure(version, false);
    let (mut channel, mut server, _) = connect(&server, &client, &mut UserTls::default()).unwrap();
    let wire = channel.seal(b"request", Vec::new).unwrap();
    take(&mut server, &wire);
    assert_eq!(data_of(&mut server), b"request");
    (channel, server)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 251) as u8).collect()
}

#[test]
fn records_are_opened_however_they_are_split() {
    for version in VERSIONS {
        for (len, sizes) in [
            (1, &[1, 7, 100_000][..]),
            (300, &[1, 2, 3, 5, 6, 21, 22, 23, 320, 400]),
            (100_000, &[1, 1000, 16_383, 16_384, 16_385, 16_406, 40_000, 200_000]),
            (1 << 20, &[16_384, 5000]),
        ] {
            for &size in sizes {
                let (mut channel, mut server) = fresh(version);
                let data = pattern(len);
                // Tickets are on their way before the data.
                let wire = give_data(&mut server, &data);
                let opened = open_in_pieces(&mut channel, &wire, size).unwrap();
                assert!(opened == data, "{version:?}, {len} bytes in pieces of {size}");
                assert!(!channel.is_inside_record());
            }
        }
    }
}

#[test]
fn many_small_records_become_one_piece() {
    for version in VERSIONS {
        for split in [1, 30, 64, 1000] {
            let (mut channel, mut server) = fresh(version);
            let mut wire = give(&mut server);
            for part in pattern(300).chunks(10) {
                wire.extend(give_data(&mut server, part));
            }
            let opened = open_in_pieces(&mut channel, &wire, split).unwrap();
            assert_eq!(opened, pattern(300), "{version:?}, {split}");
        }
    }
}

#[test]
fn what_is_sent_arrives_whatever_its_length() {
    for version in VERSIONS {
        let (mut channel, mut server) = fresh(version);
        for len in [0, 1, 16_383, 16_384, 16_385, 100_000] {
            let wire_len = channel.wire_len(len);
            let wire = channel.seal(&pattern(len), Vec::new).unwrap();
            assert_eq!(wire.len(), wire_len, "{version:?}, {len} bytes");
            let mut got = Vec::new();
            for part in wire.chunks(4096) {
                take(&mut server, part);
                got.extend(data_of(&mut server));
            }
            assert!(got == pattern(len), "{version:?}, {len} bytes");
        }
    }
}

/// Keys change at either end, more than once, in the middle of what is said.
#[test]
fn keys_are_updated_whoever_asks() {
    let (mut channel, mut server) = fresh(TlsVersion::V1_3);
    for round in 0..3 {
        server.refresh_traffic_keys().unwrap();
        let mut wire = give(&mut server);
        server.refresh_traffic_keys().unwrap();
        wire.extend(give_data(&mut server, b"response"));
        assert_eq!(open_in_pieces(&mut channel, &wire, 11).unwrap(), b"response", "{round}");
        // The server asked for ours, which goes out before the next request.
        let wire = channel.seal(b"request", Vec::new).unwrap();
        take(&mut server, &wire);
        assert_eq!(data_of(&mut server), b"request", "{round}");
    }
}

#[test]
fn a_close_is_announced_and_understood() {
    for version in VERSIONS {
        let (mut channel, mut server) = fresh(version);
        let mut wire = give_data(&mut server, b"the end");
        server.send_close_notify();
        wire.extend(give(&mut server));
        // What follows is nobody's.
        wire.extend(b"garbage");
        assert_eq!(open_in_pieces(&mut channel, &wire, 9).unwrap(), b"the end");
        assert!(channel.is_closed());

        let close = channel.seal_close().unwrap();
        server.read_tls(&mut &close[..]).unwrap();
        assert!(server.process_new_packets().unwrap().peer_has_closed());
    }
}

#[test]
fn what_was_changed_on_the_way_is_refused() {
    for version in VERSIONS {
        let (_, mut server) = fresh(version);
        let wire = give_data(&mut server, b"response");
        drop(wire);
        for at in [0, 1, 3, 5, 12, 29] {
            let (mut channel, mut server) = fresh(version);
            let tickets = give(&mut server);
            open_in_pieces(&mut channel, &tickets, 1000).unwrap();
            let mut wire = give_data(&mut server, &[7; 40]);
            wire[at] ^= 0x55;
            // A longer length waits for more that does not come.
            let longer = open_in_pieces(&mut channel, &wire, 1000);
            let refused = longer == Err(TlsError::BadRecord)
                || (longer == Ok(Vec::new()) && channel.is_inside_record());
            assert!(refused, "{version:?}, {at}: {longer:?}");
        }
    }
}

#[test]
fn sessions_are_resumed_by_the_user_who_has_them() {
    let server = server(&[&TLS12, &TLS13]);
    for version in VERSIONS {
        for resume in [false, true] {
            let client = insecure(version, resume);
            let (mut one, mut other) = (UserTls::default(), UserTls::default());
            let resumed = |user: &mut UserTls| {
                let (mut channel, mut server, resumed) = connect(&server, &client, user).unwrap();
                take(&mut server, &channel.seal(b"request", Vec::new).unwrap());
                let wire = give_data(&mut server, b"response");
                open_in_pieces(&mut channel, &wire, 100).unwrap();
                resumed
            };
            assert!(!resumed(&mut one), "{version:?}");
            assert_eq!(resumed(&mut one), resume, "{version:?}");
            assert!(!resumed(&mut other), "{version:?}");
            assert_eq!(resumed(&mut one), resume, "{version:?}");
        }
    }
}
