//! The object that the page's JavaScript calls: one scenario, its run, the playhead and the pictures.

mod pictures;
mod playhead;
mod run;
mod select;

use crate::json::Json;
use crate::ladder::{Columns, Ladder};
use crate::lessons::{LESSONS, OPENING};
use crate::numbers::clock;
use crate::run::PageRun;
use crate::schedule::Plan;
use crate::stage::{Layout, Pick};
use crate::theme::Theme;
use crate::timeline::Timeline;
use crate::{fields, words};
use retrylab_core::scenario::Scenario;
use wasm_bindgen::prelude::wasm_bindgen;

/// The laboratory.
///
/// After a change of the scenario (`new`, `load`) call `run_some` until it returns `true`. As soon
/// as `ready` returns `true`, the pictures and the playhead can be used. If `is_sample` returns `true`, let parts simulate
/// all clients, and pass on what they `report`.
#[wasm_bindgen]
pub struct Lab {
    run: PageRun,
    plan: Plan,
    errors: Vec<String>,
    scene: Option<Scene>,
    theme: Theme,
    /// The playhead.
    at: u64,
    /// The client whose ladder is shown.
    flow: u32,
    /// Whether the reader chose that client.
    chosen: bool,
    selected: Option<Pick>,
}

/// What can be shown once there are records.
struct Scene {
    timeline: Timeline,
    ladder: Ladder,
    layout: Layout,
    /// Decimals of the seconds that are shown.
    places: u32,
}

impl Scene {
    /// Returns the columns of the ladder of width `w`.
    fn columns(&self, w: f64) -> Columns {
        let latest = clock(self.timeline.end(), self.places);
        Columns::new(w, latest.len(), self.layout.servers > 1)
    }
}

#[wasm_bindgen]
impl Lab {
    /// Creates a lab with the scenario of a link's query and fragment, or the opening scenario if they are
    /// empty.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(fragment: &str) -> Self {
        let scenario = Scenario::default();
        let mut lab = Self {
            plan: Plan::new(&scenario),
            run: PageRun::new(scenario),
            errors: Vec::new(),
            scene: None,
            theme: Theme::default(),
            at: 0,
            flow: 1,
            chosen: false,
            selected: None,
        };
        lab.load(fragment);
        lab
    }

    /// Returns true if this module can run the scenario of a link; if not, the module with the feature `packets` can.
    #[must_use]
    pub fn runs(fragment: &str) -> bool {
        Scenario::from_fragment(fragment).0.is_runnable()
    }

    /// Starts the run of another link, which this module [`runs`](Self::runs); `errors` then returns what could not be
    /// read.
    pub fn load(&mut self, fragment: &str) {
        let is_empty = fragment.trim_start_matches(['#', '?']).is_empty();
        let fragment = if is_empty { OPENING.fragment } else { fragment };
        let (scenario, errors) = Scenario::from_fragment(fragment);
        self.errors = errors.iter().map(ToString::to_string).collect();
        self.begin(scenario);
    }

    /// Returns the link of the scenario with one value changed, or reset to its default without a value.
    ///
    /// # Errors
    /// If the value is invalid: one sentence that says what to type.
    #[allow(clippy::needless_pass_by_value)] // wasm-bindgen passes an optional text as a `String`
    pub fn changed(&self, key: &str, value: Option<String>) -> Result<String, String> {
        let changed = fields::change(self.run.scenario(), key, value.as_deref());
        changed.map(|scenario| link_of(&scenario))
    }

    /// Returns the key of the seed, for "the same with another seed".
    #[wasm_bindgen(js_name = seedKey)]
    #[must_use]
    pub fn seed_key() -> String {
        fields::SEED.to_string()
    }

    fn begin(&mut self, scenario: Scenario) {
        self.plan = Plan::new(&scenario);
        self.run = PageRun::new(scenario);
        self.chosen &= self.flow <= self.run.shown();
        self.scene = None;
        self.selected = None;
        self.at = 0;
    }

    /// Returns what could not be read in the link, one sentence each.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.errors.clone()
    }

    /// Returns the scenario as a link's fragment, without `#`; never empty, so that a reload shows the same.
    #[must_use]
    pub fn fragment(&self) -> String {
        link_of(self.run.scenario())
    }

    /// Returns the names in the legend of the marks of first sends, of later ones and of replies, in this order.
    #[must_use]
    pub fn legend(&self) -> Vec<String> {
        let names = if self.run.scenario().needs_packets() {
            ["from a client", "sent again", "from the server"]
        } else {
            ["request", "retry", "reply"]
        };
        names.map(String::from).into()
    }

    /// Returns the scenario as a command line for a shell.
    #[wasm_bindgen(js_name = commandLine)]
    #[must_use]
    pub fn command_line(&self) -> String {
        let mut out = "retrylab sim".to_string();
        for (key, value) in self.run.scenario().changes() {
            let plain = |c: char| c.is_ascii_alphanumeric() || ".,_-%/:@+".contains(c);
            let pair = format!("{key}={value}");
            let quoted = if value.chars().all(plain) {
                pair
            } else {
                format!("'{}'", pair.replace('\'', r"'\''"))
            };
            out += &format!(" --set {quoted}");
        }
        if self.run.was_stopped() && !self.is_sample() {
            out += &format!(" --max-events {}", self.run.events());
        }
        out
    }

    /// Returns the form's description: see `fields::describe`.
    #[must_use]
    pub fn fields(&self) -> String {
        fields::describe(self.run.scenario())
    }

    /// Returns the lessons: an array of `title`, `fragment`, `current`.
    #[must_use]
    pub fn lessons(&self) -> String {
        let here = self.run.scenario().to_fragment();
        Json::array(|json| {
            for lesson in LESSONS {
                json.element(|json| {
                    json.text("title", lesson.title);
                    json.text("fragment", lesson.fragment);
                    json.flag("current", lesson.fragment == here);
                });
            }
        })
    }

    /// Returns the scenario's title.
    #[must_use]
    pub fn title(&self) -> String {
        words::headline(self.run.scenario()).0.to_string()
    }

    /// Returns what to look at, or what the scenario is.
    #[must_use]
    pub fn sentence(&self) -> String {
        words::headline(self.run.scenario()).1
    }
}

/// Returns the fragment of a scenario's link, without `#`; never empty.
fn link_of(scenario: &Scenario) -> String {
    let fragment = scenario.to_fragment();
    if fragment.is_empty() { format!("{}={}", fields::SEED, scenario.seed) } else { fragment }
}
