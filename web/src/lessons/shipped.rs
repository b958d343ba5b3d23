//! The scenarios that ship, for the menu. The page has their links and not their files, whose comments are longer than
//! the rest of the menu; a test compares both.

/// A scenario that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shipped {
    pub(crate) name: &'static str,
    pub(crate) question: &'static str,
    pub(crate) fragment: &'static str,
    /// How it is smaller here than as it ships, so that the page can show all of it; may be empty.
    pub(crate) note: &'static str,
}

/// Every scenario that ships, by subject.
pub(crate) static SHIPPED: &[(&str, &[Shipped])] = &[
    (
        "Shipped scenarios: loss and outages",
        &[
            Shipped {
                name: "textbook",
                question: "How does the textbook client cope with a server that drops half of the requests?",
                fragment: "exchanges=100&server.drop=0.5",
                note: "Here with 100 exchanges instead of 10,000.",
            },
            Shipped {
                name: "udp-pinger",
                question: "How many of ten pings does a server answer that drops 4 of 11 requests at random?",
                fragment: "exchanges=10&message=Ping+%7Bseq%7D+%7Btime%7D&policy.preset=udp-pinger&server.drop=0.363636364&server.reply=upper",
                note: "",
            },
            Shipped {
                name: "udp-heartbeat",
                question: "How does a server find out that a client is gone?",
                fragment: "exchanges=20&workload.task=heartbeat&workload.interval=1s&workload.dead_after=3s&faults=5.5s+5s+partition",
                note: "",
            },
            Shipped {
                name: "bursty-loss",
                question: "Is loss in bursts worse than the same loss spread evenly?",
                fragment: "clients=100&exchanges=20&workload.think=exponential+500ms&link.loss=timed+500ms+4.5s",
                note: "Here with 20 exchanges per client instead of 1,000.",
            },
            Shipped {
                name: "partition",
                question: "The link is cut for five seconds. Who gives up, and what happens when it is back?",
                fragment: "clients=100&exchanges=30&workload.think=exponential+1s&faults=10s+5s+partition",
                note: "",
            },
        ],
    ),
    (
        "Shipped scenarios: overload",
        &[
            Shipped {
                name: "thundering-herd",
                question: "A thousand clients send at the same moment. How long until all are served, and at what cost?",
                fragment: "clients=1000&policy.initial_timeout=200ms&policy.max_timeout=5s&policy.give_up_above=none&policy.max_sends=12&server.service=5ms&server.queue=100",
                note: "",
            },
            Shipped {
                name: "backoff-without-jitter",
                question: "Two hundred clients fail together when their server restarts. Is backoff enough to spread them out?",
                fragment: "clients=200&policy.max_timeout=5s&policy.give_up_above=none&policy.max_sends=20&server.service=2ms&server.queue=20&faults=0s+1s+server-down",
                note: "",
            },
            Shipped {
                name: "slow-server",
                question: "The server takes longer than the client waits. What does that cost?",
                fragment: "clients=10&exchanges=1000&token=true&server.service=150ms&server.workers=none&server.reply=mirror",
                note: "",
            },
            Shipped {
                name: "retry-storm",
                question: "A server with capacity to spare is slow for five seconds. What do retries do to it?",
                fragment: "clients=10&exchanges=100000&token=true&workload.arrivals=poisson+6&workload.duration=90s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=300ms&policy.give_up_above=none&policy.max_sends=3&server.service=10ms&server.reply=mirror&link.latency=5ms&faults=20s+5s+slow+5",
                note: "",
            },
            Shipped {
                name: "metastable",
                question: "A server at half of its capacity is hit by a spike. Does it recover after the spike?",
                fragment: "workload.rate=50&workload.duration=90s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=100ms&policy.give_up_above=none&policy.max_sends=3&server.service=exponential+10ms&link.latency=0s&faults=20s+10s+load+4",
                note: "Here for 90 s instead of 120 s.",
            },
            Shipped {
                name: "budget-saves-the-day",
                question: "The server of `metastable` is hit by the same spike. What if retries have a budget?",
                fragment: "workload.rate=50&workload.duration=120s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=100ms&policy.give_up_above=none&policy.max_sends=3&policy.budget=bucket+5+0.1&server.service=exponential+10ms&link.latency=0s&faults=20s+10s+load+4",
                note: "",
            },
            Shipped {
                name: "hedging",
                question: "One answer in twenty takes eight times as long as most. Does a second request help, and at what cost?",
                fragment: "clients=20&exchanges=100&token=true&workload.think=exponential+100ms&policy.backoff=constant&policy.initial_timeout=60ms&policy.last_timeout=10s&policy.give_up_above=none&policy.max_sends=2&policy.hedging=true&server.service=lognormal+20ms+40ms&server.workers=none&server.reply=mirror&link.latency=1ms",
                note: "Here with 100 exchanges per client instead of 5,000.",
            },
        ],
    ),
    (
        "Shipped scenarios: published experiments",
        &[
            Shipped {
                name: "aws-contention",
                question: "A hundred clients write the same row under optimistic concurrency. How should they wait?",
                fragment: "clients=100&workload.task=write&policy.initial_timeout=10ms&policy.max_timeout=2s&policy.jitter=full&policy.give_up_above=none&link.latency=normal+10ms+2ms",
                note: "",
            },
            Shipped {
                name: "brooker-retries",
                question: "A server answers half of the calls with a failure. Do retries, a token bucket or a breaker help?",
                fragment: "clients=100&exchanges=100000&token=true&workload.arrivals=poisson+10&workload.duration=10s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=1h&policy.give_up_above=none&policy.max_sends=4&server.fail=0.5&server.reply=mirror&link.latency=exponential+10ms",
                note: "",
            },
            Shipped {
                name: "brooker-collapse",
                question: "A server slows down with its load, and clients time out and try again. Does it recover from a spike?",
                fragment: "exchanges=1000000&token=true&workload.arrivals=poisson+40,+20s+80,+25s+40&workload.duration=78s&policy.backoff=constant&policy.initial_timeout=1us&policy.attempt_timeout=3s&policy.give_up_above=none&policy.max_sends=3&server.service=1s&server.rising=10ms&server.workers=none&server.reply=mirror&link.latency=exponential+100ms",
                note: "",
            },
        ],
    ),
    (
        "Shipped scenarios: TCP, HTTP and DNS",
        &[
            Shipped {
                name: "tcp-connect",
                question: "What does TCP do before the first byte, and after the last one?",
                fragment: "network=packets&protocol=tcp&policy.initial_timeout=5s&policy.give_up_above=none&policy.max_sends=1",
                note: "",
            },
            Shipped {
                name: "tcp-lost-syn",
                question: "Who sends again when the first SYN is lost?",
                fragment: "network=packets&protocol=tcp&policy.initial_timeout=5s&policy.give_up_above=none&policy.max_sends=1&link.loss=first+1&link.reply_loss=0",
                note: "",
            },
            Shipped {
                name: "tcp-reset",
                question: "How does a client learn that nobody listens?",
                fragment: "network=packets&protocol=tcp&policy.max_sends=2&server.listening=false",
                note: "",
            },
            Shipped {
                name: "tcp-silence",
                question: "What does a client do when a server is down and does not even refuse?",
                fragment: "network=packets&protocol=tcp&policy.initial_timeout=3s&policy.multiplier=1&policy.give_up_above=none&policy.max_sends=2&faults=0s+60s+server-down",
                note: "",
            },
            Shipped {
                name: "http-exchange",
                question: "What is one exchange of HTTP/1.1?",
                fragment: "message=&network=packets&protocol=http&policy.initial_timeout=5s&policy.give_up_above=none&policy.max_sends=3",
                note: "",
            },
            Shipped {
                name: "dns-dead-server",
                question: "What does a name lookup cost when the first of two name servers is dead?",
                fragment: "message=www.example&protocol=dns&servers=first%3D192.0.2.53%3A53,second%3D198.51.100.53%3A53&dns.records=www.example%3D192.0.2.80&faults=0s+6s+server-down+at+first",
                note: "",
            },
            Shipped {
                name: "dns-lost-question",
                question: "What does one lost packet cost a name lookup?",
                fragment: "message=www.example&protocol=dns&servers=first%3D192.0.2.53%3A53,second%3D198.51.100.53%3A53&dns.records=www.example%3D192.0.2.80&link.loss=list+1&link.reply_loss=0",
                note: "",
            },
        ],
    ),
];
