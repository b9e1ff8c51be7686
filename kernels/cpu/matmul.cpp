#include "kernels/cpu/operands.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/stored.hpp"

namespace sslcuda::cpu {
namespace {

struct Scratch {
  Scratch(const MatmulArgs& args, Arena& arena)
      : a(make_operand({args.dtype, false, args.transpose_a ? args.k : args.m,
                        args.transpose_a ? args.m : args.k, args.a, args.lda},
                       arena)),
        b(make_operand({args.dtype, false, args.transpose_b ? args.n : args.k,
                        args.transpose_b ? args.k : args.n, args.b, args.ldb},
                       arena)),
        band(take_band(args.dtype, args.m, args.n, arena)) {}

  Operand a, b;
  float* band;
};

}  // namespace

size_t matmul_workspace(const MatmulArgs& args) {
  Arena arena(nullptr);
  const Scratch scratch(args, arena);
  return arena.bytes();
}

int matmul(const Exec& exec, const MatmulArgs& args) {
  Arena arena(exec.workspace);
  const Scratch s(args, arena);
  return gemm_stored(args.dtype,
                     {args.transpose_a, args.transpose_b, args.m, args.n, args.k, args.alpha,
                      s.a.rows, s.a.ld, s.b.rows, s.b.ld, args.beta, nullptr, args.ldc},
                     args.c, s.band);
}

}  // namespace sslcuda::cpu
