// report.hpp - what a kernel did wrong, in words. A launch has a report; the last one is kept.
#pragma once

#include <cuda_runtime.h>

#include <source_location>
#include <string>

namespace emulator {

// Starts the report of a launch.
void begin_report(const void* kernel);

// Adds a fault. The first few are kept; each is told once.
void report(const std::string& fault);

bool has_faults();

// The faults of the last launch and its kernel, or nothing.
std::string last_report();

std::string describe(const std::source_location& where);
std::string describe(const uint3& index);
std::string hex(unsigned bits);

// Function, or file and line, of machine code, as far as addr2line knows them.
std::string function_at(const void* code);
std::string line_at(const void* code);

}  // namespace emulator
