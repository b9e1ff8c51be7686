"""Settings of Sphinx for the documentation. The sources are the whole tree's Markdown, so that links
between pages, and from pages to other files, are the same here and in the repository."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

header = (ROOT / "capi/include/sslcuda.h").read_text(encoding="utf-8")
project = "libsslcuda"
copyright = "the libsslcuda authors, Apache-2.0"  # noqa: A001
version = release = ".".join(re.findall(r"#define SSLCUDA_VERSION_\w+ (\d+)", header))

extensions = ["myst_parser", "katex", "c_reference", "python_reference"]
root_doc = "docs/index"
include_patterns = ["docs/**", "*.md", "bindings/README.md",
                    "bindings/python/README.md", "perf/README.md"]
exclude_patterns = ["README.md", "docs/site/**", "docs/images/**"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
highlight_language = "none"

html_theme = "furo"
html_title = f"libsslcuda {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "katex"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it would be fetched, which a page from a file may not do
pygments_style = "friendly"
pygments_dark_style = "monokai"
