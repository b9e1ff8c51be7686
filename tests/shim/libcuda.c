// libcuda.c - a CUDA driver that fails: built as libcuda.so.1 and found before the machine's, it
// stands where the runtime inside libsslcuda.so looks for the driver.
//   SSLCUDA_SHIM_VERSION   what cuDriverGetVersion() says; default 13000
//   SSLCUDA_SHIM_INIT      what cuInit() returns; default 100, no device
//   SSLCUDA_SHIM_LOG       prints which functions the runtime asked for
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kNotInitialized = 3, kNotFound = 500 };

static int number(const char* name, int otherwise) {
  const char* text = getenv(name);
  return text ? atoi(text) : otherwise;
}

static void note(const char* what, const char* name) {
  if (getenv("SSLCUDA_SHIM_LOG")) fprintf(stderr, "libcuda: %s %s\n", what, name);
}

int cuInit(unsigned flags) {
  (void)flags;
  note("called", "cuInit");
  return number("SSLCUDA_SHIM_INIT", 100);
}

int cuDriverGetVersion(int* version) {
  note("called", "cuDriverGetVersion");
  *version = number("SSLCUDA_SHIM_VERSION", 13000);
  return 0;
}

// Whatever else the runtime calls: there is no device to do it.
static int refused(void) {
  note("called", "another function");
  return kNotInitialized;
}

int cuGetExportTable(const void** table, const void* id) {
  (void)id;
  note("asked for", "an export table");
  *table = NULL;
  return kNotFound;
}

int cuGetProcAddress_v2(const char* name, void** function, int version, uint64_t flags,
                        int* status) {
  static const struct {
    const char* name;
    void* function;
  } kOurs[] = {{"cuInit", (void*)cuInit},
               {"cuDriverGetVersion", (void*)cuDriverGetVersion},
               {"cuGetExportTable", (void*)cuGetExportTable},
               {"cuGetProcAddress", (void*)cuGetProcAddress_v2}};
  (void)version, (void)flags;
  note("asked for", name);
  *function = (void*)refused;
  for (size_t i = 0; i < sizeof kOurs / sizeof *kOurs; ++i) {
    if (strcmp(name, kOurs[i].name) == 0) *function = kOurs[i].function;
  }
  if (status) *status = 0;
  return 0;
}
