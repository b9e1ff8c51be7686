# infonce.jl - an InfoNCE loss and its gradients from Julia, on a GPU or the CPU. In bindings/julia:
#   julia examples/infonce.jl
include("../src/Sslcuda.jl")
using .Sslcuda
using Printf

# The library's row i is column i here. Row i of a and row i of b are a pair; the other rows of b
# are what row i of a must not match.
a = Float32[1 0 -1; 0 1 0.5]
b = Float32[0.9 0.2 -1; 0.1 1 0]
d, n = size(a)

ctx = Context()
loss = allocate(ctx, Float32, 1)
grad_a = allocate(ctx, Float32, d, n)
grad_b = allocate(ctx, Float32, d, n)
call(ctx, sslcuda_infonce, SSLCUDA_F32, n, d, upload(ctx, a), d, upload(ctx, b), d, 0.5, C_NULL,
     C_NULL, loss, C_NULL, grad_a, grad_b, C_NULL)

@printf("loss %.6f\n", Array(loss)[1])
for (name, gradient) in (("grad_a", grad_a), ("grad_b", grad_b))
    for column in eachcol(Array(gradient))
        @printf("%s %.6f %.6f\n", name, column...)
    end
end
