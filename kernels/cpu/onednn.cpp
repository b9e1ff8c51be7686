#include "kernels/cpu/onednn.hpp"

#include <dnnl.h>
#include <omp.h>
#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <mutex>

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

// More than oneDNN takes to compile its kernels for products: with AVX-512, 60 of up to 320 KiB.
constexpr size_t kKernelBytes = size_t{32} << 20;

// Not by malloc(), whose later behaviour a block of this size changes.
bool is_available(size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED && munmap(memory, bytes) == 0;
}

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

// oneDNN 2.6 writes through a null pointer when it gets no memory for a kernel, and never compiles
// it again. So it is asked for all of them early, when the memory has just been seen to be there.
int prepare_products() {
  static std::mutex mutex;
  static std::atomic<bool> prepared{false};
  if (prepared) return kOk;
  const std::lock_guard lock(mutex);
  if (prepared) return kOk;
  if (!is_available(kKernelBytes)) return kOutOfMemory;
  // Those for few rows with a transposed matrix are compiled apart from the others.
  const float a[4] = {}, b[4] = {};
  float c[4];
  for (const bool transpose_b : {false, true}) {
    const int error = sgemm({false, transpose_b, 2, 2, 2, 1, a, 2, b, 2, 0, c, 2});
    if (error != kOk) return error;
  }
  prepared = true;
  return kOk;
}

}  // namespace sslcuda::cpu
