// abi_world.hpp - what a program of ABI calls works on: contexts, also destroyed and foreign ones,
// and memory; with what the library promises of every call.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sslcuda.h"
#include "tests/fuzz/input.hpp"

namespace fuzz {

enum class Mode { kRun, kPlan, kCapture };

struct Slot {
  sslcuda_context* handle = nullptr;  // stays here when it is destroyed
  bool live = false;
  Mode mode = Mode::kRun;
  std::vector<void*> allocated;
  std::vector<sslcuda_graph*> graphs;
};

// The context of a call; without a slot it is none.
struct Target {
  sslcuda_context* handle;
  Slot* slot;
};

// Buffers that outlive all contexts, because graphs keep pointers to them.
class Memory {
 public:
  static constexpr size_t kBlocks = 20, kBytes = 65536;
  uint8_t* block(size_t index) { return blocks_[index].data(); }
  uint8_t* workspace() { return workspace_.data(); }
  void clear();

 private:
  struct alignas(256) Block : std::array<uint8_t, kBytes> {};
  std::array<Block, kBlocks> blocks_;
  Block workspace_;
};

Memory& memory();

class World {
 public:
  World();
  ~World();  // destroys what is left
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Target target(Input& input);
  // The status that the arguments alone lead to: of a context that is always planning.
  sslcuda_context* planner() const { return planner_; }

  // Every call ends here: its status must be a documented one, and its message must name it.
  void check(const char* function, const Target& target, sslcuda_status status);
  // The same, and the status is known. Of a context that is none it always is.
  void expect(const char* function, const Target& target, sslcuda_status status,
              sslcuda_status expected);

  // CAPTURE outside of the mode, else OK.
  static sslcuda_status only_in(Mode mode, const Target& target) {
    return target.slot && target.slot->mode != mode ? SSLCUDA_CAPTURE : SSLCUDA_OK;
  }

  void create(Input& input);
  void destroy(Input& input);
  void allocate(Input& input);
  void release(Input& input);
  void copy(Input& input);
  void fill(Input& input);
  void plan(Input& input);
  void workspace(Input& input);
  void record(Input& input);
  void replay(Input& input);
  void ask(Input& input);
  void log(Input& input);
  void structs(Input& input);
  void op(Input& input);  // one of tests/abi/entries.hpp, spoilt

 private:
  static constexpr size_t kSlots = 4;
  void* pointer(Input& input, const Slot* slot);
  uint8_t* bytes_in(Input& input, size_t bytes);

  std::array<Slot, kSlots> slots_;
  sslcuda_context* planner_ = nullptr;
  std::array<int64_t, 64> foreign_{};
};

uint64_t calls_made();

}  // namespace fuzz
