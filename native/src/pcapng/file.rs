//! The file of a capture, which all services of a program write to.

use crate::output::{OutputError, warn};
use retrylab_core::capture::{File, Packet, Writer};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// Bytes that a file that is not live collects before it writes them.
const BUFFER: usize = 1 << 16;

/// A capture file. Clones write to the same one.
#[derive(Clone)]
pub(crate) struct CaptureFile(Rc<RefCell<State>>);

struct State {
    writer: Writer,
    out: Box<dyn Write>,
    name: String,
    /// Whether each packet is written at once.
    live: bool,
    failure: Option<io::Error>,
}

impl CaptureFile {
    /// Begins a file of this name. Each packet is written at once if the file is `live`; otherwise many together.
    pub(super) fn new(out: Box<dyn Write>, name: &str, live: bool) -> Result<Self, OutputError> {
        let name = name.to_string();
        let mut state = State { writer: Writer::default(), out, name, live, failure: None };
        // A file that is not live appears in the end, if nothing happens.
        match if live { state.flush() } else { Ok(()) } {
            Ok(()) => Ok(Self(Rc::new(RefCell::new(state)))),
            Err(error) => Err(OutputError { name: state.name, error }),
        }
    }

    /// Returns the number of the interface with this name, and whether it is new. Writes nothing after a failure.
    pub(super) fn interface(&self, link_type: u16, name: &str, description: &str) -> (u32, bool) {
        let mut state = self.0.borrow_mut();
        if state.failure.is_some() {
            return (0, false);
        }
        let interface = state.writer.interface(link_type, name, description);
        state.write();
        interface
    }

    /// Adds a packet.
    pub(super) fn packet(&self, packet: &Packet) {
        let mut state = self.0.borrow_mut();
        if state.failure.is_none() {
            state.writer.packet(packet);
            state.write();
        }
    }

    /// Writes what is left. Returns the error that ended the capture, once.
    pub(crate) fn finish(&self) -> Result<(), OutputError> {
        let mut state = self.0.borrow_mut();
        let result = state.failure.take().map_or_else(|| state.flush(), Err);
        result.map_err(|error| OutputError { name: state.name.clone(), error })
    }
}

impl File for CaptureFile {
    fn interface(&mut self, link_type: u16, name: &str, description: &str) -> u32 {
        Self::interface(self, link_type, name, description).0
    }

    fn packet(&mut self, packet: &Packet) {
        Self::packet(self, packet);
    }

    fn is_live(&self) -> bool {
        self.0.borrow().live
    }

    fn has_failed(&self) -> bool {
        self.0.borrow().failure.is_some()
    }
}

impl State {
    /// Writes the blocks, if it is time to.
    fn write(&mut self) {
        if (self.live || self.writer.waiting() >= BUFFER)
            && let Err(error) = self.flush()
        {
            self.fail(error);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.writer.take())?;
        self.out.flush()
    }

    fn fail(&mut self, error: io::Error) {
        if self.live {
            warn(format_args!("cannot write {}: {error}; the capture ends here", self.name));
        }
        self.failure = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::capture::RAW;

    /// A disk that is full after the first block, and then has a number for each error.
    struct Full(u32);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 == 1 { Ok(bytes.len()) } else { Err(io::Error::other(self.0.to_string())) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_first_error_is_reported() {
        let file = CaptureFile::new(Box::new(Full(0)), "a", true).unwrap();
        file.interface(RAW, "client", "");
        assert!(file.has_failed());
        assert_eq!(file.interface(RAW, "server", ""), (0, false), "nothing more is written");
        assert_eq!(file.finish().unwrap_err().error.to_string(), "2");
    }
}
