#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

// Larger coordinates are no whole numbers in float32.
constexpr int64_t kMaxSide = int64_t{1} << 24;

constexpr float kMaxSigma = AugmentSettings::kMaxSigma;

bool is_share(float value) { return value >= 0 && value <= 1; }

AugmentSettings checked(Rules& rules, const sslcuda_augmentation* augmentation) {
  if (!augmentation) fail(SSLCUDA_NULL_POINTER, "augmentation must not be NULL");
  if (augmentation->size != sizeof(sslcuda_augmentation)) {
    fail(SSLCUDA_VERSION_MISMATCH, "augmentation->size must be ", sizeof(sslcuda_augmentation),
         ", got ", augmentation->size);
  }
  const sslcuda_augmentation& a = *augmentation;
  const char* const finite = "must be finite and >= 0";
  const char* const share = "must be in [0, 1]";
  const auto positive = [](float value) { return std::isfinite(value) && value >= 0; };
  rules.value("scale_low", a.scale_low, a.scale_low > 0 && a.scale_low <= 1, "must be in (0, 1]")
      .value("scale_high", a.scale_high, a.scale_high >= a.scale_low && a.scale_high <= 1,
             "must be in [scale_low, 1]")
      .value("ratio_low", a.ratio_low, std::isfinite(a.ratio_low) && a.ratio_low > 0,
             "must be finite and > 0")
      .value("ratio_high", a.ratio_high, std::isfinite(a.ratio_high) && a.ratio_high >= a.ratio_low,
             "must be finite and >= ratio_low")
      .value("sigma_low", a.sigma_low, a.sigma_low > 0 && a.sigma_low <= kMaxSigma,
             "must be in (0, 3]")
      .value("sigma_high", a.sigma_high, a.sigma_high >= a.sigma_low && a.sigma_high <= kMaxSigma,
             "must be in [sigma_low, 3]")
      .value("degrees", a.degrees, a.degrees >= 0 && a.degrees <= 180, "must be in [0, 180]")
      .value("shear", a.shear, a.shear >= 0 && a.shear <= 60, "must be in [0, 60]")
      .value("translate", a.translate, is_share(a.translate), share)
      .value("flip", a.flip, is_share(a.flip), share)
      .value("brightness", a.brightness, positive(a.brightness), finite)
      .value("contrast", a.contrast, positive(a.contrast), finite)
      .value("blur", a.blur, is_share(a.blur), share)
      .value("noise", a.noise, positive(a.noise), finite)
      .value("drop", a.drop, is_share(a.drop), share)
      .value("fill", a.fill, std::isfinite(a.fill), "must be finite");
  return {a.scale_low,  a.scale_high, a.ratio_low,  a.ratio_high, a.degrees, a.shear,
          a.translate,  a.flip,       a.brightness, a.contrast,   a.blur,    a.sigma_low,
          a.sigma_high, a.noise,      a.drop,       a.fill};
}

}  // namespace

sslcuda_status sslcuda_augment(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c, int64_t h,
                               int64_t w, const void* x, int64_t views,
                               const sslcuda_augmentation* augmentation, uint64_t seed,
                               uint64_t sequence, const int64_t* sequence_device, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype).extent("n", n).extent("c", c).extent("h", h).extent("w", w).extent("views",
                                                                                          views, 1);
    const AugmentSettings settings = checked(rules, augmentation);
    rules.optional_input("sequence_device", sequence_device, Rules::i64({1}))
        .input("x", x, Rules::f32({n, c, h, w}))
        .output("y", y, Rules::f32({views, n, c, h, w}));
    if (std::max(h, w) > kMaxSide) {
      fail(SSLCUDA_INVALID_SHAPE, "h and w must be at most ", kMaxSide, ", got ", h, " and ", w);
    }
    rules.finish();
    if (n == 0 || c == 0 || h == 0 || w == 0) return;
    context.run(
        context.ops().augment,
        {n, c, h, w, floats(x), views, settings, {seed, sequence, sequence_device}, floats(y)});
  });
}
