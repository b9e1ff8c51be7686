// test_infonce.cpp - sslcuda_infonce, the short form of one kind of sslcuda_contrastive.
#include "tests/ops/contrastive_test.hpp"

namespace sslcuda::test {
namespace {

class InfoNce : public ContrastiveTest {
 protected:
  void expect_match(const ContrastiveInput& in, const CallOptions& options = {}) const;
};

struct Buffers {
  Buffers(const Context& context, const ContrastiveInput& in, const CallOptions& o)
      : lda(in.d + o.padding),
        ldb(lda + o.padding),
        a(context, o.dtype, in.n, in.d, lda, narrow(in.a)),
        b(context, o.dtype, in.n, in.d, ldb, narrow(in.b)),
        grad_a(context, o.dtype, in.n, in.d, lda),
        grad_b(context, o.dtype, in.n, in.d, ldb),
        tau(context, {static_cast<float>(in.tau)}),
        grad_loss(context, {static_cast<float>(in.grad_loss)}),
        loss(context, 1),
        row_loss(context, in.n),
        grad_tau(context, 1) {}

  int64_t lda, ldb;
  Tensor a, b, grad_a, grad_b;
  Buffer<float> tau, grad_loss, loss, row_loss, grad_tau;
};

Names every_output() { return {"loss", "row_loss", "grad_a", "grad_b", "grad_temperature"}; }

Outputs infonce(const Context& context, const ContrastiveInput& in, const CallOptions& o = {}) {
  const Buffers x(context, in, o);
  const Names wanted = o.wanted.empty() ? every_output() : o.wanted;
  const auto tensor = [&](const char* name, const Tensor& t) {
    return wanted.contains(name) ? t.data() : nullptr;
  };
  const auto array = [&](const char* name, const Buffer<float>& buffer) {
    return if_wanted(wanted.contains(name), buffer);
  };
  context.run([&] {
    return sslcuda_infonce(context, o.dtype, in.n, in.d, x.a, x.lda, x.b, x.ldb,
                           o.scalars_in_memory ? 0 : static_cast<float>(in.tau),
                           if_wanted(o.scalars_in_memory, x.tau),
                           if_wanted(in.grad_loss != 1, x.grad_loss), array("loss", x.loss),
                           array("row_loss", x.row_loss), tensor("grad_a", x.grad_a),
                           tensor("grad_b", x.grad_b), array("grad_temperature", x.grad_tau));
  });
  Outputs outputs = {{"loss", x.loss.download()},
                     {"row_loss", x.row_loss.download()},
                     {"grad_a", x.grad_a.download()},
                     {"grad_b", x.grad_b.download()},
                     {"grad_temperature", x.grad_tau.download()}};
  std::erase_if(outputs, [&](const auto& output) { return !wanted.contains(output.first); });
  return outputs;
}

void InfoNce::expect_match(const ContrastiveInput& in, const CallOptions& options) const {
  SCOPED_TRACE(describe(in, options.dtype));
  expect_outputs(Expectation(in, options.dtype), infonce(context(), in, options));
}

// n pairs.
ContrastiveInput pairs(int32_t dtype, int64_t n, int64_t d, float tau, float grad_loss = 1) {
  ContrastiveInput in = contrastive_input(SSLCUDA_INFONCE, dtype, n, n, d);
  in.tau = tau;
  in.grad_loss = grad_loss;
  return in;
}

TEST_P(InfoNce, MatchesReference) {
  for (const int32_t dtype : kDTypes) {
    expect_match(pairs(dtype, 2, 1, 1), {.dtype = dtype});
    expect_match(pairs(dtype, 3, 7, 0.5f), {.dtype = dtype});
    expect_match(pairs(dtype, 7, 2, 0.1f, -2), {.dtype = dtype});
    expect_match(pairs(dtype, 31, 33, 0.07f), {.dtype = dtype, .padding = 3});
    expect_match(pairs(dtype, 33, 129, 0.1f, 3), {.dtype = dtype, .scalars_in_memory = true});
    expect_match(pairs(dtype, 64, 128, 0.1f), {.dtype = dtype});
    expect_match(pairs(dtype, 127, 65, 0.01f), {.dtype = dtype});
    expect_match(pairs(dtype, 257, 3, 0.05f), {.dtype = dtype, .padding = 1});
  }
}

TEST_P(InfoNce, EverySubsetOfOutputs) {
  const ContrastiveInput in = pairs(SSLCUDA_F32, 33, 65, 0.1f);
  const Expectation expected(in, SSLCUDA_F32);
  const Names names = every_output();
  for (int subset = 1; subset < 1 << names.size(); ++subset) {
    CallOptions options;
    int bit = 0;
    for (const std::string& name : names) {
      if (subset >> bit++ & 1) options.wanted.insert(name);
    }
    SCOPED_TRACE(subset);
    expect_outputs(expected, infonce(context(), in, options));
  }
}

// Rows taken as they are, with scores far from 0.
TEST_P(InfoNce, LargeScores) {
  for (const int32_t dtype : kDTypes) {
    ContrastiveInput in = pairs(dtype, 65, 33, 0.1f);
    for (double& x : in.a) x *= 64;
    for (double& x : in.b) x *= 64;
    expect_match(in, {.dtype = dtype});
  }
}

TEST_P(InfoNce, OneTensorOnBothSides) {
  for (const int32_t dtype : kDTypes) {
    SCOPED_TRACE(dtype_name(dtype));
    ContrastiveInput in = pairs(dtype, 33, 65, 0.1f, 2);
    in.b = in.a;
    const Expectation e(in, dtype);
    const Buffers x(context(), in, {.dtype = dtype, .padding = 2});
    const auto call = [&](const Tensor& grad_a, const Tensor& grad_b) {
      context().run([&] {
        return sslcuda_infonce(context(), dtype, in.n, in.d, x.a, x.lda, x.a, x.lda,
                               static_cast<float>(in.tau), nullptr, x.grad_loss, nullptr, nullptr,
                               grad_a, grad_b, nullptr);
      });
    };
    const Tensor grad_b(context(), dtype, in.n, in.d, x.lda),
        sum(context(), dtype, in.n, in.d, x.lda);
    call(x.grad_a, grad_b);
    expect_outputs(e, {{"grad_a", x.grad_a.download()}, {"grad_b", grad_b.download()}});
    call(sum, sum);
    Expected both = e.at("grad_a");
    for (size_t k = 0; k < both.value.size(); ++k) {
      both.value[k] += e.at("grad_b").value[k];
      both.tolerance[k] += e.at("grad_b").tolerance[k] + kU * std::fabs(both.value[k]);
    }
    expect_within("sum", sum.download(), both.value, both.tolerance);
  }
}

TEST_P(InfoNce, SpoiltRowsStayAlone) {
  ContrastiveInput in = pairs(SSLCUDA_F32, 33, 65, 0.1f);
  const Outputs before = infonce(context(), in);
  for (const float value : {kNaN, kInf}) {
    in.a[12 * in.d + 5] = value;
    const Outputs after = infonce(context(), in);
    expect_other_rows_equal("row_loss", after.at("row_loss"), before.at("row_loss"), 1, 12);
    expect_other_rows_equal("grad_a", after.at("grad_a"), before.at("grad_a"), in.d, 12);
    EXPECT_TRUE(std::isnan(after.at("row_loss")[12]) && std::isnan(after.at("loss")[0]));
    EXPECT_TRUE(row_spoilt(after.at("grad_a"), in.d, 12));
    EXPECT_TRUE(std::isnan(after.at("grad_temperature")[0]));
  }
}

TEST_P(InfoNce, IsRepeatable) {
  const ContrastiveInput in = pairs(SSLCUDA_F32, on_cpu() ? 257 : 65, 65, 0.1f);
  expect_repeatable([&](const Context& context) { return joined(infonce(context, in)); });
}

INSTANTIATE_TEST_SUITE_P(, InfoNce, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
