"""libsslcuda from Python: losses without the n x n matrix, layers, optimisers, augmentation.

Every function takes arrays of NumPy, PyTorch, CuPy and JAX, or anything with `__dlpack__` or
`__cuda_array_interface__`, without copies. Their location selects the device; results are
arrays of the same kind. On CUDA calls are queued on the current stream of PyTorch or CuPy, or on
`stream=`, in which case the caller ensures that the arrays are ready. sslcuda.torch has the losses as
modules with gradients.

Each thread has its own context for each device, created at its first call (not during capture of a
CUDA graph); `context=` takes yours. If other processes compete for the cores, import sslcuda before
torch, or set GOMP_SPINCOUNT=2000, because waiting threads spin.

>>> import numpy, sslcuda
>>> a, b = numpy.random.randn(2, 256, 64).astype("float32")
>>> loss, grad_a, grad_b = sslcuda.infonce(a, b, tau=0.1, want=("loss", "grad_a", "grad_b"))
"""

from ._context import Context, Graph, Plan
from ._errors import (
    ArgumentError,
    ContextError,
    DeviceError,
    Error,
    InternalError,
    LibraryError,
    NoDeviceError,
    OutOfMemoryError,
    UnsupportedError,
    WorkspaceError,
    WrongDeviceError,
)
from ._library import build_info, device_count, version
from .data import (
    augment,
    counter_add,
    gather_images,
    gather_rows,
    random_normal,
    random_uniform,
    rotate,
    rotate90,
)
from .layers import (
    batch_norm,
    batch_norm_backward,
    conv2d,
    conv2d_backward,
    group_norm,
    group_norm_backward,
    l2_normalize,
    l2_normalize_backward,
    linear,
    linear_backward,
    linear_mse,
    matmul,
    pool2d,
    pool2d_backward,
    reparameterize,
    reparameterize_backward,
)
from .losses import (
    binary_cross_entropy,
    contrastive,
    cross_entropy,
    infonce,
    lse_merge,
    mse,
    similarity,
    similarity_backward,
)
from .optim import adam_step, lars_step, sgd_step

__version__ = version()
__all__ = [
    "ArgumentError", "Context", "ContextError", "DeviceError", "Error", "Graph",
    "InternalError", "LibraryError", "NoDeviceError", "OutOfMemoryError", "Plan",
    "UnsupportedError", "WorkspaceError", "WrongDeviceError", "adam_step", "augment",
    "batch_norm", "batch_norm_backward", "binary_cross_entropy", "build_info", "contrastive",
    "conv2d", "conv2d_backward", "counter_add", "cross_entropy", "device_count",
    "gather_images", "gather_rows", "group_norm", "group_norm_backward", "infonce",
    "l2_normalize", "l2_normalize_backward", "lars_step", "linear", "linear_backward",
    "linear_mse", "lse_merge", "matmul", "mse", "pool2d", "pool2d_backward", "random_normal",
    "random_uniform", "reparameterize", "reparameterize_backward", "rotate", "rotate90",
    "sgd_step", "similarity", "similarity_backward", "version",
]
