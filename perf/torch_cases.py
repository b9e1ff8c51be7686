"""The ops of the suite for torch_ops.py: the inputs, our call through ctypes, PyTorch's function.

Each function here takes (lib, make, s): the library, a Maker of tensors of the storage type, and
the shape, and returns a Case.
"""

import ctypes

import torch
from torch.nn import functional
from torch.optim.adam import adam as functional_adam

from library import F32, Conv2dShape
from torch_case import Case
from torch_contrastive import contrastive, infonce
from torch_layers import CASES as LAYER_CASES
from torch_losses import rows
from torch_random import CASES as RANDOM_CASES

TAU = 0.1
MEAN, STD, FILL = 0.5, 0.25, -1.0
ADAM = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
ADAM_STEP = 10
ACTIVATIONS = (lambda u: u, functional.relu, torch.sigmoid)


def matmul(lib, make, s):
    m, n, k, ta, tb = s["m"], s["n"], s["k"], s.get("ta", 0), s.get("tb", 0)
    a = make.normal(k, m) if ta else make.normal(m, k)
    b = make.normal(n, k) if tb else make.normal(k, n)
    return Case((a, b), (make.empty(m, n),),
                lambda i, o: lib.matmul(make.dtype, m, n, k, i[0], a.shape[1], ta, i[1],
                                        b.shape[1], tb, 1.0, 0.0, o[0], n),
                lambda a, b: ((a.T if ta else a) @ (b.T if tb else b),))


def linear_forward(lib, make, s):
    n, k, out, act = s["n"], s["in"], s["out"], s.get("activation", 0)
    inputs = make.normal(n, k), make.normal(out, k, scale=k ** -0.5), make.normal(out)
    return Case(inputs, (make.empty(n, out),),
                lambda i, o: lib.linear_forward(make.dtype, n, k, out, *i, act, *o),
                lambda x, w, b: (ACTIVATIONS[act](functional.linear(x, w, b)),))


def masked(activation, y, grad_y):
    if activation == 1:
        return torch.ops.aten.threshold_backward(grad_y, y, 0)
    if activation == 2:
        return torch.ops.aten.sigmoid_backward(grad_y, y)
    return grad_y


def linear_backward(lib, make, s):
    n, k, out, act = s["n"], s["in"], s["out"], s.get("activation", 0)
    y = ACTIVATIONS[act](make.normal(n, out))
    inputs = make.normal(n, k), make.normal(out, k, scale=k ** -0.5), y, make.normal(n, out)

    def gradients(x, w, y, grad_y):
        g = masked(act, y, grad_y)
        return g @ w, g.T @ x, g.sum(0)
    return Case(inputs, (make.empty(n, k), make.empty(out, k), make.empty(out)),
                lambda i, o: lib.linear_backward(make.dtype, n, k, out, *i, act, *o), gradients)


def linear_mse(lib, make, s):
    n, k, out, act = s["n"], s["in"], s["out"], s.get("activation", 0)
    inputs = (make.normal(n, k), make.normal(out, k, scale=k ** -0.5), make.normal(out),
              make.normal(n, out))

    def value_and_gradient(x, w, b, target):
        y = ACTIVATIONS[act](functional.linear(x, w, b))
        loss = functional.mse_loss(y, target)
        grad_y = torch.ops.aten.mse_loss_backward(torch.ones_like(loss), y, target, 1)
        return (loss, masked(act, y, grad_y), *((y,) if act else ()))
    outputs = (make.scalar(), make.empty(n, out), *((make.empty(n, out),) if act else ()))
    return Case(inputs, outputs,
                lambda i, o: lib.linear_mse(make.dtype, n, k, out, *i, act, None,
                                            *(*o, None)[:3]), value_and_gradient)


def conv2d(make, s):
    """Shape for us, settings and shape of y for PyTorch, x and weight."""
    stride, pad = s.get("stride", 1), s.get("pad", 0)
    shape = Conv2dShape(n=s["n"], c=s["c"], h=s["h"], w=s["w"], out=s["out"], kernel_h=s["k"],
                        kernel_w=s["k"], stride_h=stride, stride_w=stride, pad_h=pad, pad_w=pad)
    y_shape = (s["n"], s["out"], *((s[e] + 2 * pad - s["k"]) // stride + 1 for e in "hw"))
    x = make.normal(s["n"], s["c"], s["h"], s["w"])
    weight = make.normal(s["out"], s["c"], s["k"], s["k"], scale=(s["c"] * s["k"] ** 2) ** -0.5)
    return shape, stride, pad, y_shape, x, weight


def conv2d_forward(lib, make, s):
    shape, stride, pad, y_shape, x, weight = conv2d(make, s)
    relu = s.get("relu", 0)
    return Case((x, weight, make.normal(s["out"])), (make.empty(*y_shape),),
                lambda i, o: lib.conv2d_forward(F32, shape, *i, relu, *o),
                lambda x, w, b: (ACTIVATIONS[relu](functional.conv2d(x, w, b, stride, pad)),))


def conv2d_backward(lib, make, s):
    shape, stride, pad, y_shape, x, weight = conv2d(make, s)
    relu = s.get("relu", 0)
    inputs = x, weight, ACTIVATIONS[relu](make.normal(*y_shape)), make.normal(*y_shape)

    def gradients(x, w, y, grad_y):
        return torch.ops.aten.convolution_backward(
            masked(relu, y, grad_y), x, w, [s["out"]], [stride] * 2, [pad] * 2, [1, 1], False,
            [0, 0], 1, [True, True, True])
    return Case(inputs, (torch.empty_like(x), torch.empty_like(weight), make.empty(s["out"])),
                lambda i, o: lib.conv2d_backward(F32, shape, *i, relu, *o), gradients)


def l2_normalize_forward(lib, make, s):
    n, d = s["n"], s["d"]

    def normalised(x):
        norms = torch.linalg.vector_norm(x, dim=1, keepdim=True)
        return x / norms, norms[:, 0]
    return Case((make.normal(n, d),), (make.empty(n, d), make.empty(n)),
                lambda i, o: lib.l2_normalize_forward(F32, n, d, *i, *o), normalised)


def l2_normalize_backward(lib, make, s):
    n, d = s["n"], s["d"]
    x = make.normal(n, d)
    norms = torch.linalg.vector_norm(x, dim=1)

    def gradient(y, norms, grad_y):
        return ((grad_y - y * (y * grad_y).sum(1, keepdim=True)) / norms[:, None],)
    return Case((x / norms[:, None], norms, make.normal(n, d)), (make.empty(n, d),),
                lambda i, o: lib.l2_normalize_backward(F32, n, d, *i, *o), gradient)


def similarity_forward(lib, make, s):
    n, m, d, normalize = s["n"], s["m"], s["d"], s.get("normalize", 0)
    return Case((make.normal(n, d), make.normal(m, d)), (make.empty(n, m),),
                lambda i, o: lib.similarity_forward(make.dtype, n, m, d, i[0], d, i[1], d,
                                                    normalize, TAU, None, o[0], m),
                lambda a, b: (rows(a, normalize) @ rows(b, normalize).T / TAU,))


def similarity_backward(lib, make, s):
    n, m, d, normalize = s["n"], s["m"], s["d"], s.get("normalize", 0)
    if normalize:
        raise NotImplementedError("similarity_backward with normalize=1")
    return Case((make.normal(n, d), make.normal(m, d), make.normal(n, m)),
                (make.empty(n, d), make.empty(m, d)),
                lambda i, o: lib.similarity_backward(make.dtype, n, m, d, i[0], d, i[1], d, 0, TAU,
                                                     None, i[2], m, *o, None),
                lambda a, b, g: (g @ b / TAU, g.T @ a / TAU))


def cross_entropy(lib, make, s):
    n, v, grad = s["n"], s["v"], s.get("grad", 0)

    def ours(inputs, outputs):
        loss, grad_logits = (*outputs, None)[:2]
        lib.cross_entropy(F32, n, v, inputs[0], v, inputs[1], None, -100, 0.0, None, loss, None,
                          grad_logits)
    return Case((make.normal(n, v), make.whole(v, n)),
                (make.empty(1), make.empty(n, v)) if grad else (make.empty(1),), ours,
                lambda x, labels: (functional.cross_entropy(x, labels),),
                gradients=(0,) if grad else ())


def mse(lib, make, s):
    count, sigmoid, grad = s["count"], s.get("sigmoid", 0), s.get("grad", 0)

    def ours(inputs, outputs):
        lib.mse(F32, count, *inputs, sigmoid, None, *(*outputs, None)[:2])
    return Case((make.normal(count), make.normal(count)),
                (make.empty(1), make.empty(count)) if grad else (make.empty(1),), ours,
                lambda x, t: (functional.mse_loss(torch.sigmoid(x) if sigmoid else x, t),),
                gradients=(0,) if grad else ())


def adam(lib, make, s):
    tensors, count = s["tensors"], s["count"]
    counts = (ctypes.c_int64 * tensors)(*[count] * tensors)
    groups = [[make.normal(count) for _ in range(tensors)] for _ in range(3)]
    groups.append([make.normal(count).square() for _ in range(tensors)])
    steps = [torch.tensor(ADAM_STEP - 1.0, device=make.device) for _ in range(tensors)]

    def split(inputs):
        return [list(inputs[i * tensors:(i + 1) * tensors]) for i in range(5)]

    def ours(inputs, _):
        pointers = [(ctypes.c_void_p * tensors)(*[t.data_ptr() for t in group])
                    for group in split(inputs)[:4]]
        lib.adam_step(F32, tensors, counts, *pointers, ADAM["lr"], None, ADAM["beta1"],
                      ADAM["beta2"], ADAM["eps"], ADAM_STEP, None)

    def step(**implementation):
        def function(*inputs):
            params, grads, moments, variances, steps = split(inputs)
            functional_adam(params, grads, moments, variances, [], steps, amsgrad=False,
                            weight_decay=0, maximize=False, **implementation, **ADAM)
            return params
        return function
    on_gpu = torch.device(make.device).type == "cuda"
    return Case((*sum(groups, []), *steps), (), ours, step(fused=True), in_place=tensors,
                other={"PyTorch foreach": step(foreach=True, capturable=on_gpu)})


def gather_images(lib, make, s):
    n, width, count = s["n"], s["width"], s["count"]
    inputs = make.whole(256, count, width, dtype=torch.uint8), make.whole(count, n)
    return Case(inputs, (make.empty(n, width),),
                lambda i, o: lib.gather_images(F32, n, width, i[0], count, i[1], n, None, MEAN,
                                               STD, *o),
                lambda images, indices: (
                    images.index_select(0, indices).float().div_(255).sub_(MEAN).div_(STD),))


def gather_rows(lib, make, s):
    n, width, count = s["n"], s["row_bytes"], s["count"]
    inputs = make.whole(256, count, width, dtype=torch.uint8), make.whole(count, n)
    return Case(inputs, (make.empty(n, width, dtype=torch.uint8),),
                lambda i, o: lib.gather_rows(n, width, i[0], count, i[1], n, None, *o),
                lambda x, indices: (x.index_select(0, indices),))


def rotate90(lib, make, s):
    n, c, h = s["n"], s["c"], s["h"]

    def turned(x, turns):
        every = torch.stack([torch.rot90(x, k, (2, 3)) for k in range(4)])
        return (every[turns, torch.arange(n, device=x.device)],)
    return Case((make.normal(n, c, h, h), make.whole(4, n)), (make.empty(n, c, h, h),),
                lambda i, o: lib.rotate90(F32, n, c, h, *i, *o), turned)


def rotate(lib, make, s):
    n, c, h, w = s["n"], s["c"], s["h"], s["w"]

    def rotated(x, degrees):
        t = torch.deg2rad(degrees)
        sin, cos, zero = t.sin(), t.cos(), torch.zeros_like(t)
        matrix = torch.stack([torch.stack([cos, -sin * h / w, zero], 1),
                              torch.stack([sin * w / h, cos, zero], 1)], 1)
        grid = functional.affine_grid(matrix, x.shape, align_corners=False)
        return (functional.grid_sample(x - FILL, grid, "nearest", align_corners=False) + FILL,)
    degrees = torch.rand(n, device=make.device) * 90 - 45
    return Case((make.normal(n, c, h, w), degrees), (make.empty(n, c, h, w),),
                lambda i, o: lib.rotate(F32, n, c, h, w, *i, FILL, *o), rotated,
                tolerance=0.05)  # the two may round a coordinate to different pixels


CASES = {function.__name__: function for function in (
    matmul, linear_forward, linear_backward, linear_mse, conv2d_forward, conv2d_backward,
    l2_normalize_forward, l2_normalize_backward, similarity_forward, similarity_backward, infonce,
    contrastive, cross_entropy, mse, adam, gather_images, gather_rows, rotate90, rotate)} | LAYER_CASES | RANDOM_CASES
