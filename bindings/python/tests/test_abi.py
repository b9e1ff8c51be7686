"""The tables of sslcuda._abi against the header: every function, struct, field and number."""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from sslcuda import _abi
from sslcuda._library import lib

ROOT = pathlib.Path(__file__).resolve().parents[3]
HEADER = ROOT / "capi/include/sslcuda.h"
TEXT = re.sub(r"/\*.*?\*/", "", HEADER.read_text(encoding="utf-8"), flags=re.S)
CODES = {
    "int32_t": "i",
    "int64_t": "q",
    "uint64_t": "Q",
    "size_t": "N",
    "float": "f",
    "double": "d",
    "sslcuda_status": "i",
    "sslcuda_stream": "p",
    "sslcuda_log_callback": "p",
}


def code_of(declaration):
    """Letter of a C parameter or field, `const void* const* grads`."""
    kind = declaration.replace("const ", "").strip()
    return "p" if "*" in kind else CODES[kind.split()[0]]


def name_of(declaration):
    return re.search(r"(\w+)$", declaration.strip()).group(1)


def declared_functions():
    """{name: (result, [parameters])}"""
    found = re.findall(r"SSLCUDA_API\s+([^(;]*?)\b(sslcuda_\w+)\(([^;]*)\);", TEXT)
    split = {n: (r.strip(), re.split(r",\s*", " ".join(p.split()))) for r, n, p in found}
    return {name: (r, [] if p == ["void"] else p) for name, (r, p) in split.items()}


def declared_fields(struct):
    body = re.search(r"typedef struct sslcuda_%s \{(.*?)\}" % struct, TEXT, re.S).group(1)
    for declaration in filter(None, map(str.strip, body.split(";"))):
        kind, names = re.match(r"(.*?[\s*])((?:\w+,\s*)*\w+)$", declaration, re.S).groups()
        for name in re.split(r",\s*", names):
            yield name, code_of(kind + name)


class Functions(unittest.TestCase):
    def test_every_function_is_bound_and_no_other(self):
        bound = {*_abi.OPS, *_abi.MACHINERY, *_abi.QUERIES}
        self.assertEqual({f"sslcuda_{name}" for name in bound}, set(declared_functions()))

    def test_names_and_types_of_arguments(self):
        for name, words in {**_abi.OPS, **_abi.MACHINERY}.items():
            result, parameters = declared_functions()[f"sslcuda_{name}"]
            if name not in _abi.NO_CONTEXT:
                self.assertRegex(parameters.pop(0), r"^(const )?sslcuda_context\* ctx$", name)
            table = _abi.arguments(words)
            with self.subTest(name):
                self.assertEqual(result, "sslcuda_status")
                self.assertEqual(
                    [(name_of(p), code_of(p)) for p in parameters],
                    [(a.name, a.code) for a in table],
                )

    def test_const_is_input(self):
        for name, words in _abi.OPS.items():
            parameters = {name_of(p): p for p in declared_functions()[f"sslcuda_{name}"][1]}
            self.check_const(name, words, parameters)
        fields = re.search(r"struct sslcuda_contrastive_args \{(.*?)\}", TEXT, re.S).group(1)
        parameters = {name_of(f): f.strip() for f in fields.split(";") if "*" in f}
        self.check_const("contrastive_args", _abi.STRUCTS["contrastive_args"], parameters)

    def check_const(self, name, words, parameters):
        elements = {"float": "f32", "int64_t": "i64", "uint8_t": "u8", "uint32_t": "u32"}
        for argument in filter(lambda a: a.tensor, _abi.arguments(words)):
            declaration = parameters[argument.name]
            with self.subTest(f"{name} {argument.name}"):
                self.assertEqual(argument.output, "const" not in declaration)
                kind = re.search(r"(\w+)\*", declaration).group(1)
                expected = elements.get(kind, argument.element if argument.element == "any" else "")
                self.assertEqual(argument.element, expected)

    def test_library_has_these_types(self):
        function = lib.sslcuda_mse
        self.assertEqual(function.restype, ctypes.c_int32)
        self.assertEqual(function.argtypes[2], ctypes.c_int64)

    def test_queries(self):
        for name, (result, types) in _abi.QUERIES.items():
            declared, parameters = declared_functions()[f"sslcuda_{name}"]
            self.assertEqual(
                result, {"int32_t": ctypes.c_int32, "const char*": ctypes.c_char_p}[declared]
            )
            self.assertEqual([_abi.CTYPES[code_of(p)] for p in parameters], types)

    def test_version(self):
        numbers = re.findall(r"SSLCUDA_VERSION_(?:MAJOR|MINOR) (\d+)", TEXT)
        self.assertEqual(_abi.VERSION, tuple(map(int, numbers)))


class Layout(unittest.TestCase):
    """What the C compiler says."""

    @classmethod
    def setUpClass(cls):
        compiler = shutil.which(os.environ.get("CC", "cc"))
        if not compiler:
            raise unittest.SkipTest("no C compiler")
        cls.structs = dict.fromkeys(re.findall(r"typedef struct sslcuda_(\w+) \{", TEXT))
        enums = re.findall(r"enum \{(.*?)\}", TEXT, re.S)
        cls.constants = [n for e in enums for n in re.findall(r"(SSLCUDA_\w+)\s*=", e)]
        lines = [f'printf("{n} %ld\\n", (long){n});' for n in cls.constants]
        for struct in cls.structs:
            lines.append(f'printf("{struct} %ld\\n", (long)sizeof(sslcuda_{struct}));')
            for name, _ in declared_fields(struct):
                offset = f"(long)offsetof(sslcuda_{struct}, {name})"
                size = f"(long)sizeof((({'sslcuda_' + struct}*)0)->{name})"
                lines.append(
                    f'printf("{struct}.{name} %ld\\n{struct}.{name}# %ld\\n", {offset}, {size});'
                )
        with tempfile.TemporaryDirectory() as folder:
            source, program = pathlib.Path(folder, "layout.c"), pathlib.Path(folder, "layout")
            source.write_text(
                '#include <stdio.h>\n#include "sslcuda.h"\nint main(void) {\n%s\nreturn 0; }\n'
                % "\n".join(lines)
            )
            subprocess.run([compiler, f"-I{HEADER.parent}", source, "-o", program], check=True)
            printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
        cls.numbers = {name: int(n) for name, n in map(str.split, printed.splitlines())}

    def test_structs(self):
        self.assertEqual(set(self.structs), set(_abi.STRUCTS))
        classes = {
            c.__name__: c
            for c in vars(_abi).values()
            if isinstance(c, type) and issubclass(c, ctypes.Structure)
        }
        for struct, words in _abi.STRUCTS.items():
            made = classes[f"sslcuda_{struct}"]
            with self.subTest(struct):
                table = [("size", "N")] + [(a.name, a.code) for a in _abi.arguments(words)]
                self.assertEqual(table, list(declared_fields(struct)))
                self.assertEqual(ctypes.sizeof(made), self.numbers[struct])
            for name, _ in table:
                field = getattr(made, name)
                with self.subTest(f"{struct}.{name}"):
                    self.assertEqual(field.offset, self.numbers[f"{struct}.{name}"])
                    self.assertEqual(field.size, self.numbers[f"{struct}.{name}#"])

    def test_constants(self):
        prefixed = {
            "DEVICE": "DEVICE_",
            "LOG": "LOG_",
            "ACTIVATION": "ACTIVATION_",
            "POOL": "POOL_",
            "KIND": "",
            "COPY": "",
        }
        bound = {f"SSLCUDA_{name}": i for i, name in enumerate(_abi.STATUS)}
        for table, prefix in prefixed.items():
            bound |= {f"SSLCUDA_{prefix}{n.upper()}": v for n, v in getattr(_abi, table).items()}
        short = {"float32": "F32", "bfloat16": "BF16", "float16": "F16", "tf32": "TF32"}
        bound |= {f"SSLCUDA_{short[name]}": value for name, value in _abi.DTYPE.items()}
        self.assertEqual(bound, {name: self.numbers[name] for name in self.constants})

    def test_names_of_statuses(self):
        for number, name in enumerate(_abi.STATUS):
            self.assertEqual(lib.sslcuda_status_name(number).decode(), f"SSLCUDA_{name}")
        self.assertEqual(lib.sslcuda_status_name(len(_abi.STATUS)), b"SSLCUDA_?")


if __name__ == "__main__":
    unittest.main()
