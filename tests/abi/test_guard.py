#!/usr/bin/env python3
"""test_guard.py - scripts/abi refuses every kind of change that would break a program built against
the release, and lets through what the ABI may grow by. Changes a copy of the header in one place at a
time; exits with 77 where scripts/abi cannot run."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HEADER = (ROOT / "capi/include/sslcuda.h").read_text(encoding="utf-8")

# What is changed, a pattern in the header, what stands there instead, and words of the report.
VERSION = r"SSLCUDA_API int32_t sslcuda_version\(void\);"
GROUPS = r"int64_t groups; /\* other than 1.*"
BREAKING = [
    ("function removed", VERSION, "", r"1 Removed function"),
    ("function renamed", "sslcuda_version\\(", "sslcuda_release(", r"1 Removed function"),
    ("parameter's type", r"sslcuda_device_count\(int32_t\* ", "sslcuda_device_count(int64_t* ",
     r"parameter 1 .* changed"),
    ("parameter added", r"sslcuda_device_count\(", "sslcuda_device_count(int32_t kind, ",
     r"parameter 2 .* was added"),
    ("parameter removed", r"(const char\* sslcuda_status_name)\(.*\)", r"\1(void)",
     r"parameter 1 .* was removed"),
    ("return type", r"int32_t sslcuda_version\(", "int64_t sslcuda_version(", r"return type changed"),
    ("fields swapped", r"int64_t n, c, h, w;  ", "int64_t n, h, c, w;", r"'int64_t c' offset changed"),
    ("field removed", GROUPS, "", r"1 data member deletion"),
    ("field not at the end", GROUPS, "int64_t more, groups;", r"groups is now more"),
    ("field's name", GROUPS, "int64_t group;", r"groups is now group"),
    ("field's type", r"int32_t threads; ", "uint32_t threads; ", r"type of 'int32_t threads' changed"),
    ("fields swapped in a struct that grew", r"int64_t n, c, h, w;  (.|\n)*?" + GROUPS,
     lambda found: found[0].replace("n, c, h, w", "n, h, c, w") + "\n  int64_t more;",
     r"'int64_t c' offset changed"),
    ("field at the beginning", r"(sslcuda_conv2d_shape) \{\n(.*\n)", r"\1 {\n\2  int32_t kind;\n", r"insertion"),
    ("constant's value", r"SSLCUDA_BUSY = 15,", "SSLCUDA_BUSY = 25,", r"from value '15' to '25'"),
    ("constant removed", r"SSLCUDA_TF32 = 3 ", "", r"1 enumerator deletion"),
    ("function of a later version under the first's", r"(VERSION_MINOR) 0(.|\n)*?" + VERSION,
     lambda found: found[0].replace("MINOR 0", "MINOR 1") + "\nSSLCUDA_API int sslcuda_more(void);",
     r"sslcuda_more@@SSLCUDA_1 is new, so belongs under SSLCUDA_1\.1"),
    ("new major version", r"(VERSION_MAJOR) 1", r"\1 2", r"begins with scripts/abi update"),
]
COMPATIBLE = [
    ("nothing", "^", "", r"compatible with"),
    ("function added", VERSION, r"\g<0>\nSSLCUDA_API int32_t sslcuda_more(void);", r"1 Added function"),
    ("constant added", r"SSLCUDA_INTERNAL = 18", "SSLCUDA_INTERNAL = 18, SSLCUDA_MORE = 19", ""),
    ("constants added", VERSION, r"enum { SSLCUDA_LESS = 0 };\n\g<0>", r"1 added type"),
    ("struct added", VERSION, r"typedef struct sslcuda_more { size_t size; } sslcuda_more;\n\g<0>", ""),
    ("fields at the end of a struct", GROUPS, r"\g<0>\n  int64_t more, still_more;",
     r"sslcuda_conv2d_shape\.still_more; the library must"),
    ("parameter's name", r"sslcuda_device_count\(int32_t\* count", "sslcuda_device_count(int32_t* n", ""),
]


def run(*options):
    guard = subprocess.run([ROOT / "scripts/abi", *options], text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if guard.returncode == 77:
        print(guard.stdout)
        sys.exit(77)
    return guard


def check(path, case, breaks, header=HEADER, options=()):
    what, pattern, replacement, words = case
    changed, count = re.subn(pattern, replacement, header, count=1)
    if count != 1:
        return f"{what}: {pattern} is not in the header"
    path.write_text(changed, encoding="utf-8")
    guard = run("check", "--header", path, *options)
    if bool(guard.returncode) != breaks or not re.search(words, guard.stdout):
        return f"{what}: {'should be refused' if breaks else 'should pass'}, saying {words}:\n{guard.stdout}"
    print(f"{'refused' if breaks else 'passes '}  {what}")
    return None


def check_padding(path):
    """A struct that ends in padding, which now none does."""
    padded = re.sub(GROUPS, r"\g<0>\n  int32_t odd;", HEADER)
    path.write_text(padded, encoding="utf-8")
    options = ("--dump", path.with_suffix(".abi"))
    run("update", "--header", path, *options)
    case = ("field in padding", "int32_t odd;", "int32_t odd, even;", r"1 data member insertion")
    return check(path, case, True, padded, options)


def main():
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work) / "sslcuda.h"
        problems = [check(path, case, True) for case in BREAKING]
        problems += [check(path, case, False) for case in COMPATIBLE]
        problems.append(check_padding(path))
    problems = [problem for problem in problems if problem]
    print(*problems, sep="\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
