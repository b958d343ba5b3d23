//! The packets of a run as a file for Wireshark and tshark. The run is simulated again, because the pictures need no
//! addresses and no ports.

use crate::run::PageRun;
use retrylab_core::capture::{self, Writer};
use retrylab_core::scenario::Scenario;
use retrylab_core::time::Duration;
use wasm_bindgen::prelude::wasm_bindgen;

/// Maximum size of a file in bytes.
const MAX_BYTES: usize = 256 << 20;

/// Begins the capture of a run of `scenario`, as `retrylab sim --pcapng` does.
fn begin(scenario: &Scenario) -> capture::Capture<Writer> {
    let capture = capture::Capture::new(Writer::default(), Duration::ZERO, scenario.setting());
    capture.with_waiting(scenario.takes_time())
}

/// A run whose packets are captured.
#[wasm_bindgen]
pub struct Capture {
    run: PageRun,
}

#[wasm_bindgen]
impl Capture {
    /// Begins the run of a link's scenario, up to this number of records: `Lab.kept`.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(link: &str, records: u32) -> Self {
        let (scenario, _) = Scenario::from_fragment(link);
        let capture = Some(begin(&scenario));
        Self { run: PageRun::capturing(capture, records as usize, scenario) }
    }

    /// Advances the run by up to `steps` events; returns `true` when there is nothing left to capture.
    pub fn advance(&mut self, steps: u32) -> bool {
        let is_over = self.run.advance(steps) || self.run.is_cut();
        let capture = self.run.capture().as_ref();
        is_over || capture.is_none_or(|capture| capture.file().waiting() > MAX_BYTES)
    }

    /// Ends the capture and returns the file.
    #[must_use]
    pub fn file(self) -> Vec<u8> {
        self.run.into_capture().map_or_else(Vec::new, |capture| capture.finish().take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::sim;

    fn captured(link: &str, records: u32) -> Vec<u8> {
        let mut capture = Capture::new(link, records);
        while !capture.advance(10) {}
        capture.file()
    }

    #[test]
    fn the_file_is_that_of_the_program() {
        for link in [
            "seed=3&clients=20&exchanges=5&link.loss=0.2&server.drop=0.2",
            "clients=5&server.service=40ms&server.expire=50ms&policy.max_sends=1",
            "network=packets&link.loss=0.3&seed=2",
            "network=packets&protocol=http&link.loss=0.1",
        ] {
            let scenario = Scenario::from_fragment(link).0;
            let whole = sim::run(&scenario, begin(&scenario)).sink.finish().take();
            assert_eq!(captured(link, 1_000_000), whole, "{link}");
            assert!(whole.len() > 1_000, "{link}");
        }
    }

    #[test]
    fn a_capture_of_an_endless_run_ends() {
        let link = "server.drop=1&policy.multiplier=1";
        let (some, more) = (captured(link, 10), captured(link, 100));
        assert!(some.len() > 100 && more.len() > 5 * some.len());
        // Of what comes after the last record, nothing is known: the last packet may have a comment less.
        assert_eq!(some[..300], more[..300]);
    }
}
