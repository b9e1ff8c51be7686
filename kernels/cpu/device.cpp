#include "kernels/cpu/device.hpp"

#include <omp.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/cpu/onednn.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/math.hpp"

namespace sslcuda {
namespace cpu {
namespace {

using CallList = std::vector<std::function<int()>>;

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(int threads) : threads_(threads > 0 ? threads : omp_get_num_procs()) {}

  const OpTable& ops() const override { return op_table(); }
  bool is_cuda() const override { return false; }
  int ordinal() const override { return 0; }
  std::string describe() const override {
    return "cpu (" + std::to_string(threads_) + (threads_ == 1 ? " thread)" : " threads)");
  }
  Explanation explain(int error) const override { return explain_cpu(error); }

  int enter() override {
    callers_threads_ = omp_get_max_threads();
    omp_set_num_threads(threads_);
    return kOk;
  }
  void leave() override { omp_set_num_threads(callers_threads_); }

  int alloc(size_t bytes, void** pointer) override {
    *pointer = std::aligned_alloc(kWorkspaceAlignment, align_up(bytes));
    return *pointer ? kOk : kOutOfMemory;
  }
  int free(void* pointer) override {
    std::free(pointer);
    return kOk;
  }
  int copy(void*, void* destination, const void* source, size_t bytes, CopyDirection) override {
    std::memcpy(destination, source, bytes);
    return kOk;
  }
  int fill(void*, void* destination, int value, size_t bytes) override {
    std::memset(destination, value, bytes);
    return kOk;
  }
  int synchronize(void*) override { return kOk; }

  void* own_stream() override { return nullptr; }
  bool owns(const void*) override { return true; }

  bool records() const override { return true; }
  void record(std::function<int()> call) override { recording_->push_back(std::move(call)); }
  int graph_begin(void*) override {
    recording_ = std::make_unique<CallList>();
    return kOk;
  }
  int graph_end(void*, void** graph) override {
    *graph = recording_.release();
    return kOk;
  }
  int graph_launch(void*, void* graph) override {
    for (const auto& call : *static_cast<CallList*>(graph)) {
      if (const int error = call(); error != kOk) return error;
    }
    return kOk;
  }
  void graph_destroy(void* graph) override { delete static_cast<CallList*>(graph); }

 private:
  const int threads_;
  int callers_threads_ = 1;
  std::unique_ptr<CallList> recording_;
};

}  // namespace
}  // namespace cpu

std::unique_ptr<Device> make_cpu_device(int threads, int* error) {
  *error = cpu::prepare_products();
  if (*error != cpu::kOk) return nullptr;
  return std::make_unique<cpu::CpuDevice>(threads);
}

Explanation explain_cpu(int error) {
  if (error == cpu::kOutOfMemory) return {Fault::kOutOfMemory, "no host memory left"};
  return {Fault::kOther, "oneDNN could not run a matrix product"};
}

}  // namespace sslcuda
