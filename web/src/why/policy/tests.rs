use crate::why::tests::of_last_wait;

/// Scenarios and a sentence of the reasons for their last wait.
const CASES: &[(&str, &str)] = &[
    (
        "link.loss=1&policy.max_sends=2&policy.jitter=full",
        "Jitter drew 0.86 of the range from 0 s to 200 ms: 174 ms.",
    ),
    (
        "link.loss=1&policy.max_sends=3",
        "The policy's backoff (exponential) made the wait grow from 200 ms to 400 ms.",
    ),
    (
        "link.loss=1&policy.max_sends=3&policy.max_timeout=300ms",
        "The wait would have been 400 ms, but the policy's maximum is 300 ms.",
    ),
    (
        "link.loss=1&policy.deadline=1s",
        "The wait would have been 800 ms, but the deadline cut it to 300 ms.",
    ),
    (
        "policy.last_timeout=1s&policy.max_sends=2&server.drop=1",
        "The policy has a wait of its own after the last send: 1 s.",
    ),
    (
        "policy.jitter=decorrelated&policy.max_timeout=150ms&policy.max_sends=4&server.drop=1",
        "The policy's maximum of 150 ms cut the wait.",
    ),
    (
        "policy.jitter=once+0.5&policy.max_timeout=300ms&policy.max_sends=4&server.drop=1",
        "The policy's maximum of 300 ms cut the wait.",
    ),
    (
        "server.fail=1&link.latency=60ms&policy.max_sends=4",
        "The client had learned that send 1 failed, and waited for that reason.",
    ),
    (
        "policy.max_timeout=150ms&server.drop=1",
        "The client gave up at 0.700 s after 5 sends: the next wait, before jitter and maximum, would be 3.2 s, above the limit of 2 s.",
    ),
    (
        "link.loss=1&policy.attempt_timeout=50ms&policy.max_sends=2",
        "The client had abandoned send 1 after 50 ms without a reply.",
    ),
    // A wait that is cut was once taken for what the jitter had drawn, and one of 0 s for one of a nanosecond.
    (
        "policy.jitter=full&policy.deadline=500ms&server.drop=1&seed=3",
        "The deadline cut the wait to 111 ms.",
    ),
    (
        "policy.jitter=proportional+0.5&policy.max_timeout=150ms&policy.cap=after&server.drop=1&policy.max_sends=2",
        "The policy's maximum of 150 ms cut the wait.",
    ),
    (
        "policy.preset=kubernetes-crashloop&link.loss=1&policy.max_sends=2",
        "Send 2 left at 0.000 s, because the wait of 0 s for a reply ran out.",
    ),
    (
        "policy.preset=kubernetes-crashloop&link.loss=1&policy.max_sends=2",
        "The policy's backoff (list) made the wait grow from 0 s to 10 s.",
    ),
    (
        "workload.arrivals=times+0s,+10ms&policy.first_delay=30ms&server.drop=1&exchanges=2&token=true&server.reply=mirror&policy.max_sends=1",
        "Send 1 left at 0.040 s, because the delay before the first send was over.",
    ),
];

#[test]
fn a_wait_has_the_numbers_of_its_length() {
    for (fragment, sentence) in CASES {
        let chain = of_last_wait(fragment);
        assert!(chain.iter().any(|text| text == sentence), "{fragment}: {chain:?}");
    }
}
