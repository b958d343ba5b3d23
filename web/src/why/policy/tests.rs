use crate::why::tests::of_last_wait;

/// A wait that is cut was once taken for what the jitter had drawn, and one of 0 s for one of a nanosecond.
#[test]
fn a_wait_is_cut_by_the_limit_that_cuts_it() {
    for (fragment, sentence) in [
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
    ] {
        let chain = of_last_wait(fragment);
        assert!(chain.iter().any(|text| text == sentence), "{fragment}: {chain:?}");
    }
}
