// contrastive_rules.hpp - what the tests of the rules of sslcuda_contrastive_args share: a valid
// call of each kind, to be spoilt.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

#include "tests/ops/context.hpp"

namespace sslcuda::test {

using Args = sslcuda_contrastive_args;

constexpr int32_t kKindCount = SSLCUDA_SAMPLED + 1;
constexpr const char* kKindNames[kKindCount] = {"INFONCE",   "CLIP",   "NTXENT", "SUPCON",
                                                "SUPCON_IN", "SIGLIP", "SAMPLED"};
constexpr int64_t kRows = 4, kWidth = 2;

class ContrastiveRulesTest : public testing::Test {
 protected:
  // A valid call of that kind on kRows rows on both sides. Every pointer of a test may point at
  // inputs_, which is large enough for all of them.
  Args valid(int32_t kind) {
    Args args = SSLCUDA_CONTRASTIVE_INIT;
    args.kind = kind;
    args.n = args.m = kRows;
    args.d = args.lda = args.ldb = kWidth;
    args.a = inputs_.data();
    args.b = kind == SSLCUDA_NTXENT ? nullptr : inputs_.data();
    if (kind == SSLCUDA_SUPCON || kind == SSLCUDA_SUPCON_IN) {
      args.labels = args.column_labels = inputs_.data();
    }
    if (kind == SSLCUDA_SAMPLED) {
      args.indices = inputs_.data();
      args.sampled = 2;
    }
    args.grad_a = outputs_.data();
    return args;
  }
  template <class T>
  T* input() {
    return reinterpret_cast<T*>(inputs_.data());
  }
  template <class T>
  T* output() {
    return reinterpret_cast<T*>(outputs_.data() + 16);
  }

  void refused(const Args& args, sslcuda_status status, const std::string& mentioned) {
    SCOPED_TRACE(kKindNames[args.kind]);
    const auto before = outputs_;
    EXPECT_STREQ(sslcuda_status_name(sslcuda_contrastive(context_, SSLCUDA_F32, &args)),
                 sslcuda_status_name(status));
    const std::string message = last_message(context_);
    EXPECT_EQ(message.rfind("sslcuda_contrastive: ", 0), 0u) << message;
    EXPECT_NE(message.find(mentioned), std::string::npos) << message << " lacks " << mentioned;
    EXPECT_EQ(outputs_, before) << "written";
  }
  // A field of the valid call, set to what it may not be there.
  void refused_with(Args args, const std::function<void(Args&)>& set,
                    const std::string& mentioned) {
    set(args);
    refused(args, SSLCUDA_INVALID_VALUE, mentioned);
  }
  void accepted(const Args& args) {
    EXPECT_EQ(sslcuda_contrastive(context_, SSLCUDA_F32, &args), SSLCUDA_OK)
        << kKindNames[args.kind] << ": " << last_message(context_);
  }

  std::array<int64_t, 64> inputs_{};  // also zeros of every other type
  std::array<int64_t, 64> outputs_{};
  Context context_{SSLCUDA_DEVICE_CPU};
};

}  // namespace sslcuda::test
