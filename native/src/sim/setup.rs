//! The flags that decide how a scenario is run, and on which its results may depend.

use super::cells::Wanted;
use super::run::PROGRAM_MIB;
use crate::flags;
use retrylab_core::sim::Bounds;
use retrylab_core::time::{Duration, WithUnit};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The flags.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    /// Stop the run after N events (starts, arrivals and timers), in case it never ends
    #[arg(long, value_name = "N", default_value_t = Bounds::default().events, allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u64>)]
    max_events: u64,
    /// Stop the run at this simulated time
    #[arg(long, value_name = "TIME", default_value = "87600h", value_parser = flags::time)]
    max_time: Duration,
    /// Stop the run when it uses an estimated MIB mebibytes of memory, the 12 of the program itself included
    #[arg(long, value_name = "MIB", default_value_t = (Bounds::default().memory >> 20) as u32, allow_negative_numbers = true)]
    #[arg(value_parser = flags::memory)]
    max_memory: u32,
    /// How to simulate clients that do not influence each other. The results are the same, unless a limit on events or
    /// memory ends the run
    #[arg(long, value_name = "CELLS", value_enum, default_value_t = Wanted::Auto)]
    pub(super) cells: Wanted,
}

impl Setup {
    /// Returns the limits of the run.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds::default()
            .with_events(self.max_events)
            .with_time(self.max_time)
            .with_memory(u64::from(self.max_memory - PROGRAM_MIB) << 20)
    }
}

/// Writes the flags that differ from their defaults, each after a blank.
impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Bounds::default();
        if self.max_events != default.events {
            write!(f, " --max-events {}", self.max_events)?;
        }
        if self.max_time != default.time {
            write!(f, " --max-time {}", WithUnit(self.max_time))?;
        }
        if u64::from(self.max_memory) != default.memory >> 20 {
            write!(f, " --max-memory {}", self.max_memory)?;
        }
        match self.cells {
            Wanted::Auto => Ok(()),
            Wanted::One => f.write_str(" --cells one"),
        }
    }
}
