//! The program's heap: the runtime's bump allocator, called where the default one is copied into every place that
//! allocates.

use std::alloc::{GlobalAlloc, Layout};

use anchor_lang::solana_program::entrypoint::{BumpAllocator, HEAP_LENGTH, HEAP_START_ADDRESS};

struct Heap(BumpAllocator);

// SAFETY: every call is the bump allocator's own.
unsafe impl GlobalAlloc for Heap {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { self.0.alloc(layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    #[inline(never)]
    unsafe fn realloc(&self, bytes: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { self.0.realloc(bytes, layout, size) }
    }
}

// SAFETY: the runtime maps this region for the program alone, zeroed.
#[allow(clippy::as_conversions)] // No other conversion is constant; an address of the machine fits in its word.
#[global_allocator]
static HEAP: Heap = Heap(unsafe { BumpAllocator::with_fixed_address_range(HEAP_START_ADDRESS as usize, HEAP_LENGTH) });
