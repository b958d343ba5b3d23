//! Colours, on a light or on a dark background.

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// The background of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Theme {
    // Dark on white.
    Light,
    // Light on a dark grey.
    Dark,
}

/// The colours of everything except data.
pub(super) struct Paints {
    pub(super) background: Colour,
    pub(super) text: Colour,
    /// Captions and labels of ticks.
    pub(super) muted: Colour,
    pub(super) axis: Colour,
    pub(super) grid: Colour,
}

/// Colours of lines on a light and on a dark background. They can be told apart with every common colour blindness.
const LINES: [(Colour, Colour); 8] = [
    ([0x00, 0x72, 0xb2], [0x56, 0xb4, 0xe9]),
    ([0xd5, 0x5e, 0x00], [0xff, 0x9a, 0x57]),
    ([0x00, 0x80, 0x5e], [0x2f, 0xc4, 0x93]),
    ([0xb3, 0x47, 0x8a], [0xe5, 0x9a, 0xc4]),
    ([0x9a, 0x6b, 0x00], [0xf0, 0xc0, 0x4a]),
    ([0x5b, 0x4b, 0xc4], [0xb3, 0xa6, 0xff]),
    ([0x6b, 0x3e, 0x1f], [0xd9, 0xa3, 0x7c]),
    ([0x5c, 0x66, 0x70], [0xb4, 0xbe, 0xc8]),
];

/// From little to much: viridis (Smith and van der Walt 2015), whose lightness grows evenly, so that it is readable in
/// grey and with every colour blindness.
const SCALE: [Colour; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

impl Theme {
    pub(super) const fn paints(self) -> Paints {
        match self {
            Self::Light => Paints {
                background: [0xff, 0xff, 0xff],
                text: [0x1f, 0x23, 0x28],
                muted: [0x57, 0x60, 0x6a],
                axis: [0x6e, 0x77, 0x81],
                grid: [0xe1, 0xe5, 0xea],
            },
            Self::Dark => Paints {
                background: [0x0d, 0x11, 0x17],
                text: [0xe6, 0xed, 0xf3],
                muted: [0x9e, 0xa7, 0xb0],
                axis: [0x8b, 0x94, 0x9e],
                grid: [0x26, 0x2c, 0x34],
            },
        }
    }

    /// Returns the colour of line `at`. They repeat; markers and dashes then differ.
    pub(super) const fn line(self, at: usize) -> Colour {
        let (light, dark) = LINES[at % LINES.len()];
        match self {
            Self::Light => light,
            Self::Dark => dark,
        }
    }
}

/// Returns the colour of a number from 0 to 1.
pub(super) fn scale(number: f64) -> Colour {
    let place = number.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let low = (place as usize).min(SCALE.len() - 2);
    let part = place - low as f64;
    let mixed = |at: usize| {
        let (low, high) = (f64::from(SCALE[low][at]), f64::from(SCALE[low + 1][at]));
        (low + part * (high - low)).round() as u8
    };
    [mixed(0), mixed(1), mixed(2)]
}

/// Returns the colour of a text on `colour`: black or white, whichever has more contrast (WCAG 2.2, relative luminance).
pub(super) fn on(colour: Colour) -> Colour {
    let linear = |at: usize| (f64::from(colour[at]) / 255.0).powf(2.2);
    let luminance = 0.2126 * linear(0) + 0.7152 * linear(1) + 0.0722 * linear(2);
    if luminance > 0.18 { [0, 0, 0] } else { [255, 255, 255] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_colours_becomes_lighter() {
        let light = |number: f64| scale(number).iter().map(|part| u32::from(*part)).sum::<u32>();
        assert_eq!((scale(0.0), scale(1.0), scale(7.0)), (SCALE[0], SCALE[8], SCALE[8]));
        assert!(light(0.0) < light(0.5) && light(0.5) < light(1.0));
        assert_eq!((on(scale(0.0)), on(scale(1.0))), ([255; 3], [0; 3]));
    }
}
