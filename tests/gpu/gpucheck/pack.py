"""Builds the programs of the check, and packs them into a folder that runs on a bare machine.

The build has bin/ and lib/ as the pack has, and programs find their libraries through $ORIGIN.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

PROGRAMS = ("sslcuda", "sslcuda_test_ops", "sslcuda_test_gpu")
ONLY_WITH_CUDA = ("sslcuda_planted", "sslcuda_test_device")
PERFORMANCE = "sslcuda_perf"
TARGETS = {"sslcuda": "sslcuda_trainer"}  # where the target's name is another
# Belongs to the machine: the C library, the driver, and NVIDIA's libraries, hundreds of MiB each.
OF_THE_MACHINE = re.compile(
    r"^(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|resolv)\.|"
    r"lib(cuda|cublas|cudnn|cufft|curand|cusolver|cusparse|nv))")
MOST_MIB = 60
IMAGES, TEST_IMAGES = 2000, 100
SHOWN_OF_A_FAILURE = 2000  # characters

# An old-fashioned RPATH: unlike RUNPATH it also serves the libraries' libraries.
CMAKE_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN/../lib",
    "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags",
    "-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--disable-new-dtags",
    "-DSSLCUDA_INSTALL=OFF",
)


class Failure(Exception):
    """Why there is no build or pack."""


def step(words, command, log, **environment):
    print(f"{words} ...", flush=True)
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, env=os.environ | environment, check=False)
    log(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-SHOWN_OF_A_FAILURE:])
        raise Failure(f"{words} failed")


def cuda_compiler(root):
    found = subprocess.run(["bash", "-c", '. "$0/scripts/common.sh"; find_nvcc', root],
                           capture_output=True, text=True, check=False)
    return found.stdout.strip()


def build(root, folder, cpu, log):
    """Brings the programs in folder/bin up to date, and makes the images in folder/data."""
    step("checking what the build needs", [root / "scripts/setup"], log)
    nvcc = cuda_compiler(root)
    if not cpu and not nvcc:
        raise Failure("there is no CUDA compiler; install the CUDA Toolkit, or bring a pack")
    print(f"CUDA compiler: {nvcc or 'none, building for the CPU only'}")
    programs = [*PROGRAMS, *(ONLY_WITH_CUDA if nvcc else ())]
    build_programs(root, folder, nvcc, programs, log)
    try:
        build_programs(root, folder, nvcc, [PERFORMANCE], log)
    except Failure as failure:  # the rest can be checked without it
        (folder / "bin" / PERFORMANCE).unlink(missing_ok=True)
        print(f"{failure}: going on without the performance suite (see the log)")
    if not (folder / "data").exists():
        make_data(root, folder / "data")
    (folder / "manifest.json").write_text(json.dumps(manifest(root), indent=2) + "\n")


def build_programs(root, folder, nvcc, programs, log):
    options = [*CMAKE_OPTIONS, f"-DCMAKE_RUNTIME_OUTPUT_DIRECTORY={folder / 'bin'}",
               f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={folder / 'lib'}",
               f"-DSSLCUDA_CUDA={'ON' if nvcc else 'OFF'}",
               f"-DSSLCUDA_PERF={'ON' if PERFORMANCE in programs else 'OFF'}"]
    environment = {"CUDACXX": nvcc} if nvcc else {}
    what = ", ".join(programs)
    step(f"configuring for {what}", ["cmake", "-S", root, "-B", folder, "-G", "Ninja", *options],
         log, **environment)
    targets = [TARGETS.get(name, name) for name in programs]
    step(f"building {what}", ["cmake", "--build", folder, "--target", *targets], log)


def make_data(root, folder):
    sys.path.insert(0, str(root / "tests/trainer"))
    import files

    part = folder.with_name("data.part")
    files.make_dataset(part, IMAGES, TEST_IMAGES)
    part.rename(folder)


def manifest(root):
    def git(*arguments):
        answer = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True,
                                check=False)
        return answer.stdout.strip()

    return {"commit": git("rev-parse", "HEAD"),
            "changed": bool(git("status", "--porcelain", "--untracked-files=no"))}


def libraries(programs):
    """{name: path} of all that the programs load, but for what belongs to the machine."""
    found = {}
    for program in programs:
        listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
        for name, path in re.findall(r"^\s*(\S+) => (/\S+|not found)", listing.stdout,
                                     re.MULTILINE):
            if OF_THE_MACHINE.match(name):
                continue
            if path == "not found":
                raise Failure(f"{program} needs {name}, which is not here")
            found[name] = path
    return found


def pack(root, build_folder, target):
    """Copies what `gpu_check --run` needs into the new folder `target`; returns its bytes."""
    if target.exists():
        raise Failure(f"{target} exists already; name a new folder, or remove it")
    for name in ("bin", "lib"):
        (target / name).mkdir(parents=True)
    names = (*PROGRAMS, *ONLY_WITH_CUDA, PERFORMANCE)
    programs = [build_folder / "bin" / name for name in names
                if (build_folder / "bin" / name).exists()]
    for program in programs:
        shutil.copy2(program, target / "bin")
    for name, path in libraries(programs).items():
        shutil.copy2(path, target / "lib" / name)
    for plugin in (build_folder / "lib").glob(f"{PERFORMANCE}_*.so"):  # opened at run time
        shutil.copy2(plugin, target / "lib")
    for file in [*(target / "bin").iterdir(), *(target / "lib").iterdir()]:
        subprocess.run(["strip", "--strip-unneeded", file], check=True)
    shutil.copytree(build_folder / "data", target / "data")
    shutil.copy2(build_folder / "manifest.json", target)
    shutil.copy2(root / "scripts/gpu_check", target)
    shutil.copytree(pathlib.Path(__file__).parent, target / "gpucheck",
                    ignore=shutil.ignore_patterns("__pycache__"))
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    if size > MOST_MIB << 20:
        raise Failure(f"{target} has {size / 2**20:.1f} MiB, more than {MOST_MIB}")
    return size
