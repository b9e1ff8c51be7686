"""The layers without a matrix product for torch_ops.py, as torch_cases.py has the others."""

import torch
from torch.nn import functional

from library import F32, Pool2dShape
from torch_case import Case

EPS = 1e-5
POOLS = ("max", "average")


def activated(relu, y):
    return functional.relu(y) if relu else y


def masked(relu, y, grad_y):
    return torch.ops.aten.threshold_backward(grad_y, y, 0) if relu else grad_y


def norm_shape(s):
    """n, c, plane, groups (0: batch normalisation), relu, number of sets with a mean."""
    n, c, groups = s["n"], s["c"], s.get("groups", 0)
    return n, c, s["plane"], groups, s.get("relu", 0), n * groups if groups else c


def norm_forward(lib, make, s):
    n, c, plane, groups, relu, sets = norm_shape(s)

    def ours(inputs, outputs):
        if groups:
            lib.group_norm_forward(F32, n, c, plane, groups, *inputs, EPS, relu, *outputs)
        else:
            lib.batch_norm_forward(F32, n, c, plane, *inputs, None, None, 1, 0.1, EPS, relu,
                                   *outputs)

    def normalised(x, weight, bias):
        if groups:
            y, *statistics = torch.native_group_norm(x, weight, bias, n, c, plane, groups, EPS)
        else:
            y, *statistics = torch.native_batch_norm(x, weight, bias, None, None, True, 0.1, EPS)
        return activated(relu, y), *statistics
    return Case((make.normal(n, c, plane), make.normal(c), make.normal(c)),
                (make.empty(n, c, plane), make.empty(sets), make.empty(sets)), ours, normalised)


def norm_backward(lib, make, s):
    n, c, plane, groups, relu, sets = norm_shape(s)
    x, weight = make.normal(n, c, plane), make.normal(c)
    per_set = x.reshape(n * groups, -1) if groups else x.transpose(0, 1).reshape(c, -1)
    mean, rstd = per_set.mean(1), (per_set.var(1, unbiased=False) + EPS).rsqrt()
    inputs = x, weight, make.normal(n, c, plane), mean, rstd, make.normal(n, c, plane)

    def ours(inputs, outputs):
        if groups:
            lib.group_norm_backward(F32, n, c, plane, groups, *inputs, relu, *outputs)
        else:
            lib.batch_norm_backward(F32, n, c, plane, *inputs, 1, relu, *outputs)

    def gradients(x, weight, y, mean, rstd, grad_y):
        g, wanted = masked(relu, y, grad_y), [True, True, True]
        if groups:
            return torch.ops.aten.native_group_norm_backward(
                g, x, mean.view(n, groups), rstd.view(n, groups), weight, n, c, plane, groups,
                wanted)
        return torch.ops.aten.native_batch_norm_backward(g, x, weight, None, None, mean, rstd, True,
                                                         EPS, wanted)
    return Case(inputs, (make.empty(n, c, plane), make.empty(c), make.empty(c)), ours, gradients)


def pool2d(make, s):
    """Kind, shape for us, settings for PyTorch, x as ReLU leaves it."""
    k, pad = s["k"], s.get("pad", 0)
    stride = s.get("stride", k)
    shape = Pool2dShape(n=s["n"], c=s["c"], h=s["h"], w=s["w"], kernel_h=k, kernel_w=k,
                        stride_h=stride, stride_w=stride, pad_h=pad, pad_w=pad)
    return POOLS.index(s["kind"]), shape, (k, stride, pad), make.normal(
        s["n"], s["c"], s["h"], s["w"]).relu_()


def pool2d_forward(lib, make, s):
    kind, shape, settings, x = pool2d(make, s)
    pooled = (functional.max_pool2d, functional.avg_pool2d)[kind]
    return Case((x,), (torch.empty_like(pooled(x, *settings)),),
                lambda i, o: lib.pool2d_forward(F32, kind, shape, *i, *o),
                lambda x: (pooled(x, *settings),))


def pool2d_backward(lib, make, s):
    kind, shape, (k, stride, pad), x = pool2d(make, s)
    window = [k, k], [stride, stride], [pad, pad]
    if kind == 0:
        y, places = functional.max_pool2d(x, k, stride, pad, return_indices=True)
        return Case((x, y, torch.randn_like(y), places), (torch.empty_like(x),),
                    lambda i, o: lib.pool2d_backward(F32, kind, shape, *i[:3], *o),
                    lambda x, y, grad_y, places: (
                        torch.ops.aten.max_pool2d_with_indices_backward(
                            grad_y, x, *window, [1, 1], False, places),))
    grad_y = torch.randn_like(functional.avg_pool2d(x, k, stride, pad))
    return Case((grad_y,), (torch.empty_like(x),),
                lambda i, o: lib.pool2d_backward(F32, kind, shape, None, None, *i, *o),
                lambda grad_y: (torch.ops.aten.avg_pool2d_backward(
                    grad_y, x, *window, False, True, None),))


def divergence(mu, logvar):
    return (-0.5 * (1 + logvar - mu.square() - logvar.exp()).sum(1)).mean()


def reparameterize_forward(lib, make, s):
    n, d = s["n"], s["d"]

    def sampled(both, noise):
        mu, logvar = both.chunk(2, 1)
        return mu + (0.5 * logvar).exp() * noise, divergence(mu, logvar)
    return Case((make.normal(n, 2 * d), make.normal(n, d)), (make.empty(n, d), make.scalar()),
                lambda i, o: lib.reparameterize_forward(F32, n, d, i[0], i[0][:, d:], 2 * d, i[1],
                                                        *o), sampled)


def reparameterize_backward(lib, make, s):
    n, d = s["n"], s["d"]

    def gradients(both, noise, grad_z):
        mu, logvar = both.chunk(2, 1)
        of_logvar = 0.5 * (grad_z * noise * (0.5 * logvar).exp() + torch.expm1(logvar) / n)
        return (torch.cat((grad_z + mu / n, of_logvar), 1),)
    return Case((make.normal(n, 2 * d), make.normal(n, d), make.normal(n, d)),
                (make.empty(n, 2 * d),),
                lambda i, o: lib.reparameterize_backward(F32, n, d, i[0], i[0][:, d:], 2 * d, i[1],
                                                         i[2], None, o[0], o[0][:, d:]), gradients)


def binary_cross_entropy(lib, make, s):
    count, grad = s["count"], s.get("grad", 0)

    def ours(inputs, outputs):
        lib.binary_cross_entropy(F32, count, *inputs, None, *(*outputs, None)[:2])
    return Case((make.normal(count), make.normal(count).sigmoid_()),
                (make.empty(1), make.empty(count)) if grad else (make.empty(1),), ours,
                lambda x, t: (functional.binary_cross_entropy_with_logits(x, t),),
                gradients=(0,) if grad else ())


CASES = {function.__name__: function for function in (
    norm_forward, norm_backward, pool2d_forward, pool2d_backward, reparameterize_forward,
    reparameterize_backward, binary_cross_entropy)}
