//! One run with everything that is needed to show it.

use crate::charts::{EndsUntil, Pointed};
use crate::ladder::{Columns, Ladder};
use crate::numbers::clock;
use crate::paint::Point;
use crate::run::PageRun;
use crate::schedule::Plan;
use crate::stage::{Layout, Pick};
use crate::table::Filter;
use crate::timeline::{Id, Subject, Timeline};
use retrylab_core::scenario::Scenario;

/// A run, what is selected in it, and whose ladder is shown.
pub(super) struct Exhibit {
    pub(super) run: PageRun,
    pub(super) plan: Plan,
    /// What could not be read in the link, one sentence each.
    pub(super) errors: Vec<String>,
    /// The timeline, while more records may come.
    growing: Option<Timeline>,
    pub(super) scene: Option<Scene>,
    /// The client whose ladder is shown.
    pub(super) flow: u32,
    /// Whether the reader chose that client.
    pub(super) chosen: bool,
    pub(super) selected: Option<Pick>,
    /// What is under the pointer, or belongs to what has the focus.
    pub(super) hovered: Option<Pick>,
    /// What the cursor of a chart points at.
    pub(super) pointed: Pointed,
    /// Which events of the table are shown.
    pub(super) filter: Filter,
    /// The record whose subject is selected once there are records.
    pub(super) wanted: Option<Id>,
    /// For the charts.
    pub(super) ends: EndsUntil,
}

/// What can be shown once there are records.
pub(super) struct Scene {
    pub(super) timeline: Timeline,
    pub(super) ladder: Ladder,
    pub(super) layout: Layout,
    /// Decimals of the seconds that are shown.
    pub(super) places: u32,
}

impl Scene {
    /// Returns true if totals are shown instead of the latest moment: while a crowd `runs`.
    pub(super) fn has_totals(&self, runs: bool) -> bool {
        runs && self.layout.is_crowd()
    }

    /// Returns the columns of the ladder of width `w`.
    pub(super) fn columns(&self, w: f64) -> Columns {
        let latest = clock(self.timeline.end(), self.places);
        Columns::new(w, latest.len(), self.layout.servers > 1)
    }
}

impl Exhibit {
    /// Creates an exhibit of a scenario, whose run begins.
    pub(super) fn new(scenario: Scenario, errors: Vec<String>) -> Self {
        Self::of(PageRun::new(scenario), errors)
    }

    /// Creates an exhibit of a run at its start.
    pub(super) fn of(run: PageRun, errors: Vec<String>) -> Self {
        Self {
            plan: Plan::new(run.scenario()),
            growing: Some(Timeline::begin(run.scenario())),
            run,
            errors,
            scene: None,
            flow: 1,
            chosen: false,
            selected: None,
            hovered: None,
            pointed: Pointed::Nothing,
            filter: Filter::default(),
            wanted: None,
            ends: EndsUntil::default(),
        }
    }

    /// Returns the last time at which something is shown to happen.
    pub(super) fn end(&self) -> u64 {
        self.scene.as_ref().map_or(0, |scene| scene.timeline.end())
    }

    /// Handles up to `steps` events; returns true when there is nothing left to simulate here.
    pub(super) fn advance(&mut self, steps: u32) -> bool {
        let is_over = self.run.advance(steps);
        if let Some(timeline) = &mut self.growing {
            timeline.follow(&self.run);
        }
        is_over
    }

    /// Arranges the records for the pictures, if there are any to show; returns true if they can be drawn.
    pub(super) fn is_ready(&mut self) -> bool {
        if self.run.is_drawable()
            && let Some(mut timeline) = self.growing.take()
        {
            let run = &self.run;
            timeline.follow(run);
            timeline.finish(run.is_cut());
            let whole = timeline.moments().iter().all(|at| at.is_multiple_of(1_000_000));
            let layout = Layout::new(1.0, 1.0, run.scenario(), run.shown());
            if !self.chosen {
                self.flow = if layout.is_crowd() { timeline.busiest() } else { 1 };
            }
            let ladder = Ladder::new(run, &timeline, self.flow);
            let places = if whole { 3 } else { 6 };
            self.scene = Some(Scene { timeline, ladder, layout, places });
            if let Some(record) = self.wanted.take() {
                self.select_record(record);
            }
        }
        self.scene.is_some()
    }

    /// Shows the ladder of another client, as the reader chose.
    pub(super) fn follow(&mut self, flow: u32) {
        self.flow = flow.clamp(1, self.run.shown());
        self.chosen = true;
        if let Some(scene) = &mut self.scene {
            scene.ladder = Ladder::new(&self.run, &scene.timeline, self.flow);
        }
    }

    /// Selects the subject of a record; returns true if that changed anything.
    pub(super) fn select_record(&mut self, record: Id) -> bool {
        self.scene.is_some() && self.select(self.subject(record))
    }

    /// Returns the subject of a record.
    pub(super) fn subject(&self, record: Id) -> Option<Pick> {
        match self.scene.as_ref()?.timeline.subject(record) {
            Subject::Packet(id) => Some(Pick::Packet(id)),
            Subject::Wait(id) => Some(Pick::Wait(id)),
            Subject::Nothing => None,
        }
    }

    /// Returns what is at a point of the ladder, with `y` from the top of the whole ladder; nothing after `seen`.
    pub(super) fn at_ladder(&self, seen: u64, (x, y): Point, w: f64) -> Option<Pick> {
        let scene = self.scene.as_ref()?;
        if y > scene.ladder.y_after(&self.run, &scene.timeline, seen) {
            return None;
        }
        scene.ladder.pick(&self.run, &scene.timeline, &scene.columns(w), (x, y))
    }

    /// Returns the record that begins what is selected.
    pub(super) fn selected_record(&self) -> Option<Id> {
        let timeline = &self.scene.as_ref()?.timeline;
        match self.selected? {
            Pick::Packet(id) => timeline.packet(id).map(|packet| packet.order),
            Pick::Wait(id) => timeline.wait(id).map(|wait| wait.record),
            Pick::Client(_) => None,
        }
    }

    /// Selects something, and shows the ladder of its client; returns true if that changed anything.
    pub(super) fn select(&mut self, pick: Option<Pick>) -> bool {
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
        // What concerns no client in particular is on the ladder of each.
        if let Some(flow) = flow.filter(|flow| ![0, self.flow].contains(flow)) {
            self.follow(flow);
        }
        true
    }
}
