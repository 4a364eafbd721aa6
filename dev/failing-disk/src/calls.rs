//! What stands in the place of libc's functions; who calls one answers for the same as with libc's.
//!
//! `open` takes its third argument as any other: on the systems of Linux that Rust knows with 64 bits, C's `...` passes
//! it the same way.

use std::ffi::{c_char, c_int, c_void};

use libc::{mode_t, off_t, size_t, ssize_t};

use crate::{
    disk::{self, Doing, Told},
    system,
};

/// Does what a step is told to do; a failure is as libc's.
fn carry_out<T: From<i8>>(told: Told, call: impl FnOnce() -> T) -> T {
    match told {
        Told::Fail(number) => {
            system::set_errno(number);
            T::from(-1)
        }
        _ => call(),
    }
}

/// A write of `length` bytes from `buffer` to `at`.
fn written(
    fd: c_int,
    buffer: *const c_void,
    length: size_t,
    at: impl FnOnce() -> off_t,
    call: impl FnOnce(size_t) -> ssize_t,
) -> ssize_t {
    if length == 0 || system::file(fd).is_none() {
        return call(length);
    }
    // SAFETY: whoever writes gives as many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) };
    disk::step(
        || system::path(fd),
        &Doing::Write(fd, at(), bytes),
        |told| match told {
            Told::Torn(part) => call(part),
            told => carry_out(told, || call(length)),
        },
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, length: size_t) -> ssize_t {
    written(fd, buffer, length, || system::place(fd), |length| system::write(fd, buffer, length))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(
    fd: c_int,
    buffer: *const c_void,
    length: size_t,
    at: off_t,
) -> ssize_t {
    written(fd, buffer, length, || at, |length| system::pwrite(fd, buffer, length, at))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    fd: c_int,
    buffer: *const c_void,
    length: size_t,
    at: off_t,
) -> ssize_t {
    // SAFETY: the same function with 64 bits.
    unsafe { pwrite(fd, buffer, length, at) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    let told = if disk::read_fails(fd) { Told::Fail(libc::EIO) } else { Told::GoOn };
    carry_out(told, || system::read(fd, buffer, length))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pread(fd: c_int, buffer: *mut c_void, length: size_t, at: off_t) -> ssize_t {
    let told = if disk::read_fails(fd) { Told::Fail(libc::EIO) } else { Told::GoOn };
    carry_out(told, || system::pread(fd, buffer, length, at))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pread64(fd: c_int, buffer: *mut c_void, length: size_t, at: off_t) -> ssize_t {
    // SAFETY: the same function with 64 bits.
    unsafe { pread(fd, buffer, length, at) }
}

#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    disk::step(|| system::path(fd), &Doing::Sync(fd), |told| carry_out(told, || system::fsync(fd)))
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    disk::step(
        || system::path(fd),
        &Doing::Sync(fd),
        |told| carry_out(told, || system::fdatasync(fd)),
    )
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate(fd: c_int, length: off_t) -> c_int {
    disk::step(
        || system::path(fd),
        &Doing::Cut(fd, length),
        |told| carry_out(told, || system::ftruncate(fd, length)),
    )
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate64(fd: c_int, length: off_t) -> c_int {
    ftruncate(fd, length)
}

// Answers with the number of the error instead of setting it, as libc's does.
#[unsafe(no_mangle)]
extern "C" fn posix_fallocate(fd: c_int, at: off_t, length: off_t) -> c_int {
    disk::step(
        || system::path(fd),
        &Doing::Write(fd, at, &[]),
        |told| match told {
            Told::Fail(number) => number,
            _ if system::fallocate(fd, 0, at, length) == 0 => 0,
            _ => std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO),
        },
    )
}

#[unsafe(no_mangle)]
extern "C" fn posix_fallocate64(fd: c_int, at: off_t, length: off_t) -> c_int {
    posix_fallocate(fd, at, length)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // Only a file that is not there yet changes anything.
    let new = flags & libc::O_CREAT != 0 && !system::is_there(folder, path);
    let call = || system::openat(folder, path, flags, mode.into());
    if !new {
        return call();
    }
    disk::step(|| system::text(path), &Doing::Create, |told| carry_out(told, call))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat64(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: the same function with 64 bits.
    unsafe { openat(folder, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same function, from the working directory.
    unsafe { openat(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same function with 64 bits.
    unsafe { openat(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the same function, from the working directory.
    unsafe { unlinkat(libc::AT_FDCWD, path, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    disk::step(
        || system::text(path),
        &Doing::Remove,
        |told| carry_out(told, || system::unlinkat(folder, path, flags)),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    disk::step(
        || system::text(to),
        &Doing::Rename,
        |told| {
            let here = libc::AT_FDCWD;
            carry_out(told, || system::renameat2((here, from), (here, to), 0))
        },
    )
}
