//! A single-threaded tokio runtime for one command.

use std::fs::File;
use std::io;
use tokio::runtime::{Builder, Runtime};

/// Number of file descriptors that a runtime with signal handlers opens: an event queue, its wake-up, and three
/// for a pair of sockets for signals. One more is a reserve.
#[cfg(unix)]
const DESCRIPTORS: usize = 6;

/// Creates a runtime.
///
/// # Errors
/// If descriptors run out.
pub(crate) fn new() -> io::Result<Runtime> {
    // tokio panics if it cannot create the sockets for signals.
    #[cfg(unix)]
    let spare: Vec<File> =
        (0..DESCRIPTORS).map(|_| File::open("/dev/null")).collect::<io::Result<_>>()?;
    #[cfg(unix)]
    drop(spare);
    Builder::new_current_thread().enable_all().build()
}

/// Runs `future` to its end.
///
/// Blocking work on other threads (a name look-up, a read of stdin) is abandoned at the end, because nobody
/// needs its result after Ctrl-C.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = new()?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(result)
}
