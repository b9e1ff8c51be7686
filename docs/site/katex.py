"""Sphinx extension: formulas are set by KaTeX in the reader's browser, from files of the site."""

import html
import pathlib
import shutil

from docutils import nodes

KATEX = pathlib.Path("/usr/share/javascript/katex")  # Debian's libjs-katex


def inline(translator, node):
    translator.body.append(f'<span class="tex">{html.escape(node.astext())}</span>')
    raise nodes.SkipNode


def display(translator, node):
    translator.body.append(f'<div class="tex">{html.escape(node.astext())}</div>\n')
    raise nodes.SkipNode


def copy_katex(app):
    target = pathlib.Path(app.outdir) / "_static" / "katex"
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    for file in (KATEX / "katex.min.js", KATEX / "katex.min.css"):
        shutil.copy(file, target)
    for font in (KATEX / "fonts").glob("*.woff2"):
        shutil.copy(font, target / "fonts")


def setup(app):
    app.add_html_math_renderer("katex", (inline, None), (display, None))
    app.connect("builder-inited", copy_katex)
    app.add_css_file("katex/katex.min.css")
    app.add_js_file("katex/katex.min.js")
    app.add_js_file("formulas.js")
    return {"parallel_read_safe": True}
