// shadow.hpp - for every byte of watched memory, who has read and written it last. Race build only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "tests/emulator/memory.hpp"
#include "tests/emulator/shared_memory.hpp"

namespace emulator::race {

// An access. Times only grow, from launch to launch, so that old records need no clearing.
struct Record {
  uint32_t time = 0;
  uint32_t code = 0;  // where, as Sites has it
  uint16_t agent = 0;
};

struct Cell {
  Record write;
  Record reads[2];      // by different agents of the blocks that run together
  Record foreign_read;  // by a block before them
};

// The cells of watched memory, made when first needed, and a cache of the look-up. Nothing is
// watched in a null page.
class Shadow {
 public:
  static constexpr unsigned kPageBits = 12;
  static constexpr uintptr_t kPageBytes = uintptr_t{1} << kPageBits;

  // The cell of the first byte of a page, or the one after that of the byte before.
  Cell* at(uintptr_t address) {
    const uintptr_t number = address >> kPageBits;
    Slot& slot = cache_[number % cache_.size()];
    if (slot.number != number) slot = {number, find(number)};
    return slot.page ? &(*slot.page)[address % kPageBytes] : nullptr;
  }

  void forget(uintptr_t begin, uintptr_t end) {
    cache_.fill({});
    for (uintptr_t number = begin >> kPageBits; number <= end >> kPageBits; ++number) {
      pages_.erase(number);
    }
  }

  // Arenas lie at different addresses for as long as the process runs.
  void watch(std::span<const SharedMemory* const> shared) {
    for (const SharedMemory* memory : shared) {
      const auto begin = reinterpret_cast<uintptr_t>(memory->arena());
      if (is_shared(begin)) continue;
      arenas_.push_back(begin);
      cache_.fill({});
    }
  }

  bool is_shared(uintptr_t address) const {
    for (const uintptr_t begin : arenas_) {
      if (address - begin < SharedMemory::kArena) return true;
    }
    return false;
  }

  bool is_start_of_arena(uintptr_t address) const {
    return std::find(arenas_.begin(), arenas_.end(), address) != arenas_.end();
  }

 private:
  using Page = std::array<Cell, kPageBytes>;
  struct Slot {
    uintptr_t number = ~uintptr_t{0};
    Page* page = nullptr;
  };

  // Of a page where anything is watched.
  Page* find(uintptr_t number) {
    const uintptr_t begin = number << kPageBits;
    if (!is_shared(begin) && !is_device_memory(reinterpret_cast<const void*>(begin), kPageBytes)) {
      return nullptr;
    }
    auto& page = pages_[number];
    if (!page) page = std::make_unique<Page>();
    return page.get();
  }

  std::vector<uintptr_t> arenas_;
  std::array<Slot, 4096> cache_;
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
};

}  // namespace emulator::race
