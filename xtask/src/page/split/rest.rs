//! The rest: the functions that the first part lacks.

use std::collections::BTreeMap;

use anyhow::Result;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, Function, FunctionSection,
    ImportSection, MemoryType, Module, StartSection, TableType, TypeSection,
};

use super::{Encoded, FLAG, Plan, Program, names, texts};

/// The module from which the rest imports: the exports of the first part.
const FIRST: &str = "first";

/// Writes the rest.
pub(super) fn write(program: &Program<'_>, plan: &Plan) -> Result<Vec<u8>> {
    let own: Vec<_> = program.own().filter(|(function, _)| plan.is_rest(*function)).collect();
    // In this module, functions have other indices.
    let indices = plan.shared.iter().chain(own.iter().map(|(function, _)| function));
    let mut indices = Indices(indices.copied().zip(0..).collect());
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    for ty in &program.types {
        types.ty().func_type(&RoundtripReencoder.func_type(ty.clone())?);
    }
    for (function, body) in &own {
        functions.function(program.functions[*function as usize]);
        indices.parse_function_body(&mut code, (*body).clone())?;
    }
    // At the start, the first part learns that this one is there.
    types.ty().function([], []);
    functions.function(program.types.len() as u32);
    let started = program.globals.len() as u32;
    let mut start = Function::new([]);
    start.instructions().i32_const(1).global_set(started).end();
    code.function(&start);
    let start = StartSection { function_index: indices.0.len() as u32 };
    let slots: Vec<u32> = plan.slots.keys().map(|function| indices.0[function]).collect();
    let mut elements = ElementSection::new();
    let offset = ConstExpr::i32_const(plan.table_len as i32);
    elements.active(Some(plan.table), &offset, Elements::Functions(slots.into()));

    let mut rest = Module::new();
    rest.section(&types).section(&imports(program, plan)?).section(&functions);
    rest.section(&start).section(&elements).section(&code).section(&texts::rest(&program.data));
    Ok(rest.finish())
}

/// Returns what the rest imports: everything but functions has the same index as in the first part.
fn imports(program: &Program<'_>, plan: &Plan) -> Result<ImportSection> {
    let mut imports = ImportSection::new();
    let mut import = |name: &str, ty: EntityType| {
        imports.import(FIRST, name, ty);
    };
    for (place, function) in plan.shared.iter().enumerate() {
        let ty = EntityType::Function(program.functions[*function as usize]);
        import(&names::function(place), ty);
    }
    for (index, table) in (0..).zip(&program.tables) {
        // The first part's table of functions is longer than the module's.
        let ty = TableType { maximum: None, ..RoundtripReencoder.table_type(*table)? };
        import(&names::table(index), EntityType::Table(ty));
    }
    let memory = MemoryType {
        minimum: 0,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    import(&names::memory(plan.digest), EntityType::Memory(memory));
    for (index, global) in (0..).zip(&program.globals) {
        let ty = RoundtripReencoder.global_type(*global)?;
        import(&names::global(index), EntityType::Global(ty));
    }
    import(&names::global(program.globals.len() as u32), EntityType::Global(FLAG));
    Ok(imports)
}

/// The index of each function in the rest.
struct Indices(BTreeMap<u32, u32>);

impl Reencode for Indices {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Encoded<u32> {
        Ok(self.0[&function])
    }
}
