// device.hpp - the CPU as a Device: threads of the context, plain memory, graphs as lists of calls.
#pragma once

#include "kernels/backend.hpp"

namespace sslcuda::cpu {

const OpTable& op_table();

}  // namespace sslcuda::cpu
