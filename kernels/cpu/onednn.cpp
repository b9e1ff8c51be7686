#include "kernels/cpu/onednn.hpp"

#include <dnnl.h>

#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {

int sgemm(const Gemm& g) {
  const dnnl_status_t status =
      dnnl_sgemm(g.transpose_a ? 'T' : 'N', g.transpose_b ? 'T' : 'N', g.m, g.n, g.k, g.alpha, g.a,
                 g.lda, g.b, g.ldb, g.beta, g.c, g.ldc);
  if (status == dnnl_success) return kOk;
  return status == dnnl_out_of_memory ? kOutOfMemory : kLibraryFailed;
}

}  // namespace sslcuda::cpu
