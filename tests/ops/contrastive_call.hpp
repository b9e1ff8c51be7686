// contrastive_call.hpp - sslcuda_contrastive with the arguments of the reference: their copies on
// the device, outputs by name.
#pragma once

#include <map>
#include <set>

#include "tests/ops/number.hpp"
#include "tests/reference/contrastive_pairs.hpp"

namespace sslcuda::test {

using reference::ContrastiveInput;
using Names = std::set<std::string>;
using Outputs = std::map<std::string, Floats>;

struct CallOptions {
  int32_t dtype = SSLCUDA_F32;
  int64_t padding = 0;             // of the rows of a; those of b, positives and mask have more
  bool scalars_in_memory = false;  // tau and bias
  size_t workspace_limit = 0;
  Names wanted = {};  // empty: all that the kind has
};

inline Floats joined(const Outputs& outputs) {
  Floats all;
  for (const auto& [name, values] : outputs) all.insert(all.end(), values.begin(), values.end());
  return all;
}

// Every output of a call that has all rows and columns.
inline Names all_outputs(const ContrastiveInput& in) {
  Names names = {"loss", "row_loss", "grad_a", "grad_temperature"};
  if (in.kind == SSLCUDA_SIGLIP) {
    names.insert("grad_bias");
  } else {
    names.insert({"row_lse", "row_positive", "row_entropy", "top1"});
  }
  if (in.kind == SSLCUDA_CLIP) names.insert("column_lse");
  if (in.kind == SSLCUDA_INFONCE) names.insert("grad_column_bias");
  if (!in.self()) names.insert("grad_b");
  if (!in.positives.empty()) names.insert("grad_positives");
  if (!in.negatives.empty()) names.insert("grad_negatives");
  return names;
}

// Those of a part of the matrix without its log-sum-exps, and with them.
inline Names lse_outputs(const ContrastiveInput& in) {
  Names names = {"row_lse", "row_positive"};
  if (in.kind == SSLCUDA_CLIP) names.insert("column_lse");
  return names;
}
inline Names gradient_outputs(const ContrastiveInput& in) {
  Names names = all_outputs(in);
  std::erase_if(names, [](const std::string& name) { return name.rfind("grad_", 0) != 0; });
  return names;
}

// The call with everything that it points to.
class PreparedCall {
 public:
  PreparedCall(const Context& context, const ContrastiveInput& in, const CallOptions& options)
      : context_(context), options_(options) {
    args_.kind = in.kind;
    args_.normalize = in.normalize;
    args_.n = in.n, args_.m = in.self() ? 0 : in.m, args_.d = in.d;
    args_.ignore_index = in.ignore_index;
    args_.negatives_per_row = in.negatives_per_row, args_.sampled = in.sampled;
    args_.margin = static_cast<float>(in.margin);
    args_.smoothing = static_cast<float>(in.smoothing);
    args_.z_loss = static_cast<float>(in.z_loss);
    args_.first_row = in.first_row, args_.first_column = in.first_column;
    args_.total_rows = in.total_rows, args_.total_columns = in.total_columns;
    args_.workspace_limit = options.workspace_limit;
    set_matrices(in);
    set_scalars(in);
    set_arrays(in);
    set_outputs(in);
  }

  const sslcuda_contrastive_args& args() const { return args_; }
  sslcuda_status operator()() const {
    return sslcuda_contrastive(context_, options_.dtype, &args_);
  }
  Outputs download() const {
    Outputs outputs;
    for (const auto& [name, read] : outputs_) outputs[name] = read();
    return outputs;
  }

 private:
  template <class T>
  T* array(const std::vector<T>& values) {
    if (values.empty()) return nullptr;
    const auto buffer = std::make_shared<Buffer<T>>(context_, values);
    memory_.push_back(buffer);
    return buffer->data();
  }
  float* floats(const Vector& values) { return array(narrow(values)); }

  Tensor& tensor(int64_t rows, int64_t width, int64_t ld) {
    const auto tensor = std::make_shared<Tensor>(context_, options_.dtype, rows, width, ld);
    memory_.push_back(tensor);
    return *tensor;
  }
  void* matrix(int64_t width, int64_t ld, const Vector& values) {
    if (values.empty()) return nullptr;
    const auto rows = static_cast<int64_t>(values.size()) / width;
    const auto tensor =
        std::make_shared<Tensor>(context_, options_.dtype, rows, width, ld, narrow(values));
    memory_.push_back(tensor);
    return tensor->data();
  }

  void set_matrices(const ContrastiveInput& in) {
    args_.lda = in.d + options_.padding;
    args_.ldb = in.d + 2 * options_.padding;
    args_.ld_positives = in.d + 3 * options_.padding;
    args_.a = matrix(in.d, args_.lda, in.a);
    args_.b = matrix(in.d, args_.ldb, in.b);
    args_.positives = matrix(in.d, args_.ld_positives, in.positives);
    args_.negatives = matrix(in.d, in.d, in.negatives);
  }

  void set_scalars(const ContrastiveInput& in) {
    const auto tau = static_cast<float>(in.tau), bias = static_cast<float>(in.bias);
    args_.max_scale = static_cast<float>(in.max_scale);
    if (options_.scalars_in_memory) {
      args_.tau = kNaN;  // not read
      args_.tau_device = floats({in.tau});
      if (in.kind == SSLCUDA_SIGLIP) args_.bias_device = array<float>({bias});
    } else {
      args_.tau = tau;
      args_.bias = bias;
    }
    if (in.log_scale) args_.log_scale = floats({*in.log_scale});
    if (in.grad_loss != 1) args_.grad_loss = floats({in.grad_loss});
  }

  void set_arrays(const ContrastiveInput& in) {
    args_.labels = array(in.labels);
    args_.column_labels = array(in.column_labels);
    args_.weights = floats(in.weights);
    args_.indices = array(in.indices);
    args_.row_ids = array(in.row_ids);
    args_.column_ids = array(in.column_ids);
    args_.column_bias = floats(in.column_bias);
    args_.given_row_lse = floats(in.given_row_lse);
    args_.given_column_lse = floats(in.given_column_lse);
    args_.grad_row_loss = floats(in.grad_row_loss);
    args_.ld_mask = (in.m + 31) / 32 + options_.padding;
    if (!in.mask.empty()) args_.mask = array(mask_words(in, args_.ld_mask));
  }
  // What is no column is set: nobody may look at it.
  static std::vector<uint32_t> mask_words(const ContrastiveInput& in, int64_t ld) {
    std::vector<uint32_t> words(static_cast<size_t>(in.n * ld), ~0u);
    for (int64_t i = 0; i < in.n; ++i) {
      for (int64_t j = 0; j < in.m; ++j) {
        if (!in.mask[i * in.m + j]) words[i * ld + j / 32] &= ~(1u << j % 32);
      }
    }
    return words;
  }

  bool wants(const ContrastiveInput& in, const std::string& name) const {
    return (options_.wanted.empty() ? all_outputs(in) : options_.wanted).contains(name);
  }
  void set_outputs(const ContrastiveInput& in) {
    const auto numbers = [&](const std::string& name, float** output, int64_t count) {
      if (!wants(in, name)) return;
      const auto buffer = std::make_shared<Buffer<float>>(context_, count);
      memory_.push_back(buffer);
      *output = buffer->data();
      outputs_[name] = [buffer] { return buffer->download(); };
    };
    numbers("loss", &args_.loss, 1);
    numbers("row_loss", &args_.row_loss, in.n);
    numbers("row_lse", &args_.row_lse, in.n);
    numbers("column_lse", &args_.column_lse, in.m);
    numbers("row_positive", &args_.row_positive, in.n);
    numbers("row_entropy", &args_.row_entropy, in.n);
    numbers("top1", &args_.top1, 1);
    numbers("grad_temperature", &args_.grad_temperature, 1);
    numbers("grad_bias", &args_.grad_bias, 1);
    numbers("grad_column_bias", &args_.grad_column_bias, in.m);
    const auto rows = [&](const std::string& name, void** output, int64_t count, int64_t ld) {
      if (!wants(in, name)) return;
      const auto gradient = std::make_shared<Tensor>(context_, options_.dtype, count, in.d, ld);
      memory_.push_back(gradient);
      *output = gradient->data();
      outputs_[name] = [gradient] { return gradient->download(); };
    };
    rows("grad_a", &args_.grad_a, in.n, args_.lda);
    rows("grad_b", &args_.grad_b, in.m, args_.ldb);
    rows("grad_positives", &args_.grad_positives, in.n, args_.ld_positives);
    rows("grad_negatives", &args_.grad_negatives, in.n * in.negatives_per_row, in.d);
  }

  const Context& context_;
  const CallOptions options_;
  sslcuda_contrastive_args args_ = SSLCUDA_CONTRASTIVE_INIT;
  std::vector<std::shared_ptr<void>> memory_;
  std::map<std::string, std::function<Floats()>> outputs_;
};

inline Outputs run(const Context& context, const ContrastiveInput& in,
                   const CallOptions& options = {}) {
  const PreparedCall call(context, in, options);
  context.run(call);
  return call.download();
}

}  // namespace sslcuda::test
