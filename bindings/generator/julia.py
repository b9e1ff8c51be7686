"""The Julia declarations: bindings/julia/src/declarations.jl, and the script of its layout."""
BASE = {
    "void": "Cvoid", "char": "UInt8", "float": "Float32", "double": "Float64", "size_t": "Csize_t",
    "int32_t": "Int32", "int64_t": "Int64", "uint8_t": "UInt8", "uint32_t": "UInt32",
    "uint64_t": "UInt64", "sslcuda_status": "Int32", "sslcuda_context": "Cvoid",
    "sslcuda_graph": "Cvoid", "sslcuda_stream": "Ptr{Cvoid}", "sslcuda_log_callback": "Ptr{Cvoid}",
}
KEYWORDS = {"in"}


def julia_type(kind):
    kind = kind.strip()
    if kind.endswith("const"):
        return julia_type(kind[:-5])
    if kind.endswith("*"):
        return f"Ptr{{{julia_type(kind[:-1])}}}"
    kind = kind.removeprefix("const ")
    return BASE.get(kind, kind)


def name_of(variable):
    return variable.name + "_" if variable.name in KEYWORDS else variable.name


def initial(member):
    if member.name == "size":
        return None
    if member.type.endswith("*"):
        return "C_NULL"
    value = member.initial.rstrip("f") if member.type == "float" else member.initial
    return f"{float(value)}f0" if member.type == "float" else value


def struct_lines(struct):
    yield f"struct {struct.name}"
    for member in struct.members:
        yield f"    {name_of(member)}::{julia_type(member.type)}"
    yield "end"
    yield f"{struct.name}(;"
    members = [member for member in struct.members if member.name != "size"]
    for member in members:
        yield f"    {name_of(member)} = {initial(member)},"
    yield f") = {struct.name}("
    yield f"    sizeof({struct.name}),"
    for member in members:
        yield f"    {name_of(member)},"
    yield ")"
    yield ""


def function_lines(function, structs):
    names = [name_of(parameter) for parameter in function.parameters]
    yield f"{function.name}({', '.join(names)}) = ccall("
    yield f"    (:{function.name}, library),"
    yield f"    {julia_type(function.result)},"
    kinds = []
    for parameter in function.parameters:
        kind = julia_type(parameter.type)
        # A struct goes by reference; what points into device memory stays a Ptr.
        kinds.append(f"Ref{kind[3:]}" if kind[4:-1] in structs else kind)
    yield "    (" + "".join(kind + ", " for kind in kinds).rstrip() + "),"
    yield from (f"    {name}," for name in names)
    yield ")"
    yield ""


def bindings(header, note):
    structs = {struct.name for struct in header.structs}
    lines = [f"# {note}", "# sslcuda.h in Julia, as it is; see there.", ""]
    lines += [f"const {name} = Int32({value})" for name, value, _ in header.constants]
    lines.append("")
    for struct in header.structs:
        lines += struct_lines(struct)
    for function in header.functions:
        lines += function_lines(function, structs)
    return "\n".join(lines)


LAYOUT_HEAD = """
# Every constant, and the size and offsets of every struct, as layout.c prints them.
include("../src/Sslcuda.jl")
using .Sslcuda
"""

LAYOUT_TAIL = """)
    println(nameof(type), " ", sizeof(type))
    for (place, name) in enumerate(fieldnames(type))
        println(nameof(type), ".", name, " ", fieldoffset(type, place))
    end
end
"""


def layout(header, note):
    lines = [f"# {note}" + LAYOUT_HEAD]
    lines += [f'println("{name} ", Sslcuda.{name})' for name, _, _ in header.constants]
    lines.append("for type in (")
    lines += [f"    Sslcuda.{struct.name}," for struct in header.structs]
    return "\n".join([*lines, LAYOUT_TAIL])
