#include "tests/emulator/report.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

namespace emulator {

namespace {

constexpr size_t kKept = 5;

const void* kernel_of_report = nullptr;
std::vector<std::string> faults;

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The two lines that addr2line has on an address: function, file and line.
std::pair<std::string, std::string> symbol_at(const void* code) {
  Dl_info object;
  if (!dladdr(code, &object)) return {"?", "?"};
  char command[1024];
  const auto offset = static_cast<const char*>(code) - static_cast<const char*>(object.dli_fbase);
  std::snprintf(command, sizeof command, "addr2line -f -C -e '%s' %#tx 2>/dev/null",
                object.dli_fname, offset);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command, "r"), pclose);
  const auto read_line = [&] {
    char text[1024] = "?";
    if (!pipe || !std::fgets(text, sizeof text, pipe.get())) return std::string("?");
    std::string line = text;
    return line.substr(0, line.find('\n'));
  };
  const std::string function = read_line(), line = read_line();
  return {function, file_name(line.substr(0, line.find(' ')))};
}

}  // namespace

void begin_report(const void* kernel) {
  kernel_of_report = kernel;
  faults.clear();
}

void report(const std::string& fault) {
  if (faults.size() >= kKept) return;
  if (std::find(faults.begin(), faults.end(), fault) == faults.end()) faults.push_back(fault);
}

bool has_faults() { return !faults.empty(); }

std::string last_report() {
  if (faults.empty()) return "";
  std::string text = function_at(kernel_of_report);
  for (const std::string& fault : faults) text += "\n  " + fault;
  return text;
}

std::string describe(const std::source_location& where) {
  return file_name(where.file_name()) + ":" + std::to_string(where.line());
}

std::string describe(const uint3& index) {
  return "(" + std::to_string(index.x) + "," + std::to_string(index.y) + "," +
         std::to_string(index.z) + ")";
}

std::string hex(unsigned bits) {
  char text[16];
  std::snprintf(text, sizeof text, "%#010x", bits);
  return text;
}

std::string function_at(const void* code) { return symbol_at(code).first; }
std::string line_at(const void* code) { return symbol_at(code).second; }

}  // namespace emulator
