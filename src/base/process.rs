//! What the process keeps of its memory when nothing needs it, and what its libraries read of its
//! environment.
//!
//! **The heap**, which onnxruntime and we share. Left alone the C library keeps what a model has
//! freed: every thread gets an arena of its own that never shrinks, and after the first tensors are
//! freed large blocks no longer come from the system either (`mallopt(3)`, dynamic threshold).
//!
//! **Code.** Some 40 MB of the program and of onnxruntime stay resident after the models that ran
//! them are gone. [`evict`] unmaps those pages; what runs again is mapped again, without a read from
//! the disk while the file is in the page cache.
//!
//! **Telemetry.** onnxruntime 1.31 makes a device id and a store of events in the user's cache, to be
//! uploaded to its vendor. Its own switch comes too late, once it is loaded; the variable is read
//! before.
//!
//! **Invariants:** the only unsafe code of the crate. [`settle`] and [`trim`] pass plain numbers and
//! touch no memory that is in use. Neither `mallopt` nor setting a variable may run beside another
//! thread, so [`settle`] is for the first line of `main`; `malloc_trim` may be called from any thread. [`evict`]
//! names only mappings that nobody has written to (`Anonymous: 0 kB`), of files that stay mapped to
//! the end of the process: what it drops is read from the file again, byte for byte.
#![allow(unsafe_code, reason = "four calls into the system, see the invariants")]

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

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

/// The files that were mapped when the program began: itself and the libraries that it is linked
/// with, which stay to its end.
static FIRST: OnceLock<Vec<String>> = OnceLock::new();

/// Set when onnxruntime is loaded, keeps it from reporting its use.
const NO_TELEMETRY: &str = "ORT_DISABLE_TELEMETRY";

/// Keeps onnxruntime from reporting its use, and bounds what the heap keeps. The first thing a
/// program does, before it has a second thread. Elsewhere than on glibc the heap is left as it is.
pub fn settle() {
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var(NO_TELEMETRY, "1") };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let _ = FIRST.set(maps.lines().filter_map(Mapping::read).map(|m| m.file.into()).collect());
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

/// Unmaps the pages of the program, of what it is linked with and of `libraries` that hold only what
/// is in their files. Some milliseconds, and faults of the page cache for the code that runs next.
///
/// `libraries` must stay loaded to the end of the process.
pub fn evict(libraries: &[&Path]) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};

        let Ok(smaps) = std::fs::read_to_string("/proc/self/smaps") else { return };
        let first = FIRST.get().map(Vec::as_slice).unwrap_or_default();
        let stays = |file: &str| {
            first.iter().any(|one| one == file)
                || libraries.iter().any(|library| *library == Path::new(file))
        };
        for pages in clean(&smaps, stays) {
            // SAFETY: the mapping is a file's, without a page of our own, and it is never unmapped.
            // A failed call changes nothing.
            let _ = unsafe {
                madvise(
                    std::ptr::with_exposed_provenance_mut(pages.start),
                    pages.len(),
                    Advice::LinuxDontNeed,
                )
            };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = libraries;
}

/// The addresses of the mappings in `smaps` (the text of `/proc/PID/smaps`) that were never written
/// to, of the files that `stays` names.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is no smaps elsewhere"))]
fn clean(smaps: &str, stays: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut mappings: Vec<Mapping<'_>> = Vec::new();
    for line in smaps.lines() {
        if let Some(mapping) = Mapping::read(line) {
            mappings.push(mapping);
        } else if let (Some("0 kB"), Some(last)) =
            (line.strip_prefix("Anonymous:").map(str::trim), mappings.last_mut())
        {
            last.untouched = true;
        }
    }
    mappings.retain(|mapping| mapping.untouched && !mapping.writable && stays(mapping.file));
    mappings.into_iter().map(|mapping| mapping.pages).collect()
}

/// One entry of `smaps`.
struct Mapping<'a> {
    pages: Range<usize>,
    writable: bool,
    file: &'a str,
    /// No page of it is a copy of our own.
    untouched: bool,
}

impl<'a> Mapping<'a> {
    /// Reads `START-END PERMS OFFSET DEVICE INODE FILE`; `None` for every other line, and for a
    /// mapping without a file.
    fn read(line: &'a str) -> Option<Self> {
        let (start, rest) = line.split_once('-')?;
        let mut fields = rest.splitn(6, ' ');
        let (end, permissions) = (fields.next()?, fields.next()?);
        let file = fields.nth(3)?.trim_start();
        let address = |text| usize::from_str_radix(text, 16).ok();
        let pages = address(start)?..address(end)?;
        file.starts_with('/').then_some(Self {
            pages,
            writable: permissions.contains('w'),
            file,
            untouched: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
55d0a0000000-55d0a0100000 r-xp 00001000 fe:00 1234                       /usr/bin/a loud
Rss:                1024 kB
Anonymous:             0 kB
55d0a0100000-55d0a0180000 r--p 00101000 fe:00 1234                       /usr/bin/a loud
Anonymous:            12 kB
55d0a0180000-55d0a0190000 rw-p 00181000 fe:00 1234                       /usr/bin/a loud
Anonymous:             0 kB
55d0a1000000-55d0a1200000 rw-p 00000000 00:00 0                          [heap]
Anonymous:             0 kB
7f0000000000-7f0000200000 r-xp 00000000 fe:00 99                         /usr/lib/libonnxruntime.so.1
Anonymous:             0 kB
7f0000300000-7f0000400000 r--p 00000000 fe:00 77                         /usr/share/model.ort
Anonymous:             0 kB
7f0000500000-7f0000501000 r-xp 00000000 00:00 0
Anonymous:             0 kB
";

    #[test]
    fn only_unwritten_pages_of_files_that_stay() {
        let stays = ["/usr/bin/a loud", "/usr/lib/libonnxruntime.so.1"];
        assert_eq!(
            clean(SMAPS, |file| stays.contains(&file)),
            [0x55d0_a000_0000..0x55d0_a010_0000, 0x7f00_0000_0000..0x7f00_0020_0000,]
        );
        assert!(clean(SMAPS, |_| false).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_program_goes_on_with_fewer_pages() {
        let resident = || {
            std::fs::read_to_string("/proc/self/status")
                .unwrap()
                .lines()
                .find_map(|line| line.strip_prefix("RssFile:"))
                .and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok())
                .unwrap()
        };
        let program = std::env::current_exe().unwrap();
        let before = resident();
        evict(&[&program]);
        let after = resident();
        assert!(after < before, "{before} kB of files, then {after}");
    }
}
