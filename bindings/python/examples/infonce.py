"""infonce.py - an InfoNCE loss and its gradients through libsslcuda. The numbers are those of
examples/infonce.c.
python infonce.py"""

import numpy

import sslcuda

# Row i of a and row i of b are a pair; the other rows of b are what a[i] must not match.
a = numpy.array([[1, 0], [0, 1], [-1, 0.5]], numpy.float32)
b = numpy.array([[0.9, 0.1], [0.2, 1], [-1, 0]], numpy.float32)
loss, grad_a, grad_b = sslcuda.infonce(a, b, tau=0.5, want=("loss", "grad_a", "grad_b"))
print(f"loss {loss:.6f}")
for name, rows in (("grad_a", grad_a), ("grad_b", grad_b)):
    for row in rows:
        print(name, *(f"{x:.6f}" for x in row))
