"""The GPU, asked through the driver's own library and nvidia-smi, so that nothing need be built."""

import ctypes
import os
import pathlib
import platform
import subprocess
import threading

# Of CUdevice_attribute in cuda.h.
ATTRIBUTES = {
    "multiprocessors": 16,
    "clock_khz": 13,
    "memory_clock_khz": 36,
    "l2_bytes": 38,
    "ecc": 32,
    "compute_major": 75,
    "compute_minor": 76,
}
SMI_FIELDS = (
    "driver_version", "memory.total", "memory.used", "ecc.mode.current",
    "ecc.errors.uncorrected.volatile.total", "clocks.sm", "clocks.max.sm", "clocks.mem",
    "clocks.max.mem", "temperature.gpu", "power.draw", "power.limit", "persistence_mode",
)
SMI_SECONDS = 20


class NoGpu(Exception):
    """Why there is none."""


def find_gpu():
    """Facts about the first GPU that CUDA offers to this process."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise NoGpu("no NVIDIA driver (libcuda.so.1) here") from None
    error = cuda.cuInit(0)
    if error:
        raise NoGpu(f"the NVIDIA driver finds no GPU (cuInit: error {error})")
    count = ctypes.c_int()
    if cuda.cuDeviceGetCount(ctypes.byref(count)) or count.value == 0:
        raise NoGpu("the NVIDIA driver finds no GPU")
    device = ctypes.c_int()
    cuda.cuDeviceGet(ctypes.byref(device), 0)
    facts = {"name": device_name(cuda, device), "count": count.value}
    facts["uuid"] = device_uuid(cuda, device)
    memory, version = ctypes.c_size_t(), ctypes.c_int()
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    cuda.cuDriverGetVersion(ctypes.byref(version))
    facts["memory_bytes"] = memory.value
    facts["driver_cuda"] = f"{version.value // 1000}.{version.value % 1000 // 10}"
    for name, number in ATTRIBUTES.items():
        value = ctypes.c_int()
        if cuda.cuDeviceGetAttribute(ctypes.byref(value), number, device) == 0:
            facts[name] = value.value
    return facts


def device_name(cuda, device):
    text = ctypes.create_string_buffer(256)
    cuda.cuDeviceGetName(text, len(text), device)
    return text.value.decode(errors="replace")


def device_uuid(cuda, device):
    """As nvidia-smi writes it; it may number the GPUs in another order than CUDA."""
    raw = (ctypes.c_ubyte * 16)()
    if not hasattr(cuda, "cuDeviceGetUuid") or cuda.cuDeviceGetUuid(ctypes.byref(raw), device):
        return None
    digits = bytes(raw).hex()
    groups = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "GPU-" + "-".join(groups)


def smi_command(gpu, *arguments):
    chosen = ["-i", gpu["uuid"]] if gpu.get("uuid") else []
    return ["nvidia-smi", *chosen, *arguments]


def smi_facts(gpu):
    """What nvidia-smi tells of the GPU; empty without it."""
    command = smi_command(gpu, f"--query-gpu={','.join(SMI_FIELDS)}", "--format=csv,noheader")
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SMI_SECONDS,
                                check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    values = answer.splitlines()[0].split(",") if answer.strip() else []
    return dict(zip(SMI_FIELDS, (value.strip() for value in values)))


def processor():
    """Facts about the host."""
    model = platform.processor()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {"processor": model, "cores": len(os.sched_getaffinity(0)),
            "system": platform.platform()}


class MemoryWatch:
    """Samples the used memory of the GPU while it is open."""

    PERIOD_MS = 50
    START_SECONDS = 10
    LEAST_SAMPLES = 5

    def __init__(self, gpu):
        self._samples = []
        self._process = None
        self._command = smi_command(gpu, "--query-gpu=memory.used",
                                    "--format=csv,noheader,nounits", "-lms", str(self.PERIOD_MS))

    @property
    def peak_bytes(self):
        """0 where too few samples came to tell."""
        return max(self._samples) if len(self._samples) >= self.LEAST_SAMPLES else 0

    def __enter__(self):
        try:
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE,
                                             stderr=subprocess.DEVNULL, text=True)
        except OSError:
            return self
        first = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(first,))
        self._reader.start()
        first.wait(self.START_SECONDS)
        return self

    def _read(self, first):
        for line in self._process.stdout:
            if line.strip().isdigit():
                self._samples.append(int(line) << 20)
                first.set()
        first.set()

    def __exit__(self, *_):
        if self._process:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process.stdout.close()
