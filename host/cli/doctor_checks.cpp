// The checks of `sslcuda doctor`. What they say of a device they say after using it.
#include <dlfcn.h>
#include <fmt/format.h>
#include <sched.h>
#include <sslcuda.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>

#include "host/abi/abi.hpp"
#include "host/cli/doctor.hpp"
#include "host/data/dataset.hpp"
#include "host/report/words.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kGiB = uint64_t{1} << 30;

// Messages of the trainer read "<what is wrong>; <what to do>".
Finding finding_of(const std::string& name, Level level, const std::string& message,
                   const std::string& advice) {
  const size_t end = message.rfind("; ");
  if (end == std::string::npos) return {name, level, message, advice};
  return {name, level, message.substr(0, end), message.substr(end + 2)};
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value of a line "key : value".
std::string value_in(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t value = line.find_first_not_of(" \t", line.find(':') + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return {};
}

int usable_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// CPUs that the control group allows; 0: no limit.
double cpu_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (file >> quota >> period && period > 0) return quota / period;
  return 0;
}

int gpus_on_the_bus() {
  int count = 0;
  std::error_code error;
  for (const auto& device : fs::directory_iterator("/sys/bus/pci/devices", error)) {
    const bool display = first_line(device.path() / "class").starts_with("0x03");
    if (display && first_line(device.path() / "vendor") == "0x10de") ++count;
  }
  return count;
}

// The newest CUDA version that the driver serves, such as 13000; 0: no driver library.
int driver_cuda_version() {
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!library) return 0;
  int version = 0;
  void* symbol = dlsym(library, "cuDriverGetVersion");
  if (symbol) reinterpret_cast<int (*)(int*)>(symbol)(&version);
  dlclose(library);
  return version;
}

bool has_cuda() {
  return std::string_view(sslcuda_build_info()).find("no CUDA") == std::string_view::npos;
}

// A matrix product of small integers, which is exact on every device.
Finding try_device(const std::string& name, int32_t device, int32_t ordinal, Level failure) try {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = device;
  options.ordinal = ordinal;
  Context context(options);
  constexpr std::array<float, 6> kA = {1, 2, 3, 4, 5, 6}, kB = {7, 8, 9, 10, 11, 12};
  constexpr std::array<float, 4> kProduct = {58, 64, 139, 154};
  std::array<float, 4> product{};
  const Buffer<float> a(context, std::span<const float>(kA)),
      b(context, std::span<const float>(kB));
  const Buffer<float> c(context, int64_t{product.size()});
  context.run(sslcuda_matmul, SSLCUDA_F32, 2, 2, 3, a.data(), 3, 0, b.data(), 2, 0, 1.0f, 0.0f,
              c.data(), 2);
  c.download(product);
  if (product != kProduct) {
    return {name, Level::kProblem, context.describe() + " computes wrong results",
            "do not train on it; check the hardware and report it with sslcuda --version"};
  }
  return {name, Level::kOk, context.describe() + " computes correct results"};
} catch (const StatusError& error) {
  return finding_of(name, failure, error.what(), "report it with the output of sslcuda --version");
}

std::string describe(const Dataset& data) {
  const std::set<uint8_t> classes(data.train.labels.begin(), data.train.labels.end());
  return fmt::format("{}: {} training and {} test images of {}x{}, {} classes",
                     data.directory.string(), grouped(data.train.count), grouped(data.test.count),
                     data.train.h, data.train.w, classes.size());
}

Finding try_dataset(const std::string& directory, Level failure) try {
  return {"data", Level::kOk, describe(load_dataset(directory, true))};
} catch (const Failure& error) {
  return finding_of("data", failure, error.what(), "");
}

}  // namespace

std::vector<Finding> check_library() {
  constexpr int32_t kHeader =
      SSLCUDA_VERSION_MAJOR * 10000 + SSLCUDA_VERSION_MINOR * 100 + SSLCUDA_VERSION_PATCH;
  if (sslcuda_version() < kHeader) {
    return {{"library", Level::kProblem,
             fmt::format("{} is older than this command", sslcuda_build_info()),
             "install both from one build, and look at LD_LIBRARY_PATH"}};
  }
  return {{"library", Level::kOk, sslcuda_build_info()}};
}

std::vector<Finding> check_cpu() {
  const std::string model = value_in("/proc/cpuinfo", "model name");
  const int threads = usable_threads();
  const std::string text =
      fmt::format("{}, {} threads", model.empty() ? "of unknown model" : model, threads);
  const double quota = cpu_quota();
  if (quota > 0 && quota < threads) {
    return {{"CPU", Level::kWarning,
             fmt::format("{}, of which the control group allows {:.3g}", text, quota),
             fmt::format("train with --threads {}", std::max(1, static_cast<int>(quota)))}};
  }
  return {{"CPU", Level::kOk, text}};
}

std::vector<Finding> check_driver() {
  const int gpus = gpus_on_the_bus(), version = driver_cuda_version();
  std::string driver = first_line("/sys/module/nvidia/version");
  if (driver.empty() && version == 0) {
    if (gpus == 0) return {{"driver", Level::kOk, "no NVIDIA GPU, so none is needed"}};
    return {{"driver", Level::kWarning, fmt::format("{} NVIDIA GPUs, but no driver for them", gpus),
             "install NVIDIA's driver to use them"}};
  }
  if (driver.empty()) driver = "unknown";
  if (version == 0) {
    return {{"driver", Level::kWarning,
             fmt::format("version {}, but its library libcuda.so.1 cannot be loaded", driver),
             "in a container, start it with access to the GPU (docker run --gpus all); otherwise "
             "install the driver again"}};
  }
  return {
      {"driver", Level::kOk,
       fmt::format("version {}, serves CUDA {}.{}", driver, version / 1000, version / 10 % 100)}};
}

std::vector<Finding> check_devices() {
  std::vector<Finding> findings = {try_device("cpu", SSLCUDA_DEVICE_CPU, 0, Level::kProblem)};
  int32_t count = 0;
  sslcuda_device_count(&count);
  for (int32_t i = 0; i < count; ++i) {
    findings.push_back(
        try_device(fmt::format("cuda:{}", i), SSLCUDA_DEVICE_CUDA, i, Level::kProblem));
  }
  // Without a GPU there is nothing to be said; with one that is of no use, the library tells why.
  const bool expected = gpus_on_the_bus() > 0 || driver_cuda_version() > 0;
  if (count == 0 && expected && !has_cuda()) {
    findings.push_back({"cuda", Level::kWarning, "this library was built without CUDA",
                        "build it with a CUDA compiler, which scripts/setup installs"});
  } else if (count == 0 && expected) {
    findings.push_back(try_device("cuda", SSLCUDA_DEVICE_CUDA, 0, Level::kWarning));
  }
  return findings;
}

std::vector<Finding> check_data() {
  std::vector<Finding> findings;
  if (const char* variable = std::getenv("SSLCUDA_DATA"); variable && *variable) {
    findings.push_back(try_dataset(variable, Level::kProblem));
  }
  std::error_code error;
  if (fs::exists(kSystemDataset, error)) {
    // With the variable set, training does not look here.
    const Level failure = findings.empty() ? Level::kProblem : Level::kWarning;
    findings.push_back(try_dataset(kSystemDataset, failure));
  }
  if (findings.empty()) {
    findings.push_back({"data", Level::kWarning,
                        fmt::format("none: no $SSLCUDA_DATA, nothing in {}", kSystemDataset),
                        "train with --data DIR (scripts/get_mnist fetches MNIST), or install the "
                        "package dataset-fashion-mnist"});
  }
  return findings;
}

std::vector<Finding> check_disk() {
  std::error_code error;
  fs::path place = fs::absolute("runs", error);
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  if (access(place.c_str(), W_OK | X_OK) != 0 || !fs::is_directory(place, error)) {
    return {{"disk", Level::kWarning, place.string() + " cannot be written to",
             "train with --out DIR, or from another folder"}};
  }
  const uint64_t free = fs::space(place, error).available;
  if (error) return {{"disk", Level::kOk, place.string() + " can be written to"}};
  const std::string text = fmt::format("{} free in {}", byte_size(free), place.string());
  if (free >= kGiB) return {{"disk", Level::kOk, text}};
  return {{"disk", Level::kWarning, text, "free some space, or train with --out DIR elsewhere"}};
}

}  // namespace host
