//! Copies, fills and comparisons LLVM calls, by the runtime's own calls: 10 units each and one more per 250 bytes,
//! where a loop pays as much for every word. Never inline: LLVM expands a
//! short call it still sees better than its body.

use core::mem::transmute;

type Move = unsafe extern "C" fn(*mut u8, *const u8, usize);
type Fill = unsafe extern "C" fn(*mut u8, u8, usize);
type Compare = unsafe extern "C" fn(*const u8, *const u8, usize, *mut i32);

/// The runtime finds its calls by the hash of their names.
const SOL_MEMMOVE: usize = 0x4343_71f8;
const SOL_MEMSET: usize = 0x3770_fb22;
const SOL_MEMCMP: usize = 0x5fdc_de31;

/// Copies `length` bytes between regions that may overlap.
///
/// # Safety
/// Both regions are valid.
#[inline(never)]
#[no_mangle]
pub unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    transmute::<usize, Move>(SOL_MEMMOVE)(to, from, length);
    to
}

/// Copies `length` bytes between regions that do not overlap or are the same: LLVM copies a value onto itself, which
/// the runtime's `sol_memcpy_` refuses and its `sol_memmove_`, at the same price, does not.
///
/// # Safety
/// Both regions are valid.
#[inline(never)]
#[no_mangle]
pub unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    transmute::<usize, Move>(SOL_MEMMOVE)(to, from, length);
    to
}

/// Fills `length` bytes with the low byte of `value`.
///
/// # Safety
/// The region is valid.
#[inline(never)]
#[no_mangle]
pub unsafe extern "C" fn memset(to: *mut u8, value: i32, length: usize) -> *mut u8 {
    transmute::<usize, Fill>(SOL_MEMSET)(to, value as u8, length);
    to
}

/// Compares `length` bytes: below zero, zero or above zero like the first difference.
///
/// # Safety
/// Both regions are valid.
#[inline(never)]
#[no_mangle]
pub unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    let mut order = 0;
    transmute::<usize, Compare>(SOL_MEMCMP)(left, right, length, &mut order);
    order
}

/// Compares `length` bytes: zero if they are the same.
///
/// # Safety
/// Both regions are valid.
#[inline(never)]
#[no_mangle]
pub unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    memcmp(left, right, length)
}
