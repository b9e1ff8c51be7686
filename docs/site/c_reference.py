"""Sphinx extension: the C reference, from Doxygen's XML.

    .. c-group:: layers        everything in that section of sslcuda.h, in its order
    .. c-file::                what the header says about all of it

And in every page: `sslcuda_infonce` in code is a link to its entry.
"""

import os
import pathlib
import re
import xml.etree.ElementTree as ElementTree

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

XML = pathlib.Path(os.environ["SSLCUDA_DOXYGEN_XML"])


def parse(name):
    return ElementTree.parse(XML / f"{name}.xml").getroot().find("compounddef")


def escape(text):
    return re.sub(r"([\\*`_|<>:\[\]])", r"\\\1", text or "")


def line_text(element):
    """The text of a line of code, where spaces are elements of their own."""
    text = element.text or ""
    for child in element:
        text += (" " if child.tag == "sp" else line_text(child)) + (child.tail or "")
    return text


BLOCKS = ("programlisting", "parameterlist", "itemizedlist")


def one_line(text):
    return " ".join(text.split())


def rst_inline(element):
    if element.tag in BLOCKS:
        return ""
    text = "".join(element.itertext())
    return f"``{text}``" if element.tag == "computeroutput" else escape(text)


def inline(element):
    """The text of a paragraph without blocks, in reStructuredText."""
    parts = [rst_inline(child) + escape(child.tail) for child in element]
    return one_line(escape(element.text) + "".join(parts))


def rst_list(element):
    lines = [""]
    for item in element.findall("listitem"):
        lines.append("- " + " ".join(inline(para) for para in item.findall("para")))
    return [*lines, ""]


def rst_table(header, rows, classes):
    """A list-table; its cells are reStructuredText."""
    lines = ["", ".. list-table::", f"   :class: {classes}"]
    lines += ["   :header-rows: 1"] if header else []
    for row in ([header] if header else []) + rows:
        cells = [f"     - {cell}" for cell in row]
        lines += ["", "   * " + cells[0].strip(), *cells[1:]]
    return [*lines, ""]


def direction(name):
    return {"in": "in", "out": "out", "inout": "in, out"}.get(name.get("direction"), "")


def rst_parameters(element):
    rows = []
    for item in element.findall("parameteritem"):
        names = item.findall("parameternamelist/parametername")
        text = " ".join(inline(para) for para in item.iter("para"))
        rows.append([", ".join(f"``{name.text}``" for name in names), direction(names[0]), text])
    return rst_table(None, rows, "c-arguments")


def rst_block(element):
    if element.tag == "itemizedlist":
        return rst_list(element)
    if element.tag == "parameterlist":
        return rst_parameters(element)
    code = ["   " + line_text(line) for line in element.iter("codeline")]
    return ["", ".. code-block:: text", "", *code, ""]


def rst_description(member):
    lines = []
    for para in member.find("detaileddescription").findall("para"):
        text = escape(para.text)
        for child in para:
            if child.tag in BLOCKS:
                lines += [one_line(text), "", *rst_block(child)]
                text = ""
            text += rst_inline(child) + escape(child.tail)
        lines += [one_line(text), ""]
    return lines


def type_of(member):
    return re.sub(r" ?\* ?$", " *", "".join(member.find("type").itertext())).strip()


def rst_enum(member):
    rows = []
    for value in member.findall("enumvalue"):
        number = value.findtext("initializer").lstrip("= ")
        rows.append([f"``{value.findtext('name')}``", number, rst_flat(value)])
    if not any(row[2] for row in rows):
        rows = [row[:2] for row in rows]
    return [*rst_description(member), *rst_table(None, rows, "c-values")]


def rst_flat(member):
    return " ".join(inline(para) for para in member.find("detaileddescription").findall("para"))


def line_of(member):
    return int(member.find("location").get("line"))


def rst_struct(name):
    """The fields in their order, in a table for each comment that is above some of them."""
    compound = parse("struct" + name.replace("_", "__"))
    fields = []
    for section in compound.findall("sectiondef"):
        header = " ".join(line_text(section.find("header")).split()) if (
            section.find("header") is not None) else ""
        fields += [(line_of(member), header, member) for member in section.findall("memberdef")]
    lines, rows, above = [], [], None
    for _, header, member in [*sorted(fields, key=lambda field: field[0]), (0, None, None)]:
        if header != above and rows:
            lines += rst_table(None, rows, "c-fields")
            rows = []
        if header != above and header:
            lines += [escape(header), ""]
        above = header
        if member is not None:
            rows.append([f"``{member.findtext('name')}``", f"``{type_of(member)}``", rst_flat(member)])
    return lines


def rst_member(member, structs):
    kind, name = member.get("kind"), member.findtext("name")
    indent = lambda lines: ["   " + line if line else "" for line in lines]  # noqa: E731
    if kind == "enum":
        return ["", ".. container:: c-enum", "", *indent(rst_enum(member)), ""]
    if kind == "define":
        value = member.findtext("initializer") or ""
        text = f" {value.strip()}" if "\\" not in value and "{" not in value else ""
        return ["", f".. c:macro:: {name}", "", *indent(rst_description(member)),
                *([f"   Is {escape(text.strip())}."] if text else []), ""]
    if kind == "typedef" and name in structs:
        return ["", f".. c:struct:: {name}", "", *indent(rst_description(member)),
                *indent(rst_struct(name)), ""]
    if kind == "typedef":
        declaration = member.findtext("definition")
        declaration = declaration.replace("typedef ", "").replace(f"struct {name} {name}", name)
        return ["", f".. c:type:: {declaration}", "", *indent(rst_description(member)), ""]
    signature = f"{type_of(member)} {name}{member.findtext('argsstring')}"
    return ["", f".. c:function:: {signature}", "", *indent(rst_description(member)), ""]


class Group(SphinxDirective):
    required_arguments = 1

    def run(self):
        group = parse("group__" + self.arguments[0].replace("_", "__"))
        structs = {inner.text for inner in group.findall("innerclass")}
        members = sorted(group.iter("memberdef"), key=line_of)
        names = [m.findtext("name") for m in members if m.get("kind") == "function"]
        links = [f":c:func:`{name.removeprefix('sslcuda_')} <{name}>`" for name in names]
        lines = [" · ".join(links), ""]
        lines += [line for member in members for line in rst_member(member, structs)]
        return parsed(self, lines)


class File(SphinxDirective):
    def run(self):
        return parsed(self, rst_description(parse("sslcuda_8h")))


def parsed(directive, lines):
    directive.env.note_dependency(str(XML / "index.xml"))  # written anew with each build
    node = nodes.section()
    node.document = directive.state.document
    nested_parse_with_titles(directive.state, StringList(lines, "sslcuda.h"), node)
    return node.children


def entries():
    """{name: (domain, role)} of what the reference has."""
    index = ElementTree.parse(XML / "index.xml").getroot()
    kinds = {"function": "func", "typedef": "type", "define": "macro", "struct": "struct"}
    found = {}
    for element in [*index.iter("member"), *index.iter("compound")]:
        if element.get("kind") in kinds:
            found[element.findtext("name")] = ("c", kinds[element.get("kind")])
    return found


class LinkEntries(SphinxTransform):
    default_priority = 400

    def apply(self, **_kwargs):
        known = self.app.sslcuda_entries
        for literal in list(self.document.findall(nodes.literal)):
            name = literal.astext().removesuffix("()")
            if name not in known or isinstance(literal.parent, (nodes.reference, nodes.title)):
                continue
            if isinstance(literal.parent, addnodes.pending_xref):
                continue
            link = addnodes.pending_xref(
                "", refdomain=known[name][0], reftype=known[name][1], reftarget=name,
                refexplicit=True, refwarn=True, refdoc=self.env.docname)
            literal.replace_self(link)
            link += literal


def setup(app):
    app.sslcuda_entries = entries()
    app.add_directive("c-group", Group)
    app.add_directive("c-file", File)
    app.add_transform(LinkEntries)
    return {"parallel_read_safe": True}
