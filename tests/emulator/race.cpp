#include "tests/emulator/race.hpp"

#include <cuda_runtime.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "tests/emulator/group.hpp"
#include "tests/emulator/report.hpp"
#include "tests/emulator/shadow.hpp"

extern "C" const char __ehdr_start __attribute__((visibility("hidden")));  // of this library

namespace emulator::race {

namespace {

// A thread or an agent, while its blocks run.
struct Member {
  uint32_t time = 0;  // its own
  Clock knows;
  Proxy proxy = Proxy::kGeneric;
};

struct State {
  uint32_t latest = 0;  // time that anybody has reached
  uint32_t before_launch = 0, before_group = 0;
  unsigned threads = 0;
  std::vector<Member> members;                       // threads by their slot, then agents
  std::set<std::pair<uint32_t, uint32_t>> reported;  // pairs of code, of this launch
  Shadow shadow;

  std::mutex mutex;
  std::vector<std::pair<uintptr_t, uintptr_t>> forgotten;  // ranges, guarded by the mutex
};

// Never destroyed: call-backs come before main() and after it.
State& state() {
  static State& instance = *new State;
  return instance;
}

// Lines of code in 32 bits: an address relative to the start of the library, or with the top bit
// the number of a source location.
constexpr uint32_t kIsLocation = 1u << 31;

std::vector<std::string>& locations() {
  static auto& instance = *new std::vector<std::string>;
  return instance;
}

uint32_t code_of(const Where& where) {
  static auto& numbers = *new std::map<std::pair<const char*, unsigned>, uint32_t>;
  const auto [entry, is_new] = numbers.try_emplace({where.file_name(), where.line()}, 0);
  if (is_new) {
    entry->second = static_cast<uint32_t>(locations().size()) | kIsLocation;
    locations().push_back(describe(where));
  }
  return entry->second;
}

std::string line_of(uint32_t code) {
  if (code & kIsLocation) return locations()[code & ~kIsLocation];
  return line_at(&__ehdr_start + code);
}

uint32_t tick(Member& member) {
  State& all = state();
  member.time = std::max(member.time, all.before_group) + 1;
  all.latest = std::max(all.latest, member.time);
  return member.time;
}

Member& running() { return state().members[Group::current()->self().slot]; }
unsigned running_number() { return Group::current()->self().slot; }

std::string describe_agent(const Record& record) {
  const State& all = state();
  if (record.time <= all.before_group) return "another block";
  if (record.agent >= all.threads) return "an asynchronous operation";
  const Thread& thread = Group::current()->thread_at(record.agent);
  return "block " + describe(thread.block->index()) + " thread " +
         describe(thread_index(thread.number));
}

// Who accesses memory, and what it knows.
struct Accessor {
  unsigned number;
  uint32_t time;
  const Clock& knows;
  Proxy proxy;
  uint32_t code;
};

void report_race(const char* fault, uintptr_t address, const char* now, const Accessor& by,
                 const char* before, const Record& record) {
  State& all = state();
  if (!all.reported.emplace(by.code, record.code).second) return;
  const Record self = {by.time, by.code, static_cast<uint16_t>(by.number)};
  const std::string details = now + (" at " + line_of(by.code)) + " by " + describe_agent(self) +
                              ", " + before + " at " + line_of(record.code) + " by " +
                              describe_agent(record);
  if (all.shadow.is_start_of_arena(address)) {
    Group::current()->note_fault("a block may return while another uses its shared memory: " +
                                 details);
    return;
  }
  const char* const memory = all.shadow.is_shared(address) ? "shared" : "device";
  Group::current()->note_fault(std::string(fault) + " on " + memory + " memory: " + details);
}

// The checks of one access, byte for byte.
class Check {
 public:
  Check(const Accessor& by, bool is_write, bool is_shared)
      : by_(by),
        is_write_(is_write),
        first_(is_shared ? state().before_group : state().before_launch) {}

  void byte(uintptr_t address, Cell& cell) const {
    const char* const now = is_write_ ? "write" : "read";
    if (conflicts(cell.write)) {
      report_race("race", address, now, by_, "write", cell.write);
    } else if (lacks_fence(cell.write)) {
      report_race("missing fence.proxy.async", address, now, by_, "write", cell.write);
    }
    if (!is_write_) return note_read(cell);
    for (const Record& read : {cell.reads[0], cell.reads[1], cell.foreign_read}) {
      if (conflicts(read)) report_race("race", address, now, by_, "read", read);
    }
    cell.write = record();
  }

 private:
  Record record() const { return {by_.time, by_.code, static_cast<uint16_t>(by_.number)}; }
  bool is_foreign(const Record& record) const { return record.time <= state().before_group; }

  bool conflicts(const Record& record) const {
    if (record.time <= first_) return false;
    if (is_foreign(record)) return true;
    return record.agent != by_.number && by_.knows.seen.of(record.agent) < record.time;
  }

  // An ordinary write that the asynchronous proxy may not see.
  bool lacks_fence(const Record& record) const {
    return by_.proxy == Proxy::kAsync && record.time > first_ && !is_foreign(record) &&
           state().members[record.agent].proxy == Proxy::kGeneric &&
           by_.knows.fenced.of(record.agent) < record.time;
  }

  // Two are kept, so that whoever writes without waiting for any of the readers meets another's.
  // Which two is chance.
  void note_read(Cell& cell) const {
    for (Record& read : cell.reads) {
      if (!is_foreign(read)) continue;
      if (read.time > first_) cell.foreign_read = read;
      read = {};
    }
    Record& same = cell.reads[0].agent == by_.number   ? cell.reads[0]
                   : cell.reads[1].agent == by_.number ? cell.reads[1]
                   : cell.reads[0].time == 0           ? cell.reads[0]
                   : cell.reads[1].time == 0           ? cell.reads[1]
                                             : cell.reads[Group::current()->random().below(2)];
    same = record();
  }

  const Accessor& by_;
  const bool is_write_;
  const uint32_t first_;  // times up to here are ordered before everything
};

void check(const Accessor& by, const void* memory, size_t bytes, bool is_write) {
  Shadow& shadow = state().shadow;
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  Cell* cell = shadow.at(begin);
  if (!cell) return;
  const Check check(by, is_write, shadow.is_shared(begin));
  for (uintptr_t address = begin; address < begin + bytes; ++address, ++cell) {
    if (address % Shadow::kPageBytes == 0) cell = shadow.at(address);
    if (!cell) return;
    check.byte(address, *cell);
  }
}

void access_at(const void* memory, size_t bytes, bool is_write, uint32_t code) {
  const Group* const group = Group::current();
  if (!group || !group->running()) return;  // host code
  const Member& member = running();
  check({running_number(), member.time, member.knows, Proxy::kGeneric, code}, memory, bytes,
        is_write);
}

}  // namespace

void Times::set(unsigned agent, uint32_t time) {
  if (!times_) times_ = std::make_shared<std::vector<uint32_t>>();
  if (times_.use_count() > 1) times_ = std::make_shared<std::vector<uint32_t>>(*times_);
  if (times_->size() <= agent) times_->resize(agent + 1);
  (*times_)[agent] = time;
}

void Times::join(const Times& other) {
  if (times_ == other.times_ || !other.times_) return;
  if (!times_) {
    times_ = other.times_;
    return;
  }
  if (times_.use_count() > 1) times_ = std::make_shared<std::vector<uint32_t>>(*times_);
  if (times_->size() < other.times_->size()) times_->resize(other.times_->size());
  uint32_t* const mine = times_->data();
  const uint32_t* const theirs = other.times_->data();
  for (size_t i = 0; i < other.times_->size(); ++i) mine[i] = std::max(mine[i], theirs[i]);
}

void Clock::join(const Clock& other) {
  seen.join(other.seen);
  fenced.join(other.fenced);
}

void forget(const void* memory, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  const std::lock_guard lock(state().mutex);
  state().forgotten.emplace_back(begin, begin + bytes);
}

void begin_launch() {
  State& all = state();
  all.before_launch = all.latest;
  all.reported.clear();
  const std::lock_guard lock(all.mutex);
  for (const auto& [begin, end] : all.forgotten) all.shadow.forget(begin, end);
  all.forgotten.clear();
}

void begin_group(unsigned threads, std::span<const SharedMemory* const> shared) {
  State& all = state();
  all.before_group = all.latest;
  all.threads = threads;
  all.members.assign(threads, {});
  for (Member& member : all.members) tick(member);
  all.shadow.watch(shared);
}

Clock release() {
  Member& member = running();
  Clock known = member.knows;
  known.seen.set(running_number(), member.time);
  tick(member);
  return known;
}

void acquire(const Clock& clock) { running().knows.join(clock); }

void acquire(const Agent& agent) { add(running().knows, agent); }

void add(Clock& clock, const Agent& agent) {
  if (clock.seen.of(agent.id) < agent.time) clock.seen.set(agent.id, agent.time);
}

// Threads that have only ever met know the same: then nothing needs to be joined.
void meet(std::span<Thread* const> threads, const Clock& others) {
  State& all = state();
  if (threads.empty()) return;
  Clock known = all.members[threads.front()->slot].knows;
  for (const Thread* thread : threads) known.join(all.members[thread->slot].knows);
  known.join(others);
  for (const Thread* thread : threads) {
    known.seen.set(thread->slot, all.members[thread->slot].time);
  }
  for (const Thread* thread : threads) {
    Member& member = all.members[thread->slot];
    member.knows = known;
    tick(member);
  }
}

void fence_proxy() {
  Member& member = running();
  member.knows.fenced.join(member.knows.seen);
  member.knows.fenced.set(running_number(), member.time);
}

// A number is used again once whoever starts the new work knows that the old work is done.
Agent start_agent(Proxy proxy, const Clock& issued) {
  State& all = state();
  size_t number = all.threads;
  while (number < all.members.size() &&
         (all.members[number].proxy != proxy ||
          issued.seen.of(static_cast<unsigned>(number)) < all.members[number].time)) {
    ++number;
  }
  if (number == all.members.size()) all.members.push_back({0, {}, proxy});
  return {static_cast<uint16_t>(number), tick(all.members[number]), proxy, issued};
}

void access(const void* memory, size_t bytes, bool is_write, const Where& where) {
  access_at(memory, bytes, is_write, code_of(where));
}

void access(const Agent& agent, const void* memory, size_t bytes, bool is_write,
            const Where& where) {
  check({agent.id, agent.time, agent.issued, agent.proxy, code_of(where)}, memory, bytes, is_write);
}

void use(const void* object, const Where& where) {
  const Cell* const cell = state().shadow.at(reinterpret_cast<uintptr_t>(object));
  const Member& member = running();
  const Record& init = cell->write;
  if (init.agent == running_number() || init.time <= state().before_group ||
      member.knows.seen.of(init.agent) >= init.time) {
    return;
  }
  const Accessor by = {running_number(), member.time, member.knows, Proxy::kGeneric,
                       code_of(where)};
  report_race("mbarrier that may not be initialised yet,", reinterpret_cast<uintptr_t>(object),
              "use", by, "initialised", init);
}

}  // namespace emulator::race

namespace {

void plain_access(const void* memory, size_t bytes, bool is_write, const void* return_address) {
  const auto code =
      static_cast<uint32_t>(static_cast<const char*>(return_address) - &__ehdr_start - 1);
  emulator::race::access_at(memory, bytes, is_write, code);
}

}  // namespace

// What -fsanitize=thread calls. Its own library is not linked.
#define SSLCUDA_WATCH(name, bytes, is_write)                            \
  void __tsan_##name(void* memory) {                                    \
    plain_access(memory, bytes, is_write, __builtin_return_address(0)); \
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
  plain_access(memory, bytes, false, __builtin_return_address(0));
}
void __tsan_write_range(void* memory, size_t bytes) {
  plain_access(memory, bytes, true, __builtin_return_address(0));
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
