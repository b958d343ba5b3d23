//! Acts by hand: what the reader does to a packet, to the server and to the link. They are settings of the scenario, so the
//! link, the digest and `retrylab sim` have them too.

use super::Lab;
use super::link::link_of;
use crate::fields;
use crate::json::Json;
use crate::stage::Pick;
use crate::timeline::{Ending, Packet};
use retrylab_core::link::{Act, ActKind};
use retrylab_core::scenario::{Fault, FaultKind, Scenario};
use retrylab_core::time::Duration;
use retrylab_core::trace::{Cause, PacketId};
use wasm_bindgen::prelude::wasm_bindgen;

/// By how much a packet is delayed.
const DELAY: Duration = Duration::from_millis(50);

/// Acts by hand, in the first exhibit.
#[wasm_bindgen]
impl Lab {
    /// Returns what can be done now: `packet` (the act on the selected packet as the scenario has it, such as `drop client 1
    /// request 2`; "none" if there is none; empty if nothing can be done to what is selected), `void` (whether the reader has seen
    /// that it has no effect), `server` and `link` (true if they work now), and `all` (whether the server is one of several, which
    /// crash and restart together).
    #[must_use]
    pub fn acts(&self) -> String {
        let scenario = self.exhibits[0].run.scenario();
        let packet = self.named().map_or_else(String::new, |packet| {
            let of_packet = scenario.acts.as_slice().iter().find(|act| act.packet == packet);
            of_packet.map_or_else(|| "none".to_string(), ToString::to_string)
        });
        Json::object(|json| {
            json.text("packet", &packet);
            json.flag("void", !packet.is_empty() && self.is_void());
            json.flag("server", self.ongoing(is_crash).is_none());
            json.flag("link", self.ongoing(is_cut).is_none());
            json.flag("all", scenario.servers.is_several());
        })
    }

    /// Returns the link after an act at the playhead's time: `drop`, `delay`, `duplicate` or `leave` for the selected packet,
    /// `crash` or `restart` for the server, `cut` or `mend` for the link.
    ///
    /// # Errors
    /// If the scenario does not allow it: one sentence.
    #[wasm_bindgen(js_name = withAct)]
    pub fn with_act(&self, act: &str) -> Result<String, String> {
        self.may_change(0)?;
        let scenario = self.exhibits[0].run.scenario();
        let (key, value) = match act {
            "crash" => ("faults", self.began("server-down")),
            "cut" => ("faults", self.began("partition")),
            "restart" => ("faults", self.ended(is_crash)),
            "mend" => ("faults", self.ended(is_cut)),
            _ => ("acts", self.on_packet(act)),
        };
        let changed: Scenario = fields::change(scenario, key, Some(&value))?;
        Ok(link_of(&changed))
    }

    fn selected(&self) -> Option<&Packet> {
        let exhibit = &self.exhibits[0];
        match exhibit.selected? {
            Pick::Packet(id) => exhibit.scene.as_ref()?.timeline.packet(id),
            Pick::Wait(_) | Pick::Client(_) => None,
        }
    }

    /// Returns the name of the selected packet in the trace.
    fn named(&self) -> Option<PacketId> {
        self.selected()?.name
    }

    /// Returns true if the reader has seen the link lose the selected packet, and no person: an act on it changes nothing.
    #[inline(never)]
    fn is_void(&self) -> bool {
        let ending = self.selected().map(|packet| packet.ending_at(self.seen));
        matches!(ending, Some(Ending::Lost(cause)) if cause != Cause::ByHand)
    }

    /// Returns the acts after another one on the selected packet.
    fn on_packet(&self, act: &str) -> String {
        let acts = self.exhibits[0].run.scenario().acts.as_slice();
        let named = self.named();
        let others =
            acts.iter().filter(|other| Some(other.packet) != named).map(ToString::to_string);
        let kind = match act {
            "drop" => Some(ActKind::Drop),
            "delay" => Some(ActKind::Delay(DELAY)),
            "duplicate" => Some(ActKind::Duplicate),
            _ => None,
        };
        let new = named.zip(kind).map(|(packet, kind)| Act { packet, kind }.to_string());
        list(others.chain(new))
    }

    /// Returns the faults after another one that begins now and does not end.
    fn began(&self, kind: &str) -> String {
        let faults = self.exhibits[0].run.scenario().faults.as_slice();
        let new = format!("{}ns forever {kind}", self.at);
        list(faults.iter().map(ToString::to_string).chain([new]))
    }

    /// Returns the faults after the end of the ongoing one.
    fn ended(&self, kind: fn(&Fault) -> bool) -> String {
        let faults = self.exhibits[0].run.scenario().faults.as_slice();
        let ongoing = self.ongoing(kind);
        list(faults.iter().enumerate().filter_map(|(i, fault)| {
            let mut fault = *fault;
            if Some(i) == ongoing {
                let lasts = Duration::from_nanos(self.at - fault.from().as_nanos());
                fault.lasts = Some(lasts).filter(|lasts| !lasts.is_zero());
                // One that would end at once never was.
                fault.lasts?;
            }
            Some(fault.to_string())
        }))
    }

    /// Returns the place of the fault that is on now.
    fn ongoing(&self, kind: fn(&Fault) -> bool) -> Option<usize> {
        let is_on = |fault: &Fault| {
            let from = fault.from().as_nanos();
            let is_over = fault.until().is_some_and(|until| until.as_nanos() <= self.at);
            kind(fault) && from <= self.at && !is_over
        };
        self.exhibits[0].run.scenario().faults.as_slice().iter().position(is_on)
    }
}

fn is_crash(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::ServerDown { .. })
}

fn is_cut(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Partition(_))
}

/// Returns the text of a list.
fn list(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() { "none".to_string() } else { entries.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::trace::{Direction, Record, What};

    fn act(lab: &mut Lab, act: &str) {
        let link = lab.with_act(act).unwrap();
        lab.load(0, &link, true);
        lab.finish();
    }

    #[test]
    fn a_packet_is_dropped_and_left_again() {
        let mut lab = Lab::new("seed=1");
        lab.finish();
        let digest = lab.digest(0);
        assert!(lab.pick_record(0, 0));
        act(&mut lab, "drop");
        assert_eq!(lab.fragment(0), "acts=drop+client+1+request+1");
        assert_ne!(lab.digest(0), digest);
        lab.seek(1.0);
        assert!(
            lab.outcome(0).starts_with("Answered after 120 ms and 2 sends."),
            "{}",
            lab.outcome(0)
        );
        assert!(lab.pick_record(0, 0));
        act(&mut lab, "delay");
        assert_eq!(lab.fragment(0), "acts=delay+client+1+request+1+by+50ms");
        assert!(lab.pick_record(0, 0));
        assert!(
            lab.acts().contains(r#""packet":"delay client 1 request 1 by 50ms""#),
            "{}",
            lab.acts()
        );
        act(&mut lab, "leave");
        assert_eq!((lab.fragment(0).as_str(), lab.digest(0)), ("seed=1", digest));
    }

    #[test]
    fn an_act_on_a_packet_that_the_link_loses_has_no_effect() {
        let link = "link.loss=0&link.reply_loss=list+1&acts=delay+client+1+reply+1+by+50ms";
        let mut lab = Lab::new(link);
        lab.finish();
        lab.seek(1.0);
        let sent =
            |record: &Record| matches!(record.what, What::Sent { direction: Direction::Reply, .. });
        let first = lab.exhibits[0].run.records().iter().position(sent);
        assert!(lab.pick_record(0, first.unwrap() as u32));
        let acts = lab.acts();
        assert!(acts.contains(r#"by 50ms","void":true"#), "{acts}");
        assert!(lab.pick_record(0, 0));
        assert!(lab.acts().contains(r#""packet":"none","void":false"#), "{}", lab.acts());
    }

    #[test]
    fn a_server_crashes_and_is_restarted_where_the_playhead_is() {
        let mut lab = Lab::new("seed=1&exchanges=100");
        lab.finish();
        lab.seek(0.5);
        assert!(lab.acts().contains(r#""server":true,"link":true"#));
        act(&mut lab, "crash");
        assert!(lab.acts().contains(r#""server":false,"link":true"#), "{}", lab.acts());
        assert!(lab.fragment(0).contains("forever+server-down"), "{}", lab.fragment(0));
        assert!(lab.step(false, false) && lab.step(false, false));
        act(&mut lab, "restart");
        assert!(!lab.fragment(0).contains("forever"), "{}", lab.fragment(0));
        assert!(lab.acts().contains(r#""server":true"#));
        act(&mut lab, "cut");
        act(&mut lab, "mend");
        assert!(
            !lab.fragment(0).contains("partition"),
            "one that ends at once never was: {}",
            lab.fragment(0)
        );
    }
}
