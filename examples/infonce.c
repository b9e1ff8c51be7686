/* infonce.c - an InfoNCE loss and its gradients through libsslcuda, on a GPU or the CPU.
 *   cc -std=c99 infonce.c $(pkg-config --cflags --libs sslcuda) -o infonce && ./infonce */
#include <sslcuda.h>
#include <stdio.h>

enum { kN = 3, kD = 2 };

typedef struct {
  float a[kN][kD], b[kN][kD], grad_a[kN][kD], grad_b[kN][kD], loss;
} Batch;

static int ok(sslcuda_context* ctx, sslcuda_status status) {
  char message[256];
  if (status == SSLCUDA_OK) return 1;
  sslcuda_last_message(ctx, message, sizeof message);
  fprintf(stderr, "%s: %s\n", sslcuda_status_name(status), message);
  return 0;
}

/* Adds loss and gradients to the batch. */
static int infonce(sslcuda_context* ctx, Batch* batch) {
  void* memory; /* freed with the context */
  if (!ok(ctx, sslcuda_alloc(ctx, sizeof *batch, &memory))) return 0;
  Batch* device = memory;
  return ok(ctx, sslcuda_copy(ctx, device, batch, sizeof *batch, SSLCUDA_HOST_TO_DEVICE)) &&
         ok(ctx,
            sslcuda_infonce(ctx, SSLCUDA_F32, kN, kD, device->a, kD, device->b, kD, 0.5f, NULL,
                            NULL, &device->loss, NULL, device->grad_a, device->grad_b, NULL)) &&
         ok(ctx, sslcuda_copy(ctx, batch, device, sizeof *batch, SSLCUDA_DEVICE_TO_HOST));
}

int main(void) {
  /* Row i of b is the positive of row i of a; the other rows of b are its negatives. */
  Batch batch = {.a = {{1, 0}, {0, 1}, {-1, 0.5f}}, .b = {{0.9f, 0.1f}, {0.2f, 1}, {-1, 0}}};
  sslcuda_context* ctx;
  if (!ok(NULL, sslcuda_context_create(NULL, &ctx))) return 1;
  int done = infonce(ctx, &batch);
  sslcuda_context_destroy(ctx);
  if (!done) return 1;
  printf("loss %.6f\n", batch.loss);
  for (int i = 0; i < kN; ++i) printf("grad_a %.6f %.6f\n", batch.grad_a[i][0], batch.grad_a[i][1]);
  for (int i = 0; i < kN; ++i) printf("grad_b %.6f %.6f\n", batch.grad_b[i][0], batch.grad_b[i][1]);
  return 0;
}
