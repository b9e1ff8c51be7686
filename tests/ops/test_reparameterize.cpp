// test_reparameterize.cpp - sslcuda_reparameterize_forward and _backward.
#include "tests/ops/fixture.hpp"
#include "tests/reference/reparameterize.hpp"

namespace sslcuda::test {
namespace {

class Reparameterize : public OpTest {};

struct Shape {
  int64_t n, d, ld;
};

constexpr Shape kShapes[] = {{1, 1, 1},     {2, 3, 7},       {33, 20, 40}, {129, 31, 31},
                             {5, 257, 600}, {1, 5000, 5000}, {900, 2, 5},  {300, 64, 128}};

struct Input {
  Floats mu, logvar, noise;  // dense
};

Input make_input(const Shape& s, float scale = 1) {
  return {normal(s.n * s.d, 1, scale), normal(s.n * s.d, 2, scale), normal(s.n * s.d, 3)};
}

struct Outputs {
  Floats z, kl;
};

// mu and logvar are column ranges of one matrix where the rows have room for both.
struct Halves {
  Halves(const Context& context, const Shape& s, const Input& in)
      : joint(s.ld >= 2 * s.d),
        mu(context, memory(s, in.mu, in.logvar, joint)),
        own_logvar(context, spread(s.n, s.d, s.ld, in.logvar)),
        logvar(joint ? mu.data() + s.d : own_logvar.data()) {}

  static Floats memory(const Shape& s, const Floats& mu, const Floats& logvar, bool joint) {
    Floats all = spread(s.n, s.d, s.ld, mu);
    if (!joint) return all;
    all.resize((s.n - 1) * s.ld + 2 * s.d);
    for (int64_t i = 0; i < s.n; ++i) {
      std::copy_n(logvar.begin() + i * s.d, s.d, all.begin() + i * s.ld + s.d);
    }
    return all;
  }

  bool joint;
  Buffer<float> mu, own_logvar;
  float* logvar;
};

Outputs forward(const Context& context, const Shape& s, const Input& in, bool with_z = true,
                bool with_kl = true) {
  const Halves halves(context, s, in);
  const Buffer<float> noise(context, in.noise), z(context, s.n * s.d), kl(context, 1);
  context.run([&] {
    return sslcuda_reparameterize_forward(context, SSLCUDA_F32, s.n, s.d, halves.mu, halves.logvar,
                                          s.ld, if_wanted(with_z, noise), if_wanted(with_z, z),
                                          if_wanted(with_kl, kl));
  });
  return {z.download(), kl.download()};
}

struct Upstream {
  Floats grad_z;  // may be empty: 0
  float grad_kl = 1;
};

struct Gradients {
  Floats mu, logvar;
};

Gradients backward(const Context& context, const Shape& s, const Input& in, const Upstream& up,
                   bool in_place = false) {
  const Halves halves(context, s, in);
  const Buffer<float> noise(context, in.noise), grad_z(context, up.grad_z),
      grad_kl(context, {up.grad_kl});
  const Buffer<float> own_mu(context, spread_count(s.n, s.d, s.ld)),
      own_logvar(context, spread_count(s.n, s.d, s.ld));
  float* const grad_mu = in_place ? halves.mu.data() : own_mu.data();
  float* const grad_logvar = in_place ? halves.logvar : own_logvar.data();
  context.run([&] {
    return sslcuda_reparameterize_backward(
        context, SSLCUDA_F32, s.n, s.d, halves.mu, halves.logvar, s.ld,
        if_wanted(!up.grad_z.empty(), noise), if_wanted(!up.grad_z.empty(), grad_z),
        if_wanted(up.grad_kl != 1, grad_kl), grad_mu, grad_logvar);
  });
  if (!in_place) {
    return {packed(s.n, s.d, s.ld, own_mu.download()),
            packed(s.n, s.d, s.ld, own_logvar.download())};
  }
  Gradients grad;
  const Floats mu = halves.mu.download();
  const Floats logvar =
      halves.joint ? Floats(mu.begin() + s.d, mu.end()) : halves.own_logvar.download();
  for (int64_t i = 0; i < s.n; ++i) {
    grad.mu = joined(grad.mu, Floats(mu.begin() + i * s.ld, mu.begin() + i * s.ld + s.d));
    grad.logvar =
        joined(grad.logvar, Floats(logvar.begin() + i * s.ld, logvar.begin() + i * s.ld + s.d));
  }
  return grad;
}

void expect_forward(const Shape& s, const Input& in, const Outputs& out) {
  const Vector mu = wide(in.mu), logvar = wide(in.logvar), noise = wide(in.noise);
  const auto expected = reference::reparameterize_forward(s.n, mu, logvar, noise);
  Vector tolerance;
  for (size_t k = 0; k < mu.size(); ++k) {
    const double spread = std::exp(logvar[k] / 2) * std::fabs(noise[k]);
    tolerance.push_back(8 * kU * (std::fabs(mu[k]) + spread * (1 + std::fabs(logvar[k]))));
  }
  expect_within("z", out.z, expected.z, tolerance);
  // every term is >= 0, and none is the difference of larger ones
  expect_within("kl", out.kl, {expected.kl}, 64 * kU * expected.kl);
}

void expect_backward(const Shape& s, const Input& in, const Upstream& up, const Gradients& actual) {
  const Vector mu = wide(in.mu), logvar = wide(in.logvar), noise = wide(in.noise);
  const Vector grad_z = up.grad_z.empty() ? reference::zeros(s.n * s.d) : wide(up.grad_z);
  const auto expected =
      reference::reparameterize_backward(s.n, mu, logvar, noise, grad_z, up.grad_kl);
  Vector of_mu, of_logvar;
  for (size_t k = 0; k < mu.size(); ++k) {
    const double kl = std::fabs(up.grad_kl) / static_cast<double>(s.n);
    const double spread = std::exp(logvar[k] / 2) * std::fabs(noise[k] * grad_z[k]);
    of_mu.push_back(8 * kU * (kl * std::fabs(mu[k]) + std::fabs(grad_z[k])));
    of_logvar.push_back(16 * kU *
                        (spread * (1 + std::fabs(logvar[k])) +
                         kl * std::fabs(std::expm1(logvar[k])) * (1 + std::fabs(logvar[k]))));
  }
  expect_within("grad_mu", actual.mu, expected.mu, of_mu);
  expect_within("grad_logvar", actual.logvar, expected.logvar, of_logvar);
}

TEST_P(Reparameterize, MatchesReference) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(std::to_string(s.n) + " x " + std::to_string(s.d));
    const Input in = make_input(s);
    const Outputs out = forward(context(), s, in);
    expect_forward(s, in, out);
    EXPECT_TRUE(same_bits(forward(context(), s, in, true, false).z, out.z));
    EXPECT_TRUE(same_bits(forward(context(), s, in, false, true).kl, out.kl));
    const Floats grad_z = normal(s.n * s.d, 4);
    for (const Upstream& up : {Upstream{grad_z}, Upstream{grad_z, -0.5f}, Upstream{{}, 2}}) {
      const Gradients grad = backward(context(), s, in, up),
                      again = backward(context(), s, in, up, true);
      expect_backward(s, in, up, grad);
      EXPECT_TRUE(same_bits(again.mu, grad.mu) && same_bits(again.logvar, grad.logvar));
    }
  }
}

// Near the standard normal distribution, and far from it.
TEST_P(Reparameterize, SmallAndLargeDivergences) {
  const Shape s{65, 33, 33};
  for (const float scale : {1e-6f, 1e-3f, 0.2f, 15.0f}) {
    SCOPED_TRACE(scale);
    const Input in = make_input(s, scale);
    expect_forward(s, in, forward(context(), s, in));
    const Upstream up{normal(s.n * s.d, 4)};
    expect_backward(s, in, up, backward(context(), s, in, up));
  }
}

TEST_P(Reparameterize, Extremes) {
  const Shape s{7, 1, 1};
  const Input in{{0, 0, 0, 0, 0, kNaN, 1}, {-200, 100, 300, kInf, kNaN, 0, -kInf}, Floats(7, 1)};
  const Outputs out = forward(context(), s, in);
  EXPECT_LT(out.z[0], 1e-40f);
  EXPECT_NEAR(out.z[1] / std::exp(50.0), 1, 1e-5);
  EXPECT_TRUE(std::isinf(out.z[2]) && std::isinf(out.z[3]));
  EXPECT_TRUE(std::isnan(out.z[4]) && std::isnan(out.z[5]) && std::isnan(out.kl[0]));
  EXPECT_EQ(out.z[6], 1);
}

TEST_P(Reparameterize, SpoiltElementsStayAlone) {
  const Shape s{33, 5, 12};
  Input in = make_input(s);
  const Upstream up{normal(s.n * s.d, 4)};
  const Outputs before = forward(context(), s, in);
  const Gradients grad = backward(context(), s, in, up);
  in.logvar[77] = kNaN;
  const Outputs after = forward(context(), s, in);
  const Gradients spoilt = backward(context(), s, in, up);
  expect_other_rows_equal("z", after.z, before.z, 1, 77);
  expect_other_rows_equal("grad_logvar", spoilt.logvar, grad.logvar, 1, 77);
  EXPECT_TRUE(same_bits(spoilt.mu, grad.mu));
  EXPECT_TRUE(std::isnan(after.z[77]) && std::isnan(after.kl[0]) && std::isnan(spoilt.logvar[77]));
}

TEST_P(Reparameterize, IsRepeatable) {
  const Shape s{700, 33, 66};
  const Input in = make_input(s);
  const Upstream up{normal(s.n * s.d, 4)};
  expect_repeatable([&](const Context& c) {
    const Outputs out = forward(c, s, in);
    const Gradients grad = backward(c, s, in, up);
    return joined(joined(out.z, out.kl), joined(grad.mu, grad.logvar));
  });
}

INSTANTIATE_TEST_SUITE_P(, Reparameterize, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
