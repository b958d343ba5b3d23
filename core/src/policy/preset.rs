//! Policies by name: those of standards and of well-known clients.
//!
//! Each preset documents its source and, where the source contradicts itself, the chosen reading. Times
//! are offsets from the first send of an exchange that gets no reply, without jitter. Where a source
//! defines no end, the preset never gives up: set `max_sends` or `deadline`.

use super::{
    Adaptive, Backoff, BudgetRule, Cap, Delay, Factor, HintRule, Jitter, Policy, Share, Timeouts,
};
use crate::time::Duration;
use crate::value::named;

/// Declares [`Preset`] and the properties of each preset from one table.
macro_rules! presets {
    ($(
        $(#[$doc:meta])*
        $name:ident $text:literal,
        source: $source:literal,
        use_when: $use_when:literal,
        $policy:expr;
    )*) => {
        /// Policy with a name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        pub enum Preset {
            $($(#[$doc])* $name,)*
        }

        impl Preset {
            /// All presets, in the order in which they are listed.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Names of all presets.
            pub const NAMES: &[&str] = &[$($text),*];

            /// Returns the preset's name in scenarios.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Returns the source of the preset's numbers.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$name => $source),* }
            }

            /// Returns when to use the preset, in one line.
            #[must_use]
            pub const fn use_when(self) -> &'static str {
                match self { $(Self::$name => $use_when),* }
            }

            /// Returns the preset's policy.
            #[must_use]
            pub const fn policy(self) -> Policy {
                match self { $(Self::$name => $policy),* }
            }
        }
    };
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// `RAND` of RFC 8415 section 15 is uniform in -0.1 to 0.1.
const DHCP_RAND: Share = Share::percent(10);

/// Returns the policy of RFC 8415 section 15 for IRT, MRT, MRC and MRD. Times are in seconds, and 0
/// disables MRT, MRC or MRD.
const fn dhcpv6(irt: u64, mrt: u64, mrc: u32, mrd: u64) -> Policy {
    Policy {
        max_timeout: if mrt == 0 { None } else { Some(secs(mrt)) },
        max_sends: if mrc == 0 { None } else { Some(mrc) },
        deadline: if mrd == 0 { None } else { Some(secs(mrd)) },
        jitter: Jitter::Compounding(DHCP_RAND),
        ..Policy::plain(secs(irt))
    }
}

/// Returns the standard mode of the AWS SDKs from November 2026 on, with its first wait in milliseconds.
const fn aws_2026(base: u64, max_sends: u32) -> Policy {
    Policy {
        max_timeout: Some(secs(20)),
        jitter: Jitter::Full,
        max_sends: Some(max_sends),
        budget: Some(BudgetRule::Quota { capacity: 500, cost: 14, refill: 1 }),
        hint: HintRule::Clamp(secs(5)),
        ..Policy::plain(ms(base))
    }
}

presets! {
    /// [`Policy::textbook`].
    #[default]
    Textbook "textbook",
    source: "the textbook UDP client on port 1060",
    use_when: "on a test network; a first wait of 0.1 s is too short for the Internet (RFC 8085 3.1.1)",
    Policy::textbook();

    /// TCP's retransmission timer, RFC 6298: the wait is 1 s until a round trip is measured (2.1),
    /// doubles (5.5), and is capped at 60 s (2.5 asks for "at least 60 seconds"). The RFC defines no
    /// end; RFC 1122 asks for an R2 of at least 100 s.
    TcpRfc6298 "tcp-rfc6298",
    source: "RFC 6298 2.1, 2.5, 5.5",
    use_when: "there is enough traffic to measure round-trip times",
    Policy {
        max_timeout: Some(secs(60)),
        adaptive: Adaptive::Rfc6298,
        min_timeout: Some(secs(1)),
        ..Policy::plain(secs(1))
    };

    /// SYN of Linux before 6.5 with `tcp_syn_retries` 6. Gives up after 127 s, earlier than the 180 s
    /// that RFC 1122 section 4.2.3.5 asks for.
    TcpSynLinux "tcp-syn-linux",
    source: "Linux before 6.5, tcp_syn_retries = 6",
    use_when: "you want to know how long connect() hangs on an older kernel",
    Policy { max_sends: Some(7), ..Policy::plain(secs(1)) };

    /// SYN of Linux 6.5 and later, where `tcp_syn_linear_timeouts` 4 repeats the first wait before it
    /// doubles. Gives up after 131 s.
    TcpSynLinux65 "tcp-syn-linux-6.5",
    source: "Linux 6.5, tcp_syn_linear_timeouts = 4",
    use_when: "you want to know how long connect() hangs on a current kernel",
    Policy { linear_timeouts: 4, max_sends: Some(11), ..Policy::plain(secs(1)) };

    /// QUIC's probe timeout before a round trip is measured, RFC 9002 section 6.2: an initial RTT of
    /// 333 ms with half of it as deviation gives 0.999 s. Each reply resets the backoff (QUIC's exception, a
    /// client whose address the server has not validated yet, is left out). In QUIC, the idle timeout ends
    /// the connection.
    QuicPto "quic-pto",
    source: "RFC 9002 6.2",
    use_when: "probing a peer over a path whose round-trip time is measured continuously",
    Policy { adaptive: Adaptive::Rfc9002, ..Policy::plain(ms(999)) };

    /// Confirmable CoAP message, RFC 7252 sections 4.2 and 4.8: the first wait is drawn from 2 to 3 s
    /// and then doubles; 4 retransmissions. Gives up after 62 s, or after 93 s (MAX_TRANSMIT_WAIT) with
    /// the longest first wait.
    Coap "coap",
    source: "RFC 7252 4.2, 4.8",
    use_when: "a small device sends requests over the Internet and keeps no state per peer",
    Policy {
        jitter: Jitter::Once(Share::percent(50)),
        max_sends: Some(5),
        ..Policy::plain(secs(2))
    };

    /// STUN request over UDP, RFC 8489 section 6.2.1: 7 sends (Rc), and after the last one a wait of 16
    /// times the first (Rm).
    Stun "stun",
    source: "RFC 8489 6.2.1",
    use_when: "a request through a NAT may take half a minute",
    Policy { max_sends: Some(7), last_timeout: Some(secs(8)), ..Policy::plain(ms(500)) };

    /// SIP INVITE, RFC 3261 section 17.1.1.2: timer A doubles and is not capped by T2; timer B ends the
    /// exchange at 64 T1.
    SipInvite "sip-invite",
    source: "RFC 3261 17.1.1.2, timers A and B",
    use_when: "the server confirms early that it is processing the request",
    Policy { deadline: Some(secs(32)), ..Policy::plain(ms(500)) };

    /// SIP request other than INVITE, RFC 3261 section 17.1.2.2: timer E doubles up to T2 = 4 s; timer F
    /// ends the exchange at 64 T1.
    SipNonInvite "sip-non-invite",
    source: "RFC 3261 17.1.2.2, timers E and F",
    use_when: "a reply should arrive soon after the network recovers",
    Policy { max_timeout: Some(secs(4)), deadline: Some(secs(32)), ..Policy::plain(ms(500)) };

    /// DHCPv4, RFC 2131 section 4.1: 4 s, doubled up to 64 s, each wait with a uniform jitter of plus or
    /// minus 1 s. The RFC defines no end (3.1 gives four retransmissions in 60 s as an example).
    Dhcpv4 "dhcpv4",
    source: "RFC 2131 4.1",
    use_when: "many hosts start at the same time",
    Policy {
        max_timeout: Some(secs(64)),
        jitter: Jitter::Additive(secs(1)),
        ..Policy::plain(secs(4))
    };

    /// DHCPv6 Solicit, RFC 8415 sections 15, 18.2.1 and 7.6: the first send is delayed by up to 1 s, and
    /// the first RAND is above zero.
    Dhcpv6Solicit "dhcpv6-solicit",
    source: "RFC 8415 15, 18.2.1, 7.6 (SOL)",
    use_when: "searching for a server indefinitely, at almost no cost",
    Policy {
        first_delay: Some(Delay { least: Duration::ZERO, most: secs(1) }),
        jitter: Jitter::CompoundingUp(DHCP_RAND),
        ..dhcpv6(1, 3_600, 0, 0)
    };

    /// DHCPv6 Request, RFC 8415 section 7.6: MRC 10. The client also waits after the tenth send and
    /// gives up after 181 s; read literally, "transmitted MRC times" ends the exchange with the tenth
    /// send, at 151 s.
    Dhcpv6Request "dhcpv6-request",
    source: "RFC 8415 15, 7.6 (REQ)",
    use_when: "a known server should answer within minutes",
    dhcpv6(1, 30, 10, 0);

    /// DHCPv6 Confirm, RFC 8415 section 7.6: ended by its maximum duration, MRD 10 s.
    Dhcpv6Confirm "dhcpv6-confirm",
    source: "RFC 8415 15, 7.6 (CNF)",
    use_when: "a reply after more than ten seconds is useless",
    Policy {
        first_delay: Some(Delay { least: Duration::ZERO, most: secs(1) }),
        ..dhcpv6(1, 4, 0, 10)
    };

    /// DHCPv6 Release or Decline, RFC 8415 section 7.6.
    Dhcpv6Release "dhcpv6-release",
    source: "RFC 8415 15, 7.6 (REL, DEC)",
    use_when: "sending a notification that the receiver can do without",
    dhcpv6(1, 0, 4, 0);

    /// DHCPv6 Reconfigure, RFC 8415 section 7.6.
    Dhcpv6Reconfigure "dhcpv6-reconfigure",
    source: "RFC 8415 15, 7.6 (REC)",
    use_when: "a server contacts clients that may be asleep",
    dhcpv6(2, 0, 8, 0);

    /// RADIUS, RFC 5080 section 2.2.1, with the algorithm of DHCPv6: MRC 5, MRT 16 s, MRD 30 s. The
    /// fifth send would be at the end of the duration and is skipped.
    Radius "radius",
    source: "RFC 5080 2.2.1",
    use_when: "a user waits for a login behind a switch that is rebooting",
    dhcpv6(2, 16, 5, 30);

    /// DTLS 1.3, RFC 9147 section 5.8.2: 1 s, doubled, capped at 60 s (the RFC asks for at least 60 s).
    /// After a retransmission, the next flight keeps the backed-off wait; after a flight that was sent once,
    /// the wait is 1.5 times its round trip.
    Dtls "dtls",
    source: "RFC 9147 5.8.2",
    use_when: "a handshake runs over datagrams",
    Policy {
        max_timeout: Some(secs(60)),
        adaptive: Adaptive::Rfc9147,
        ..Policy::plain(secs(1))
    };

    /// IPv6 router solicitation, RFC 7559, with the algorithm of DHCPv6. The random delay before the
    /// first send is left out.
    Ipv6Rs "ipv6-rs",
    source: "RFC 7559",
    use_when: "a link may come up at any time",
    dhcpv6(4, 3_600, 0, 0);

    /// Stub resolver with one server and the defaults of resolv.conf: timeout 5, attempts 2.
    DnsStub "dns-stub",
    source: "resolv.conf(5): timeout 5, attempts 2",
    use_when: "you want to know how long a name lookup takes when the server is down",
    Policy { backoff: Backoff::Constant, max_sends: Some(2), ..Policy::plain(secs(5)) };

    /// Multicast DNS query, RFC 6762 section 5.2: the first send is delayed by 20 to 120 ms; the
    /// interval at least doubles, up to an hour.
    MdnsQuery "mdns-query",
    source: "RFC 6762 5.2",
    use_when: "browsing for services that may appear at any time",
    Policy {
        first_delay: Some(Delay { least: ms(20), most: ms(120) }),
        max_timeout: Some(secs(3_600)),
        ..Policy::plain(secs(1))
    };

    /// Multicast DNS probe, RFC 6762 section 8.1: three sends 250 ms apart, after a delay of up to
    /// 250 ms. No reply within 750 ms means that the name is free.
    MdnsProbe "mdns-probe",
    source: "RFC 6762 8.1",
    use_when: "no reply means success",
    Policy {
        backoff: Backoff::Constant,
        first_delay: Some(Delay { least: Duration::ZERO, most: ms(250) }),
        max_sends: Some(3),
        ..Policy::plain(ms(250))
    };

    /// Defaults of net-snmp: a timeout of 1 s, five retries, no backoff. RFC 3414 defines no values.
    Snmp "snmp",
    source: "net-snmp: timeout 1 s, retries 5",
    use_when: "polling a device on a network with little traffic; there is no backoff",
    Policy { backoff: Backoff::Constant, max_sends: Some(6), ..Policy::plain(secs(1)) };

    /// Retry policy of the example in gRFC A6: 0.1 s, doubled up to 1 s, 4 attempts, each wait times
    /// U[0.8, 1.2] after the cap (until 2024: U[0, 1]), with the throttling of the same example (10
    /// tokens, 0.1 per success). A push-back is followed exactly.
    Grpc "grpc",
    source: "gRFC A6 and gRPC's source code",
    use_when: "calls stay inside a data centre; a throttle protects against overload",
    Policy {
        max_timeout: Some(secs(1)),
        jitter: Jitter::Proportional(Share::percent(20)),
        max_sends: Some(4),
        budget: Some(BudgetRule::Throttle { max: 10_000, ratio: 100 }),
        hint: HintRule::Exact,
        ..Policy::plain(ms(100))
    };

    /// Hedging as in gRFC A6: 4 sends, one every 0.5 s, without abandoning earlier ones; after a failure
    /// the next send is immediate.
    GrpcHedging "grpc-hedging",
    source: "gRFC A6",
    use_when: "tail latency matters, and processing a request twice does no harm",
    Policy {
        backoff: Backoff::Constant,
        max_sends: Some(4),
        hedging: true,
        budget: Some(BudgetRule::Throttle { max: 10_000, ratio: 100 }),
        hint: HintRule::Exact,
        ..Policy::plain(ms(500))
    };

    /// Connection backoff of gRPC: 1 s, times 1.6 up to 120 s; all waits but the first have a jitter of
    /// plus or minus 20 %.
    GrpcConnect "grpc-connect",
    source: "grpc-go's DefaultConfig",
    use_when: "reconnecting, for as long as necessary",
    Policy {
        multiplier: Factor::tenths(16),
        max_timeout: Some(secs(120)),
        jitter: Jitter::ProportionalLater(Share::percent(20)),
        ..Policy::plain(secs(1))
    };

    /// Standard mode of the AWS SDKs until 2026 (botocore's version 2.0): 3 attempts, waits of U[0, 1] times
    /// 1, 2, … s up to 20 s, and a quota of 500 tokens, of which a retry after a timeout takes 10 (after
    /// another failure 5). With jitter, the mean send times are 0, 0.5 and 1.5 s. It ignores hints. Other
    /// SDKs of that time differ.
    AwsStandard "aws-standard",
    source: "botocore's retries/standard.py, version 2.0",
    use_when: "many clients call the same service, with an SDK from before November 2026",
    Policy {
        max_timeout: Some(secs(20)),
        jitter: Jitter::Full,
        max_sends: Some(3),
        budget: Some(BudgetRule::Quota { capacity: 500, cost: 10, refill: 1 }),
        hint: HintRule::Ignore,
        ..Policy::plain(secs(1))
    };

    /// Standard mode of the AWS SDKs from November 2026 on (botocore's version 2.1, `AWS_NEW_RETRIES_2026`):
    /// waits of U[0, 1] times 50, 100, … ms up to 20 s, and a retry takes 14 tokens of the quota. A hint can
    /// extend a wait by up to 5 s. (After a throttling error, waits start at 1 s, and a retry takes 5.)
    AwsStandard2026 "aws-standard-2026",
    source: "botocore's retries/standard.py, version 2.1",
    use_when: "many clients call the same service, with a current SDK",
    aws_2026(50, 3);

    /// The same for DynamoDB: waits start at 25 ms, and there are 4 attempts.
    AwsDynamodb2026 "aws-dynamodb-2026",
    source: "botocore's retries/standard.py, version 2.1",
    use_when: "many clients call DynamoDB, with a current SDK",
    aws_2026(25, 4);

    /// Kafka client: retry.backoff.ms 100 up to retry.backoff.max.ms 1000, with a jitter of plus or
    /// minus 20 % that cannot pass the cap, until delivery.timeout.ms, 120 s.
    Kafka "kafka",
    source: "Kafka's ExponentialBackoff.java and client configuration",
    use_when: "a producer must keep trying for two minutes before it loses a record",
    Policy {
        max_timeout: Some(secs(1)),
        cap: Cap::Both,
        jitter: Jitter::Proportional(Share::percent(20)),
        deadline: Some(secs(120)),
        ..Policy::plain(ms(100))
    };

    /// CrashLoopBackOff of Kubernetes: a container that exits restarts immediately, then after 10 s,
    /// doubled up to 300 s. Ten minutes without a crash reset the backoff.
    KubernetesCrashloop "kubernetes-crashloop",
    source: "kubelet",
    use_when: "restarting a program that may keep crashing",
    Policy {
        backoff: Backoff::List,
        timeouts: Timeouts::seconds([0, 10, 20, 40, 80, 160, 300]),
        ..Policy::plain(secs(10))
    };

    /// `curl --retry`: 1 s, doubled up to 600 s. The number of retries is the flag's argument, and by
    /// default there are none: set `max_sends`.
    Curl "curl",
    source: "curl(1), --retry",
    use_when: "a script downloads over an unreliable connection",
    Policy { max_timeout: Some(secs(600)), ..Policy::plain(secs(1)) };

    /// `wget`: 20 tries, waits of 1, 2, … up to 10 s.
    Wget "wget",
    source: "wget(1): tries 20, waitretry 10",
    use_when: "a user waits for a download",
    Policy {
        backoff: Backoff::Linear,
        increment: secs(1),
        max_timeout: Some(secs(10)),
        max_sends: Some(20),
        ..Policy::plain(secs(1))
    };

    /// Envoy: one retry after U[0, 25) ms, further ones after U[0, 50), U[0, 100), … ms up to ten times the
    /// base, in whole milliseconds. (Its documentation says (2^n - 1) 25 ms, which its code did until 2020.)
    /// The budget is the one of `retry_budget` with its defaults: 20 % of the requests in progress, at least
    /// 3. Without `retry_budget`, Envoy allows 3 concurrent retries.
    Envoy "envoy",
    source: "Envoy's backoff_strategy.cc and router: base 25 ms, num_retries 1",
    use_when: "a proxy retries on behalf of many clients",
    Policy {
        // 24, 49, 99, 199, 249: the largest values below 25, 50, 100, 200 and 250.
        increment: ms(1),
        max_timeout: Some(ms(249)),
        jitter: Jitter::Slots(ms(1)),
        max_sends: Some(2),
        budget: Some(BudgetRule::Concurrent { share: Share::percent(20), at_least: 3 }),
        ..Policy::plain(ms(24))
    };

    /// CSMA/CD of IEEE 802.3 at 10 Mbit/s: after the n-th collision, a wait of 0 to 2^min(n, 10) - 1
    /// slots of 51.2 us; 16 attempts.
    Ethernet "ethernet",
    source: "IEEE 802.3: slot of 512 bit times, 16 attempts",
    use_when: "stations share a medium and detect collisions",
    Policy {
        increment: Duration::from_nanos(51_200),
        max_timeout: Some(Duration::from_nanos(1_023 * 51_200)),
        jitter: Jitter::Slots(Duration::from_nanos(51_200)),
        max_sends: Some(16),
        ..Policy::plain(Duration::from_nanos(51_200))
    };
}

named!(Preset);
