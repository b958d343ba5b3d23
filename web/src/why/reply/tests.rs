use super::taken_by;
use crate::timeline::Packet;
use crate::why::Chain;
use crate::why::tests::{over, texts};

/// A request and its duplicate have their own ways through the server.
#[test]
fn a_duplicated_request_is_two_at_the_server() {
    let twice = "acts=duplicate+client+1+request+1&server.service=20ms";
    let (run, timeline) = over(twice);
    let replies: Vec<_> =
        (0..).zip(timeline.packets()).filter(|(_, packet)| packet.request.is_some()).collect();
    let why = |place: usize| {
        let id = replies[place].0;
        texts(Chain::of_packet(&run, &timeline, id, (3, u64::MAX)))
    };
    assert_eq!(replies.len(), 2);
    assert_eq!(why(0)[1], "The server replied to send 1 at 0.030 s, after 20 ms of work.");
    assert_eq!(
        why(1)[1],
        "The server replied to send 1 at 0.050 s, after 20 ms in the queue and 20 ms of work."
    );
    // The first one is worked on while the second one is dropped.
    let (_, timeline) = over(&format!("{twice}&server.queue=0"));
    assert_eq!(timeline.servers().load(0, 10_000_000).working, 1);
    // The one that is dropped does not hide the one that was replied to.
    let (run, timeline) =
        over("acts=duplicate+client+1+request+1&server.drop_list=1&link.reply_loss=first+1");
    let second = timeline.packets().iter().position(|packet| packet.send() == 2).unwrap();
    let chain = texts(Chain::of_packet(&run, &timeline, second as u32, (3, u64::MAX)));
    assert!(chain.iter().any(|text| text.starts_with("The reply to send 1 was lost")), "{chain:?}");
}

/// Replies without a token: a client that waits for exchange 2 counts a failure of exchange 1 for it.
#[test]
fn a_failure_may_count_for_another_exchange() {
    let (run, timeline) = over("policy.preset=envoy&server.fail=0.9&seed=2&exchanges=3");
    assert_eq!(
        crate::words::moment(&run, &timeline, 20_000_000),
        "The reply to send 1 of exchange 1 arrives. The client counts the failure of send 1 of exchange 1 for exchange 2 and \
         sends again at once."
    );
    let is_second = |packet: &Packet| packet.owner() == Some((1, 2)) && packet.send() == 2;
    let again = timeline.packets().iter().position(is_second).unwrap();
    let chain = texts(Chain::of_packet(&run, &timeline, again as u32, (3, u64::MAX)));
    assert_eq!(chain[1], "The client had counted a failure of exchange 1 for this one.");
    let failed = timeline.packets().iter().find(|packet| packet.failure).unwrap();
    assert_eq!(taken_by(&timeline, run.records(), failed), Some(2));
}

/// A failure that goes out at once, because the queue is full, is not one that was drawn.
#[test]
fn a_failure_has_its_own_reason() {
    let (run, timeline) = over(
        "server.fail=0.5&server.service=50ms&server.queue=0&server.overflow=fail&clients=3&policy.max_sends=1&seed=4",
    );
    let failures = (0..).zip(timeline.packets()).filter(|(_, packet)| packet.failure);
    let why = failures.map(|(id, packet)| {
        let chain = texts(Chain::of_packet(&run, &timeline, id, (3, u64::MAX)));
        (packet.sent, chain.into_iter().find(|text| text.starts_with("The server failed")).unwrap())
    });
    let at_once = why.filter(|(sent, _)| *sent == 10_000_000).map(|(_, why)| why);
    for why in at_once {
        let full =
            "The server failed send 1 at 0.010 s: it was busy, and there was no room in its queue.";
        assert_eq!(why, full);
    }
}
