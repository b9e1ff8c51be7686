// device_images.hpp - the pixels of a data set in device memory, as bytes.
#pragma once

#include "host/abi/abi.hpp"
#include "host/data/dataset.hpp"

namespace host {

// y = (x / 255 - mean) / std
struct PixelScale {
  float mean = 0.0f, std = 1.0f;
};

class DeviceImages {
 public:
  DeviceImages(Context& context, const Images& images)
      : context_(context),
        count_(images.count),
        width_(images.width()),
        pixels_(context, images.pixels) {}

  int64_t count() const { return count_; }
  int64_t width() const { return width_; }

  // Queues y [n, width]: the n images from *cursor on in `order`.
  void gather(int64_t n, const Buffer<int64_t>& order, const Buffer<int64_t>& cursor,
              PixelScale scale, float* y) const {
    context_.run(sslcuda_gather_images, SSLCUDA_F32, n, width_, pixels_.data(), count_,
                 order.data(), order.size(), cursor.data(), scale.mean, scale.std, y);
  }

  // Queues y [n, width]: the n images from `first` on, in file order.
  void gather(int64_t n, int64_t first, PixelScale scale, float* y) const {
    context_.run(sslcuda_gather_images, SSLCUDA_F32, n, width_, pixels_.data() + first * width_, n,
                 nullptr, 0, nullptr, scale.mean, scale.std, y);
  }

 private:
  Context& context_;
  int64_t count_, width_;
  Buffer<uint8_t> pixels_;
};

}  // namespace host
