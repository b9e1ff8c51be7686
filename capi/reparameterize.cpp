#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

Rules& check_inputs(Rules& rules, int32_t dtype, int64_t n, int64_t d, const void* mu,
                    const void* logvar, int64_t ld, const void* noise, bool noise_required) {
  return rules.dtype(dtype)
      .extent("n", n, 1)
      .extent("d", d, 1)
      .stride("ld", ld, "d", d)
      .input("mu", mu, Rules::f32_rows(n, d, ld))
      .input("logvar", logvar, Rules::f32_rows(n, d, ld))
      .input("noise", noise, Rules::f32({n, d}), noise_required);
}

}  // namespace

sslcuda_status sslcuda_reparameterize_forward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                              int64_t d, const void* mu, const void* logvar,
                                              int64_t ld, const void* noise, void* z, float* kl) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    check_inputs(rules, dtype, n, d, mu, logvar, ld, noise, z != nullptr)
        .optional_output("z", z, Rules::f32({n, d}))
        .optional_output("kl", kl, Rules::f32({1}))
        .finish();
    if (!z && !kl) return;
    context.run(context.ops().reparameterize_forward,
                {n, d, floats(mu), floats(logvar), ld, floats(noise), floats(z), kl});
  });
}

sslcuda_status sslcuda_reparameterize_backward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                               int64_t d, const void* mu, const void* logvar,
                                               int64_t ld, const void* noise, const void* grad_z,
                                               const float* grad_kl, void* grad_mu,
                                               void* grad_logvar) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    check_inputs(rules, dtype, n, d, mu, logvar, ld, noise, grad_z != nullptr)
        .optional_input("grad_z", grad_z, Rules::f32({n, d}))
        .optional_input("grad_kl", grad_kl, Rules::f32({1}))
        .output("grad_mu", grad_mu, Rules::f32_rows(n, d, ld))
        .output("grad_logvar", grad_logvar, Rules::f32_rows(n, d, ld))
        .may_share("mu", "grad_mu")
        .may_share("logvar", "grad_logvar")
        .finish();
    context.run(context.ops().reparameterize_backward,
                {n, d, floats(mu), floats(logvar), ld, floats(noise), floats(grad_z), grad_kl,
                 floats(grad_mu), floats(grad_logvar)});
  });
}
