//! The memory that received bytes land in.
//!
//! One ring of provided buffers serves all sockets of a core: the kernel takes a buffer only when
//! bytes have come, so an idle connection holds none. Buffers belong to this table for the life of
//! the ring and are lent out as [`Chunk`](super::Chunk)s, so no future owns memory that the kernel
//! may write.
//!
//! The table stays as small as will do, because a buffer that was used a moment ago is still in the
//! cache: a piece for every socket in the same turn, whatever else is waiting for its reader. Where a
//! few sockets are sent more than that, TCP holds their peers up until what is there has been read:
//! with 1 MiB bodies that costs less CPU than more memory does, by a sixth.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

/// The one buffer group of a core.
pub(super) const GROUP: u16 = 0;
/// Bytes of a buffer: large enough that a megabyte comes in 64 pieces.
pub(super) const BUFFER_BYTES: usize = 16 * 1024;
/// Buffers of the first slab and of every further one: 1 MiB each, half of a core's usual cache.
/// Only the pages that bytes were received into become memory.
const SLAB_BUFFERS: u16 = 64;
/// The most buffers a core ever has: 64 MiB.
const BUFFERS_MAX: u16 = 4096;
const PAGE: usize = 4096;
const NONE: u16 = u16::MAX;

/// A queue of received buffers, linked through the table: a socket's inbox.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    head: u16,
    tail: u16,
    len: u16,
}

impl Chain {
    pub(super) const EMPTY: Chain = Chain { head: NONE, tail: NONE, len: 0 };

    pub(super) fn is_empty(&self) -> bool {
        self.head == NONE
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }
}

/// A buffer with received bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled {
    pub(super) id: u16,
    pub(super) bytes: NonNull<u8>,
    pub(super) len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Buffer {
    address: NonNull<u8>,
    /// Bytes received into it, while it is in a chain.
    len: u32,
    next: u16,
}

/// Where the free buffers are.
enum Free {
    /// With the kernel, which is given them by this ring.
    Provided { ring: NonNull<BufRingEntry>, tail: u16 },
    /// Here. The one that was used last is lent first.
    Here(Vec<u16>),
}

/// All receive buffers of a core.
pub(super) struct Buffers {
    free: Free,
    slabs: Vec<NonNull<u8>>,
    buffers: Vec<Buffer>,
    /// Buffers that the kernel does not have.
    out: usize,
    /// How many of them it did not have when the turn began: these wait for a slow reader.
    held: usize,
    leaked: bool,
}

impl Buffers {
    /// Allocates the first buffers and registers them with the ring.
    pub(super) fn register(submitter: &Submitter<'_>) -> io::Result<Self> {
        let ring = allocate(ring_layout()).cast::<BufRingEntry>();
        // SAFETY: the ring's memory is page aligned, large enough for its entries, zeroed, and
        // freed only by `drop`, which the reactor runs after the io_uring is gone.
        let registered = unsafe {
            let address = ring.as_ptr() as u64;
            submitter.register_buf_ring_with_flags(address, BUFFERS_MAX, GROUP, 0)
        };
        let buffers = Buffers::with(Free::Provided { ring, tail: 0 });
        registered?;
        Ok(buffers)
    }

    /// Allocates the first buffers, which are lent one by one.
    pub(super) fn unregistered() -> Self {
        Buffers::with(Free::Here(Vec::new()))
    }

    fn with(free: Free) -> Self {
        let mut buffers = Buffers {
            free,
            slabs: Vec::new(),
            buffers: Vec::new(),
            out: 0,
            held: 0,
            leaked: false,
        };
        buffers.grow();
        buffers
    }

    /// Lends a buffer to receive into. There is one only while no kernel has them.
    pub(super) fn lend(&mut self) -> Option<(u16, NonNull<u8>)> {
        let Free::Here(free) = &mut self.free else { return None };
        let id = free.pop()?;
        Some((id, self.buffers[usize::from(id)].address))
    }

    /// Takes a lent buffer back into which nothing was received.
    pub(super) fn take_back(&mut self, id: u16) {
        if let Free::Here(free) = &mut self.free {
            free.push(id);
        }
    }

    /// Notes that a turn begins to take its completions.
    pub(super) fn begin_turn(&mut self) {
        self.held = self.out;
    }

    /// Adds buffers, up to the limit, because there were none left. It does so if the sockets are
    /// more than the buffers of this turn.
    pub(super) fn run_out(&mut self, sockets: usize) {
        let had = self.buffers.len() - self.held;
        if had < sockets.max(usize::from(SLAB_BUFFERS)) && self.buffers.len() < BUFFERS_MAX.into() {
            self.grow();
        }
    }

    /// Adds a slab of buffers.
    fn grow(&mut self) {
        let slab = allocate(slab_layout());
        self.slabs.push(slab);
        for position in 0..usize::from(SLAB_BUFFERS) {
            // SAFETY: `position` buffers fit the slab.
            let address = unsafe { slab.add(position * BUFFER_BYTES) };
            let id = self.buffers.len() as u16;
            self.buffers.push(Buffer { address, len: 0, next: NONE });
            self.out += 1;
            self.give_back(id);
        }
    }

    /// Notes that a buffer has been filled and is not free any more.
    pub(super) fn taken(&mut self) {
        self.out += 1;
    }

    /// Hands a buffer back, to be received into from now on.
    pub(super) fn give_back(&mut self, id: u16) {
        self.out -= 1;
        let buffer = self.buffers[usize::from(id)];
        let (ring, tail) = match &mut self.free {
            Free::Provided { ring, tail } => (*ring, tail),
            Free::Here(free) => return free.push(id),
        };
        let position = usize::from(*tail % BUFFERS_MAX);
        // SAFETY: the position is inside the ring, and the entry at the tail is ours to write until
        // the tail has moved past it: there are never more buffers than entries.
        unsafe {
            let entry = ring.add(position).as_mut();
            entry.set_addr(buffer.address.as_ptr() as u64);
            entry.set_len(BUFFER_BYTES as u32);
            entry.set_bid(id);
        }
        *tail = tail.wrapping_add(1);
        // SAFETY: the tail lies in the first entry of the ring, aligned for a u16, and the kernel
        // only reads it. Release: the entry must be there before the kernel may look at it.
        unsafe {
            let shared = BufRingEntry::tail(ring.as_ptr()).cast_mut();
            AtomicU16::from_ptr(shared).store(*tail, Ordering::Release);
        }
    }

    /// Appends a buffer that the kernel has filled with `len` bytes to an inbox.
    pub(super) fn append(&mut self, chain: &mut Chain, id: u16, len: u32) {
        let buffer = &mut self.buffers[usize::from(id)];
        (buffer.len, buffer.next) = (len, NONE);
        match chain.tail {
            NONE => chain.head = id,
            tail => self.buffers[usize::from(tail)].next = id,
        }
        chain.tail = id;
        chain.len += 1;
    }

    /// Takes the oldest buffer of an inbox; it stays ours until it is given back.
    pub(super) fn take(&mut self, chain: &mut Chain) -> Option<Filled> {
        if chain.is_empty() {
            return None;
        }
        let id = chain.head;
        let Buffer { address, len, next } = self.buffers[usize::from(id)];
        chain.head = next;
        chain.len -= 1;
        if next == NONE {
            chain.tail = NONE;
        }
        Some(Filled { id, bytes: address, len: len as usize })
    }

    /// Appends the first bytes of a buffer that the kernel has filled to others.
    pub(super) fn copy(&self, id: u16, len: usize, to: &mut Vec<u8>) {
        assert!(len <= BUFFER_BYTES, "a buffer is no longer than it is");
        let address = self.buffers[usize::from(id)].address;
        // SAFETY: the buffer is as long as any, initialised, and ours until it is given back.
        to.extend_from_slice(unsafe { std::slice::from_raw_parts(address.as_ptr(), len) });
    }

    /// Gives a whole inbox back to the kernel, unread.
    pub(super) fn discard(&mut self, chain: &mut Chain) {
        while let Some(filled) = self.take(chain) {
            self.give_back(filled.id);
        }
    }

    #[cfg(test)]
    pub(super) fn out(&self) -> usize {
        self.out
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buffers.len()
    }

    /// Leaves the memory to a kernel that may still write to it.
    pub(super) fn leak(&mut self) {
        self.leaked = true;
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        if self.leaked {
            return;
        }
        // SAFETY: each was allocated with this layout, and the kernel has been told to let go.
        unsafe {
            self.slabs.iter().for_each(|slab| dealloc(slab.as_ptr(), slab_layout()));
            if let Free::Provided { ring, .. } = self.free {
                dealloc(ring.cast().as_ptr(), ring_layout());
            }
        }
    }
}

fn ring_layout() -> Layout {
    let bytes = usize::from(BUFFERS_MAX) * size_of::<BufRingEntry>();
    Layout::from_size_align(bytes, PAGE).expect("a page is a valid alignment")
}

fn slab_layout() -> Layout {
    let bytes = usize::from(SLAB_BUFFERS) * BUFFER_BYTES;
    Layout::from_size_align(bytes, PAGE).expect("a page is a valid alignment")
}

fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: no layout here is of size zero.
    let memory = unsafe { alloc_zeroed(layout) };
    NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
}
