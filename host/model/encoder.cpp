#include "host/model/encoder.hpp"

#include <fmt/format.h>

#include "host/failure.hpp"

namespace host {
namespace {

constexpr int64_t kChannels[] = {16, 32, 64};
constexpr int64_t kKernel = 3, kPool = 2;
constexpr int64_t kSmallestSide = 8;  // three poolings leave one pixel

}  // namespace

Network make_encoder(Context& context, Parameters& parameters, const ProgramConfig& config,
                     int64_t batch) {
  if (config.h < kSmallestSide || config.w < kSmallestSide) {
    throw Failure(Exit::kData,
                  "the convolutional encoder needs images of at least {0}x{0}, these are {1}x{2}; "
                  "use another program or other images",
                  kSmallestSide, config.h, config.w);
  }
  Network network(context, parameters, {1, config.h, config.w}, batch);
  int block = 0;
  for (const int64_t channels : kChannels) {
    ++block;
    network.conv(fmt::format("encoder.conv{}", block), channels, kKernel)
        .max_pool(kPool)
        .norm(fmt::format("encoder.norm{}", block), config.norm);
  }
  return network;
}

}  // namespace host
