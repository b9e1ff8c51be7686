"""The code blocks of the documentation, as its readers meet them."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
FENCE = re.compile(r"^( *)(```+)([^\n`]*)\n(.*?)^\1\2 *$", re.S | re.M)
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*$")


@dataclasses.dataclass
class Block:
    page: pathlib.Path
    line: int  # of its first line of code
    language: str
    code: str
    not_run: str  # the reason, or ""
    output: str = None  # what it prints, if a text block comes right after it

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages():
    named = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "perf/README.md")]
    return [*named, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page):
    """All fenced blocks but directives. A block of `text` right behind code is the code's output."""
    text = page.read_text(encoding="utf-8")
    found, end = [], 0
    for fence in FENCE.finditer(text):
        indent, _, language, code = fence.groups()
        between, end = text[end : fence.start()], fence.end()
        code = re.sub(rf"^{indent}", "", code, flags=re.M)
        line = text.count("\n", 0, fence.start()) + 2
        reason = NOT_RUN.search(between)
        if language == "text" and found and not between.strip() and found[-1].output is None:
            found[-1].output = code
        elif not language.startswith("{"):
            reason = reason.group(1) if reason else ""
            found.append(Block(page, line, language.strip(), code, reason))
    return found


def blocks_in(*languages):
    """{page: its blocks in one of the languages}."""
    found = {}
    for page in pages():
        chosen = [block for block in blocks(page) if block.language in languages]
        if chosen:
            found[page] = chosen
    return found


def same_output(expected, printed):
    """Whether they are the same; a line `...` stands for any number of lines."""
    parts = [re.escape(line.rstrip()) + "\n" if line.strip() != "..." else r"(?:.*\n)*?"
             for line in expected.rstrip("\n").split("\n")]
    printed = "".join(line.rstrip() + "\n" for line in printed.rstrip("\n").split("\n"))
    return re.fullmatch("".join(parts), printed) is not None
