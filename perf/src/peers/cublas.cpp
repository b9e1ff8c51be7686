#include "perf/src/peers/cublas.hpp"

#include <cublasLt.h>
#include <cublas_v2.h>

#include <array>
#include <limits>
#include <memory>

#include "perf/src/peers/device_memory.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf::cublas {
namespace {

void must(cublasStatus_t status) {
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

const Handles& handles() {
  static const Handles* const kept = new Handles;
  return *kept;
}

// One product with the algorithm that tune() found fastest. Row-major c = op(a) op(b) is, to
// cuBLAS, column-major c^T = op(b)^T op(a)^T: it is given b first.
class Matmul {
 public:
  Matmul(const Product& p, cudaDataType_t type, cublasLtEpilogue_t epilogue)
      : alpha_(p.alpha), with_bias_(epilogue != CUBLASLT_EPILOGUE_DEFAULT) {
    must(cublasLtMatmulDescCreate(&desc_, CUBLAS_COMPUTE_32F, CUDA_R_32F));
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
    const float beta = 0;
    const DeviceMemory& workspace = handles().workspace;
    return cublasLtMatmul(handles().lt, desc_, &alpha_, b, b_, a, a_, &beta, c, c_, c, c_,
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

  const float alpha_;
  const bool with_bias_;
  bool tuned_ = false;
  cublasLtMatmulDesc_t desc_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, c_ = nullptr;
  cublasLtMatmulAlgo_t algorithm_{};
};

std::string version() { return std::to_string(cublasLtGetVersion()); }

Side new_side() {
  Side side;
  side.name = "cuBLASLt";
  side.version = version();
  return side;
}

std::shared_ptr<Matmul> matmul(const Product& p,
                               cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT) {
  return std::make_shared<Matmul>(p, CUDA_R_32F, epilogue);
}

// A square matrix of random normal numbers; a block of them is repeated.
template <class T>
void fill_normal(const DeviceMemory& memory) {
  constexpr size_t kBlock = 1 << 22;
  std::vector<T> values(memory.bytes() / sizeof(T));
  const std::vector<float> block = normal(kBlock, 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = block[i % kBlock];
    if constexpr (sizeof(T) == sizeof(float)) {
      values[i] = value;
    } else {  // bfloat16 is the upper half of float32
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      values[i] = static_cast<T>(bits >> 16);
    }
  }
  memory.upload(values.data());
}

template <class T>
double rate(const Library& library, Device& device, cudaDataType_t type, int64_t size) {
  const size_t bytes = static_cast<size_t>(size * size) * sizeof(T);
  const DeviceMemory a(bytes), b(bytes), c(bytes);
  fill_normal<T>(a);
  fill_normal<T>(b);
  Matmul product({false, true, size, size, size, 1, {}, {}, {}}, type, CUBLASLT_EPILOGUE_DEFAULT);
  product.tune(library.stream(), a.data(), b.data(), c.data());
  const Sampler sample = device.sampler(
      [&](int64_t) { product.run(library.stream(), a.data(), b.data(), c.data()); }, 1);
  const auto n = static_cast<double>(size);
  return 2 * n * n * n / fastest(sample);
}

GemmRates measured_rates(const Library& library, Device& device) {
  return {rate<float>(library, device, CUDA_R_32F, 4096),
          rate<uint16_t>(library, device, CUDA_R_16BF, 8192)};
}

Side products_side(const Library& library, const std::vector<Product>& products,
                   const std::string& computes) {
  std::vector<std::shared_ptr<Matmul>> matmuls;
  for (const Product& p : products) matmuls.push_back(matmul(p));
  const cudaStream_t stream = library.stream();
  Side side = new_side();
  side.computes = computes;
  side.prepare = [=](const Set& set) {
    for (size_t i = 0; i < products.size(); ++i) {
      const Product& p = products[i];
      matmuls[i]->tune(stream, set[p.a], set[p.b], set[p.c]);
    }
  };
  side.call = [=](const Set& set) {
    for (size_t i = 0; i < products.size(); ++i) {
      const Product& p = products[i];
      matmuls[i]->run(stream, set[p.a], set[p.b], set[p.c]);
    }
  };
  return side;
}

Side forward_side(const Library& library, const LinearTensors& t) {
  const auto& [n, in, out] = t.shape;
  const bool relu = t.activation == SSLCUDA_ACTIVATION_RELU;
  const auto product = matmul({false, true, n, out, in, 1, t.x, t.weight, t.y},
                              relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS);
  const cudaStream_t stream = library.stream();
  Side side = new_side();
  if (t.activation == SSLCUDA_ACTIVATION_SIGMOID) side.computes = "the product and the bias";
  side.prepare = [=](const Set& set) {
    product->tune(stream, set[t.x], set[t.weight], set[t.y], set[t.bias]);
  };
  side.call = [=](const Set& set) {
    product->run(stream, set[t.x], set[t.weight], set[t.y], set[t.bias]);
  };
  return side;
}

// Two products, and the bias's gradient as a product with ones.
Side backward_side(const Library& library, const LinearTensors& t) {
  const auto& [n, in, out] = t.shape;
  const cudaStream_t stream = library.stream();
  Side side = products_side(library,
                            {{false, false, n, in, out, 1, t.grad_y, t.weight, t.grad_x},
                             {true, false, out, in, n, 1, t.grad_y, t.x, t.grad_weight}},
                            t.activation == SSLCUDA_ACTIVATION_NONE ? "all" : "the products");
  side.name = "cuBLASLt, cuBLAS";
  const auto ones = std::make_shared<DeviceMemory>(static_cast<size_t>(n) * sizeof(float));
  ones->upload(std::vector<float>(static_cast<size_t>(n), 1.0f).data());
  side.call = [=, both = side.call, rows = static_cast<int>(n),
               columns = static_cast<int>(out)](const Set& set) {
    both(set);
    const float alpha = 1, beta = 0;
    must(cublasSetStream(handles().blas, stream));
    must(cublasSetWorkspace(handles().blas, handles().workspace.data(),
                            handles().workspace.bytes()));
    must(cublasSgemv(handles().blas, CUBLAS_OP_N, columns, rows, &alpha, set[t.grad_y], columns,
                     static_cast<const float*>(ones->data()), 1, &beta, set[t.grad_bias], 1));
  };
  return side;
}

constexpr Table kTable{measured_rates, forward_side, backward_side, products_side};

}  // namespace
}  // namespace sslcuda::perf::cublas

extern "C" __attribute__((visibility("default"))) const void* sslcuda_perf_table() {
  return &sslcuda::perf::cublas::kTable;
}
