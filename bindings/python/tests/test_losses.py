"""Scores, losses and the contrastive family against their formulas in float64."""

import unittest

import numpy as np
from formulas import RNG, Case, lse, normal

import sslcuda


class Losses(Case):
    def test_similarity(self):
        a, b, g = normal(3, 4), normal(5, 4), normal(3, 5)
        self.close(sslcuda.similarity(a, b, tau=0.5), a @ b.T / 0.5)
        tau = np.array(0.5, np.float32)
        da, db, dt = sslcuda.similarity_backward(
            a, b, g, tau=tau, want=("grad_a", "grad_b", "grad_tau")
        )
        self.close(da, g @ b / 0.5)
        self.close(db, g.T @ a / 0.5)
        self.close(dt, -(g * (a @ b.T)).sum() / 0.25)
        s = sslcuda.similarity(a, a, normalize=True)
        self.close(np.diag(s), np.ones(3))

    def test_infonce(self):
        a, b = normal(5, 3), normal(5, 3)

        def loss(a, tau=0.7):
            s = a.astype(np.float64) @ b.T / tau
            return (lse(s) - np.diag(s)).mean()

        up = np.array([2], np.float32)
        got, rows, da, dt = sslcuda.infonce(
            a,
            b,
            tau=np.array(0.7, np.float32),
            grad_loss=up,
            want=("loss", "row_loss", "grad_a", "grad_tau"),
        )
        self.close(got, loss(a))
        self.close(rows.mean(), loss(a))
        self.slopes(da, lambda a: 2 * loss(a), a)
        self.slopes(dt.reshape(1), lambda t: 2 * loss(a, t[0]), np.array([0.7]))
        self.close(sslcuda.infonce(a, b, tau=0.7), loss(a))

    def test_cross_entropy(self):
        x, y = normal(4, 6), np.array([1, -100, 5, 0])
        rows = (lse(x) - x[range(4), np.maximum(y, 0)])[y >= 0]
        loss, dx = sslcuda.cross_entropy(x, y, want=("loss", "grad_logits"))
        self.close(loss, rows.mean())
        self.assertTrue((dx[1] == 0).all())
        p = np.full((4, 6), 1 / 6, np.float32)
        self.close(sslcuda.cross_entropy(x, targets=p), (lse(x) - x.mean(1)).mean())
        self.close(
            sslcuda.cross_entropy(x, y, smoothing=0.5, ignore_index=-100),
            (0.5 * rows + 0.5 * (lse(x) - x.mean(1))[y >= 0]).mean(),
        )
        with self.assertRaisesRegex(ValueError, r"labels\[1\] must be .* got -100"):
            sslcuda.cross_entropy(x, y, ignore_index=-1)

    def test_pointwise(self):
        x, t = normal(3, 4), RNG.random((3, 4), dtype=np.float32)
        loss, dx = sslcuda.mse(x, t, want=("loss", "grad_x"))
        self.close(loss, ((x - t) ** 2).mean())
        self.close(dx, 2 * (x - t) / 12)
        self.close(sslcuda.mse(x, t, sigmoid=True), ((1 / (1 + np.exp(-x)) - t) ** 2).mean())
        loss, dx = sslcuda.binary_cross_entropy(x, t, want=["loss", "grad_x"])
        self.close(loss, (np.log1p(np.exp(x)) - t * x).mean())
        self.close(dx, (1 / (1 + np.exp(-x)) - t) / 12)

    def test_lse_merge(self):
        one, other = normal(4), normal(4)
        self.close(sslcuda.lse_merge(one, other), np.logaddexp(one, other))


class Contrastive(Case):
    def test_every_field(self):
        n, m, d = 5, 7, 4
        a, b, c = normal(n, d), normal(m, d), normal(m)
        y = RNG.integers(0, m, n)
        mask = np.zeros((n, 1), np.uint32)
        hidden = np.zeros((n, m), bool)
        for i in range(n):
            hidden[i, (y[i] + 2) % m] = True
            mask[i, 0] = 1 << ((y[i] + 2) % m)
        w = RNG.random(n, dtype=np.float32)

        def loss(a, column_bias=c):
            s = np.where(hidden, -np.inf, a @ b.T / 0.5 + column_bias)
            return (w / w.sum() * (lse(s) - s[range(n), y])).sum()

        names = ("loss", "grad_a", "grad_column_bias", "top1", "row_lse", "row_entropy")
        got, da, dc, top1, r, entropy = sslcuda.contrastive(
            "infonce", a, b, tau=0.5, labels=y, column_bias=c, mask=mask, weights=w, want=names
        )
        self.close(got, loss(a))
        self.slopes(da, loss, a)
        self.slopes(dc, lambda c: loss(a, c), c)
        s = np.where(hidden, -np.inf, a @ b.T / 0.5 + c)
        self.close(r, lse(s))
        self.close(top1, ((s.argmax(1) == y) * (w > 0)).mean())
        p = np.exp(s - lse(s)[:, None])
        self.close(entropy, -(p * np.where(p > 0, np.log(np.maximum(p, 1e-30)), 0)).sum(1))

    def test_kinds(self):
        a, b = normal(6, 4), normal(6, 4)
        s = a @ b.T / 0.5
        clip = (lse(s) + lse(s, 0) - 2 * np.diag(s)).mean() / 2
        self.close(sslcuda.contrastive("clip", a, b, tau=0.5), clip)
        scale = np.array(np.log(2), np.float32)
        self.close(sslcuda.contrastive("clip", a, b, log_scale=scale), clip)
        self.close(
            sslcuda.contrastive("clip", a, b, log_scale=scale, max_scale=1),
            sslcuda.contrastive("clip", a, b),
        )
        own = np.where(np.eye(6, dtype=bool), -np.inf, a @ a.T / 0.5)
        self.close(
            sslcuda.contrastive("ntxent", a, tau=0.5),
            (lse(own) - own[range(6), (np.arange(6) + 3) % 6]).mean(),
        )
        y = np.array([0, 1, 0, 1, 1, 2])
        same = (y[:, None] == y) & ~np.eye(6, dtype=bool)
        rows = [lse(own)[i] - own[i, same[i]].mean() for i in range(5)]
        self.close(sslcuda.contrastive("supcon", a, tau=0.5, labels=y), np.mean(rows))
        rows = [lse(own)[i] - np.log(np.exp(own[i, same[i]]).mean()) for i in range(5)]
        self.close(sslcuda.contrastive("supcon_in", a, tau=0.5, labels=y), np.mean(rows))
        sign = 2 * np.eye(6) - 1
        bias = np.array(-1, np.float32)
        for given in (-1, bias):
            got, db = sslcuda.contrastive(
                "siglip", a, b, tau=0.5, bias=given, want=("loss", "grad_bias")
            )
            self.close(got, np.log1p(np.exp(-sign * (s - 1))).sum() / 6)
        self.close(db, (1 / (1 + np.exp(1 - s)) - np.eye(6)).sum() / 6)
        k = RNG.integers(0, 6, (6, 3))
        picked = s[np.arange(6)[:, None], k]
        counts = k[:, :1] != k
        counts[:, 0] = True
        picked = np.where(counts, picked, -np.inf)
        self.close(
            sslcuda.contrastive("sampled", a, b, tau=0.5, indices=k),
            (lse(picked) - picked[:, 0]).mean(),
        )

    def test_own_columns(self):
        a, positives, queue, negatives = normal(5, 4), normal(5, 4), normal(7, 4), normal(5, 2, 4)
        s = (
            np.concatenate(
                [
                    (a * positives).sum(1)[:, None],
                    a @ queue.T,
                    np.einsum("nd,nkd->nk", a, negatives),
                ],
                1,
            )
            / 0.5
        )
        got, dp, dn = sslcuda.contrastive(
            "infonce",
            a,
            queue,
            tau=0.5,
            positives=positives,
            negatives=negatives,
            want=("loss", "grad_positives", "grad_negatives"),
        )
        self.close(got, (lse(s) - s[:, 0]).mean())
        p = np.exp(s - lse(s)[:, None])
        self.close(dp, (p[:, :1] - 1) / 5 / 0.5 * a)
        self.close(dn, p[:, 8:, None] / 5 / 0.5 * a[:, None])

    def test_parts(self):
        a, b = normal(6, 4), normal(6, 4)
        halves = [
            sslcuda.contrastive(
                "infonce",
                a,
                b[i : i + 3],
                first_column=i,
                total_columns=6,
                want=("row_lse", "row_positive"),
            )
            for i in (0, 3)
        ]
        merged = sslcuda.lse_merge(halves[0][0], halves[1][0])
        whole = sslcuda.contrastive("infonce", a, b)
        self.close((merged - halves[0][1] - halves[1][1]).mean(), whole)
        parts = [
            sslcuda.contrastive(
                "infonce",
                a,
                b[i : i + 3],
                first_column=i,
                total_columns=6,
                given_row_lse=merged,
                want="grad_a",
            )
            for i in (0, 3)
        ]
        self.close(sum(parts), sslcuda.contrastive("infonce", a, b, want="grad_a"))

    def test_mask_must_have_enough_words(self):
        a, b = normal(4, 3), normal(40, 3)
        with self.assertRaisesRegex(
            sslcuda.ArgumentError, r"mask .*\[n, ceil\(m / 32\)\] = \[4, 2\]"
        ):
            sslcuda.contrastive("infonce", a, b, mask=np.zeros((4, 1), np.uint32))


if __name__ == "__main__":
    unittest.main()
