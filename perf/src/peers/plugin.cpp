#include "perf/src/peers/plugin.hpp"

#include <dlfcn.h>

#include "perf/src/peers/cublas.hpp"
#include "perf/src/peers/cudnn.hpp"

namespace sslcuda::perf {

const void* load_plugin(const std::string& name, std::string* absent) {
  void* const library = dlopen(("sslcuda_perf_" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    *absent = dlerror();
    return nullptr;
  }
  const auto entry = reinterpret_cast<PluginEntry>(dlsym(library, kPluginEntry));
  if (!entry) {
    *absent = dlerror();
    return nullptr;
  }
  return entry();
}

namespace cublas {

const Plugin<Table>& plugin() {
  static const auto loaded = load_plugin<Table>("cublas");
  return loaded;
}

}  // namespace cublas

namespace cudnn {

const Plugin<Table>& plugin() {
  static const auto loaded = load_plugin<Table>("cudnn");
  return loaded;
}

}  // namespace cudnn
}  // namespace sslcuda::perf
