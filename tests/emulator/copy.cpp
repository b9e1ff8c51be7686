#include "tests/emulator/copy.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "tests/emulator/bulk.hpp"
#include "tests/emulator/group.hpp"

namespace emulator {

namespace {

constexpr unsigned kPiece = 16;  // bulk copies move whole pieces of 16 bytes

bool is_aligned(const void* pointer, uintptr_t alignment) {
  return reinterpret_cast<uintptr_t>(pointer) % alignment == 0;
}

// Moves bytes for an agent.
void move(const race::Agent& agent, void* to, const void* from, size_t bytes, const Where& where) {
  race::access(agent, from, bytes, false, where);
  race::access(agent, to, bytes, true, where);
  std::memcpy(to, from, bytes);
}

void require_pieces(Group& group, const void* pointer, uint32_t bytes, const Where& where) {
  if (!is_aligned(pointer, kPiece)) {
    group.fail("bulk copy at an address of device memory that is not a multiple of 16", where);
  }
  if (bytes % kPiece != 0) {
    group.fail("bulk copy of " + std::to_string(bytes) + " bytes, not a multiple of 16", where);
  }
}

}  // namespace

void cp_async(uint32_t to, const void* from, unsigned bytes, unsigned source_bytes,
              const Where& where) {
  Group& group = *Group::current();
  if (source_bytes > bytes) group.fail("cp.async: more source bytes than bytes", where);
  if (!is_aligned(from, bytes)) {
    group.fail("cp.async from an address that is not a multiple of " + std::to_string(bytes),
               where);
  }
  unsigned char* const memory = resolve(to, bytes, bytes, where);
  auto copy = std::make_unique<AsyncCopy>();
  copy->where = where;
  copy->writes = copy->reads = start_agent(race::Proxy::kGeneric);
  copy->run = [=, agent = copy->writes] {
    if (source_bytes > 0) move(agent, memory, from, source_bytes, where);
    if (source_bytes == bytes) return;
    race::access(agent, memory + source_bytes, bytes - source_bytes, true, where);
    std::memset(memory + source_bytes, 0, bytes - source_bytes);
  };
  AsyncCopy& added = group.self().copies.add(std::move(copy));
  if (group.is_eager()) run_once(added);
}

void cp_async_commit() { Group::current()->self().copies.commit(); }

void cp_async_wait(unsigned pending) {
  AsyncGroups& copies = Group::current()->self().copies;
  copies.each_but(pending, [](AsyncCopy& copy) {
    run_once(copy);
    race::acquire(copy.writes);
  });
  copies.drop_but(pending);
}

void bulk_load(uint32_t to, const void* from, uint32_t bytes, const Delivery& delivery,
               const Where& where) {
  Group& group = *Group::current();
  require_pieces(group, from, bytes, where);
  const auto all = targets_of(to, bytes, kPiece, delivery, where);
  group.later([=, agent = start_agent(race::Proxy::kAsync)] {
    for (const Target& target : all) {
      move(agent, target.memory, from, bytes, where);
      deliver(target, bytes, agent, where);
    }
  });
  group.maybe_yield(where);
}

void bulk_send(uint32_t to, uint32_t from, uint32_t bytes, uint32_t mbarrier, const Where& where) {
  const unsigned char* const memory = resolve(from, bytes, kPiece, where);
  bulk_load(to, memory, bytes, {mbarrier}, where);
}

void bulk_store(void* to, uint32_t from, uint32_t bytes, bool adds_floats, const Where& where) {
  Group& group = *Group::current();
  require_pieces(group, to, bytes, where);
  const unsigned char* const memory = resolve(from, bytes, kPiece, where);
  auto* const target = static_cast<unsigned char*>(to);
  const auto store = [=](const race::Agent& reads, const race::Agent& writes) {
    race::access(reads, memory, bytes, false, where);
    race::access(writes, target, bytes, true, where);
    if (!adds_floats) {
      std::memcpy(target, memory, bytes);
      return;
    }
    for (uint32_t i = 0; i < bytes; i += sizeof(float)) {
      add_element(TensorType::kF32, target + i, memory + i);
    }
  };
  start_store(store, where);
}

float load_cluster(uint32_t address, const Where& where) {
  float value;
  const unsigned char* const memory = resolve(address, sizeof value, sizeof value, where);
  race::access(memory, sizeof value, false, where);
  std::memcpy(&value, memory, sizeof value);
  return value;
}

void store_cluster(uint32_t address, float value, const Where& where) {
  unsigned char* const memory = resolve(address, sizeof value, sizeof value, where);
  race::access(memory, sizeof value, true, where);
  std::memcpy(memory, &value, sizeof value);
}

void store_cluster_async(uint32_t address, float value, uint32_t mbarrier, const Where& where) {
  const auto target = targets_of(address, sizeof value, sizeof value, {mbarrier}, where).front();
  Group::current()->later([=, agent = start_agent(race::Proxy::kAsync)] {
    race::access(agent, target.memory, sizeof value, true, where);
    std::memcpy(target.memory, &value, sizeof value);
    deliver(target, sizeof value, agent, where);
  });
}

}  // namespace emulator
