//! Policies by name: the standards, and what well-known clients do.
//!
//! Each preset's doc names its source and, where that contradicts itself, the reading taken here. Times
//! are offsets from the first send when nothing ever answers, without jitter. "Never" gives up means
//! that the source names no end of its own: set `max_sends` or `deadline`.

use super::{
    Adaptive, Backoff, BudgetRule, Delay, Factor, HintRule, Jitter, Policy, Share, Timeouts,
};
use crate::time::Duration;
use crate::value::named;

/// Declares [`Preset`] with all that is told of each one from one table.
macro_rules! presets {
    ($(
        $(#[$doc:meta])*
        $name:ident $text:literal,
        source: $source:literal,
        use_when: $use_when:literal,
        $policy:expr;
    )*) => {
        /// A policy with a name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        pub enum Preset {
            $($(#[$doc])* $name,)*
        }

        impl Preset {
            /// Every preset, in the order in which people are shown them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The names of all presets.
            pub const NAMES: &[&str] = &[$($text),*];

            /// Its name in scenarios.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Where its numbers are from.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$name => $source),* }
            }

            /// What it is good for, in one line.
            #[must_use]
            pub const fn use_when(self) -> &'static str {
                match self { $(Self::$name => $use_when),* }
            }

            /// Its policy.
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

/// The rule of RFC 8415 section 15: IRT, MRT (0 for none), MRC (0 for none), MRD (0 for none), all
/// times in seconds.
const fn dhcpv6(irt: u64, mrt: u64, mrc: u32, mrd: u64) -> Policy {
    Policy {
        max_timeout: if mrt == 0 { None } else { Some(secs(mrt)) },
        max_sends: if mrc == 0 { None } else { Some(mrc) },
        deadline: if mrd == 0 { None } else { Some(secs(mrd)) },
        jitter: Jitter::Compounding(DHCP_RAND),
        ..Policy::plain(secs(irt))
    }
}

presets! {
    /// [`Policy::textbook`].
    #[default]
    Textbook "textbook",
    source: "the textbook UDP client on port 1060",
    use_when: "in a laboratory; its first wait of 0.1 s is not for the Internet (RFC 8085 3.1.1)",
    Policy::textbook();

    /// TCP's retransmission timer, RFC 6298: the first wait is 1 s until a round trip is measured
    /// (2.1), doubles (5.5), and is not capped below 60 s (2.5: "at least 60 seconds"; 60 s here). It
    /// names no end; RFC 1122 asks for R2 of at least 100 s.
    TcpRfc6298 "tcp-rfc6298",
    source: "RFC 6298 2.1, 2.5, 5.5",
    use_when: "there is traffic enough to measure round trips by",
    Policy {
        max_timeout: Some(secs(60)),
        adaptive: Adaptive::Rfc6298,
        min_timeout: Some(secs(1)),
        ..Policy::plain(secs(1))
    };

    /// A SYN of Linux before 6.5 with `tcp_syn_retries` 6: 127 s in all, below the 180 s that RFC 1122
    /// section 4.2.3.5 asks for.
    TcpSynLinux "tcp-syn-linux",
    source: "Linux before 6.5, tcp_syn_retries = 6",
    use_when: "you want to know how long connect() hangs on an older kernel",
    Policy { max_sends: Some(7), ..Policy::plain(secs(1)) };

    /// A SYN of Linux from 6.5 on, where `tcp_syn_linear_timeouts` 4 waits come before the first that
    /// doubles: 131 s in all.
    TcpSynLinux65 "tcp-syn-linux-6.5",
    source: "Linux 6.5, tcp_syn_linear_timeouts = 4",
    use_when: "you want to know how long connect() hangs on a current kernel",
    Policy { linear_timeouts: 4, max_sends: Some(11), ..Policy::plain(secs(1)) };

    /// QUIC's probe timeout before a round trip is measured, RFC 9002 section 6.2: an initial RTT of
    /// 333 ms with a deviation of half of it gives 0.999 s. The connection's idle timeout ends it.
    QuicPto "quic-pto",
    source: "RFC 9002 6.2",
    use_when: "probing a peer over a path that is measured all the time",
    Policy { adaptive: Adaptive::Rfc9002, ..Policy::plain(ms(999)) };

    /// A confirmable CoAP message, RFC 7252 sections 4.2 and 4.8: the first wait is drawn once from 2
    /// to 3 s, then doubled; 4 retransmissions. Gives up at 62 s, or 93 s (MAX_TRANSMIT_WAIT) with the
    /// longest first wait.
    Coap "coap",
    source: "RFC 7252 4.2, 4.8",
    use_when: "a small device asks over the Internet, without state per peer",
    Policy {
        jitter: Jitter::Once(Share::percent(50)),
        max_sends: Some(5),
        ..Policy::plain(secs(2))
    };

    /// A STUN request over UDP, RFC 8489 section 6.2.1: Rc 7 copies, and after the last one a wait of
    /// Rm = 16 times the first.
    Stun "stun",
    source: "RFC 8489 6.2.1",
    use_when: "a request through a NAT has half a minute to be answered",
    Policy { max_sends: Some(7), last_timeout: Some(secs(8)), ..Policy::plain(ms(500)) };

    /// A SIP INVITE, RFC 3261 section 17.1.1.2: timer A doubles and is not capped by T2; timer B ends it
    /// at 64 T1.
    SipInvite "sip-invite",
    source: "RFC 3261 17.1.1.2, timers A and B",
    use_when: "the other side confirms early that it works on the request",
    Policy { deadline: Some(secs(32)), ..Policy::plain(ms(500)) };

    /// Any other SIP request, RFC 3261 section 17.1.2.2: timer E doubles up to T2 = 4 s; timer F ends
    /// it at 64 T1.
    SipNonInvite "sip-non-invite",
    source: "RFC 3261 17.1.2.2, timers E and F",
    use_when: "a reply is wanted soon after the network comes back",
    Policy { max_timeout: Some(secs(4)), deadline: Some(secs(32)), ..Policy::plain(ms(500)) };

    /// DHCPv4, RFC 2131 section 4.1: 4 s, doubled up to 64 s, each with 1 s of uniform jitter either
    /// way. It names no end (3.1 gives four retransmissions in 60 s as an example).
    Dhcpv4 "dhcpv4",
    source: "RFC 2131 4.1",
    use_when: "a host starts together with many others",
    Policy {
        max_timeout: Some(secs(64)),
        jitter: Jitter::Additive(secs(1)),
        ..Policy::plain(secs(4))
    };

    /// A DHCPv6 Solicit, RFC 8415 sections 15, 18.2.1 and 7.6: the first copy is delayed by up to 1 s,
    /// and the first RAND is above zero.
    Dhcpv6Solicit "dhcpv6-solicit",
    source: "RFC 8415 15, 18.2.1, 7.6 (SOL)",
    use_when: "looking for a server for ever, at next to no cost",
    Policy {
        first_delay: Some(Delay { least: Duration::ZERO, most: secs(1) }),
        jitter: Jitter::CompoundingUp(DHCP_RAND),
        ..dhcpv6(1, 3_600, 0, 0)
    };

    /// A DHCPv6 Request, RFC 8415 section 7.6: MRC 10. The client waits once more after the tenth copy
    /// (181 s); read literally, "transmitted MRC times" ends it with the tenth, at 151 s.
    Dhcpv6Request "dhcpv6-request",
    source: "RFC 8415 15, 7.6 (REQ)",
    use_when: "a known server has to answer within minutes",
    dhcpv6(1, 30, 10, 0);

    /// A DHCPv6 Confirm, RFC 8415 section 7.6: ended by its duration, MRD 10 s.
    Dhcpv6Confirm "dhcpv6-confirm",
    source: "RFC 8415 15, 7.6 (CNF)",
    use_when: "an answer later than ten seconds is of no use",
    Policy {
        first_delay: Some(Delay { least: Duration::ZERO, most: secs(1) }),
        ..dhcpv6(1, 4, 0, 10)
    };

    /// A DHCPv6 Release or Decline, RFC 8415 section 7.6.
    Dhcpv6Release "dhcpv6-release",
    source: "RFC 8415 15, 7.6 (REL, DEC)",
    use_when: "telling somebody something that he can do without",
    dhcpv6(1, 0, 4, 0);

    /// A DHCPv6 Reconfigure, RFC 8415 section 7.6.
    Dhcpv6Reconfigure "dhcpv6-reconfigure",
    source: "RFC 8415 15, 7.6 (REC)",
    use_when: "a server asks clients that may be asleep",
    dhcpv6(2, 0, 8, 0);

    /// RADIUS, RFC 5080 section 2.2.1, by the rule of DHCPv6: MRC 5, MRT 16 s, MRD 30 s. The fifth copy
    /// would fall on the end of the duration and is not sent.
    Radius "radius",
    source: "RFC 5080 2.2.1",
    use_when: "somebody waits at a login, behind a switch that has rebooted",
    dhcpv6(2, 16, 5, 30);

    /// DTLS 1.3, RFC 9147 section 5.8.2: 1 s, doubled, capped at no less than 60 s (60 s here). After a
    /// retransmission the backed-off wait is kept for the next flight.
    Dtls "dtls",
    source: "RFC 9147 5.8.2",
    use_when: "a handshake over datagrams",
    Policy {
        max_timeout: Some(secs(60)),
        adaptive: Adaptive::Rfc6298,
        ..Policy::plain(secs(1))
    };

    /// An IPv6 router solicitation, RFC 7559, by the rule of DHCPv6. The random delay before the first
    /// one is not part of it here.
    Ipv6Rs "ipv6-rs",
    source: "RFC 7559",
    use_when: "a link may come up any time",
    dhcpv6(4, 3_600, 0, 0);

    /// A stub resolver with one server, resolv.conf's defaults: timeout 5, attempts 2.
    DnsStub "dns-stub",
    source: "resolv.conf(5): timeout 5, attempts 2",
    use_when: "you want to know what a name look-up costs when the server is down",
    Policy { backoff: Backoff::Constant, max_sends: Some(2), ..Policy::plain(secs(5)) };

    /// A multicast DNS query, RFC 6762 section 5.2: the first copy is delayed by 20 to 120 ms; the
    /// interval at least doubles, up to an hour.
    MdnsQuery "mdns-query",
    source: "RFC 6762 5.2",
    use_when: "browsing for what may appear at any time",
    Policy {
        first_delay: Some(Delay { least: ms(20), most: ms(120) }),
        max_timeout: Some(secs(3_600)),
        ..Policy::plain(secs(1))
    };

    /// A multicast DNS probe, RFC 6762 section 8.1: three copies 250 ms apart, after up to 250 ms;
    /// silence is the good answer, known at 750 ms.
    MdnsProbe "mdns-probe",
    source: "RFC 6762 8.1",
    use_when: "silence means yes",
    Policy {
        backoff: Backoff::Constant,
        first_delay: Some(Delay { least: Duration::ZERO, most: ms(250) }),
        max_sends: Some(3),
        ..Policy::plain(ms(250))
    };

    /// net-snmp's defaults: a timeout of 1 s, five retries, no backoff. RFC 3414 names none.
    Snmp "snmp",
    source: "net-snmp: timeout 1 s, retries 5",
    use_when: "polling a device on a quiet network; there is no backoff",
    Policy { backoff: Backoff::Constant, max_sends: Some(6), ..Policy::plain(secs(1)) };

    /// The retry policy of gRFC A6's example: 0.1 s, doubled up to 1 s, 4 attempts, each wait times
    /// U[0.8, 1.2] after the cap (until 2024: U[0, 1]), with the throttle of its example (10 tokens,
    /// 0.1 a success). A push-back is followed exactly.
    Grpc "grpc",
    source: "gRFC A6 and gRPC's sources",
    use_when: "calls inside a data centre, with a throttle against overload",
    Policy {
        max_timeout: Some(secs(1)),
        jitter: Jitter::Proportional(Share::percent(20)),
        max_sends: Some(4),
        budget: Some(BudgetRule::Throttle { max: 10_000, ratio: 100 }),
        hint: HintRule::Exact,
        ..Policy::plain(ms(100))
    };

    /// Hedging as in gRFC A6: a copy every 0.5 s without giving up those before, 4 in all; after a
    /// failure the next goes out at once.
    GrpcHedging "grpc-hedging",
    source: "gRFC A6",
    use_when: "the slowest replies matter, and doing the work twice does no harm",
    Policy {
        backoff: Backoff::Constant,
        max_sends: Some(4),
        hedging: true,
        budget: Some(BudgetRule::Throttle { max: 10_000, ratio: 100 }),
        hint: HintRule::Exact,
        ..Policy::plain(ms(500))
    };

    /// gRPC's connection backoff: 1 s times 1.6 up to 120 s, each but the first with 20 % of jitter
    /// either way.
    GrpcConnect "grpc-connect",
    source: "grpc-go's DefaultConfig",
    use_when: "connecting again, for as long as it takes",
    Policy {
        multiplier: Factor::tenths(16),
        max_timeout: Some(secs(120)),
        jitter: Jitter::ProportionalLater(Share::percent(20)),
        ..Policy::plain(secs(1))
    };

    /// The standard mode of the AWS SDKs: 3 attempts, waits of U[0, 1] times 1, 2, … s up to 20 s, and
    /// the quota of 500 tokens, of which a retry after a timeout takes 10. With jitter the mean send
    /// times are 0, 0.5 and 1.5 s. A hint is followed for up to 5 s more.
    AwsStandard "aws-standard",
    source: "botocore, standard mode",
    use_when: "calling a service that many others call, too",
    Policy {
        max_timeout: Some(secs(20)),
        jitter: Jitter::Full,
        max_sends: Some(3),
        budget: Some(BudgetRule::Quota { capacity: 500, cost: 10, refill: 1 }),
        hint: HintRule::Clamp(secs(5)),
        ..Policy::plain(secs(1))
    };

    /// A Kafka client: retry.backoff.ms 100 up to retry.backoff.max.ms 1000 with 20 % of jitter either
    /// way after the cap, until delivery.timeout.ms, 120 s.
    Kafka "kafka",
    source: "Kafka's client configuration",
    use_when: "a producer that must not lose anything for two minutes",
    Policy {
        max_timeout: Some(secs(1)),
        jitter: Jitter::Proportional(Share::percent(20)),
        deadline: Some(secs(120)),
        ..Policy::plain(ms(100))
    };

    /// Kubernetes' CrashLoopBackOff: a container that ends is started again at once, then after 10 s,
    /// doubled up to 300 s. Ten minutes of health reset it.
    KubernetesCrashloop "kubernetes-crashloop",
    source: "kubelet",
    use_when: "restarting a program that may never work",
    Policy {
        backoff: Backoff::List,
        timeouts: Timeouts::seconds([0, 10, 20, 40, 80, 160, 300]),
        ..Policy::plain(secs(10))
    };

    /// `curl --retry`: 1 s, doubled up to 600 s. It retries as often as it is told (not at all by
    /// default): set `max_sends`.
    Curl "curl",
    source: "curl(1), --retry",
    use_when: "a script fetches something over a bad line",
    Policy { max_timeout: Some(secs(600)), ..Policy::plain(secs(1)) };

    /// `wget`: 20 tries, waits of 1, 2, … up to 10 s.
    Wget "wget",
    source: "wget(1): tries 20, waitretry 10",
    use_when: "a download that somebody waits for",
    Policy {
        backoff: Backoff::Linear,
        increment: secs(1),
        max_timeout: Some(secs(10)),
        max_sends: Some(20),
        ..Policy::plain(secs(1))
    };

    /// Envoy: one retry after U[0, 25) ms, further ones after U[0, (2^n - 1) 25) ms up to ten times the
    /// base, in whole milliseconds; the retry budget's minimum of 3, or 20 % of all.
    Envoy "envoy",
    source: "Envoy's router: base 25 ms, num_retries 1",
    use_when: "a proxy retries on behalf of many clients",
    Policy {
        increment: ms(26),
        max_timeout: Some(ms(249)),
        jitter: Jitter::Slots(ms(1)),
        max_sends: Some(2),
        budget: Some(BudgetRule::Concurrent { share: Share::percent(20), at_least: 3 }),
        ..Policy::plain(ms(24))
    };

    /// CSMA/CD of IEEE 802.3 at 10 Mbit/s: after the n-th collision a wait of 0 to 2^min(n, 10) - 1
    /// slots of 51.2 us; 16 attempts.
    Ethernet "ethernet",
    source: "IEEE 802.3: slot of 512 bit times, 16 attempts",
    use_when: "many share one medium and notice collisions",
    Policy {
        increment: Duration::from_nanos(51_200),
        max_timeout: Some(Duration::from_nanos(1_023 * 51_200)),
        jitter: Jitter::Slots(Duration::from_nanos(51_200)),
        max_sends: Some(16),
        ..Policy::plain(Duration::from_nanos(51_200))
    };
}

named!(Preset);
