/* clip.c - the symmetric CLIP loss with a learnable temperature, in three gradient steps.
 *   cc -std=c99 clip.c $(pkg-config --cflags --libs sslcuda) -o clip && ./clip */
#include <sslcuda.h>
#include <stdio.h>

enum { kN = 3, kD = 2, kSteps = 3 };

/* What lies in device memory. Row i of images and row i of texts belong together. */
typedef struct {
  float images[kN][kD], texts[kN][kD], log_scale;
  float grad_images[kN][kD], grad_texts[kN][kD], grad_log_scale, loss, top1;
} Batch;

static int ok(sslcuda_context* ctx, sslcuda_status status) {
  char message[256];
  if (status == SSLCUDA_OK) return 1;
  sslcuda_last_message(ctx, message, sizeof message);
  fprintf(stderr, "%s: %s\n", sslcuda_status_name(status), message);
  return 0;
}

/* Computes losses and gradients of the host's batch on the device. */
static int clip(sslcuda_context* ctx, Batch* host, Batch* device) {
  sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
  args.kind = SSLCUDA_CLIP;
  args.normalize = 1;
  args.n = args.m = kN;
  args.d = args.lda = args.ldb = kD;
  args.a = device->images;
  args.b = device->texts;
  args.log_scale = &device->log_scale; /* 1 / tau = exp(log_scale), at most 100 */
  args.max_scale = 100;
  args.loss = &device->loss;
  args.top1 = &device->top1;
  args.grad_a = device->grad_images;
  args.grad_b = device->grad_texts;
  args.grad_temperature = &device->grad_log_scale;
  return ok(ctx, sslcuda_copy(ctx, device, host, sizeof *host, SSLCUDA_HOST_TO_DEVICE)) &&
         ok(ctx, sslcuda_contrastive(ctx, SSLCUDA_F32, &args)) &&
         ok(ctx, sslcuda_copy(ctx, host, device, sizeof *host, SSLCUDA_DEVICE_TO_HOST));
}

int main(void) {
  Batch batch = {.images = {{1, 0}, {0, 1}, {-1, 0.5f}},
                 .texts = {{0.9f, 0.1f}, {0.2f, 1}, {-0.5f, -1}},
                 .log_scale = 1.5f};
  const float rate = 0.05f;
  sslcuda_context* ctx;
  if (!ok(NULL, sslcuda_context_create(NULL, &ctx))) return 1;
  void* memory; /* freed with the context */
  int done = ok(ctx, sslcuda_alloc(ctx, sizeof batch, &memory));
  for (int step = 0; done && step < kSteps; ++step) {
    done = clip(ctx, &batch, memory);
    printf("loss %.6f  top-1 %.2f  log scale %.4f\n", batch.loss, batch.top1, batch.log_scale);
    for (int i = 0; i < kN * kD; ++i) {
      batch.images[0][i] -= rate * batch.grad_images[0][i];
      batch.texts[0][i] -= rate * batch.grad_texts[0][i];
    }
    batch.log_scale -= rate * batch.grad_log_scale;
  }
  sslcuda_context_destroy(ctx);
  return done ? 0 : 1;
}
