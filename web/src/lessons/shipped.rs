//! The scenarios that ship, for the menu. The page has their links and not their files, whose comments are longer than
//! the rest of the menu; a test compares both.

use super::Texts;

/// A scenario that ships.
pub(crate) struct Shipped {
    pub(crate) name: &'static str,
    pub(crate) fragment: &'static str,
    texts: Texts,
}

impl Shipped {
    pub(crate) fn question(&self) -> &'static str {
        self.texts.line(0)
    }

    /// Returns how it is smaller here than as it ships, so that the page can show all of it; may be empty.
    pub(crate) fn note(&self) -> &'static str {
        self.texts.line(1)
    }
}

/// Every scenario that ships, by subject.
pub(crate) static SHIPPED: &[(&str, &[Shipped])] = &[
    (
        "Shipped scenarios: loss and outages",
        &[
            Shipped {
                name: "textbook",
                fragment: "exchanges=100&server.drop=0.5",
                texts: later!(
                    question: "How does the textbook client cope with a server that drops half of the requests?",
                    note: "Here with 100 exchanges instead of 10,000.",
                ),
            },
            Shipped {
                name: "udp-pinger",
                fragment: "exchanges=10&message=Ping+%7Bseq%7D+%7Btime%7D&policy.preset=udp-pinger&server.drop=0.363636364&server.reply=upper",
                texts: later!(
                    question: "A server drops 4 of 11 requests at random. How many of ten pings does it answer?",
                    note: "",
                ),
            },
            Shipped {
                name: "udp-heartbeat",
                fragment: "exchanges=20&workload.task=heartbeat&workload.interval=1s&workload.dead_after=3s&faults=5.5s+5s+partition",
                texts: later!(
                    question: "How does a server find out that a client is gone?",
                    note: "",
                ),
            },
            Shipped {
                name: "bursty-loss",
                fragment: "clients=100&exchanges=20&workload.think=exponential+500ms&link.loss=timed+500ms+4.5s",
                texts: later!(
                    question: "Is loss in bursts worse than the same loss spread evenly?",
                    note: "Here with 20 exchanges per client instead of 1,000.",
                ),
            },
            Shipped {
                name: "partition",
                fragment: "clients=100&exchanges=30&workload.think=exponential+1s&faults=10s+5s+partition",
                texts: later!(
                    question: "The link is cut for five seconds. Who gives up, and what happens when it is back?",
                    note: "",
                ),
            },
        ],
    ),
    (
        "Shipped scenarios: overload",
        &[
            Shipped {
                name: "thundering-herd",
                fragment: "clients=1000&policy.initial_timeout=200ms&policy.max_timeout=5s&policy.give_up_above=none&policy.max_sends=12&server.service=5ms&server.queue=100",
                texts: later!(
                    question: "A thousand clients send at the same moment. How long until all are served, and at what cost?",
                    note: "",
                ),
            },
            Shipped {
                name: "backoff-without-jitter",
                fragment: "clients=200&policy.max_timeout=5s&policy.give_up_above=none&policy.max_sends=20&server.service=2ms&server.queue=20&faults=0s+1s+server-down",
                texts: later!(
                    question: "Two hundred clients fail together when their server restarts. Is backoff enough to spread them out?",
                    note: "",
                ),
            },
            Shipped {
                name: "slow-server",
                fragment: "clients=10&exchanges=1000&token=true&server.service=150ms&server.workers=none&server.reply=mirror",
                texts: later!(
                    question: "The server takes longer than the client waits. What does that cost?",
                    note: "",
                ),
            },
            Shipped {
                name: "retry-storm",
                fragment: "clients=10&exchanges=100000&token=true&workload.arrivals=poisson+6&workload.duration=90s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=300ms&policy.give_up_above=none&policy.max_sends=3&server.service=10ms&server.reply=mirror&link.latency=5ms&faults=20s+5s+slow+5",
                texts: later!(
                    question: "A server with capacity to spare is slow for five seconds. What do retries do to it?",
                    note: "",
                ),
            },
            Shipped {
                name: "metastable",
                fragment: "workload.rate=50&workload.duration=90s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=100ms&policy.give_up_above=none&policy.max_sends=3&server.service=exponential+10ms&link.latency=0s&faults=20s+10s+load+4",
                texts: later!(
                    question: "A server at half of its capacity is hit by a spike. Does it recover after the spike?",
                    note: "Here for 90 s instead of 120 s.",
                ),
            },
            Shipped {
                name: "budget-saves-the-day",
                fragment: "workload.rate=50&workload.duration=120s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=100ms&policy.give_up_above=none&policy.max_sends=3&policy.budget=bucket+5+0.1&server.service=exponential+10ms&link.latency=0s&faults=20s+10s+load+4",
                texts: later!(
                    question: "The server of metastable is hit by the same spike. What if retries have a budget?",
                    note: "",
                ),
            },
            Shipped {
                name: "hedging",
                fragment: "clients=20&exchanges=100&token=true&workload.think=exponential+100ms&policy.backoff=constant&policy.initial_timeout=60ms&policy.last_timeout=10s&policy.give_up_above=none&policy.max_sends=2&policy.hedging=true&server.service=lognormal+20ms+40ms&server.workers=none&server.reply=mirror&link.latency=1ms",
                texts: later!(
                    question: "One answer in twenty takes eight times as long as most. Does a second request help, and at what cost?",
                    note: "Here with 100 exchanges per client instead of 5,000.",
                ),
            },
        ],
    ),
    (
        "Shipped scenarios: published experiments",
        &[
            Shipped {
                name: "aws-contention",
                fragment: "clients=100&workload.task=write&policy.initial_timeout=10ms&policy.max_timeout=2s&policy.jitter=full&policy.give_up_above=none&link.latency=normal+10ms+2ms",
                texts: later!(
                    question: "A hundred clients write the same row under optimistic concurrency. How should they wait?",
                    note: "",
                ),
            },
            Shipped {
                name: "brooker-retries",
                fragment: "clients=100&exchanges=100000&token=true&workload.arrivals=poisson+10&workload.duration=10s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=1h&policy.give_up_above=none&policy.max_sends=4&server.fail=0.5&server.reply=mirror&link.latency=exponential+10ms",
                texts: later!(
                    question: "A server answers half of the calls with a failure. Do retries, a token bucket or a breaker help?",
                    note: "",
                ),
            },
            Shipped {
                name: "brooker-collapse",
                fragment: "exchanges=1000000&token=true&workload.arrivals=poisson+40,+20s+80,+25s+40&workload.duration=78s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=3s&policy.give_up_above=none&policy.max_sends=3&server.service=1s&server.rising=10ms&server.workers=none&server.reply=mirror&link.latency=exponential+100ms",
                texts: later!(
                    question: "A server slows down with its load, and clients time out and try again. Does it recover from a spike?",
                    note: "",
                ),
            },
        ],
    ),
    (
        "Shipped scenarios: TCP, HTTP and DNS",
        &[
            Shipped {
                name: "tcp-connect",
                fragment: "network=packets&protocol=tcp&policy.initial_timeout=5s&policy.give_up_above=none&policy.max_sends=1",
                texts: later!(
                    question: "What does TCP do before the first byte, and after the last one?",
                    note: "",
                ),
            },
            Shipped {
                name: "tcp-lost-syn",
                fragment: "network=packets&protocol=tcp&policy.initial_timeout=5s&policy.give_up_above=none&policy.max_sends=1&link.loss=first+1&link.reply_loss=0",
                texts: later!(
                    question: "Who sends again when the first SYN is lost?",
                    note: "",
                ),
            },
            Shipped {
                name: "tcp-reset",
                fragment: "network=packets&protocol=tcp&policy.max_sends=2&server.listening=false",
                texts: later!(
                    question: "How does a client learn that nobody listens?",
                    note: "",
                ),
            },
            Shipped {
                name: "tcp-silence",
                fragment: "network=packets&protocol=tcp&policy.initial_timeout=3s&policy.multiplier=1&policy.give_up_above=none&policy.max_sends=2&faults=0s+60s+server-down",
                texts: later!(
                    question: "What does a client do when a server is down and does not even refuse?",
                    note: "",
                ),
            },
            Shipped {
                name: "http-exchange",
                fragment: "message=&network=packets&protocol=http&policy.initial_timeout=5s&policy.give_up_above=none&policy.max_sends=3",
                texts: later!(
                    question: "What is one exchange of HTTP/1.1?",
                    note: "",
                ),
            },
            Shipped {
                name: "dns-dead-server",
                fragment: "message=www.example&protocol=dns&servers=first%3D192.0.2.53%3A53,second%3D198.51.100.53%3A53&dns.records=www.example%3D192.0.2.80&faults=0s+6s+server-down+at+first",
                texts: later!(
                    question: "What does a name lookup cost when the first of two name servers is dead?",
                    note: "",
                ),
            },
            Shipped {
                name: "dns-lost-question",
                fragment: "message=www.example&protocol=dns&servers=first%3D192.0.2.53%3A53,second%3D198.51.100.53%3A53&dns.records=www.example%3D192.0.2.80&link.loss=list+1&link.reply_loss=0",
                texts: later!(
                    question: "What does one lost packet cost a name lookup?",
                    note: "",
                ),
            },
        ],
    ),
];
