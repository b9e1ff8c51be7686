"""The losses for PyTorch against dense ones in float64, and against finite differences."""

import unittest

import torch
from dense import MODULES, D, N, cosines, dense, expected, inputs_of, run
from torch.nn import functional

from sslcuda import torch as losses


class Values(unittest.TestCase):
    def close(self, got, wanted, tolerance):
        scale = max(float(wanted.abs().max()), 1e-3)
        self.assertLess(float((got.double() - wanted).abs().max()), tolerance * scale)

    def check(self, kind, dtype, tolerance, upstream=1.0):
        inputs = inputs_of(kind, dtype)
        module = MODULES[kind](learnable=True)
        loss = run(module, kind, inputs)
        wanted_loss, gradients = expected(kind, inputs, module)
        self.assertEqual((loss.dtype, loss.shape), (torch.float32, ()))
        self.close(loss.detach(), wanted_loss, 2e-6)
        (loss * upstream).backward()
        leaves = [*inputs, module.log_scale, *([module.bias] if kind == "siglip" else [])]
        for leaf, gradient in zip(leaves, gradients):
            self.assertEqual(leaf.grad.dtype, leaf.dtype)
            own = 1e-5 if leaf.ndim == 0 else tolerance
            self.close(leaf.grad.double() / upstream, gradient, own)

    def test_float32(self):
        for kind in MODULES:
            with self.subTest(kind):
                self.check(kind, torch.float32, 5e-6)
                self.check(kind, torch.float32, 5e-6, upstream=3.0)

    def test_bfloat16(self):
        for kind in MODULES:
            with self.subTest(kind):
                self.check(kind, torch.bfloat16, 2**-7)

    def test_float16_with_a_loss_scale(self):
        for kind in MODULES:
            with self.subTest(kind):
                self.check(kind, torch.float16, 2**-9, upstream=1024.0)

    def test_float16_gradients_do_not_vanish(self):
        torch.manual_seed(0)
        z = (torch.randn(256, 128) * 1e4).half().requires_grad_()
        (losses.NTXentLoss(0.5)(z) * 2.0**16).backward()
        doubles = z.detach().double().requires_grad_()
        dense("ntxent", doubles, None, 1 / 0.5).backward()
        self.assertLess(doubles.grad.abs().mean().item(), 2.0**-26)  # float16 has it as zero
        error = (z.grad.double() / 2.0**16 - doubles.grad).abs().max() / doubles.grad.abs().max()
        self.assertLess(error.item(), 2.0**-8)

    def test_finite_differences(self):
        for kind in MODULES:
            inputs = inputs_of(kind)
            module = MODULES[kind](learnable=True)
            leaves = [*inputs, *module.parameters()]
            run(module, kind, inputs).backward()
            for leaf in leaves:
                torch.manual_seed(7)
                direction = torch.randn_like(leaf)
                values = []
                for step in (1e-2, -1e-2):
                    with torch.no_grad():
                        leaf += step * direction
                        values.append(run(module, kind, inputs).item())
                        leaf -= step * direction
                slope = (values[0] - values[1]) / 2e-2
                with self.subTest(f"{kind} {tuple(leaf.shape)}"):
                    self.assertAlmostEqual(float((leaf.grad * direction).sum()), slope, delta=2e-3)

    def test_single_losses(self):
        for kind in MODULES:
            a = inputs_of(kind)
            weights = torch.linspace(0, 1, N)
            rows = run(MODULES[kind](reduction="none"), kind, a)
            self.assertEqual(rows.shape, (N,))
            (rows * weights).sum().backward()
            one = run(MODULES[kind](learnable=False), kind, a)
            counts = N - 2 if kind.startswith("supcon") else N
            with self.subTest(kind):
                self.close(rows.detach().sum() / counts, one.detach(), 2e-6)
                grads = [x.grad.clone() for x in a]
                again = run(MODULES[kind](reduction="none"), kind, a)
                for x in a:
                    x.grad = None
                for i in range(N):
                    (again[i] * weights[i]).backward(retain_graph=True)
                for x, g in zip(a, grads):
                    self.close(x.grad, g, 1e-5)

    def test_options(self):
        a, b = inputs_of("infonce")
        labels = torch.tensor([3, 1, -100, 0, 9, 5, 5, 2, 7, 6])
        loss = losses.InfoNCELoss(0.3)(a, b, labels=labels)
        self.close(
            loss.detach(), functional.cross_entropy(cosines(a, b) / 0.3, labels).detach(), 2e-6
        )
        queue = torch.randn(20, D)
        loss = losses.InfoNCELoss(0.3)(a, queue, positives=b)
        loss.backward()
        s = torch.cat((functional.cosine_similarity(a, b)[:, None], cosines(a, queue)), 1) / 0.3
        wanted = functional.cross_entropy(s, torch.zeros(N, dtype=torch.long))
        self.close(loss.detach(), wanted.detach(), 2e-6)
        for x, g in zip((a, b), torch.autograd.grad(wanted, (a, b))):
            self.close(x.grad, g, 5e-6)
        z1, z2 = torch.randn(2, 4, D)
        self.assertEqual(losses.NTXentLoss()(z1, z2), losses.NTXentLoss()(torch.cat((z1, z2))))

    def test_both_ways_of_the_backward_agree(self):
        """At once, and from the log-sum-exps, with every kind of own columns and masks."""
        ids = torch.tensor([0, 1, 0, 2, 3, 4, 1, 5, 6, 7])
        cases = {
            "positives": ("infonce", {"positives": torch.randn(N, D)}),
            "negatives": ("clip", {"negatives": torch.randn(N, 3, D)}),
            "smoothing": ("infonce", {"smoothing": 0.2, "z_loss": 0.1}),
            "weights": ("infonce", {"weights": torch.rand(N), "margin": 0.3}),
            "ids": ("clip", {"row_ids": ids, "column_ids": ids}),
            "sampled": ("sampled", {"indices": torch.randint(N, (N, 4))}),
        }
        for name, (kind, options) in cases.items():
            grads = []
            for reduction in ("mean", "none"):
                a, b = inputs_of("infonce")
                tau = torch.tensor(0.4, requires_grad=True)
                given = {
                    n: v.detach().requires_grad_() if n in ("positives", "negatives") else v
                    for n, v in options.items()
                }
                loss = losses.contrastive(kind, a, b, tau=tau, reduction=reduction, **given)
                u = options.get("weights", torch.ones(N))
                (loss if reduction == "mean" else (loss * u / u.sum()).sum()).backward()
                leaves = [a, b, tau, *(v for v in given.values() if getattr(v, "requires_grad", 0))]
                grads.append([leaf.grad for leaf in leaves])
            with self.subTest(name):
                for one, other in zip(*grads):
                    self.close(one, other.double(), 1e-5)

    def test_linear_cross_entropy(self):
        torch.manual_seed(5)
        x, w = (torch.randn(n, D, requires_grad=True) for n in (N, 7))
        bias = torch.randn(7, requires_grad=True)
        labels = torch.randint(7, (N,))
        losses.linear_cross_entropy(x, w, labels, bias, smoothing=0.1).backward()
        wanted = functional.cross_entropy(x @ w.T + bias, labels, label_smoothing=0.1)
        for leaf, gradient in zip((x, w, bias), torch.autograd.grad(wanted, (x, w, bias))):
            self.close(leaf.grad, gradient, 1e-5)

    def test_rows_of_a_wider_matrix(self):
        wide = torch.randn(N, 2 * D, requires_grad=True)
        losses.CLIPLoss()(wide[:, :D], wide[:, D:]).backward()
        got, wide.grad = wide.grad, None
        losses.CLIPLoss()(wide[:, :D].contiguous(), wide[:, D:].contiguous()).backward()
        self.close(got, wide.grad, 1e-6)


if __name__ == "__main__":
    unittest.main()
