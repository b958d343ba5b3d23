//! The first part: the module without the functions that only the rest calls, and with doors to the others of the rest.

use anyhow::Result;
use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, Module, TableSection, TableType,
};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, DataSectionReader, ExportSectionReader,
    FunctionSectionReader, GlobalSectionReader, Parser, TableSectionReader,
};

use super::{Encoded, FLAG, Plan, Program, names, texts};

/// Writes the first part of `module`.
pub(super) fn write(module: &[u8], program: &Program<'_>, plan: &Plan) -> Result<Vec<u8>> {
    let mut first = Module::new();
    First { program, plan }.parse_core_module(&mut first, Parser::new(0), module)?;
    Ok(first.finish())
}

struct First<'a> {
    program: &'a Program<'a>,
    plan: &'a Plan,
}

impl First<'_> {
    /// Returns the number of the global that says whether the rest has started.
    fn started(&self) -> u32 {
        self.program.globals.len() as u32
    }

    /// Returns a function that calls the function of the rest in a slot.
    fn door(&self, function: u32, slot: u32) -> Function {
        let mut door = Function::new([]);
        let mut code = door.instructions();
        code.global_get(self.started()).i32_eqz().if_(BlockType::Empty);
        code.call(self.plan.indices[&self.plan.start]).end();
        for parameter in 0..self.program.type_of(function).params().len() {
            code.local_get(parameter as u32);
        }
        let ty = self.program.functions[function as usize];
        code.i32_const(slot as i32).call_indirect(self.plan.table, ty).end();
        door
    }
}

impl Reencode for First<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Encoded<u32> {
        Ok(self.plan.indices[&function])
    }

    /// Leaves out the names of functions, which have other indices.
    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Encoded<()> {
        if section.name() == "name" {
            return Ok(());
        }
        utils::parse_custom_section(self, module, section)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        _: FunctionSectionReader<'_>,
    ) -> Encoded<()> {
        for (function, _) in self.program.own() {
            if self.plan.indices.contains_key(&function) {
                functions.function(self.program.functions[function as usize]);
            }
        }
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        tables: &mut TableSection,
        section: TableSectionReader<'_>,
    ) -> Encoded<()> {
        let imported = self.program.tables.len() as u32 - section.count();
        for (index, table) in (imported..).zip(section) {
            let mut ty: TableType = self.table_type(table?.ty)?;
            if index == self.plan.table {
                ty.minimum += self.plan.slots.len() as u64;
                ty.maximum = ty.maximum.map(|maximum| maximum.max(ty.minimum));
            }
            tables.table(ty);
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Encoded<()> {
        utils::parse_global_section(self, globals, section)?;
        globals.global(FLAG, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Encoded<()> {
        utils::parse_export_section(self, exports, section)?;
        for (place, function) in self.plan.shared.iter().enumerate() {
            let name = names::function(place);
            exports.export(&name, ExportKind::Func, self.plan.indices[function]);
        }
        for global in 0..=self.started() {
            exports.export(&names::global(global), ExportKind::Global, global);
        }
        for table in 0..self.program.tables.len() as u32 {
            exports.export(&names::table(table), ExportKind::Table, table);
        }
        exports.export(&names::memory(self.plan.digest), ExportKind::Memory, 0);
        Ok(())
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        _: DataSectionReader<'_>,
    ) -> Encoded<()> {
        *data = texts::first(&self.program.data);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        _: CodeSectionReader<'_>,
    ) -> Encoded<()> {
        for (function, body) in self.program.own() {
            if let Some(slot) = self.plan.slots.get(&function) {
                code.function(&self.door(function, *slot));
            } else if self.plan.indices.contains_key(&function) {
                self.parse_function_body(code, body.clone())?;
            }
        }
        Ok(())
    }
}
