#!/usr/bin/env python3
"""check_exports.py HEADER LIBRARY: the library exports what the header declares and nothing else,
and loads without any CUDA library."""
import re
import subprocess
import sys

header, library = sys.argv[1:]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


with open(header, encoding="utf-8") as file:
    declared = set(re.findall(r"SSLCUDA_API\s[^(;]*?\b(sslcuda_\w+)\(", file.read()))
symbols = [line.split() for line in output("nm", "-D", "--defined-only", library).splitlines()]
exported = {fields[2].split("@")[0] for fields in symbols if fields[1] != "A"}
needed = re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", library))
cuda = [name for name in needed if re.match(r"lib(cu|nv|nccl)", name)]

problems = [f"{name} is declared but not exported" for name in sorted(declared - exported)]
problems += [f"{name} is exported but not declared" for name in sorted(exported - declared)]
problems += [f"{name} must not be needed to load the library" for name in cuda]
if not declared:
    problems.append(f"no declarations found in {header}")
print("\n".join(problems) or f"{len(exported)} functions exported; needs {' '.join(needed)}")
sys.exit(bool(problems))
