#include "tests/emulator/mbarrier.hpp"

#include "tests/emulator/address.hpp"
#include "tests/emulator/group.hpp"
#include "tests/emulator/report.hpp"

namespace emulator {

namespace {

// Pending arrivals in bits 0 to 19, their count in 20 to 39, bytes to come in 40 to 60 as an
// excess, the phase in 61, and 0b10 on top.
constexpr unsigned kCountBits = 20, kBytesBits = 21;
constexpr int64_t kBytesLimit = (int64_t{1} << 20) - 1;
constexpr uint64_t kMark = 2, kMarkShift = 62, kPhaseShift = 61;

constexpr uint64_t field(uint64_t object, unsigned shift, unsigned bits) {
  return object >> shift & ((uint64_t{1} << bits) - 1);
}

}  // namespace

bool Mbarriers::is_valid(uint64_t object) { return object >> kMarkShift == kMark; }

Mbarriers::Fields Mbarriers::unpack(uint64_t object) {
  return {field(object, 0, kCountBits), field(object, kCountBits, kCountBits),
          static_cast<int64_t>(field(object, 2 * kCountBits, kBytesBits)) - kBytesLimit,
          field(object, kPhaseShift, 1)};
}

uint64_t Mbarriers::pack(const Fields& fields) {
  return fields.pending | fields.count << kCountBits |
         static_cast<uint64_t>(fields.bytes + kBytesLimit) << 2 * kCountBits |
         fields.phase << kPhaseShift | kMark << kMarkShift;
}

uint64_t* Mbarriers::find(uint32_t address, const Where& where) {
  auto* const object =
      reinterpret_cast<uint64_t*>(resolve(address, sizeof(uint64_t), sizeof(uint64_t), where));
  race::use(object, where);
  if (!is_valid(*object)) group_.fail("mbarrier that is not initialised, or overwritten", where);
  return object;
}

void Mbarriers::init(uint32_t address, uint32_t count, const Where& where) {
  auto* const object =
      reinterpret_cast<uint64_t*>(resolve(address, sizeof(uint64_t), sizeof(uint64_t), where));
  if (count == 0 || count >= 1u << kCountBits)
    group_.fail("mbarrier for 0 or too many arrivals", where);
  if (const auto found = waiters_.find(object); found != waiters_.end()) {
    group_.fail("mbarrier that is in use already", where);
  }
  race::access(object, sizeof *object, true, where);
  waiters_[object] = {};
  *object = pack({count, count, 0, 0});
}

void Mbarriers::invalidate(uint32_t address, const Where& where) {
  uint64_t* const object = find(address, where);
  if (!waiters_[object].threads.empty()) group_.fail("mbarrier.inval while threads wait", where);
  race::access(object, sizeof *object, true, where);
  waiters_.erase(object);
  *object = ~uint64_t{0};
}

void Mbarriers::arrive(uint32_t address, uint32_t expected_bytes, const Where& where) {
  uint64_t* const object = find(address, where);
  Fields fields = unpack(*object);
  if (fields.pending == 0) {
    group_.fail("mbarrier: more arrivals in a phase than its " + std::to_string(fields.count),
                where);
  }
  fields.bytes += expected_bytes;
  if (fields.bytes > kBytesLimit) group_.fail("mbarrier: more than 2^20 - 1 bytes expected", where);
  --fields.pending;
  waiters_[object].arrivals.join(race::release());
  update(object, fields);
  group_.maybe_yield(where);
}

void Mbarriers::expect(uint32_t address, uint32_t bytes, const Where& where) {
  uint64_t* const object = find(address, where);
  Fields fields = unpack(*object);
  fields.bytes += bytes;
  if (fields.bytes > kBytesLimit) group_.fail("mbarrier: more than 2^20 - 1 bytes expected", where);
  update(object, fields);
}

void Mbarriers::complete(uint64_t* object, uint32_t bytes, const race::Agent& agent,
                         const Where& where) {
  if (!is_valid(*object)) {
    return group_.note_fault(describe(where) + ": the mbarrier of a copy has been overwritten");
  }
  Fields fields = unpack(*object);
  fields.bytes -= bytes;
  if (fields.bytes < -kBytesLimit) {
    return group_.note_fault(describe(where) + ": more than 2^20 - 1 bytes that nobody expects");
  }
  race::add(waiters_[object].arrivals, agent);
  update(object, fields);
}

void Mbarriers::update(uint64_t* object, Fields fields) {
  if (fields.pending == 0 && fields.bytes == 0) {
    Waiters& waiters = waiters_[object];
    waiters.completed[fields.phase] = waiters.arrivals;
    fields.phase ^= 1;
    fields.pending = fields.count;
    group_.wake_all(waiters.threads);
  }
  *object = pack(fields);
}

bool Mbarriers::is_over(uint64_t* object, uint32_t parity, const Where& where) {
  if (!is_valid(*object)) group_.fail("mbarrier was overwritten while threads wait", where);
  if (unpack(*object).phase == parity) return false;
  race::acquire(waiters_[object].completed[parity]);
  return true;
}

bool Mbarriers::test_wait(uint32_t address, uint32_t parity, const Where& where) {
  if (parity > 1) group_.fail("parity " + std::to_string(parity) + ", not 0 or 1", where);
  uint64_t* const object = find(address, where);
  group_.maybe_yield(where);
  return is_over(object, parity, where);
}

bool Mbarriers::try_wait(uint32_t address, uint32_t parity, const Where& where) {
  constexpr unsigned kOneIn = 16;
  if (parity > 1) group_.fail("parity " + std::to_string(parity) + ", not 0 or 1", where);
  uint64_t* const object = find(address, where);
  if (group_.random().below(kOneIn) == 0) {
    group_.yield(where);
    return false;
  }
  while (!is_over(object, parity, where)) {
    group_.begin_wait("an mbarrier", where);
    waiters_[object].threads.push_back(&group_.self());
    group_.suspend();
  }
  group_.maybe_yield(where);
  return true;
}

namespace {

Mbarriers& mbarriers() { return Group::current()->mbarriers(); }

}  // namespace

void mbarrier_init(uint32_t address, uint32_t count, const Where& where) {
  mbarriers().init(address, count, where);
}

void mbarrier_invalidate(uint32_t address, const Where& where) {
  mbarriers().invalidate(address, where);
}

void fence_mbarrier_init() { race::fence_proxy(); }

void mbarrier_arrive(uint32_t address, uint32_t expected_bytes, const Where& where) {
  mbarriers().arrive(address, expected_bytes, where);
}

void mbarrier_expect(uint32_t address, uint32_t bytes, const Where& where) {
  mbarriers().expect(address, bytes, where);
}

bool mbarrier_test_wait(uint32_t address, uint32_t parity, const Where& where) {
  return mbarriers().test_wait(address, parity, where);
}

bool mbarrier_try_wait(uint32_t address, uint32_t parity, const Where& where) {
  return mbarriers().try_wait(address, parity, where);
}

}  // namespace emulator
