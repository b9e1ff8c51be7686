// plugin.hpp - peers in shared objects of their own, loaded when they are first asked for: the
// suite runs on a machine that lacks their libraries, and reports them as absent.
//
// A plug-in NAME is the file sslcuda_perf_NAME.so, found as the program's libraries are, and
// exports sslcuda_perf_table(), which gives its table of functions. It takes what else it needs of
// the suite from the program itself.
#pragma once

#include <string>

#include "perf/src/case.hpp"

namespace sslcuda::perf {

constexpr const char* kPluginEntry = "sslcuda_perf_table";
using PluginEntry = const void* (*)();

template <class Table>
struct Plugin {
  const Table* table = nullptr;
  std::string absent;  // why there is no table
};

// The table of a plug-in, or null and why.
const void* load_plugin(const std::string& name, std::string* absent);

template <class Table>
Plugin<Table> load_plugin(const std::string& name) {
  Plugin<Table> plugin;
  plugin.table = static_cast<const Table*>(load_plugin(name, &plugin.absent));
  return plugin;
}

}  // namespace sslcuda::perf
