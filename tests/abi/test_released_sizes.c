/* test_released_sizes.c - structs of the sizes that they had when they were released are accepted,
 * and not a byte is read beyond them (which AddressSanitizer sees). A struct that grows gets one
 * more line here, and keeps those it has. C99. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sslcuda.h"

static sslcuda_context* ctx;

/* A struct of this many bytes, all zero but its size. */
static void* of_size(size_t size) {
  void* data = calloc(1, size);
  if (data != NULL) memcpy(data, &size, sizeof size);
  return data;
}

static sslcuda_status create(const void* options) {
  sslcuda_context* made = NULL;
  const sslcuda_status status = sslcuda_context_create(options, &made);
  sslcuda_context_destroy(made);
  return status;
}

static sslcuda_status convolve(const void* shape) {
  return sslcuda_conv2d_forward(ctx, SSLCUDA_F32, shape, NULL, NULL, NULL, 0, NULL);
}

static sslcuda_status pool(const void* shape) {
  return sslcuda_pool2d_forward(ctx, SSLCUDA_F32, SSLCUDA_POOL_MAX, shape, NULL, NULL);
}

static sslcuda_status contrast(const void* args) {
  return sslcuda_contrastive(ctx, SSLCUDA_F32, args);
}

static sslcuda_status augment(const void* augmentation) {
  return sslcuda_augment(ctx, SSLCUDA_F32, 0, 0, 0, 0, NULL, 1, augmentation, 0, 0, NULL, NULL);
}

static const struct {
  const char* what;
  sslcuda_status (*call)(const void*);
  size_t size;
} released[] = {
    {"sslcuda_context_options of 1.0", create, 32},
    {"sslcuda_conv2d_shape of 1.0", convolve, 120},
    {"sslcuda_pool2d_shape of 1.0", pool, 88},
    {"sslcuda_contrastive_args of 1.0", contrast, 424},
    {"sslcuda_augmentation of 1.0", augment, 72},
};

int main(void) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  int failures = 0;
  size_t i;
  options.device = SSLCUDA_DEVICE_CPU;
  if (sslcuda_context_create(&options, &ctx) != SSLCUDA_OK) return 1;
  for (i = 0; i < sizeof released / sizeof released[0]; ++i) {
    void* data = of_size(released[i].size);
    const sslcuda_status status = released[i].call(data);
    printf("%s, %d bytes: %s\n", released[i].what, (int)released[i].size,
           sslcuda_status_name(status));
    failures += status == SSLCUDA_VERSION_MISMATCH;
    free(data);
  }
  sslcuda_context_destroy(ctx);
  return failures != 0;
}
