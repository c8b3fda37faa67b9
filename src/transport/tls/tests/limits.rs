//! What a key may seal, with keys that are good for a hundred records in place of 2^24.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::thread;

use rustls::version::{TLS12, TLS13};
use rustls::{ServerConnection, StreamOwned};

use super::super::config::UserTls;
use super::super::error::TlsError;
use super::over_loopback::{echo, receive, run};
use super::pair::{connect, data_of, server, short_lived, take};
use crate::reactor::{Backend, Peer, Reactor, Socket};
use crate::transport::tls_options::TlsVersion;

const RECORDS: u64 = 100;

#[test]
fn before_tls_13_a_connection_ends_with_its_key() {
    let server = server(&[&TLS12]);
    let client = short_lived(TlsVersion::V1_2, RECORDS);
    let (mut channel, mut server, _) = connect(&server, &client, &mut UserTls::default()).unwrap();
    let mut sealed = 0;
    let error = loop {
        match channel.seal(b"request", Vec::new) {
            Ok(wire) => take(&mut server, &wire),
            Err(error) => break error,
        }
        sealed += 1;
        assert_eq!(data_of(&mut server), b"request");
        // A mebibyte is kept back for what a request may be beside its body.
        assert_eq!(channel.has_room_for(0), sealed < 36, "{sealed}");
        assert_eq!(channel.has_room_for(16 * 16 * 1024), sealed < 20, "{sealed}");
    };
    // One was the end of the handshake.
    assert_eq!((sealed, error), (99, TlsError::KeyUsedUp));
    // To say that it is the end is always possible.
    let close = channel.seal_close().unwrap();
    server.read_tls(&mut &close[..]).unwrap();
    assert!(server.process_new_packets().unwrap().peer_has_closed());
}

#[test]
fn since_tls_13_there_is_another_key() {
    let server = server(&[&TLS13]);
    let client = short_lived(TlsVersion::V1_3, RECORDS);
    let (mut channel, mut server, _) = connect(&server, &client, &mut UserTls::default()).unwrap();
    for round in 0..1000 {
        assert!(channel.has_room_for(1 << 30));
        let wire = channel.seal(b"request", Vec::new).unwrap();
        take(&mut server, &wire);
        assert_eq!(data_of(&mut server), b"request", "{round}");
    }
}

/// As a session does it: a parked connection that has no room is closed with a word, and the next is
/// made. A thousand requests and a body of many records go over as few connections as they can.
#[test]
fn a_connection_is_renewed_before_its_key_is_used_up() {
    for (version, connections) in [(TlsVersion::V1_2, 28), (TlsVersion::V1_3, 1)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Peer::new(listener.local_addr().unwrap());
        let config = server(&[&TLS12, &TLS13]);
        let thread = thread::spawn(move || {
            let mut announced = 0;
            for socket in listener.incoming().take(connections) {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let mut stream = StreamOwned::<_, TcpStream>::new(connection, socket.unwrap());
                while echo(&mut stream, 7).is_ok() {}
                announced += usize::from(matches!(stream.read(&mut [0]), Ok(0)));
            }
            announced
        });
        let reactor = Reactor::new(Backend::best()).unwrap();
        run(&reactor, async {
            let client = short_lived(version, RECORDS);
            let mut user = UserTls::default();
            let (mut made, mut open) = (0, None);
            for request in 0..1000 {
                let mut stream = match open.take() {
                    Some(stream) => stream,
                    None => {
                        made += 1;
                        let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
                        client.connect(socket, "localhost", &mut user).await.unwrap().0
                    }
                };
                stream.send(b"request".to_vec());
                assert_eq!(receive(&mut stream, 7).await.unwrap(), b"request", "{request}");
                stream.park();
                open = stream.resume(0).then_some(stream);
            }
            assert_eq!(made, connections, "{version:?}");
        });
        drop(reactor);
        assert_eq!(thread.join().unwrap(), connections, "{version:?}");
    }
}
