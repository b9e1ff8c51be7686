"""The Rust declarations: bindings/rust/sslcuda-sys/src/bindings.rs and the table of its layout."""
from generator.header import OPAQUE as OPAQUE_TYPES

BASE = {
    "void": "c_void", "char": "c_char", "float": "f32", "double": "f64", "size_t": "usize",
    "int32_t": "i32", "int64_t": "i64", "uint8_t": "u8", "uint32_t": "u32", "uint64_t": "u64",
}
KEYWORDS = {"in", "type", "ref", "fn", "move"}


def rust_type(kind):
    """'const float*' as '*const f32', inside out."""
    kind = kind.strip()
    if kind.endswith("const"):
        return rust_type(kind[:-5])
    if kind.endswith("*"):
        pointee = kind[:-1].strip()
        constant = pointee.startswith("const ") and "*" not in pointee or pointee.endswith("const")
        return f"*{'const' if constant else 'mut'} {rust_type(pointee)}"
    kind = kind.removeprefix("const ")
    return BASE.get(kind, kind)


def name_of(variable):
    return variable.name + "_" if variable.name in KEYWORDS else variable.name


def doc_lines(text, indent=""):
    """The header's own words, fenced so that rustdoc takes `[n, d]` for no link."""
    if not text:
        return []
    lines = ["```text", *text.splitlines(), "```"] if "\n" in text or "[" in text else [text]
    return [f"{indent}/// {line}".rstrip() for line in lines]


def initial(struct, member):
    value = member.initial
    if value.startswith("sizeof") or member.name == "size":
        return f"size_of::<{struct.name}>()"
    if member.type.endswith("*"):
        return "null()" if member.type.startswith("const") else "null_mut()"
    if member.type in ("float", "double"):
        return repr(float(value.rstrip("f")))
    return value


def struct_lines(struct):
    yield from doc_lines(struct.doc)
    yield "#[repr(C)]"
    yield "#[derive(Clone, Copy, Debug)]"
    yield f"pub struct {struct.name} {{"
    for member in struct.members:
        yield f"    pub {name_of(member)}: {rust_type(member.type)},"
    yield "}"
    yield ""
    yield f"impl {struct.name} {{"
    yield "    /// Its size, and the default of every other field."
    yield "    pub const INIT: Self = Self {"
    for member in struct.members:
        yield f"        {name_of(member)}: {initial(struct, member)},"
    yield "    };"
    yield "}"
    yield ""
    yield f"impl Default for {struct.name} {{"
    yield "    fn default() -> Self {"
    yield "        Self::INIT"
    yield "    }"
    yield "}"
    yield ""


def function_lines(function):
    yield from doc_lines(function.doc, "    ")
    parameters = [f"{name_of(parameter)}: {rust_type(parameter.type)}"
                  for parameter in function.parameters]
    result = rust_type(function.result)
    line = f"    pub fn {function.name}({', '.join(parameters)}) -> {result};"
    if len(line) <= 100:  # as rustfmt has it
        yield line
        return
    yield f"    pub fn {function.name}("
    for parameter in parameters:
        yield f"        {parameter},"
    yield f"    ) -> {result};"


HEAD = """
use core::mem::size_of;
use core::ptr::{null, null_mut};
use std::os::raw::{c_char, c_void};
"""

OPAQUE = """
#[repr(C)]
pub struct NAME {
    _opaque: [u8; 0],
}"""

TYPES = """
/// The type behind `cudaStream_t`.
pub type sslcuda_stream = *mut CUstream_st;
pub type sslcuda_log_callback =
    Option<unsafe extern "C" fn(level: i32, message: *const c_char, user: *mut c_void)>;
"""


def bindings(header, note):
    lines = [f"// {note}" + "\n" + HEAD]
    for part, value in zip(("MAJOR", "MINOR", "PATCH"), header.version):
        lines.append(f"pub const SSLCUDA_VERSION_{part}: i32 = {value};")
    lines += ["", "pub type sslcuda_status = i32;", ""]
    for name, value, doc in header.constants:
        lines += doc_lines(doc) + [f"pub const {name}: i32 = {value};"]
    lines += [OPAQUE.replace("NAME", name) for name in OPAQUE_TYPES]
    lines.append(TYPES)
    for struct in header.structs:
        lines += struct_lines(struct)
    lines += ['#[link(name = "sslcuda")]', 'extern "C" {']
    for function in header.functions:
        lines += function_lines(function)
    return "\n".join([*lines, "}", ""])


LAYOUT_MACROS = """
use sslcuda_sys::*;
use std::mem::{size_of, MaybeUninit};

macro_rules! constant {
    ($name:ident) => {
        (stringify!($name), i64::from($name))
    };
}

macro_rules! size {
    ($type:ident) => {
        (stringify!($type), size_of::<$type>() as i64)
    };
}

// core::mem::offset_of is younger than the oldest compiler served.
macro_rules! offset {
    ($type:ident, $field:ident) => {{
        let place = MaybeUninit::<$type>::uninit();
        let start = place.as_ptr();
        // SAFETY: only an address inside `place` is made, nothing is read.
        let field = unsafe { std::ptr::addr_of!((*start).$field) };
        let offset = field as usize - start as usize;
        (
            concat!(stringify!($type), ".", stringify!($field)),
            offset as i64,
        )
    }};
}

/// Every constant, size and offset as the Rust compiler sees them.
pub fn layout() -> Vec<(&'static str, i64)> {
    vec![
"""


def layout(header, note):
    lines = [f"// {note}", LAYOUT_MACROS.rstrip("\n")]
    lines += [f"        constant!({name})," for name, _, _ in header.constants]
    for struct in header.structs:
        lines.append(f"        size!({struct.name}),")
        for member in struct.members:
            lines.append(f"        offset!({struct.name}, {name_of(member)}),")
    return "\n".join([*lines, "    ]", "}", ""])
