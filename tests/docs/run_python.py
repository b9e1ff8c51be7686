"""Runs the Python blocks of pages, which come as JSON, one after the other as a page's readers do.

Prints a JSON list with [outputs, traceback] of each page; a traceback names the page and its line.
"""

import contextlib
import io
import json
import sys
import traceback


def run_page(page, blocks):
    outputs, names = [], {"__name__": "__main__"}
    for block in blocks:
        code = compile("\n" * (block["line"] - 1) + block["code"], page, "exec")
        printed = io.StringIO()
        if not block["not_run"]:
            with contextlib.redirect_stdout(printed):
                exec(code, names)  # the page's own code
        outputs.append(printed.getvalue())
    return outputs


def main():
    results = []
    for page, blocks in json.load(sys.stdin):
        try:
            results.append([run_page(page, blocks), ""])
        except Exception:
            results.append([[], traceback.format_exc()])
    print(json.dumps(results))


main()
