//! The timetable: bounds with jitter, the end, and the means of samples.

use super::super::*;
use crate::time::Duration;
use alloc::vec::Vec;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn exactly(at: Duration) -> JitterRange {
    JitterRange { least: at, nominal: at, most: at }
}

fn spread([least, nominal, most]: [u64; 3]) -> JitterRange {
    JitterRange { least: ms(least), nominal: ms(nominal), most: ms(most) }
}

#[test]
fn without_jitter_the_bounds_are_the_times_themselves() {
    let table = Policy::textbook().timetable(20, 100);
    let at: Vec<JitterRange> = table.sends.iter().map(|send| send.at).collect();
    assert_eq!(at, [0, 100, 300, 700, 1_500].map(|at| exactly(ms(at))));
    let waits: Vec<JitterRange> = table.sends.iter().map(|send| send.wait).collect();
    assert_eq!(waits, [100, 200, 400, 800, 1_600].map(|wait| exactly(ms(wait))));
    assert!(table.sends.iter().all(|send| send.certain));
    let end = ScheduleEnd::At { at: exactly(ms(3_100)), sends: 5, why: Stop::GiveUpAbove };
    assert_eq!(table.end, end);
}

#[test]
fn jitter_spreads_the_sends_the_waits_and_the_end() {
    let table = Preset::Coap.policy().timetable(20, 100);
    let last = table.sends[4];
    assert_eq!(last.at, spread([30_000, 30_000, 45_000]));
    assert_eq!(last.wait, spread([32_000, 32_000, 48_000]));
    let at = JitterRange { least: s(62), nominal: s(62), most: s(93) };
    assert_eq!(table.end, ScheduleEnd::At { at, sends: 5, why: Stop::MaxSends });
}

#[test]
fn only_the_first_sends_are_kept_and_the_end_is_found() {
    let wget = Preset::Wget.policy();
    let table = wget.timetable(3, 100);
    assert_eq!(table.sends.len(), 3);
    assert!(matches!(table.end, ScheduleEnd::At { sends: 20, .. }), "{:?}", table.end);
    assert_eq!(wget.timetable(3, 20).end, table.end, "exactly as many sends as are examined");
    assert_eq!(wget.timetable(3, 19).end, ScheduleEnd::Far);
    let solicit = Preset::Dhcpv6Solicit.policy().timetable(4, usize::MAX);
    assert_eq!((solicit.sends.len(), solicit.end), (4, ScheduleEnd::Never));
}

/// Waits of zero would be sends without number before the deadline.
#[test]
fn of_sends_that_only_short_waits_allow_the_first_is_kept() {
    let endless = Policy::exponential(ms(100)).jitter(Jitter::Full);
    let table = endless.deadline(Some(s(3))).build().unwrap().timetable(20, 100);
    assert_eq!(table.sends.len(), 6);
    assert!(table.sends[..5].iter().all(|send| send.certain));
    let more = table.sends[5];
    assert_eq!((more.certain, more.at), (false, spread([0, 3_000, 3_000])));
    assert_eq!(table.end, ScheduleEnd::At { at: exactly(s(3)), sends: 5, why: Stop::Deadline });
}

#[test]
fn mean_times_are_those_of_the_exchanges_drawn() {
    let aws = Preset::AwsStandard.policy();
    let means = aws.mean_times(1, 2, 20, 100);
    let drawn: Vec<Vec<Duration>> = [1, 2].map(|e| aws.sends_of(1, e).collect()).into();
    for (place, mean) in means.sends.iter().enumerate() {
        assert_eq!(*mean, (drawn[0][place] + drawn[1][place]) / 2);
    }
    let mut ends = [1, 2].map(|exchange| aws.sends_of(1, exchange));
    ends.iter_mut().for_each(|walk| walk.by_ref().for_each(drop));
    assert_eq!(means.end, Some((ends[0].elapsed() + ends[1].elapsed()) / 2));
    let none = aws.mean_times(1, 0, 20, 100);
    assert_eq!((none.sends.len(), none.end), (0, None));
}

/// 100 days, times 1,000 for each send: the third wait is longer than 584 years.
#[test]
fn times_beyond_the_largest_one_are_not_shown_as_if_they_were_known() {
    let builder = Policy::exponential(LONGEST).multiplier(Factor::parse("1000").unwrap());
    let policy = builder.max_sends(Some(10)).build().unwrap();
    let table = policy.timetable(20, 1_000);
    assert_eq!((table.end, table.sends.len()), (ScheduleEnd::Beyond, 2));
    assert_eq!(policy.gives_up_after(), None);
    let jittered = builder.max_sends(Some(3)).jitter("proportional 0.2".parse().unwrap());
    assert_eq!(jittered.build().unwrap().timetable(20, 1_000).end, ScheduleEnd::Beyond);
    let endless = builder.build().unwrap().timetable(20, 1_000);
    assert_eq!((endless.end, endless.sends.len()), (ScheduleEnd::Never, 2));
}
