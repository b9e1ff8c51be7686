"""What an op contributes to torch_ops.py."""

import dataclasses
from typing import Callable

import torch

from library import DTYPES


@dataclasses.dataclass
class Case:
    inputs: tuple
    outputs: tuple      # what ours writes
    ours: Callable      # ours(inputs, outputs)
    torch: Callable     # torch(*inputs) -> the same tensors as outputs, or the first of them
    gradients: tuple = ()  # inputs whose gradients of the first result follow the results
    in_place: int = 0   # so many inputs are the outputs
    other: dict = dataclasses.field(default_factory=dict)  # more functions of PyTorch, by name
    tolerance: float = 1e-4


class Maker:
    """Tensors on a device, in a storage type, whose code is `dtype`."""

    def __init__(self, device, dtype="f32"):
        self.device = device
        self.dtype = DTYPES[dtype]
        self.torch_dtype = {"bf16": torch.bfloat16, "f16": torch.float16}.get(dtype, torch.float32)

    def normal(self, *shape, scale=1.0):
        return (torch.randn(shape, device=self.device) * scale).to(self.torch_dtype)

    def similar(self, n, d):
        """About unit rows that share a direction, as embeddings do."""
        common = torch.randn(d, generator=torch.Generator().manual_seed(1)).to(self.device)
        x = torch.randn(n, d, device=self.device).add_(common).mul_((2 * d) ** -0.5)
        return x.to(self.torch_dtype)

    def whole(self, limit, *shape, dtype=torch.int64):
        return torch.randint(limit, shape, device=self.device, dtype=dtype)

    def empty(self, *shape, dtype=None):
        return torch.empty(shape, device=self.device, dtype=dtype or self.torch_dtype)

    def scalar(self):
        return torch.empty(1, device=self.device)
