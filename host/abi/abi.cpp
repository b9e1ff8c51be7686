#include "host/abi/abi.hpp"

#include <array>

#include "host/message.hpp"

namespace host {
namespace {

[[noreturn]] void throw_status(const sslcuda_context* handle, sslcuda_status status) {
  std::array<char, 512> message{};
  if (sslcuda_last_message(handle, message.data(), message.size()) != SSLCUDA_OK || !message[0]) {
    throw StatusError(status, sslcuda_status_name(status));
  }
  throw StatusError(status, message.data());
}

}  // namespace

Context::Context(const sslcuda_context_options& options) {
  const sslcuda_status status = sslcuda_context_create(&options, &handle_);
  if (status != SSLCUDA_OK) throw_status(nullptr, status);
}

Context::~Context() { sslcuda_context_destroy(handle_); }

void Context::check(sslcuda_status status) const {
  if (status != SSLCUDA_OK) throw_status(handle_, status);
}

std::string Context::describe() {
  std::array<char, 256> text{};
  run(sslcuda_context_describe, text.data(), text.size());
  return text.data();
}

void Context::log_to_stderr() {
  const sslcuda_log_callback print = [](int32_t, const char* message, void*) {
    to_stderr(std::string(message) + '\n');
  };
  run(sslcuda_context_set_log, SSLCUDA_LOG_DEBUG, print, nullptr);
}

void Context::reserve_for(const std::function<void()>& program) {
  size_t bytes = 0;
  run(sslcuda_plan_begin);
  try {
    program();
  } catch (...) {
    sslcuda_plan_end(handle_, &bytes);
    throw;
  }
  run(sslcuda_plan_end, &bytes);
  run(sslcuda_context_reserve, bytes);
}

Graph::Graph(Context& context, const std::function<void()>& program) : context_(&context) {
  context_->run(sslcuda_graph_begin);
  try {
    program();
  } catch (...) {
    // The capture must be closed, whatever it holds; the first error is the one to report.
    try {
      context_->run(sslcuda_graph_end, &graph_);
      context_->run(sslcuda_graph_destroy, graph_);
    } catch (const StatusError&) {
    }
    throw;
  }
  context_->run(sslcuda_graph_end, &graph_);
}

Graph::~Graph() {
  if (!graph_) return;
  try {
    context_->run(sslcuda_graph_destroy, graph_);
  } catch (const StatusError&) {  // a lost device; the context frees what it can
  }
}

}  // namespace host
