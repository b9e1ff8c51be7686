#include "capi/context.hpp"

#include <cstdint>

#include "kernels/math.hpp"

namespace sslcuda {

sslcuda_status status_of(Fault fault) {
  switch (fault) {
    case Fault::kOutOfMemory:
      return SSLCUDA_OUT_OF_MEMORY;
    case Fault::kNoDevice:
      return SSLCUDA_NO_DEVICE;
    case Fault::kUnsupported:
      return SSLCUDA_UNSUPPORTED;
    case Fault::kLost:
      return SSLCUDA_CONTEXT_LOST;
    default:
      return SSLCUDA_DEVICE_ERROR;
  }
}

Context::Context(std::unique_ptr<Device> device, bool trust_pointers)
    : device_(std::move(device)), stream_(device_->own_stream()), trust_pointers_(trust_pointers) {}

// Errors are ignored: on a lost device nothing can be done about them, and freeing goes on.
Context::~Context() {
  device_->enter();
  void* unfinished = nullptr;
  if (mode_ == Mode::kCapture && device_->graph_end(stream_, &unfinished) == 0) {
    device_->graph_destroy(unfinished);
  }
  device_->synchronize(stream_);
  for (const auto& graph : graphs_) device_->graph_destroy(graph->native);
  for (const auto& [pointer, bytes] : allocations_) device_->free(pointer);
  if (own_workspace_) device_->free(own_workspace_);
  device_->leave();
}

void Context::require_run_mode() const {
  if (mode_ == Mode::kPlan) {
    fail(SSLCUDA_CAPTURE, "not allowed while planning; call sslcuda_plan_end first");
  }
  if (mode_ == Mode::kCapture) {
    fail(SSLCUDA_CAPTURE, "not allowed while a graph is captured; call sslcuda_graph_end first");
  }
}

void Context::require_alive() const {
  if (lost_) {
    fail(SSLCUDA_CONTEXT_LOST,
         "the device was lost by an earlier fatal error; destroy the context and restart the "
         "process");
  }
}

void Context::check(int error) {
  if (error == 0) return;
  const Explanation explanation = device_->explain(error);
  lost_ = lost_ || explanation.fault == Fault::kLost;
  fail(status_of(explanation.fault), explanation.text,
       explanation.fault == Fault::kLost ? "; restart the process to use the GPU again" : "");
}

void Context::fill(void* destination, int value, size_t bytes) {
  submit([=, this] { return device_->fill(stream_, destination, value, bytes); });
}

void Context::copy(void* destination, const void* source, size_t bytes, CopyDirection direction) {
  submit([=, this] { return device_->copy(stream_, destination, source, bytes, direction); });
}

void Context::plan_begin() {
  require_run_mode();
  mode_ = Mode::kPlan;
  plan_bytes_ = 0;
}

size_t Context::plan_end() {
  if (mode_ != Mode::kPlan) fail(SSLCUDA_CAPTURE, "no planning is under way");
  mode_ = Mode::kRun;
  return plan_bytes_;
}

void Context::reserve(size_t bytes) {
  require_run_mode();
  if (bytes <= own_workspace_bytes_) return;
  void* grown = nullptr;
  check(device_->alloc(align_up(bytes), &grown));
  if (own_workspace_ && graphs_.empty()) {
    device_->synchronize(stream_);
    device_->free(own_workspace_);
  } else if (own_workspace_) {
    keep(own_workspace_, own_workspace_bytes_, grown);  // graphs may point into it
  }
  if (workspace_ == own_workspace_) {
    workspace_ = grown;
    workspace_bytes_ = bytes;
  }
  own_workspace_ = grown;
  own_workspace_bytes_ = bytes;
  log(SSLCUDA_LOG_INFO, "workspace grown to ", bytes, " bytes");
}

void Context::set_workspace(void* buffer, size_t bytes) {
  require_run_mode();
  workspace_ = buffer ? buffer : own_workspace_;
  workspace_bytes_ = buffer ? bytes : own_workspace_bytes_;
}

void* Context::alloc(size_t bytes) {
  require_run_mode();
  if (bytes == 0) return nullptr;
  void* pointer = nullptr;
  check(device_->alloc(bytes, &pointer));
  keep(pointer, bytes, pointer);
  return pointer;
}

void Context::keep(void* pointer, size_t bytes, void* otherwise_lost) {
  try {
    allocations_.emplace(pointer, bytes);
  } catch (...) {
    device_->free(otherwise_lost);
    throw;
  }
}

void Context::free(void* pointer) {
  require_run_mode();
  if (!pointer) return;
  if (allocations_.erase(pointer) == 0) {
    fail(SSLCUDA_INVALID_VALUE, "pointer must come from sslcuda_alloc of this context, got ",
         pointer);
  }
  check(device_->synchronize(stream_));
  check(device_->free(pointer));
}

void Context::graph_begin() {
  require_run_mode();
  check(device_->graph_begin(stream_));
  mode_ = Mode::kCapture;
}

sslcuda_graph* Context::graph_end() {
  if (mode_ != Mode::kCapture) fail(SSLCUDA_CAPTURE, "no capture is under way");
  auto graph = std::make_unique<sslcuda_graph>();
  graphs_.reserve(graphs_.size() + 1);
  mode_ = Mode::kRun;  // not before: without memory for the above, the capture goes on
  check(device_->graph_end(stream_, &graph->native));
  graphs_.push_back(std::move(graph));
  return graphs_.back().get();
}

void Context::require_own(const sslcuda_graph* graph) const {
  const auto same = [graph](const auto& own) { return own.get() == graph; };
  if (std::none_of(graphs_.begin(), graphs_.end(), same)) {
    fail(SSLCUDA_INVALID_VALUE, "graph must be a live graph of this context, got ", graph);
  }
}

void Context::graph_launch(sslcuda_graph* graph) {
  require_run_mode();
  require_own(graph);
  check(device_->graph_launch(stream_, graph->native));
}

void Context::graph_destroy(sslcuda_graph* graph) {
  require_run_mode();
  if (!graph) return;
  require_own(graph);
  check(device_->synchronize(stream_));
  device_->graph_destroy(graph->native);
  std::erase_if(graphs_, [graph](const auto& own) { return own.get() == graph; });
}

void Context::set_log(int level, sslcuda_log_callback callback, void* user) {
  log_level_ = callback ? level : SSLCUDA_LOG_OFF;
  log_callback_ = callback;
  log_user_ = user;
}

void Context::remember(const std::string& message) {
  const std::lock_guard lock(message_mutex_);
  message_ = message;
}

std::string Context::last_message() const {
  const std::lock_guard lock(message_mutex_);
  return message_;
}

}  // namespace sslcuda
