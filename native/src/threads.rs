//! The threads that run simulations.

use std::io;

/// Error for a pool that has no threads.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a thread: {0}")]
pub(crate) struct ThreadError(io::Error);

/// Returns the number of threads that is asked for, by default one for each core.
pub(crate) fn count(threads: Option<u32>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    threads.map_or_else(cores, |threads| threads as usize)
}

/// Returns a pool of `threads` threads, by default one for each core, or of as many as the system starts.
///
/// # Errors
/// If the system starts no thread.
pub(crate) fn pool(threads: Option<u32>) -> Result<rayon::ThreadPool, ThreadError> {
    let mut threads = count(threads);
    loop {
        let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        match built {
            Err(_) if threads > 1 => threads /= 2,
            built => return built.map_err(|error| ThreadError(io::Error::other(error))),
        }
    }
}
