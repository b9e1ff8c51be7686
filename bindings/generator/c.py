"""The C program that prints what every binding must agree with: bindings/layout.c."""
HEAD = r"""
/* Every constant, and the size and offsets of every struct. */
#include <sslcuda.h>
#include <stdio.h>

#define NUMBER(name, value) printf("%s %d\n", name, (int)(value))
#define CONSTANT(name) NUMBER(#name, name)
#define SIZE(type) NUMBER(#type, sizeof(type))
#define OFFSET(type, member) NUMBER(#type "." #member, offsetof(type, member))

int main(void) {"""


def layout(header, note):
    lines = [f"/* {note} */" + HEAD]
    lines += [f"  CONSTANT({name});" for name, _, _ in header.constants]
    for struct in header.structs:
        lines.append(f"  SIZE({struct.name});")
        lines += [f"  OFFSET({struct.name}, {member.name});" for member in struct.members]
    return "\n".join([*lines, "  return 0;", "}", ""])
