//! Policies by name: those of standards and of well-known clients.
//!
//! Each preset documents its source and, where the source contradicts itself, the chosen reading. The source
//! of a program is its code: the named files of the named version. Times are offsets from the first send of
//! an exchange that gets no reply, without jitter. Where a source defines no end, the preset never gives up:
//! set `max_sends` or `deadline`.
//!
//! Clients of calls (gRPC, AWS, Kafka, curl, wget, Envoy) begin a backoff when an attempt has failed. Their
//! presets count each wait from the send, as if the attempt failed at once. To add the time until it fails,
//! set `attempt_timeout` to the client's timeout: the wait then begins at the failure, or after that time.
//!
//! A preset ignores the hints of a server, unless the retries of its source follow them.

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
                match self {
                    $(Self::$name => {
                        // The page loads those of other presets when it needs them, so each is a function.
                        #[inline(never)]
                        const fn policy() -> Policy {
                            $policy
                        }
                        policy()
                    })*
                }
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

/// Returns a policy with this first wait that doubles its waits, never stops, and ignores hints.
const fn plain(initial_timeout: Duration) -> Policy {
    Policy { hint: HintRule::Ignore, ..Policy::plain(initial_timeout) }
}

/// Maximum delay of a first message, RFC 8415 section 7.6 and RFC 4861 section 10.
const UP_TO_A_SECOND: Delay = Delay { least: Duration::ZERO, most: secs(1) };

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
        ..plain(secs(irt))
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
        ..plain(ms(base))
    }
}

presets! {
    /// [`Policy::textbook`]. It follows hints, as a policy of your own does by default.
    #[default]
    Textbook "textbook",
    source: "Rhodes and Goerzen, Foundations of Python Network Programming, chapter 2: udp_remote.py",
    use_when: "you test on a local network; a first wait of 0.1 s is too short for the Internet (RFC 8085 3.1.1)",
    Policy::textbook();

    /// The client of the UDP Pinger, an exercise of the textbook by Kurose and Ross: it waits up to 1 s for each
    /// reply, never sends again, and sends the next ping afterwards.
    UdpPinger "udp-pinger",
    source: "Kurose and Ross, Computer Networking, socket programming: UDP Pinger",
    use_when: "measuring loss and round-trip times, with one send per exchange",
    Policy { max_sends: Some(1), ..plain(secs(1)) };

    /// TCP's retransmission timer, RFC 6298: the wait is 1 s until a round trip is measured (2.1),
    /// doubles (5.5), is never less than 1 s (2.4), and is capped at 60 s (2.5 asks for "at least 60
    /// seconds"). The RFC defines no end; RFC 1122 asks for an R2 of at least 100 s. The 3 s for data after a
    /// lost SYN (5.7) are left out.
    TcpRfc6298 "tcp-rfc6298",
    source: "RFC 6298 2.1, 2.4, 2.5, 5.5",
    use_when: "there is enough traffic to measure round-trip times",
    Policy {
        max_timeout: Some(secs(60)),
        adaptive: Adaptive::Rfc6298,
        min_timeout: Some(secs(1)),
        ..plain(secs(1))
    };

    /// SYN of Linux before 6.5 with `tcp_syn_retries` 6. Gives up after 127 s, earlier than the 180 s
    /// that RFC 1122 section 4.2.3.5 asks for. With more retries, waits are capped at `TCP_RTO_MAX`, 120 s.
    TcpSynLinux "tcp-syn-linux",
    source: "Linux 5.1, tcp_timer.c and tcp.h: tcp_syn_retries = 6",
    use_when: "you want to know how long connect() hangs on an older kernel",
    Policy { max_timeout: Some(secs(120)), max_sends: Some(7), ..plain(secs(1)) };

    /// SYN of Linux 6.5 and later, where `tcp_syn_linear_timeouts` 4 repeats the first wait before it
    /// doubles; they do not count as `tcp_syn_retries`. Gives up after 131 s. With more retries, waits are
    /// capped at `TCP_RTO_MAX`, 120 s.
    TcpSynLinux65 "tcp-syn-linux-6.5",
    source: "Linux 6.5, tcp_timer.c and tcp_ipv4.c: tcp_syn_linear_timeouts = 4",
    use_when: "you want to know how long connect() hangs on a current kernel",
    Policy {
        max_timeout: Some(secs(120)),
        linear_timeouts: 4,
        max_sends: Some(11),
        ..plain(secs(1))
    };

    /// QUIC's probe timeout before a round trip is measured, RFC 9002 section 6.2: an initial RTT of
    /// 333 ms with half of it as deviation gives 0.999 s. Each reply resets the backoff (QUIC's exception, a
    /// client whose address the server has not validated yet, is left out). Where the RFC allows one or two
    /// datagrams per timeout (6.2.4), this is one. In QUIC, the idle timeout ends the connection.
    QuicPto "quic-pto",
    source: "RFC 9002 6.2.1, 6.2.2, 6.2.4",
    use_when: "probing a peer over a path whose round-trip time is measured continuously",
    Policy { adaptive: Adaptive::Rfc9002, ..plain(ms(999)) };

    /// Confirmable CoAP message, RFC 7252 sections 4.2 and 4.8: the first wait is drawn from 2 to 3 s
    /// and then doubles; 4 retransmissions. Gives up after 62 s, or after 93 s (MAX_TRANSMIT_WAIT) with
    /// the longest first wait.
    Coap "coap",
    source: "RFC 7252 4.2, 4.8",
    use_when: "a small device sends requests over the Internet and keeps no state per peer",
    Policy {
        jitter: Jitter::Once(Share::percent(50)),
        max_sends: Some(5),
        ..plain(secs(2))
    };

    /// STUN request over UDP, RFC 8489 section 6.2.1: 7 sends (Rc), and after the last one a wait of 16
    /// times the first (Rm). The RTO is always 500 ms: the RFC's estimate from earlier requests is left out,
    /// because the last wait cannot follow it.
    Stun "stun",
    source: "RFC 8489 6.2.1",
    use_when: "a request through a NAT may take half a minute",
    Policy { max_sends: Some(7), last_timeout: Some(secs(8)), ..plain(ms(500)) };

    /// SIP INVITE, RFC 3261 section 17.1.1.2: timer A doubles and is not capped by T2; timer B ends the
    /// exchange at 64 T1. Provisional replies, which stop timer A, are left out.
    SipInvite "sip-invite",
    source: "RFC 3261 17.1.1.2, timers A and B",
    use_when: "the server confirms early that it is processing the request",
    Policy { deadline: Some(secs(32)), ..plain(ms(500)) };

    /// SIP request other than INVITE, RFC 3261 section 17.1.2.2: timer E doubles up to T2 = 4 s; timer F
    /// ends the exchange at 64 T1. Provisional replies, after which every wait is T2, are left out.
    SipNonInvite "sip-non-invite",
    source: "RFC 3261 17.1.2.2, timers E and F",
    use_when: "a reply should arrive soon after the network recovers",
    Policy { max_timeout: Some(secs(4)), deadline: Some(secs(32)), ..plain(ms(500)) };

    /// DHCPv4, RFC 2131 section 4.1: 4 s, doubled up to 64 s, each wait with a uniform jitter of plus or
    /// minus 1 s. The RFC defines no end (3.1 gives four retransmissions in 60 s as an example). The delay of
    /// 1 to 10 s before the first DHCPDISCOVER of a host that starts (4.4.1) is left out: set `first_delay`.
    Dhcpv4 "dhcpv4",
    source: "RFC 2131 4.1",
    use_when: "many hosts start at the same time",
    Policy {
        max_timeout: Some(secs(64)),
        jitter: Jitter::Additive(secs(1)),
        ..plain(secs(4))
    };

    /// DHCPv6 Solicit, RFC 8415 sections 15, 18.2.1 and 7.6: the first send is delayed by up to 1 s, and
    /// the first RAND is above zero.
    Dhcpv6Solicit "dhcpv6-solicit",
    source: "RFC 8415 15, 18.2.1, 7.6 (SOL)",
    use_when: "searching for a server indefinitely, at almost no cost",
    Policy {
        first_delay: Some(UP_TO_A_SECOND),
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
        first_delay: Some(UP_TO_A_SECOND),
        ..dhcpv6(1, 4, 0, 10)
    };

    /// DHCPv6 Release or Decline, RFC 8415 section 7.6.
    Dhcpv6Release "dhcpv6-release",
    source: "RFC 8415 15, 7.6 (REL, DEC)",
    use_when: "sending a notification that the receiver can do without",
    dhcpv6(1, 0, 4, 0);

    /// DHCPv6 Reconfigure, which a server sends, RFC 8415 section 18.3.11: it doubles the wait and makes 8
    /// attempts. The random factor of section 15 belongs to the messages of clients only.
    Dhcpv6Reconfigure "dhcpv6-reconfigure",
    source: "RFC 8415 18.3.11, 7.6 (REC)",
    use_when: "a server contacts clients that may be asleep",
    Policy { max_sends: Some(8), ..plain(secs(2)) };

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
        ..plain(secs(1))
    };

    /// IPv6 router solicitation, RFC 7559, with the algorithm of DHCPv6: the first send is delayed by up to
    /// 1 s (RFC 4861 section 6.3.7).
    Ipv6Rs "ipv6-rs",
    source: "RFC 7559 2, RFC 4861 6.3.7",
    use_when: "a link may come up at any time",
    Policy { first_delay: Some(UP_TO_A_SECOND), ..dhcpv6(4, 3_600, 0, 0) };

    /// Stub resolver of glibc with one server and the defaults of resolv.conf: timeout 5, attempts 2. Each
    /// attempt asks every server in turn. Server k of n, from 0, has 5 s times 2^k, for k above 0 divided by n,
    /// in whole seconds: with three servers, the waits are 5, 3, 6, 5, 3 and 6 s.
    DnsStub "dns-stub",
    source: "glibc 2.42, res_send.c and resolv.h: timeout 5, attempts 2, one server",
    use_when: "you want to know how long a name lookup takes when the server is down",
    Policy { backoff: Backoff::Constant, max_sends: Some(2), ..plain(secs(5)) };

    /// Multicast DNS query, RFC 6762 section 5.2: the first send is delayed by 20 to 120 ms; the
    /// interval at least doubles, up to an hour.
    MdnsQuery "mdns-query",
    source: "RFC 6762 5.2",
    use_when: "browsing for services that may appear at any time",
    Policy {
        first_delay: Some(Delay { least: ms(20), most: ms(120) }),
        max_timeout: Some(secs(3_600)),
        ..plain(secs(1))
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
        ..plain(ms(250))
    };

    /// Defaults of net-snmp: a timeout of 1 s, five retries, no backoff. RFC 3414 defines no values.
    Snmp "snmp",
    source: "net-snmp 5.10, snmp_api.c: timeout 1 s, retries 5",
    use_when: "polling a device on a network with little traffic; there is no backoff",
    Policy { backoff: Backoff::Constant, max_sends: Some(6), ..plain(secs(1)) };

    /// Retry policy of the example in gRFC A6: 0.1 s, doubled up to 1 s, 4 attempts, the first included
    /// (more than 5 count as 5), each wait times U[0.8, 1.2] after the cap (until 2024: U[0, 1]), with the
    /// throttling of the same example (10 tokens, 0.1 per success). A push-back is followed exactly. gRPC
    /// itself retries failures only: without a reply, a call ends at its deadline.
    Grpc "grpc",
    source: "gRFC A6, and grpc-go 1.85, stream.go",
    use_when: "calls stay inside a data centre; a throttle protects against overload",
    Policy {
        max_timeout: Some(secs(1)),
        jitter: Jitter::Proportional(Share::percent(20)),
        max_sends: Some(4),
        budget: Some(BudgetRule::Throttle { max: 10_000, ratio: 100 }),
        hint: HintRule::Exact,
        ..plain(ms(100))
    };

    /// Hedging as in gRFC A6: 4 sends, one every 0.5 s, without abandoning earlier ones; after a failure
    /// the next send is immediate, or follows a push-back exactly.
    GrpcHedging "grpc-hedging",
    source: "gRFC A6",
    use_when: "tail latency matters, and processing a request twice does no harm",
    Policy {
        backoff: Backoff::Constant,
        max_sends: Some(4),
        hedging: true,
        budget: Some(BudgetRule::Throttle { max: 10_000, ratio: 100 }),
        hint: HintRule::Exact,
        ..plain(ms(500))
    };

    /// Connection backoff of gRPC: 1 s, times 1.6 up to 120 s; all waits but the first have a jitter of
    /// plus or minus 20 % after the cap. An attempt to connect fails after 20 s, or after the wait if that is
    /// longer.
    GrpcConnect "grpc-connect",
    source: "grpc-go 1.85, backoff.go and clientconn.go",
    use_when: "reconnecting, for as long as necessary",
    Policy {
        multiplier: Factor::tenths(16),
        max_timeout: Some(secs(120)),
        jitter: Jitter::ProportionalLater(Share::percent(20)),
        ..plain(secs(1))
    };

    /// Standard mode of the AWS SDKs until 2026 (botocore's version 2.0): 3 attempts, waits of U[0, 1] times
    /// 1, 2, … s up to 20 s, and a quota of 500 tokens, of which a retry after a timeout takes 10 (after
    /// another failure 5). With jitter, the mean send times are 0, 0.5 and 1.5 s. It ignores hints. Other
    /// SDKs of that time differ.
    AwsStandard "aws-standard",
    source: "botocore 1.43, retries/standard.py: version 2.0",
    use_when: "many clients call the same service, with an SDK from before November 2026",
    Policy {
        max_timeout: Some(secs(20)),
        jitter: Jitter::Full,
        max_sends: Some(3),
        budget: Some(BudgetRule::Quota { capacity: 500, cost: 10, refill: 1 }),
        hint: HintRule::Ignore,
        ..plain(secs(1))
    };

    /// Standard mode of the AWS SDKs from November 2026 on (botocore's version 2.1, `AWS_NEW_RETRIES_2026`):
    /// waits of U[0, 1] times 50, 100, … ms up to 20 s, and a retry takes 14 tokens of the quota. A hint can
    /// extend a wait by up to 5 s. (After a throttling error, waits start at 1 s, and a retry takes 5.)
    AwsStandard2026 "aws-standard-2026",
    source: "botocore 1.43, retries/standard.py: version 2.1",
    use_when: "many clients call the same service, with a current SDK",
    aws_2026(50, 3);

    /// The same for DynamoDB: waits start at 25 ms, and there are 4 attempts.
    AwsDynamodb2026 "aws-dynamodb-2026",
    source: "botocore 1.43, retries/standard.py: version 2.1",
    use_when: "many clients call DynamoDB, with a current SDK",
    aws_2026(25, 4);

    /// Kafka producer: retry.backoff.ms 100 up to retry.backoff.max.ms 1000, with a jitter of plus or
    /// minus 20 % that cannot pass the cap, until delivery.timeout.ms, 120 s. A request without a reply fails
    /// after request.timeout.ms, 30 s.
    Kafka "kafka",
    source: "Kafka 4.0, ExponentialBackoff.java, CommonClientConfigs.java and ProducerConfig.java",
    use_when: "a producer must keep trying for two minutes before it loses a record",
    Policy {
        max_timeout: Some(secs(1)),
        cap: Cap::Both,
        jitter: Jitter::Proportional(Share::percent(20)),
        deadline: Some(secs(120)),
        ..plain(ms(100))
    };

    /// CrashLoopBackOff of Kubernetes: a container that exits restarts immediately, then after 10 s,
    /// doubled up to 300 s. Ten minutes without a crash reset the backoff. With the feature gate
    /// ReduceDefaultCrashLoopBackOffDecay, off by default, it is 1 s up to 60 s.
    KubernetesCrashloop "kubernetes-crashloop",
    source: "Kubernetes 1.35, kubelet.go, kuberuntime_manager.go and client-go's backoff.go",
    use_when: "restarting a program that may keep crashing",
    Policy {
        backoff: Backoff::List,
        timeouts: Timeouts::seconds([0, 10, 20, 40, 80, 160, 300]),
        ..plain(secs(10))
    };

    /// `curl --retry`: 1 s, doubled up to 600 s. The number of retries is the flag's argument, and by
    /// default there are none: set `max_sends`. A Retry-After replaces the wait (curl: up to 6 h). After it,
    /// curl continues the doubling; this preset begins with 1 s again.
    Curl "curl",
    source: "curl 8.22, tool_operate.c, tool_main.h and http.c: --retry",
    use_when: "a script downloads over an unreliable connection",
    Policy { max_timeout: Some(secs(600)), hint: HintRule::Exact, ..plain(secs(1)) };

    /// `wget`: 20 tries, the first included, waits of 1, 2, … up to 10 s. It ignores Retry-After.
    Wget "wget",
    source: "wget 1.24, retr.c and init.c: tries 20, waitretry 10",
    use_when: "a user waits for a download",
    Policy {
        backoff: Backoff::Linear,
        increment: secs(1),
        max_timeout: Some(secs(10)),
        max_sends: Some(20),
        ..plain(secs(1))
    };

    /// Envoy: one retry after U[0, 25) ms, further ones after U[0, 50), U[0, 100), … ms up to ten times the
    /// base, in whole milliseconds. (Its documentation says (2^n - 1) 25 ms, which its code did until 2020.)
    /// The budget is the one of `retry_budget` with its defaults: 20 % of the requests in progress, at least
    /// 3. Without `retry_budget`, Envoy allows 3 concurrent retries. It ignores hints; with
    /// `rate_limited_retry_back_off`, it waits U[1, 1.5] times the hint, which is `hint` jitter 0.5.
    Envoy "envoy",
    source: "Envoy since 2020, backoff_strategy.cc and retry_state_impl.cc: base 25 ms, num_retries 1",
    use_when: "a proxy retries on behalf of many clients",
    Policy {
        // 24, 49, 99, 199, 249: the largest values below 25, 50, 100, 200 and 250.
        increment: ms(1),
        max_timeout: Some(ms(249)),
        jitter: Jitter::Slots(ms(1)),
        max_sends: Some(2),
        budget: Some(BudgetRule::Concurrent { share: Share::percent(20), at_least: 3 }),
        ..plain(ms(24))
    };

    /// CSMA/CD of IEEE 802.3 at 10 Mbit/s: after the n-th collision, a wait of 0 to 2^min(n, 10) - 1
    /// slots of 51.2 us; 16 attempts.
    Ethernet "ethernet",
    source: "IEEE 802.3 4.2.3.2.5, 4.4: slot of 512 bit times, 16 attempts",
    use_when: "stations share a medium and detect collisions",
    Policy {
        increment: Duration::from_nanos(51_200),
        max_timeout: Some(Duration::from_nanos(1_023 * 51_200)),
        jitter: Jitter::Slots(Duration::from_nanos(51_200)),
        max_sends: Some(16),
        ..plain(Duration::from_nanos(51_200))
    };
}

named!(Preset);
