// contrastive_check.hpp - is a result of the contrastive family right?
#pragma once

#include "perf/src/peers/tensors.hpp"

namespace sslcuda::perf {

// Compares some rows and columns with float64: O(n d) for each, so that it works for a hundred
// thousand of them. What these need of all other rows and columns (their log-sum-exps) is taken
// from the result, of which some have been compared by then.
void check_contrastive(const ContrastiveTensors& t, const Values& v, Checker& checker);

}  // namespace sslcuda::perf
