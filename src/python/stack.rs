//! Stacks of fibers: 8 MiB of addresses each, of which only the touched pages are memory.
//!
//! Python does not count the recursion of C code, so a stack has to be as large as that of a thread. Each
//! one of its own would cost two mappings, and the kernel allows 65,530 of them, so many are cut from one.

use std::cell::RefCell;
use std::num::NonZeroUsize;

use corosensei::stack::{Stack, StackPointer};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

/// The addresses of one stack.
const SIZE: usize = 8 << 20;
/// The stacks of one mapping.
const PER_SLAB: usize = 64;
/// The lowest part of a stack, which nothing may touch.
const GUARD: usize = 64 << 10;

thread_local! {
    /// The lowest addresses of the stacks that nobody uses.
    static FREE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// A stack, which goes back to its slab when it is dropped.
pub(super) struct FiberStack {
    lowest: usize,
}

/// There is no memory for another stack.
#[derive(Debug, thiserror::Error)]
#[error("no memory for the stack of another user: {0}")]
pub(super) struct NoStack(std::io::Error);

impl FiberStack {
    /// Takes a free stack, or makes more.
    pub(super) fn take() -> Result<Self, NoStack> {
        let free = FREE.with_borrow_mut(Vec::pop);
        let lowest = match free {
            Some(lowest) => lowest,
            None => {
                let mut made = slab().map_err(|error| NoStack(error.into()))?;
                let first = made.next().unwrap_or_default();
                FREE.with_borrow_mut(|free| free.extend(made.rev()));
                first
            }
        };
        Ok(FiberStack { lowest })
    }

    /// Returns the lowest address that may be used, and how many bytes there are.
    pub(super) fn bounds(&self) -> (usize, usize) {
        (self.lowest + GUARD, SIZE - GUARD)
    }
}

/// Maps a slab, and returns the lowest address of each stack.
fn slab() -> rustix::io::Result<impl DoubleEndedIterator<Item = usize>> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: the kernel chooses the addresses, so no other mapping is touched.
    let start = unsafe {
        mmap_anonymous(std::ptr::null_mut(), SIZE * PER_SLAB, protection, flags)? as usize
    };
    let lowest = (0..PER_SLAB).map(move |number| start + number * SIZE);
    lowest.clone().for_each(guard);
    Ok(lowest)
}

/// Has the kernel end the process where a stack grows into its lowest part, instead of into its
/// neighbour. Guard regions cost no mapping; kernels before 6.13 have none, and then there is no guard.
fn guard(lowest: usize) {
    const MADV_GUARD_INSTALL: i32 = 102;
    // SAFETY: the range is the lowest part of a stack that nobody uses yet.
    unsafe { libc::madvise(lowest as *mut libc::c_void, GUARD, MADV_GUARD_INSTALL) };
}

impl Drop for FiberStack {
    fn drop(&mut self) {
        let (lowest, size) = self.bounds();
        // The upper 16 KiB stay for the next user; what a deep recursion touched goes back.
        // SAFETY: the stack is unused now, and its memory reads as zeros from here on.
        let _ = unsafe {
            madvise(lowest as *mut std::ffi::c_void, size - (16 << 10), Advice::LinuxDontNeed)
        };
        // At the end of the thread there may be no list any more.
        let _ = FREE.try_with(|free| free.borrow_mut().push(self.lowest));
    }
}

fn pointer(address: usize) -> StackPointer {
    NonZeroUsize::new(address).expect("no stack begins at address 0")
}

// SAFETY: the addresses are mapped, readable and writable, of this stack alone, and aligned to pages.
unsafe impl Stack for FiberStack {
    fn base(&self) -> StackPointer {
        pointer(self.lowest + SIZE)
    }

    fn limit(&self) -> StackPointer {
        pointer(self.lowest)
    }
}
