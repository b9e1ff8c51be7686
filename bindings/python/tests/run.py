"""run.py NAME: runs test_NAME.py with the package of this tree. Exit code 77: a module is missing."""

import importlib.util
import pathlib
import runpy
import sys

TESTS = pathlib.Path(__file__).resolve().parent
TORCH = ["numpy", "torch"]
NEEDED = {"examples": TORCH, "torch": TORCH, "torch_modules": TORCH, "types": ["mypy"], "wheel": []}

name = sys.argv.pop(1)
missing = [m for m in NEEDED.get(name, ["numpy"]) if importlib.util.find_spec(m) is None]
if missing:
    print(f"skipped: no {', '.join(missing)} in {sys.executable}")
    sys.exit(77)
sys.path[:0] = [str(TESTS.parent / "src")]
runpy.run_path(str(TESTS / f"test_{name}.py"), run_name="__main__")
