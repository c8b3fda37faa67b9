//! One descriptor: the operations in flight on it, and how they continue.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd, RawFd};

use rustix::io::retry_on_intr;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, sockopt};

use super::super::buffers::{BUFFER_BYTES, Buffers};
use super::super::operation::{BUFFER_SHIFT, Completion, F_BUFFER, F_MORE, F_NONEMPTY, Kind, Tag};

/// The most reads of one descriptor in a turn, because others wait, too.
const READS_MAX: usize = 32;

/// One descriptor.
#[derive(Debug, Default)]
pub(super) struct Descriptor {
    pub(super) is_registered: bool,
    /// There may be something to read: an event has said so, and nothing since then has said
    /// otherwise.
    pub(super) is_readable: bool,
    /// It is in the list of those that are read in the coming turn without an event.
    pub(super) is_listed: bool,
    /// An event has reported an end or an error. No further event will come for the bytes before it.
    pub(super) has_ended: bool,
    /// A receive, an accept, or the watch of an event descriptor, by its kind.
    pub(super) reading: Option<Tag>,
    /// A connect and sends, in their order.
    pub(super) writing: VecDeque<Write>,
}

/// An operation that writes, and how far it has come.
#[derive(Debug)]
pub(super) enum Write {
    Connect { tag: Tag, address: *const libc::sockaddr, len: u32, is_begun: bool },
    Send { tag: Tag, address: *const u8, len: usize, sent: usize },
}

/// What an operation that writes waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// An event, or nothing at all.
    Events,
    /// Some time.
    ToTryAgain,
}

impl Write {
    fn tag(&self) -> Tag {
        match *self {
            Write::Connect { tag, .. } | Write::Send { tag, .. } => tag,
        }
    }
}

impl Descriptor {
    pub(super) fn is_writing(&self) -> bool {
        !self.writing.is_empty()
    }

    /// Ends the operations with such tags with an error.
    pub(super) fn end(
        &mut self,
        is: impl Fn(Tag) -> bool,
        errno: i32,
        done: &mut VecDeque<Completion>,
    ) {
        let reading = self.reading.take_if(|tag| is(*tag));
        let mut ended = |tag| done.push_back(Completion::new(tag, -errno, 0));
        reading.into_iter().for_each(&mut ended);
        self.writing.retain(|write| {
            let stays = !is(write.tag());
            if !stays {
                ended(write.tag());
            }
            stays
        });
    }

    /// Reads what there is, as often as one descriptor may be.
    pub(super) fn read(
        &mut self,
        fd: RawFd,
        buffers: &mut Buffers,
        done: &mut VecDeque<Completion>,
    ) {
        for _ in 0..READS_MAX {
            let Some(tag) = self.reading.filter(|_| self.is_readable) else { return };
            let (result, flags) = match tag.kind() {
                Kind::Receive => self.receive(fd, buffers),
                Kind::Accept => accept(fd),
                // The count is read by the owner, and each write to it is an event.
                _ => {
                    self.is_readable = false;
                    (1, F_MORE)
                }
            };
            if result == -libc::EAGAIN {
                self.is_readable = false;
                self.has_ended = false;
                return;
            }
            if flags & F_MORE == 0 {
                self.reading = None;
            }
            done.push_back(Completion::new(tag, result, flags));
        }
    }

    /// Receives one piece. One that does not fill its buffer is taken for the last: the next comes with
    /// an event.
    fn receive(&mut self, fd: RawFd, buffers: &mut Buffers) -> (i32, u32) {
        let Some((buffer, address)) = buffers.lend() else { return (-libc::ENOBUFS, 0) };
        // SAFETY: the buffer is as long as that, and not used elsewhere until it is given back.
        let bytes = unsafe { std::slice::from_raw_parts_mut(address.as_ptr(), BUFFER_BYTES) };
        // SAFETY: the descriptor is open as long as its socket.
        let socket = unsafe { BorrowedFd::borrow_raw(fd) };
        // By rustix: libc's own call is a point where a thread may be cancelled, and costs more.
        let received =
            retry_on_intr(|| rustix::net::recv(socket, &mut *bytes, RecvFlags::DONTWAIT));
        let received = received.map_or_else(|error| -error.raw_os_error(), |(len, _)| len as i32);
        if received <= 0 {
            buffers.take_back(buffer);
            return (received, 0);
        }
        let is_full = received as usize == BUFFER_BYTES;
        self.is_readable = is_full || self.has_ended;
        let more = if is_full { F_NONEMPTY } else { 0 };
        (received, F_MORE | more | F_BUFFER | u32::from(buffer) << BUFFER_SHIFT)
    }

    /// Continues the operations that write, until all are done or one must wait.
    pub(super) fn write(&mut self, fd: RawFd, done: &mut VecDeque<Completion>) -> Wants {
        while let Some(write) = self.writing.front_mut() {
            let tag = write.tag();
            let result = match write {
                // SAFETY: the address is valid until the completion has been seen.
                Write::Connect { address, len, is_begun, .. } => unsafe {
                    connect(fd, *address, *len, is_begun)
                },
                // SAFETY: the bytes are valid until the completion has been seen.
                Write::Send { address, len, sent, .. } => unsafe {
                    send_on(fd, *address, *len, sent)
                },
            };
            match result {
                Ok(result) => {
                    self.writing.pop_front();
                    done.push_back(Completion::new(tag, result, 0));
                }
                Err(wants) => return wants,
            }
        }
        Wants::Events
    }
}

/// Begins a connect, or looks how it went. `Err` says what it waits for, while it does.
///
/// # Safety
///
/// The address must be valid.
unsafe fn connect(
    fd: RawFd,
    address: *const libc::sockaddr,
    len: u32,
    is_begun: &mut bool,
) -> Result<i32, Wants> {
    if *is_begun {
        // SAFETY: the descriptor is open as long as its handle exists.
        let socket = unsafe { BorrowedFd::borrow_raw(fd) };
        return match sockopt::socket_error(socket) {
            Ok(Ok(())) => Ok(0),
            Ok(Err(error)) | Err(error) => Ok(-error.raw_os_error()),
        };
    }
    // SAFETY: the caller vouches for the address.
    if unsafe { libc::connect(fd, address, len) } == 0 {
        return Ok(0);
    }
    match last_errno() {
        libc::EINPROGRESS | libc::EINTR => {
            *is_begun = true;
            Err(Wants::Events)
        }
        // The queue of a Unix socket is full.
        libc::EAGAIN => Err(Wants::ToTryAgain),
        errno => Ok(-errno),
    }
}

/// Continues a send. Its result is the same as io_uring's: all bytes, or the number sent before an
/// error.
///
/// # Safety
///
/// The bytes must be valid.
unsafe fn send_on(
    fd: RawFd,
    address: *const u8,
    len: usize,
    sent: &mut usize,
) -> Result<i32, Wants> {
    while *sent < len {
        // SAFETY: the caller vouches for the bytes, of which these are the rest.
        match unsafe { send(fd, address.add(*sent), len - *sent) } {
            errno if errno == -libc::EAGAIN => return Err(Wants::Events),
            errno if errno < 0 && *sent == 0 => return Ok(errno),
            errno if errno < 0 => break,
            taken => *sent += taken as usize,
        }
    }
    Ok(*sent as i32)
}

/// Sends without waiting. Returns how many bytes were taken, or a negative errno.
///
/// # Safety
///
/// The bytes must be valid.
pub(super) unsafe fn send(fd: RawFd, address: *const u8, len: usize) -> i32 {
    // SAFETY: the caller vouches for the bytes, and the descriptor is open as long as its socket.
    let (bytes, socket) =
        unsafe { (std::slice::from_raw_parts(address, len), BorrowedFd::borrow_raw(fd)) };
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = retry_on_intr(|| rustix::net::send(socket, bytes, flags));
    sent.map_or_else(|error| -error.raw_os_error(), |len| len as i32)
}

/// Accepts one connection: its descriptor, or a negative errno.
fn accept(fd: RawFd) -> (i32, u32) {
    // SAFETY: the descriptor is open as long as its listener.
    let listener = unsafe { BorrowedFd::borrow_raw(fd) };
    match retry_on_intr(|| rustix::net::accept_with(listener, SocketFlags::CLOEXEC)) {
        Ok(accepted) => (accepted.into_raw_fd(), F_MORE),
        Err(error) => (-error.raw_os_error(), 0),
    }
}

fn last_errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}
