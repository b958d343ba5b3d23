//! What `ping` and `fping` print. Every reply has its round-trip time; all other lines are skipped.
//!
//! ```text
//! 64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=12.3 ms    ping of Linux, BSD, macOS and busybox
//! Reply from 192.0.2.1: bytes=32 time<1ms TTL=57             ping of Windows, in any language
//! 192.0.2.1 : [0], 64 bytes, 12.3 ms (12.3 avg, 0% loss)     fping -c, -C and -l
//! 192.0.2.1 : 12.3 - 11.9                                    the last lines of fping -C, in ms
//! ```

use retrylab_core::time::parse_duration;

/// The time of a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply<'a> {
    /// Number of its line, from 1.
    pub(super) line: usize,
    /// The host, if the line names it before a colon.
    pub(super) host: Option<&'a str>,
    /// The time with its unit.
    pub(super) time: String,
}

/// Returns whether a line begins the output of `ping`.
pub(super) fn begins(line: &str) -> bool {
    ["PING ", "Pinging "].iter().any(|word| line.trim_start().starts_with(word))
}

/// Returns the times of all replies; empty if the text is not the output of such a program.
pub(super) fn read(text: &str) -> Vec<Reply<'_>> {
    let numbered = || (1..).zip(text.lines());
    // A repeated reply has the number of an earlier one.
    let lines = numbered().filter(|(_, line)| !line.contains("DUP!"));
    let single: Vec<Reply<'_>> = lines.filter_map(|(n, line)| reply(n, line)).collect();
    // The last lines of `fping -C` repeat the times of all replies.
    if single.is_empty() {
        numbered().flat_map(|(n, line)| all_replies(n, line)).collect()
    } else {
        single
    }
}

fn reply(line: usize, text: &str) -> Option<Reply<'_>> {
    if let Some((before, after)) = text.split_once(" bytes, ")
        && let Some((host, _)) = before.split_once(" : ")
    {
        let host = host.split_whitespace().last();
        return Some(Reply { line, host, time: leading_time(after)?.to_string() });
    }
    // `=` directly after a word: Windows ends with `Minimum = 11ms`.
    let time = text.match_indices(['=', '<']).find_map(|(at, _)| {
        text[..at].ends_with(char::is_alphabetic).then(|| leading_time(&text[at + 1..]))?
    })?;
    Some(Reply { line, host: None, time: time.to_string() })
}

/// Returns the number with a unit of time at the start of `text`.
fn leading_time(text: &str) -> Option<&str> {
    let number = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let blank = usize::from(text[number..].starts_with(' '));
    let unit = &text[number + blank..];
    let end = unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len());
    let time = &text[..number + blank + end];
    let is_time = number > 0 && end > 0 && parse_duration(time).is_some();
    is_time.then_some(time)
}

/// Returns the times of `HOST : 12.3 - 11.9`; lost replies are `-`.
fn all_replies(line: usize, text: &str) -> Vec<Reply<'_>> {
    let Some((host, times)) = text.split_once(" : ") else { return Vec::new() };
    let is_number = |time: &str| time.bytes().all(|b| b == b'.' || b.is_ascii_digit());
    if !times.split_whitespace().all(|time| time == "-" || is_number(time)) {
        return Vec::new();
    }
    let times = times.split_whitespace().filter(|time| *time != "-");
    times.map(|time| Reply { line, host: Some(host.trim()), time: format!("{time}ms") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str) -> String {
        let times: Vec<String> =
            read(text).into_iter().map(|reply| format!("{}:{}", reply.line, reply.time)).collect();
        times.join(" ")
    }

    #[test]
    fn every_ping_is_read() {
        for (text, expected) in [
            (
                // iputils, with -D and -O.
                "PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.\n\
                 [1732645422.123456] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=12.3 ms\n\
                 [1732645423.123456] no answer yet for icmp_seq=2\n\
                 64 bytes from 192.0.2.1: icmp_seq=3 ttl=57 time=0.045 ms\n\
                 64 bytes from 192.0.2.1: icmp_seq=3 ttl=57 time=0.090 ms (DUP!)\n\
                 From 192.0.2.9 icmp_seq=4 Destination Host Unreachable\n\
                 64 bytes from example.org (2001:db8::1): icmp_seq=5 ttl=57 time=1234 ms\n\
                 \n\
                 --- 192.0.2.1 ping statistics ---\n\
                 5 packets transmitted, 3 received, +1 duplicates, 40% packet loss, time 4005ms\n\
                 rtt min/avg/max/mdev = 0.045/12.3/1234/0.4 ms, pipe 2\n",
                "2:12.3 ms 4:0.045 ms 7:1234 ms",
            ),
            (
                // macOS and FreeBSD; busybox has `seq`.
                "PING example.org (192.0.2.1): 56 data bytes\n\
                 64 bytes from 192.0.2.1: icmp_seq=0 ttl=57 time=12.345 ms\n\
                 Request timeout for icmp_seq 1\n\
                 64 bytes from 192.0.2.1: seq=2 ttl=57 time=11.9 ms\n\
                 round-trip min/avg/max/stddev = 11.9/12.1/12.345/0.2 ms\n",
                "2:12.345 ms 4:11.9 ms",
            ),
            (
                "\r\nPinging 192.0.2.1 with 32 bytes of data:\r\n\
                 Reply from 192.0.2.1: bytes=32 time=12ms TTL=57\r\n\
                 Request timed out.\r\n\
                 Reply from 192.0.2.1: bytes=32 time<1ms TTL=57\r\n\
                 Antwort von 192.0.2.1: Bytes=32 Zeit=13ms TTL=57\r\n\
                 R\u{fffd}ponse de 192.0.2.1 : octets=32 temps=14 ms TTL=57\r\n\
                 \r\n    Minimum = 0ms, Maximum = 12ms, Average = 6ms\r\n",
                "3:12ms 5:1ms 6:13ms 7:14 ms",
            ),
            ("len=46 ip=192.0.2.1 ttl=57 id=0 seq=0 win=0 rtt=0.7 ms\n", "1:0.7 ms"),
            ("9ms\n", ""),
            ("time=\n=5ms\ntime=.ms\ntime=5\n", ""),
        ] {
            assert_eq!(times(text), expected, "{text}");
        }
    }

    #[test]
    fn both_forms_of_fping_are_read_once() {
        let single = "192.0.2.1 : [0], 64 bytes, 12.3 ms (12.3 avg, 0% loss)\n\
                      192.0.2.1 : [1], timed out (12.3 avg, 50% loss)\n\
                      [1732645422.1] 192.0.2.1 : [2], 84 bytes, 1.9 ms (7.1 avg, 33% loss)\n";
        let all = "192.0.2.1 : 12.3 - 1.9\n";
        let summary = "192.0.2.1 : xmt/rcv/%loss = 3/2/33%, min/avg/max = 1.9/7.1/12.3\n";
        assert_eq!(times(single), "1:12.3 ms 3:1.9 ms");
        assert_eq!(times(all), "1:12.3ms 1:1.9ms");
        assert_eq!(times(&format!("{single}\n{all}")), "1:12.3 ms 3:1.9 ms");
        assert_eq!(times(&format!("{single}\n{summary}")), "1:12.3 ms 3:1.9 ms");
        let hosts = |text: &str| {
            read(text).into_iter().map(|reply| reply.host.unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(hosts(single), ["192.0.2.1"; 2]);
        assert_eq!(hosts("a   : 1 -\n2001:db8::1 : 2\n"), ["a", "2001:db8::1"]);
    }
}
