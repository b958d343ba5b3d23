//! The kinds, a file for each.
//!
//! Each returns `None` if what it drew has no answer, several, or one that a rounding would change; then it draws again.

mod answered_send;
mod first_to_give_up;
mod next_send;
mod outage;
mod policy;
mod recovers;
mod sends;

use super::draw::Draw;
use super::{Exercise, Kind};

/// Draws an instance; of the result, the number counts for nothing.
pub(super) fn draw(kind: Kind, draw: &mut Draw<'_>) -> Option<Exercise> {
    match kind {
        Kind::NextSend => next_send::draw(draw),
        Kind::FirstToGiveUp => first_to_give_up::draw(draw),
        Kind::AnsweredSend => answered_send::draw(draw),
        Kind::Sends => sends::draw(draw),
        Kind::Recovers => recovers::draw(draw),
        Kind::Policy => policy::draw(draw),
    }
}
