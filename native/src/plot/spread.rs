//! Places labels next to lines, so that they do not overlap.

/// Labels that touch each other.
struct Group {
    /// Indices of the labels, from top to bottom.
    members: Vec<usize>,
    /// Sum of the positions of the first label that would place each member exactly.
    sum: f64,
}

impl Group {
    /// Returns the position of the first label: the mean of the wished ones, within the limits.
    fn start(&self, gap: f64, (low, high): (f64, f64)) -> f64 {
        let count = self.members.len() as f64;
        let last = high - (count - 1.0) * gap;
        (self.sum / count).min(last).max(low)
    }
}

/// Returns a position from `limits.0` to `limits.1` for each wished one: at least `gap` apart, in the same order, and with
/// the smallest squares of the distances. If there is not enough room, the gaps are smaller.
pub(super) fn spread(wished: &[f64], gap: f64, limits: (f64, f64)) -> Vec<f64> {
    let between = wished.len().saturating_sub(1).max(1) as f64;
    let gap = gap.min((limits.1 - limits.0) / between);
    let mut order: Vec<usize> = (0..wished.len()).collect();
    order.sort_by(|a, b| wished[*a].total_cmp(&wished[*b]));
    let mut groups: Vec<Group> = Vec::new();
    for at in order {
        let mut group = Group { members: vec![at], sum: wished[at] };
        while let Some(above) = groups.pop() {
            let end = above.start(gap, limits) + above.members.len() as f64 * gap;
            if end <= group.start(gap, limits) {
                groups.push(above);
                break;
            }
            let shift = above.members.len() as f64 * group.members.len() as f64 * gap;
            group = Group {
                members: [above.members, group.members].concat(),
                sum: above.sum + group.sum - shift,
            };
        }
        groups.push(group);
    }
    let mut places = vec![0.0; wished.len()];
    for group in groups {
        let start = group.start(gap, limits);
        for (n, at) in group.members.into_iter().enumerate() {
            places[at] = start + n as f64 * gap;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread(&[50.0, 10.0, 90.0], 15.0, (0.0, 100.0)), [50.0, 10.0, 90.0]);
        assert_eq!(spread(&[50.0, 50.0], 10.0, (0.0, 100.0)), [45.0, 55.0]);
        assert_eq!(spread(&[0.0, 0.0, 2.0], 10.0, (0.0, 100.0)), [0.0, 10.0, 20.0]);
        assert_eq!(spread(&[100.0, 99.0], 10.0, (0.0, 100.0)), [100.0, 90.0]);
        assert_eq!(spread(&[], 10.0, (0.0, 100.0)), [0.0; 0]);
    }

    #[test]
    fn labels_never_overlap() {
        let mut state = 3u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        for count in 0..200 {
            let wished: Vec<f64> =
                (0..count % 25).map(|_| (400.0 * draw()).powf(1.0 + draw() / 9.0)).collect();
            let places = spread(&wished, 16.0, (10.0, 390.0));
            let mut order: Vec<usize> = (0..wished.len()).collect();
            order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
            assert!(places.iter().all(|place| (10.0 - 1e-9..=390.0 + 1e-9).contains(place)));
            for pair in order.windows(2) {
                let distance = places[pair[1]] - places[pair[0]];
                assert!(distance > 15.8, "{wished:?} {places:?}");
                assert!(wished[pair[0]] <= wished[pair[1]], "{wished:?} {places:?}");
            }
        }
    }
}
