// context.hpp - what a context owns: a device, a stream, a workspace, allocations, graphs, and the
// message of its last failure.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

#include "capi/error.hpp"
#include "kernels/backend.hpp"
#include "sslcuda.h"

namespace sslcuda {

sslcuda_status status_of(Fault fault);

class Context {
 public:
  enum class Mode { kRun, kPlan, kCapture };

  Context(std::unique_ptr<Device> device, bool trust_pointers);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Device& device() { return *device_; }
  const OpTable& ops() const { return device_->ops(); }
  Mode mode() const { return mode_; }
  bool checks_pointers() const { return !trust_pointers_; }
  // Can a check look at the contents of a tensor now? Not on CUDA, nor while they are to come.
  bool contents_readable() const { return !device_->is_cuda() && mode_ == Mode::kRun; }

  // Queues an op: runs it, records it, or only notes its workspace, as the mode has it.
  template <class Args>
  void run(const Op<Args>& op, const Args& args) {
    if (!op.launch) fail(SSLCUDA_UNSUPPORTED, "must not be called on ", device_->describe());
    const size_t bytes = op.workspace ? op.workspace(args) : 0;
    plan_bytes_ = std::max(plan_bytes_, bytes);
    if (mode_ == Mode::kPlan) return;
    if (bytes > workspace_bytes_) {
      fail(SSLCUDA_WORKSPACE, "the workspace must have ", bytes, " bytes, got ", workspace_bytes_,
           "; call sslcuda_context_reserve(ctx, ", bytes, ")");
    }
    submit([exec = Exec{stream_, workspace_}, args, launch = op.launch] {
      return launch(exec, args);
    });
  }

  void fill(void* destination, int value, size_t bytes);
  void copy(void* destination, const void* source, size_t bytes, CopyDirection direction);
  void synchronize() { check(device_->synchronize(stream_)); }

  // Refuses a call that only makes sense while nothing is planned or captured.
  void require_run_mode() const;

  void* stream() const { return stream_; }
  void set_stream(void* stream) { stream_ = stream ? stream : device_->own_stream(); }

  void plan_begin();
  size_t plan_end();
  void reserve(size_t bytes);
  void set_workspace(void* buffer, size_t bytes);

  void* alloc(size_t bytes);
  void free(void* pointer);

  void graph_begin();
  sslcuda_graph* graph_end();
  void graph_launch(sslcuda_graph* graph);
  void graph_destroy(sslcuda_graph* graph);

  // Turns a backend's error number into an Error; 0 is success.
  void check(int error);
  void require_alive() const;

  void set_log(int level, sslcuda_log_callback callback, void* user);
  // Cannot fail for want of memory: what is logged has been done.
  template <class... Parts>
  void log(int level, const Parts&... parts) const {
    if (level > log_level_) return;
    std::string message;
    try {
      message = text(parts...);
    } catch (const std::bad_alloc&) {
      return;
    }
    log_callback_(level, message.c_str(), log_user_);
  }
  void remember(const std::string& message);
  std::string last_message() const;

  // The flag of the one call that may be inside; see call.hpp.
  std::atomic<bool> busy{false};

 private:
  template <class Call>
  void submit(Call&& call) {
    if (mode_ == Mode::kPlan) return;
    if (mode_ == Mode::kCapture && device_->records()) {
      device_->record(std::forward<Call>(call));
    } else {
      check(call());
    }
  }
  void require_own(const sslcuda_graph* graph) const;
  // Notes what is freed with the context. Without memory for that, frees `otherwise_lost` instead.
  void keep(void* pointer, size_t bytes, void* otherwise_lost);

  std::unique_ptr<Device> device_;
  void* stream_;
  const bool trust_pointers_;
  bool lost_ = false;
  Mode mode_ = Mode::kRun;

  size_t plan_bytes_ = 0;
  void* workspace_ = nullptr;
  size_t workspace_bytes_ = 0;
  void* own_workspace_ = nullptr;
  size_t own_workspace_bytes_ = 0;

  std::unordered_map<void*, size_t> allocations_;  // outgrown workspaces of live graphs included
  std::vector<std::unique_ptr<sslcuda_graph>> graphs_;

  int log_level_ = SSLCUDA_LOG_OFF;
  sslcuda_log_callback log_callback_ = nullptr;
  void* log_user_ = nullptr;
  mutable std::mutex message_mutex_;  // read while another thread's call is inside
  std::string message_;
};

}  // namespace sslcuda

struct sslcuda_context final : sslcuda::Context {
  using Context::Context;
};

struct sslcuda_graph {
  void* native = nullptr;
};
