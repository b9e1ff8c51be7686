// cublas_matmul.hpp - one product by cuBLASLt, of a plug-in only.
#pragma once

#include <cublasLt.h>
#include <cublas_v2.h>

#include <array>
#include <limits>

#include "perf/src/peers/device_memory.hpp"
#include "perf/src/peers/tensors.hpp"

namespace sslcuda::perf::cublas {

inline void must(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw std::runtime_error(std::string("cuBLAS: ") + cublasGetStatusString(status));
  }
}

// Handles and scratch, made at first use and kept to the end of the process.
struct Handles {
  cublasLtHandle_t lt = nullptr;
  cublasHandle_t blas = nullptr;
  DeviceMemory workspace{64 << 20};
  Handles() {
    must(cublasLtCreate(&lt));
    must(cublasCreate(&blas));
    must(cublasSetWorkspace(blas, workspace.data(), workspace.bytes()));
  }
};

inline const Handles& handles() {
  static const Handles* const kept = new Handles;
  return *kept;
}

inline cudaDataType_t cuda_type(const DType& type) {
  constexpr cudaDataType_t kTypes[] = {CUDA_R_32F, CUDA_R_16BF, CUDA_R_16F, CUDA_R_32F};
  return kTypes[type.code];  // by SSLCUDA_F32 ...
}

// One product with the algorithm that tune() found fastest. Row-major c = op(a) op(b) is, to
// cuBLAS, column-major c^T = op(b)^T op(a)^T: it is given b first.
class Matmul {
 public:
  Matmul(const Product& p, const DType& dtype, cublasLtEpilogue_t epilogue, float beta = 0)
      : alpha_(p.alpha), beta_(beta), with_bias_(epilogue != CUBLASLT_EPILOGUE_DEFAULT) {
    const cudaDataType_t type = cuda_type(dtype);
    must(cublasLtMatmulDescCreate(
        &desc_, dtype.code == SSLCUDA_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
        CUDA_R_32F));
    if (with_bias_) set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type);
    set(CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    create(&b_, type, p.transpose_b ? p.k : p.n, p.transpose_b ? p.n : p.k);
    create(&a_, type, p.transpose_a ? p.m : p.k, p.transpose_a ? p.k : p.m);
    create(&c_, type, p.n, p.m);
  }
  ~Matmul() {
    for (const cublasLtMatrixLayout_t layout : {a_, b_, c_}) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulDescDestroy(desc_);
  }
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  void run(cudaStream_t stream, const void* a, const void* b, void* c, const void* bias = nullptr) {
    if (with_bias_) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    must(call(stream, a, b, c, algorithm_));
  }

  // Times what the heuristic offers.
  void tune(cudaStream_t stream, const void* a, const void* b, void* c,
            const void* bias = nullptr) {
    if (tuned_) return;
    if (with_bias_) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    std::array<cublasLtMatmulHeuristicResult_t, 16> offers{};
    const int count = find(&offers);
    float fastest = std::numeric_limits<float>::infinity();
    for (int i = 0; i < count; ++i) {
      const float time = time_of(stream, a, b, c, offers[i].algo);
      if (time < fastest) {
        fastest = time;
        algorithm_ = offers[i].algo;
      }
    }
    if (fastest == std::numeric_limits<float>::infinity()) {
      throw std::runtime_error("cuBLASLt has no algorithm for this product");
    }
    tuned_ = true;
  }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T value) {
    must(cublasLtMatmulDescSetAttribute(desc_, attribute, &value, sizeof value));
  }
  static void create(cublasLtMatrixLayout_t* layout, cudaDataType_t type, int64_t rows,
                     int64_t columns) {
    must(cublasLtMatrixLayoutCreate(layout, type, rows, columns, rows));
  }
  cublasStatus_t call(cudaStream_t stream, const void* a, const void* b, void* c,
                      const cublasLtMatmulAlgo_t& algorithm) const {
    const DeviceMemory& workspace = handles().workspace;
    return cublasLtMatmul(handles().lt, desc_, &alpha_, b, b_, a, a_, &beta_, c, c_, c, c_,
                          &algorithm, workspace.data(), workspace.bytes(), stream);
  }
  int find(std::array<cublasLtMatmulHeuristicResult_t, 16>* offers) const {
    cublasLtMatmulPreference_t preference = nullptr;
    must(cublasLtMatmulPreferenceCreate(&preference));
    const size_t bytes = handles().workspace.bytes();
    must(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                              &bytes, sizeof bytes));
    int count = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(handles().lt, desc_, b_, a_, c_, c_, preference,
                                       static_cast<int>(offers->size()), offers->data(), &count);
    cublasLtMatmulPreferenceDestroy(preference);
    must(status);
    return count;
  }
  // Milliseconds of a few runs, after one that is not timed; infinity if it cannot run.
  float time_of(cudaStream_t stream, const void* a, const void* b, void* c,
                const cublasLtMatmulAlgo_t& algorithm) const {
    constexpr int kRuns = 5;
    if (call(stream, a, b, c, algorithm) != CUBLAS_STATUS_SUCCESS) {
      return std::numeric_limits<float>::infinity();
    }
    const EventPair events;
    events.start(stream);
    for (int i = 0; i < kRuns; ++i) must(call(stream, a, b, c, algorithm));
    return events.milliseconds_since_start(stream);
  }

  const float alpha_, beta_;
  const bool with_bias_;
  bool tuned_ = false;
  cublasLtMatmulDesc_t desc_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, c_ = nullptr;
  cublasLtMatmulAlgo_t algorithm_{};
};

}  // namespace sslcuda::perf::cublas
