//! A single-threaded tokio runtime for one command.

use std::io;

/// Runs `future` to its end.
///
/// Blocking work on other threads (a name look-up, a read of stdin) is abandoned at the end, because nobody
/// needs its result after Ctrl-C.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(result)
}
