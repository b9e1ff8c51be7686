#include "kernels/cpu/onednn.hpp"

#include <dnnl.h>
#include <omp.h>

#include <algorithm>
#include <csignal>

#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {
namespace {

// Keeps signal handlers off this thread. oneDNN's kernels have data below the stack pointer, which
// a handler overwrites: seen in 2.6, as a damaged heap after Ctrl-C.
class NoSignals {
 public:
  NoSignals() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
      sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

int sgemm(const Gemm& g) {
  if (g.k == 0) {  // no product of oneDNN's
    for (int64_t i = 0; i < g.m; ++i) {
      float* const row = g.c + i * g.ldc;
      for (int64_t j = 0; j < g.n; ++j) row[j] = g.beta == 0 ? 0 : g.beta * row[j];
    }
    return kOk;
  }
  // oneDNN would start threads of its own unless it is called from one of several.
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  dnnl_status_t status;
  try {
    const NoSignals guard;
    status = dnnl_sgemm(g.transpose_a ? 'T' : 'N', g.transpose_b ? 'T' : 'N', g.m, g.n, g.k,
                        g.alpha, g.a, g.lda, g.b, g.ldb, g.beta, g.c, g.ldc);
  } catch (...) {  // it compiles a kernel at the first call of a kind
    status = dnnl_out_of_memory;
  }
  omp_set_num_threads(threads);
  if (status == dnnl_success) return kOk;
  return status == dnnl_out_of_memory ? kOutOfMemory : kLibraryFailed;
}

}  // namespace sslcuda::cpu
