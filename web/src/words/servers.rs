//! The servers in words: how much they have to do, and what is wrong.

use crate::numbers::{capital, grouped, span};
use crate::run::PageRun;
use crate::timeline::{Load, Timeline};

/// Returns what the servers do at `at`, and what is wrong, in a sentence; empty if their work takes no time and nothing is wrong.
pub(crate) fn servers(run: &PageRun, timeline: &Timeline, at: u64) -> String {
    let (servers, all) = (timeline.servers(), &run.scenario().servers);
    let mut parts = Vec::new();
    for (place, server) in (0..).zip(all.as_slice()) {
        let Load { waiting, working, wasted } = servers.load(place, at);
        let mut words = Vec::new();
        if !servers.config.is_instant() {
            words.push(of("busy", working, servers.config.workers));
            words.push(of("queue", waiting, servers.config.queue));
            if wasted > 0 {
                words.push(grouped(wasted as u64) + " wasted");
            }
        }
        let wrong = servers.troubles_at(at).filter(|trouble| trouble.is_of_server(place));
        words.extend(wrong.map(|trouble| since(&trouble.word(), trouble.from)));
        if !words.is_empty() {
            let name =
                if all.is_several() { server.name.to_string() } else { "server".to_string() };
            parts.push(name + ": " + &words.join(", "));
        }
    }
    let of_link = servers.troubles_at(at).filter(|trouble| trouble.is_of_link());
    parts.extend(of_link.map(|trouble| since(&trouble.word(), trouble.from)));
    if parts.is_empty() { String::new() } else { capital(&parts.join("; ")) + "." }
}

fn of(what: &str, count: usize, limit: Option<u32>) -> String {
    let limit = limit.map_or_else(String::new, |most| " of ".to_string() + &grouped(most.into()));
    what.to_string() + " " + &grouped(count as u64) + &limit
}

fn since(word: &str, from: u64) -> String {
    word.to_string() + " since " + &span(from)
}
