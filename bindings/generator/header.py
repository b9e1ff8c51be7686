"""What sslcuda.h declares: constants, structs and functions, each with its comment.

The header is regular C that one page of rules reads: no typedef but those below, no struct in a
struct, one declaration per statement. Whatever does not fit is an error, never left out.
"""
import re
from dataclasses import dataclass, field

OPAQUE = ("sslcuda_context", "sslcuda_graph", "CUstream_st")
# Typedefs that each language writes in its own words.
SCALARS = ("sslcuda_status", "sslcuda_stream", "sslcuda_log_callback")


@dataclass
class Variable:
    type: str  # normalised C: "int64_t", "const float*", "void* const*"
    name: str
    initial: str = "0"  # of a struct's member in SSLCUDA_..._INIT


@dataclass
class Struct:
    name: str
    members: list
    doc: str
    has_init: bool = False


@dataclass
class Function:
    name: str
    result: str
    parameters: list
    doc: str


@dataclass
class Header:
    version: tuple
    constants: list = field(default_factory=list)  # (name, value, doc)
    structs: list = field(default_factory=list)
    functions: list = field(default_factory=list)


def clean_comment(text):
    """The words of a /* */ comment without its frame."""
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in text[2:-2].splitlines()]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    if lines:
        lines[0] = lines[0].strip()
    return "\n".join(lines)


def normal_type(words):
    text = re.sub(r"\s+", " ", words.strip())
    return re.sub(r" ?\* ?", "*", text).replace("*const", "* const")


def variables(statement):
    """'int64_t n, c' or 'const void* a' as a list; each declarator of a list has the same type."""
    first, *others = statement.split(",")
    match = re.fullmatch(r"(.*[\s*])(\w+)", first.strip(), re.S)
    if not match:
        raise ValueError(f"cannot read the declaration '{statement}'")
    kind = normal_type(match.group(1))
    return [Variable(kind, name.strip()) for name in (match.group(2), *others)]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


# A comment directly before a declaration is its documentation; banners are not.
COMMENT = r"(?P<doc>/\*(?:(?!\*/|-----).)*\*/)?\s*"


def parse_enums(text):
    constants = []
    for match in re.finditer(COMMENT + r"\benum \{(?P<body>.*?)\};", text, re.S):
        doc = clean_comment(match["doc"]) if match["doc"] else ""
        entries = re.findall(r"(\w+) = (-?\d+),?\s*(/\*.*?\*/)?", match["body"], re.S)
        if len(entries) != without_comments(match["body"]).count("="):
            raise ValueError(f"cannot read the enum '{match['body']}'")
        for place, (name, value, comment) in enumerate(entries):
            words = clean_comment(comment) if comment else (doc if place == 0 else "")
            constants.append((name, int(value), words))
    return constants


def parse_structs(text):
    structs = []
    pattern = COMMENT + r"typedef struct (?P<name>\w+) \{(?P<body>.*?)\} (?P=name);"
    for match in re.finditer(pattern, text, re.S):
        members = []
        for statement in without_comments(match["body"]).split(";"):
            if statement.strip():
                members += variables(statement)
        doc = clean_comment(match["doc"]) if match["doc"] else ""
        structs.append(Struct(match["name"], members, doc))
    for match in re.finditer(r"#define SSLCUDA_\w+_INIT\s*\\\n\s*\{(.*?)\}", text, re.S):
        values = [value.strip() for value in match[1].replace("\\\n", " ").split(",")]
        name = re.fullmatch(r"sizeof\((\w+)\)", values[0])[1]
        struct = next(struct for struct in structs if struct.name == name)
        if len(values) != len(struct.members):
            raise ValueError(f"{len(values)} initial values for {len(struct.members)} of {name}")
        struct.has_init = True
        for member, value in zip(struct.members, values):
            member.initial = value
    return structs


def parse_functions(text):
    functions = []
    pattern = COMMENT + (r"SSLCUDA_API (?P<result>[\w ]+[\w*]) ?"
                         r"(?P<name>sslcuda_\w+)\((?P<list>[^)]*)\);")
    for match in re.finditer(pattern, text, re.S):
        parameters = []
        if match["list"].strip() != "void":
            for parameter in match["list"].split(","):
                parameters += variables(parameter)
        doc = clean_comment(match["doc"]) if match["doc"] else ""
        functions.append(Function(match["name"], normal_type(match["result"]), parameters, doc))
    if len(functions) != len(re.findall(r"^SSLCUDA_API", text, re.M)):
        raise ValueError("a function of the header cannot be read")
    return functions


def parse(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    version = tuple(int(re.search(rf"SSLCUDA_VERSION_{part} (\d+)", text)[1])
                    for part in ("MAJOR", "MINOR", "PATCH"))
    header = Header(version, parse_enums(text), parse_structs(text), parse_functions(text))
    known = {*OPAQUE, *SCALARS, *(struct.name for struct in header.structs)}
    for name in re.findall(r"^(?:typedef.*?|\} )(\w+);", text, re.M):
        if name not in known:
            raise ValueError(f"the generator does not know the type {name}")
    return header
