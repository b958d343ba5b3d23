use super::*;
use crate::lessons::lessons;
use crate::run::PageRun;
use crate::timeline::{Timeline, usual_latency};
use retrylab_core::random::{Name, Purpose};
use retrylab_core::scenario::Scenario;

fn folds_of(scenario: Scenario) -> (Folds, Timeline) {
    let flight = usual_latency(&scenario);
    let mut run = PageRun::new(scenario);
    while !run.advance(10_000) {}
    let timeline = Timeline::new(&run);
    (Folds::new(timeline.moments(), timeline.end(), flight), timeline)
}

fn lesson(title: &str) -> (Folds, Timeline) {
    let lesson = lessons().find(|lesson| lesson.title == title).unwrap();
    folds_of(Scenario::from_fragment(lesson.fragment).0)
}

#[test]
fn every_lesson_of_the_course_plays_in_about_fifteen_seconds() {
    for lesson in lessons().take(11) {
        let (folds, timeline) = folds_of(Scenario::from_fragment(lesson.fragment).0);
        assert!((12.0..18.0).contains(&folds.length()), "{}: {}", lesson.title, folds.length());
        assert_eq!(folds.at(folds.length()), timeline.end(), "{}", lesson.title);
    }
}

#[test]
fn a_wait_is_folded_and_its_flights_are_not() {
    let (folds, _) = lesson("One lost reply");
    assert_eq!(folds.folds(), [Fold { from: 15_000_000, to: 100_000_000 }]);
    let flight = folds.play(10_000_000);
    assert!((flight - (folds.play(120_000_000) - folds.play(110_000_000))).abs() < 1e-9);
    let wait = folds.play(100_000_000) - folds.play(15_000_000);
    assert!((2.0 * flight..3.0 * flight).contains(&wait), "{wait} and {flight}");
}

#[test]
fn longer_waits_are_longer_to_watch() {
    let (folds, _) = lesson("The textbook program itself");
    let doubled = &folds.folds()[..5];
    let seconds = |fold: &Fold| folds.play(fold.to) - folds.play(fold.from);
    for (wait, next) in doubled.iter().zip(&doubled[1..]) {
        assert!(wait.length() * 2 <= next.length());
        assert!(seconds(wait) * 1.2 < seconds(next), "{} and {}", seconds(wait), seconds(next));
    }
}

#[test]
fn what_is_too_much_to_show_is_not_folded() {
    let (folds, timeline) = lesson("The storm that does not end");
    assert_eq!(folds.folds(), []);
    let half = folds.play(timeline.end() / 2);
    assert!((half - folds.length() / 2.0).abs() < 1e-6);
}

#[test]
fn the_map_is_monotone_and_can_be_inverted() {
    for case in 0..200 {
        let mut stream = Name::exchange(case, 1, 1).stream(Purpose::Think);
        let flight = stream.up_to(20_000_000);
        let mut moments = vec![stream.up_to(2)];
        for _ in 0..stream.up_to(60) {
            let shift = stream.up_to(12) as u32;
            moments.push(moments.last().unwrap() + 1 + (stream.up_to(1 << 34) >> (3 * shift)));
        }
        let end = *moments.last().unwrap();
        let folds = Folds::new(&moments, end, flight);
        assert!(folds.length() <= WHOLE + 1e-6);
        let mut before = -1.0;
        for at in moments.iter().flat_map(|at| [at.saturating_sub(1), *at, at + 1]).chain([0, end])
        {
            let back = folds.at(folds.play(at));
            let slack = 2 + end / 1_000_000_000_000;
            assert!(back.abs_diff(at.min(end)) <= slack, "case {case}: {at} comes back as {back}");
        }
        for at in &moments {
            assert!(folds.play(*at) > before, "case {case}");
            before = folds.play(*at);
        }
        for fold in folds.folds() {
            assert!(fold.length() > 2 * flight, "case {case}");
            assert!(moments.iter().all(|at| *at <= fold.from || *at >= fold.to), "case {case}");
        }
        assert!(folds.folds().is_sorted_by_key(|fold| fold.from));
    }
}

#[test]
fn the_playhead_moves_with_the_readers_speed_and_stops_at_the_end() {
    let (folds, timeline) = lesson("Backoff");
    let end = timeline.end();
    let frames = |rate: f64| {
        let (mut at, mut frames) = (0, 0);
        while at < end {
            let next = folds.advance(at, 1.0 / 60.0, rate);
            assert!(next > at);
            (at, frames) = (next, frames + 1);
        }
        f64::from(frames) / 60.0
    };
    assert!((frames(1.0) - folds.length()).abs() < 0.05, "{}", frames(1.0));
    assert!((frames(2.0) * 2.0 - folds.length()).abs() < 0.05, "{}", frames(2.0));
    assert_eq!(folds.advance(end, 1.0, 1.0), end);
    assert_eq!(folds.advance(5, 0.0, 1.0), 6, "it is never stuck");
}

#[test]
fn a_run_without_time_has_a_map_too() {
    let folds = Folds::new(&[0], 0, 10);
    assert_eq!((folds.length(), folds.at(3.0), folds.advance(0, 1.0, 1.0)), (0.0, 0, 0));
    let instant = Folds::new(&[], 7, 0);
    assert_eq!((instant.length(), instant.at(instant.length())), (PER_STRETCH, 7));
}
