// faults.c - loaded before the command (LD_PRELOAD), makes its calls fail from one of them on, as
// they do on a full disk or when the GPU is lost:
//   SSLCUDA_FAULT="write 12 28"   write() fails with errno 28; likewise fsync, rename, link, fflush
//   SSLCUDA_FAULT="short 12 0"    write() takes half of the bytes
//   SSLCUDA_FAULT="device 12 14"  sslcuda_counter_add() returns status 14
// With a fourth word, "once", only that call fails. Calls for standard output and standard error do
// not count.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long calls;

// Does this call of `name` fail? Then *value is what the variable says.
static int fails(const char* name, long* value) {
  const char* fault = getenv("SSLCUDA_FAULT");
  char kind[16], once[16];
  long first = 0;
  const int fields = fault ? sscanf(fault, "%15s %ld %ld %15s", kind, &first, value, once) : 0;
  if (fields < 3 || strcmp(kind, name) != 0) return 0;
  ++calls;
  return fields == 4 ? calls == first : calls >= first;
}

// Of all but "short" and "device" the value is an errno.
static int fails_with_errno(const char* name) {
  long value = 0;
  if (!fails(name, &value)) return 0;
  errno = (int)value;
  return 1;
}

#define REAL(type, name, ...)       \
  static type (*real)(__VA_ARGS__); \
  if (!real) *(void**)&real = dlsym(RTLD_NEXT, name)

ssize_t write(int file, const void* bytes, size_t count) {
  REAL(ssize_t, "write", int, const void*, size_t);
  long ignored = 0;
  if (file > STDERR_FILENO) {
    if (fails_with_errno("write")) return -1;
    if (fails("short", &ignored) && count > 1) count /= 2;
  }
  return real(file, bytes, count);
}

int fsync(int file) {
  REAL(int, "fsync", int);
  return fails_with_errno("fsync") ? -1 : real(file);
}

int rename(const char* from, const char* to) {
  REAL(int, "rename", const char*, const char*);
  return fails_with_errno("rename") ? -1 : real(from, to);
}

// Some file systems have no hard links.
int link(const char* from, const char* to) {
  REAL(int, "link", const char*, const char*);
  return fails_with_errno("link") ? -1 : real(from, to);
}

// stdio's own calls of write() cannot be caught.
int fflush(FILE* file) {
  REAL(int, "fflush", FILE*);
  const int is_message = !file || file == stdout || file == stderr;
  return !is_message && fails_with_errno("fflush") ? EOF : real(file);
}

int32_t sslcuda_counter_add(void* context, int64_t* counter, int64_t delta) {
  REAL(int32_t, "sslcuda_counter_add", void*, int64_t*, int64_t);
  long status = 0;
  return fails("device", &status) ? (int32_t)status : real(context, counter, delta);
}
