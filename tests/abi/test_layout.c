/* test_layout.c - what a binary that was compiled against an older header relies on. C99. */
#include <stddef.h>
#include <stdio.h>

#include "sslcuda.h"

static int failures = 0;

#define EXPECT(value, expected)                                                \
  do {                                                                         \
    if ((long)(value) != (long)(expected)) {                                   \
      printf("%s is %ld, not %ld\n", #value, (long)(value), (long)(expected)); \
      ++failures;                                                              \
    }                                                                          \
  } while (0)

int main(void) {
  const sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  const sslcuda_contrastive_args contrastive = SSLCUDA_CONTRASTIVE_INIT;
  const sslcuda_augmentation augmentation = SSLCUDA_AUGMENTATION_INIT;
  EXPECT(options.size, sizeof options);
  EXPECT(sizeof(sslcuda_status), 4);
  EXPECT(sizeof(sslcuda_context_options), 32);
  EXPECT(offsetof(sslcuda_context_options, device), 8);
  EXPECT(offsetof(sslcuda_context_options, ordinal), 12);
  EXPECT(offsetof(sslcuda_context_options, threads), 16);
  EXPECT(offsetof(sslcuda_context_options, trust_pointers), 20);
  EXPECT(offsetof(sslcuda_context_options, workspace_bytes), 24);
  EXPECT(sizeof(sslcuda_conv2d_shape), 120);
  EXPECT(offsetof(sslcuda_conv2d_shape, n), 8);
  EXPECT(offsetof(sslcuda_conv2d_shape, out), 40);
  EXPECT(offsetof(sslcuda_conv2d_shape, stride_h), 64);
  EXPECT(offsetof(sslcuda_conv2d_shape, groups), 112);
  EXPECT(sizeof(sslcuda_pool2d_shape), 88);
  EXPECT(offsetof(sslcuda_pool2d_shape, n), 8);
  EXPECT(offsetof(sslcuda_pool2d_shape, kernel_h), 40);
  EXPECT(offsetof(sslcuda_pool2d_shape, pad_w), 80);

  EXPECT(contrastive.size, sizeof contrastive);
  EXPECT(contrastive.ignore_index, -100);
  EXPECT(contrastive.tau, 1);
  EXPECT(sizeof(sslcuda_contrastive_args), 424);
  EXPECT(offsetof(sslcuda_contrastive_args, kind), 8);
  EXPECT(offsetof(sslcuda_contrastive_args, n), 16);
  EXPECT(offsetof(sslcuda_contrastive_args, a), 40);
  EXPECT(offsetof(sslcuda_contrastive_args, tau), 72);
  EXPECT(offsetof(sslcuda_contrastive_args, labels), 96);
  EXPECT(offsetof(sslcuda_contrastive_args, positives), 128);
  EXPECT(offsetof(sslcuda_contrastive_args, indices), 160);
  EXPECT(offsetof(sslcuda_contrastive_args, row_ids), 176);
  EXPECT(offsetof(sslcuda_contrastive_args, margin), 208);
  EXPECT(offsetof(sslcuda_contrastive_args, column_bias), 224);
  EXPECT(offsetof(sslcuda_contrastive_args, first_row), 240);
  EXPECT(offsetof(sslcuda_contrastive_args, grad_loss), 288);
  EXPECT(offsetof(sslcuda_contrastive_args, workspace_limit), 304);
  EXPECT(offsetof(sslcuda_contrastive_args, loss), 312);
  EXPECT(offsetof(sslcuda_contrastive_args, grad_a), 368);
  EXPECT(offsetof(sslcuda_contrastive_args, grad_column_bias), 416);

  EXPECT(augmentation.size, sizeof augmentation);
  EXPECT(augmentation.scale_low, 1);
  EXPECT(augmentation.ratio_high, 1);
  EXPECT(augmentation.sigma_low, 1);
  EXPECT(sizeof(sslcuda_augmentation), 72);
  EXPECT(offsetof(sslcuda_augmentation, scale_low), 8);
  EXPECT(offsetof(sslcuda_augmentation, degrees), 24);
  EXPECT(offsetof(sslcuda_augmentation, brightness), 40);
  EXPECT(offsetof(sslcuda_augmentation, sigma_high), 56);
  EXPECT(offsetof(sslcuda_augmentation, fill), 68);

  EXPECT(SSLCUDA_OK, 0);
  EXPECT(SSLCUDA_NULL_POINTER, 1);
  EXPECT(SSLCUDA_INVALID_CONTEXT, 2);
  EXPECT(SSLCUDA_VERSION_MISMATCH, 3);
  EXPECT(SSLCUDA_UNSUPPORTED, 4);
  EXPECT(SSLCUDA_INVALID_SHAPE, 5);
  EXPECT(SSLCUDA_SIZE_OVERFLOW, 6);
  EXPECT(SSLCUDA_INVALID_STRIDE, 7);
  EXPECT(SSLCUDA_ALIASED, 8);
  EXPECT(SSLCUDA_INVALID_VALUE, 9);
  EXPECT(SSLCUDA_WRONG_DEVICE, 10);
  EXPECT(SSLCUDA_WORKSPACE, 11);
  EXPECT(SSLCUDA_NO_DEVICE, 12);
  EXPECT(SSLCUDA_OUT_OF_MEMORY, 13);
  EXPECT(SSLCUDA_CONTEXT_LOST, 14);
  EXPECT(SSLCUDA_BUSY, 15);
  EXPECT(SSLCUDA_CAPTURE, 16);
  EXPECT(SSLCUDA_DEVICE_ERROR, 17);
  EXPECT(SSLCUDA_INTERNAL, 18);
  EXPECT(SSLCUDA_DEVICE_AUTO, 0);
  EXPECT(SSLCUDA_DEVICE_CPU, 1);
  EXPECT(SSLCUDA_DEVICE_CUDA, 2);
  EXPECT(SSLCUDA_F32, 0);
  EXPECT(SSLCUDA_BF16, 1);
  EXPECT(SSLCUDA_F16, 2);
  EXPECT(SSLCUDA_TF32, 3);
  EXPECT(SSLCUDA_INFONCE, 0);
  EXPECT(SSLCUDA_CLIP, 1);
  EXPECT(SSLCUDA_NTXENT, 2);
  EXPECT(SSLCUDA_SUPCON, 3);
  EXPECT(SSLCUDA_SUPCON_IN, 4);
  EXPECT(SSLCUDA_SIGLIP, 5);
  EXPECT(SSLCUDA_SAMPLED, 6);
  EXPECT(SSLCUDA_ACTIVATION_SIGMOID, 2);
  EXPECT(SSLCUDA_DEVICE_TO_DEVICE, 2);
  EXPECT(SSLCUDA_LOG_DEBUG, 3);
  printf("%d differences\n", failures);
  return failures != 0;
}
