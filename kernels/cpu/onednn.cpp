#include "kernels/cpu/onednn.hpp"

#include <dnnl.h>
#include <omp.h>

#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {

int sgemm(const Gemm& g) {
  // oneDNN would start threads of its own unless it is called from one of several.
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const dnnl_status_t status =
      dnnl_sgemm(g.transpose_a ? 'T' : 'N', g.transpose_b ? 'T' : 'N', g.m, g.n, g.k, g.alpha, g.a,
                 g.lda, g.b, g.ldb, g.beta, g.c, g.ldc);
  omp_set_num_threads(threads);
  if (status == dnnl_success) return kOk;
  return status == dnnl_out_of_memory ? kOutOfMemory : kLibraryFailed;
}

}  // namespace sslcuda::cpu
