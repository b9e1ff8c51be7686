#!/usr/bin/env python3
"""Reads sslcuda.h as its comments are written, and prints it with Doxygen's commands in them.

The header is for people: what an argument is stands in a table, two lines below the formula, and an
extent is explained by the shapes that name it. This turns such tables into @param, and refuses an
entry or a field that its comment does not explain, so that Doxygen and the tests fail with it.

    header_filter.py sslcuda.h        (Doxyfile: INPUT_FILTER)
"""

import re
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.S)
SECTION = re.compile(r"/\* -{9,} (.+?) -+ \*/")
FUNCTION = re.compile(r"SSLCUDA_API[^;(]*?(\w+)\(([^;]*)\);", re.S)
STRUCT = re.compile(r"typedef struct (\w+) \{\n(.*?)^\} \1;", re.S | re.M)
FIELDS = re.compile(  # a comment above fields, or fields and the comment behind them, or nothing
    r"^  (/\*.*?\*/)|^  ((?:const )?\w+\*?) ([\w, ]+);(?: *(/\*.*?\*/))?|^$", re.S | re.M)
DIRECTION = r"in/out|in, in training out too|in|out"
CONTEXT = "the context"
EXTENTS = "extents, as in the shapes below"
F32_ONLY = "SSLCUDA_F32"
problems = []


def escape(text):
    """Text as Doxygen shall print it; names of functions stay links, `code` becomes code."""
    text = re.sub(r"([\\@&<>#%])", r"\\\1", text)
    return re.sub(r"`([^`]+)`", r"<tt>\1</tt>", text)


def lines_of(comment):
    """What the comment says, line by line, without the frame."""
    body = comment[2:-2].rstrip().lstrip("*")
    lines = [re.sub(r"^ +\*(?: |$)", "", line) for line in body.split("\n")]
    lines = [lines[0].strip()] + [line.rstrip() for line in lines[1:]]
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def parameter_names(arguments):
    arguments = re.sub(r"\s+", " ", arguments)
    names = [re.search(r"(\w+)$", argument.strip()) for argument in arguments.split(",")]
    return [name.group(1) for name in names if name and name.group(1) != "void"]


def names_in(text, parameters):
    """The parameters of `x, y` or `x ... z`; None if one of the names is no parameter."""
    names = []
    for part in text.split(", "):
        first, dots, last = part.partition(" ... ")
        if first not in parameters or (dots and last not in parameters):
            return None
        begin = parameters.index(first)
        names += parameters[begin : parameters.index(last) + 1 if dots else begin + 1]
    return names


def table_items(line, parameters):
    """[(names, direction, text)] of one line of a table; [] if it is none."""
    starts = []
    names = r"\w+(?:, \w+| \.\.\. \w+)*"
    pattern = rf"(?:(?<=^  )|(?<=     )) *({names})  +(?:({DIRECTION})(?=$| ) *|(?=as in|any))"
    for match in re.finditer(pattern, line):
        found = names_in(match.group(1), parameters)
        if found:
            starts.append((match.start(1), match.end(), found, match.group(2)))
    ends = [start[0] for start in starts[1:]] + [len(line)]
    if not starts or line[: starts[0][0]].strip():
        return []
    return [(names, way, line[at:end].strip()) for (_, at, names, way), end in zip(starts, ends)]


def split_comment(lines, parameters):
    """(lines outside of tables, {parameter: (direction, text)})."""
    prose, table, current = [], {}, None
    for line in lines:
        items = table_items(line, parameters)
        for names, way, text in items:
            current = [way, text]
            for name in names:
                table[name] = current
        if not items and current and line.startswith("    "):
            current[1] += " " + line.strip()
        elif not items:
            current = None
            prose.append(line)
    return prose, table


def blocks(lines):
    """Prose as it is; indented lines outside of lists, which are formulas and columns, as @code."""
    out, code, in_list = [], [], False
    for line in [*lines, ""]:
        indented = line.startswith("  ")
        in_list = line.startswith(" - ") or (in_list and indented)
        if indented and not in_list:
            code.append(line)
            continue
        if code:
            out += ["@code{.unparsed}", *code, "@endcode"]
            code = []
        out.append(escape(line))
    return out


def function_comment(lines, name, parameters, where):
    prose, table = split_comment(lines, parameters)
    words = set() if table else set(re.findall(r"\w+", " ".join(prose)))
    shapes = " ".join(text for _, text in table.values())
    shapes = " ".join(re.findall(r"\[.*?\]|rows \w+ apart", shapes))
    extents = [word for word in parameters if re.search(rf"\b{word}\b", shapes)]
    extents = [extent for extent in extents if extent not in table]
    if table:
        table.setdefault("ctx", [None, CONTEXT])
        table.setdefault("dtype", [None, F32_ONLY])
    out = [*blocks(prose), ""]
    for parameter in parameters:
        if parameter in table:
            way, text = table[parameter]
            mark = {"in": "[in]", "out": "[out]", None: "[in]"}.get(way, "[in,out]")
            out.append(f"@param{mark} {parameter} {escape(text)}")
        elif extents and parameter == extents[0]:
            out.append(f"@param[in] {','.join(extents)} {EXTENTS}")
        elif parameter not in extents and parameter != "ctx" and parameter not in words:
            problems.append(f"{where}: {name} does not explain its parameter {parameter}")
    return "/**\n" + "\n".join(out) + "\n*/\n"


def plain_comment(lines):
    return "/**\n" + "\n".join(blocks(lines)) + "\n*/"


def functions_after(text, at):
    """[(start, end, name, parameters)] of the declarations that share the comment before `at`."""
    found = []
    while True:
        match = FUNCTION.match(text, at)
        if not match:
            return found
        found.append((match.start(), match.end(), match.group(1), parameter_names(match.group(2))))
        at = match.end() + 1
        if text[at : at + 1] in ("\n", ""):
            return found


def field_comment(name, own, comments, where):
    """What stands behind a field: its own comment, or where to look."""
    if own:
        return own
    named = [field for field, words in reversed(comments) if name in words]
    if not named:
        problems.append(f"{where}: no comment explains the field {name}")
    return f"see `{named[0]}`" if named and named[0] else "see above"


def struct_body(body, where):
    """One field a line with a comment behind each. A comment above fields is about all of them, to
    the next empty line; a field without a comment is explained by the last one that names it."""
    out, comments, in_group = [], [], False
    for part in FIELDS.finditer(body):
        heading, kind, names, own = part.groups()
        text = " ".join(line.strip() for line in lines_of(own or heading)) if own or heading else ""
        if not kind and in_group:
            out.append("/** @} */")
            in_group = False
        if heading:
            out.append(f"/** @name {escape(text)} */\n/** @{{ */")
            comments.append(("", re.findall(r"\w+", text)))
            in_group = True
        if kind:
            names = names.split(", ")
            shares = text.split(", ") if text.count(", ") == len(names) - 1 else [text] * len(names)
            comments.append((names[0], re.findall(r"\w+", text)))
            for name, share in zip(names, shares):
                text = escape(field_comment(name, share, comments, where))
                out.append(f"  {kind} {name}; /**< {text} */")
    return "\n".join([*out, "/** @} */"] if in_group else out)


def convert(text, path):
    out, at, in_group = [], 0, False
    for comment in COMMENT.finditer(text):
        if comment.start() < at:
            continue
        before = text[at : comment.start()]
        for name in re.findall(FUNCTION, before):
            problems.append(f"{path}: {name[0]} has no comment")
        out.append(before)
        at = comment.end()
        lines = lines_of(comment.group())
        where = f"{path}:{text.count(chr(10), 0, comment.start()) + 1}"
        section = SECTION.fullmatch(comment.group())
        line_before = text[text.rfind("\n", 0, comment.start()) + 1 : comment.start()]
        if not out[0].strip() and len(out) == 1:
            out.append(plain_comment(["@file", *lines[1:]]).replace("\\@file", "@file"))
        elif section:
            group = re.sub(r"\W+", "_", section.group(1))
            out.append(("/** @} */\n" if in_group else "")
                       + f"/** @defgroup {group} {section.group(1).capitalize()} */\n/** @{{ */")
            in_group = True
        elif line_before.strip():
            out.append("/**< " + " ".join(escape(line.strip()) for line in lines) + " */")
        else:
            functions = functions_after(text, at + 1)
            for start, end, name, parameters in functions:
                out.append(function_comment(lines, name, parameters, where) + text[start:end] + "\n")
                at = end
            struct = STRUCT.match(text, at + 1)
            if not functions:
                out.append(plain_comment(lines))
            if struct:
                body = struct_body(struct.group(2), f"{where}: {struct.group(1)}")
                out.append(f"\ntypedef struct {struct.group(1)} {{\n{body}\n}} {struct.group(1)};")
                at = struct.end()
    rest = text[at:]
    end = rest.find("#ifdef __cplusplus")
    return "".join(out) + rest[:end] + ("/** @} */\n" if in_group else "") + rest[end:]


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        print(convert(file.read(), path))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
