//! The threads that run simulations.

use std::io;

/// Error for a pool that has no threads.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a thread: {0}")]
pub(crate) struct ThreadError(io::Error);

/// Returns a pool of `threads` threads, by default one for each core, or of as many as the system starts.
///
/// # Errors
/// If the system starts no thread.
pub(crate) fn pool(threads: Option<u32>) -> Result<rayon::ThreadPool, ThreadError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut threads = threads.map_or(cores, |threads| threads as usize);
    loop {
        let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        match built {
            Err(_) if threads > 1 => threads /= 2,
            built => return built.map_err(|error| ThreadError(io::Error::other(error))),
        }
    }
}
