use super::*;
use crate::why::tests::over;

fn of_exchange(fragment: &str, of: (u32, u32)) -> String {
    let (run, timeline) = over(fragment);
    Json::object(|json| waterfall(json, &run, &timeline, of, u64::MAX))
}

#[test]
fn a_waterfall_has_the_parts_of_each_send() {
    let (run, timeline) = over(crate::lessons::OPENING.fragment);
    let text = Json::object(|json| waterfall(json, &run, &timeline, (1, 1), u64::MAX));
    assert!(text.contains(r#""text":"request 10 ms, the reply was lost on the link""#), "{text}");
    assert!(
        text.contains(r#""text":"after a wait of 100 ms, request 10 ms, reply 10 ms, answered""#),
        "{text}"
    );
    assert!(text.contains(r#"{"kind":"wait","from":0,"to":100000000}"#), "{text}");
    let (run, timeline) = over("server.service=120ms");
    let text = Json::object(|json| waterfall(json, &run, &timeline, (1, 1), u64::MAX));
    assert!(
        text.contains(
            "after a wait of 100 ms, request 10 ms, queue 20 ms, service 120 ms, late 10 ms, too late"
        ),
        "{text}"
    );
    let (run, timeline) = over("link.loss=1");
    let text = Json::object(|json| waterfall(json, &run, &timeline, (1, 1), u64::MAX));
    let gave_up = r#""name":"Gave up","record":20,"text":"after a wait of 1.6 s""#;
    assert!(text.contains(gave_up), "{text}");
}

#[test]
fn a_waterfall_shows_no_row_before_it_has_happened() {
    let rows = |fragment: &str, ms: u64| {
        let (run, timeline) = over(fragment);
        let text = Json::object(|json| waterfall(json, &run, &timeline, (1, 1), ms * 1_000_000));
        let rows = text.split(r#""name":""#).skip(1).map(|row| row.split('"').next().unwrap_or(""));
        (rows.collect::<Vec<_>>().join(", "), text)
    };
    assert_eq!(rows("server.drop=1", 0).0, "Send 1", "it has just left");
    assert_eq!(rows("server.drop=1", 60).0, "Send 1");
    let (names, text) = rows("server.drop=1", 100);
    assert_eq!(names, "Send 1, Send 2");
    assert!(text.contains(r#""text":"after a wait of 100 ms""#), "{text}");
    assert_eq!(rows("server.drop=1&policy.max_sends=1", 99).0, "Send 1");
    assert_eq!(rows("server.drop=1&policy.max_sends=1", 100).0, "Send 1, Gave up");
    let (_, text) = rows("link.loss=1", 3);
    assert!(text.contains(r#""text":"request 3 ms""#), "it may as well arrive: {text}");
}

#[test]
fn every_row_ends_as_its_send_did() {
    for (fragment, row) in [
        ("server.fail=1&policy.max_sends=1", "request 10 ms, reply 10 ms, failed"),
        (
            "server.service=300ms&server.expire=250ms&policy.initial_timeout=20ms&policy.max_sends=2",
            "request 10 ms, queue 280 ms, dropped by the server: the request waited too long",
        ),
        #[cfg(feature = "packets")]
        (
            "network=packets&protocol=http&server.listening=false&policy.max_sends=2",
            "connecting 20 ms, connection refused",
        ),
    ] {
        let text = of_exchange(fragment, (1, 1));
        assert!(text.contains(row), "{fragment}: {text}");
    }
}

#[test]
fn a_reply_that_counts_for_another_exchange_is_a_row_of_both() {
    let fragment = "exchanges=3&server.service=140ms";
    let first = of_exchange(fragment, (1, 1));
    assert!(first.contains("reply 10 ms, counted for exchange 2"), "{first}");
    assert_eq!(first.matches("answered").count(), 1, "{first}");
    let third = of_exchange(fragment, (1, 3));
    assert!(third.contains(r#""name":"Answered""#), "{third}");
    assert!(third.contains("by the reply to exchange 2"), "{third}");
}

/// A reply belongs to the one that was served, and a row shows the one that got further.
#[test]
fn a_request_and_its_duplicate_have_the_row_of_the_one_that_was_answered() {
    let twice = "acts=duplicate+client+1+request+1";
    for (fragment, row) in [
        ("server.service=20ms", "request 10 ms, service 20 ms, reply 10 ms, answered"),
        ("server.drop_list=1", "request 10 ms, reply 10 ms, answered"),
        (
            "server.service=20ms&server.drop_list=1",
            "request 10 ms, service 20 ms, reply 10 ms, answered",
        ),
        ("link.reply_loss=list+1", "request 10 ms, reply 10 ms, answered"),
        (
            "server.service=30ms&server.queue=0",
            "request 10 ms, service 30 ms, reply 10 ms, answered",
        ),
        (
            "server.service=30ms&server.expire=10ms&link.reply_loss=first+1",
            "request 10 ms, service 30 ms, the reply was lost on the link",
        ),
    ] {
        let text = of_exchange(&format!("{fragment}&{twice}"), (1, 1));
        assert!(text.contains(&format!(r#""text":"{row}""#)), "{fragment}: {text}");
    }
}

/// Over connections, too, a hedged exchange may be answered by an earlier send than the last one.
#[cfg(feature = "packets")]
#[test]
fn the_connection_that_was_answered_has_the_answer() {
    let hedged = "network=packets&protocol=tcp&policy.hedging=true&policy.initial_timeout=30ms";
    let text = of_exchange(hedged, (1, 1));
    let rows: Vec<&str> =
        text.split(r#""text":""#).skip(1).filter_map(|row| row.split('"').next()).collect();
    assert_eq!(
        rows,
        [
            "connecting 20 ms, connection 20 ms, answered in 40 ms",
            "after a wait of 30 ms, connecting 10 ms, closed: another send was answered",
        ]
    );
    let text = of_exchange(&format!("{hedged}&link.loss=1"), (1, 1));
    assert!(text.contains("closed with the exchange"), "{text}");
}
