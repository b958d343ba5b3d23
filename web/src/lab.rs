//! What the page's JavaScript holds and calls: one scenario, its run, the playhead and the pictures.

use crate::json::Json;
use crate::ladder::{self, Columns, Ladder};
use crate::lessons::{LESSONS, OPENING};
use crate::numbers::{clock, compact, grouped};
use crate::paint::Paint;
use crate::run::{MOST_FLOWS, Run};
use crate::schedule::{self, Schedule};
use crate::stage::{self, Layout, Pick};
use crate::theme::{self, Theme};
use crate::timeline::{Timeline, after, before, usual_latency};
use crate::{fields, inspect, strip, table, words};
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::write_json;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::CanvasRenderingContext2d;

/// The laboratory.
///
/// After a change of the scenario (`new`, `load`, `set`) call `run_some` until it returns `true`; from
/// the first time that `ready` returns `true`, the pictures and the playhead can be used.
#[wasm_bindgen]
pub struct Lab {
    run: Run,
    schedule: Schedule,
    errors: Vec<String>,
    scene: Option<Scene>,
    theme: Theme,
    /// The playhead.
    at: u64,
    /// The client whose ladder is shown.
    flow: u32,
    /// The reader chose that client.
    chosen: bool,
    selected: Option<Pick>,
}

/// What can be looked at once the records are there.
struct Scene {
    timeline: Timeline,
    ladder: Ladder,
    layout: Layout,
    /// Decimals of the seconds that are shown.
    places: u32,
}

impl Scene {
    /// How many characters the ladder's latest time has.
    fn digits(&self) -> usize {
        clock(self.timeline.end(), self.places).len()
    }
}

#[wasm_bindgen]
impl Lab {
    /// The lab with the scenario of a link's fragment; the opening scenario when it is empty.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(fragment: &str) -> Self {
        let scenario = Scenario::default();
        let mut lab = Self {
            schedule: Schedule::new(&scenario.policy),
            run: Run::new(scenario),
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

    /// Begins the run of another link; see `errors` for what of it could not be read.
    pub fn load(&mut self, fragment: &str) {
        let fragment = fragment.trim_start_matches('#');
        let fragment = if fragment.is_empty() { OPENING.fragment } else { fragment };
        let (scenario, errors) = Scenario::from_fragment(fragment);
        self.errors = errors.iter().map(ToString::to_string).collect();
        self.begin(scenario);
    }

    /// Changes one value and begins the run anew. The error is a sentence; the run then stays.
    ///
    /// # Errors
    /// What is wrong with the value, in one sentence that names the key.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let changed = fields::set(self.run.scenario(), key, value);
        let scenario = changed.map_err(|error| error.to_string())?;
        self.errors.clear();
        self.begin(scenario);
        Ok(())
    }

    /// The key that names the run's luck, for "the same with another seed".
    #[wasm_bindgen(js_name = seedKey)]
    #[must_use]
    pub fn seed_key() -> String {
        fields::SEED.to_string()
    }

    fn begin(&mut self, scenario: Scenario) {
        self.chosen &= self.flow <= scenario.clients;
        self.schedule = Schedule::new(&scenario.policy);
        self.run = Run::new(scenario);
        self.scene = None;
        self.selected = None;
        self.at = 0;
    }

    /// What of the link could not be read, a sentence each.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.errors.clone()
    }

    /// The scenario as a link's fragment, without `#`; never empty, so that a reload shows the same.
    #[must_use]
    pub fn fragment(&self) -> String {
        let fragment = self.run.scenario().to_fragment();
        if fragment.is_empty() {
            format!("{}={}", fields::SEED, self.run.scenario().seed)
        } else {
            fragment
        }
    }

    /// The scenario as a command line for a shell.
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
        if self.run.was_stopped() {
            out += &format!(" --max-events {}", self.run.events());
        }
        out
    }

    /// The form's description: see `fields::describe`.
    #[must_use]
    pub fn fields(&self) -> String {
        fields::describe(self.run.scenario())
    }

    /// The lessons: an array of `title`, `fragment`, `current`.
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

    /// The scenario's title.
    #[must_use]
    pub fn title(&self) -> String {
        words::headline(self.run.scenario()).0.to_string()
    }

    /// What to look at, or what the scenario is.
    #[must_use]
    pub fn sentence(&self) -> String {
        words::headline(self.run.scenario()).1
    }
}

/// The run.
#[wasm_bindgen]
impl Lab {
    /// Lets up to `steps` things happen; `true` when the run is over.
    #[wasm_bindgen(js_name = runSome)]
    pub fn run_some(&mut self, steps: u32) -> bool {
        self.run.advance(steps)
    }

    /// Ends the run where it is: what was simulated can be looked at.
    pub fn stop(&mut self) {
        self.run.stop();
    }

    /// Can it be looked at? (A long run can before it is over.)
    pub fn ready(&mut self) -> bool {
        if self.scene.is_none() && self.run.is_drawable() {
            let run = &self.run;
            let timeline = Timeline::new(run.scenario(), run.records(), run.is_cut());
            let whole = timeline.moments().iter().all(|at| at.is_multiple_of(1_000_000));
            let layout = Layout::new(1.0, 1.0, run.scenario());
            if !self.chosen {
                self.flow = if layout.is_crowd() { timeline.busiest() } else { 1 };
            }
            let ladder = Ladder::new(run, &timeline, self.flow);
            let places = if whole { 3 } else { 6 };
            self.scene = Some(Scene { timeline, ladder, layout, places });
        }
        self.scene.is_some()
    }

    /// Events simulated so far.
    #[must_use]
    pub fn events(&self) -> f64 {
        self.run.events() as f64
    }

    /// The run's fingerprint; empty while it goes on, or when it was stopped.
    #[must_use]
    pub fn digest(&self) -> String {
        self.run.digest().map_or_else(String::new, |digest| digest.to_string())
    }

    /// What came out, in words.
    #[must_use]
    pub fn outcome(&self) -> String {
        words::outcome(&self.run)
    }

    /// What the pictures leave out, in words; empty when they show everything.
    #[must_use]
    pub fn notice(&self) -> String {
        let (kept, events) = (self.run.records().len() as u64, self.run.events());
        let clients = self.run.scenario().clients;
        let mut parts = Vec::new();
        if self.run.is_cut() {
            let of = if self.run.is_over() { grouped(events) } else { "all".to_string() };
            parts.push(format!("the first {} of {of} events", grouped(kept)));
        }
        if clients > MOST_FLOWS {
            let (shown, of) = (grouped(MOST_FLOWS.into()), grouped(clients.into()));
            parts.push(format!("clients 1 to {shown} of {of}"));
        }
        if parts.is_empty() {
            return String::new();
        }
        let cover = if self.run.was_stopped() {
            "The outcome is that of the part that ran; only a whole run has a digest."
        } else {
            "The outcome and the digest cover the whole run."
        };
        format!("Showing {}. {cover}", parts.join(", "))
    }

    /// Records kept: the lines of `trace`.
    #[must_use]
    pub fn kept(&self) -> u32 {
        self.run.records().len() as u32
    }

    /// The records from `from` on, at most `most`, as JSON, one a line.
    #[must_use]
    pub fn trace(&self, from: u32, most: u32) -> String {
        let mut out = String::new();
        for record in self.run.records().iter().skip(from as usize).take(most as usize) {
            // Writing to a string does not fail.
            let _ = write_json(&mut out, record);
            out.push('\n');
        }
        out
    }
}

/// The playhead.
#[wasm_bindgen]
impl Lab {
    /// The playhead's time in seconds.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.at as f64 / 1e9
    }

    /// The time of the last thing shown, in seconds.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.end_nanos() as f64 / 1e9
    }

    fn end_nanos(&self) -> u64 {
        self.scene.as_ref().map_or(0, |scene| scene.timeline.end())
    }

    /// Is the playhead at the end?
    #[wasm_bindgen(js_name = atEnd)]
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.at >= self.end_nanos()
    }

    /// Moves the playhead to a share of the whole, 0 to 1.
    pub fn seek(&mut self, share: f64) {
        let end = self.end_nanos();
        // Float to integer casts saturate, and a share of one is the exact end.
        self.at = if share >= 1.0 { end } else { ((share * end as f64) as u64).min(end) };
    }

    /// Where the playhead stands, as a share of the whole.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.end_nanos() == 0 { 1.0 } else { self.at as f64 / self.end_nanos() as f64 }
    }

    /// Lets the playhead run for so many simulated seconds; `false` when it has reached the end.
    pub fn advance(&mut self, seconds: f64) -> bool {
        let by = (seconds * 1e9).max(0.0) as u64;
        self.at = self.at.saturating_add(by).min(self.end_nanos());
        !self.at_end()
    }

    /// Moves the playhead to the next moment at which something happens, or with `back` to the one
    /// before; with `own` only the shown client's moments count. `false` when there is none.
    pub fn step(&mut self, back: bool, own: bool) -> bool {
        let Some(scene) = &self.scene else { return false };
        let moments = if own { scene.ladder.moments() } else { scene.timeline.moments() };
        let to = if back { before(moments, self.at) } else { after(moments, self.at) };
        if let Some(to) = to {
            self.at = to;
        }
        to.is_some()
    }

    /// The speed at which this run is good to watch: simulated seconds per second.
    #[must_use]
    pub fn pace(&self) -> f64 {
        // Half a second for a flight, unless the whole would take longer than half a minute.
        let flight = usual_latency(self.run.scenario()).max(1_000) as f64 / 1e9;
        (flight / 0.5).max(self.end() / 30.0)
    }

    /// The playhead's time as text, in seconds.
    #[must_use]
    pub fn clock(&self) -> String {
        clock(self.at, self.clock_places())
    }

    /// The end's time as text, in seconds.
    #[wasm_bindgen(js_name = endClock)]
    #[must_use]
    pub fn end_clock(&self) -> String {
        clock(self.end_nanos(), self.clock_places())
    }

    /// Decimals of the playhead's time: milliseconds, but for runs that are over in a blink.
    fn clock_places(&self) -> u32 {
        let long = self.end_nanos() >= 100_000_000;
        self.scene.as_ref().map_or(3, |scene| if long { 3 } else { scene.places })
    }

    /// What happened at the latest moment, in words; of a crowd that `runs`, how it stands.
    #[must_use]
    pub fn moment(&self, runs: bool) -> String {
        let Some(scene) = &self.scene else { return String::new() };
        if runs && scene.layout.is_crowd() {
            words::overview(&self.run, &scene.timeline, self.at)
        } else {
            words::moment(&self.run, &scene.timeline, self.at)
        }
    }

    /// Counts up to now: an array of `name`, `value`, in the order in which to show them.
    #[must_use]
    pub fn counts(&self) -> String {
        let Some(scene) = &self.scene else { return "[]".to_string() };
        let sum = scene.timeline.summary(self.run.records(), self.at);
        let flying = scene.timeline.in_flight(self.at) as u64;
        Json::array(|json| {
            for (name, value) in [
                ("sends", sum.sends),
                ("replies", sum.replies),
                ("in flight", flying),
                ("lost", sum.lost),
                ("dropped", sum.server_dropped),
                ("too late", sum.late_replies),
                ("answered", sum.answered),
                ("gave up", sum.gave_up),
            ] {
                json.element(|json| {
                    json.text("name", name);
                    json.text("value", &compact(value));
                });
            }
        })
    }
}

/// Selecting.
#[wasm_bindgen]
impl Lab {
    /// Clients whose ladder can be shown.
    #[must_use]
    pub fn clients(&self) -> u32 {
        self.run.scenario().clients.min(MOST_FLOWS)
    }

    /// The client whose ladder is shown.
    #[must_use]
    pub fn flow(&self) -> u32 {
        self.flow
    }

    /// Are the clients so many that the stage shows them as a grid?
    #[wasm_bindgen(js_name = isCrowd)]
    #[must_use]
    pub fn is_crowd(&self) -> bool {
        self.scene.as_ref().is_some_and(|scene| scene.layout.is_crowd())
    }

    /// Shows the ladder of another client.
    pub fn follow(&mut self, flow: u32) {
        self.flow = flow.clamp(1, self.clients());
        self.chosen = true;
        if let Some(scene) = &mut self.scene {
            scene.ladder = Ladder::new(&self.run, &scene.timeline, self.flow);
        }
    }

    /// Selects what stands on the stage at a point; `true` if that changed anything.
    #[wasm_bindgen(js_name = pickStage)]
    pub fn pick_stage(&mut self, x: f64, y: f64) -> bool {
        let Some(scene) = &self.scene else { return false };
        let pick = stage::pick(&scene.layout, &scene.timeline, self.at, x, y);
        self.select(pick)
    }

    /// Selects what stands on the ladder, `y` from the top of the whole of it.
    #[wasm_bindgen(js_name = pickLadder)]
    pub fn pick_ladder(&mut self, x: f64, y: f64, w: f64) -> bool {
        let Some(scene) = &self.scene else { return false };
        let columns = Columns::new(w, scene.digits());
        let pick = scene.ladder.pick(&self.run, &scene.timeline, &columns, (x, y));
        self.select(pick)
    }

    /// Selects what a record of the table is about.
    #[wasm_bindgen(js_name = pickRecord)]
    pub fn pick_record(&mut self, id: u32) -> bool {
        use crate::timeline::Subject;
        let Some(scene) = &self.scene else { return false };
        let pick = match scene.timeline.subject(id) {
            Subject::Packet(id) => Some(Pick::Packet(id)),
            Subject::Wait(id) => Some(Pick::Wait(id)),
            Subject::Nothing => None,
        };
        self.select(pick)
    }

    /// Selects nothing.
    pub fn deselect(&mut self) {
        self.selected = None;
    }

    fn select(&mut self, pick: Option<Pick>) -> bool {
        let flow = match (pick, &self.scene) {
            (Some(Pick::Client(flow)), _) => {
                self.selected = None;
                Some(flow)
            }
            (Some(Pick::Packet(id)), Some(scene)) => {
                self.selected = pick;
                scene.timeline.packet(id).map(|packet| packet.flow)
            }
            _ => {
                let changed = self.selected != pick;
                self.selected = pick;
                return changed;
            }
        };
        if let Some(flow) = flow.filter(|flow| *flow != self.flow) {
            self.follow(flow);
        }
        true
    }

    /// What is selected, for the inspector: see `inspect`; empty when nothing is.
    #[must_use]
    pub fn inspect(&self) -> String {
        let Some(scene) = &self.scene else { return String::new() };
        let (run, timeline, places) = (&self.run, &scene.timeline, scene.places);
        let text = match self.selected {
            Some(Pick::Packet(id)) => inspect::packet(run, timeline, id, places),
            Some(Pick::Wait(id)) => inspect::wait(run, timeline, id, places),
            _ => None,
        };
        text.unwrap_or_default()
    }
}

/// The pictures. Sizes are CSS pixels; `ratio` is how many device pixels one is wide.
#[wasm_bindgen]
impl Lab {
    /// The style sheet's custom properties that `paint` takes, in order.
    #[wasm_bindgen(js_name = themeNames)]
    #[must_use]
    pub fn theme_names() -> Vec<String> {
        theme::NAMES.map(String::from).into()
    }

    /// Sets colours and fonts: the values of `themeNames`.
    pub fn paint(&mut self, values: Vec<String>) {
        self.theme = Theme::new(values);
    }

    /// Draws the policy's schedule, which is known before the run is.
    #[wasm_bindgen(js_name = drawSchedule)]
    pub fn draw_schedule(&self, ctx: &CanvasRenderingContext2d, w: f64, h: f64, ratio: f64) {
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        schedule::draw(&paint, &self.schedule, w, h);
    }

    /// The policy's schedule in words: see `schedule`.
    #[must_use]
    pub fn schedule(&self) -> String {
        self.schedule.words()
    }

    /// Draws the stage.
    #[wasm_bindgen(js_name = drawStage)]
    pub fn draw_stage(&mut self, ctx: &CanvasRenderingContext2d, w: f64, h: f64, ratio: f64) {
        let Some(scene) = &mut self.scene else { return };
        if (scene.layout.w, scene.layout.h) != (w, h) {
            scene.layout = Layout::new(w, h, self.run.scenario());
        }
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        let packet = match self.selected {
            Some(Pick::Packet(id)) => Some(id),
            _ => None,
        };
        stage::draw(
            &paint,
            &stage::Scene {
                layout: &scene.layout,
                timeline: &scene.timeline,
                at: self.at,
                summary: scene.timeline.summary(self.run.records(), self.at),
                packet,
                client: self.flow,
            },
        );
    }

    /// Draws the part of the ladder that is scrolled to `top`.
    #[wasm_bindgen(js_name = drawLadder)]
    pub fn draw_ladder(
        &self,
        ctx: &CanvasRenderingContext2d,
        w: f64,
        h: f64,
        ratio: f64,
        top: f64,
    ) {
        let Some(scene) = &self.scene else { return };
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        let (packet, wait) = match self.selected {
            Some(Pick::Packet(id)) => (Some(id), None),
            Some(Pick::Wait(id)) => (None, Some(id)),
            _ => (None, None),
        };
        ladder::draw(
            &paint,
            &ladder::View {
                run: &self.run,
                timeline: &scene.timeline,
                ladder: &scene.ladder,
                columns: Columns::new(w, scene.digits()),
                h,
                top,
                at: self.at,
                places: scene.places,
                packet,
                wait,
            },
        );
    }

    /// Draws the strip of the whole run.
    #[wasm_bindgen(js_name = drawStrip)]
    pub fn draw_strip(&self, ctx: &CanvasRenderingContext2d, w: f64, h: f64, ratio: f64) {
        let Some(scene) = &self.scene else { return };
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        strip::draw(&paint, &scene.timeline, self.run.records(), w, h);
    }

    /// The height of the whole ladder.
    #[wasm_bindgen(js_name = ladderHeight)]
    #[must_use]
    pub fn ladder_height(&self) -> f64 {
        self.scene.as_ref().map_or(0.0, |scene| scene.ladder.height)
    }

    /// The playhead's place in the whole ladder.
    #[wasm_bindgen(js_name = ladderNow)]
    #[must_use]
    pub fn ladder_now(&self) -> f64 {
        self.scene.as_ref().map_or(0.0, |scene| scene.ladder.y(self.at))
    }

    /// Rows of the ladder's table: see `table::rows`.
    #[must_use]
    pub fn table(&self, from: u32, most: u32) -> String {
        let Some(scene) = &self.scene else { return "[]".to_string() };
        let (window, now) = ((from as usize, most as usize), (self.at, scene.places));
        table::rows(&self.run, &scene.timeline, &scene.ladder, window, now)
    }

    /// Rows of the whole table.
    #[wasm_bindgen(js_name = tableLength)]
    #[must_use]
    pub fn table_length(&self) -> u32 {
        self.scene.as_ref().map_or(0, |scene| scene.ladder.records().len() as u32)
    }

    /// The row of the latest moment.
    #[wasm_bindgen(js_name = tableNow)]
    #[must_use]
    pub fn table_now(&self) -> u32 {
        self.scene.as_ref().map_or(0, |scene| table::place(&scene.ladder, self.at) as u32)
    }
}
