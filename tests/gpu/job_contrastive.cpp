// job_contrastive.cpp - jobs of sslcuda_contrastive.
#include "tests/gpu/job_contrastive.hpp"

#include "tests/ops/contrastive_input.hpp"

namespace sslcuda::test {
namespace {

// Sets the pointers of the outputs that every kind has, and those that this one has.
void set_outputs(Job& job, const ContrastiveInput& in, int32_t dtype,
                 sslcuda_contrastive_args* args) {
  args->loss = job.output(1);
  args->row_loss = job.output(in.n);
  if (in.kind == SSLCUDA_CLIP) args->column_lse = job.output(in.m);
  if (in.kind == SSLCUDA_INFONCE) args->grad_column_bias = job.output(in.m);
  if (in.kind == SSLCUDA_SIGLIP) {
    args->grad_bias = job.output(1);
  } else {
    args->row_lse = job.output(in.n);
    args->row_positive = job.output(in.n);
    args->row_entropy = job.output(in.n);
    args->top1 = job.output(1);
  }
  args->grad_temperature = job.output(1);
  args->grad_a = tensor_output(job, dtype, in.n * in.d);
  if (!in.self()) args->grad_b = tensor_output(job, dtype, in.m * in.d);
  if (args->positives) args->grad_positives = tensor_output(job, dtype, in.n * in.d);
}

void set_call(Job& job, const ContrastiveInput& in, int32_t dtype) {
  sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
  const auto tensor = [&](const Vector& x) {
    return x.empty() ? nullptr : tensor_input(job, dtype, narrow(x));
  };
  const auto integers = [&](const Integers& x) { return x.empty() ? nullptr : job.input(x); };
  args.kind = in.kind;
  args.n = in.n, args.m = in.m, args.d = args.lda = args.ldb = args.ld_positives = in.d;
  args.a = tensor(in.a), args.b = tensor(in.b), args.positives = tensor(in.positives);
  args.tau = static_cast<float>(in.tau);
  args.labels = integers(in.labels);
  args.indices = integers(in.indices), args.sampled = in.sampled;
  args.bias = static_cast<float>(in.bias);
  args.smoothing = static_cast<float>(in.smoothing);
  set_outputs(job, in, dtype, &args);
  job.set_call([=](sslcuda_context* c) { return sslcuda_contrastive(c, dtype, &args); });
}

}  // namespace

const void* tensor_input(Job& job, int32_t dtype, const Floats& x) {
  if (!is_16_bit(dtype)) return job.input(x);
  std::vector<uint16_t> bits;
  for (const float value : x) bits.push_back(to_16_bit(dtype, value));
  return job.input(bits);
}

void* tensor_output(Job& job, int32_t dtype, int64_t count) {
  if (is_16_bit(dtype)) return job.output<uint16_t>(count);
  return job.output(count);
}

void contrastive(Job& job, int32_t kind, int32_t dtype, int64_t n, int64_t m, int64_t d) {
  set_call(job, contrastive_input(kind, dtype, n, m, d), dtype);
}

void contrastive_queue(Job& job, int32_t dtype, int64_t n, int64_t m, int64_t d) {
  ContrastiveInput in = contrastive_input(SSLCUDA_INFONCE, dtype, n, m, d);
  in.labels.clear();
  in.positives = unit_rows(dtype, n, d, 5);
  set_call(job, in, dtype);
}

void contrastive_classes(Job& job, int32_t dtype, int64_t n, int64_t m, int64_t d) {
  ContrastiveInput in = contrastive_input(SSLCUDA_INFONCE, dtype, n, m, d);
  in.labels = random_integers(n, m, 3);
  in.smoothing = 0.1f;
  set_call(job, in, dtype);
}

}  // namespace sslcuda::test
