#include "host/model/parameters.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "host/failure.hpp"

namespace host {
namespace {

const std::string kOptimiserPrefix = "optimizer.";

std::vector<const Tensor*> pointers_to(const std::vector<Tensor>& tensors, bool with_optimiser) {
  std::vector<const Tensor*> result;
  for (const Tensor& tensor : tensors) {
    if (with_optimiser || !tensor.name.starts_with(kOptimiserPrefix)) result.push_back(&tensor);
  }
  return result;
}

}  // namespace

int64_t element_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

Variable::Variable(Context& context, std::string name_, std::vector<int64_t> shape_)
    : name(std::move(name_)), shape(std::move(shape_)), value(context, element_count(shape)) {}

Parameter::Parameter(Context& context, std::string name_, std::vector<int64_t> shape_,
                     int64_t fan_in_, float constant_)
    : Variable(context, std::move(name_), std::move(shape_)),
      fan_in(fan_in_),
      constant(constant_),
      grad(context, value.size()),
      moment(context, value.size()),
      variance(context, value.size()) {
  moment.zero();
  variance.zero();
}

const Parameter& Parameters::add(std::string name, std::vector<int64_t> shape, int64_t fan_in) {
  return parameters_.emplace_back(context_, std::move(name), std::move(shape), fan_in, 0.0f);
}

const Parameter& Parameters::add_constant(std::string name, std::vector<int64_t> shape,
                                          float value) {
  return parameters_.emplace_back(context_, std::move(name), std::move(shape), 0, value);
}

const Variable& Parameters::add_buffer(std::string name, std::vector<int64_t> shape, float value) {
  Variable& buffer = buffers_.emplace_back(context_, std::move(name), std::move(shape));
  buffer.value.upload(std::vector<float>(static_cast<size_t>(buffer.value.size()), value));
  return buffer;
}

void Parameters::initialise(Random& random) {
  for (Parameter& parameter : parameters_) {
    std::vector<float> values(static_cast<size_t>(parameter.value.size()), parameter.constant);
    if (parameter.fan_in > 0) {
      const float bound = 1.0f / std::sqrt(static_cast<float>(parameter.fan_in));
      for (float& value : values) value = bound * (2.0f * random.uniform() - 1.0f);
    }
    parameter.value.upload(values);
  }
}

std::vector<Parameters::Slot> Parameters::weights() {
  std::vector<Slot> slots;
  for (Parameter& p : parameters_) slots.push_back({p.name, p.shape, p.value});
  for (Variable& v : buffers_) slots.push_back({v.name, v.shape, v.value});
  return slots;
}

std::vector<Parameters::Slot> Parameters::state() {
  std::vector<Slot> slots = weights();
  for (Parameter& p : parameters_) {
    slots.push_back({kOptimiserPrefix + p.name + ".moment", p.shape, p.moment});
    slots.push_back({kOptimiserPrefix + p.name + ".variance", p.shape, p.variance});
  }
  return slots;
}

std::vector<Tensor> Parameters::read(const std::vector<Slot>& slots) {
  std::vector<Tensor> tensors;
  for (const Slot& slot : slots) {
    Tensor tensor{slot.name, slot.shape, {}};
    tensor.values.resize(static_cast<size_t>(slot.buffer.size()));
    slot.buffer.download(tensor.values);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

void Parameters::write(const std::vector<Slot>& slots, const std::vector<const Tensor*>& tensors,
                       const std::string& source) {
  std::vector<std::string> names;
  for (const Slot& slot : slots) names.push_back(slot.name);
  const auto refuse = [&](const std::string& why) {
    throw Failure(Exit::kData, "{} does not fit this program: {}; it must hold exactly {}", source,
                  why, fmt::join(names, ", "));
  };
  for (const Tensor* tensor : tensors) {
    if (std::ranges::find(names, tensor->name) == names.end()) {
      refuse("unknown tensor " + tensor->name);
    }
  }
  std::vector<const Tensor*> chosen;  // checked before the first one is written
  for (const Slot& slot : slots) {
    const auto tensor = std::ranges::find(tensors, slot.name, &Tensor::name);
    if (tensor == tensors.end()) refuse("no tensor " + slot.name);
    if ((*tensor)->shape != slot.shape) {
      refuse(fmt::format("{} has shape {}, expected {}", slot.name, (*tensor)->shape, slot.shape));
    }
    chosen.push_back(*tensor);
  }
  for (size_t i = 0; i < slots.size(); ++i) slots[i].buffer.upload(chosen[i]->values);
}

std::vector<Tensor> Parameters::download() { return read(weights()); }

void Parameters::upload(const std::vector<Tensor>& tensors, const std::string& source) {
  write(weights(), pointers_to(tensors, false), source);
}

std::vector<Tensor> Parameters::download_state() { return read(state()); }

void Parameters::upload_state(const std::vector<Tensor>& tensors, const std::string& source) {
  write(state(), pointers_to(tensors, true), source);
}

}  // namespace host
