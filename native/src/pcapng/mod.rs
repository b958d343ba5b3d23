//! `--pcapng FILE`: a capture of what each host sends and receives: see [`retrylab_core::capture`].
//!
//! TCP connections of real sockets are reconstructed: see [`streams`].

mod file;
mod streams;

use crate::output::OutputError;
use file::CaptureFile;
use retrylab_core::capture;
use retrylab_core::time::Duration;
use retrylab_core::trace::words::Setting;
use std::fs::File;
use std::io::{self, Write};
pub(crate) use streams::StreamCapture;

/// The help of the flag.
pub(crate) const HELP: &str = "Write a capture of all packets to FILE, in the format of Wireshark and tshark, with a \
                               comment on each packet that was dropped or late";

/// The help of the flag for real sockets.
pub(crate) const LIVE_HELP: &str = "Write a capture to FILE, replacing it if it exists, in the format of Wireshark and tshark, with a comment on \
                                    each packet that was dropped, late or refused. Datagrams are captured as IP \
                                    packets. For TCP, packets are reconstructed from what the program reads and \
                                    writes and from the steps of each connection: how the system divides bytes into \
                                    segments and repeats them is not captured. Neither are the queries of the \
                                    system's resolver";

/// Reads the name of a file that is not stdout.
pub(crate) fn file(text: &str) -> Result<String, String> {
    match text {
        "-" => Err("stdout has the results; name a file".to_string()),
        path => Ok(path.to_string()),
    }
}

/// A capture file, as a sink.
pub(crate) type Capture = capture::Capture<CaptureFile>;

/// Creates the file of a real run, if the flag names one. `epoch` is the Unix time at which its clock began.
pub(crate) fn live(
    path: Option<&str>,
    epoch: Duration,
    setting: Setting,
) -> Result<Option<Capture>, OutputError> {
    let Some(path) = path else { return Ok(None) };
    let failed = |error| OutputError { name: path.to_string(), error };
    let out = Box::new(File::create(path).map_err(failed)?);
    let file = CaptureFile::new(out, path, true)?;
    Ok(Some(Capture::new(file, epoch, setting)))
}

/// Creates the file of a simulation, or writes to stdout if `path` is `-`. Its times begin at 1970-01-01.
pub(crate) fn simulated(path: &str, setting: Setting) -> Result<Capture, OutputError> {
    let failed = |error| OutputError { name: path.to_string(), error };
    let (name, out): (&str, Box<dyn Write>) = match path {
        "-" => ("stdout", Box::new(io::stdout())),
        path => (path, Box::new(File::create(path).map_err(failed)?)),
    };
    let file = CaptureFile::new(out, name, false)?;
    Ok(Capture::new(file, Duration::ZERO, setting))
}

/// Writes what is left of a capture, if there is one. Returns the error that ended it.
pub(crate) fn finish(capture: Option<Capture>) -> Option<OutputError> {
    capture.and_then(|capture| capture.finish().finish().err())
}
