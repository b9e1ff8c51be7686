#include "tests/emulator/bulk.hpp"

#include <bit>
#include <cstring>
#include <memory>
#include <utility>

#include "tests/emulator/number.hpp"

namespace emulator {

namespace {

template <class T>
T add_bits(TensorType type, T a, T b) {
  if constexpr (sizeof(T) == 4) {
    return std::bit_cast<uint32_t>(std::bit_cast<float>(a) + std::bit_cast<float>(b));
  } else if (type == TensorType::kF16) {
    return to_f16(from_f16(a) + from_f16(b));
  } else {
    return to_bf16(from_bf16(a) + from_bf16(b));
  }
}

template <class T>
void add_as(TensorType type, unsigned char* to, const unsigned char* from) {
  T a, b;
  std::memcpy(&a, to, sizeof a);
  std::memcpy(&b, from, sizeof b);
  a = add_bits(type, a, b);
  std::memcpy(to, &a, sizeof a);
}

}  // namespace

void add_element(TensorType type, unsigned char* to, const unsigned char* from) {
  if (element_bytes(type) == 4) return add_as<uint32_t>(type, to, from);
  add_as<uint16_t>(type, to, from);
}

race::Agent start_agent(race::Proxy proxy) { return race::start_agent(proxy, race::release()); }

void run_once(AsyncCopy& copy) {
  if (copy.is_done) return;
  copy.run();
  copy.is_done = true;
  if (copy.waiting) Group::current()->wake(*std::exchange(copy.waiting, nullptr));
}

std::vector<Target> targets_of(uint32_t to, size_t bytes, size_t alignment,
                               const Delivery& delivery, const Where& where) {
  Group& group = *Group::current();
  std::vector<Target> found;
  const auto add = [&](Block& block, uint32_t address, uint32_t mbarrier) {
    found.push_back({&block, resolve(address, bytes, alignment, where),
                     group.mbarriers().find(mbarrier, where)});
    ++block.copies_in_flight;
  };
  if (delivery.blocks == 0) {
    add(block_at(to, where), to, delivery.mbarrier);
    return found;
  }
  for (unsigned rank = 0; delivery.blocks >> rank != 0; ++rank) {
    if ((delivery.blocks >> rank & 1) == 0) continue;
    add(group.peer(rank, where), map_to_rank(to, rank, where),
        map_to_rank(delivery.mbarrier, rank, where));
  }
  return found;
}

void deliver(const Target& target, uint32_t bytes, const race::Agent& agent, const Where& where) {
  --target.block->copies_in_flight;
  Group::current()->mbarriers().complete(target.mbarrier, bytes, agent, where);
}

void start_store(Store store, const Where& where) {
  Group& group = *Group::current();
  auto copy = std::make_unique<AsyncCopy>();
  copy->where = where;
  copy->reads = start_agent(race::Proxy::kAsync);
  copy->writes = start_agent(race::Proxy::kAsync);
  copy->run = [store = std::move(store), reads = copy->reads, writes = copy->writes] {
    store(reads, writes);
  };
  AsyncCopy& added = group.self().bulk.add(std::move(copy));
  group.later([&added] { run_once(added); });
  group.maybe_yield(where);
}

namespace {

void wait_until_done(AsyncCopy& copy, const Where& where) {
  Group& group = *Group::current();
  while (!copy.is_done) {
    group.begin_wait("a wait for bulk copies", where);
    copy.waiting = &group.self();
    group.suspend();
  }
}

}  // namespace

void bulk_commit() { Group::current()->self().bulk.commit(); }

void bulk_wait(unsigned pending, const Where& where) {
  AsyncGroups& bulk = Group::current()->self().bulk;
  bulk.each_but(pending, [&](AsyncCopy& copy) {
    wait_until_done(copy, where);
    race::acquire(copy.reads);
    race::acquire(copy.writes);
  });
  bulk.drop_but(pending);
}

void bulk_wait_read(unsigned pending, const Where& where) {
  Group::current()->self().bulk.each_but(pending, [&](AsyncCopy& copy) {
    wait_until_done(copy, where);
    race::acquire(copy.reads);
    copy.is_source_free = true;
  });
}

void fence_proxy_async() { race::fence_proxy(); }

}  // namespace emulator
