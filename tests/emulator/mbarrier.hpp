// mbarrier.hpp - barriers in shared memory. The 64 bits themselves hold the state, so that one
// which is overwritten, or was never initialised, is noticed; what the threads that wait need lies
// beside.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tests/emulator/thread.hpp"

namespace emulator {

class Group;

class Mbarriers {
 public:
  explicit Mbarriers(Group& group) : group_(group) {}

  // By the running thread, at addresses of shared memory of its cluster.
  void init(uint32_t address, uint32_t count, const Where& where);
  void invalidate(uint32_t address, const Where& where);
  void arrive(uint32_t address, uint32_t expected_bytes, const Where& where);
  void expect(uint32_t address, uint32_t bytes, const Where& where);
  // May fail although the phase is over, as the instruction may.
  bool try_wait(uint32_t address, uint32_t parity, const Where& where);
  bool test_wait(uint32_t address, uint32_t parity, const Where& where);
  // The object, for complete(); the running thread must know of its initialisation.
  uint64_t* find(uint32_t address, const Where& where);

  // Bytes that a copy has written, outside of any thread.
  void complete(uint64_t* object, uint32_t bytes, const race::Agent& agent, const Where& where);

 private:
  struct Fields {
    uint64_t pending, count;
    int64_t bytes;
    uint64_t phase;
  };
  struct Waiters {
    std::vector<Thread*> threads;
    race::Clock arrivals;
    std::array<race::Clock, 2> completed;  // of the latest even and odd phase
  };

  static bool is_valid(uint64_t object);
  static Fields unpack(uint64_t object);
  static uint64_t pack(const Fields& fields);
  bool is_over(uint64_t* object, uint32_t parity, const Where& where);
  void update(uint64_t* object, Fields fields);

  Group& group_;
  std::unordered_map<uint64_t*, Waiters> waiters_;
};

// The same for the running thread's blocks.
void mbarrier_init(uint32_t address, uint32_t count, const Where& where);
void mbarrier_invalidate(uint32_t address, const Where& where);
void fence_mbarrier_init();
void mbarrier_arrive(uint32_t address, uint32_t expected_bytes, const Where& where);
void mbarrier_expect(uint32_t address, uint32_t bytes, const Where& where);
bool mbarrier_test_wait(uint32_t address, uint32_t parity, const Where& where);
bool mbarrier_try_wait(uint32_t address, uint32_t parity, const Where& where);

}  // namespace emulator
