"""How the losses for PyTorch behave as modules: what they refuse, keep, learn; and on CUDA."""

import copy
import io
import math
import tempfile
import unittest

import torch
from dense import LABELS, D, N, dense, inputs_of

import sslcuda
from sslcuda import torch as losses


class Behaviour(unittest.TestCase):
    def test_only_what_is_needed(self):
        a, b = inputs_of("infonce")
        losses.InfoNCELoss()(a, b.detach()).backward()
        self.assertIsNotNone(a.grad)
        with torch.no_grad():
            self.assertFalse(losses.InfoNCELoss()(a, b).requires_grad)

    def test_backward_twice(self):
        a, b = inputs_of("infonce")
        loss = losses.InfoNCELoss()(a, b)
        loss.backward(retain_graph=True)
        first = a.grad.clone()
        loss.backward()
        self.assertTrue(torch.equal(a.grad, 2 * first))
        with self.assertRaises(RuntimeError):
            loss.backward()

    def test_no_second_derivatives(self):
        for dtype in (torch.float32, torch.float16):
            a, b = inputs_of("infonce", dtype)
            loss = losses.InfoNCELoss()(a, b)
            (grad,) = torch.autograd.grad(loss, a, create_graph=True)
            with self.assertRaisesRegex(RuntimeError, "no second derivatives"):
                (loss + grad.float().pow(2).sum()).backward()

    def test_saved_inputs_must_not_change(self):
        a, b = inputs_of("infonce", torch.float16)
        loss = losses.InfoNCELoss()(a, b)
        with torch.no_grad():
            a.mul_(2)
        with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
            loss.backward()

    def test_refused(self):
        a, b = inputs_of("infonce")
        loss = losses.InfoNCELoss()
        with self.assertRaisesRegex(sslcuda.ArgumentError, "a must be rows of adjacent elements"):
            loss(torch.randn(D, N).T, b)
        with self.assertRaisesRegex(
            sslcuda.UnsupportedError, "b must be float32 like a, got bfloat16"
        ):
            loss(a, b.bfloat16())
        with self.assertRaisesRegex(sslcuda.UnsupportedError, "got float64"):
            loss(a.double(), b.double())
        with self.assertRaisesRegex(sslcuda.UnsupportedError, "meta"):
            loss(torch.empty(N, D, device="meta"), b)
        with self.assertRaisesRegex(sslcuda.UnsupportedError, "requires grad.*use sslcuda.torch"):
            sslcuda.infonce(a, b)
        with self.assertRaisesRegex(sslcuda.ArgumentError, r"b must have the shape \[m, d\]"):
            loss(a, b[:, 1:])
        with self.assertRaisesRegex(sslcuda.ArgumentError, "n must be even in NTXENT"):
            losses.NTXentLoss()(a[:9])
        with self.assertRaisesRegex(sslcuda.ArgumentError, "labels must be NULL in CLIP"):
            losses.CLIPLoss()(a, b, labels=LABELS)
        with self.assertRaisesRegex(sslcuda.UnsupportedError, "weights has no gradient"):
            loss(a, b, weights=torch.ones(N, requires_grad=True))
        with self.assertRaisesRegex(sslcuda.ArgumentError, "tau must not be a tensor"):
            losses.contrastive("clip", a, b, tau=torch.ones(()), log_scale=torch.ones(()))
        for bad in (0.0, -1.0, math.inf, math.nan):
            with self.assertRaisesRegex(ValueError, "temperature must be finite and > 0"):
                losses.NTXentLoss(bad)
        with self.assertRaisesRegex(TypeError, "reduction must be"):
            losses.NTXentLoss(reduction="sum")(a)

    def test_modules(self):
        module = losses.SigLIPLoss()
        self.assertEqual(sorted(module.state_dict()), ["bias", "log_scale"])
        file = io.BytesIO()
        torch.save(module.state_dict(), file)
        file.seek(0)
        other = losses.SigLIPLoss(0.5, 0.0)
        other.load_state_dict(torch.load(file))
        a, b = inputs_of("siglip")
        self.assertEqual(module(a, b), other(a, b))
        self.assertEqual(list(losses.NTXentLoss().state_dict()), [])
        self.assertIn("temperature=0.5, normalize=True", repr(losses.NTXentLoss()))
        half = losses.CLIPLoss().half()
        half(a.detach().half(), b.detach().half()).backward()
        self.assertEqual(half.log_scale.grad.dtype, torch.float16)

    def test_max_scale(self):
        module = losses.CLIPLoss(0.001)
        a, b = inputs_of("clip")
        loss = module(a, b)
        loss.backward()
        self.assertEqual(module.log_scale.grad, 0)
        self.assertAlmostEqual(loss.item(), dense("clip", a, b, 100.0).item(), places=3)

    def test_training_learns_the_temperature(self):
        torch.manual_seed(0)
        x = torch.randn(64, 8)
        model, module = torch.nn.Linear(8, 8), losses.CLIPLoss()
        optimiser = torch.optim.Adam([*model.parameters(), *module.parameters()], 1e-2)
        history = []
        for _ in range(30):
            optimiser.zero_grad()
            loss = module(model(x), x)
            loss.backward()
            optimiser.step()
            history.append(loss.item())
        self.assertLess(history[-1], 0.5 * history[0])
        self.assertNotAlmostEqual(module.log_scale.item(), math.log(1 / 0.07), places=2)

    def test_autocast(self):
        x, model = torch.randn(N, D), torch.nn.Linear(D, D)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            z = model(x)
            loss = losses.NTXentLoss()(z)
            self.assertEqual((z.dtype, loss.dtype), (torch.bfloat16, torch.float32))
        loss.backward()
        self.assertEqual(model.weight.grad.dtype, torch.float32)

    def test_parts_of_a_batch_by_process(self):
        """What each of several processes computes of the gathered keys adds up to the whole."""
        a, b = inputs_of("infonce")
        module = losses.InfoNCELoss()
        module(a, b).backward()
        whole = [a.grad, b.grad]
        a.grad = b.grad = None
        for rank in range(2):
            mine = torch.arange(5) + 5 * rank
            (module(a[5 * rank : 5 * rank + 5], b, labels=mine) / 2).backward()
        for part, gradient in zip((a, b), whole):
            torch.testing.assert_close(part.grad, gradient, rtol=1e-5, atol=1e-6)

    @unittest.skipUnless(torch.distributed.is_available(), "no torch.distributed")
    def test_distributed_data_parallel(self):
        class Whole(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder, self.loss = torch.nn.Linear(D, D), losses.CLIPLoss()

            def forward(self, x):
                return self.loss(self.encoder(x), x)

        torch.manual_seed(0)
        alone, x = Whole(), torch.randn(N, D)
        with tempfile.TemporaryDirectory() as folder:
            torch.distributed.init_process_group(
                "gloo", f"file://{folder}/store", rank=0, world_size=1
            )
            parallel = torch.nn.parallel.DistributedDataParallel(copy.deepcopy(alone))
            parallel(x).backward()
            torch.distributed.destroy_process_group()
        alone(x).backward()
        for one, other in zip(alone.parameters(), parallel.module.parameters()):
            torch.testing.assert_close(one.grad, other.grad)

    def test_ops_take_tensors(self):
        x, w = torch.randn(3, 4), torch.randn(5, 4)
        y = sslcuda.linear(x, w)
        self.assertIsInstance(y, torch.Tensor)
        torch.testing.assert_close(y, x @ w.T)
        out = torch.empty(3, 5)
        self.assertIs(sslcuda.linear(x, w, out=out), out)
        layer = torch.nn.Linear(4, 5)
        with torch.no_grad():
            sslcuda.sgd_step(list(layer.parameters()), [torch.ones(5, 4), torch.ones(5)], lr=1.0)

    def test_threads_are_pytorchs(self):
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            sslcuda.similarity(torch.randn(4, 4), torch.randn(4, 4))
            from sslcuda import _context

            shared = [c.describe() for c in _context._local.__dict__.values()]
            self.assertIn("cpu (1 thread)", shared)
            self.assertEqual(torch.get_num_threads(), 1)
        finally:
            torch.set_num_threads(before)


@unittest.skipUnless(hasattr(torch, "compile"), "needs PyTorch 2")
class Compiled(unittest.TestCase):
    def test_compile_calls_it_as_it_is(self):
        model, module = torch.nn.Linear(D, D), losses.NTXentLoss()
        x = torch.randn(N, D)
        wanted = module(model(x))
        got = torch.compile(lambda x: module(model(x)), backend="eager")(x)
        self.assertEqual(got, wanted)
        got.backward()


@unittest.skipUnless(torch.cuda.is_available() and sslcuda.device_count(), "needs CUDA")
class Cuda(unittest.TestCase):
    """Nothing here copies: a pointer on the device goes in, and the current stream is used."""

    def setUp(self):
        torch.manual_seed(0)
        self.a, self.b = (torch.randn(512, 64, device="cuda") for _ in range(2))
        self.wanted = losses.CLIPLoss()(self.a.cpu(), self.b.cpu()).item()

    def test_values_and_kinds(self):
        loss, grad = sslcuda.contrastive("clip", self.a, self.b, want=("loss", "grad_a"))
        self.assertEqual((loss.device, grad.device), (self.a.device, self.a.device))
        module = losses.CLIPLoss().cuda()
        a = self.a.clone().requires_grad_()
        module(a, self.b).backward()
        self.assertAlmostEqual(module(self.a, self.b).item(), self.wanted, places=4)
        self.assertEqual(module.log_scale.grad.device.type, "cuda")

    def test_mixing_is_refused(self):
        with self.assertRaisesRegex(
            sslcuda.WrongDeviceError, "b must be on cuda:0 like a, got cpu"
        ):
            losses.InfoNCELoss()(self.a, self.b.cpu())

    def test_side_stream(self):
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            torch.cuda._sleep(100_000_000)
            a = self.a * 1.0
            loss = losses.CLIPLoss().cuda()(a, self.b)
        side.synchronize()
        self.assertAlmostEqual(loss.item(), self.wanted, places=4)

    def test_captured(self):
        module = losses.CLIPLoss(learnable=False)
        a = self.a.clone().requires_grad_()
        module(a, self.b).backward()  # makes the context
        torch.cuda.synchronize()
        a.grad = None
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = module(a, self.b)
            (grad,) = torch.autograd.grad(loss, a)
        for scale in (1.0, 2.0):
            with torch.no_grad():
                a.mul_(scale)
            graph.replay()
            b = a.detach().clone().requires_grad_()
            again = module(b, self.b)
            again.backward()
            self.assertTrue(torch.equal(loss, again))
            self.assertTrue(torch.equal(grad, b.grad))

    def test_own_graph(self):
        with sslcuda.Context("cuda") as context:
            out = torch.zeros(1, device="cuda")

            def step():
                sslcuda.contrastive(
                    "clip", self.a, self.b, tau=0.07, normalize=True, out=out, context=context
                )

            with context.plan() as plan:
                step()
            context.reserve(plan.bytes)
            step()
            with context.graph() as graph:
                step()
            out.zero_()
            graph.launch()
            self.assertAlmostEqual(out.item(), self.wanted, places=4)

    def test_cuda_array_interface(self):
        class Only:
            def __init__(self, tensor):
                self.__cuda_array_interface__ = tensor.__cuda_array_interface__

        out = torch.zeros(1, device="cuda")
        torch.cuda.synchronize()
        sslcuda.contrastive(
            "clip", Only(self.a), Only(self.b), normalize=True, tau=0.07, out=Only(out)
        )
        torch.cuda.synchronize()
        self.assertAlmostEqual(out.item(), self.wanted, places=4)


if __name__ == "__main__":
    unittest.main()
