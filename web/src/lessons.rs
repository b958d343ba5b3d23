//! Scenarios worth looking at, each with a hint at what to watch. A visitor sees the first one.
//!
//! The tests below check what each sentence claims, so that a lesson cannot silently become wrong.

/// A scenario with a title and a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lesson {
    pub(crate) title: &'static str,
    pub(crate) fragment: &'static str,
    pub(crate) sentence: &'static str,
}

/// The scenario of a first visit.
pub(crate) const OPENING: Lesson = Lesson {
    title: "One lost reply",
    fragment: "seed=7&link.loss=0.3",
    sentence: "The request arrives, but its reply is lost on the way back. The client cannot know. \
               Watch the ring around it: that is its wait, and when it runs out, the same request \
               goes out again.",
};

/// Every lesson, in the order in which they are offered.
pub(crate) const LESSONS: &[Lesson] = &[
    OPENING,
    Lesson {
        title: "Nobody answers",
        fragment: "server.drop=1",
        sentence: "The server drops every request. Watch each wait double, and the client give up \
                   after five sends instead of retrying forever.",
    },
    Lesson {
        title: "Too impatient",
        fragment: "link.latency=60ms",
        sentence: "Nothing is lost here: the reply only takes longer than the first wait. Watch \
                   the client send a needless second request, whose reply comes too late.",
    },
    Lesson {
        title: "Half of the requests dropped",
        fragment: "seed=7&exchanges=5&server.drop=0.5",
        sentence: "The textbook's server drops each request with probability one half. Five \
                   exchanges, one after another: four are answered, and one has all five of its \
                   requests dropped.",
    },
    Lesson {
        title: "Five clients",
        fragment: "seed=54&clients=5&link.latency=uniform+5ms+25ms&link.loss=0.3",
        sentence: "Five clients ask at once, and each packet may be lost. Those without a reply \
                   wait the same time, so they all send again together.",
    },
    Lesson {
        title: "A thousand clients",
        fragment: "clients=1000&link.latency=uniform+5ms+90ms&link.loss=0.3",
        sentence: "A thousand clients ask at once, and 30 % of the packets are lost each way. \
                   Watch the retries: equal waits turn one burst into the next, 0.1, 0.3, 0.7 and \
                   1.5 s after the first.",
    },
    Lesson {
        title: "A hundred clients, no jitter",
        fragment: "clients=100&server.drop_first=100",
        sentence: "The server drops the first hundred datagrams, as after a restart. Nothing tells \
                   the clients apart: all hundred wait 0.1 s and come back in the same instant.",
    },
    Lesson {
        title: "A hundred clients, full jitter",
        fragment: "clients=100&policy.jitter=full&server.drop_first=100",
        sentence: "The same hundred clients, but each draws its first wait between zero and 0.1 s. \
                   No burst: at most four come back within a millisecond. The price: some wait too \
                   briefly, and twelve sends are needless.",
    },
    Lesson {
        title: "Layer by layer",
        fragment: "network=packets",
        sentence: "Each layer wraps the one above it: a message of 5 bytes becomes a UDP datagram of \
                   13, an IP packet of 33 and an Ethernet frame of 47. Before it sends that, the \
                   client asks for its router's Ethernet address (ARP). Click the request to see its \
                   layers, and a field to see its bytes.",
    },
    Lesson {
        title: "Connect and confirm",
        fragment: "network=packets&protocol=tcp",
        sentence: "A TCP connection takes three steps: the client asks (SYN), the server accepts \
                   (SYN-ACK), and the client confirms (ACK). Only then it sends its bytes, so the \
                   exchange takes 40 ms where a datagram takes 20 ms. FINs release both directions.",
    },
    Lesson {
        title: "A lost SYN",
        fragment: "network=packets&protocol=tcp&policy.initial_timeout=5s\
                   &policy.give_up_above=none&policy.max_sends=1&faults=0s+50ms+partition",
        sentence: "The link is cut for 50 ms, and the SYN is lost. TCP itself sends it again after \
                   1 s, long before the client's own wait of 5 s is over. The exchange is answered \
                   after 1.04 s, with a single send of the client's.",
    },
    Lesson {
        title: "A reset",
        fragment: "network=packets&protocol=tcp&policy.max_sends=2&server.listening=false",
        sentence: "Nobody listens on the port, and the server's host says so: a reset comes back \
                   after one round trip of 20 ms. The client knows at once, asks a second time, and \
                   gives up after 120 ms.",
    },
    Lesson {
        title: "Silence",
        fragment: "network=packets&protocol=tcp&policy.max_sends=2&faults=0s+1s+server-down",
        sentence: "The same two attempts, but the server is down, and nothing comes back. The client \
                   cannot know whether its SYN was lost or nobody is there: it waits 100 ms, then \
                   200 ms, and gives up after 300 ms.",
    },
    Lesson {
        title: "One HTTP exchange",
        fragment: "network=packets&protocol=http",
        sentence: "One request, one response, and then the connection is released: the server sends \
                   its FIN with nothing more to say, and the client answers with its own. Click the \
                   segments with data to read the request and the response.",
    },
    Lesson {
        title: "A dead name server",
        fragment: "message=www.example&protocol=dns\
                   &servers=first%3D192.0.2.53%3A53,second%3D198.51.100.53%3A53\
                   &dns.records=www.example%3D192.0.2.80&faults=0s+6s+server-down+at+first",
        sentence: "A name becomes an address: the client asks its first name server, which is down. \
                   After a wait of 5 s it asks the second one, which knows the address. The lookup \
                   takes 5.02 s and two questions; with the first server up, 20 ms and one.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "packets")]
    use crate::run::PageRun;
    use retrylab_core::scenario::Scenario;
    use retrylab_core::sim::{Outcome, run};
    #[cfg(feature = "packets")]
    use retrylab_core::trace::{Carried, FrameStep};
    use retrylab_core::trace::{Cause, Direction, HostId, Record, What};

    fn outcome(fragment: &str) -> Outcome<Vec<Record>> {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, [], "{fragment}");
        assert_eq!(scenario.to_fragment(), fragment, "as the address bar will show it");
        run(&scenario, Vec::new())
    }

    #[test]
    fn the_opening_run_loses_exactly_the_first_reply() {
        use Direction::{Reply, Request};
        let path: Vec<_> = outcome(OPENING.fragment)
            .sink
            .iter()
            .filter_map(|record| {
                let send = record.label?.send.get();
                match record.what {
                    What::Delivered { direction } => Some((direction, send, "delivered")),
                    What::Dropped { direction, cause: Cause::LinkLoss } => {
                        assert_eq!(record.host, HostId::Link);
                        Some((direction, send, "lost"))
                    }
                    What::Answered { sends, .. } => Some((Reply, sends, "answered")),
                    What::Dropped { .. } | What::GaveUp { .. } => unreachable!("{record:?}"),
                    _ => None,
                }
            })
            .collect();
        assert_eq!(
            path,
            [
                (Request, 1, "delivered"),
                (Reply, 1, "lost"),
                (Request, 2, "delivered"),
                (Reply, 2, "delivered"),
                (Reply, 2, "answered"),
            ]
        );
    }

    #[test]
    fn lessons_keep_their_promises() {
        let by_title = |title| {
            let lesson = LESSONS.iter().find(|lesson| lesson.title == title).unwrap();
            outcome(lesson.fragment)
        };
        let nobody = by_title("Nobody answers");
        assert_eq!((nobody.summary.gave_up, nobody.summary.sends), (1, 5));

        let impatient = by_title("Too impatient").summary;
        assert_eq!((impatient.lost, impatient.sends, impatient.late_replies), (0, 2, 1));

        let half = by_title("Half of the requests dropped").summary;
        assert_eq!((half.answered, half.gave_up), (4, 1));

        let five = by_title("Five clients");
        assert_eq!(five.summary.answered, 5);
        let mut again: Vec<u64> = five.sink.iter().filter_map(resent).collect();
        assert!(again.len() >= 2, "several send again");
        again.dedup();
        assert_eq!(again.len(), 1, "together");

        let thousand = by_title("A thousand clients");
        let mut bursts: Vec<u64> = thousand.sink.iter().filter_map(resent).collect();
        bursts.dedup();
        assert_eq!(bursts, [100, 300, 700, 1_500]);

        let herd = by_title("A hundred clients, no jitter");
        assert_eq!(herd.summary.server_dropped, 100);
        assert_eq!(bursts_of(&herd.sink), [(100, 100)]);

        let spread = by_title("A hundred clients, full jitter");
        assert_eq!((spread.summary.sends, spread.summary.late_replies), (212, 12));
        let bursts = bursts_of(&spread.sink);
        assert!(bursts.iter().all(|(at, _)| *at < 100), "the first waits: {bursts:?}");
        assert_eq!(bursts.iter().map(|(_, sends)| *sends).max(), Some(4));
    }

    #[cfg(feature = "packets")]
    #[test]
    fn each_layer_wraps_the_one_above_it() {
        let lesson = LESSONS.iter().find(|lesson| lesson.title == "Layer by layer").unwrap();
        let (scenario, errors) = Scenario::from_fragment(lesson.fragment);
        assert_eq!(errors, []);
        assert_eq!(scenario.to_fragment(), lesson.fragment, "as the address bar will show it");
        let mut page = PageRun::new(scenario);
        while !page.advance(1_000) {}
        let mut sent = (0..).zip(page.records()).filter_map(|(id, record)| match record.what {
            What::Frame { step: FrameStep::Sent, carried, .. } if record.host == HostId::Client => {
                Some((carried, page.frames().of(id)?))
            }
            _ => None,
        });
        assert_eq!(sent.next().unwrap().0, Carried::ArpRequest);
        let (carried, bytes) = sent.next().unwrap();
        assert_eq!(carried, Carried::Udp);
        let layers = retrylab_core::dissect::frame(bytes);
        let sizes: Vec<_> =
            layers.iter().map(|layer| (layer.protocol, layer.range.len())).collect();
        assert_eq!(sizes, [("Ethernet", 47), ("IPv4", 33), ("UDP", 13), ("Payload", 5)]);
    }

    #[cfg(feature = "packets")]
    #[test]
    fn a_dead_name_server_costs_one_wait() {
        let lesson = LESSONS.iter().find(|lesson| lesson.title == "A dead name server").unwrap();
        let times = |fragment| {
            let outcome = outcome(fragment);
            let of = |record: &Record| match record.what {
                What::Answered { sends, elapsed, .. } => Some((sends, elapsed.as_millis())),
                _ => None,
            };
            outcome.sink.iter().filter_map(of).collect::<Vec<_>>()
        };
        assert_eq!(times(lesson.fragment), [(2, 5_020)]);
        let up = lesson.fragment.split("&faults").next().unwrap();
        assert_eq!(times(up), [(1, 20)]);
    }

    /// Returns the milliseconds in which retries went out, each with their number.
    fn bursts_of(records: &[Record]) -> Vec<(u64, usize)> {
        let times: Vec<u64> = records.iter().filter_map(resent).collect();
        times.chunk_by(|a, b| a == b).map(|burst| (burst[0], burst.len())).collect()
    }

    /// Returns when a retry went out, in milliseconds.
    fn resent(record: &Record) -> Option<u64> {
        let request = matches!(record.what, What::Sent { direction: Direction::Request, .. });
        let later = record.label.is_some_and(|label| label.send.get() > 1);
        (request && later).then_some(record.at.as_nanos() / 1_000_000)
    }
}
