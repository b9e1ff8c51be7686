// test_driver.cpp - what the library makes of a driver that fails: the statuses of
// sslcuda_device_count() and of a context on CUDA, words of its message, and that a context by
// default is had all the same, on the CPU.
//
//   test_driver COUNT_STATUS CREATE_STATUS WORDS
#include <cstdio>
#include <cstring>

#include "sslcuda.h"

namespace {

int failures = 0;

void expect(bool holds, const char* what, const char* got) {
  if (holds) return;
  std::printf("%s: got %s\n", what, got);
  ++failures;
}

void expect_status(const char* what, sslcuda_status status, const char* expected) {
  const char* const name = sslcuda_status_name(status);
  expect(std::strcmp(name, expected) == 0, what, name);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  for (int time = 0; time < 2; ++time) {  // the second answer is the first
    int32_t devices = 7;
    const sslcuda_status counted = sslcuda_device_count(&devices);
    expect_status("sslcuda_device_count", counted, arguments[1]);
    expect(devices == (counted ? 7 : 0), "*count", "a device");

    sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
    options.device = SSLCUDA_DEVICE_CUDA;
    auto* context = reinterpret_cast<sslcuda_context*>(&options);
    expect_status("sslcuda_context_create", sslcuda_context_create(&options, &context),
                  arguments[2]);
    expect(!context, "*ctx", "a context");
    char message[512] = "";
    sslcuda_last_message(nullptr, message, sizeof message);
    expect(std::strstr(message, arguments[3]), "sslcuda_last_message", message);
  }
  sslcuda_context* context = nullptr;
  expect_status("with AUTO", sslcuda_context_create(nullptr, &context), "SSLCUDA_OK");
  int32_t device = 0, ordinal = 0;
  expect_status("sslcuda_context_device", sslcuda_context_device(context, &device, &ordinal),
                "SSLCUDA_OK");
  expect(device == SSLCUDA_DEVICE_CPU, "AUTO", "not the CPU");
  expect_status("sslcuda_context_destroy", sslcuda_context_destroy(context), "SSLCUDA_OK");
  return failures > 0;
}
