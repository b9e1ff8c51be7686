#include "tests/emulator/group.hpp"

#include <map>
#include <string>

#include "tests/emulator/launch.hpp"
#include "tests/emulator/report.hpp"

namespace emulator {

namespace {

// Unwinds a thread that is at fault.
struct Stop {};

// Of the host thread that launched it; its fibers run there.
thread_local Group* current_group = nullptr;

unsigned volume(const dim3& size) { return size.x * size.y * size.z; }

std::string describe_wait(const Thread& thread) {
  if (thread.has_returned) return "have returned";
  std::string text = "wait in " + std::string(thread.waits_in);
  if (thread.waits_in == kInWarpOperation) text += " with mask " + hex(thread.mask);
  return text + " at " + describe(thread.where);
}

unsigned draw_eagerness(Random& random) {
  constexpr unsigned kPercent[] = {0, 3, 25, 90};
  return kPercent[random.below(std::size(kPercent))];
}

}  // namespace

Group::Group(Resources& resources, Random& random, Policy policy, const Launch& launch,
             const std::vector<uint3>& blocks)
    : resources_(resources),
      random_(random),
      launch_(launch),
      cluster_size_(volume(launch.cluster)),
      block_threads_(volume(launch.block)),
      slots_per_block_((block_threads_ + kWarp - 1) / kWarp * kWarp),
      slots_(slots_per_block_ * static_cast<unsigned>(blocks.size())),
      eagerness_(draw_eagerness(random)),
      scheduler_(random, policy, slots_ / kWarp),
      mbarriers_(*this),
      threads_(slots_) {
  current_group = this;
  clusters_.resize(blocks.size() / cluster_size_);
  std::vector<const SharedMemory*> shared;
  for (unsigned i = 0; i < blocks.size(); ++i) {
    add_block(blocks[i], i % cluster_size_);
    shared.push_back(&blocks_[i]->shared());
  }
  race::begin_group(slots_, shared);
}

void Group::add_block(const uint3& index, unsigned rank) {
  const auto number = static_cast<unsigned>(blocks_.size());
  if (resources_.shared.size() == number) {
    resources_.shared.push_back(std::make_unique<SharedMemory>());
  }
  SharedMemory& shared = *resources_.shared[number];
  shared.begin(launch_.shared_bytes);
  blocks_.push_back(std::make_unique<Block>(*this, index, rank, shared));
  Block& block = *blocks_.back();
  for (unsigned i = 0; i < block_threads_; ++i) {
    if (resources_.threads.size() == live_) {
      resources_.threads.push_back(std::make_unique<Thread>());
    }
    Thread& thread = *resources_.threads[live_++];
    static_cast<ThreadState&>(thread) = {};
    thread.block = &block;
    thread.number = i;
    thread.slot = number * slots_per_block_ + i;
    thread.fiber.start(&Group::run_thread);
    threads_[thread.slot] = &thread;
    block.add(thread);
    scheduler_.add(thread.slot);
  }
  block.start();
  clusters_[number / cluster_size_].blocks.push_back(&block);
}

Group* Group::current() { return current_group; }

void Group::run_thread() {
  current_group->self().has_started = true;
  try {
    current_group->launch_.body();
    current_group->note_return();
  } catch (const Stop&) {
  }
  current_group->self().is_over = true;
  current_group->self().fiber.suspend();
}

void Group::run() {
  while (!failed_) {
    if (!work_.empty() && (scheduler_.is_empty() || is_eager())) {
      do_some_work();
      continue;
    }
    const int next = scheduler_.next();
    if (next < 0) break;
    resume(*threads_[static_cast<unsigned>(next)]);
  }
  if (!failed_ && live_ > 0) report_deadlock();
  if (failed_) unwind();
  current_group = nullptr;
}

// So that what lives on their stacks is destroyed.
void Group::unwind() {
  is_unwinding_ = true;
  for (Thread* thread : threads_) {
    if (thread && thread->has_started && !thread->is_over) resume(*thread);
  }
}

void Group::resume(Thread& thread) {
  running_ = &thread;
  threadIdx = thread_index(thread.number);
  blockIdx = thread.block->index();
  thread.fiber.resume();
  running_ = nullptr;
}

void Group::do_some_work() {
  const unsigned i = random_.below(static_cast<uint32_t>(work_.size()));
  const std::function<void()> work = std::move(work_[i]);
  work_[i] = std::move(work_.back());
  work_.pop_back();
  work();
}

bool Group::is_eager() { return random_.below(100) < eagerness_; }

void Group::note_return() {
  Thread& thread = self();
  if (const AsyncCopy* copy = thread.copies.unfinished()) {
    fail("returns before it has waited for its cp.async", copy->where);
  }
  if (const AsyncCopy* copy = thread.bulk.unfinished()) {
    fail("returns before it has waited for its bulk copy", copy->where);
  }
  if (thread.wgmma.is_pending()) {
    fail("returns before it has waited for its wgmma", thread.wgmma.last);
  }
  thread.has_returned = true;
  --live_;
  thread.block->note_return();
  Cluster& cluster = cluster_of(*thread.block);
  for (Thread* other : cluster.barrier.complete_if_full(cluster.live())) wake(*other);
  for (Thread* other : grid_.complete_if_full(live_)) wake(*other);
}

void Group::begin_wait(std::string_view in, const Where& where) {
  self().waits_in = in;
  self().where = where;
}

void Group::suspend() {
  self().fiber.suspend();
  if (is_unwinding_) throw Stop();
}

void Group::wake(Thread& thread) {
  thread.waits_in = {};
  scheduler_.add(thread.slot);
}

void Group::wake_all(std::vector<Thread*>& threads) {
  for (Thread* thread : threads) wake(*thread);
  threads.clear();
}

void Group::yield(const Where& where) {
  begin_wait("turn", where);
  wake(self());
  suspend();
}

void Group::maybe_yield(const Where& where) {
  constexpr unsigned kOneIn = 4;
  if (random_.below(kOneIn) == 0) yield(where);
}

unsigned Group::Cluster::live() const {
  unsigned sum = 0;
  for (const Block* block : blocks) sum += block->live();
  return sum;
}

Group::Cluster& Group::cluster_of(const Block& block) {
  for (Cluster& cluster : clusters_) {
    if (cluster.blocks[block.rank()] == &block) return cluster;
  }
  __builtin_unreachable();
}

Block& Group::peer(unsigned rank, const Where& where) {
  if (rank >= cluster_size_) {
    fail("block " + std::to_string(rank) + " of a cluster of " + std::to_string(cluster_size_),
         where);
  }
  return *cluster_of(block()).blocks[rank];
}

void Group::cluster_arrive(const Where& where) {
  if (self().cluster_phase) fail("barrier.cluster.arrive twice without a wait", where);
  Cluster& cluster = cluster_of(block());
  self().cluster_phase = cluster.barrier.arrive();
  for (Thread* other : cluster.barrier.complete_if_full(cluster.live())) wake(*other);
  maybe_yield(where);
}

void Group::cluster_wait(const Where& where) {
  if (!self().cluster_phase) fail("barrier.cluster.wait without an arrive", where);
  PhaseBarrier& barrier = cluster_of(block()).barrier;
  while (!barrier.is_over(*self().cluster_phase)) {
    begin_wait("the cluster's barrier", where);
    barrier.wait(self());
    suspend();
  }
  self().cluster_phase.reset();
  race::acquire(barrier.completed());
}

void Group::grid_sync(const Where& where) {
  if (!launch_.cooperative) fail("grid_sync in a launch that is not cooperative", where);
  const uint64_t phase = grid_.arrive();
  for (Thread* other : grid_.complete_if_full(live_)) wake(*other);
  while (!grid_.is_over(phase)) {
    begin_wait("the grid's barrier", where);
    grid_.wait(self());
    suspend();
  }
  race::acquire(grid_.completed());
}

void Group::fail(const std::string& fault, const Where& where) {
  note_fault(describe(where) + ": " + fault + "; block " + describe(blockIdx) + " thread " +
             describe(threadIdx));
  throw Stop();
}

void Group::note_fault(const std::string& fault) {
  report(fault);
  failed_ = true;
}

void Group::report_deadlock() {
  for (const auto& block : blocks_) {
    std::map<std::string, std::vector<unsigned>> waiting;
    for (unsigned i = 0; i < block->size(); ++i)
      waiting[describe_wait(block->thread(i))].push_back(i);
    std::string text = "deadlock in block " + describe(block->index());
    for (const auto& [wait, numbers] : waiting) {
      text += "; " + std::to_string(numbers.size()) + " threads from " +
              describe(thread_index(numbers.front())) + " to " +
              describe(thread_index(numbers.back())) + " " + wait;
    }
    if (block->live() > 0) note_fault(text);
  }
}

}  // namespace emulator
