// cuda_device.cpp - CUDA: events around replays of a graph that holds the calls of a sample, so
// that what the CPU does to queue them is not in the time.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "perf/src/cuda_check.hpp"
#include "perf/src/device.hpp"

namespace sslcuda::perf {
namespace {

// The first line that a command prints, empty if there is no such command.
std::string first_line_of(const char* command) {
  std::array<char, 256> line{};
  std::FILE* const pipe = popen(command, "r");
  if (!pipe) return "";
  if (!std::fgets(line.data(), line.size(), pipe)) line[0] = '\0';
  pclose(pipe);
  std::string text = line.data();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

class Graph {
 public:
  Graph(cudaStream_t stream, const std::function<void()>& program) {
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    cudaGraph_t graph = nullptr;
    try {
      program();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph) cudaGraphDestroy(graph);
      throw;
    }
    must(cudaStreamEndCapture(stream, &graph));
    const cudaError_t error = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    must(error);
  }
  ~Graph() { cudaGraphExecDestroy(executable_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void launch(cudaStream_t stream) const { must(cudaGraphLaunch(executable_, stream)); }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(const Library& library) : stream_(library.stream()) {
    int32_t kind = 0, ordinal = 0;
    library.must(sslcuda_context_device(library, &kind, &ordinal));
    ordinal_ = ordinal;
    must(cudaSetDevice(ordinal));
    must(cudaGetDeviceProperties(&properties_, ordinal));
  }

  Json describe() const override {
    int driver = 0, runtime = 0;
    must(cudaDriverGetVersion(&driver));
    must(cudaRuntimeGetVersion(&runtime));
    return {
        {"kind", "cuda"},
        {"name", properties_.name},
        {"sms", properties_.multiProcessorCount},
        {"capability", std::to_string(properties_.major) + '.' + std::to_string(properties_.minor)},
        {"memory_bytes", properties_.totalGlobalMem},
        {"cache_bytes", cache_bytes()},
        {"driver", smi("driver_version")},
        {"driver_cuda", driver},
        {"runtime_cuda", runtime}};
  }
  Json conditions() const override {
    return {{"sm_clock", smi("clocks.sm")},
            {"memory_clock", smi("clocks.mem")},
            {"power", smi("power.draw")},
            {"temperature", smi("temperature.gpu")}};
  }
  size_t cache_bytes() const override { return static_cast<size_t>(properties_.l2CacheSize); }
  void copy(void* to, const void* from, size_t bytes) override {
    must(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_));
  }

  Sampler sampler(const SetCall& call, int64_t sets) override {
    call(0);  // loads modules
    const double once = std::max(seconds_of([&] { call(0); }), 1e-7);
    const double walk = once * static_cast<double>(sets);
    const int64_t calls = sets * std::max<int64_t>(1, std::llround(kSampleSeconds / walk));
    const auto graph = std::make_shared<Graph>(stream_, [&] {
      for (int64_t i = 0; i < calls; ++i) call(i % sets);
    });
    const auto replay = [this, graph] { graph->launch(stream_); };
    seconds_of(replay);
    return [=, this] { return seconds_of(replay) / static_cast<double>(calls); };
  }

 private:
  double seconds_of(const std::function<void()>& work) const {
    events_.start(stream_);
    work();
    return events_.milliseconds_since_start(stream_) * 1e-3;
  }
  // A property of this GPU as the driver's tool prints it.
  std::string smi(const std::string& property) const {
    std::array<char, 32> bus{};
    must(cudaDeviceGetPCIBusId(bus.data(), bus.size(), ordinal_));
    const std::string command = "nvidia-smi --format=csv,noheader --query-gpu=" + property +
                                " --id=" + bus.data() + " 2>/dev/null";
    return first_line_of(command.c_str());
  }

  cudaStream_t stream_;
  int ordinal_ = 0;
  cudaDeviceProp properties_{};
  EventPair events_;
};

}  // namespace

std::unique_ptr<Device> cuda_device(const Library& library) {
  return std::make_unique<CudaDevice>(library);
}

}  // namespace sslcuda::perf
