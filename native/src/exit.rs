//! Exit codes: scripts tell outcomes apart by them, so each has one meaning.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well: every exchange was answered, the run is over, the server was told to stop.
    Success,
    /// An exchange gave up, or something failed while running.
    Failed,
    /// The command line or a scenario makes no sense; nothing was done.
    Usage,
    /// Refused or unreachable: the network said so, which is more than silence.
    Refused,
    /// A name has no address.
    NameNotFound,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// What the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NameNotFound => 4,
            // 128 + SIGINT, as shells do.
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
