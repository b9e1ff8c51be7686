"""The Fortran declarations: bindings/fortran/sslcuda_c.f90, and the program of its layout."""
BASE = {
    "float": "real(c_float)", "double": "real(c_double)", "size_t": "integer(c_size_t)",
    "int32_t": "integer(c_int32_t)", "int64_t": "integer(c_int64_t)",
    "uint64_t": "integer(c_int64_t)", "sslcuda_status": "integer(c_int32_t)",
    "sslcuda_stream": "type(c_ptr)", "sslcuda_log_callback": "type(c_funptr)",
}
# Results that the caller's own variable receives; other pointers to numbers are device memory.
RESULTS = {
    "sslcuda_device_count": ("count",), "sslcuda_context_device": ("device", "ordinal"),
    "sslcuda_context_get_stream": ("stream",), "sslcuda_plan_end": ("bytes",),
}


def names_of_constants(header):
    """Fortran takes SSLCUDA_INFONCE and sslcuda_infonce for one name."""
    functions = {function.name for function in header.functions}
    return {name: name.lower() + ("_kind" if name.lower() in functions else "")
            for name, _, _ in header.constants}


def parameter_type(function, parameter, structs):
    kind = parameter.type
    base = kind.removeprefix("const ").rstrip("*").strip()
    if kind.endswith("**") and not kind.startswith("const"):
        return "type(c_ptr), intent(out)"
    if parameter.name in RESULTS.get(function.name, ()):
        return f"{BASE[base]}, intent(out)"
    if base in structs:
        return f"type({base}), intent(in)"
    if base == "char":
        return "character(kind=c_char)"
    if kind.endswith("*"):
        return "type(c_ptr), value"
    return f"{BASE[kind]}, value"


def wrapped(head, words, tail):
    """head + words + tail over lines of at most 100 columns."""
    lines, line = [], head
    for place, word in enumerate(words):
        piece = word + (", " if place + 1 < len(words) else tail)
        if len(line) + len(piece) > 98:
            lines.append(line.rstrip() + " &")
            line = " " * 10
        line += piece
    return [*lines, line]


def function_lines(function, structs):
    names = [parameter.name for parameter in function.parameters]
    tail = f') bind(c, name="{function.name}") result(code)'
    yield from wrapped(f"    function {function.name}(", names or [""], tail)
    yield "      import"
    for parameter in function.parameters:
        kind = parameter_type(function, parameter, structs)
        # A string is an array of characters; a struct that may be NULL is an absent argument.
        shape = "(*)" if "character" in kind else ""
        if function.name == "sslcuda_context_create" and parameter.name == "options":
            kind += ", optional"
        yield f"      {kind} :: {parameter.name}{shape}"
    yield f"      {'type(c_ptr)' if '*' in function.result else 'integer(c_int32_t)'} :: code"
    yield f"    end function {function.name}"


def initial(member):
    if member.type.endswith("*"):
        return "c_null_ptr"
    value = member.initial.rstrip("f") if member.type == "float" else member.initial
    return f"{float(value)}_c_float" if member.type == "float" else value


def struct_lines(struct):
    yield f"  type, bind(c) :: {struct.name}"
    for member in struct.members:
        if member.name == "size":
            # c_sizeof(this type) is not known in here; the layout test holds it to C's number.
            yield f"    integer(c_size_t) :: size = {struct.name}_size"
        elif member.type.endswith("*"):
            yield f"    type(c_ptr) :: {member.name} = c_null_ptr"
        else:
            yield f"    {BASE[member.type]} :: {member.name} = {initial(member)}"
    yield f"  end type {struct.name}"
    yield ""


def size_of(struct):
    """Its size by the rules of the 64-bit ABIs: each number is aligned to its own size."""
    offset = 0
    for member in struct.members:
        size = 4 if member.type in ("float", "int32_t", "uint32_t") else 8
        offset = (offset + size - 1) // size * size + size
    return (offset + 7) // 8 * 8


HEAD = """
! sslcuda.h in Fortran, as it is; see there. Device pointers are type(c_ptr).
! Module sslcuda makes it comfortable.
module sslcuda_c
  use, intrinsic :: iso_c_binding
  implicit none
  public
"""

LAYOUT_HEAD = """
! Every constant, and the size and offsets of every struct, as layout.c prints them.
program layout
  use sslcuda_c
  implicit none"""

LAYOUT_TAIL = """
contains
  integer(c_int64_t) function address(pointer)
    type(c_ptr), intent(in) :: pointer
    address = transfer(pointer, address)
  end function address

  subroutine show(name, number)
    character(*), intent(in) :: name
    integer(c_int64_t), intent(in) :: number
    character(24) :: digits
    write (digits, "(i0)") number
    print "(a)", name // " " // trim(digits)
  end subroutine show
end program layout
"""


def bindings(header, note):
    structs = {struct.name for struct in header.structs}
    names = names_of_constants(header)
    lines = [f"! {note}" + HEAD]
    for name, value, _ in header.constants:
        lines.append(f"  integer(c_int32_t), parameter :: {names[name]} = {value}")
    for struct in header.structs:
        size = f"{struct.name}_size = {size_of(struct)}"
        lines.append(f"  integer(c_size_t), parameter, private :: {size}")
    lines.append("")
    for struct in header.structs:
        lines += struct_lines(struct)
    lines.append("  interface")
    for function in header.functions:
        lines += function_lines(function, structs)
    return "\n".join([*lines, "  end interface", "end module sslcuda_c", ""])


def layout(header, note):
    names = names_of_constants(header)
    lines = [f"! {note}" + LAYOUT_HEAD]
    lines += [f"  type({struct.name}), target :: {struct.name}_" for struct in header.structs]
    for name, _, _ in header.constants:
        lines.append(f'  call show("{name}", int({names[name]}, c_int64_t))')
    for struct in header.structs:
        value = f"{struct.name}_"
        lines += [f'  call show("{struct.name}", int(c_sizeof({value}), c_int64_t))',
                  f"  if ({value}%size /= c_sizeof({value})) error stop \"{struct.name}%size\""]
        for member in struct.members:
            lines += [f'  call show("{struct.name}.{member.name}", &',
                      f"    address(c_loc({value}%{member.name})) - address(c_loc({value})))"]
    return "\n".join(lines) + LAYOUT_TAIL
