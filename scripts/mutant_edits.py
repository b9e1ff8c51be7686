"""The edits of tests/mutants: how they are read, and made.

An edit names its file below kernels/cuda, the suites of tests/ops that may notice, why it is wrong,
the text to find after "- " and what replaces it after "+ ". `tests` above the first edit holds for
the whole file. `at 2 of 3` picks one of several places, `builds plain asan` leaves out one that has
no hope, `survives` says why nothing notices.

  [adam-no-barrier]
  file adam/adam.cuh
  tests Adam
  why threads read the factors before thread 0 has written them
  -   __syncthreads();
"""

import collections
import dataclasses
import fnmatch
import pathlib

KERNELS = pathlib.Path("kernels/cuda")


class Failure(Exception):
    """What makes the table worthless; the message says why."""


@dataclasses.dataclass
class Mutant:
    name: str
    group: str
    tests: str
    file: str = ""
    why: str = ""
    at: str = "1 of 1"
    builds: str = "plain race asan"
    survives: str = ""
    find: list = dataclasses.field(default_factory=list)
    replacement: list = dataclasses.field(default_factory=list)

    def suites(self):
        return [f"{suite}.*/CUDA" for suite in self.tests.split()]

    def apply(self, text):
        """The text with the edit made."""
        find, replacement = "\n".join(self.find), "\n".join(self.replacement)
        which, total = (int(number) for number in self.at.split(" of "))
        pieces = text.split(find) if find else []
        if len(pieces) - 1 != total:
            raise Failure(f"{self.name}: its text is {max(len(pieces) - 1, 0)} times in "
                          f"{self.file}, not {total}")
        return find.join(pieces[:which]) + replacement + find.join(pieces[which:])

    def edited(self, root):
        path = root / KERNELS / self.file
        if not path.is_file():
            raise Failure(f"{self.name}: no file {KERNELS / self.file}")
        return self.apply(path.read_text())


def parse(path):
    """The mutants of one file; see above for the format."""
    mutants, defaults = [], ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        key, _, value = line.partition(" ")
        if not line or key == "#":
            continue
        if line.startswith("["):
            mutants.append(Mutant(line.strip("[]"), path.stem, defaults))
        elif key == "-" and mutants:
            mutants[-1].find.append(value)
        elif key == "+" and mutants:
            mutants[-1].replacement.append(value)
        elif key in ("file", "tests", "why", "at", "builds", "survives") and mutants:
            setattr(mutants[-1], key, value)
        elif key == "tests":
            defaults = value
        else:
            raise Failure(f"{path}:{number}: not understood")
    return mutants


def read_mutants(root, patterns):
    """All mutants, or those whose name, folder or file matches a pattern."""
    mutants = [mutant for path in sorted((root / "tests/mutants").glob("*.edits"))
               for mutant in parse(path)]
    doubled = [name for name, count in collections.Counter(m.name for m in mutants).items()
               if count > 1]
    if doubled:
        raise Failure(f"two mutants are called {doubled[0]}")
    if not patterns:
        return mutants
    return [m for m in mutants if any(fnmatch.fnmatch(text, pattern) for pattern in patterns
                                      for text in (m.name, m.group, m.file))]
