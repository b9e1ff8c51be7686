"""What the tests of single ops share."""

import unittest

import numpy as np

RNG = np.random.default_rng(1)


def normal(*shape):
    return RNG.standard_normal(shape, dtype=np.float32)


def relu(x):
    return np.maximum(x, 0)


def lse(s, axis=1):
    top = s.max(axis=axis, keepdims=True)
    return (top + np.log(np.exp(s - top).sum(axis=axis, keepdims=True))).squeeze(axis)


def slope(f, x, i, step=1e-5):
    """Numerical derivative of f by x[i] in float64."""
    x = x.astype(np.float64)
    values = []
    for sign in (1, -1):
        moved = x.copy()
        moved[i] += sign * step
        values.append(f(moved))
    return (values[0] - values[1]) / (2 * step)


class Case(unittest.TestCase):
    def close(self, got, expected, tolerance=2e-5):
        expected = np.asarray(expected)
        self.assertEqual(np.shape(got), expected.shape)
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        self.assertLess(float(np.abs(got - expected).max(initial=0)), tolerance * scale)

    def slopes(self, gradient, f, x):
        """A few elements of a gradient against finite differences."""
        self.assertEqual(gradient.shape, x.shape)
        for flat in RNG.choice(x.size, min(x.size, 5), replace=False):
            i = np.unravel_index(flat, x.shape)
            self.assertAlmostEqual(float(gradient[i]), slope(f, x, i), delta=2e-4)
