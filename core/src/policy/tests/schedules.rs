//! The send times of the presets: each row of the standards' schedules, to the nanosecond.

use super::super::*;
use crate::time::{Duration, Instant};
use crate::value::ValueError;
use Preset as P;
use alloc::vec::Vec;

/// Seconds with at most nine decimals as a duration, exactly.
fn s(seconds: &str) -> Duration {
    parse_duration(&alloc::format!("{seconds}s")).expect(seconds)
}

/// The first sends as a table writes them: `0 .1 .3`.
fn table(text: &str) -> Vec<Duration> {
    text.split_whitespace().map(s).collect()
}

/// Asserts the sends and the end; `..` at the end of the sends: the first ones of more.
fn assert_row(preset: Preset, sends: &str, gives_up: Option<&str>) {
    let policy = preset.policy();
    let (sends, more) = match sends.strip_suffix(" ..") {
        Some(first) => (table(first), true),
        None => (table(sends), false),
    };
    let most = sends.len() + 1;
    let walked: Vec<Duration> = policy.sends().take(most).collect();
    assert_eq!(walked[..sends.len()], sends, "{preset}");
    assert_eq!(walked.len() > sends.len(), more, "{preset}: {walked:?}");
    assert_eq!(policy.gives_up_after(), gives_up.map(s), "{preset}");
}

/// Rows whose numbers were read in the standard, and of gRPC, Kafka and the AWS SDKs in their code.
#[test]
fn the_standards_schedules_hold_to_the_nanosecond() {
    for (preset, sends, gives_up) in [
        (P::Textbook, "0 .1 .3 .7 1.5", Some("3.1")),
        (P::UdpPinger, "0", Some("1")),
        (P::TcpRfc6298, "0 1 3 7 15 31 63 ..", None),
        (P::QuicPto, "0 .999 2.997 6.993 14.985 30.969 ..", None),
        (P::Coap, "0 2 6 14 30", Some("62")),
        (P::Stun, "0 .5 1.5 3.5 7.5 15.5 31.5", Some("39.5")),
        (P::SipInvite, "0 .5 1.5 3.5 7.5 15.5 31.5", Some("32")),
        (P::SipNonInvite, "0 .5 1.5 3.5 7.5 11.5 15.5 19.5 23.5 27.5 31.5", Some("32")),
        (P::Dhcpv6Solicit, "0 1 3 7 ..", None),
        (P::Dhcpv6Request, "0 1 3 7 15 31 61 91 121 151", Some("181")),
        (P::Dhcpv6Confirm, "0 1 3 7", Some("10")),
        (P::Dhcpv6Release, "0 1 3 7", Some("15")),
        (P::Dhcpv6Reconfigure, "0 2 6 14 30 62 126 254", Some("510")),
        (P::Dhcpv4, "0 4 12 28 60 124 188 ..", None),
        (P::Radius, "0 2 6 14", Some("30")),
        (P::Dtls, "0 1 3 7 15 31 63 ..", None),
        (P::Ipv6Rs, "0 4 12 28 ..", None),
        (P::MdnsQuery, "0 1 3 7 ..", None),
        (P::MdnsProbe, "0 .25 .5", Some(".75")),
        (P::Grpc, "0 .1 .3 .7", Some("1.5")),
        (P::GrpcHedging, "0 .5 1 1.5", Some("2")),
        (
            P::GrpcConnect,
            "0 1 2.6 5.16 9.256 15.8096 26.29536 43.072576 69.9161216 112.86579456 ..",
            None,
        ),
    ] {
        assert_row(preset, sends, gives_up);
    }
    let kafka: Vec<Duration> = P::Kafka.policy().sends().take(8).collect();
    assert_eq!(kafka, table("0 .1 .3 .7 1.5 2.5 3.5 4.5"));
    // Without jitter the AWS SDKs' waits are the upper ends of their draws.
    let aws: Vec<Duration> = P::AwsStandard.policy().sends().collect();
    assert_eq!(aws, table("0 1 3"));
    let most = P::AwsStandard.policy().to_builder().max_sends(None).build().unwrap();
    let most: Vec<Duration> = most.sends().take(8).collect();
    assert_eq!(most, table("0 1 3 7 15 31 51 71"), "capped at 20 s");
    let ends = |preset: P| preset.policy().sends().collect::<Vec<_>>();
    assert_eq!(ends(P::AwsStandard2026), table("0 .05 .15"));
    assert_eq!(ends(P::AwsDynamodb2026), table("0 .025 .075 .175"));
}

/// A retry takes 10, 14 tokens of 500: 50 retries with timeouts from a full quota until 2026, then 35.
#[test]
fn the_quotas_of_aws_allow_as_many_retries_as_botocores() {
    for (preset, retries) in
        [(P::AwsStandard, 50), (P::AwsStandard2026, 35), (P::AwsDynamodb2026, 35)]
    {
        let mut budget = Budget::new(preset.policy().budget().unwrap());
        let mut stream = Name::exchange(1, 1, 1).stream(Purpose::Jitter);
        let allowed = (0..1_000).take_while(|_| budget.retry(Instant::ZERO, false, &mut stream));
        assert_eq!(allowed.count(), retries, "{preset}");
    }
}

/// The longest wait at the cap, and whether waits pile up on it, for each preset with a cap and a jitter.
#[test]
fn caps_are_before_or_after_jitter_as_in_the_source() {
    let capped = [
        (P::Dhcpv4, "65", false),
        (P::Dhcpv6Solicit, "3960", false),
        (P::Dhcpv6Request, "33", false),
        (P::Dhcpv6Confirm, "4.4", false),
        (P::Radius, "17.6", false),
        (P::Ipv6Rs, "3960", false),
        (P::Grpc, "1.2", false),
        (P::GrpcConnect, "144", false),
        (P::AwsStandard, "20", false),
        (P::AwsStandard2026, "20", false),
        (P::AwsDynamodb2026, "20", false),
        (P::Kafka, "1", true),
        (P::Envoy, ".249", false),
        (P::Ethernet, ".0523776", false),
    ];
    let draws = |preset: &P| {
        let policy = preset.policy();
        policy.jitter() != Jitter::None && policy.max_timeout().is_some()
    };
    let all: Vec<P> = P::ALL.iter().copied().filter(draws).collect();
    assert_eq!(capped.map(|(preset, ..)| preset), all[..]);
    for (preset, longest, piles_up) in capped {
        let policy = preset.policy().to_builder().max_sends(None).deadline(None).budget(None);
        let policy = policy.build().unwrap();
        // By the 20th send, each of them has reached its cap.
        let waits = (1..=4_000).map(|exchange| {
            let sends: Vec<Duration> = policy.sends_of(5, exchange).take(21).collect();
            sends[20] - sends[19]
        });
        let mut waits: Vec<Duration> = waits.collect();
        waits.sort_unstable();
        let (last, longest) = (waits[waits.len() - 1], s(longest));
        assert!(last <= longest && last > longest * 99 / 100, "{preset}: {last:?}");
        let equal = waits.iter().filter(|wait| **wait == last).count();
        // Kafka: the upper half of the draws is cut.
        let half = (1_800..2_200).contains(&equal);
        assert_eq!(half, piles_up, "{preset}: {equal} of 4,000 wait {last:?}");
    }
}

/// Rows whose numbers were read in the programs' code.
#[test]
fn the_programs_schedules_hold_to_the_nanosecond() {
    let wget = "0 1 3 6 10 15 21 28 36 45 55 65 75 85 95 105 115 125 135 145";
    for (preset, sends, gives_up) in [
        (P::TcpSynLinux, "0 1 3 7 15 31 63", Some("127")),
        (P::TcpSynLinux65, "0 1 2 3 4 5 7 11 19 35 67", Some("131")),
        (P::DnsStub, "0 5", Some("10")),
        (P::Snmp, "0 1 2 3 4 5", Some("6")),
        (P::KubernetesCrashloop, "0 0 10 30 70 150 310 610 910 ..", None),
        (P::Curl, "0 1 3 7 15 31 63 127 255 511 1023 1623 ..", None),
        (P::Wget, wget, Some("155")),
    ] {
        assert_row(preset, sends, gives_up);
    }
    assert_eq!(P::Kafka.policy().gives_up_after(), Some(s("120")));
}

/// Linux has TCP_RTO_MAX, 120 s: a larger tcp_syn_retries reaches it.
#[test]
fn linux_caps_the_waits_of_a_syn_at_two_minutes() {
    for preset in [P::TcpSynLinux, P::TcpSynLinux65] {
        let policy = preset.policy();
        let more = policy.max_sends().map(|sends| sends + 3);
        let policy = policy.to_builder().max_sends(more).build().unwrap();
        let sends: Vec<Duration> = policy.sends().collect();
        let waits: Vec<Duration> = sends.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits[waits.len() - 3..], table("64 120 120"), "{preset}");
        assert_eq!(policy.gives_up_after(), sends.last().map(|last| *last + s("120")));
    }
}

/// `curl --max-time 5 --retry 3` without a reply: an attempt fails after 5 s, then the backoff begins.
#[test]
fn an_attempt_timeout_adds_the_time_until_a_call_fails() {
    let curl = P::Curl.policy().to_builder().attempt_timeout(Some(s("5"))).max_sends(Some(4));
    let curl = curl.build().unwrap();
    assert_eq!(curl.sends().collect::<Vec<_>>(), table("0 6 13 22"));
    assert_eq!(curl.gives_up_after(), Some(s("27")));
}

/// An attempt whose backoff would end after the deadline is the last one: the next one does not come without a backoff.
#[test]
fn no_send_follows_an_attempt_whose_backoff_would_pass_the_deadline() {
    let policy = |deadline| {
        let textbook = P::Textbook.policy().to_builder().attempt_timeout(Some(s("0.03")));
        textbook.deadline(Some(s(deadline))).build().unwrap()
    };
    let times = |deadline| {
        let policy = policy(deadline);
        (policy.sends().collect::<Vec<_>>(), policy.gives_up_after().unwrap())
    };
    assert_eq!(times("0.2"), (table("0 0.13"), s("0.16")));
    assert_eq!(times("0.36"), (table("0 0.13"), s("0.16")), "it would be sent at the deadline");
    assert_eq!(times("0.361"), (table("0 0.13 0.36"), s("0.361")), "the attempt is cut");
    // A failure may come so early that there is time for the pause.
    let (policy, after) = (policy("0.2"), |ms| Duration::from_millis(ms));
    for (failed_after, expected) in [(140, Err(Stop::Deadline)), (50, Ok(after(100)))] {
        let mut schedule = Schedule::new(&policy);
        let first = schedule.next(&policy, Duration::ZERO).unwrap();
        let wait =
            if failed_after < 130 { first } else { schedule.next(&policy, after(130)).unwrap() };
        let pause = schedule.after_failure(&policy, wait, after(failed_after), None);
        assert_eq!(pause, expected, "{failed_after}");
    }
}

/// What a deadline cuts does not end between the ends of the shortest and of the longest waits.
#[test]
fn the_end_of_drawn_waits_before_a_deadline_is_within_its_bounds() {
    for (rule, attempt, bounds) in [
        (DeadlineRule::Before, None, ["0", "0.25"]),
        (DeadlineRule::At, Some(s("0.05")), ["0.05", "0.25"]),
    ] {
        let textbook = P::Textbook.policy().to_builder().jitter(Jitter::Full);
        let policy =
            textbook.deadline(Some(s("0.25"))).deadline_rule(rule).attempt_timeout(attempt);
        let policy = policy.build().unwrap();
        let ScheduleEnd::At { at, .. } = policy.timetable(9, 99).end else { panic!("it ends") };
        assert_eq!([at.least, at.most], bounds.map(s));
        for exchange in 1..=300 {
            let mut sends = policy.sends_of(1, exchange);
            sends.by_ref().for_each(drop);
            assert!((at.least..=at.most).contains(&sends.elapsed()), "{exchange} of seed 1");
        }
    }
}

/// The first wait of an adaptive policy has a minimum before anything is measured, too.
#[test]
fn the_schedule_of_an_adaptive_policy_begins_with_its_minimum() {
    let policy = P::Textbook.policy().to_builder().adaptive(Adaptive::Rfc6298);
    let policy = policy.min_timeout(Some(s("1"))).max_sends(Some(3)).build().unwrap();
    assert_eq!(policy.sends().collect::<Vec<_>>(), table("0 1"));
    assert_eq!(policy.gives_up_after(), Some(s("3")));
}

/// glibc's send_dg: server k of n waits 5 s shifted left by k, divided by n for k above 0, in whole seconds.
#[test]
fn a_stub_resolvers_waits_depend_on_the_number_of_servers() {
    let one = P::DnsStub.policy();
    for (servers, sends, end) in
        [(1, "0 5", "10"), (2, "0 5 10 15", "20"), (3, "0 5 8 14 19 22", "28")]
    {
        let attempt = (0..servers).map(|k| if k == 0 { 5 } else { (5 << k) / u64::from(servers) });
        let waits: Vec<Duration> = attempt.map(Duration::from_secs).collect();
        let policy = one
            .to_builder()
            .backoff(Backoff::List)
            .timeouts(Timeouts::new(&waits.repeat(2)).unwrap())
            .max_sends(Some(2 * servers))
            .build()
            .unwrap();
        assert_eq!(policy.sends().collect::<Vec<_>>(), table(sends), "{servers} servers");
        assert_eq!(policy.gives_up_after(), Some(s(end)), "{servers} servers");
        if servers == 1 {
            assert_eq!(one.sends().collect::<Vec<_>>(), table(sends));
        }
    }
}

/// Waits grow up to the standard's longest one and stay there.
#[test]
fn endless_schedules_reach_their_cap() {
    for (preset, cap) in [
        // RFC 6298 2.5 and RFC 9147 5.8.2: no less than 60 s.
        (P::TcpRfc6298, 60),
        (P::Dtls, 60),
        // RFC 2131 4.1.
        (P::Dhcpv4, 64),
        (P::GrpcConnect, 120),
        // MRT of RFC 8415 and RFC 7559; RFC 6762 5.2.
        (P::Dhcpv6Solicit, 3_600),
        (P::Ipv6Rs, 3_600),
        (P::MdnsQuery, 3_600),
    ] {
        let sends: Vec<Duration> = preset.policy().sends().take(40).collect();
        let waits: Vec<Duration> = sends.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let cap = Duration::from_secs(cap);
        assert!(waits.is_sorted() && waits.iter().all(|wait| *wait <= cap), "{preset}: {waits:?}");
        assert_eq!(waits[38], cap, "{preset}");
    }
}

/// RFC 7252 section 4.8.2: MAX_TRANSMIT_WAIT is 93 s, at the random factor 1.5.
#[test]
fn coaps_first_wait_is_drawn_once_and_doubled() {
    let policy = P::Coap.policy();
    for (draw, sends, end) in
        [(Draw::Least, "0 2 6 14 30", "62"), (Draw::Most, "0 3 9 21 45", "93")]
    {
        let mut walk = policy.sends_drawn(draw);
        assert_eq!(walk.by_ref().collect::<Vec<_>>(), table(sends));
        assert_eq!(walk.elapsed(), s(end));
        assert_eq!(walk.stop(), Some(Stop::MaxSends));
    }
    for exchange in 1..100 {
        let mut walk = policy.sends_of(7, exchange);
        let sends: Vec<Duration> = walk.by_ref().collect();
        let first = sends[1];
        let doubled = [0, 1, 3, 7, 15].map(|times| first * times);
        assert_eq!(sends, doubled, "exchange {exchange} of seed 7");
    }
}

/// Full jitter: the mean sends of the AWS SDKs' standard mode are 0, 0.5 and 1.5 s.
#[test]
fn the_aws_sdks_send_at_half_the_wait_in_the_mean() {
    const N: u32 = 100_000;
    let policy = P::AwsStandard.policy();
    let (mut second, mut third) = (0.0, 0.0);
    for exchange in 1..=N {
        let sends: Vec<f64> = policy.sends_of(1, exchange).map(|at| at.as_secs_f64()).collect();
        assert_eq!(sends.len(), 3);
        second += sends[1] / f64::from(N);
        third += sends[2] / f64::from(N);
    }
    // Standard deviations of U[0, 1] and of U[0, 1] + U[0, 2], divided by the root of N.
    let root = f64::from(N).sqrt();
    let (of_second, of_third) = ((1.0f64 / 12.0).sqrt() / root, (5.0f64 / 12.0).sqrt() / root);
    assert!((second - 0.5).abs() < 4.0 * of_second, "{second}");
    assert!((third - 1.5).abs() < 4.0 * of_third, "{third}");
}

/// Envoy draws whole milliseconds from 0 up to, not including, 25, 50, 100, 200 and 250 ms. (Its documentation
/// says (2^n - 1) times 25 ms.)
#[test]
fn envoys_waits_are_whole_milliseconds_below_their_bound() {
    let endless = P::Envoy.policy().to_builder().max_sends(Some(6)).build().unwrap();
    let bounds = [24, 49, 99, 199, 249];
    let mut most = [0; 5];
    for exchange in 1..=5_000 {
        let sends: Vec<Duration> = endless.sends_of(3, exchange).collect();
        for (place, pair) in sends.windows(2).enumerate() {
            let wait = pair[1] - pair[0];
            assert_eq!(wait.subsec_nanos() % 1_000_000, 0, "{wait:?}");
            assert!(wait <= Duration::from_millis(bounds[place]), "{wait:?} at {place}");
            most[place] = most[place].max(wait.as_millis());
        }
    }
    assert_eq!(most, bounds.map(u128::from), "every bound is reached in 5,000 draws");
    assert_eq!(P::Envoy.policy().max_sends(), Some(2), "one retry");
}

/// IEEE 802.3: 15 backoffs, at most 7151 slots, 3575.5 in the mean, 366.13 ms at 10 Mbit/s.
#[test]
fn ethernet_backs_off_in_slots() {
    let policy = P::Ethernet.policy();
    let slot = Duration::from_nanos(51_200);
    let all = |draw| policy.sends_drawn(draw).last().unwrap();
    assert_eq!(policy.sends().count(), 16);
    assert_eq!(all(Draw::Most), slot * 7_151);
    assert_eq!(all(Draw::Most), Duration::from_nanos(366_131_200));
    assert_eq!(all(Draw::Least), Duration::ZERO);
    let (mut sum, mut squares) = (0.0, 0.0);
    const N: u32 = 20_000;
    for exchange in 1..=N {
        let last = policy.sends_of(1, exchange).last().unwrap();
        assert_eq!(last.as_nanos() % slot.as_nanos(), 0);
        let slots = (last.as_nanos() / slot.as_nanos()) as f64;
        sum += slots;
        squares += slots * slots;
    }
    let n = f64::from(N);
    let mean = sum / n;
    let error = ((squares / n - mean * mean) / n).sqrt();
    assert!((mean - 3_575.5).abs() < 4.0 * error, "{mean}, error {error}");
}

#[test]
fn first_delays_are_drawn_between_their_bounds() {
    for preset in P::ALL {
        let (least, most) = match preset {
            P::Dhcpv6Solicit | P::Dhcpv6Confirm | P::Ipv6Rs => (0, 1_000),
            P::MdnsQuery => (20, 120),
            P::MdnsProbe => (0, 250),
            _ => (0, 0),
        };
        let policy = preset.policy();
        let bounds = [least, most].map(Duration::from_millis);
        let delay = |draw| Schedule::drawn(&policy, s("1"), draw).first_delay(&policy);
        assert_eq!([delay(Draw::Least), delay(Draw::Most)], bounds, "{preset}");
        let drawn = delay(Draw::Random(Name::exchange(1, 1, 1).stream(Purpose::Jitter)));
        assert!(drawn >= bounds[0] && drawn <= bounds[1], "{preset}: {drawn:?}");
    }
}

/// The second send at its earliest, and at its latest.
#[test]
fn each_presets_jitter_reaches_as_far_as_its_source_says() {
    let table = [
        (P::Textbook, ".1", ".1"),
        (P::TcpRfc6298, "1", "1"),
        (P::TcpSynLinux, "1", "1"),
        (P::TcpSynLinux65, "1", "1"),
        (P::QuicPto, ".999", ".999"),
        (P::Coap, "2", "3"),
        (P::Stun, ".5", ".5"),
        (P::SipInvite, ".5", ".5"),
        (P::SipNonInvite, ".5", ".5"),
        (P::Dhcpv4, "3", "5"),
        (P::Dhcpv6Solicit, "1.000000001", "1.1"),
        (P::Dhcpv6Request, ".9", "1.1"),
        (P::Dhcpv6Confirm, ".9", "1.1"),
        (P::Dhcpv6Release, ".9", "1.1"),
        // RFC 8415 section 18.3.11: a server doubles the wait, without the random factor of section 15.
        (P::Dhcpv6Reconfigure, "2", "2"),
        (P::Radius, "1.8", "2.2"),
        (P::Dtls, "1", "1"),
        (P::Ipv6Rs, "3.6", "4.4"),
        (P::DnsStub, "5", "5"),
        (P::MdnsQuery, "1", "1"),
        (P::MdnsProbe, ".25", ".25"),
        (P::Snmp, "1", "1"),
        (P::Grpc, ".08", ".12"),
        (P::GrpcHedging, ".5", ".5"),
        (P::GrpcConnect, "1", "1"),
        (P::AwsStandard, "0", "1"),
        (P::AwsStandard2026, "0", ".05"),
        (P::AwsDynamodb2026, "0", ".025"),
        (P::Kafka, ".08", ".12"),
        (P::KubernetesCrashloop, "0", "0"),
        (P::Curl, "1", "1"),
        (P::Wget, "1", "1"),
        (P::Envoy, "0", ".024"),
        (P::Ethernet, "0", ".0000512"),
    ];
    // The pinger has no second send.
    let others: Vec<Preset> = P::ALL.iter().copied().filter(|one| *one != P::UdpPinger).collect();
    assert_eq!(table.map(|(preset, ..)| preset).as_slice(), others);
    assert_eq!(P::UdpPinger.policy().sends_drawn(Draw::Most).count(), 1);
    for (preset, earliest, latest) in table {
        let policy = preset.policy();
        let second = |draw| policy.sends_drawn(draw).nth(1).unwrap();
        let ends = [second(Draw::Least), second(Draw::Most)];
        assert_eq!(ends, [s(earliest), s(latest)], "{preset}");
    }
    // grpc-go's first wait is exact.
    let connect = P::GrpcConnect.policy();
    let ends = [Draw::Least, Draw::Most].map(|draw| connect.sends_drawn(draw).nth(2).unwrap());
    assert_eq!(ends, [s("2.28"), s("2.92")]);
}

/// "Solicit first r > 0": the first wait is longer than IRT.
#[test]
fn a_solicits_first_wait_is_longer_than_a_second() {
    let policy = P::Dhcpv6Solicit.policy();
    for exchange in 1..=1_000 {
        let first = policy.sends_of(1, exchange).nth(1).unwrap();
        assert!(first > s("1") && first <= s("1.1"), "exchange {exchange}: {first:?}");
    }
    let request = P::Dhcpv6Request.policy();
    let shorter = (1..=1_000).filter(|e| request.sends_of(1, *e).nth(1).unwrap() < s("1")).count();
    assert!(shorter.abs_diff(500) < 64, "a Request's is symmetric: {shorter}");
}

#[test]
fn every_preset_validates_and_says_where_it_is_from() {
    for (place, preset) in P::ALL.iter().enumerate() {
        assert_eq!(preset.policy().to_builder().build(), Ok(preset.policy()), "{preset}");
        assert_eq!(preset.name().parse(), Ok(*preset));
        assert_eq!(P::NAMES[place], preset.name());
        assert!(preset.source().len() > 4 && preset.use_when().len() > 10, "{preset}");
        assert!(!preset.use_when().ends_with('.'), "{preset}: a line, not a sentence");
        assert!(!P::NAMES[..place].contains(&preset.name()), "{preset} is there twice");
        let source = preset.source();
        let standard = ["RFC ", "gRFC ", "IEEE "].iter().any(|body| source.starts_with(body));
        let code = [".c", ".go", ".java", ".py"].iter().any(|end| source.contains(end));
        assert!(
            standard || code || [P::Textbook, P::UdpPinger].contains(preset),
            "{preset}: {source} names no section or file"
        );
    }
    assert_eq!("no-such".parse::<Preset>(), Err(ValueError::of::<Preset>()));
}
