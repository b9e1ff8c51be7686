// contrastive.hpp - the rules of sslcuda_contrastive_args.
#pragma once

#include "capi/checks.hpp"

namespace sslcuda {

// The arguments as the backends take them. Throws Error where a rule is broken.
ContrastiveArgs check_contrastive(Context& context, int32_t dtype,
                                  const sslcuda_contrastive_args* args);

// Does any output ask for work?
bool has_outputs(const ContrastiveArgs& args);

}  // namespace sslcuda
