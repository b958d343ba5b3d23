//! Handles Ctrl-C, SIGTERM and SIGHUP.

use crate::exit::Exit;
use crate::runtime;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Maximum time from a signal to the end of the process.
const GRACE: Duration = Duration::from_millis(800);

/// The signals that ask the program to stop. While this value exists they do not end the process.
#[derive(Debug)]
pub(crate) struct Signals {
    received: bool,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// `None` if the program was started with `nohup`.
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// Installs the handlers. Needs a running tokio runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let hang_up = (!ignores_hang_up()).then(|| signal(SignalKind::hangup())).transpose()?;
            let interrupt = signal(SignalKind::interrupt())?;
            let terminate = signal(SignalKind::terminate())?;
            Ok(Self { received: false, interrupt, terminate, hang_up })
        }
        #[cfg(windows)]
        Ok(Self { received: false, interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for a signal.
    pub(crate) async fn recv(&mut self) {
        #[cfg(unix)]
        {
            let hang_up = async {
                match &mut self.hang_up {
                    Some(hang_up) => hang_up.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
                _ = hang_up => {}
            }
        }
        #[cfg(windows)]
        let _ = self.interrupt.recv().await;
        self.received = true;
    }

    /// Returns whether a signal was received.
    pub(crate) const fn received(&self) -> bool {
        self.received
    }
}

/// Returns whether SIGHUP was ignored when the program started, as `nohup` arranges it. Other systems than Linux
/// do not report it; there, SIGHUP keeps its default action.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Bit 0 is signal 1, SIGHUP.
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// Returns a flag that the first signal sets, for work that is not a future. A second signal ends the process
/// at once. So does the end of [`GRACE`], for example while the work waits for a pipe that nobody reads.
pub(crate) fn flag() -> io::Result<Arc<AtomicBool>> {
    let raised = Arc::new(AtomicBool::new(false));
    let runtime = runtime::new()?;
    let guard = runtime.enter();
    let mut signals = Signals::listen()?;
    drop(guard);
    let shared = Arc::clone(&raised);
    let wait = move || {
        runtime.block_on(async {
            signals.recv().await;
            shared.store(true, Ordering::Relaxed);
            let _ = tokio::time::timeout(GRACE, signals.recv()).await;
            std::process::exit(Exit::Interrupted.code().into());
        });
    };
    std::thread::Builder::new().name("signals".to_string()).spawn(wait)?;
    Ok(raised)
}
