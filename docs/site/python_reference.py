"""Sphinx extension: the Python package as its sources have it, without importing it, which would want
the library.

    .. python-module:: sslcuda.losses      its public functions and classes, in their order

And in every page: `sslcuda.infonce` in code is a link to its entry.
"""

import ast
import pathlib
import re

from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

SOURCES = pathlib.Path(__file__).parents[2] / "bindings/python/src"


def indented(lines):
    return ["   " + line if line else "" for line in lines]


def signature(function, skip_self):
    """Without annotations, which say little where arrays of any kind are taken."""
    arguments = function.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    for argument in (arguments.vararg, arguments.kwarg):
        if argument:
            argument.annotation = None
    if skip_self and arguments.args:
        arguments.args.pop(0)
    return f"{function.name}({ast.unparse(arguments)})"


def words(node):
    """The docstring: paragraphs as text, but formulas, columns and examples as they are laid out."""
    lines = []
    for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
        if re.search(r"^( |>>>)|\S   +\S", paragraph, re.M):
            lines += [".. code-block:: text", "", *indented(paragraph.split("\n")), ""]
        else:
            text = re.sub(r"([\\*|_])", r"\\\1", " ".join(paragraph.split()))
            lines += [text.replace("`", "``"), ""]
    return lines


def is_property(function):
    return any(getattr(mark, "id", "") == "property" for mark in function.decorator_list)


def rst_function(node, kind, skip_self=False):
    shown = node.name if is_property(node) else signature(node, skip_self)
    kind = "py:property" if is_property(node) else kind
    return ["", f".. {kind}:: {shown}", "", *indented(words(node)), ""]


def rst_class(node):
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    shown = node.name
    lines = words(node)
    for method in methods:
        if method.name == "__init__":
            shown = node.name + signature(method, True).removeprefix("__init__")
        elif not method.name.startswith("_") and ast.get_docstring(method):
            lines += rst_function(method, "py:method", skip_self=True)
    return ["", f".. py:class:: {shown}", "", *indented(lines), ""]


def rst_module(name):
    path = SOURCES / (name.replace(".", "/") + ".py")
    lines = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.FunctionDef):
            lines += rst_function(node, "py:function")
        elif isinstance(node, ast.ClassDef):
            lines += rst_class(node)
    return path, lines


class Module(SphinxDirective):
    """Of `sslcuda` all but the module torch are shown as its own names, which they are."""

    required_arguments = 1

    def run(self):
        path, lines = rst_module(self.arguments[0])
        self.env.note_dependency(str(path))
        shown = "sslcuda.torch" if self.arguments[0].endswith(".torch") else "sslcuda"
        return self.parse_text_to_nodes(StringList(
            [f".. py:currentmodule:: {shown}", "", *lines], str(path)))


def entries():
    """{name: (domain, role)} of what the reference has."""
    found = {}
    for name in ("losses", "layers", "optim", "data", "torch"):
        path = SOURCES / f"sslcuda/{name}.py"
        prefix = "sslcuda.torch" if name == "torch" else "sslcuda"
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not getattr(node, "name", "_").startswith("_"):
                role = "class" if isinstance(node, ast.ClassDef) else "func"
                found[f"{prefix}.{node.name}"] = ("py", role)
    return found


def setup(app):
    app.sslcuda_entries.update(entries())
    app.add_directive("python-module", Module)
    return {"parallel_read_safe": True}
