// contrastive.hpp - from sslcuda_contrastive_args to the arguments of the backends, past the rules.
#pragma once

#include "capi/checks.hpp"

namespace sslcuda {

// The arguments as the backends take them. Throws Error where a rule is broken.
ContrastiveArgs check_contrastive(Context& context, int32_t dtype,
                                  const sslcuda_contrastive_args* args);

// Its part in contrastive_rules.cpp: shapes, numbers, and which fields go together. `args`: the
// same with defaults filled in.
void check_contrastive_rules(Rules& rules, const sslcuda_contrastive_args& raw,
                             const ContrastiveArgs& args);

// Words of a row of the mask. For every m there is, so not by adding to it.
constexpr int64_t mask_words(int64_t m) { return m / 32 + (m % 32 > 0); }

// Does any output ask for work?
bool has_outputs(const ContrastiveArgs& args);

}  // namespace sslcuda
