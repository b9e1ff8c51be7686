"""Every layer against its formula in float64: that each argument gets to where it belongs."""

import unittest

import numpy as np
from formulas import Case, normal, relu

import sslcuda


class Layers(Case):
    def test_matmul(self):
        a, b, c = normal(3, 4), normal(4, 5), normal(3, 5)
        self.close(sslcuda.matmul(a, b), a @ b)
        self.close(
            sslcuda.matmul(a.T.copy(), b.T.copy(), transpose_a=True, transpose_b=True), a @ b
        )
        expected = 2 * a @ b - c
        got = sslcuda.matmul(a, b, alpha=2, beta=-1, c=c)
        self.assertIs(got, c)
        self.close(got, expected)
        wide = normal(3, 9)
        self.close(sslcuda.matmul(wide[:, 2:6], b), wide[:, 2:6] @ b)
        self.close(sslcuda.matmul(a, b, tf32=True), a @ b, 1e-2)

    def test_linear(self):
        x, w, b, g = normal(3, 4), normal(5, 4), normal(5), normal(3, 5)
        y = sslcuda.linear(x, w, b, activation="relu")
        self.close(y, relu(x @ w.T + b))
        dx, dw, db = sslcuda.linear_backward(x, w, g, y, activation="relu")
        masked = g * (y > 0)
        for got, expected in ((dx, masked @ w), (dw, masked.T @ x), (db, masked.sum(0))):
            self.close(got, expected)
        self.close(sslcuda.linear_backward(x, w, g, want="grad_bias"), g.sum(0))

    def test_linear_mse(self):
        x, w, b, t = normal(3, 4), normal(5, 4), normal(5), normal(3, 5)
        loss, u, y = sslcuda.linear_mse(x, w, b, t, want=("loss", "grad_u", "y"))
        self.close(y, x @ w.T + b)
        self.close(loss, ((y - t) ** 2).mean())
        self.close(u, 2 * (y - t) / y.size)

    def test_conv2d(self):
        x, w, b = normal(2, 3, 7, 6), normal(4, 3, 3, 2), normal(4)
        options = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}

        def conv(x, w, b):
            x = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))
            y = np.zeros((2, 4, 4, 4))
            for i in range(3):
                for j in range(2):
                    part = x[:, :, i : i + 7 : 2, 2 * j : 2 * j + 4]
                    y += np.einsum("nchw,oc->nohw", part, w[:, :, i, j])
            return y + b[:, None, None]

        y = sslcuda.conv2d(x, w, b, **options)
        self.close(y, conv(x, w, b))
        g = normal(*y.shape)
        dx, dw, db = sslcuda.conv2d_backward(x, w, g, **options)
        self.slopes(dx, lambda x: (conv(x, w, b) * g).sum(), x)
        self.slopes(dw, lambda w: (conv(x, w, b) * g).sum(), w)
        self.close(db, g.sum((0, 2, 3)))
        self.close(sslcuda.conv2d(x, w, b, activation="relu", **options), relu(y))

    def test_l2_normalize(self):
        x, g = normal(3, 4), normal(3, 4)
        y, norms = sslcuda.l2_normalize(x, want=("y", "norms"))
        self.close(norms, np.linalg.norm(x, axis=1))
        self.close(y, x / norms[:, None])
        dx = sslcuda.l2_normalize_backward(y, norms, g)
        self.slopes(dx, lambda x: (x / np.linalg.norm(x, axis=1)[:, None] * g).sum(), x)
        self.assertIs(sslcuda.l2_normalize(x, out=x), x)

    def test_norms(self):
        x, w, b, g = normal(4, 6, 2, 3), normal(6), normal(6), normal(4, 6, 2, 3)

        def batch(x):
            m, v = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
            return (x - m) / np.sqrt(v + 1e-5) * w[:, None, None] + b[:, None, None]

        def group(x):
            parts = x.reshape(4, 3, 2, 2, 3)
            m, v = parts.mean((2, 3, 4), keepdims=True), parts.var((2, 3, 4), keepdims=True)
            return ((parts - m) / np.sqrt(v + 1e-5)).reshape(x.shape) * w[:, None, None] + b[
                :, None, None
            ]

        mean, var = np.zeros(6, np.float32), np.ones(6, np.float32)
        y, m, r = sslcuda.batch_norm(
            x, w, b, running_mean=mean, running_var=var, want=("y", "mean", "rstd")
        )
        self.close(y, batch(x))
        self.close(mean, 0.1 * x.mean((0, 2, 3)))
        self.close(var, 0.9 + 0.1 * x.var((0, 2, 3), ddof=1))
        dx, dw, db = sslcuda.batch_norm_backward(x, w, m, r, g)
        self.slopes(dx, lambda x: (batch(x) * g).sum(), x)
        self.close(db, g.sum((0, 2, 3)))
        frozen = sslcuda.batch_norm(x, w, b, running_mean=mean, running_var=var, training=False)
        scale = w / np.sqrt(var + 1e-5)
        self.close(frozen, (x - mean[:, None, None]) * scale[:, None, None] + b[:, None, None])
        y, m, r = sslcuda.group_norm(x, 3, w, b, want=("y", "mean", "rstd"))
        self.close(y, group(x))
        self.assertEqual(m.shape, (4, 3))
        dx, dw, db = sslcuda.group_norm_backward(x, 3, w, m, r, g)
        self.slopes(dx, lambda x: (group(x) * g).sum(), x)
        rows = normal(5, 6)
        self.assertEqual(sslcuda.batch_norm(rows).shape, rows.shape)

    def test_pool2d(self):
        x = normal(2, 3, 5, 4)
        windows = np.stack([x[:, :, i : i + 3 : 2, j : j + 3 : 2] for i in (0, 1) for j in (0, 1)])
        y = sslcuda.pool2d(x, 2)
        self.close(y, windows.max(0))
        self.close(sslcuda.pool2d(x, 2, kind="average"), windows.mean(0))
        g = normal(*y.shape)
        dx = sslcuda.pool2d_backward(g, x, y, kernel=2)
        self.close(dx.sum(), g.sum())
        self.assertTrue(((dx != 0) <= np.isin(x, y)).all())
        dx = sslcuda.pool2d_backward(g, kernel=2, kind="average", size=(5, 4))
        self.close(dx[:, :, :4].reshape(2, 3, 2, 2, 2, 2)[:, :, :, 1, :, 1], g / 4)
        self.assertEqual(sslcuda.pool2d(x, (3, 2), stride=1, padding=(1, 0)).shape, (2, 3, 5, 3))

    def test_reparameterize(self):
        both, noise, g = normal(3, 8), normal(3, 4), normal(3, 4)
        mu, logvar = both[:, :4], both[:, 4:]
        z, kl = sslcuda.reparameterize(mu, logvar, noise)
        self.close(z, mu + np.exp(logvar / 2) * noise)

        def divergence(logvar):
            return -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum() / 3

        self.close(kl, divergence(logvar))
        dm, dv = sslcuda.reparameterize_backward(mu, logvar, noise, g)
        self.close(dm, g + mu / 3)
        self.slopes(dv, lambda v: divergence(v) + (np.exp(v / 2) * noise * g).sum(), logvar)


if __name__ == "__main__":
    unittest.main()
