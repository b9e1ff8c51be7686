#include "perf/src/peers/cublas.hpp"

#include <memory>

#include "perf/src/peers/cublas_matmul.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf::cublas {
namespace {

std::string version() { return std::to_string(cublasLtGetVersion()); }

Side new_side() {
  Side side;
  side.name = "cuBLASLt";
  side.version = version();
  return side;
}

std::shared_ptr<Matmul> matmul(const Product& p, const DType& type,
                               cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT,
                               float beta = 0) {
  return std::make_shared<Matmul>(p, type, epilogue, beta);
}

double rate(const Library& library, Device& device, const DType& type) {
  const int64_t size = type.size == sizeof(float) ? 4096 : 8192;
  const std::vector<std::byte> values = stored(type, normal(size * size, 1));
  const DeviceMemory a(values.size()), b(values.size()), c(values.size());
  a.upload(values.data());
  b.upload(values.data());
  Matmul product({false, true, size, size, size, 1, {}, {}, {}}, type, CUBLASLT_EPILOGUE_DEFAULT);
  product.tune(library.stream(), a.data(), b.data(), c.data());
  const Sampler sample = device.sampler(
      [&](int64_t) { product.run(library.stream(), a.data(), b.data(), c.data()); }, 1);
  const auto n = static_cast<double>(size);
  return 2 * n * n * n / fastest(sample);
}

GemmRates measured_rates(const Library& library, Device& device) {
  GemmRates rates{};
  for (const DType* type : kDTypes) rates[type->code] = rate(library, device, *type);
  return rates;
}

Side products_side(const Library& library, const std::vector<Product>& products,
                   const std::string& computes) {
  std::vector<std::shared_ptr<Matmul>> matmuls;
  for (const Product& p : products) matmuls.push_back(matmul(p, *p.c.type));
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

// The products of a loss in waves of rows: scores s = a b^T, then grad_a = s b and grad_b += s^T a.
class Waves {
 public:
  Waves(const ContrastiveTensors& t, bool scores)
      : t_(t), with_scores_(scores), count_((t.n + kRows - 1) / kRows) {
    if (t.n % count_ != 0) throw std::runtime_error("rows do not make equal waves");
    rows_ = t.n / count_;
    const DType& type = *t.a.type;
    scores_ = matmul({false, true, rows_, t.m, t.d, 1, {}, {}, {}}, type);
    grad_a_ = matmul({false, false, rows_, t.d, t.m, 1, {}, {}, {}}, type);
    grad_b_ =
        matmul({true, false, t.m, t.d, rows_, 1, {}, {}, {}}, type, CUBLASLT_EPILOGUE_DEFAULT, 1);
  }
  size_t scratch_bytes() const {
    return static_cast<size_t>(rows_) * static_cast<size_t>(t_.m) * t_.a.type->size;
  }
  // Also leaves scores where run() may only read them.
  void tune(cudaStream_t stream, const Set& set) const {
    each(set, 1, true, [&](Matmul& product, const void* a, const void* b, void* c) {
      product.tune(stream, a, b, c);
      product.run(stream, a, b, c);
    });
  }
  void run(cudaStream_t stream, const Set& set) const {
    each(set, count_, with_scores_, [&](Matmul& product, const void* a, const void* b, void* c) {
      product.run(stream, a, b, c);
    });
  }

 private:
  static constexpr int64_t kRows = 4096;

  template <class Use>
  void each(const Set& set, int64_t waves, bool scores, const Use& use) const {
    unsigned char* const s = set.scratch();
    for (int64_t wave = 0; wave < waves; ++wave) {
      const int64_t offset = wave * rows_ * t_.d * static_cast<int64_t>(t_.a.type->size);
      const auto* const a = static_cast<const unsigned char*>(set[t_.a]) + offset;
      if (scores) use(*scores_, a, set[t_.b], s);
      if (t_.grad_a) use(*grad_a_, s, set[t_.b], static_cast<char*>(set[*t_.grad_a]) + offset);
      if (t_.grad_b) use(*grad_b_, s, a, set[*t_.grad_b]);
    }
  }

  const ContrastiveTensors t_;
  const bool with_scores_;
  const int64_t count_;
  int64_t rows_;
  std::shared_ptr<Matmul> scores_, grad_a_, grad_b_;
};

Side contrastive_side(const Library& library, const ContrastiveTensors& t, bool scores) {
  const auto waves = std::make_shared<Waves>(t, scores);
  const cudaStream_t stream = library.stream();
  Side side = new_side();
  side.computes = "the products";
  side.scratch_bytes = waves->scratch_bytes();
  side.prepare = [=](const Set& set) { waves->tune(stream, set); };
  side.call = [=](const Set& set) { waves->run(stream, set); };
  return side;
}

Side forward_side(const Library& library, const LinearTensors& t) {
  const auto& [n, in, out] = t.shape;
  const bool relu = t.activation == SSLCUDA_ACTIVATION_RELU;
  const auto product = matmul({false, true, n, out, in, 1, t.x, t.weight, t.y}, *t.x.type,
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

// Two products, and in float32 the bias's gradient as a product with ones.
Side backward_side(const Library& library, const LinearTensors& t) {
  const auto& [n, in, out] = t.shape;
  const bool with_bias = t.x.type->code == SSLCUDA_F32;
  const bool is_all = with_bias && t.activation == SSLCUDA_ACTIVATION_NONE;
  const cudaStream_t stream = library.stream();
  Side side = products_side(library,
                            {{false, false, n, in, out, 1, t.grad_y, t.weight, t.grad_x},
                             {true, false, out, in, n, 1, t.grad_y, t.x, t.grad_weight}},
                            is_all ? "all" : "the products");
  if (!with_bias) return side;
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
    must(cublasSgemv(handles().blas, CUBLAS_OP_N, columns, rows, &alpha,
                     static_cast<const float*>(set[t.grad_y]), columns,
                     static_cast<const float*>(ones->data()), 1, &beta,
                     static_cast<float*>(set[t.grad_bias]), 1));
  };
  return side;
}

constexpr Table kTable{measured_rates, forward_side, backward_side, products_side,
                       contrastive_side};

}  // namespace
}  // namespace sslcuda::perf::cublas

extern "C" __attribute__((visibility("default"))) const void* sslcuda_perf_table() {
  return &sslcuda::perf::cublas::kTable;
}
