// device.hpp - the device that a user names: auto, cpu, cuda or cuda:N.
#pragma once

#include <sslcuda.h>

#include <string>

namespace host {

bool is_device(const std::string& name);

// name: one that is_device() accepts. threads: on the CPU, 0 for all.
sslcuda_context_options context_options(const std::string& name, int64_t threads);

}  // namespace host
