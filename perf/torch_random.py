"""The ops that draw random numbers, and SGD and LARS, for torch_ops.py; see torch_cases.py.

PyTorch draws other numbers than we do, so of those ops nothing is compared but the work: two
independent results are sqrt(2) of a result's norm apart.
"""

import ctypes
import math

import torch
from torch.nn import functional
from torch.optim.sgd import sgd as functional_sgd

from library import F32, Augmentation
from torch_case import Case

OTHER_NUMBERS = 2.0
SGD = {"lr": 1e-2, "momentum": 0.9, "weight_decay": 1e-4}
TRUST = 1e-3
SEED, SEQUENCE = 1, 2
VIEW = {"scale_low": 0.4, "ratio_low": 0.75, "ratio_high": 1.25, "degrees": 15.0, "shear": 10.0,
        "translate": 0.1, "flip": 0.5, "brightness": 0.2, "contrast": 0.4, "blur": 0.5,
        "sigma_low": 0.3, "sigma_high": 1.5, "noise": 0.1, "drop": 0.1}


def split(inputs):
    third = len(inputs) // 3
    return [list(inputs[i * third:(i + 1) * third]) for i in range(3)]


def pointers(inputs):
    return [(ctypes.c_void_p * len(group))(*[t.data_ptr() for t in group])
            for group in split(inputs)]


def tensor_lists(make, s):
    tensors, count = s["tensors"], s["count"]
    lists = [make.normal(count) for _ in range(3 * tensors)]
    return tensors, (ctypes.c_int64 * tensors)(*[count] * tensors), lists


def sgd(lib, make, s):
    tensors, counts, lists = tensor_lists(make, s)

    def ours(inputs, _):
        lib.sgd_step(F32, tensors, counts, *pointers(inputs), SGD["lr"], None, SGD["momentum"],
                     SGD["weight_decay"], 0)

    def step(**implementation):
        def function(*inputs):
            params, grads, velocities = split(inputs)
            functional_sgd(params, grads, velocities, dampening=0, nesterov=False, maximize=False,
                           **implementation, **SGD)
            return params
        return function
    return Case(tuple(lists), (), ours, step(fused=True), in_place=tensors,
                other={"PyTorch foreach": step(foreach=True)})


def lars(lib, make, s):
    """PyTorch has no LARS; this is one of its operations on lists of tensors."""
    tensors, counts, lists = tensor_lists(make, s)

    def ours(inputs, _):
        lib.lars_step(F32, tensors, counts, *pointers(inputs), None, SGD["lr"], None,
                      SGD["momentum"], SGD["weight_decay"], TRUST)

    def step(*inputs):
        params, grads, velocities = split(inputs)
        grads = torch._foreach_add(grads, params, alpha=SGD["weight_decay"])
        ratios = torch._foreach_div(torch._foreach_norm(params), torch._foreach_norm(grads))
        torch._foreach_mul_(ratios, TRUST)
        torch._foreach_mul_(velocities, SGD["momentum"])
        torch._foreach_add_(velocities, torch._foreach_mul(grads, ratios))
        torch._foreach_add_(params, velocities, alpha=-SGD["lr"])
        return params
    return Case(tuple(lists), (), ours, step, in_place=tensors)


def random_uniform(lib, make, s):
    count = s["count"]
    return Case((), (make.empty(count),),
                lambda i, o: lib.random_uniform(F32, count, SEED, SEQUENCE, None, -1.0, 1.0, *o),
                lambda: (make.empty(count).uniform_(-1, 1),), tolerance=OTHER_NUMBERS)


def random_normal(lib, make, s):
    count = s["count"]
    return Case((), (make.empty(count),),
                lambda i, o: lib.random_normal(F32, count, SEED, SEQUENCE, None, 0.0, 1.0, *o),
                lambda: (make.empty(count).normal_(),), tolerance=OTHER_NUMBERS)


def between(x, count, low, high):
    return torch.rand(count, device=x.device) * (high - low) + low


def warped(x):
    """A crop of each image, turned, sheared, shifted and maybe flipped."""
    n, v = len(x), VIEW
    area = between(x, n, v["scale_low"], 1)
    ratio = between(x, n, math.log(v["ratio_low"]), math.log(v["ratio_high"])).exp()
    across, down = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    turn = torch.deg2rad(between(x, n, -v["degrees"], v["degrees"]))
    slope = torch.deg2rad(between(x, n, -v["shear"], v["shear"])).tan()
    mirror = 1 - 2 * (torch.rand(n, device=x.device) < v["flip"]).float()
    shift = 2 * v["translate"]
    right, lower = between(x, n, -shift, shift), between(x, n, -shift, shift)
    cos, sin = turn.cos(), turn.sin()
    matrix = torch.stack([
        torch.stack([across * cos * mirror, -across * (slope * cos + sin),
                     right + between(x, n, -1, 1) * (1 - across)], 1),
        torch.stack([down * sin * mirror, down * (cos - slope * sin),
                     lower + between(x, n, -1, 1) * (1 - down)], 1)], 1)
    grid = functional.affine_grid(matrix, x.shape, align_corners=False)
    return functional.grid_sample(x, grid, "bilinear", align_corners=False)


def blurred(x):
    """Every image with a sigma of its own, those that are not blurred with next to none."""
    n, c, h, w = x.shape
    radius = math.ceil(3 * VIEW["sigma_high"])
    sigma = torch.where(torch.rand(n, device=x.device) < VIEW["blur"],
                        between(x, n, VIEW["sigma_low"], VIEW["sigma_high"]), 1e-3)
    k = torch.arange(-radius, radius + 1, device=x.device)
    weight = torch.softmax(-0.5 * (k / sigma[:, None]) ** 2, 1).repeat_interleave(c, 0)
    x = functional.pad(x.reshape(1, n * c, h, w), (radius,) * 4, "replicate")
    x = functional.conv2d(x, weight[:, None, None, :], groups=n * c)
    return functional.conv2d(x, weight[:, None, :, None], groups=n * c).reshape(n, c, h, w)


def augment(lib, make, s):
    n, c, h, w, views = s["n"], s["c"], s["h"], s["w"], s["views"]
    settings = Augmentation(**VIEW)

    def augmented(x):
        y = warped(x.repeat(views, 1, 1, 1))
        gain = between(x, len(y), 1 - VIEW["contrast"], 1 + VIEW["contrast"])
        offset = between(x, len(y), -VIEW["brightness"], VIEW["brightness"])
        y = blurred(y * gain[:, None, None, None] + offset[:, None, None, None])
        y = y + VIEW["noise"] * torch.randn_like(y)
        kept = torch.rand_like(y[:, :1]) >= VIEW["drop"]
        return (y * kept,)
    return Case((make.normal(n, c, h, w),), (make.empty(views * n, c, h, w),),
                lambda i, o: lib.augment(F32, n, c, h, w, *i, views, settings, SEED, SEQUENCE,
                                         None, *o),
                augmented, tolerance=OTHER_NUMBERS)


CASES = {function.__name__: function for function in (
    sgd, lars, random_uniform, random_normal, augment)}
