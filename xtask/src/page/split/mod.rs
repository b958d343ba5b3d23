//! Divides the module of a first visit in two: the functions that a first visit runs, and the rest.
//!
//! Most of the page's code runs in some scenarios only, so a visitor can begin before it has arrived. Both parts are
//! one program: the rest imports the first part's memory, table and functions. In the first part, a function of the rest
//! that something refers to has a body of a few bytes, which calls the function through a slot of the table; the rest
//! fills these slots when it starts. If it has not started, that body first calls [`START`].
//!
//! Texts that only the rest needs are there too: see [`texts`].
//!
//! Which functions run is measured: [`count`] adds a mark to each, and `www/build/first-visit.js` does what a visit does.

mod count;
mod first;
mod rest;
#[cfg(test)]
mod tests;
mod texts;

pub(super) use count::count;
use texts::Data;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Context, Result, bail};
use wasm_encoder::reencode::Reencode;
use wasmparser::{
    ElementItems, ExternalKind, FuncType, FunctionBody, GlobalType, Import, Parser, Payload,
    TableType, TypeRef,
};

/// The export that starts the rest: see `web/src/rest.rs`.
const START: &str = "startRest";

/// The names under which the first part exports what only the rest imports.
mod names {
    /// Returns the name of the memory, which only the rest of the same module imports: a page that is open while its server
    /// is replaced must not get the rest of another one.
    pub(super) fn memory(digest: u64) -> String {
        format!("m{digest:x}")
    }

    /// Returns the name of the function in this place among those that the rest calls.
    pub(super) fn function(place: usize) -> String {
        place.to_string()
    }

    pub(super) fn global(index: u32) -> String {
        format!("g{index}")
    }

    pub(super) fn table(index: u32) -> String {
        format!("t{index}")
    }
}

/// The type of a global that says whether something has happened.
const FLAG: wasm_encoder::GlobalType =
    wasm_encoder::GlobalType { val_type: wasm_encoder::ValType::I32, mutable: true, shared: false };

/// The two parts.
pub(super) struct Parts {
    pub(super) first: Vec<u8>,
    pub(super) rest: Vec<u8>,
}

/// Divides `module`; the first part has the functions with the indices `ran`.
pub(super) fn split(module: &[u8], ran: &BTreeSet<u32>) -> Result<Parts> {
    let program = Program::read(module)?;
    let plan = Plan::new(&program, ran, digest(module, ran))?;
    texts::check(&program.data, program.own().filter(|(function, _)| ran.contains(function)))?;
    let parts = Parts {
        first: first::write(module, &program, &plan)?,
        rest: rest::write(&program, &plan)?,
    };
    for part in [&parts.first, &parts.rest] {
        wasmparser::validate(part).context("a part of the divided module is invalid")?;
    }
    Ok(parts)
}

/// Returns a number that differs from that of another module, and of other parts.
fn digest(module: &[u8], ran: &BTreeSet<u32>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (module, ran).hash(&mut hasher);
    hasher.finish()
}

/// What has to be known of a module.
#[derive(Default)]
struct Program<'a> {
    types: Vec<FuncType>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    /// The bodies of those that are not imported.
    bodies: Vec<FunctionBody<'a>>,
    tables: Vec<TableType>,
    globals: Vec<GlobalType>,
    data: Vec<Data<'a>>,
    /// What the table and the exports refer to, and the function that runs at the start.
    referred: BTreeSet<u32>,
    /// The function that starts the rest.
    start: Option<u32>,
}

impl<'a> Program<'a> {
    fn read(module: &'a [u8]) -> Result<Self> {
        let mut program = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        program.types.push(ty?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        program.import(&import?);
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        program.functions.push(ty?);
                    }
                }
                Payload::TableSection(section) => {
                    for table in section {
                        program.tables.push(table?.ty);
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        program.globals.push(global?.ty);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            if export.name == START {
                                program.start = Some(export.index);
                            }
                            program.referred.insert(export.index);
                        }
                    }
                }
                Payload::StartSection { func, .. } => {
                    program.referred.insert(func);
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        if let ElementItems::Functions(functions) = element?.items {
                            for function in functions {
                                program.referred.insert(function?);
                            }
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => program.bodies.push(body),
                Payload::DataSection(section) => program.data = texts::read(section)?,
                _ => {}
            }
        }
        Ok(program)
    }

    fn import(&mut self, import: &Import<'_>) {
        match import.ty {
            TypeRef::Func(ty) => self.functions.push(ty),
            TypeRef::Table(ty) => self.tables.push(ty),
            TypeRef::Global(ty) => self.globals.push(ty),
            _ => {}
        }
    }

    /// Returns the number of imported functions, which come first.
    fn imported(&self) -> u32 {
        (self.functions.len() - self.bodies.len()) as u32
    }

    /// Returns the functions that are not imported, with their bodies.
    fn own(&self) -> impl Iterator<Item = (u32, &FunctionBody<'a>)> {
        (self.imported()..).zip(&self.bodies)
    }

    fn type_of(&self, function: u32) -> &FuncType {
        &self.types[self.functions[function as usize] as usize]
    }
}

/// Which part has which function.
struct Plan {
    /// The index in the first part of each function there, imported ones included, and of each door.
    indices: BTreeMap<u32, u32>,
    /// The slot in the table of each function of the rest that the first part refers to.
    slots: BTreeMap<u32, u32>,
    /// The functions of the first part, or imported, that the rest calls.
    shared: BTreeSet<u32>,
    /// The table of functions, and its length in the module.
    table: u32,
    table_len: u32,
    /// The function that starts the rest.
    start: u32,
    /// Identifies the two parts.
    digest: u64,
}

impl Plan {
    fn new(program: &Program<'_>, ran: &BTreeSet<u32>, digest: u64) -> Result<Self> {
        let start = program.start.with_context(|| format!("the module has no export `{START}`"))?;
        if !ran.contains(&start) {
            bail!("`{START}` is not in the first part");
        }
        let place = program.tables.iter().position(|table| table.element_type.is_func_ref());
        let table = place.context("the module has no table of functions")?;
        let table_len = u32::try_from(program.tables[table].initial)?;
        let is_first = |function: u32| function < program.imported() || ran.contains(&function);
        let (mut called, mut shared) = (program.referred.clone(), BTreeSet::new());
        for (function, body) in program.own() {
            let calls = calls(body)?;
            if is_first(function) {
                called.extend(calls);
            } else {
                shared.extend(calls.into_iter().filter(|function| is_first(*function)));
            }
        }
        let doors = called.into_iter().filter(|function| !is_first(*function));
        let slots: BTreeMap<u32, u32> = doors.zip(table_len..).collect();
        let all = 0..program.functions.len() as u32;
        let in_first = all.filter(|function| is_first(*function) || slots.contains_key(function));
        let indices = in_first.zip(0..).collect();
        Ok(Self { indices, slots, shared, table: table as u32, table_len, start, digest })
    }

    /// Returns whether a function is in the rest.
    fn is_rest(&self, function: u32) -> bool {
        !self.indices.contains_key(&function) || self.slots.contains_key(&function)
    }
}

/// Returns the functions that a body refers to.
fn calls(body: &FunctionBody<'_>) -> Result<BTreeSet<u32>> {
    struct Calls(BTreeSet<u32>);
    impl Reencode for Calls {
        type Error = std::convert::Infallible;
        fn function_index(&mut self, function: u32) -> Encoded<u32> {
            self.0.insert(function);
            Ok(function)
        }
    }
    let mut calls = Calls(BTreeSet::new());
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        calls.parse_instruction(&mut reader)?;
    }
    Ok(calls.0)
}

/// A result of [`Reencode`]'s functions.
type Encoded<T> = std::result::Result<T, wasm_encoder::reencode::Error<std::convert::Infallible>>;
