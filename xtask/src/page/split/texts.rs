//! Texts that only the rest needs, such as the help of the settings. In the first part there are zeros in their place; the
//! rest brings them.
//!
//! The program marks such a text: it is between [`BEGIN`] and [`END`]. Nothing in the first part may refer to it.

use std::ops::Range;

use anyhow::{Result, bail};
use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{ConstExpr, DataSection, Instruction};
use wasmparser::{DataKind, DataSectionReader, FunctionBody, Operator};

use super::Encoded;

const BEGIN: &[u8] = b"\x02rest\n";
const END: u8 = b'\x03';

/// Data of the program.
pub(super) struct Data<'a> {
    address: u32,
    bytes: &'a [u8],
    /// Where the texts of the rest are in them.
    texts: Vec<Range<usize>>,
}

/// Reads the data of a module.
pub(super) fn read(section: DataSectionReader<'_>) -> Result<Vec<Data<'_>>> {
    let mut all = Vec::new();
    for data in section {
        let data = data?;
        let DataKind::Active { offset_expr, .. } = data.kind else {
            bail!("the module has data without an address");
        };
        let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
            bail!("the address of the module's data is not a constant");
        };
        all.push(Data { address: value as u32, bytes: data.data, texts: texts(data.data) });
    }
    Ok(all)
}

/// Returns where the texts of the rest are.
fn texts(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut texts: Vec<Range<usize>> = Vec::new();
    let next = |from: usize| {
        let start = from + bytes[from..].windows(BEGIN.len()).position(|part| part == BEGIN)?;
        let length = bytes[start..].iter().position(|byte| *byte == END)? + 1;
        Some(start..start + length)
    };
    while let Some(text) = next(texts.last().map_or(0, |text| text.end)) {
        texts.push(text);
    }
    texts
}

impl Data<'_> {
    /// Returns the data of the first part.
    fn first(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        for text in &self.texts {
            bytes[text.clone()].fill(0);
        }
        bytes
    }

    /// Returns whether an address is that of a text of the rest, behind its mark. An address nearby means nothing: a loop
    /// over what is before the text may end there.
    fn has_text(&self, address: u32) -> bool {
        let place = address.wrapping_sub(self.address) as usize;
        self.texts.iter().any(|text| text.start + BEGIN.len() == place)
    }
}

/// Writes the data of the first part.
pub(super) fn first(all: &[Data<'_>]) -> DataSection {
    let mut section = DataSection::new();
    for data in all {
        section.active(0, &ConstExpr::i32_const(data.address as i32), data.first());
    }
    section
}

/// Writes the data of the rest.
pub(super) fn rest(all: &[Data<'_>]) -> DataSection {
    let mut section = DataSection::new();
    for data in all {
        for text in &data.texts {
            let address = data.address + text.start as u32;
            let bytes = data.bytes[text.clone()].iter().copied();
            section.active(0, &ConstExpr::i32_const(address as i32), bytes);
        }
    }
    section
}

/// Returns an error if the first part, with these functions, refers to a text of the rest.
pub(super) fn check<'a>(
    all: &[Data<'_>],
    first: impl Iterator<Item = (u32, &'a FunctionBody<'a>)>,
) -> Result<()> {
    let is_text = |address: u32| all.iter().any(|data| data.has_text(address));
    for data in all {
        let bytes = data.first();
        // Addresses are aligned, as the data are.
        let mut words = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
        if let Some(address) = words.find(|address| is_text(*address)) {
            bail!("data of the first part refer to a text of the rest, at {address}");
        }
    }
    for (function, body) in first {
        let mut constants = Constants(Vec::new());
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            constants.parse_instruction(&mut reader)?;
        }
        if let Some(address) = constants.0.into_iter().find(|address| is_text(*address)) {
            bail!(
                "function {function} of the first part refers to a text of the rest, at {address}"
            );
        }
    }
    Ok(())
}

/// What may be an address in the body of a function.
struct Constants(Vec<u32>);

impl Reencode for Constants {
    type Error = std::convert::Infallible;

    fn mem_arg(&mut self, place: wasmparser::MemArg) -> Encoded<wasm_encoder::MemArg> {
        self.0.push(place.offset as u32);
        utils::mem_arg(self, place)
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Encoded<Instruction<'a>> {
        if let Operator::I32Const { value } = operator {
            self.0.push(value as u32);
        }
        utils::instruction(self, operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_between_marks_are_not_in_the_first_part() {
        let bytes = b"ab\x02rest\nhelp\n\x03\x02rest\nmore\x03\x02\x03";
        let data = Data { address: 8, bytes, texts: texts(bytes) };
        assert_eq!(data.texts, [2..14, 14..25]);
        assert_eq!(data.first(), [&b"ab"[..], &[0; 23], b"\x02\x03"].concat());
        let addresses: Vec<u32> = (0..64).filter(|address| data.has_text(*address)).collect();
        assert_eq!(addresses, [16, 28], "behind the marks");
    }

    #[test]
    fn the_first_part_may_not_refer_to_a_text() {
        let address = 14u32.to_le_bytes();
        let bytes = [&b"\x02rest\n..\x03..."[..], &address].concat();
        let data = Data { address: 8, bytes: &bytes, texts: texts(&bytes) };
        let error = check(&[data], std::iter::empty()).unwrap_err();
        assert!(error.to_string().contains("refer to a text of the rest, at 14"), "{error}");
    }
}
