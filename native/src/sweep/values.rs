//! Parses `--vary`: a key with a list of values, some of them ranges.

use super::range;
use crate::data_file::{self, DataError};
use crate::source;
use crate::table::Vary;
use retrylab_core::scenario::{Field, FieldError};
use retrylab_core::value::Form;
use std::path::Path;

/// Reason why `--vary` is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValuesError {
    #[error("--vary: {0}")]
    Field(#[from] FieldError),
    #[error("--vary: {0}")]
    Data(#[from] DataError),
    #[error("--vary: {key}: \"{text}\" is not a range: {why}; try 0..0.5/0.1 or 10ms..100ms/10ms")]
    Range { key: String, text: String, why: &'static str },
}

/// Reads `KEY=V1,V2,…`. If there is a `;`, it is the separator instead of the comma.
pub(super) fn read(text: &str) -> Result<Vary, ValuesError> {
    let (key, list) = source::pair(text)?;
    let form = Field::find(key).ok().map(|field| field.shape.form);
    let separator = if list.contains(';') { ';' } else { ',' };
    let mut values = Vec::new();
    for item in list.split(separator).map(str::trim) {
        // A file's name may begin with `../`.
        if data_file::is_file(key, item) {
            values.push(data_file::expand(key, item, Path::new(""))?.into_owned());
            continue;
        }
        // A message may be `1..5/1`.
        if matches!(form, Some(Form::Text { .. })) || !item.contains("..") {
            values.push(item.to_string());
            continue;
        }
        let refuse = |why| ValuesError::Range { key: key.to_string(), text: item.to_string(), why };
        values.extend(range::expand(item).map_err(refuse)?);
    }
    Ok(Vary { key: key.to_string(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<String, String> {
        read(text).map(|vary| vary.values.join(" ")).map_err(|error| error.to_string())
    }

    #[test]
    fn values_with_commas_are_separated_by_semicolons() {
        assert_eq!(read("server.drop_list=;1,3;1-2").unwrap().values, ["", "1,3", "1-2"]);
        assert_eq!(read("server.drop=0.1, 0.2").unwrap().values, ["0.1", "0.2"]);
        assert_eq!(read("message=1..5/1").unwrap().values, ["1..5/1"]);
        assert_eq!(read("message=").unwrap().values, [""]);
    }

    #[test]
    fn lists_can_contain_ranges() {
        assert_eq!(values("clients=8..10/1,100").as_deref(), Ok("8 9 10 100"));
        assert_eq!(values("server.drop=0, 1e-3, 1e-05").as_deref(), Ok("0 1e-3 1e-05"));
    }

    #[test]
    fn invalid_ranges_are_refused_with_their_reason() {
        assert_eq!(
            values("server.drop=0..0.5"),
            Err("--vary: server.drop: \"0..0.5\" is not a range: it has no step; try 0..0.5/0.1 or \
                 10ms..100ms/10ms"
                .to_string())
        );
        assert_eq!(
            values("drop"),
            Err("--vary: \"drop\" is not of the form key=value".to_string())
        );
    }
}
