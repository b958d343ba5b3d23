//! The scenario's vocabulary: one row per key, read by everything that reads or shows a scenario.
//!
//! Scenario files, flags, `--set`, sweeps, links, JSON output and the page's controls are made from this
//! table, so that a key is spelled, checked and explained in one way everywhere. A new key is a field of
//! a struct and a row here; its type implements [`Value`](crate::value::Value).

use super::error::FieldError;
use super::field::{Access, Draft, Field, Type, read, set};
use super::latency;
use super::load::Begin;
use super::model::Scenario;
use super::workload::Parts;
use crate::client::{ArrivalRate, MAX_MESSAGE_IPV4};
use crate::dist::Distribution;
use crate::policy::Policy;
use crate::value::{Value, nearest};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The largest `u32`, for ranges.
const MAX: u64 = u32::MAX as u64;

/// Declares [`FIELDS`] and [`HELP`]. A row is
///
/// ```text
/// "key" = owner.field in min..=max => reset, "help";
/// ```
///
/// where the owner is the scenario or, as their values may contradict each other until all are known,
/// the workload's parts, its load, the link's latency or the policy's builder. The range bounds an integer or a text's length;
/// `reset` is the method of [`Draft`] that sets other keys, such as those of a preset. Both may be left out.
///
/// The help is one text between marks, by which `cargo xtask page` finds it: a first visit of the page does without.
macro_rules! keys {
    ($($key:literal = $owner:ident.$($place:ident).+ $(in $min:literal..=$max:expr)? $(=> $reset:ident)?,
        $help:literal;)*) => {
        /// Every key of a scenario, in the order in which they are shown.
        pub static FIELDS: &[Field] = &[$({
            let Type { shape, canonical } = access!(type $owner.$($place).+);
            $(let shape = shape.within($min, $max);)?
            let resets = false $(| { let _ = Draft::$reset; true })?;
            Field {
                key: $key,
                shape,
                access: Access {
                    set: |draft, text, shape| {
                        let is_set = access!(set $owner.$($place).+, draft, text, shape);
                        $(if is_set {
                            draft.$reset();
                        })?
                        is_set
                    },
                    value: |scenario| access!(value $owner.$($place).+, scenario),
                    canonical,
                    resets,
                },
            }
        }),*];

        /// What each key means, a line for each, in the order of [`FIELDS`].
        const HELP: &str = concat!("\u{2}rest\n", $($help, "\n",)* "\u{3}").split_at(6).1;
    };
}

/// How each owner's fields are reached.
macro_rules! access {
    (type scenario.$($place:ident).+) => {
        Type::in_scenario(|scenario: &Scenario| &scenario.$($place).+)
    };
    (set scenario.$($place:ident).+, $draft:ident, $text:ident, $shape:ident) => {
        set(&mut $draft.scenario.$($place).+, $text, $shape)
    };
    (value scenario.$($place:ident).+, $scenario:ident) => { $scenario.$($place).+.to_text() };

    (type workload.$place:ident) => { Type::in_workload(|parts: &Parts| &parts.$place) };
    (set workload.$place:ident, $draft:ident, $text:ident, $shape:ident) => {
        set(&mut $draft.workload.$place, $text, $shape)
    };
    (value workload.$place:ident, $scenario:ident) => { $scenario.workload.parts().$place.to_text() };

    (type load.arrivals) => { Type::of::<Begin>() };
    (type load.rate) => { Type::of::<Option<ArrivalRate>>() };
    (set load.$place:ident, $draft:ident, $text:ident, $shape:ident) => {
        match read($text, $shape) {
            Some(value) => {
                $draft.load.$place = Some(value);
                true
            }
            None => false,
        }
    };
    (value load.arrivals, $scenario:ident) => { Begin::of($scenario.workload.open()).to_text() };
    (value load.rate, $scenario:ident) => { $scenario.workload.rate().to_text() };

    (type latency.$place:ident) => { Type::of::<Option<Distribution>>() };
    (set latency.$place:ident, $draft:ident, $text:ident, $shape:ident) => {
        match read($text, $shape) {
            Some(value) => {
                $draft.latency.$place = Some(value);
                true
            }
            None => false,
        }
    };
    (value latency.$place:ident, $scenario:ident) => { latency::$place($scenario).cloned().to_text() };

    (type policy.$place:ident) => { Type::in_policy(Policy::$place) };
    (set policy.$place:ident, $draft:ident, $text:ident, $shape:ident) => {
        match read($text, $shape) {
            Some(value) => {
                $draft.policy = $draft.policy.$place(value);
                true
            }
            None => false,
        }
    };
    (value policy.$place:ident, $scenario:ident) => { $scenario.policy.$place().to_text() };
}

keys! {
    "seed" = scenario.seed, "seed of all random draws; the same seed repeats the same run";
    "clients" = scenario.clients in 1..=4_294_967_295, "number of clients, which all start at time 0";
    "exchanges" = scenario.exchanges in 1..=MAX, "exchanges per client, or its heartbeats; \
         none: as many as arrive until workload.duration";
    "message" = scenario.message in 0..=MAX_MESSAGE_IPV4 as u64, "the request that each client sends, or with protocol=http its path without the first /, or with protocol=dns \
         the name to look up; {seq} is replaced by the number of the exchange, and {time} by the \
         time of the send in seconds";
    "connected" = scenario.connected,
        "clients accept datagrams from their server only (connect + send), not from everyone (sendto)";
    "token" = scenario.token,
        "each datagram begins with a token, so that a mirrored reply names the send it answers";

    "network" = scenario.network,
        "what the network carries: datagrams, or the packets of hosts with TCP/IP stacks (Ethernet, IP, ICMP, UDP, TCP)";
    "family" = scenario.family,
        "address family of the hosts (network=packets): ipv4 or ipv6";
    "protocol" = scenario.protocol,
        "udp: echo over datagrams; tcp: echo over connections; http: one HTTP/1.1 exchange per connection, a GET \
         of the path / and message (network=packets); dns: each client looks up message as a name, once";

    "workload.rate" = load.rate => open_loop,
        "offered load: exchanges per second over all clients (open loop), Poisson unless workload.arrivals=constant; \
         sets token=true, server.reply=mirror and, if exchanges is 1, exchanges=none";
    "workload.arrivals" = load.arrivals,
        "when exchanges begin: closed (each after the previous one), or as they arrive (open loop), at a rate for each \
         client or, as poisson or constant, at workload.rate";
    "workload.task" = workload.task,
        "what clients do. ask: send requests; write: each client writes the same row once; heartbeat: send heartbeats, which get no reply";
    "workload.duration" = workload.duration, "when arrivals end (open loop)";
    "workload.interval" = workload.interval, "time from one heartbeat to the next; none: 1s";
    "workload.dead_after" = workload.dead_after,
        "silence after which the server declares a client dead (heartbeats); none: three intervals";
    "workload.think" = workload.think, "pause of a client between two exchanges (closed loop)";

    "policy.preset" = scenario.preset => reset_policy, "the policy to start from";
    "policy.backoff" = policy.backoff, "how waits grow from send to send";
    "policy.initial_timeout" = policy.initial_timeout,
        "the wait after the first send; 0s: the next send is immediate";
    "policy.multiplier" = policy.multiplier,
        "exponential backoff: factor from each wait to the next";
    "policy.increment" = policy.increment,
        "linear backoff: what each wait adds to the previous one; exponential: added after multiplying";
    "policy.timeouts" = policy.timeouts, "list backoff: the waits; the last one repeats";
    "policy.linear_timeouts" = policy.linear_timeouts in 0..=MAX,
        "how often the first wait repeats before waits grow";
    "policy.max_timeout" = policy.max_timeout, "upper bound of each wait; see policy.cap";
    "policy.cap" = policy.cap, "whether policy.max_timeout cuts a wait before its jitter is drawn, after, or both";
    "policy.attempt_timeout" = policy.attempt_timeout,
        "how long each send waits for its reply before it is abandoned and the backoff begins, as for calls; \
         none: the backoff is the wait, and a reply to any send counts, as for datagrams";
    "policy.last_timeout" = policy.last_timeout,
        "the wait after the last of policy.max_sends sends, if it differs";
    "policy.first_delay" = policy.first_delay, "delay before the first send";
    "policy.jitter" = policy.jitter, "how waits are randomized";
    "policy.adaptive" = policy.adaptive, "the first wait follows the measured round-trip time";
    "policy.min_timeout" = policy.min_timeout, "lower bound of an adaptive first wait";
    "policy.give_up_above" = policy.give_up_above,
        "give up when the next wait, before policy.max_timeout, would be longer than this";
    "policy.max_sends" = policy.max_sends in 1..=MAX, "maximum number of sends, the first included";
    "policy.deadline" = policy.deadline, "the exchange ends at most this long after its first send";
    "policy.deadline_rule" = policy.deadline_rule,
        "at: a wait that would pass the deadline ends at it; before: a send whose wait would pass the deadline is not made";
    "policy.hedging" = policy.hedging,
        "sends do not replace earlier ones: the first reply to any counts; after a failure the next send goes \
         out at once";
    "policy.budget" = policy.budget, "retry budget of each client: a limit on the retries of all its exchanges";
    "policy.breaker" = policy.breaker,
        "circuit breaker: after too many failures, send nothing for a while, or do not retry";
    "policy.hint" = policy.hint, "what to do with a server's hint when to retry";

    "servers" = scenario.servers,
        "names and addresses of the servers; each further send of an exchange goes to the next one, and the next \
         exchange begins with the one that replied";
    "server.listening" = scenario.listening,
        "the server has a socket on its port; if not, its host refuses requests or connections (network=packets)";
    "server.drop" = scenario.server.drop,
        "probability that the server drops a request; over connections, that it never answers one";
    "server.drop_first" = scenario.server.drop_first,
        "the server drops the first N datagrams of its lifetime";
    "server.drop_list" = scenario.server.drop_list,
        "datagrams that the server drops, numbered from 1 over its lifetime";
    "server.fail" = scenario.server.fail,
        "probability that the server answers with a failure, which the client learns at once";
    "server.hint" = scenario.server.hint, "hint when to retry, sent with each failure; with protocol=http in whole seconds (Retry-After)";
    "server.service" = scenario.station.service, "how long a request takes to process";
    "server.rising" = scenario.station.rising,
        "added to the service time for each request being processed, the new one included";
    "server.workers" = scenario.station.workers in 1..=MAX,
        "how many requests are processed at once; none: all";
    "server.queue" = scenario.station.queue in 0..=MAX, "how many requests may wait; none: all";
    "server.order" = scenario.station.order, "queue order: oldest first (fifo) or newest first (lifo)";
    "server.expire" = scenario.station.expire,
        "a request that has waited longer than this is dropped; none: late requests are served";
    "server.overflow" = scenario.station.overflow,
        "overflow policy: a request that finds the queue full is dropped, or answered with a failure";
    "server.reply" = scenario.server.reply,
        "report: `Your data was N bytes`; mirror: the request itself (RFC 862); upper: the request with its \
         ASCII letters in upper case";

    "dns.records" = scenario.dns_records, "names that all servers know, with their addresses (protocol=dns)";
    "dns.options" = scenario.dns_options,
        "when a client asks the next server: by the options of resolv.conf, or by policy.* (protocol=dns)";

    "link.preset" = scenario.link_preset => reset_link, "the link to start from";
    "link.latency" = latency.one_way, "how long a datagram takes, one way; none: half of link.rtt";
    "link.rtt" = latency.round_trip,
        "how long a request and its reply take together, as ping measures it: instead of link.latency, \
         each direction takes half";
    "link.correlation" = scenario.link.correlation,
        "correlation of each latency with the previous one of its flow";
    "link.loss" = scenario.link.loss, "which datagrams the link loses, each way";
    "link.duplicate" = scenario.link.duplicate, "probability that a datagram arrives twice";
    "link.reorder" = scenario.link.reorder,
        "probability that a datagram is delivered at once, ahead of those sent before it";
    "link.reorder_gap" = scenario.link.reorder_gap in 1..=MAX,
        "minimum distance, in datagrams, between two that are reordered";
    "link.corrupt" = scenario.link.corrupt, "probability that one bit of a datagram is flipped";
    "link.checksum" = scenario.link.checksum,
        "the receiver's checksum drops damaged datagrams; without it they arrive";
    "link.rate" = scenario.link.rate, "bits per second; what arrives faster waits in a queue";
    "link.queue" = scenario.link.queue in 1..=1_000_000,
        "capacity of that queue in datagrams, the one being sent included";
    "link.queue_rule" = scenario.link.queue_rule, "which datagrams the queue drops";
    "link.overhead" = scenario.link.overhead in 0..=65_535,
        "bytes of headers added to each payload, for rate and mtu";
    "link.mtu" = scenario.link.mtu in 1..=1_000_000,
        "larger datagrams, headers included, are dropped; with network=packets, sent in fragments (IPv6: not sent)";
    "link.shared" = scenario.link.shared,
        "all clients share one queue and one loss process each way; otherwise each has its own";
    "link.reply_latency" = scenario.link.reply_latency, "how long a reply takes";
    "link.reply_loss" = scenario.link.reply_loss, "which replies the link loses";
    "link.reply_rate" = scenario.link.reply_rate, "bits per second of replies";

    "faults" = scenario.faults, "what goes wrong, when, and for how long";
    "acts" = scenario.acts,
        "what is done to single packets by hand: a drop whatever the link draws, a delay or a duplicate unless the link loses \
         the packet; all other packets keep their draws";
    "changes" = scenario.changes,
        "what gets another value during the run: policy.* for exchanges that begin from then on, link.* for packets that are \
         sent, server.* for requests that arrive; all draws stay the same";
}

impl Field {
    /// Returns what it means, in one line.
    #[must_use]
    pub fn help(&self) -> &'static str {
        let place = FIELDS.iter().position(|field| field.key == self.key);
        place.and_then(|place| HELP.lines().nth(place)).unwrap_or_default()
    }

    /// Returns the key of this name.
    ///
    /// # Errors
    /// [`FieldError::UnknownKey`], which suggests the key that was probably meant.
    pub fn find(key: &str) -> Result<&'static Self, FieldError> {
        let field = FIELDS.iter().find(|field| field.key == key);
        field.ok_or_else(|| FieldError::UnknownKey { key: key.to_string(), hint: hint(key) })
    }
}

/// Suggests the key that was probably meant, or those of its group, or an overview.
fn hint(key: &str) -> String {
    // A key without its group, such as `drop`.
    let named = |name: &str| {
        let keys = FIELDS.iter().filter(|field| field.name() == name).map(|field| field.key);
        keys.collect::<Vec<_>>().join(" or ")
    };
    let exact = Some(named(key)).filter(|keys| !keys.is_empty());
    let nearest_key = || nearest(key, FIELDS.iter().map(|field| field.key)).map(String::from);
    let nearest_name = || nearest(key, FIELDS.iter().map(Field::name)).map(named);
    if let Some(meant) = exact.or_else(nearest_key).or_else(nearest_name) {
        return format!("did you mean {meant}?");
    }
    let list = |group: &str| {
        let keys = FIELDS.iter().filter(|field| field.group() == group).map(|field| field.key);
        keys.collect::<Vec<_>>().join(", ")
    };
    match key.split_once('.').map(|(group, _)| (group, list(group))) {
        Some((group, keys)) if !keys.is_empty() => format!("the keys of {group} are {keys}"),
        _ => {
            let mut groups: Vec<String> =
                FIELDS.iter().map(|field| format!("{}.…", field.group())).collect();
            groups.retain(|group| group != ".…");
            groups.dedup();
            format!("the keys are {}, {}", list(""), groups.join(", "))
        }
    }
}
