//! One thread of tokio for one command.

use std::io;

/// Runs `future` to its end.
///
/// Work on other threads that may block for long (a name look-up, a read of stdin) is left behind
/// rather than waited for: after Ctrl-C nobody wants its result.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(result)
}
