"""Builds the wheel, looks into it, and runs it from a fresh virtual environment.

Skipped where pip or the network is missing."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "bindings/python"
MEGABYTES = 20  # most of it is oneDNN
BUNDLED = {"libsslcuda.so.1", "libdnnl.so.2", "libgomp.so.1", "libOpenCL.so.1"}


def run(*command, **options):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}")
    return done.stdout


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def glibc_of(library):
    """The newest glibc that it asks for."""
    text = run("objdump", "-T", library)
    versions = re.findall(r"GLIBC_2\.(\d+)", text)
    return max(map(int, versions), default=0)


def check(wheel, folder):
    tag, glibc = re.search(r"-(py3-none-manylinux_2_(\d+)_x86_64)\.whl$", wheel.name).groups()
    size = wheel.stat().st_size / 1e6
    assert size < MEGABYTES, f"{size} MB"
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".so" in name}
        archive.extractall(folder)
        metadata = next(n for n in archive.namelist() if n.endswith("/WHEEL"))
        assert tag in archive.read(metadata).decode()
        for name in ("py.typed", "licenses/sslcuda"):
            assert f"sslcuda/{name}" in archive.namelist(), name
    libraries = {name.split("/")[1] for name in names}
    assert libraries <= BUNDLED and "libsslcuda.so.1" in libraries, libraries
    for name in names:
        assert glibc_of(folder / name) <= int(glibc), name
        needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", folder / name))
        strangers = [
            n
            for n in needed
            if n not in libraries
            and not re.match(r"(ld-linux|lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+)\.so)", n)
        ]
        assert not strangers, f"{name} needs {strangers}"
    print(f"{wheel.name}: {size:.1f} MB, {', '.join(sorted(libraries))}")


def main():
    if not shutil.which("objdump"):
        skip("no objdump")
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        venv = work / "venv"
        if (
            subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True).returncode
            != 0
        ):
            skip("no venv (python3-venv)")
        python = venv / "bin/python"
        download = [
            python,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            work,
            "scikit-build-core>=0.10",
        ]
        if subprocess.run(download, capture_output=True).returncode != 0:
            skip("pip gets nothing from an index")
        run(
            python,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            work / "wheels",
            "--config-settings",
            "cmake.define.SSLCUDA_CUDA=OFF",
            PACKAGE,
        )
        (wheel,) = (work / "wheels").glob("*.whl")
        check(wheel, work / "unpacked")
        run(ROOT / "scripts/check_package", wheel)
        run(python, "-m", "pip", "install", "-q", wheel)
        environment = {
            n: v
            for n, v in os.environ.items()
            if n not in ("SSLCUDA_LIBRARY", "PYTHONPATH", "LD_LIBRARY_PATH")
        }
        printed = run(python, PACKAGE / "examples/infonce.py", cwd=work, env=environment)
        assert printed.startswith("loss 0.24703"), printed
        maps = "import sslcuda; print(open('/proc/self/maps').read())"
        loaded = set(
            re.findall(r"/\S*lib(?:sslcuda|dnnl|gomp)\S*", run(python, "-c", maps, env=environment))
        )
        assert loaded and all(path.startswith(f"{venv}/") for path in loaded), loaded
        print("installed in a fresh environment, and run: the example's numbers")
    finally:
        shutil.rmtree(work)


main()
