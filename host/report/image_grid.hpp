// image_grid.hpp - images and what a model made of them, in pairs one above the other.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace host {

// originals, copies: [n, h, w] in 0..1. Returns the bytes of a PNG.
std::string image_pairs_png(std::span<const float> originals, std::span<const float> copies,
                            int64_t h, int64_t w, const std::string& title);

}  // namespace host
