"""Arrays of every kind: found without copies, checked before the call, results of the same kind."""

import ctypes
import gc
import unittest
import weakref

import numpy as np

import sslcuda
from sslcuda import _arrays, _dlpack

A = np.arange(6, dtype=np.float32).reshape(3, 2)


class Exporter:
    """An array that has nothing but DLPack, in the version before or after 1.0."""

    def __init__(self, array, versioned=True):
        self.array, self.versioned = array, versioned

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    def __dlpack__(self, *, stream=None, **options):
        if options and not self.versioned:
            raise TypeError("unexpected keyword max_version")
        return self.array.__dlpack__(**options)


class CudaArray:
    """`__cuda_array_interface__` over memory of the host, which looking at it does not tell."""

    def __init__(self, array, **changes):
        self.array = array
        self.__cuda_array_interface__ = {
            "shape": array.shape,
            "typestr": array.dtype.str,
            "version": 3,
            "strides": None,
            "data": (array.ctypes.data, False),
            "stream": None,
            **changes,
        }


class Looking(unittest.TestCase):
    def test_numpy(self):
        memory = _arrays.NumPy().look(A, None)
        self.assertEqual(memory[1:7], (A.ctypes.data, (3, 2), None, "float32", ("cpu", 0), False))
        self.assertEqual(_arrays.NumPy().look(A.T, None).strides, (1, 2))

    def test_dlpack_of_both_versions(self):
        for versioned in (False, True):
            memory = _dlpack.from_dlpack(Exporter(A[1:], versioned))
            self.assertEqual(memory.pointer, A[1:].ctypes.data)
            self.assertEqual((memory.shape, memory.element), ((2, 2), "float32"))
            self.assertIn(memory.strides, (None, (2, 1)))
        self.assertEqual(_dlpack.from_dlpack(Exporter(A.T)).strides, (1, 2))
        self.assertEqual(_dlpack.from_dlpack(Exporter(np.zeros(3, np.uint8))).element, "uint8")

    def test_dlpack_frees_its_tensor(self):
        array = np.zeros(4, np.float32)
        alive = weakref.ref(array)
        memory = _dlpack.from_dlpack(Exporter(array))
        del array
        gc.collect()
        self.assertIsNotNone(alive())
        del memory
        gc.collect()
        self.assertIsNone(alive())

    def test_cuda_array_interface(self):
        look = _dlpack.from_cuda_array_interface
        memory = look(CudaArray(A, stream=7), 2)
        self.assertEqual(
            memory[1:], (A.ctypes.data, (3, 2), None, "float32", ("cuda", 2), False, 7)
        )
        self.assertEqual(ctypes.c_float.from_address(memory.pointer + 4).value, 1)
        self.assertEqual(look(CudaArray(A, strides=(16, 4)), 0).strides, (4, 1))
        self.assertTrue(look(CudaArray(A, data=(1, True)), 0).readonly)
        self.assertEqual(look(CudaArray(np.zeros(2, np.int64)), 0).element, "int64")
        self.assertEqual(look(CudaArray(np.zeros(2, np.float16)), 0).element, "float16")
        for changes in ({"strides": (6, 2)}, {"typestr": "<c8"}, {"typestr": ">f4"}, {"mask": A}):
            with self.assertRaises(TypeError):
                look(CudaArray(A, **changes), 0)

    def test_streams(self):
        class Torch:
            cuda_stream = 11

        class CuPy:
            ptr = 12

        class Core:
            def __cuda_stream__(self):
                return (0, 13)

        numbers = [_arrays.stream_number(s) for s in (Torch(), CuPy(), Core(), 14, 0)]
        self.assertEqual(numbers, [11, 12, 13, 14, _dlpack.LEGACY_STREAM])


class Refusals(unittest.TestCase):
    def refused(self, pattern, function, *arrays, kind=sslcuda.ArgumentError, **options):
        with self.assertRaisesRegex(kind, pattern) as caught:
            function(*arrays, **options)
        self.assertGreater(caught.exception.status, 0)
        self.assertTrue(caught.exception.status_name.startswith("SSLCUDA_"))

    def test_shapes(self):
        self.refused(
            r"sslcuda.infonce: b must have the shape \[n, d\] = \[3, 2\], got \[2, 2\]",
            sslcuda.infonce,
            A,
            A[:2].copy(),
        )
        self.refused(
            r"weight .* \[out, in\] = \[5, 2\], got \[5, 4\]",
            sslcuda.linear,
            A,
            np.zeros((5, 4), np.float32),
        )
        self.refused(
            r"x must have the shape \[n, d\].*, got \[3\]", sslcuda.l2_normalize, A[:, 0].copy()
        )
        self.refused(r"x must have the shape \[n, c, ...plane\]", sslcuda.batch_norm, A[0].copy())
        self.refused("tau_device must have the shape", sslcuda.infonce, A, A, tau=A[0].copy())
        self.refused(
            r"out|grad_a .* \[3, 2\], got \[2, 3\]",
            sslcuda.infonce,
            A,
            A,
            want="grad_a",
            out=np.zeros((2, 3), np.float32),
        )

    def test_types(self):
        kind = sslcuda.UnsupportedError
        self.assertTrue(issubclass(kind, TypeError))
        self.refused(
            "a must be float32, bfloat16 or float16, got float64",
            sslcuda.infonce,
            A.astype(float),
            A,
            kind=kind,
        )
        self.refused(
            "b must be float32 like a, got float16", sslcuda.infonce, A, A.astype("f2"), kind=kind
        )
        self.refused(
            "labels must be int64, got int32",
            sslcuda.cross_entropy,
            A,
            np.zeros(3, np.int32),
            kind=kind,
        )
        self.refused("foreign byte order", sslcuda.infonce, A.astype(">f4"), A, kind=kind)
        self.refused("a must be an array of .* got list", sslcuda.infonce, [[1]], A, kind=kind)
        self.refused(
            "tf32 goes with float32",
            sslcuda.infonce,
            A.astype("f2"),
            A.astype("f2"),
            tf32=True,
            kind=kind,
        )
        self.refused(
            "dtype must be SSLCUDA_F32", sslcuda.mse, A.astype("f2"), A.astype("f2"), kind=kind
        )
        self.refused(
            "activation must be one of", sslcuda.linear, A, A, activation="gelu", kind=kind
        )

    def test_strides(self):
        wide = np.zeros((3, 8), np.float32)
        self.refused("x must be contiguous, got strides", sslcuda.l2_normalize, wide[:, :4])
        self.refused(
            r"a must be rows of adjacent elements, got strides \[1, 2\]", sslcuda.infonce, A.T, A.T
        )
        self.refused("no copy is made", sslcuda.similarity, wide[:, ::2], wide[:, ::2])
        flipped, spread = A[::-1], np.broadcast_to(A[:1], (3, 2))
        for array in (flipped, spread):
            self.refused("a must be rows", sslcuda.infonce, array, A)
        self.refused(
            "rows of logvar must be ld = 8 elements apart, got 4",
            sslcuda.reparameterize,
            wide[:, :4],
            wide[:, 4:].copy(),
            want="kl",
        )

    def test_the_rest(self):
        frozen = A.copy()
        frozen.flags.writeable = False
        self.refused("y must be writable", sslcuda.l2_normalize, A, out=frozen)
        self.refused("target must not be None", sslcuda.mse, A, None)
        self.refused("want must be among loss, row_loss", sslcuda.infonce, A, A, want="lost")
        self.refused(
            "out must hold an array or None for each",
            sslcuda.infonce,
            A,
            A,
            want=("loss", "grad_a"),
            out=[None],
        )
        self.refused(
            "grad_a must not overlap a", sslcuda.infonce, A, A.copy(), want="grad_a", out=A
        )
        self.refused(
            "sslcuda_infonce: tau must be finite and > 0, got 0", sslcuda.infonce, A, A, tau=0
        )
        self.refused(
            "b must be on cpu like a, got cuda:0",
            sslcuda.infonce,
            A,
            CudaArray(A),
            kind=sslcuda.WrongDeviceError,
        )
        if sslcuda.device_count() == 0:
            self.refused(
                "(no CUDA|has no CUDA)",
                sslcuda.infonce,
                CudaArray(A),
                CudaArray(A),
                out=CudaArray(A[0, :1]),
                kind=sslcuda.NoDeviceError,
            )


class Results(unittest.TestCase):
    def test_out_and_views(self):
        wide = np.full((3, 8), 9, np.float32)
        a = wide[:, 1:3]
        a[:] = A
        made = sslcuda.infonce(a, A, want="grad_a")
        self.assertEqual(made.shape, (3, 2))
        self.assertEqual(made.strides, a.strides)
        out = np.zeros((3, 8), np.float32)
        view = out[:, 4:6]
        sslcuda.infonce(a, A, want=("loss", "grad_a"), out=(None, view))
        np.testing.assert_array_equal(view, made)
        self.assertEqual(np.count_nonzero(out), np.count_nonzero(made))

    def test_float16_and_integers(self):
        y = sslcuda.linear(A.astype("f2"), A.astype("f2"))
        self.assertEqual(y.dtype, np.float16)
        np.testing.assert_allclose(y, A @ A.T)
        self.assertEqual(sslcuda.gather_rows(np.arange(3, dtype=np.int16)).dtype, np.int16)

    def test_dlpack_only(self):
        out = np.zeros(1, np.float32)
        for versioned in (False, True):
            loss = sslcuda.infonce(Exporter(A, versioned), Exporter(A), out=out)
            self.assertIs(loss, out)
            self.assertEqual(out[0], sslcuda.infonce(A, A))
        with self.assertRaisesRegex(sslcuda.UnsupportedError, "pass out="):
            sslcuda.infonce(Exporter(A), Exporter(A))

    def test_jax(self):
        try:
            import jax.numpy as jnp
        except ImportError:
            self.skipTest("no JAX")
        a = jnp.asarray(A)
        loss, grad = sslcuda.infonce(a, a, want=("loss", "grad_a"))
        self.assertEqual(type(grad), type(a))
        np.testing.assert_array_equal(np.asarray(grad), sslcuda.infonce(A, A, want="grad_a"))
        half = sslcuda.similarity(a.astype(jnp.bfloat16), a.astype(jnp.bfloat16))
        self.assertEqual(half.dtype, jnp.bfloat16)
        with self.assertRaisesRegex(sslcuda.ArgumentError, "grad_a must be writable"):
            sslcuda.infonce(a, a, want="grad_a", out=a)

    def test_empty(self):
        none = np.zeros((0, 4), np.float32)
        self.assertEqual(sslcuda.l2_normalize(none).shape, (0, 4))
        with self.assertRaisesRegex(sslcuda.ArgumentError, "n must be >= 2, got 0"):
            sslcuda.infonce(none, none)


if __name__ == "__main__":
    unittest.main()
