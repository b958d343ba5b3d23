//! Closed-form models, to compare measurements with theory.
//!
//! Each function documents its conditions; if they do not hold, its result is not a prediction.
//! [`MODELS`] lists the same functions by name, with inputs as text, for the command line.
//!
//! The models use floats, because no run depends on them.

mod channel;
#[cfg(feature = "sim")]
mod independence;
mod metastable;
mod models;
#[cfg(feature = "sim")]
mod prediction;
mod queues;
mod retries;
#[cfg(feature = "sim")]
mod served;
#[cfg(test)]
mod tests;

pub use channel::{GilbertElliott, aloha, herd, slotted_aloha};
#[cfg(feature = "sim")]
pub use independence::independent;
pub use metastable::{Load, Metastable};
pub use models::{Evaluation, Input, MODELS, Model, Output, TheoryError};
#[cfg(feature = "sim")]
pub use prediction::{Distance, predict};
pub use queues::{Queue, erlang_b, erlang_c, md1, mm1, mm1k};
pub use retries::{Bernoulli, amplification};
#[cfg(feature = "sim")]
pub use served::{MetastablePrediction, QueuePrediction, predict_metastable, predict_queue};
