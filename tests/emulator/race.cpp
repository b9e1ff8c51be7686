#include "tests/emulator/race.hpp"

#include <cuda_runtime.h>

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "tests/emulator/block.hpp"
#include "tests/emulator/memory.hpp"
#include "tests/emulator/report.hpp"

extern "C" const char __ehdr_start __attribute__((visibility("hidden")));  // of this library

namespace emulator::race {

namespace {

// An epoch is what a block does between two barriers. Numbers only grow, so that an old record
// needs no clearing.
struct Epochs {
  uint32_t now = 0, first_of_block = 0, first_of_launch = 0;
};

// The last access of a kind to a byte.
struct Record {
  static constexpr uint16_t kSeveral = 0xffff;  // threads, all in the same epoch

  uint32_t epoch = 0;
  uint32_t code = 0;  // address relative to the start of the library
  uint16_t thread = 0;
  bool by_other_block = false;  // an earlier one of this launch was
};

struct Cell {
  Record write, read;
};

constexpr unsigned kPageBits = 12;
constexpr uintptr_t kPageBytes = uintptr_t{1} << kPageBits;
using Page = std::array<Cell, kPageBytes>;

// The cells of watched memory, made when first needed, and a cache of the look-up. Nothing
// is watched in a null page.
class Shadow {
 public:
  Cell* at(uintptr_t address) {
    const uintptr_t number = address >> kPageBits;
    Slot& slot = cache_[number % cache_.size()];
    if (slot.number != number) slot = {number, find(number)};
    return slot.page ? &(*slot.page)[address % kPageBytes] : nullptr;
  }

  void forget(uintptr_t begin, uintptr_t end) {
    for (Slot& slot : cache_) slot = {};
    for (uintptr_t number = begin >> kPageBits; number <= end >> kPageBits; ++number) {
      pages_.erase(number);
    }
  }

  void watch_shared(const SharedMemory& shared) {
    shared_begin_ = reinterpret_cast<uintptr_t>(shared.data());
    shared_end_ = shared_begin_ + shared.bytes();
    for (uintptr_t number = shared_begin_ >> kPageBits; number <= shared_end_ >> kPageBits;
         ++number) {
      cache_[number % cache_.size()] = {};
    }
  }

  bool is_shared(uintptr_t address) const {
    return address >= shared_begin_ && address < shared_end_;
  }

 private:
  struct Slot {
    uintptr_t number = ~uintptr_t{0};
    Page* page = nullptr;
  };

  // Of a page where anything is watched.
  Page* find(uintptr_t number) {
    const uintptr_t begin = number << kPageBits, end = begin + kPageBytes;
    const bool has_shared = shared_begin_ < end && begin < shared_end_;
    if (!has_shared && !is_device_memory(reinterpret_cast<const void*>(begin), kPageBytes)) {
      return nullptr;
    }
    auto& page = pages_[number];
    if (!page) page = std::make_unique<Page>();
    return page.get();
  }

  uintptr_t shared_begin_ = 0, shared_end_ = 0;
  std::array<Slot, 4096> cache_;
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
};

Epochs epochs;
std::set<std::pair<uint32_t, uint32_t>> reported;  // pairs of code, of this launch

Shadow& shadow() {
  static Shadow instance;
  return instance;
}

bool conflicts(const Record& record, uint32_t first, unsigned thread) {
  if (record.epoch < first) return false;
  if (record.by_other_block || record.epoch < epochs.first_of_block) return true;
  return record.epoch == epochs.now && record.thread != thread;
}

void note_read(Record& read, uint32_t first, uint32_t code, unsigned thread) {
  const bool stale = read.epoch < first;
  const bool several = !stale && read.epoch == epochs.now && read.thread != thread;
  read.by_other_block = !stale && (read.by_other_block || read.epoch < epochs.first_of_block);
  read.thread = several ? Record::kSeveral : static_cast<uint16_t>(thread);
  read.epoch = epochs.now;
  read.code = code;
}

std::string line_of(uint32_t code) { return line_at(&__ehdr_start + code); }

std::string describe_record(const Record& record) {
  if (record.by_other_block || record.epoch < epochs.first_of_block) return "another block";
  if (record.thread == Record::kSeveral) return "several threads";
  return "thread " + describe(thread_index(record.thread));
}

void report_race(const char* now, uint32_t code, const char* before, const Record& record,
                 bool shared) {
  if (!reported.emplace(code, record.code).second) return;
  report(std::string("race on ") + (shared ? "shared" : "device") + " memory: " + now + " at " +
         line_of(code) + " by block " + describe(blockIdx) + " thread " + describe(threadIdx) +
         ", " + before + " at " + line_of(record.code) + " by " + describe_record(record));
}

void access(const void* memory, size_t bytes, bool is_write, const void* return_address) {
  const Block* const block = Block::current();
  if (!block) return;  // host code
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  const auto code =
      static_cast<uint32_t>(static_cast<const char*>(return_address) - &__ehdr_start - 1);
  const unsigned thread = block->running();
  const bool shared = shadow().is_shared(begin);
  const uint32_t first = shared ? epochs.first_of_block : epochs.first_of_launch;
  Cell* cell = nullptr;
  for (uintptr_t address = begin; address < begin + bytes; ++address) {
    cell = address == begin || address % kPageBytes == 0 ? shadow().at(address) : cell + 1;
    if (!cell) return;
    const char* const now = is_write ? "write" : "read";
    if (conflicts(cell->write, first, thread)) {
      report_race(now, code, "write", cell->write, shared);
    }
    if (!is_write) {
      note_read(cell->read, first, code, thread);
      continue;
    }
    if (conflicts(cell->read, first, thread)) report_race(now, code, "read", cell->read, shared);
    cell->write = {epochs.now, code, static_cast<uint16_t>(thread), false};
  }
}

}  // namespace

void forget(const void* memory, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  shadow().forget(begin, begin + bytes);
}

void begin_launch() {
  epochs.first_of_launch = ++epochs.now;
  reported.clear();
}

void begin_block(const SharedMemory& shared) {
  epochs.first_of_block = ++epochs.now;
  shadow().watch_shared(shared);
}

void at_barrier() { ++epochs.now; }

}  // namespace emulator::race

// What -fsanitize=thread calls. Its own library is not linked.
#define SSLCUDA_WATCH(name, bytes, is_write)                                      \
  void __tsan_##name(void* memory) {                                              \
    emulator::race::access(memory, bytes, is_write, __builtin_return_address(0)); \
  }
#define SSLCUDA_WATCH_SIZE(bytes)                    \
  SSLCUDA_WATCH(read##bytes, bytes, false)           \
  SSLCUDA_WATCH(write##bytes, bytes, true)           \
  SSLCUDA_WATCH(unaligned_read##bytes, bytes, false) \
  SSLCUDA_WATCH(unaligned_write##bytes, bytes, true)

extern "C" {
SSLCUDA_WATCH_SIZE(1)
SSLCUDA_WATCH_SIZE(2)
SSLCUDA_WATCH_SIZE(4)
SSLCUDA_WATCH_SIZE(8)
SSLCUDA_WATCH_SIZE(16)
void __tsan_read_range(void* memory, size_t bytes) {
  emulator::race::access(memory, bytes, false, __builtin_return_address(0));
}
void __tsan_write_range(void* memory, size_t bytes) {
  emulator::race::access(memory, bytes, true, __builtin_return_address(0));
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
