//! Messages over a Unix socket, each with its length before it, and with a descriptor where there is one.
//!
//! A message is JSON, as in every other place where intervals and descriptions leave a process: they are
//! serde types already, texts of Python are JSON anyway, and one encoding a second and core, on a thread that
//! makes no load, costs nothing that is measured.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest message. The longest that occur have the rows of thousands of names.
const LENGTH_MAX: u32 = 1 << 30;

/// One end of a connection between two processes.
#[derive(Debug)]
pub(super) struct Connection(UnixStream);

impl Connection {
    /// Makes both ends of a connection. Neither outlives an `exec`.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Connection(one), Connection(other)))
    }

    /// Returns a second handle of the same end.
    pub(super) fn share(&self) -> io::Result<Self> {
        self.0.try_clone().map(Connection)
    }

    /// Sends a message.
    pub(super) fn send<T: Serialize>(&self, message: &T) -> io::Result<()> {
        self.send_with(message, None)
    }

    /// Sends a message, and a descriptor with it.
    pub(super) fn send_with<T: Serialize>(
        &self,
        message: &T,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        let mut frame = vec![0; 4];
        serde_json::to_writer(&mut frame, message)?;
        let length = u32::try_from(frame.len() - 4).ok().filter(|length| *length <= LENGTH_MAX);
        let length = length.ok_or_else(|| io::Error::other("a message is too long"))?;
        frame[..4].copy_from_slice(&length.to_le_bytes());
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors: Vec<_> = descriptor.into_iter().collect();
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&descriptors));
        }
        let sent = rustix::io::retry_on_intr(|| {
            sendmsg(&self.0, &[IoSlice::new(&frame)], &mut control, SendFlags::NOSIGNAL)
        })?;
        (&self.0).write_all(&frame[sent..])
    }

    /// Receives the next message; `None` where the other end is closed.
    pub(super) fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<T>> {
        Ok(self.receive_with()?.map(|(message, _)| message))
    }

    /// Waits until a message can be received, or until this process has ended without one. Another process
    /// may have inherited the other end.
    pub(super) fn wait_for(
        &self,
        process: BorrowedFd<'_>,
        time: Option<Duration>,
    ) -> io::Result<Waited> {
        let mut both = [
            PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(process, PollFlags::IN),
        ];
        let time = time.map(|time| Timespec {
            tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: time.subsec_nanos().into(),
        });
        rustix::io::retry_on_intr(|| poll(&mut both, time.as_ref()))?;
        Ok(match both.map(|one| !one.revents().is_empty()) {
            [true, _] => Waited::Message,
            [false, true] => Waited::End,
            [false, false] => Waited::Time,
        })
    }

    /// Receives the next message of this process; `None` where it has ended.
    pub(super) fn receive_of<T: DeserializeOwned>(
        &self,
        process: BorrowedFd<'_>,
    ) -> io::Result<Option<T>> {
        match self.wait_for(process, None)? {
            Waited::Message => self.receive(),
            Waited::End | Waited::Time => Ok(None),
        }
    }

    /// Receives the next message, with its descriptor if it has one; `None` where the other end is closed.
    pub(super) fn receive_with<T: DeserializeOwned>(
        &self,
    ) -> io::Result<Option<(T, Option<OwnedFd>)>> {
        match self.frame() {
            Ok((frame, descriptor)) => Ok(Some((serde_json::from_slice(&frame)?, descriptor))),
            Err(error) if is_end(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn frame(&self) -> io::Result<(Vec<u8>, Option<OwnedFd>)> {
        let mut length = [0; 4];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            let flags = RecvFlags::CMSG_CLOEXEC;
            recvmsg(&self.0, &mut [IoSliceMut::new(&mut length)], &mut control, flags)
        })?;
        if received.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let descriptor = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        (&self.0).read_exact(&mut length[received.bytes..])?;
        let length = u32::from_le_bytes(length);
        if length > LENGTH_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too long"));
        }
        let mut frame = Vec::new();
        (&self.0).take(length.into()).read_to_end(&mut frame)?;
        if frame.len() < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok((frame, descriptor))
    }

    /// Sets how long a message may take to be sent. The other end may be stopped.
    pub(super) fn limit_sends(&self, time: Duration) -> io::Result<()> {
        self.0.set_write_timeout(Some(time))
    }

    /// Ends the connection for all who have it.
    pub(super) fn close(&self) {
        // The only error is that it has ended.
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

/// What a wait for a process ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// A message, or the end of the connection.
    Message,
    /// The end of the process.
    End,
    /// Neither, for this time.
    Time,
}

/// A peer that dies with messages of ours unread resets the connection.
fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}

impl From<OwnedFd> for Connection {
    fn from(socket: OwnedFd) -> Self {
        Connection(socket.into())
    }
}

impl From<Connection> for OwnedFd {
    fn from(connection: Connection) -> Self {
        connection.0.into()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_their_order_and_descriptors_with_their_own() {
        let (here, there) = Connection::pair().unwrap();
        let (sent, received) = Connection::pair().unwrap();
        here.send(&"one").unwrap();
        here.send_with(&"two", Some(sent.as_fd())).unwrap();
        drop(sent);
        assert_eq!(there.receive::<String>().unwrap().as_deref(), Some("one"));
        let (two, descriptor) = there.receive_with::<String>().unwrap().unwrap();
        assert_eq!(two, "two");
        Connection::from(descriptor.unwrap()).send(&3).unwrap();
        assert_eq!(received.receive::<u32>().unwrap(), Some(3));
        assert_eq!(received.receive::<u32>().unwrap(), None, "all other ends are closed");
    }

    /// It is longer than the buffers of a socket.
    #[test]
    fn a_long_message_comes_whole_and_a_torn_one_not_at_all() {
        let (here, there) = Connection::pair().unwrap();
        let text = "x".repeat(3 << 20);
        std::thread::scope(|scope| {
            scope.spawn(|| here.send(&text).unwrap());
            assert_eq!(there.receive::<String>().unwrap().as_deref(), Some(&*text));
        });
        (&here.0).write_all(&[200, 0, 0, 0, b'"', b'a']).unwrap();
        drop(here);
        assert_eq!(there.receive::<String>().unwrap(), None);
    }

    /// As those of a locustfile may that uses `multiprocessing`.
    #[test]
    fn a_process_has_ended_though_a_child_of_its_own_has_its_end_of_the_connection() {
        let (here, there) = Connection::pair().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let process = rustix::process::Pid::from_child(&child);
        let flags = rustix::process::PidfdFlags::empty();
        let process = rustix::process::pidfd_open(process, flags).unwrap();
        there.send(&"last").unwrap();
        child.wait().unwrap();
        let last = here.receive_of::<String>(process.as_fd()).unwrap();
        assert_eq!(last.as_deref(), Some("last"));
        assert_eq!(here.receive_of::<String>(process.as_fd()).unwrap(), None);
        drop(there);
    }

    #[test]
    fn a_peer_that_dies_with_unread_messages_has_ended() {
        let (here, there) = Connection::pair().unwrap();
        here.send(&"unread").unwrap();
        drop(there);
        assert_eq!(here.receive::<String>().unwrap(), None);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let (here, there) = Connection::pair().unwrap();
        here.send(&"text").unwrap();
        assert!(there.receive::<u32>().is_err());
        (&here.0).write_all(&u32::MAX.to_le_bytes()).unwrap();
        let error = there.receive::<u32>().unwrap_err();
        assert_eq!(error.to_string(), "a message is too long");
    }
}
