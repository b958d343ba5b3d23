//! What callgrind counts: instructions by address within the program, and by function within libraries.

use std::collections::BTreeMap;

/// Executed instructions of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// By address within the program.
    pub(super) program: BTreeMap<u64, f64>,
    /// By name of the function, in all other files.
    pub(super) libraries: BTreeMap<String, f64>,
}

impl Counts {
    /// Reads the output of `callgrind --dump-instr=yes`. `program` is how the path of the program ends.
    ///
    /// A line of costs is an address, a line number and a count. Addresses and numbers may be relative to the previous ones; a name is
    /// written once, with a number in brackets that stands for it later. What follows `calls=` is the cost of a whole
    /// call, which its own lines contain as well.
    pub(super) fn read(text: &str, program: &str) -> Self {
        let (mut counts, mut names) = (Self::default(), BTreeMap::new());
        let (mut object, mut function) = (String::new(), String::new());
        let (mut address, mut is_call) = (0_u64, false);
        for line in text.lines() {
            if let Some((key, name)) = line.split_once('=') {
                // A called object or function has a key that begins with `c`, and a number of the same list.
                match key {
                    "ob" => object = named(&mut names, "ob", name),
                    "fn" => function = named(&mut names, "fn", name),
                    "cob" | "cfn" => drop(named(&mut names, &key[1..], name)),
                    "calls" => is_call = true,
                    _ => {}
                }
                continue;
            }
            let mut words = line.split(' ');
            let at = words.next().and_then(|word| moved(address, word));
            let (Some(at), Some(count)) =
                (at, words.nth(1).and_then(|word| word.parse::<f64>().ok()))
            else {
                continue;
            };
            address = at;
            if std::mem::take(&mut is_call) {
                continue;
            }
            let sum = if object.ends_with(program) {
                counts.program.entry(address).or_default()
            } else {
                counts.libraries.entry(function.clone()).or_default()
            };
            *sum += count;
        }
        counts
    }

    /// Returns these counts without those of `other`, divided by `by`.
    pub(super) fn beyond(&self, other: &Self, by: f64) -> Self {
        Self {
            program: difference(&self.program, &other.program, by),
            libraries: difference(&self.libraries, &other.libraries, by),
        }
    }
}

fn difference<K: Ord + Clone>(
    all: &BTreeMap<K, f64>,
    other: &BTreeMap<K, f64>,
    by: f64,
) -> BTreeMap<K, f64> {
    let left = |(key, count): (&K, &f64)| {
        (key.clone(), (count - other.get(key).copied().unwrap_or_default()) / by)
    };
    all.iter().map(left).collect()
}

/// Returns the name that `text` gives or stands for: `(7) name`, or `(7)` if it was given before.
fn named(names: &mut BTreeMap<(&'static str, String), String>, list: &str, text: &str) -> String {
    let list = if list == "ob" { "ob" } else { "fn" };
    let (number, name) = text.split_once(' ').unwrap_or((text, ""));
    let known = names.entry((list, number.to_owned())).or_default();
    if !name.is_empty() {
        name.clone_into(known);
    }
    known.clone()
}

/// Returns the address that a word names: `0x12`, `+3`, `-3`, or `*` for the same one.
fn moved(from: u64, word: &str) -> Option<u64> {
    if word == "*" {
        return Some(from);
    }
    if let Some(hexadecimal) = word.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).ok();
    }
    let steps: i64 = word.parse().ok().filter(|_| word.starts_with(['+', '-']))?;
    from.checked_add_signed(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as callgrind 3.19 writes them.
    const OUTPUT: &str = "\
# callgrind format
positions: instr line
events: Ir
summary: 999

ob=(1) /lib/libc.so.6
fl=(1) memcpy.S
fn=(1) memcpy
0x20 1 30
+4 +1 12

ob=(2) /target/symbols/simulation
fl=(2) src/main.rs
fn=(2) main
0x100 7 5
+3 * 5
cob=(1)
cfn=(1)
calls=3 0x20
* 8 42
-3 +1 2
";

    #[test]
    fn costs_are_summed_by_address_and_by_function_without_calls() {
        let counts = Counts::read(OUTPUT, "/simulation");
        assert_eq!(counts.program, BTreeMap::from([(0x100, 7.0), (0x103, 5.0)]));
        assert_eq!(counts.libraries, BTreeMap::from([("memcpy".to_owned(), 42.0)]));
    }

    #[test]
    fn the_difference_of_two_runs_is_divided() {
        let few = Counts::read(OUTPUT, "/simulation");
        let many = Counts::read(&OUTPUT.replace("0x20 1 30", "0x20 1 90"), "/simulation");
        let each = many.beyond(&few, 10.0);
        assert_eq!(each.libraries, BTreeMap::from([("memcpy".to_owned(), 6.0)]));
        assert!(each.program.values().all(|count| *count == 0.0));
    }
}
