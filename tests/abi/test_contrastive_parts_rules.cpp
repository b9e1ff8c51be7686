// test_contrastive_parts_rules.cpp - what sslcuda_contrastive_args must hold where they are those
// of a part of a larger matrix, or log-sum-exps are given.
#include "tests/abi/contrastive_rules.hpp"

namespace sslcuda::test {
namespace {

class ContrastivePartsRules : public ContrastiveRulesTest {};

TEST_F(ContrastivePartsRules, PlacesOfAPart) {
  for (const auto& [name, field] :
       {std::pair("first_row", &Args::first_row), std::pair("first_column", &Args::first_column),
        std::pair("total_rows", &Args::total_rows),
        std::pair("total_columns", &Args::total_columns),
        std::pair("negatives_per_row", &Args::negatives_per_row)}) {
    Args args = valid(SSLCUDA_INFONCE);
    args.*field = -1;
    refused(args, SSLCUDA_INVALID_SHAPE, std::string(name) + " must be >= 0, got -1");
  }
  Args args = valid(SSLCUDA_SIGLIP);
  args.total_rows = args.total_columns = 10;
  for (const int64_t far : {int64_t{7}, INT64_MAX}) {
    args.first_row = far;
    refused(args, SSLCUDA_INVALID_SHAPE, "first_row + n must be <= total_rows = 10");
    args.first_row = 0, args.first_column = far;
    refused(args, SSLCUDA_INVALID_SHAPE, "first_column + m must be <= total_columns = 10");
    args.first_column = 0;
  }
  args.first_row = args.first_column = 6;
  accepted(args);
  for (const int32_t kind : {SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN}) {
    args = valid(kind);
    args.total_columns = 10;
    refused(args, SSLCUDA_INVALID_VALUE,
            std::string("total_columns must be 0 in ") + kKindNames[kind] + ", got 10");
  }
}

TEST_F(ContrastivePartsRules, WhatAPartCanTell) {
  Args part = valid(SSLCUDA_INFONCE);
  part.total_columns = 10;
  refused(part, SSLCUDA_NULL_POINTER, "given_row_lse must not be NULL");
  part.given_row_lse = input<const float>();
  accepted(part);
  part.grad_a = nullptr;
  for (const auto& [name, field] :
       {std::pair("loss", &Args::loss), std::pair("row_loss", &Args::row_loss),
        std::pair("row_lse", &Args::row_lse), std::pair("row_positive", &Args::row_positive),
        std::pair("row_entropy", &Args::row_entropy), std::pair("top1", &Args::top1)}) {
    Args args = part;
    args.*field = output<float>();
    refused(args, SSLCUDA_INVALID_VALUE, std::string(name) + " must be NULL");
  }
  part.given_row_lse = nullptr;
  part.row_lse = output<float>();
  accepted(part);

  Args clip = valid(SSLCUDA_CLIP);
  clip.total_rows = clip.total_columns = 10;
  clip.given_row_lse = input<const float>();
  refused(clip, SSLCUDA_NULL_POINTER, "given_column_lse must not be NULL");
  clip.given_column_lse = input<const float>();
  accepted(clip);
  const auto no = [&](const std::function<void(Args&)>& set, const char* mentioned) {
    refused_with(clip, set, mentioned);
  };
  const auto* const floats = input<const float>();
  no([&](Args& a) { a.weights = floats; }, "weights must be NULL in a part of CLIP");
  no([&](Args& a) { a.grad_row_loss = floats; }, "grad_row_loss must be NULL in a part of CLIP");
  no([&](Args& a) { a.margin = 1; }, "margin must be 0 in a part of CLIP, got 1");
  no([&](Args& a) { a.negatives = floats, a.negatives_per_row = 1; },
     "negatives must be NULL in a part of CLIP");
  no([&](Args& a) { a.column_lse = output<float>(); },
     "column_lse must be NULL where given_column_lse is given");
}

// Columns of a row's own belong to no part, and a margin needs the row's positive.
TEST_F(ContrastivePartsRules, WhatNeedsAllColumns) {
  Args part = valid(SSLCUDA_INFONCE);
  part.total_columns = 10;
  part.given_row_lse = input<const float>();
  const auto no = [&](const std::function<void(Args&)>& set, const char* mentioned) {
    refused_with(part, set, mentioned);
  };
  no([&](Args& a) { a.margin = 1; }, "margin must be 0 in a part, got 1");
  no([&](Args& a) { a.positives = input<const float>(), a.ld_positives = kWidth; },
     "positives must be NULL in a part");
  no([&](Args& a) { a.negatives = input<const float>(), a.negatives_per_row = 1; },
     "negatives must be NULL in a part");
}

}  // namespace
}  // namespace sslcuda::test
