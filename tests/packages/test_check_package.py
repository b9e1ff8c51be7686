#!/usr/bin/env python3
"""test_check_package.py - scripts/check_package lets a good package through and refuses bad ones."""
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

CHECK = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts/check_package"


def library(folder, name, *flags):
    """An empty shared library."""
    subprocess.run(["cc", "-shared", "-nostdlib", "-x", "c", "/dev/null", "-x", "none", *flags,
                    f"-Wl,-soname,{name}", "-o", folder / name], check=True)
    return folder / name


def tarball(folder, *files):
    path = folder / "sslcuda-1.0.0-linux-x86_64-cpu.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file in files:
            archive.add(file, f"sslcuda/lib/{file.name}")
    return path


def wheel(folder, *files):
    path = folder / "sslcuda-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.write(file, f"sslcuda/{file.name}")
    return path


def main():
    problems = []

    def expect(path, words):
        """The package is refused with these words or, without words, is let through."""
        result = subprocess.run([CHECK, path], text=True, check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        if bool(result.returncode) != bool(words) or (words or "MiB") not in result.stdout:
            problems.append(f"{path.name}: '{words}' expected:\n{result.stdout}")

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        good = library(folder, "libsslcuda.so.1", "-s")
        cudart = library(folder, "libcudart.so.13", "-s")
        needs = library(folder, "libother.so.1", "-s", "-Wl,--no-as-needed", str(cudart))
        renamed = folder / "libharmless.so"
        renamed.write_bytes(cudart.read_bytes())
        unstripped = library(folder, "libsymbols.so.1")
        noise = folder / "noise"
        noise.write_bytes(os.urandom(3 << 20))
        for pack in (tarball, wheel):
            expect(pack(folder, good), None)
            expect(pack(folder, good, cudart), "libcudart.so.13 is a library of CUDA")
            expect(pack(folder, good, needs), "libother.so.1 needs libcudart.so.13")
            expect(pack(folder, good, renamed), "libharmless.so calls itself libcudart.so.13")
            expect(pack(folder, good, unstripped), "libsymbols.so.1 is not stripped")
        expect(tarball(folder, good, noise), "MiB are more than 2")
        other = folder / "other-1.0.0.tar.gz"
        tarball(folder, good).rename(other)
        expect(other, "no limit is known")
    print("\n".join(problems) or "every bad package is refused")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
