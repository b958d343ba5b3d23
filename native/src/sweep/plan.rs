//! The points of a sweep: every combination of the varied values, each with every seed.

use super::MAX_POINTS;
use super::values::{self, ValuesError};
use super::varied::Varied;
use crate::fingerprint::fingerprint;
use crate::output::{Count, SCHEMA};
use crate::shard::Shard;
use crate::source::{Source, SourceError};
use crate::table::{self, Cell, Column, ColumnKind, Header, MAX_INTEGER, NamedLink, Vary};
use crate::variant::{Variant, VariantError};
use rayon::prelude::*;
use retrylab_core::scenario::{FieldError, Scenario};
use serde::Serialize;
use serde_json::json;

/// Reason why a sweep is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Values(#[from] ValuesError),
    #[error(transparent)]
    Variant(#[from] VariantError),
    #[error("{key} is set by the variant {variant} and varied by --vary; use one of them")]
    VariantAndVaried { key: String, variant: String },
    #[error("--vary: {0} is varied twice; one list can have all values")]
    Twice(String),
    #[error("{0} is set by --set and varied by --vary; use one of them")]
    SetAndVaried(String),
    #[error(
        "--vary: use --seeds N to vary the seed; it runs N seeds, beginning with the scenario's"
    )]
    Seed,
    #[error("--vary: {key} is `{value}` twice")]
    SameValue { key: String, value: String },
    #[error(
        "--seeds: {seeds} from {first} up would exceed {MAX_INTEGER}, the last seed of a sweep: tables hold signed \
         integers"
    )]
    Seeds { first: u64, seeds: u64 },
    #[error(
        "--vary: {key} is {value}; in a sweep it is at most {MAX_INTEGER}: tables hold signed integers"
    )]
    TooLarge { key: String, value: String },
    #[error("--vary and --seeds make {0} points; a sweep has at most {MAX_POINTS}")]
    TooMany(String),
    #[error("with {names}, {error}")]
    Point { names: String, error: FieldError },
}

/// Name of the column of the variants.
const VARIANT: &str = "variant";

/// A valid sweep: every one of its points has been checked.
pub(super) struct Plan {
    base: Scenario,
    /// `--set` and `--seed`.
    sets: Vec<(String, String)>,
    /// If there are any, they are the first varied key, [`VARIANT`].
    variants: Vec<Variant>,
    /// In canonical form: `0.10` is `0.1`.
    vary: Vec<Vary>,
    columns: Vec<Varied>,
    combinations: u64,
    first_seed: u64,
    seeds: u64,
    max_events: u64,
}

/// What identifies a sweep, so that it never resumes from another sweep's rows.
#[derive(Serialize)]
pub(super) struct Identity {
    version: &'static str,
    scenario: String,
    set: Vec<String>,
    vary: Vec<Vary>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variants: Vec<NamedLink>,
    seeds: u64,
    max_events: u64,
}

impl Plan {
    pub(super) fn new(
        source: &Source<'_>,
        variants: Vec<Variant>,
        vary: &[String],
        seeds: u64,
        max_events: u64,
    ) -> Result<Self, PlanError> {
        let base = source.base()?;
        let sets = source.sets()?;
        let mut sets: Vec<(String, String)> =
            sets.into_iter().map(|(key, value)| (key.to_string(), value.into_owned())).collect();
        sets.extend(source.seed.map(|seed| ("seed".to_string(), seed.to_string())));
        let mut vary: Vec<Vary> =
            vary.iter().map(|text| values::read(text)).collect::<Result<_, _>>()?;
        for (at, Vary { key, .. }) in vary.iter().enumerate() {
            if key == "seed" {
                return Err(PlanError::Seed);
            }
            if vary[..at].iter().any(|before| before.key == *key) {
                return Err(PlanError::Twice(key.clone()));
            }
            if sets.iter().any(|(set, _)| set == key) {
                return Err(PlanError::SetAndVaried(key.clone()));
            }
            if let Some(variant) = variants.iter().find(|variant| variant.sets(key)) {
                let (key, variant) = (key.clone(), variant.name.clone());
                return Err(PlanError::VariantAndVaried { key, variant });
            }
        }
        if !variants.is_empty() {
            let values = variants.iter().map(|variant| variant.name.clone()).collect();
            vary.insert(0, Vary { key: VARIANT.to_string(), values });
        }
        let combinations =
            vary.iter().map(|vary| vary.values.len() as u128).try_fold(1u128, u128::checked_mul);
        let points = combinations.and_then(|n| n.checked_mul(seeds.into()));
        let combinations = match (combinations, points) {
            (Some(n), Some(points)) if points <= MAX_POINTS.into() => n as u64,
            (_, Some(points)) => return Err(PlanError::TooMany(points.to_string())),
            (_, None) => return Err(PlanError::TooMany("more than 10^38".to_string())),
        };
        let columns = Vec::new();
        let first_seed = 0;
        let mut plan = Self {
            base,
            sets,
            variants,
            vary,
            columns,
            combinations,
            first_seed,
            seeds,
            max_events,
        };
        plan.check()?;
        Ok(plan)
    }

    /// Checks every combination, and writes the values in canonical form.
    fn check(&mut self) -> Result<(), PlanError> {
        let sets = self.sets.iter().map(|(key, value)| (key, value));
        if let Err(error) = self.base.clone().apply(sets)
            // A varied key may resolve a contradiction.
            && !matches!(error, FieldError::Contradiction { .. })
        {
            return Err(SourceError::Set(error).into());
        }
        for variant in &self.variants {
            match variant.scenario(&self.base, &self.sets) {
                Err(VariantError::Field(_, FieldError::Contradiction { .. })) | Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let wrong = |n| self.combination(n).err().map(|error| (n, error));
        if let Some((n, error)) = (0..self.combinations).into_par_iter().find_map_first(wrong) {
            let named = |(vary, at): (&Vary, usize)| format!("{}={}", vary.key, vary.values[at]);
            let names: Vec<String> = self.vary.iter().zip(self.places(n)).map(named).collect();
            return Err(match error {
                error @ FieldError::Contradiction { .. } if !names.is_empty() => {
                    PlanError::Point { names: names.join(", "), error }
                }
                error if names.is_empty() => SourceError::Set(error).into(),
                error => ValuesError::Field(error).into(),
            });
        }
        let first = self.combination(0).map_err(SourceError::Set)?;
        self.first_seed = first.seed;
        let seeds = self.seeds;
        if first.seed.checked_add(seeds - 1).is_none_or(|last| last > MAX_INTEGER) {
            return Err(PlanError::Seeds { first: first.seed, seeds });
        }
        let mut stride = self.combinations;
        let mut vary = self.vary.clone();
        for Vary { key, values } in &mut vary {
            // The other keys have their first values.
            stride /= values.len() as u64;
            if key == VARIANT {
                continue;
            }
            for (n, value) in values.iter_mut().enumerate() {
                let scenario = self.combination(n as u64 * stride).map_err(SourceError::Set)?;
                *value = scenario.value(key).unwrap_or_default();
            }
            let mut sorted: Vec<&String> = values.iter().collect();
            sorted.sort_unstable();
            if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                let (key, value) = (key.clone(), pair[0].clone());
                return Err(PlanError::SameValue { key, value });
            }
        }
        let columns = vary.iter().map(|vary| {
            Varied::new(vary).map_err(|value| PlanError::TooLarge { key: vary.key.clone(), value })
        });
        self.columns = columns.collect::<Result<_, _>>()?;
        self.vary = vary;
        Ok(())
    }

    /// Returns the index of each varied key's value in combination `n`; the last key varies fastest.
    fn places(&self, n: u64) -> Vec<usize> {
        let mut rest = n;
        let mut places: Vec<usize> = Vec::with_capacity(self.vary.len());
        for vary in self.vary.iter().rev() {
            let count = vary.values.len() as u64;
            places.push((rest % count) as usize);
            rest /= count;
        }
        places.reverse();
        places
    }

    /// Returns the scenario of combination `n`, with the first seed.
    fn combination(&self, n: u64) -> Result<Scenario, FieldError> {
        let sets = self.sets.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let places = self.places(n);
        let varied = self.vary.iter().zip(&places).filter(|(vary, _)| vary.key != VARIANT);
        let varied = varied.map(|(vary, at)| (vary.key.as_str(), vary.values[*at].as_str()));
        // All at once: a varied preset is applied before what --set changes in it.
        let pairs: Vec<(&str, &str)> = sets.chain(varied).collect();
        if let Some(variant) = places.first().and_then(|at| self.variants.get(*at)) {
            return variant.apply(&self.base, &pairs);
        }
        let mut scenario = self.base.clone();
        scenario.apply(pairs)?;
        Ok(scenario)
    }

    /// Returns the scenario of a point.
    pub(super) fn scenario(&self, point: u64) -> Result<Scenario, FieldError> {
        let mut scenario = self.combination(point / self.seeds)?;
        scenario.seed = self.seed(point);
        Ok(scenario)
    }

    fn seed(&self, point: u64) -> u64 {
        self.first_seed + point % self.seeds
    }

    pub(super) const fn points(&self) -> u64 {
        self.combinations * self.seeds
    }

    /// Returns the cells before the measures: the point, the varied keys and the seed.
    pub(super) fn cells(&self, point: u64) -> Vec<Cell> {
        let places = self.places(point / self.seeds);
        let varied = self.vary.iter().zip(&self.columns).zip(places);
        let varied = varied.map(|((vary, column), at)| column.cell(&vary.values[at]));
        let mut cells = vec![Cell::Integer(point)];
        cells.extend(varied);
        cells.push(Cell::Integer(self.seed(point)));
        cells
    }

    /// Returns the columns of these cells.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::new("point", ColumnKind::Integer)];
        columns.extend(self.columns.iter().map(Varied::column));
        columns.push(Column::new("seed", ColumnKind::Integer));
        columns
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            version: env!("CARGO_PKG_VERSION"),
            scenario: self.base.to_fragment(),
            set: self.sets.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            vary: self.vary.clone(),
            variants: self.links(),
            seeds: self.seeds,
            max_events: self.max_events,
        }
    }

    /// Returns the scenario of each variant, before the other keys are varied.
    fn links(&self) -> Vec<NamedLink> {
        let link = |variant: &Variant| {
            let scenario = variant.apply(&self.base, &self.sets).ok()?;
            Some(NamedLink { name: variant.name.clone(), link: scenario.to_fragment() })
        };
        self.variants.iter().filter_map(link).collect()
    }

    /// Returns the header of results whose rows have `measures` after the plan's own columns.
    pub(super) fn header(&self, measures: Vec<Column>) -> Header {
        let identity = serde_json::to_vec(&self.identity()).unwrap_or_default();
        let mut columns = self.columns();
        columns.extend(measures);
        let first = self.scenario(0).ok();
        Header {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_string(),
            sweep: table::hash(format_args!("{:016x}", fingerprint(&identity))),
            points: self.points(),
            scenario: json!(first),
            vary: self.vary.clone(),
            variants: self.links(),
            seeds: self.seeds,
            max_events: self.max_events,
            columns,
        }
    }

    /// Returns a description such as `6 points: 3 of server.drop x 2 seeds`.
    pub(super) fn words(&self, shard: Shard) -> String {
        let mut factors: Vec<String> =
            self.vary.iter().map(|vary| format!("{} of {}", vary.values.len(), vary.key)).collect();
        let last = self.first_seed + (self.seeds - 1);
        factors.push(if self.seeds == 1 {
            format!("seed {last}")
        } else {
            format!("{} seeds, {} to {last}", self.seeds, self.first_seed)
        });
        let points = self.points();
        let whole = format!("{}: {}", Count(points, "point"), factors.join(" x "));
        if shard.is_whole() {
            return whole;
        }
        format!("{whole}; {} of them in shard {shard}", shard.len(points))
    }
}
