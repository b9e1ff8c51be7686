// abi_ops.cpp - the ops of tests/abi/entries.hpp with some arguments replaced. A call that would
// reach beyond its memory, which no library can notice, is planned only.
#include <algorithm>

#include "tests/abi/entries.hpp"
#include "tests/fuzz/abi_world.hpp"
#include "tests/fuzz/values.hpp"
#include "tests/fuzz/violated.hpp"

namespace fuzz {
namespace {

using sslcuda::test::Entries;
using sslcuda::test::Entry;
using sslcuda::test::Pointer;

// A tensor of four such extents, padded and in float32, fits a block of memory.
constexpr int64_t kLargest = 6;

const std::vector<Entry>& entries() {
  static auto* const all = new Entries;
  return all->all();
}

template <class Map>
auto pick_place(Input& input, Map& map) {
  return std::next(map.begin(), static_cast<std::ptrdiff_t>(input.below(map.size())));
}

template <class Map>
auto* pick(Input& input, Map& map) {
  if (map.empty()) return static_cast<typename Map::mapped_type*>(nullptr);
  return &pick_place(input, map)->second;
}

void spoil_scalar(Input& input, Entry& entry) {
  if (entry.scalars.empty()) return;
  auto& [name, value] = *pick_place(input, entry.scalars);
  // Adam's step is a whole number in the call.
  value = name == "step" ? static_cast<double>(whole_number(input) / 4) : real_number(input);
}

void fill_memory(Input& input, const Pointer& pointer) {
  constexpr size_t kSome = 4096;
  auto* const bytes = static_cast<uint8_t*>(pointer.data);
  const uint8_t kind = input.byte();
  const auto number = static_cast<float>(real_number(input));
  const int64_t whole = whole_number(input);
  for (size_t k = 0; k + 8 <= kSome; k += 8) {
    if (kind % 3 == 0) {
      std::memcpy(bytes + k, &number, sizeof number);
      std::memcpy(bytes + k + 4, &number, sizeof number);
    } else if (kind % 3 == 1) {
      std::memcpy(bytes + k, &whole, sizeof whole);
    } else {
      std::fill(bytes + k, bytes + k + 8, static_cast<uint8_t>(kind + 37 * k));
    }
  }
}

void spoil_pointer(Input& input, Entry& entry) {
  Pointer* const pointer = pick(input, entry.pointers);
  if (!pointer || !pointer->data) return;
  static constexpr size_t kOffsets[] = {1, 2, 4, 8, 60, 256};
  switch (input.below(5)) {
    case 0:
      pointer->data = nullptr;
      return;
    case 1:
      pointer->data = static_cast<uint8_t*>(pointer->data) + input.one_of(kOffsets);
      return;
    case 2:
      if (Pointer* const other = pick(input, entry.pointers)) pointer->data = other->data;
      return;
    default:
      return fill_memory(input, *pointer);
  }
}

void spoil(Input& input, Entry& entry) {
  switch (input.below(6)) {
    case 0:
    case 1:
      if (int64_t* const extent = pick(input, entry.extents)) *extent = whole_number(input);
      return;
    case 2:
      if (int64_t* const number = pick(input, entry.fixed)) *number = whole_number(input);
      return;
    case 3:
      if (int64_t* const value = pick(input, entry.choices)) *value = choice(input);
      return;
    case 4:
      return spoil_scalar(input, entry);
    default:
      return spoil_pointer(input, entry);
  }
}

Entry spoilt_entry(Input& input, const Entry& valid) {
  Entry entry = valid;
  size_t block = 0;
  for (auto& [name, pointer] : entry.pointers) pointer.data = memory().block(block++);
  const size_t times = input.below(5);
  for (size_t i = 0; i < times; ++i) spoil(input, entry);
  return entry;
}

bool fits(const Entry& entry, const Entry& valid) {
  const auto small = [](const auto& numbers, const auto& usual) {
    return std::all_of(numbers.begin(), numbers.end(), [&](const auto& number) {
      return number.second <= std::max(kLargest, usual.at(number.first));
    });
  };
  return small(entry.extents, valid.extents) && small(entry.fixed, valid.fixed);
}

std::vector<uint8_t> outputs(const Entry& entry) {
  std::vector<uint8_t> all;
  for (const auto& [name, pointer] : entry.pointers) {
    if (!pointer.is_output() || !pointer.data) continue;
    const auto* const bytes = static_cast<const uint8_t*>(pointer.data);
    all.insert(all.end(), bytes, bytes + pointer.bytes);
  }
  return all;
}

}  // namespace

void World::op(Input& input) {
  const Target to = target(input);
  const Entry& valid = entries()[input.below(entries().size())];
  const Entry entry = spoilt_entry(input, valid);
  const char* const function = entry.name.c_str();
  const sslcuda_status planned = entry.call(planner_, entry);
  check(function, {planner_, &slots_[0]}, planned);
  if (planned == SSLCUDA_OK && !fits(entry, valid)) return;
  const std::vector<uint8_t> before = outputs(entry);
  const sslcuda_status status = entry.call(to.handle, entry);
  check(function, to, status);
  if (!to.slot || planned != SSLCUDA_OK || to.slot->mode == Mode::kPlan) {
    expect(function, to, status, planned);
  }
  const bool may_write = status == SSLCUDA_OK && to.slot->mode == Mode::kRun;
  if (!may_write && outputs(entry) != before) violated(entry.name + ": outputs were written");
}

}  // namespace fuzz
