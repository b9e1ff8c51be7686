"""TensorBoard's event files in plain Python, written for the tests from the format's description."""

import pathlib
import struct


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    """The contents of a TFRecord file; fails on a wrong checksum and on bytes left over."""
    data = pathlib.Path(path).read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12]) == (masked(data[:8]),)
        content = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length]) == (masked(content),)
        data = data[16 + length :]
        yield content


def fields(message):
    """{number: last value} of a protobuf message; values are integers, floats or bytes."""

    def varint():
        nonlocal message
        value = shift = 0
        while True:
            byte, message = message[0], message[1:]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    found = {}
    while message:
        number, wire = divmod(varint(), 8)
        if wire == 0:
            found[number] = varint()
            continue
        size = {1: 8, 5: 4}.get(wire) or varint()
        value, message = message[:size], message[size:]
        found[number] = value if wire == 2 else struct.unpack("<d" if wire == 1 else "<f", value)[0]
    return found


def read(path):
    """[(step, kind, content)] with kind "version", "start" or a scalar's tag."""
    result = []
    for record in records(path):
        event = fields(record)
        assert event[1] > 1.7e9  # seconds since 1970
        if 3 in event:
            result.append((event[2], "version", event[3].decode()))
        elif 7 in event:
            assert fields(event[7]) == {1: 1}
            result.append((event[2], "start", None))
        else:
            value = fields(fields(event[5])[1])
            result.append((event[2], value[1].decode(), value[2]))
    return result
