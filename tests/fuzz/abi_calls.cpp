// abi_calls.cpp - the calls that are no ops: copies, planning, workspace, graphs, questions.
#include <algorithm>

#include "tests/fuzz/abi_world.hpp"
#include "tests/fuzz/values.hpp"
#include "tests/fuzz/violated.hpp"

namespace fuzz {
namespace {

constexpr int32_t kDirections[] = {0, 1, 2, 0, 1, 2, 3, -1};

// A call into the context that is just calling.
void meddle(int32_t, const char*, void* user) {
  if (sslcuda_synchronize(static_cast<sslcuda_context*>(user)) != SSLCUDA_BUSY) {
    violated("a context served two calls at once");
  }
}

}  // namespace

// Memory that holds so many bytes; for more than there are any will do, because they are refused.
uint8_t* World::bytes_in(Input& input, size_t bytes) {
  const size_t index = input.below(Memory::kBlocks + 1);
  if (index == Memory::kBlocks) return nullptr;
  const size_t offset = input.below(64);
  return memory().block(index) + (bytes + offset <= Memory::kBytes ? offset : 0);
}

void World::copy(Input& input) {
  const Target to = target(input);
  size_t bytes = byte_count(input);
  if (bytes > Memory::kBytes && bytes < PTRDIFF_MAX) bytes = Memory::kBytes;
  uint8_t* const source = bytes_in(input, bytes);
  uint8_t* const destination = bytes_in(input, bytes);
  const int32_t direction = input.one_of(kDirections);
  check("sslcuda_copy", to, sslcuda_copy(to.handle, destination, source, bytes, direction));
}

void World::fill(Input& input) {
  const Target to = target(input);
  size_t bytes = byte_count(input);
  if (bytes > Memory::kBytes && bytes < PTRDIFF_MAX) bytes = Memory::kBytes;
  const int32_t value = static_cast<int32_t>(whole_number(input));
  check("sslcuda_fill", to, sslcuda_fill(to.handle, bytes_in(input, bytes), value, bytes));
}

void World::plan(Input& input) {
  const Target to = target(input);
  if (input.below(2) == 0) {
    expect("sslcuda_plan_begin", to, sslcuda_plan_begin(to.handle), only_in(Mode::kRun, to));
    if (to.slot && to.slot->mode == Mode::kRun) to.slot->mode = Mode::kPlan;
    return;
  }
  size_t bytes = 0;
  if (input.below(8) == 0) {
    return expect("sslcuda_plan_end", to, sslcuda_plan_end(to.handle, nullptr),
                  SSLCUDA_NULL_POINTER);
  }
  expect("sslcuda_plan_end", to, sslcuda_plan_end(to.handle, &bytes), only_in(Mode::kPlan, to));
  if (to.slot && to.slot->mode == Mode::kPlan) to.slot->mode = Mode::kRun;
}

void World::workspace(Input& input) {
  const Target to = target(input);
  const size_t bytes = byte_count(input);
  if (input.below(2) == 0) {
    return check("sslcuda_context_reserve", to, sslcuda_context_reserve(to.handle, bytes));
  }
  static constexpr size_t kOffsets[] = {0, 256, 0, 1};
  const bool own = input.below(4) == 0;
  const size_t offset = input.one_of(kOffsets);
  const size_t given = bytes > PTRDIFF_MAX ? bytes : std::min(bytes, Memory::kBytes - offset);
  check("sslcuda_context_set_workspace", to,
        sslcuda_context_set_workspace(to.handle, own ? nullptr : memory().workspace() + offset,
                                      own ? bytes % 2 : given));
}

void World::record(Input& input) {
  const Target to = target(input);
  if (input.below(2) == 0) {
    expect("sslcuda_graph_begin", to, sslcuda_graph_begin(to.handle), only_in(Mode::kRun, to));
    if (to.slot && to.slot->mode == Mode::kRun) to.slot->mode = Mode::kCapture;
    return;
  }
  if (input.below(8) == 0) {
    return expect("sslcuda_graph_end", to, sslcuda_graph_end(to.handle, nullptr),
                  SSLCUDA_NULL_POINTER);
  }
  sslcuda_graph* graph = nullptr;
  expect("sslcuda_graph_end", to, sslcuda_graph_end(to.handle, &graph),
         only_in(Mode::kCapture, to));
  if (!graph) return;
  to.slot->mode = Mode::kRun;
  to.slot->graphs.push_back(graph);
}

void World::replay(Input& input) {
  const Target to = target(input);
  const Target owner = target(input);  // seldom another one
  auto* graph = reinterpret_cast<sslcuda_graph*>(foreign_.data());
  if (owner.slot && !owner.slot->graphs.empty()) {
    graph = owner.slot->graphs[input.below(owner.slot->graphs.size())];
  }
  if (input.below(16) == 0) graph = nullptr;
  const bool launch = input.below(3) != 0;
  const char* const function = launch ? "sslcuda_graph_launch" : "sslcuda_graph_destroy";
  const sslcuda_status status =
      launch ? sslcuda_graph_launch(to.handle, graph) : sslcuda_graph_destroy(to.handle, graph);
  if (!to.slot) return expect(function, to, status, SSLCUDA_OK);
  auto& own = to.slot->graphs;
  const bool known = std::find(own.begin(), own.end(), graph) != own.end();
  sslcuda_status expected = only_in(Mode::kRun, to);
  if (launch && !graph) expected = SSLCUDA_NULL_POINTER;
  if (expected == SSLCUDA_OK && graph && !known) expected = SSLCUDA_INVALID_VALUE;
  expect(function, to, status, expected);
  if (!launch && status == SSLCUDA_OK) std::erase(own, graph);
}

void World::ask(Input& input) {
  const Target to = target(input);
  char text[64];
  int32_t device = 0, ordinal = 0;
  sslcuda_stream stream = nullptr;
  const size_t capacity = input.below(sizeof text + 1);
  char* const buffer = input.below(8) == 0 ? nullptr : text;
  const sslcuda_status by_buffer = !buffer         ? SSLCUDA_NULL_POINTER
                                   : capacity == 0 ? SSLCUDA_INVALID_VALUE
                                                   : SSLCUDA_OK;
  switch (input.below(8)) {
    case 0:
      return expect("sslcuda_synchronize", to, sslcuda_synchronize(to.handle),
                    only_in(Mode::kRun, to));
    case 1:
      return expect("sslcuda_context_describe", to,
                    sslcuda_context_describe(to.handle, buffer, capacity), by_buffer);
    case 2:
      return expect("sslcuda_context_device", to,
                    sslcuda_context_device(to.handle, buffer ? &device : nullptr, &ordinal),
                    buffer ? SSLCUDA_OK : SSLCUDA_NULL_POINTER);
    case 3:
      return expect("sslcuda_context_get_stream", to,
                    sslcuda_context_get_stream(to.handle, buffer ? &stream : nullptr),
                    buffer ? SSLCUDA_OK : SSLCUDA_NULL_POINTER);
    case 4: {
      auto* const other = reinterpret_cast<sslcuda_stream>(buffer);
      const sslcuda_status by_mode = only_in(Mode::kRun, to);
      return expect("sslcuda_context_set_stream", to, sslcuda_context_set_stream(to.handle, other),
                    by_mode ? by_mode
                    : other ? SSLCUDA_UNSUPPORTED
                            : SSLCUDA_OK);
    }
    case 5:
      if (!to.handle || to.slot) {  // the message of the thread, or of the context
        const sslcuda_status status = sslcuda_last_message(to.handle, buffer, capacity);
        if (status != by_buffer) violated("sslcuda_last_message");
      } else if (sslcuda_last_message(to.handle, text, 1) != SSLCUDA_INVALID_CONTEXT) {
        violated("the message of a context that is none");
      }
      return;
    case 6:
      if (sslcuda_device_count(buffer ? &device : nullptr) !=
          (buffer ? SSLCUDA_OK : SSLCUDA_NULL_POINTER)) {
        violated("sslcuda_device_count");
      }
      return;
    default:
      if (!sslcuda_status_name(static_cast<sslcuda_status>(whole_number(input)))) {
        violated("a status without a name");
      }
  }
}

void World::log(Input& input) {
  const Target to = target(input);
  const auto level = static_cast<int32_t>(choice(input));
  const bool listens = input.below(2) == 0;
  expect("sslcuda_context_set_log", to,
         sslcuda_context_set_log(to.handle, level, listens ? meddle : nullptr, to.handle),
         level < 0 || level > 3 ? SSLCUDA_INVALID_VALUE : SSLCUDA_OK);
}

// Structs of another version, and none at all.
void World::structs(Input& input) {
  const Target to = target(input);
  sslcuda_conv2d_shape conv{};
  sslcuda_pool2d_shape pool{};
  sslcuda_augmentation augmentation = SSLCUDA_AUGMENTATION_INIT;
  sslcuda_contrastive_args contrastive = SSLCUDA_CONTRASTIVE_INIT;
  conv.size = pool.size = augmentation.size = contrastive.size = byte_count(input);
  const bool given = input.below(4) != 0;
  const sslcuda_status expected = given ? SSLCUDA_VERSION_MISMATCH : SSLCUDA_NULL_POINTER;
  switch (input.below(4)) {
    case 0:
      return expect("sslcuda_conv2d_forward", to,
                    sslcuda_conv2d_forward(to.handle, 0, given ? &conv : nullptr, nullptr, nullptr,
                                           nullptr, 0, nullptr),
                    expected);
    case 1:
      return expect(
          "sslcuda_pool2d_forward", to,
          sslcuda_pool2d_forward(to.handle, 0, 0, given ? &pool : nullptr, nullptr, nullptr),
          expected);
    case 2:
      return expect("sslcuda_augment", to,
                    sslcuda_augment(to.handle, 0, 1, 1, 1, 1, nullptr, 1,
                                    given ? &augmentation : nullptr, 0, 0, nullptr, nullptr),
                    expected);
    default:
      return expect("sslcuda_contrastive", to,
                    sslcuda_contrastive(to.handle, 0, given ? &contrastive : nullptr), expected);
  }
}

}  // namespace fuzz
