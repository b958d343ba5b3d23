//! The servers in words: how much they have to do, and what is wrong.

use crate::numbers::{capital, count, grouped, span};
use crate::run::PageRun;
use crate::timeline::{Load, Site, Timeline};

/// Returns what the servers do at `at`, and what is wrong, in a sentence; empty if they do nothing and nothing is wrong.
pub(crate) fn servers(run: &PageRun, timeline: &Timeline, at: u64) -> String {
    let (servers, all) = (timeline.servers(), &run.scenario().servers);
    let mut parts = Vec::new();
    for (place, server) in (0..).zip(all.as_slice()) {
        let Load { waiting, working, wasted } = servers.load(place, at);
        let mut words = Vec::new();
        let [workers, queue] = servers.limits(at);
        for (what, number, limit) in [("busy", working, workers), ("queue", waiting, queue)] {
            if number > 0 {
                words.push(of(what, number, limit));
            }
        }
        if wasted > 0 {
            words.push(count(wasted as u64, "request") + " wasted");
        }
        let wrong = servers.troubles_at(at).filter(|trouble| trouble.is_of_server(place));
        words.extend(wrong.map(|trouble| since(&trouble.word(), trouble.from)));
        if !words.is_empty() {
            let name =
                if all.is_several() { server.name.to_string() } else { "server".to_string() };
            parts.push(name + ": " + &words.join(", "));
        }
    }
    let others = servers.troubles_at(at).filter(|trouble| trouble.site() != Site::Servers);
    parts.extend(others.map(|trouble| since(&trouble.word(), trouble.from)));
    let text = parts.join("; ");
    if text.is_empty() {
        return text;
    }
    // The name of a server stays as it is.
    (if all.is_several() { text } else { capital(&text) }) + "."
}

fn of(what: &str, count: usize, limit: Option<u32>) -> String {
    let limit = limit.map_or_else(String::new, |most| " of ".to_string() + &grouped(most.into()));
    what.to_string() + " " + &grouped(count as u64) + &limit
}

fn since(word: &str, from: u64) -> String {
    word.to_string() + " since " + &span(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    fn at(fragment: &str, ms: u64) -> String {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, []);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        servers(&run, &Timeline::new(&run), ms * 1_000_000)
    }

    #[test]
    fn the_servers_are_put_into_words() {
        let many = "clients=50&server.service=2ms&server.queue=10";
        assert_eq!(at(many, 10), "Server: busy 1 of 1, queue 10 of 10.");
        let late =
            "exchanges=2&token=true&server.service=140ms&server.reply=mirror&server.workers=none";
        assert_eq!(at(late, 240), "Server: busy 2.");
        assert_eq!(at(late, 255), "Server: busy 1, 1 request wasted.");
        let faults = "exchanges=9&server.drop=1&faults=100ms+1s+server-down;200ms+1s+partition";
        assert_eq!(at(faults, 99), "", "nothing is wrong yet");
        assert_eq!(at(faults, 300), "Server: down since 100 ms; link cut since 200 ms.");
        assert_eq!(at(faults, 1_150), "Link cut since 200 ms.");
        let more = "token=true&server.reply=mirror&exchanges=none&workload.arrivals=constant+50&workload.duration=1s\
            &faults=0s+1s+loss+0.3;0s+1s+latency+50ms;0s+1s+load+5";
        assert_eq!(
            at(more, 5),
            "Extra loss 0.3 since 0 s; latency +50 ms since 0 s; load ×5 since 0 s."
        );
        let two = "servers=a%3D192.0.2.1:1060,b%3D192.0.2.2:1060&faults=0s+1s+slow+3+at+b";
        assert_eq!(at(two, 5), "b: slow ×3 since 0 s.");
    }
}
