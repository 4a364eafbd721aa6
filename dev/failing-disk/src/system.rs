//! System calls, past libc's functions.

use std::ffi::{CStr, c_int, c_void};

use libc::{c_long, off_t, size_t, ssize_t};

/// Makes a system call.
macro_rules! call {
    ($number:expr, $($argument:expr),*) => {
        // SAFETY: the arguments are those of the call, and what they point to is the caller's to answer for.
        unsafe { libc::syscall($number, $($argument),*) }
    };
}

/// Makes the call that libc's function of the same name would make.
pub(crate) fn pwrite(fd: c_int, buffer: *const c_void, length: size_t, at: off_t) -> ssize_t {
    call!(libc::SYS_pwrite64, fd, buffer, length, at) as ssize_t
}

pub(crate) fn write(fd: c_int, buffer: *const c_void, length: size_t) -> ssize_t {
    call!(libc::SYS_write, fd, buffer, length) as ssize_t
}

pub(crate) fn pread(fd: c_int, buffer: *mut c_void, length: size_t, at: off_t) -> ssize_t {
    call!(libc::SYS_pread64, fd, buffer, length, at) as ssize_t
}

pub(crate) fn read(fd: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    call!(libc::SYS_read, fd, buffer, length) as ssize_t
}

pub(crate) fn fsync(fd: c_int) -> c_int {
    call!(libc::SYS_fsync, fd) as c_int
}

pub(crate) fn fdatasync(fd: c_int) -> c_int {
    call!(libc::SYS_fdatasync, fd) as c_int
}

pub(crate) fn ftruncate(fd: c_int, length: off_t) -> c_int {
    call!(libc::SYS_ftruncate, fd, length) as c_int
}

pub(crate) fn fallocate(fd: c_int, mode: c_int, at: off_t, length: off_t) -> c_int {
    call!(libc::SYS_fallocate, fd, mode, at, length) as c_int
}

pub(crate) fn openat(
    folder: c_int,
    path: *const libc::c_char,
    flags: c_int,
    mode: c_long,
) -> c_int {
    call!(libc::SYS_openat, folder, path, flags, mode) as c_int
}

pub(crate) fn unlinkat(folder: c_int, path: *const libc::c_char, flags: c_int) -> c_int {
    call!(libc::SYS_unlinkat, folder, path, flags) as c_int
}

pub(crate) fn renameat2(
    (from_folder, from): (c_int, *const libc::c_char),
    (to_folder, to): (c_int, *const libc::c_char),
    flags: c_int,
) -> c_int {
    call!(libc::SYS_renameat2, from_folder, from, to_folder, to, flags) as c_int
}

/// Returns the place of `fd` that its next `write` goes to.
pub(crate) fn place(fd: c_int) -> off_t {
    call!(libc::SYS_lseek, fd, 0 as off_t, libc::SEEK_CUR) as off_t
}

/// Returns which file `fd` is and how long, or `None` if it is no ordinary one.
pub(crate) fn file(fd: c_int) -> Option<((u64, u64), off_t)> {
    let mut found = std::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: there is room for what it tells.
    let told = unsafe { libc::fstat(fd, found.as_mut_ptr()) };
    // SAFETY: zeros are a valid value of it, whether or not it was told.
    let found = unsafe { found.assume_init() };
    let ordinary = told == 0 && found.st_mode & libc::S_IFMT == libc::S_IFREG;
    ordinary.then_some(((found.st_dev, found.st_ino), found.st_size))
}

/// Opens the file of `fd` once more, for longer than the program may. Not `dup`: that would keep its lock, too.
pub(crate) fn opened_again(fd: c_int) -> c_int {
    let link = format!("/proc/self/fd/{fd}\0");
    openat(libc::AT_FDCWD, link.as_ptr().cast(), libc::O_RDWR | libc::O_CLOEXEC, 0)
}

/// Returns whether there is something at `path`.
pub(crate) fn is_there(folder: c_int, path: *const libc::c_char) -> bool {
    call!(libc::SYS_faccessat, folder, path, libc::F_OK) == 0
}

/// Returns where the file of `fd` is.
pub(crate) fn path(fd: c_int) -> String {
    let link = format!("/proc/self/fd/{fd}\0");
    let mut buffer = [0_u8; 4_096];
    let length = call!(
        libc::SYS_readlinkat,
        libc::AT_FDCWD,
        link.as_ptr(),
        buffer.as_mut_ptr(),
        buffer.len()
    );
    let length = usize::try_from(length).unwrap_or(0);
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// Reads a path that C gave.
pub(crate) fn text(path: *const libc::c_char) -> String {
    if path.is_null() {
        return String::new();
    }
    // SAFETY: it is a path of a call of libc, which ends with a zero.
    unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned()
}

/// Sets what libc's functions say when they fail.
pub(crate) fn set_errno(number: c_int) {
    // SAFETY: libc gives every thread one.
    unsafe { *libc::__errno_location() = number };
}

/// Ends this process as a power failure would; nothing is tidied up.
pub(crate) fn die() -> ! {
    call!(libc::SYS_kill, libc::getpid(), libc::SIGKILL);
    loop {
        // It has been killed, and only has yet to notice.
        std::hint::spin_loop();
    }
}
