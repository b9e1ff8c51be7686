"""Optimisers, random numbers, gathers and augmentation against their formulas in float64."""

import unittest

import numpy as np
from formulas import RNG, Case, normal

import sslcuda


class OptimisersAndData(Case):
    def test_adam(self):
        p, g = [normal(3, 2), normal(4)], [normal(3, 2), normal(4)]
        start = [x.copy() for x in p]
        m, v = [np.zeros_like(x) for x in p], [np.zeros_like(x) for x in p]
        sslcuda.adam_step(p, g, m, v, step=1, lr=0.1)
        for x, old, gradient in zip(p, start, g):
            self.close(x, old - 0.1 * gradient / (np.abs(gradient) + 1e-8))
        done, rate = np.array([1], np.int64), np.array([0.1], np.float32)
        again = [x.copy() for x in p], [x.copy() for x in m], [x.copy() for x in v]
        sslcuda.adam_step(p, g, m, v, step=2, lr=0.1)
        sslcuda.adam_step(again[0], g, again[1], again[2], step=done, lr=rate)
        np.testing.assert_allclose(again[0][0], p[0], rtol=1e-6)

    def test_sgd_and_lars(self):
        p, g, v = [normal(3, 2)], [normal(3, 2)], [normal(3, 2)]
        start, speed = p[0].copy(), v[0].copy()
        sslcuda.sgd_step(p, g, v, lr=0.1, momentum=0.9, weight_decay=0.01)
        self.close(p[0], start - 0.1 * (0.9 * speed + g[0] + 0.01 * start))
        sslcuda.sgd_step(p, g, lr=0.1)
        start = p[0].copy()
        sslcuda.lars_step(p, g, lr=0.1, trust=0.5)
        self.close(p[0], start - 0.1 * 0.5 * np.linalg.norm(start) / np.linalg.norm(g[0]) * g[0])
        start = p[0].copy()
        sslcuda.lars_step(p, g, lr=0.1, adapt=[False])
        self.close(p[0], start - 0.1 * g[0])
        sslcuda.sgd_step([], [], lr=0.1)

    def test_lists_are_checked(self):
        p, g = [normal(3), normal(4)], [normal(3), normal(5)]
        with self.assertRaisesRegex(sslcuda.ArgumentError, r"grads\[1\] .* = \[4\], got \[5\]"):
            sslcuda.sgd_step(p, g, lr=0.1)
        with self.assertRaisesRegex(sslcuda.ArgumentError, "grads must have as many .* 2, got 1"):
            sslcuda.sgd_step(p, g[:1], lr=0.1)

    def test_random(self):
        x = np.empty(10000, np.float32)
        self.assertIs(sslcuda.random_uniform(x, seed=3, low=2, high=4), x)
        self.assertTrue(2 <= x.min() < 2.1 and 3.9 < x.max() < 4)
        y, counter = np.empty((100, 100), np.float32), np.array([5], np.int64)
        sslcuda.random_normal(y, seed=3, sequence=7, mean=1, std=2)
        self.assertTrue(abs(y.mean() - 1) < 0.1 and abs(y.std() - 2) < 0.1)
        z = np.empty_like(y)
        self.assertIs(sslcuda.counter_add(counter, 2), counter)
        sslcuda.random_normal(z, seed=3, sequence=counter, mean=1, std=2)
        self.assertTrue((y == z).all())

    def test_gathers(self):
        images = RNG.integers(0, 256, (5, 2, 3), dtype=np.uint8)
        index, cursor = np.array([4, 0, 2]), np.array([1])
        y = sslcuda.gather_images(images, index, mean=0.5, std=0.25)
        self.close(y, (images[index] / 255 - 0.5) / 0.25)
        y = sslcuda.gather_images(images, index, n=4, cursor=cursor)
        self.close(y, images[[0, 2, 4, 0]] / 255)
        labels = np.arange(5) * 3
        self.assertEqual(sslcuda.gather_rows(labels, index).tolist(), [12, 0, 6])
        self.assertEqual(sslcuda.gather_rows(images, index).tolist(), images[index].tolist())
        self.assertEqual(sslcuda.gather_rows(labels).tolist(), labels.tolist())

    def test_rotations(self):
        x = normal(3, 2, 4, 4)
        y = sslcuda.rotate90(x, np.array([1, 2, -1]))
        for i, turns in enumerate((1, 2, -1)):
            self.close(y[i], np.rot90(x[i], turns, (1, 2)))
        wide = normal(1, 1, 3, 5)
        self.close(
            sslcuda.rotate(wide, np.array([180], np.float32), fill=7), wide[:, :, ::-1, ::-1]
        )

    def test_augment(self):
        x = normal(3, 2, 4, 5)
        self.close(sslcuda.augment(x, 2, seed=1), np.stack([x, x]))
        self.close(sslcuda.augment(x, 1, seed=1, flip=1.0)[0], x[:, :, :, ::-1])
        self.close(sslcuda.augment(x, 1, seed=1, drop=1.0, fill=3.0), np.full((1, 3, 2, 4, 5), 3))


if __name__ == "__main__":
    unittest.main()
