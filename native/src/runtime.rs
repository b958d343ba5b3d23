//! A single-threaded tokio runtime for one command.

use std::fs::File;
use std::io::{self, Read};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Maximum number of file descriptors that a runtime with signal handlers opens: an event queue, its wake-up, and three
/// for a pair of sockets for signals. One more is a reserve.
const DESCRIPTORS: usize = 6;

/// Creates a runtime.
///
/// # Errors
/// If descriptors run out.
pub(crate) fn new() -> io::Result<Runtime> {
    // tokio panics if it cannot create the sockets for signals.
    check_descriptors(DESCRIPTORS)?;
    Builder::new_current_thread().enable_all().build()
}

/// Checks that `count` descriptors can be opened, for code that does not report it if they cannot.
///
/// # Errors
/// If descriptors run out.
pub(crate) fn check_descriptors(count: usize) -> io::Result<()> {
    let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let spare = (0..count).map(|_| File::open(null)).collect::<io::Result<Vec<File>>>();
    spare.map(drop)
}

/// Runs `future` to its end.
///
/// Work of [`blocking`] (a name look-up, a read of stdin) is abandoned at the end, because nobody needs its result
/// after Ctrl-C.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    Ok(new()?.block_on(future))
}

/// Runs `work`, which blocks, on a thread of its own.
///
/// # Errors
/// If the system starts no thread. (tokio's own function for this panics then.)
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, result) = oneshot::channel();
    let name = "blocking".to_string();
    std::thread::Builder::new().name(name).spawn(move || sender.send(work()))?;
    result.await.map_err(io::Error::other)?
}

/// Reads stdin; of more than `max` bytes one more than that, which is enough to detect that there are too many.
///
/// # Errors
/// If stdin cannot be read, or the system starts no thread.
pub(crate) async fn stdin(max: usize) -> io::Result<Vec<u8>> {
    blocking(move || {
        let mut bytes = Vec::new();
        io::stdin().lock().take(max as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
    .await
}
