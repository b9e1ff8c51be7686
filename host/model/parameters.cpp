#include "host/model/parameters.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "host/failure.hpp"

namespace host {

int64_t element_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

Parameter::Parameter(Context& context, std::string name_, std::vector<int64_t> shape_,
                     int64_t fan_in_)
    : name(std::move(name_)),
      shape(std::move(shape_)),
      fan_in(fan_in_),
      value(context, element_count(shape)),
      grad(context, element_count(shape)),
      moment(context, element_count(shape)),
      variance(context, element_count(shape)) {
  moment.zero();
  variance.zero();
}

const Parameter& Parameters::add(std::string name, std::vector<int64_t> shape, int64_t fan_in) {
  return parameters_.emplace_back(context_, std::move(name), std::move(shape), fan_in);
}

void Parameters::initialise(Random& random) {
  for (Parameter& parameter : parameters_) {
    const float bound = 1.0f / std::sqrt(static_cast<float>(parameter.fan_in));
    std::vector<float> values(static_cast<size_t>(parameter.value.size()));
    for (float& value : values) value = bound * (2.0f * random.uniform() - 1.0f);
    parameter.value.upload(values);
  }
}

std::vector<Tensor> Parameters::download() const {
  std::vector<Tensor> tensors;
  for (const Parameter& parameter : parameters_) {
    Tensor tensor{parameter.name, parameter.shape, {}};
    tensor.values.resize(static_cast<size_t>(parameter.value.size()));
    parameter.value.download(tensor.values);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

void Parameters::upload(const std::vector<Tensor>& tensors, const std::string& source) {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters_) names.push_back(parameter.name);
  const auto refuse = [&](const std::string& why) {
    throw Failure(Exit::kData, "{} does not fit this program: {}; it must hold exactly {}", source,
                  why, fmt::join(names, ", "));
  };
  for (const Tensor& tensor : tensors) {
    if (std::ranges::find(names, tensor.name) == names.end()) {
      refuse("unknown tensor " + tensor.name);
    }
  }
  for (Parameter& parameter : parameters_) {
    const auto tensor = std::ranges::find(tensors, parameter.name, &Tensor::name);
    if (tensor == tensors.end()) refuse("no tensor " + parameter.name);
    if (tensor->shape != parameter.shape) {
      refuse(fmt::format("{} has shape {}, expected {}", parameter.name, tensor->shape,
                         parameter.shape));
    }
    parameter.value.upload(tensor->values);
  }
}

void Parameters::adam_step(double lr, const int64_t* steps_done) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8;
  std::vector<int64_t> counts;
  std::vector<void*> values, moments, variances;
  std::vector<const void*> grads;
  for (const Parameter& parameter : parameters_) {
    counts.push_back(parameter.value.size());
    values.push_back(parameter.value.data());
    grads.push_back(parameter.grad.data());
    moments.push_back(parameter.moment.data());
    variances.push_back(parameter.variance.data());
  }
  context_.run(sslcuda_adam_step, SSLCUDA_F32, static_cast<int64_t>(counts.size()), counts.data(),
               values.data(), grads.data(), moments.data(), variances.data(), lr, nullptr, kBeta1,
               kBeta2, kEps, 0, steps_done);
}

}  // namespace host
