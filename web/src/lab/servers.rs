//! The servers in words, and what the legend explains of them and of a crowd.

use super::Lab;
use crate::json::Json;
use crate::timeline::{Mark, Servers, Texture};
use crate::words;
use wasm_bindgen::prelude::wasm_bindgen;

impl Lab {
    /// Returns what the servers do at the playhead, in words; empty if they do nothing and nothing is wrong.
    pub(super) fn servers(&self, which: usize) -> String {
        let exhibit = &self.exhibits[which];
        exhibit.scene.as_ref().map_or_else(String::new, |scene| {
            words::servers(&exhibit.run, &scene.timeline, self.at)
        })
    }
}

/// The legend.
#[wasm_bindgen]
impl Lab {
    /// Returns the further marks that the legend has room for: an array of `name`, and `seen`, whether the reader has seen it.
    #[must_use]
    pub fn marks(&self, which: usize) -> String {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return "[]".to_string() };
        let own = exhibit.selected.and_then(|pick| pick.exchange(&scene.timeline));
        let scenario = exhibit.run.scenario();
        let has_others = scenario.clients > 1 || scenario.exchanges != Some(1);
        let servers = scene.timeline.servers();
        let takes_time = servers.takes_time;
        let first = |mark| servers.first(mark);
        let can_be = |texture| Servers::can_be(scenario, texture);
        let wrong = |texture| servers.first_wrong(texture);
        Json::array(|json| {
            for (name, is_possible, from) in [
                ("crowd", scene.layout.is_crowd(), Some(0)),
                ("busy", takes_time, first(Mark::Busy)),
                ("queue", takes_time, first(Mark::Queue)),
                ("wasted", takes_time, first(Mark::Wasted)),
                ("trouble", can_be(Texture::Slanted), wrong(Texture::Slanted)),
                ("loss", can_be(Texture::Crossed), wrong(Texture::Crossed)),
                ("latency", can_be(Texture::Level), wrong(Texture::Level)),
                ("load", can_be(Texture::Upright), wrong(Texture::Upright)),
                ("ghost", has_others, own.map(|_| 0)),
            ] {
                if is_possible {
                    json.element(|json| {
                        json.text("name", name);
                        json.flag("seen", from.is_some_and(|from| from <= self.seen));
                    });
                }
            }
        })
    }
}
