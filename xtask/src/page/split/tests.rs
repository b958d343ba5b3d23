use std::collections::BTreeMap;

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, MemArg, MemorySection,
    MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{Operator, Parser, Payload, TypeRef};

use super::*;

/// Indices of functions of [`module`].
const LOG: u32 = 0;
const START_REST: u32 = 1;
const RUN: u32 = 2;
const ADD: u32 = 3;
const RARE: u32 = 4;
const DEEP: u32 = 5;
const ALL: u32 = 6;
const IN_TABLE: u32 = 7;

/// The types of its functions.
const ACT: u32 = 0;
const NUMBER: u32 = 1;
const NUMBERS: u32 = 2;

/// Those that a visit runs.
fn ran() -> BTreeSet<u32> {
    [START_REST, RUN, ADD].into()
}

/// Returns a module with an imported function, a table, a global and a memory. Its exports are named after the functions.
fn module(start: &str) -> Vec<u8> {
    let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function(numbers, numbers);
    let mut imports = ImportSection::new();
    imports.import("page", "log", EntityType::Function(ACT));
    let mut functions = FunctionSection::new();
    for ty in [ACT, NUMBER, NUMBER, NUMBER, NUMBER, NUMBERS, NUMBER] {
        functions.function(ty);
    }
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 2,
        maximum: Some(2),
        shared: false,
    });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    let global = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(global, &ConstExpr::i32_const(5));
    let mut exports = ExportSection::new();
    for (name, function) in [(start, START_REST), ("run", RUN), ("all", ALL)] {
        exports.export(name, ExportKind::Func, function);
    }
    let mut elements = ElementSection::new();
    let in_table = Elements::Functions([ADD, IN_TABLE][..].into());
    elements.active(Some(0), &ConstExpr::i32_const(0), in_table);
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables);
    module.section(&memories).section(&globals).section(&exports).section(&elements);
    module.section(&bodies());
    module.finish()
}

fn bodies() -> CodeSection {
    let mut code = CodeSection::new();
    let mut function = |body: &dyn Fn(&mut Function)| {
        let mut function = Function::new([]);
        body(&mut function);
        function.instructions().end();
        code.function(&function);
    };
    // START_REST, RUN, ADD, RARE, DEEP, ALL, IN_TABLE
    function(&|f| _ = f.instructions().call(LOG));
    function(&|f| _ = f.instructions().local_get(0).call(ADD).call(RARE));
    function(&|f| _ = f.instructions().local_get(0).global_get(0).i32_add());
    function(&|f| _ = f.instructions().call(LOG).local_get(0).call(DEEP).call(ADD));
    function(&|f| _ = f.instructions().i32_const(0).i32_load(MEMORY).local_get(0).i32_mul());
    function(&|f| _ = f.instructions().local_get(0).local_get(1).local_get(2).local_get(3));
    function(&|f| _ = f.instructions().local_get(0).i32_const(0).call_indirect(0, NUMBER));
    code
}

/// Where a body loads a number from.
const MEMORY: MemArg = MemArg { offset: 0, align: 2, memory_index: 0 };

/// Returns the exports of a module: kind and index by name.
fn exports(module: &[u8]) -> BTreeMap<&str, (ExternalKind, u32)> {
    let sections = Parser::new(0).parse_all(module).filter_map(|payload| match payload.unwrap() {
        Payload::ExportSection(section) => Some(section),
        _ => None,
    });
    let exports = sections.flatten().map(Result::unwrap);
    exports.map(|export| (export.name, (export.kind, export.index))).collect()
}

/// Returns the imports of a module.
fn imports(module: &[u8]) -> Vec<Import<'_>> {
    let sections = Parser::new(0).parse_all(module).filter_map(|payload| match payload.unwrap() {
        Payload::ImportSection(section) => Some(section),
        _ => None,
    });
    sections.flat_map(wasmparser::SectionLimited::into_imports).map(Result::unwrap).collect()
}

/// Returns the place of the first of the module's elements in the table, and the functions from there on.
fn elements(module: &[u8]) -> (i32, Vec<u32>) {
    let sections = Parser::new(0).parse_all(module).filter_map(|payload| match payload.unwrap() {
        Payload::ElementSection(section) => Some(section),
        _ => None,
    });
    let element = sections.flatten().next().unwrap().unwrap();
    let wasmparser::ElementKind::Active { offset_expr, .. } = element.kind else { panic!() };
    let Operator::I32Const { value } = offset_expr.get_operators_reader().read().unwrap() else {
        panic!()
    };
    let ElementItems::Functions(functions) = element.items else { panic!() };
    (value, functions.into_iter().map(Result::unwrap).collect())
}

/// Returns the code of a function that is not imported.
fn code(module: &[u8], function: u32) -> String {
    let program = Program::read(module).unwrap();
    let body = &program.bodies[(function - program.imported()) as usize];
    let operators = body.get_operators_reader().unwrap().into_iter();
    let lines = operators.map(|operator| format!("{:?}", operator.unwrap()));
    lines.collect::<Vec<_>>().join("; ")
}

fn parts() -> Parts {
    split(&module(START), &ran()).unwrap()
}

#[test]
fn the_rest_has_the_functions_that_did_not_run() {
    let parts = parts();
    let [first, rest] = [&parts.first, &parts.rest].map(|part| Program::read(part).unwrap());
    // Those that ran, and doors to RARE, ALL and IN_TABLE. Only the rest calls DEEP.
    assert_eq!(first.own().map(|(index, _)| index).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    // LOG and ADD are imported; the last function says that the rest is there.
    assert_eq!(rest.own().map(|(index, _)| index).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert!(code(&parts.rest, 2).contains("function_index: 0"), "RARE calls LOG");
    assert!(code(&parts.rest, 2).contains("function_index: 3"), "and DEEP");
    assert!(code(&parts.rest, 2).contains("function_index: 1"), "and ADD");
    assert_eq!(code(&parts.rest, 6), "I32Const { value: 1 }; GlobalSet { global_index: 1 }; End");
}

#[test]
fn a_door_starts_the_rest_and_calls_its_slot_with_all_parameters() {
    let parts = parts();
    let all = exports(&parts.first)["all"];
    assert_eq!(all, (ExternalKind::Func, 5), "DEEP is not in the first part");
    let door = code(&parts.first, all.1);
    assert_eq!(
        door,
        "GlobalGet { global_index: 1 }; I32Eqz; If { blockty: Empty }; Call { function_index: 1 }; End; \
         LocalGet { local_index: 0 }; LocalGet { local_index: 1 }; LocalGet { local_index: 2 }; \
         LocalGet { local_index: 3 }; I32Const { value: 3 }; \
         CallIndirect { type_index: 2, table_index: 0 }; End"
    );
    // RARE, ALL and IN_TABLE in the rest; DEEP, the function 3 there, has no slot.
    assert_eq!(elements(&parts.rest), (2, vec![2, 4, 5]));
    assert_eq!(elements(&parts.first), (0, vec![ADD, 6]), "the table has the door to IN_TABLE");
    let table = Program::read(&parts.first).unwrap().tables[0];
    assert_eq!((table.initial, table.maximum), (5, Some(5)));
}

#[test]
fn the_first_part_exports_all_that_the_rest_imports() {
    let parts = parts();
    let (first, exports) = (Program::read(&parts.first).unwrap(), exports(&parts.first));
    let imports = imports(&parts.rest);
    assert_eq!(imports.len(), 6, "two functions, the table, the memory, and two globals");
    for Import { module, name, ty } in imports {
        assert_eq!(module, "first");
        let (kind, index) = exports[name];
        let is_same = match ty {
            TypeRef::Func(ty) => {
                kind == ExternalKind::Func && ty == first.functions[index as usize]
            }
            TypeRef::Global(ty) => {
                kind == ExternalKind::Global && ty == first.globals[index as usize]
            }
            TypeRef::Table(_) => (kind, index) == (ExternalKind::Table, 0),
            TypeRef::Memory(_) => (kind, index) == (ExternalKind::Memory, 0),
            _ => false,
        };
        assert!(is_same, "{name}: {ty:?}");
    }
}

#[test]
fn the_rest_of_another_module_does_not_fit() {
    let other = split(&module(START), &[START_REST, RUN].into()).unwrap();
    let (rest, parts) = (imports(&other.rest), parts());
    let exports = exports(&parts.first);
    let missing = rest.iter().filter(|import| !exports.contains_key(import.name));
    assert!(matches!(missing.map(|import| import.ty).next(), Some(TypeRef::Memory(_))));
}

#[test]
fn if_everything_runs_the_rest_is_empty() {
    let parts = split(&module(START), &(START_REST..=IN_TABLE).collect()).unwrap();
    assert_eq!(
        Program::read(&parts.rest).unwrap().bodies.len(),
        1,
        "it only says that it is there"
    );
    assert_eq!(Program::read(&parts.first).unwrap().bodies.len(), 7);
}

#[test]
fn a_module_that_cannot_start_the_rest_is_refused() {
    let refused = |module: &[u8], ran| split(module, &ran).err().unwrap().to_string();
    assert_eq!(refused(&module("begin"), ran()), "the module has no export `startRest`");
    assert_eq!(refused(&module(START), [RUN].into()), "`startRest` is not in the first part");
}

#[test]
fn each_function_marks_that_it_ran() {
    let counted = count(&module(START)).unwrap();
    wasmparser::validate(&counted).unwrap();
    let (before, exports) = (module(START), exports(&counted));
    for function in START_REST..=IN_TABLE {
        // The module has one global.
        let mark = function - START_REST + 1;
        assert_eq!(exports[format!("ran{function}").as_str()], (ExternalKind::Global, mark));
        let marks = format!("I32Const {{ value: 1 }}; GlobalSet {{ global_index: {mark} }}; ");
        assert_eq!(code(&counted, function), marks + &code(&before, function));
    }
    assert_eq!(exports["all"], (ExternalKind::Func, ALL));
}
