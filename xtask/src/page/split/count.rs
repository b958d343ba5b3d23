//! Marks which functions run.

use anyhow::Result;
use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, GlobalSection, Instruction, Module,
};
use wasmparser::{ExportSectionReader, FunctionBody, GlobalSectionReader, Parser};

use super::{Encoded, FLAG, Program};

/// Returns the module in which each function sets a global when it runs. The global is exported as `ran` with the index
/// of the function.
pub(crate) fn count(module: &[u8]) -> Result<Vec<u8>> {
    let program = Program::read(module)?;
    let (globals, function) = (program.globals.len() as u32, program.imported());
    let mut counted = Module::new();
    let mut count = Count { globals, next: function, program: &program };
    count.parse_core_module(&mut counted, Parser::new(0), module)?;
    Ok(counted.finish())
}

struct Count<'a> {
    program: &'a Program<'a>,
    /// Number of globals of the module.
    globals: u32,
    /// The next function.
    next: u32,
}

impl Count<'_> {
    /// Returns the global of a function.
    fn global(&self, function: u32) -> u32 {
        self.globals + function - self.program.imported()
    }
}

impl Reencode for Count<'_> {
    type Error = std::convert::Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Encoded<()> {
        utils::parse_global_section(self, globals, section)?;
        for _ in &self.program.bodies {
            globals.global(FLAG, &ConstExpr::i32_const(0));
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Encoded<()> {
        utils::parse_export_section(self, exports, section)?;
        for (function, _) in self.program.own() {
            exports.export(&format!("ran{function}"), ExportKind::Global, self.global(function));
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Encoded<()> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        function.instruction(&Instruction::I32Const(1));
        function.instruction(&Instruction::GlobalSet(self.global(self.next)));
        self.next += 1;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            function.instruction(&self.parse_instruction(&mut reader)?);
        }
        code.function(&function);
        Ok(())
    }
}
