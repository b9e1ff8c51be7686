"""Contexts: explicit and shared ones, workspace, plans, graphs, logs, threads, forks."""

import gc
import os
import pickle
import signal
import threading
import unittest

import numpy as np

import sslcuda
from sslcuda import _context

RNG = np.random.default_rng(2)


def normal(*shape):
    return RNG.standard_normal(shape, dtype=np.float32)


class Contexts(unittest.TestCase):
    def test_life(self):
        with sslcuda.Context("cpu", threads=1) as context:
            self.assertEqual(context.describe(), "cpu (1 thread)")
            self.assertEqual((context.device, context.stream), (("cpu", 0), 0))
            self.assertEqual(
                sslcuda.matmul(normal(2, 3), normal(3, 4), context=context).shape, (2, 4)
            )
            context.synchronize()
        context.close()
        self.assertEqual(repr(context), "<sslcuda.Context closed>")
        for use in (
            context.synchronize,
            lambda: sslcuda.infonce(normal(2, 2), normal(2, 2), context=context),
        ):
            with self.assertRaisesRegex(sslcuda.ContextError, "closed"):
                use()

    def test_collected(self):
        context = sslcuda.Context("cpu")
        finalizer = context._finalizer
        del context
        gc.collect()
        self.assertFalse(finalizer.alive)

    def test_refused(self):
        for device in ("gpu", "cuda:x", "cpu:1", "cuda:-1"):
            with self.assertRaisesRegex(sslcuda.UnsupportedError, "device must be"):
                sslcuda.Context(device)
        with self.assertRaisesRegex(sslcuda.ArgumentError, "threads must be >= 0, got -1"):
            sslcuda.Context("cpu", threads=-1)
        with self.assertRaisesRegex(sslcuda.UnsupportedError, "stream must be NULL on the CPU"):
            sslcuda.Context("cpu", stream=5)
        if sslcuda.device_count() == 0:
            with self.assertRaises(sslcuda.NoDeviceError):
                sslcuda.Context("cuda")

    def test_error_can_be_pickled(self):
        with self.assertRaises(sslcuda.Error) as caught:
            sslcuda.Context("gpu")
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual(
            (type(again), str(again), again.status),
            (type(caught.exception), str(caught.exception), 4),
        )

    def test_workspace_grows(self):
        with sslcuda.Context("cpu", workspace=256) as context:
            a, b = normal(300, 16), normal(300, 16)
            with context.plan() as plan:
                planned = sslcuda.infonce(a, b, want="grad_a", context=context)
            self.assertGreater(plan.bytes, 256)
            grad = sslcuda.infonce(a, b, want="grad_a", context=context)
            np.testing.assert_array_equal(grad, sslcuda.infonce(a, b, want="grad_a"))
            self.assertEqual(planned.shape, grad.shape)

    def test_graph(self):
        with sslcuda.Context("cpu", workspace=256) as context:
            a, b, out = normal(200, 8), normal(200, 8), np.zeros(1, np.float32)
            with self.assertRaises(sslcuda.WorkspaceError):
                with context.graph():
                    sslcuda.infonce(a, b, out=out, context=context)
            sslcuda.infonce(a, b, out=out, context=context)
            expected = out.copy()
            with context.graph() as graph:
                sslcuda.infonce(a, b.copy(), out=out, context=context)
                with self.assertRaises(sslcuda.ContextError):
                    graph.launch()
            out[:] = 0
            gc.collect()
            graph.launch()
            np.testing.assert_array_equal(out, expected)
            a *= 2
            graph.launch()
            self.assertNotEqual(out[0], expected[0])
            graph.close()
            with self.assertRaises(sslcuda.ContextError):
                graph.launch()

    def test_log(self):
        lines = []
        with sslcuda.Context("cpu") as context:
            context.set_log(lambda level, text: lines.append((level, text)), "debug")
            gc.collect()
            context.reserve(1 << 24)
            with self.assertRaises(sslcuda.ArgumentError):
                sslcuda.infonce(normal(2, 2), normal(2, 2), tau=-1, context=context)
            count = len(lines)
            context.set_log(None)
            context.synchronize()
        self.assertIn((2, f"workspace grown to {1 << 24} bytes"), lines)
        self.assertTrue(any(level == 1 and "tau must be" in text for level, text in lines))
        self.assertEqual(len(lines), count)

    def test_threads(self):
        a, b = normal(400, 32), normal(400, 32)
        expected, results = sslcuda.infonce(a, b, want="grad_a"), []

        def work():
            for _ in range(5):
                results.append(sslcuda.infonce(a, b, want="grad_a"))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(results), 20)
        self.assertTrue(all((r == expected).all() for r in results))

    def test_fork(self):
        a, b = normal(2000, 64), normal(2000, 64)
        expected = sslcuda.infonce(a, b)  # starts OpenMP's threads, which the child has not
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            same = sslcuda.infonce(a, b) == expected
            caches = _context._local.__dict__.values()
            os._exit(0 if same and [c.describe() for c in caches] == ["cpu (1 thread)"] else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(sslcuda.infonce(a, b), expected)


if __name__ == "__main__":
    unittest.main()
