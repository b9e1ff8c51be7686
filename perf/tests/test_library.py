"""library.py says of sslcuda.h what is there: ctypes would not notice."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "perf"))

import library  # noqa: E402

HEADER = re.sub(r"/\*.*?\*/", "", (ROOT / "capi/include/sslcuda.h").read_text(), flags=re.S)
LETTERS = {"int64_t": "i", "uint64_t": "i", "int32_t": "w", "float": "f", "double": "d", "size_t": "z"}


def letter(declaration):
    return "p" if "*" in declaration else LETTERS[declaration.split()[0]]


def fields_of(struct):
    """[(name, letter)] of a struct of the header."""
    body = re.search(r"typedef struct %s \{(.*?)\}" % struct, HEADER, flags=re.S)[1]
    return [(name, letter(line)) for line in body.split(";") if line.strip()
            for name in re.findall(r"(\w+)\s*(?:,|$)", line.strip())]


class Header(unittest.TestCase):
    def test_structs(self):
        names, letters = library.CONTRASTIVE_FIELDS[::2], library.CONTRASTIVE_FIELDS[1::2]
        self.assertEqual([("size", "z"), *zip(names, letters)],
                         fields_of("sslcuda_contrastive_args"))
        for struct, ours in (("conv2d_shape", library.Conv2dShape),
                             ("pool2d_shape", library.Pool2dShape),
                             ("augmentation", library.Augmentation),
                             ("context_options", library.ContextOptions)):
            self.assertEqual([name for name, _ in ours._fields_],
                             [name for name, _ in fields_of(f"sslcuda_{struct}")])

    def test_calls(self):
        for name, signature in library.SIGNATURES.items():
            arguments = re.search(r"sslcuda_%s\((.*?)\);" % name, HEADER, flags=re.S)[1]
            context, *others = arguments.split(",")
            self.assertIn("sslcuda_context*", context)
            self.assertEqual("".join(letter(other.strip()) for other in others), signature, name)

    def test_numbers(self):
        for name, number in (*library.DTYPES.items(), *zip(library.KINDS, range(100))):
            self.assertRegex(HEADER, rf"\bSSLCUDA_{name.upper()} = {number}\b")


if __name__ == "__main__":
    unittest.main()
