// onednn_program.hpp - oneDNN primitives bound to the tensors of sets.
#pragma once

#include <functional>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "perf/src/case.hpp"

namespace sslcuda::perf::onednn {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;
using Locate = std::function<void*(const Set&)>;  // where something lies in a set

inline Desc float_desc(const Dims& dims, Tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

inline Desc desc_of(const DType& type, const Dims& dims, Tag tag) {
  using Data = dnnl::memory::data_type;
  constexpr Data kData[] = {Data::f32, Data::bf16, Data::f16, Data::f32};  // by SSLCUDA_F32 ...
  return {dims, kData[type.code], tag};
}

inline Locate at(Array array) {
  return [=](const Set& set) { return set[array]; };
}
inline Locate at(Tensor<float> tensor) {
  return [=](const Set& set) { return set[tensor]; };
}

inline const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

// Lays out what a side asks for in sets.
class Layout {
 public:
  Locate own(size_t bytes) {
    const size_t offset = add(bytes, &own_bytes_);
    return [=](const Set& set) { return set.own() + offset; };
  }
  Locate scratch(size_t bytes) {
    const size_t offset = add(bytes, &scratch_bytes_);
    return [=](const Set& set) { return set.scratch() + offset; };
  }
  void ask(Side* side) const {
    side->own_bytes = own_bytes_;
    side->scratch_bytes = scratch_bytes_;
  }

 private:
  static size_t add(size_t bytes, size_t* total) {
    constexpr size_t kAlignment = 256;
    const size_t offset = *total;
    *total += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return offset;
  }

  size_t own_bytes_ = 0, scratch_bytes_ = 0;
};

struct Argument {
  int name;  // DNNL_ARG_*
  Desc desc;
  Locate where;
};

// Primitives, one after the other. Their memory objects are made once for every set.
class Program {
 public:
  void add(const dnnl::primitive& primitive, const std::vector<Argument>& arguments) {
    steps_.push_back({primitive, arguments});
  }
  void run(const Set& set) {
    auto [found, is_new] = bound_.try_emplace(set.own());
    if (is_new) {
      for (const Step& step : steps_) found->second.push_back(bind(step, set));
    }
    for (size_t i = 0; i < steps_.size(); ++i) {
      steps_[i].primitive.execute(stream_, found->second[i]);
    }
    stream_.wait();
  }

 private:
  using Memories = std::unordered_map<int, dnnl::memory>;
  struct Step {
    dnnl::primitive primitive;
    std::vector<Argument> arguments;
  };
  static Memories bind(const Step& step, const Set& set) {
    Memories memories;
    for (const Argument& a : step.arguments) {
      memories.emplace(a.name, dnnl::memory(a.desc, engine(), a.where(set)));
    }
    return memories;
  }

  std::vector<Step> steps_;
  std::unordered_map<const unsigned char*, std::vector<Memories>> bound_;
  dnnl::stream stream_{engine()};
};

inline std::function<void(const Set&)> runner(const std::shared_ptr<Program>& program) {
  return [=](const Set& set) { program->run(set); };
}

}  // namespace sslcuda::perf::onednn
