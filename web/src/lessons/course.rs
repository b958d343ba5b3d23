//! The course: eleven lessons, each with one thing to try.

use super::{Lesson, Step};

/// Every lesson of the course, in order.
pub(crate) static COURSE: &[Step] = &[
    Step {
        lesson: Lesson {
            title: "One lost reply",
            fragment: "seed=7&link.loss=0.3",
            texts: texts!(
                question: "What does a client do when no reply comes?",
                watch: "The request arrives, but its reply is lost on the way back. The client cannot \
                    know which of the two was lost. Watch the ring around the client: it is the wait.",
                then: "the first reply arrives, and one send is enough.",
            ),
        },
        change: ("link.loss", "0"),
    },
    Step {
        lesson: Lesson {
            title: "How long to wait",
            fragment: "link.latency=60ms",
            texts: later!(
                question: "What if the wait is shorter than the way there and back?",
                watch: "Nothing is lost here, but a packet takes 60 ms each way and the client waits \
                    100 ms. Watch what it does while the first reply is on its way.",
                then: "the reply comes before the wait is over, and the client sends once.",
            ),
        },
        change: ("policy.initial_timeout", "150 ms"),
    },
    Step {
        lesson: Lesson {
            title: "Backoff",
            fragment: "faults=0s+1s+server-down",
            texts: later!(
                question: "Why wait longer after each send?",
                watch: "The server is down for the first second. Watch the ring: each wait is twice as \
                    long as the last, so the client asks a dead server only a few times.",
                then: "all waits are 100 ms. The client is answered half a second earlier, but sends eleven \
               times instead of five.",
            ),
        },
        change: ("policy.multiplier", "1"),
    },
    Step {
        lesson: Lesson {
            title: "Everyone at once",
            fragment: "clients=50&server.service=2ms&server.queue=10",
            texts: later!(
                question: "What if fifty clients ask at the same moment?",
                watch: "The server needs 2 ms for a request, 100 ms for all fifty, but only ten can wait \
                    in its queue. It drops the rest. Watch when those clients come back.",
                then: "one request is in progress and ten are in the queue, so all are answered at the first \
               send.",
            ),
        },
        change: ("clients", "11"),
    },
    Step {
        lesson: Lesson {
            title: "Jitter",
            fragment: "clients=50&policy.jitter=full&server.service=2ms&server.queue=10",
            texts: later!(
                question: "What if each client waits for a random time?",
                watch: "The same fifty clients and the same server, but each client draws its wait \
                    between zero and the full time. Watch the crowd come back, and how soon all \
                    are served.",
                then: "no wait is shorter than half of the full time, 50 ms. No client sends before its reply \
               can be there, so no reply is ignored.",
            ),
        },
        change: ("policy.jitter", "equal"),
    },
    Step {
        lesson: Lesson {
            title: "The storm that does not end",
            fragment: "clients=10&workload.rate=60&workload.duration=12s&policy.initial_timeout=300ms\
                       &policy.multiplier=1&policy.give_up_above=none&policy.max_sends=3\
                       &server.service=10ms&server.queue=100&link.latency=40ms&faults=3s+2s+slow+5",
            texts: later!(
                question: "Does a server recover when its fault is over?",
                watch: "Sixty exchanges per second begin at a server that can process a hundred. From 3 s \
                    to 5 s it is five times as slow. Watch the answers after 5 s, when it is as fast \
                    as before.",
                then: "a full queue takes 1 s, less than the clients wait. The server recovers, and every \
               exchange is answered.",
            ),
        },
        change: ("policy.initial_timeout", "2 s"),
    },
    Step {
        lesson: Lesson {
            title: "A budget ends it",
            fragment: "clients=10&workload.rate=60&workload.duration=12s&policy.initial_timeout=300ms\
                       &policy.multiplier=1&policy.give_up_above=none&policy.max_sends=3\
                       &policy.budget=bucket+5+0.1&server.service=10ms&server.queue=100\
                       &link.latency=40ms&faults=3s+2s+slow+5",
            texts: later!(
                question: "What if clients may only retry one exchange in ten?",
                watch: "The same server with the same fault, but each client has a retry budget: five \
                    tokens, a tenth of a token more for each exchange, and a retry costs one. Watch \
                    the answers after 5 s again.",
                then: "each exchange may be retried once. That doubles the load, which is more than the \
               server can process, and the storm is back.",
            ),
        },
        change: ("policy.budget", "bucket 5 1"),
    },
    Step {
        lesson: Lesson {
            title: "Hedging",
            fragment: "seed=14&exchanges=12&token=true&policy.backoff=constant\
                       &policy.initial_timeout=60ms&policy.last_timeout=10s\
                       &policy.give_up_above=none&policy.max_sends=2&policy.hedging=true\
                       &server.service=lognormal+20ms+40ms&server.workers=none\
                       &server.reply=mirror&link.latency=5ms",
            texts: later!(
                question: "Does it help to ask twice when an answer is slow?",
                watch: "Most answers come within 60 ms, but some take much longer. After 60 ms the client \
                    asks a second time and takes the first answer that comes. Watch which of the two \
                    that is.",
                then: "with this seed, the slowest answer takes 187 ms instead of 88 ms, and the client sends \
               twelve times instead of fourteen.",
            ),
        },
        change: ("policy.max_sends", "1"),
    },
    Step {
        lesson: Lesson {
            title: "Bursts",
            fragment: "seed=25&clients=4&exchanges=6&workload.think=100ms&link.loss=burst+0.2+4",
            texts: later!(
                question: "Is loss in bursts worse than the same loss spread evenly?",
                watch: "One packet in five is lost, in bursts of four on average (Gilbert-Elliott). Watch \
                    a client that meets a burst: its retries are lost, too.",
                then: "with this seed, 14 packets are lost as before, but spread evenly, and no client gives \
               up.",
            ),
        },
        change: ("link.loss", "0.2"),
    },
    Step {
        lesson: Lesson {
            title: "A reply too late",
            fragment: "exchanges=3&token=true&server.service=140ms&server.reply=mirror",
            texts: later!(
                question: "What does it cost when the server takes longer than the client waits?",
                watch: "The server works 140 ms on a request, one at a time, and the client waits \
                    100 ms. Watch the server: it also does the work of each second send, although its \
                    reply comes too late, and the next exchange has to wait for that.",
                then: "each request is sent once, no work is wasted, and each exchange takes 160 ms.",
            ),
        },
        change: ("policy.initial_timeout", "200 ms"),
    },
    Step {
        lesson: Lesson {
            title: "The textbook program itself",
            fragment: "seed=7&exchanges=5&server.drop=0.5",
            texts: later!(
                question: "How does the textbook's client get on with its server?",
                watch: "The server on port 1060 drops half of the requests at random. The client waits \
                    0.1 s, doubles each wait, and gives up when the next one would be longer than \
                    2 s. Watch five exchanges, one after another.",
                then: "of 500 exchanges, about one in 32 has all five requests dropped. With this seed, 16 \
               give up.",
            ),
        },
        change: ("clients", "100"),
    },
];
