//! The page in Chromium, served by the release binary, with its goals and limits. `www/bench/` measures; this is the
//! table of what is measured.
//!
//! The other goals of the page are yes or no, and `cargo xtask test` checks them:
//!
//! | goal | test |
//! |---|---|
//! | axe-core finds nothing; canvases have names, all works by keyboard | `www/tests/menu.test.js`, `access.test.js`, `page.test.js` |
//! | same link, same digest, natively and in wasm | `www/tests/same.test.js`, `link.test.js`, `cells.test.js`, `packets.test.js` |
//! | random scenarios survive their links | `core/tests/outside/scenarios.rs`, `web/src/lab/address.rs` |
//! | tshark finds nothing malformed, and no wrong checksum | `native/tests/program/pcapng.rs`, `frames.rs` |
//! | the sums from which any moment is found are small | `web/src/timeline/mod.rs`, when it is compiled |

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Effort;
use super::figure::{Figure, Target};
use super::programs;
use crate::install;
use crate::node;
use crate::page;
use crate::paths::Paths;
use crate::run::Cmd;
use crate::toolchain::Toolchain;

use Target::{AtLeast, AtMost};

/// Number of times that everything is measured: Lighthouse's scores are usually medians of three.
const ROUNDS: u32 = 3;

/// What is measured.
struct Goal {
    /// Its name in the measurements.
    key: &'static str,
    name: &'static str,
    unit: &'static str,
    target: Option<Target>,
    limit: Option<Target>,
}

impl Goal {
    /// Creates a figure with a target, and a limit beyond which the benchmark fails.
    const fn new(
        key: &'static str,
        name: &'static str,
        unit: &'static str,
        [target, limit]: [Target; 2],
    ) -> Self {
        Self { key, name, unit, target: Some(target), limit: Some(limit) }
    }

    /// Creates a figure that is only shown.
    const fn shown(key: &'static str, name: &'static str, unit: &'static str) -> Self {
        Self { key, name, unit, target: None, limit: None }
    }

    fn figure(&self, measured: &Value) -> Result<Figure> {
        let Self { key, name, unit, .. } = *self;
        let values: Option<Vec<f64>> =
            measured[key].as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
        let values = values
            .filter(|values| !values.is_empty())
            .with_context(|| format!("`{key}` has not been measured"))?;
        let mut figure = Figure::new(name, unit, &values);
        if let Some(target) = self.target {
            figure = figure.target(target);
        }
        if let Some(limit) = self.limit {
            figure = figure.limit(limit);
        }
        Ok(figure)
    }
}

/// All of them. Where there is no tolerance, the target is the limit.
const GOALS: [Goal; 30] = [
    Goal::new("interactive", "first interactive, cold", "ms", [AtMost(1000.0), AtMost(1500.0)]),
    Goal::new("performance", "Lighthouse, mobile: performance", "", [AtLeast(95.0), AtLeast(90.0)]),
    Goal::new("accessibility", "  accessibility", "", [AtLeast(100.0), AtLeast(100.0)]),
    Goal::new("practices", "  best practices", "", [AtLeast(100.0), AtLeast(96.0)]),
    Goal::new("seo", "  SEO", "", [AtLeast(100.0), AtLeast(95.0)]),
    Goal::new("blocking", "  total blocking time", "ms", [AtMost(100.0), AtMost(200.0)]),
    Goal::new("shift_phone", "  layout shift", "", [AtMost(0.02), AtMost(0.1)]),
    Goal::new("shift", "layout shift, 1280 px", "", [AtMost(0.02), AtMost(0.1)]),
    Goal::new("input", "input delay, slowest interaction", "ms", [AtMost(100.0), AtMost(200.0)]),
    Goal::new("frames_1000", "1,000 packets in flight", "fps", [AtLeast(58.0); 2]),
    Goal::new("worst_1000", "  slowest frame", "ms", [AtMost(50.0); 2]),
    Goal::new("frames_5000", "5,000 packets in flight", "fps", [AtLeast(50.0); 2]),
    Goal::new("worst_5000", "  slowest frame", "ms", [AtMost(50.0); 2]),
    Goal::new("handover", "hand-over of 1,000 packets", "ms", [AtMost(0.1), AtMost(0.5)]),
    Goal::new("seek", "seek in 1,000,000 events", "ms", [AtMost(50.0), AtMost(150.0)]),
    Goal::new("seek_worst", "  slowest place", "ms", [AtMost(50.0), AtMost(150.0)]),
    Goal::shown("memory", "  wasm memory, everything", "MiB"),
    Goal::new("engine", "engine in wasm", "events/s", [AtLeast(2e6), AtLeast(1e6)]),
    Goal::new("module", "module of a first visit, Brotli", "kB", [AtMost(120.0), AtMost(150.0)]),
    Goal::shown("packets", "module with TCP/IP, Brotli", "kB"),
    Goal::new("text", "HTML, CSS and scripts, Brotli", "kB", [AtMost(70.0), AtMost(100.0)]),
    Goal::new("requests", "requests of a first visit", "", [AtMost(12.0); 2]),
    Goal::new("third_party", "  to others", "", [AtMost(0.0); 2]),
    Goal::new("idle", "frames drawn while paused", "fps", [AtMost(0.0); 2]),
    Goal::shown("crowd", "a million clients", "s"),
    Goal::shown("crowd_frames", "  frames meanwhile", "fps"),
    Goal {
        target: Some(AtMost(50.0)),
        ..Goal::shown("crowd_worst", "  slowest frame, with the opening", "ms")
    },
    Goal {
        target: Some(AtMost(34.0)),
        ..Goal::shown("crowd_later", "  slowest frame once workers simulate", "ms")
    },
    Goal::shown("few_worst", "three clients: slowest frame", "ms"),
    Goal::shown("busy", "load of the machine before each round", "programs"),
];

pub(super) fn measure(paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
    node::check(paths)?;
    let chromium = install::CHROMIUM.path()?;
    let lighthouse = node::lighthouse(paths)?;
    // A module above its limit does not stop the benchmark: its size is one of the figures.
    page::assemble(paths, Toolchain::find(paths)?)?;
    programs::build_retrylab(paths)?;
    let report = paths.target.join("page.json");
    Cmd::new("node", &paths.www())
        .arg("bench/page.mjs")
        .arg(&report)
        .arg(if effort.quick { 1 } else { ROUNDS }.to_string())
        .env("RETRYLAB_BIN", paths.release_binary())
        .env("CHROMIUM", chromium)
        .env("LIGHTHOUSE", lighthouse)
        .run()?;
    let text =
        fs::read_to_string(&report).with_context(|| format!("cannot read {}", report.display()))?;
    let measured: Value = serde_json::from_str(&text)?;
    GOALS.iter().map(|goal| goal.figure(&measured)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_figure_is_read_from_the_measurements() {
        let goal = Goal::new("module", "module", "kB", [AtMost(120.0), AtMost(150.0)]);
        assert!(goal.figure(&json!({ "module": [150.1] })).unwrap().fails());
        assert!(!goal.figure(&json!({ "module": [160, 140, 149.9] })).unwrap().fails());
        let missing = goal.figure(&json!({ "module": [] })).unwrap_err();
        assert_eq!(missing.to_string(), "`module` has not been measured");
    }
}
