// encoder.hpp - the convolutional encoder that simclr and rotnet train: three blocks of Conv 3 x 3,
// max pooling 2 x 2, normalisation and ReLU, and the last block's activations are the features.
// Pooling goes before normalisation, which leaves it a quarter of the work.
#pragma once

#include "host/model/network.hpp"
#include "host/model/program.hpp"

namespace host {

// Parameters encoder.conv1, encoder.norm1 ... `batch`: largest n
Network make_encoder(Context& context, Parameters& parameters, const ProgramConfig& config,
                     int64_t batch);

}  // namespace host
