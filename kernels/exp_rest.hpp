// exp_rest.hpp - exp(v) - 1 - v >= 0, of which the divergence of reparameterize is made.
#pragma once

#include "kernels/anywhere.hpp"

namespace sslcuda {

// For |v| < 0.5, where it is the small rest of large numbers: its series, to float32's last bits.
SSLCUDA_ANYWHERE float exp_rest_near(float v) {
  float p = 1.0f / 362880;
  p = p * v + 1.0f / 40320;
  p = p * v + 1.0f / 5040;
  p = p * v + 1.0f / 720;
  p = p * v + 1.0f / 120;
  p = p * v + 1.0f / 24;
  p = p * v + 1.0f / 6;
  p = p * v + 0.5f;
  return p * v * v;
}

}  // namespace sslcuda
