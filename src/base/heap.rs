//! The C library's heap, which onnxruntime and we share. Left alone it keeps what a model has freed:
//! every thread gets an arena of its own that never shrinks, and after the first tensors are freed
//! large blocks no longer come from the system either (`mallopt(3)`, dynamic threshold).
//!
//! **Invariant:** the only unsafe code of the crate. Both functions take plain numbers, and neither
//! touches memory that is in use. `mallopt` must not run beside an allocation of another thread, so
//! [`settle`] is for the first line of `main`; `malloc_trim` may be called from any thread.
#![allow(unsafe_code, reason = "two calls into the C library, see the invariant")]

/// What `settle` sets, from glibc's `malloc.h`.
#[cfg(target_env = "gnu")]
mod glibc {
    use std::ffi::c_int;

    pub(super) const M_MMAP_THRESHOLD: c_int = -3;
    pub(super) const M_ARENA_MAX: c_int = -8;

    unsafe extern "C" {
        pub(super) fn mallopt(param: c_int, value: c_int) -> c_int;
        pub(super) safe fn malloc_trim(pad: usize) -> c_int;
    }
}

/// Blocks from this size on come from the system and go back to it when they are freed: weights and
/// tensors do, strings and small vectors do not.
#[cfg(target_env = "gnu")]
const LARGE: std::ffi::c_int = 256 * 1024;

/// Bounds what the heap keeps. The first thing a program does, before it has a second thread.
/// Elsewhere than on glibc the heap is left as it is.
pub fn settle() {
    #[cfg(target_env = "gnu")]
    {
        // Our threads allocate little, and never in a callback: one arena serves them all.
        // SAFETY: both take plain numbers, and no other thread runs yet.
        unsafe {
            glibc::mallopt(glibc::M_ARENA_MAX, 1);
            glibc::mallopt(glibc::M_MMAP_THRESHOLD, LARGE);
        }
    }
}

/// Gives the free pages of the heap back to the system; some milliseconds after a model was
/// dropped, next to nothing otherwise.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    glibc::malloc_trim(0);
}
