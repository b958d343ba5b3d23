//! Exit codes. Scripts distinguish outcomes by them, so each has one meaning.

use std::io;
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Success: every exchange was answered, the run ended, or a signal stopped the server.
    Success,
    /// An exchange gave up, or something failed while running.
    Failed,
    /// The command line or a scenario is invalid; nothing was done.
    Usage,
    /// Refused or unreachable, as reported by the network.
    Refused,
    /// A name does not resolve.
    NameNotFound,
    /// An assertion does not hold.
    NotAsserted,
    /// Interrupted with Ctrl-C.
    Interrupted,
}

impl Exit {
    /// Returns the code for an error that concerns something the user has named, such as a file. If the system has run
    /// out of something, that is a failure while running.
    pub(crate) fn of(error: &io::Error) -> Self {
        if is_exhausted(error) { Self::Failed } else { Self::Usage }
    }

    /// Returns the number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NameNotFound => 4,
            Self::NotAsserted => 5,
            // 128 + SIGINT, as shells do.
            Self::Interrupted => 130,
        }
    }
}

/// Returns whether the error means that descriptors, threads or memory have run out.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    // ENFILE and EMFILE have the same numbers on all Unix systems. The standard library has no names for them.
    let files = cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24));
    files || matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock)
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
