#include "tests/emulator/warp.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/emulator/group.hpp"
#include "tests/emulator/report.hpp"

namespace emulator {

namespace {

template <class Argument, class Use>
void each_lane(void* const* arguments, unsigned mask, const Use& use) {
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) use(*static_cast<Argument*>(arguments[lane]), lane);
  }
}

void meet(unsigned mask, void* argument, WarpOperation operation, const Where& where) {
  Group::current()->block().warp_operation(mask, argument, operation, where);
}

struct Shuffle {
  uint64_t brought, taken;
  unsigned source;
};

struct Vote {
  bool predicate;
  uint32_t all;
};

struct Reduce {
  uint32_t value;
  Reduction reduction;
  bool is_signed;
};

uint32_t combine(const Reduce& how, uint32_t a, uint32_t b) {
  const bool a_first = how.is_signed ? static_cast<int32_t>(a) < static_cast<int32_t>(b) : a < b;
  switch (how.reduction) {
    case Reduction::kAdd:
      return a + b;
    case Reduction::kMin:
      return a_first ? a : b;
    case Reduction::kMax:
      return a_first ? b : a;
    case Reduction::kAnd:
      return a & b;
    case Reduction::kOr:
      return a | b;
    case Reduction::kXor:
      return a ^ b;
  }
  __builtin_unreachable();
}

}  // namespace

unsigned lane() { return Group::current()->self().number % kWarp; }

uint64_t shuffle(unsigned mask, uint64_t value, unsigned source, const Where& where) {
  if (source >= kWarp || (mask >> source & 1) == 0) {
    Group::current()->fail(
        "reads lane " + std::to_string(source) + ", which mask " + hex(mask) + " lacks", where);
  }
  Shuffle shuffle = {value, 0, source};
  meet(
      mask, &shuffle,
      [](void* const* arguments, unsigned lanes) {
        each_lane<Shuffle>(arguments, lanes, [&](Shuffle& mine, unsigned) {
          mine.taken = static_cast<const Shuffle*>(arguments[mine.source])->brought;
        });
      },
      where);
  return shuffle.taken;
}

uint32_t ballot(unsigned mask, bool predicate, const Where& where) {
  Vote vote = {predicate, 0};
  meet(
      mask, &vote,
      [](void* const* arguments, unsigned lanes) {
        uint32_t all = 0;
        each_lane<Vote>(arguments, lanes,
                        [&](Vote& one, unsigned lane) { all |= uint32_t{one.predicate} << lane; });
        each_lane<Vote>(arguments, lanes, [&](Vote& one, unsigned) { one.all = all; });
      },
      where);
  return vote.all;
}

uint32_t reduce(unsigned mask, Reduction reduction, uint32_t value, bool is_signed,
                const Where& where) {
  Reduce reduce = {value, reduction, is_signed};
  meet(
      mask, &reduce,
      [](void* const* arguments, unsigned lanes) {
        const Reduce* first = nullptr;
        uint32_t result = 0;
        each_lane<Reduce>(arguments, lanes, [&](const Reduce& one, unsigned) {
          result = first ? combine(one, result, one.value) : one.value;
          first = &one;
        });
        each_lane<Reduce>(arguments, lanes, [&](Reduce& one, unsigned) { one.value = result; });
      },
      where);
  return reduce.value;
}

bool elect(unsigned mask, const Where& where) {
  const Thread& self = Group::current()->self();
  converge(mask, where);
  std::vector<unsigned> lanes;
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) lanes.push_back(lane);
  }
  const unsigned warp = self.slot / kWarp;
  const auto chosen = Random(options().seed + warp).below(static_cast<uint32_t>(lanes.size()));
  return lane() == lanes[chosen];
}

void syncwarp(unsigned mask, const Where& where) {
  meet(
      mask, &Group::current()->self(),
      [](void* const* arguments, unsigned lanes) {
        std::vector<Thread*> threads;
        each_lane<Thread>(arguments, lanes,
                          [&](Thread& thread, unsigned) { threads.push_back(&thread); });
        race::meet(threads, {});
      },
      where);
}

void converge(unsigned mask, const Where& where) {
  meet(
      mask, nullptr, [](void* const*, unsigned) {}, where);
}

void give_registers(unsigned count, const Where& where) {
  converge(~0u, where);
  Group::current()->block().give_registers(count, where);
}

void take_registers(unsigned count, const Where& where) {
  converge(~0u, where);
  Group::current()->block().take_registers(count, where);
}

}  // namespace emulator
