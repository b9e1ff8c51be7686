"""The trainer's file formats in plain Python: IDX and safetensors, and a small made-up data set."""

import array
import gzip
import json
import math
import pathlib
import random
import struct


def read_idx(path):
    """Returns (extents, bytes) of an IDX file, plain or .gz."""
    path = pathlib.Path(path)
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rank = raw[3]
    extents = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return extents, raw[4 + 4 * rank :]


def format_idx(extents, data):
    return struct.pack(f">I{len(extents)}I", 0x0800 | len(extents), *extents) + bytes(data)


def find_idx(directory, name):
    """The file of that name in the directory, with or without .gz."""
    for path in (pathlib.Path(directory) / name, pathlib.Path(directory) / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"{name}[.gz] in {directory}")


def make_images(count, height, width, seed):
    """Blurred bars, one direction per class, with noise. Returns (pixels, labels)."""
    rng = random.Random(seed)
    pixels, labels = bytearray(), bytearray()
    for _ in range(count):
        label = rng.randrange(10)
        angle = math.pi * label / 10 + rng.uniform(-0.1, 0.1)
        x0, y0 = width / 2 + rng.uniform(-3, 3), height / 2 + rng.uniform(-3, 3)
        labels.append(label)
        for y in range(height):
            for x in range(width):
                along = (x - x0) * math.cos(angle) + (y - y0) * math.sin(angle)
                across = (y - y0) * math.cos(angle) - (x - x0) * math.sin(angle)
                bar = math.exp(-(across**2) / 3) * (-4 < along < 10)
                pixels.append(int(min(255, 230 * bar + rng.randrange(20))))
    return pixels, labels


def make_dataset(directory, train=300, test=60, height=28, width=28, compress=True):
    """Writes the four files of a data set named as torchvision names them."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for part, count, seed in (("train", train, 1), ("t10k", test, 2)):
        pixels, labels = make_images(count, height, width, seed)
        contents = {
            f"{part}-images-idx3-ubyte": format_idx((count, height, width), pixels),
            f"{part}-labels-idx1-ubyte": format_idx((count,), labels),
        }
        for name, data in contents.items():
            if compress:
                (directory / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
            else:
                (directory / name).write_bytes(data)
    return directory


def read_header(path):
    """Returns (header, data) of a safetensors file."""
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def read_safetensors(path):
    """Returns {name: (shape, values)} in the order of the header."""
    header, data = read_header(path)
    header.pop("__metadata__", None)
    tensors, end = {}, 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32"
        tensors[name] = (tuple(entry["shape"]), array.array("f", data[begin:end]))
    assert end == len(data), "bytes are missing"
    return tensors


def read_state(path):
    """Where the run stood when it wrote the checkpoint."""
    header, _ = read_header(path)
    return json.loads(header["__metadata__"]["sslcuda"])["state"]


def write_safetensors(path, tensors):
    """tensors: {name: (shape, values)}."""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        values = array.array("f", values).tobytes()
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": offsets}
        data += values
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_lines(run, key):
    """Those of a run's metrics.jsonl that have the key."""
    text = (pathlib.Path(run) / "metrics.jsonl").read_text()
    return [line for line in map(json.loads, text.splitlines()) if key in line]


def read_losses(run):
    return [line["loss"] for line in read_lines(run, "loss")]
