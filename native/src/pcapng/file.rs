//! The file of a capture, which all services of a program write to.

use super::writer::{Packet, Writer};
use crate::output::{OutputError, warn};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

/// A capture file. Clones write to the same one.
#[derive(Clone)]
pub(super) struct CaptureFile(Rc<RefCell<State>>);

struct State {
    writer: Writer<Box<dyn Write>>,
    name: String,
    /// Whether each packet is written at once.
    live: bool,
    /// The number of each interface, by its link-layer header type and name.
    interfaces: HashMap<(u16, String), u32>,
    failure: Option<io::Error>,
}

impl CaptureFile {
    /// Begins a file of this name. Each packet is written at once if the file is `live`; otherwise many together.
    pub(super) fn new(out: Box<dyn Write>, name: &str, live: bool) -> Result<Self, OutputError> {
        let name = name.to_string();
        let writer = match Writer::new(out, live) {
            Ok(writer) => writer,
            Err(error) => return Err(OutputError { name, error }),
        };
        let state = State { writer, name, live, interfaces: HashMap::new(), failure: None };
        Ok(Self(Rc::new(RefCell::new(state))))
    }

    /// Returns whether the file could not be written. Nothing more is written then.
    pub(super) fn has_failed(&self) -> bool {
        self.0.borrow().failure.is_some()
    }

    pub(super) fn is_live(&self) -> bool {
        self.0.borrow().live
    }

    /// Returns the number of the interface with this name, and whether it is new. Writes nothing after a failure.
    pub(super) fn interface(&self, link_type: u16, name: &str, description: &str) -> (u32, bool) {
        let mut state = self.0.borrow_mut();
        if state.failure.is_some() {
            return (0, false);
        }
        let key = (link_type, name.to_string());
        if let Some(number) = state.interfaces.get(&key) {
            return (*number, false);
        }
        let number = match state.writer.interface(link_type, name, description) {
            Ok(number) => number,
            Err(error) => {
                state.fail(error);
                0
            }
        };
        state.interfaces.insert(key, number);
        (number, true)
    }

    /// Adds a packet.
    pub(super) fn packet(&self, packet: &Packet) {
        let mut state = self.0.borrow_mut();
        if state.failure.is_none()
            && let Err(error) = state.writer.packet(packet)
        {
            state.fail(error);
        }
    }

    /// Writes what is left. Returns the error that ended the capture, once.
    pub(super) fn finish(&self) -> Result<(), OutputError> {
        let mut state = self.0.borrow_mut();
        let result = state.failure.take().map_or_else(|| state.writer.flush(), Err);
        result.map_err(|error| OutputError { name: state.name.clone(), error })
    }
}

impl State {
    fn fail(&mut self, error: io::Error) {
        if self.live {
            warn(format_args!("cannot write {}: {error}; the capture ends here", self.name));
        }
        self.failure = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::RAW;
    use super::*;

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
