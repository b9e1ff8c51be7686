// tensor_copy.cpp - boxes of a tensor to and from shared memory, where they lie densely, innermost
// dimension first, and swizzled by their address. What lies outside the tensor reads as zero and is
// not written.

#include <cstring>
#include <string>

#include "tests/emulator/bulk.hpp"

namespace emulator {

namespace {

uint32_t box_elements(const TensorMap& map) {
  uint32_t count = 1;
  for (unsigned i = 0; i < map.rank; ++i) count *= map.box[i];
  return count;
}

// The box of a copy: its elements in device memory, by their number in the box.
class Box {
 public:
  Box(const TensorMap& map, const int32_t* coordinates) : map_(map) {
    std::copy_n(coordinates, map.rank, first_);
  }

  const TensorMap& map() const { return map_; }
  uint32_t elements() const { return box_elements(map_); }
  uint32_t bytes() const { return elements() * element_bytes(map_.type); }

  // Null: outside the tensor.
  unsigned char* element(uint32_t number) const {
    unsigned char* address = map_.base;
    for (unsigned i = 0; i < map_.rank; ++i) {
      const int64_t at = first_[i] + static_cast<int64_t>(number % map_.box[i]);
      number /= map_.box[i];
      if (at < 0 || at >= static_cast<int64_t>(map_.extent[i])) return nullptr;
      address += static_cast<uint64_t>(at) * map_.stride[i];
    }
    return address;
  }

  // From the first byte of its shared memory, whose address in the block is `start`.
  int64_t shared_offset(uint32_t start, uint32_t number) const {
    const uint32_t linear = start + number * element_bytes(map_.type);
    return static_cast<int64_t>(swizzle(linear, map_.swizzle_bytes)) - start;
  }

 private:
  const TensorMap map_;
  int32_t first_[kMaxTensorRank] = {};
};

// Lines of a swizzled tile repeat after 8; without swizzle bulk tensor copies want 128 bytes.
size_t shared_alignment(const TensorMap& map) {
  constexpr size_t kLines = 8, kPlain = 128;
  return map.swizzle_bytes == 0 ? kPlain : kLines * map.swizzle_bytes;
}

void check(const TensorMap& map, unsigned rank, const Where& where) {
  Group& group = *Group::current();
  if (map.mark != TensorMap::kMark) group.fail("not a tensor map", where);
  if (map.rank != rank) {
    group.fail("copy of rank " + std::to_string(rank) + " by a tensor map of rank " +
                   std::to_string(map.rank),
               where);
  }
}

}  // namespace

void tensor_load(uint32_t to, const TensorMap& map, const int32_t* coordinates, unsigned rank,
                 const Delivery& delivery, const Where& where) {
  check(map, rank, where);
  const Box box(map, coordinates);
  const auto all = targets_of(to, box.bytes(), shared_alignment(map), delivery, where);
  const uint32_t start = offset_in_block(to);
  const auto load = [=, agent = start_agent(race::Proxy::kAsync)] {
    const uint32_t bytes = element_bytes(box.map().type);
    for (const Target& target : all) {
      for (uint32_t i = 0; i < box.elements(); ++i) {
        const unsigned char* const from = box.element(i);
        unsigned char* const memory = target.memory + box.shared_offset(start, i);
        race::access(agent, memory, bytes, true, where);
        if (from) {
          race::access(agent, from, bytes, false, where);
          std::memcpy(memory, from, bytes);
        } else {
          std::memset(memory, 0, bytes);
        }
      }
      deliver(target, box.bytes(), agent, where);
    }
  };
  Group::current()->later(load);
  Group::current()->maybe_yield(where);
}

void tensor_store(const TensorMap& map, const int32_t* coordinates, unsigned rank, uint32_t from,
                  bool adds, const Where& where) {
  check(map, rank, where);
  const Box box(map, coordinates);
  const unsigned char* const memory = resolve(from, box.bytes(), shared_alignment(map), where);
  const uint32_t start = offset_in_block(from);
  const auto store = [=](const race::Agent& reads, const race::Agent& writes) {
    const uint32_t bytes = element_bytes(box.map().type);
    for (uint32_t i = 0; i < box.elements(); ++i) {
      const unsigned char* const source = memory + box.shared_offset(start, i);
      unsigned char* const to = box.element(i);
      race::access(reads, source, bytes, false, where);
      if (!to) continue;
      race::access(writes, to, bytes, true, where);
      if (adds) {
        add_element(box.map().type, to, source);
      } else {
        std::memcpy(to, source, bytes);
      }
    }
  };
  start_store(store, where);
}

}  // namespace emulator
