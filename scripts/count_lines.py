"""Which lines ran, from the records that a build with --coverage leaves: a table per source file.

A line that is compiled several times, as one of a template or a header is, has run if any of its
copies has; it has run in part if some condition in it never held, or never failed, in any copy.
Functions are counted with each copy of a template by itself.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import tempfile


class Counts:
    """What of a file ran, and how often."""

    def __init__(self):
        self.lines = collections.Counter()
        self.whole = set()
        self.functions = collections.Counter()

    def add(self, record):
        for line in record["lines"]:
            self.lines[line["line_number"]] += line["count"]
            if not line["unexecuted_block"]:
                self.whole.add(line["line_number"])
        for function in record["functions"]:
            key = function["start_line"], function["demangled_name"]
            self.functions[key] += function["execution_count"]

    def in_part(self):
        return [line for line, times in self.lines.items() if times > 0 and line not in self.whole]

    def row(self):
        return [len(self.lines), ran(self.lines), len(self.in_part()),
                len(self.functions), ran(self.functions)]


def ran(counter):
    return sum(times > 0 for times in counter.values())


def read_records(build):
    """One per object file that was compiled for coverage, whether or not it ran."""
    notes = [str(path.resolve()) for path in sorted(build.rglob("*.gcno"))]
    if not notes:
        raise SystemExit(f"{build} holds no *.gcno files; build it with --coverage")
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run(
            ["gcov", "--json-format", "--stdout", "--demangled-names", *notes],
            cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in text.splitlines() if line]


def count(records, folder):
    """Counts by path, of the files in the folder."""
    files = collections.defaultdict(Counts)
    for record in records:
        for source in record["files"]:
            path = pathlib.Path(record["current_working_directory"], source["file"]).resolve()
            if folder in path.parents:
                files[path.relative_to(folder)].add(source)
    return dict(sorted(files.items()))


def print_table(files):
    """Returns the percentage of all lines that ran."""
    rows = {str(path): counts.row() for path, counts in files.items()}
    rows["total"] = [sum(column) for column in zip(*rows.values())]
    width = max(map(len, rows))
    print(f"{'':{width}}  lines    ran      %  in part  functions    ran")
    for name, (lines, lines_ran, in_part, functions, functions_ran) in rows.items():
        percent = 100 * lines_ran / max(lines, 1)
        print(f"{name:{width}}  {lines:5}  {lines_ran:5}  {percent:5.1f}  {in_part:7}  "
              f"{functions:9}  {functions_ran:5}")
    return percent


def print_missing(files, folder):
    for path, counts in files.items():
        text = (folder / path).read_text().splitlines()
        in_part = counts.in_part()
        for line, times in sorted(counts.lines.items()):
            if times == 0 or line in in_part:
                how = "in part" if times else "never"
                print(f"{path}:{line}: {how}: {text[line - 1].strip()}")
        for (line, function), times in sorted(counts.functions.items()):
            if times == 0:
                print(f"{path}:{line}: never called: {function}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="build folder, after its tests have run")
    parser.add_argument("sources", type=pathlib.Path, help="folder whose files are counted")
    parser.add_argument("--at-least", type=float, default=0, metavar="PERCENT",
                        help="fail if fewer of the lines ran")
    parser.add_argument("--missing", action="store_true", help="list what did not run")
    options = parser.parse_args()
    folder = options.sources.resolve()
    files = count(read_records(options.build), folder)
    if not files:
        raise SystemExit(f"{options.build} has no code of {options.sources}")
    reached = print_table(files)
    if options.missing:
        print_missing(files, folder)
    if reached < options.at_least:
        raise SystemExit(f"{reached:.1f} % of the lines ran, less than {options.at_least:g} %")


if __name__ == "__main__":
    main()
