//! Lessons about layers and protocols: packets, connections, HTTP and names.

use super::Lesson;

/// Every lesson about layers and protocols, in the order in which they are offered.
pub(crate) static LAYERS: &[Lesson] = &[
    Lesson {
        title: "Layer by layer",
        fragment: "network=packets",
        texts: later!(
            question: "What is around a message of five bytes?",
            watch: "Each layer wraps the one above it: a message of 5 bytes becomes a UDP datagram of \
                   13, an IP packet of 33 and an Ethernet frame of 47. Before it sends that, the \
                   client asks for its router's Ethernet address (ARP). Click the request to see its \
                   layers, and a field to see its bytes.",
        ),
    },
    Lesson {
        title: "Connect and confirm",
        fragment: "network=packets&protocol=tcp",
        texts: later!(
            question: "What does TCP do before the first byte?",
            watch: "A TCP connection takes three steps: the client asks (SYN), the server accepts \
                   (SYN-ACK), and the client confirms (ACK). Only then does it send its bytes, so the \
                   exchange takes 40 ms where a datagram takes 20 ms. FINs release both directions.",
        ),
    },
    Lesson {
        title: "A lost SYN",
        fragment: "network=packets&protocol=tcp&policy.initial_timeout=5s\
                   &policy.give_up_above=none&policy.max_sends=1&faults=0s+50ms+partition",
        texts: later!(
            question: "Who sends again when a SYN is lost?",
            watch: "The link is cut for 50 ms, and the SYN is lost. TCP itself sends it again after \
                   1 s, long before the client's own wait of 5 s is over. The exchange is answered \
                   after 1.04 s, and the client itself sends only once.",
        ),
    },
    Lesson {
        title: "A reset",
        fragment: "network=packets&protocol=tcp&policy.max_sends=2&server.listening=false",
        texts: later!(
            question: "How does a client learn that nobody listens?",
            watch: "Nobody listens on the port, and the server's host says so: a reset comes back \
                   after one round trip of 20 ms. The client knows at once, asks a second time, and \
                   gives up after 120 ms.",
        ),
    },
    Lesson {
        title: "Silence",
        fragment: "network=packets&protocol=tcp&policy.max_sends=2&faults=0s+1s+server-down",
        texts: later!(
            question: "What if the server does not even refuse?",
            watch: "The same two attempts, but the server is down, and nothing comes back. The client \
                   cannot know whether its SYN was lost or nobody is there: it waits 100 ms, then \
                   200 ms, and gives up after 300 ms.",
        ),
    },
    Lesson {
        title: "One HTTP exchange",
        fragment: "network=packets&protocol=http",
        texts: later!(
            question: "What is one exchange of HTTP?",
            watch: "One request, one response, and then the connection is released: the server sends \
                   its FIN with nothing more to say, and the client answers with its own. Click the \
                   segments with data to read the request and the response.",
        ),
    },
    Lesson {
        title: "A dead name server",
        fragment: "message=www.example&protocol=dns\
                   &servers=first%3D192.0.2.53%3A53,second%3D198.51.100.53%3A53\
                   &dns.records=www.example%3D192.0.2.80&faults=0s+6s+server-down+at+first",
        texts: later!(
            question: "What does a dead name server cost a lookup?",
            watch: "A name becomes an address: the client asks its first name server, which is down. \
                   After a wait of 5 s it asks the second one, which knows the address. The lookup \
                   takes 5.02 s and two questions; with the first server up, 20 ms and one.",
        ),
    },
];
