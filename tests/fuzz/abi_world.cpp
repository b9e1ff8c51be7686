#include "tests/fuzz/abi_world.hpp"

#include <algorithm>

#include "tests/fuzz/values.hpp"
#include "tests/fuzz/violated.hpp"

namespace fuzz {
namespace {

uint64_t calls = 0;

std::string message_of(const Target& target) {
  char text[1024] = "";
  if (sslcuda_last_message(target.slot ? target.handle : nullptr, text, sizeof text)) return "";
  return text;
}

sslcuda_status of_no_context(const Target& target) {
  return target.handle ? SSLCUDA_INVALID_CONTEXT : SSLCUDA_NULL_POINTER;
}

// Nothing that a caller does on the CPU may lead to these.
bool is_impossible(sslcuda_status status) {
  switch (status) {
    case SSLCUDA_WRONG_DEVICE:
    case SSLCUDA_CONTEXT_LOST:
    case SSLCUDA_BUSY:
    case SSLCUDA_DEVICE_ERROR:
    case SSLCUDA_INTERNAL:
      return true;
    default:
      return status < SSLCUDA_OK || status > SSLCUDA_INTERNAL;
  }
}

}  // namespace

uint64_t calls_made() { return calls; }

void Memory::clear() {
  for (Block& block : blocks_) block.fill(0);
}

Memory& memory() {
  static Memory instance;
  return instance;
}

World::World() {
  memory().clear();
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CPU;
  options.workspace_bytes = 1;
  if (sslcuda_context_create(&options, &planner_) || sslcuda_plan_begin(planner_)) {
    violated("no context for planning");
  }
}

World::~World() {
  for (const Slot& slot : slots_) {
    if (slot.live && sslcuda_context_destroy(slot.handle)) violated("a context stays");
  }
  if (sslcuda_context_destroy(planner_)) violated("the planning context stays");
}

Target World::target(Input& input) {
  const size_t index = input.below(kSlots + 2);
  sslcuda_context* handle = nullptr;
  if (index < kSlots) handle = slots_[index].handle;
  if (index == kSlots) handle = reinterpret_cast<sslcuda_context*>(foreign_.data());
  // A destroyed context's address may be that of a later one.
  const auto is_it = [&](const Slot& slot) { return slot.live && slot.handle == handle; };
  const auto found = std::find_if(slots_.begin(), slots_.end(), is_it);
  return {handle, found == slots_.end() ? nullptr : &*found};
}

void World::check(const char* function, const Target& target, sslcuda_status status) {
  ++calls;
  const std::string text =
      std::string(function) + " returned " + sslcuda_status_name(status) + ", ";
  if (is_impossible(status)) violated(text + message_of(target));
  if (!target.slot && status != of_no_context(target)) violated(text + "for no context");
  if (status == SSLCUDA_OK) return;
  const std::string message = message_of(target);
  if (message.rfind(std::string(function) + ": ", 0) != 0) violated(text + "but said " + message);
}

void World::expect(const char* function, const Target& target, sslcuda_status status,
                   sslcuda_status expected) {
  check(function, target, status);
  if (!target.slot) expected = of_no_context(target);
  if (status == expected) return;
  violated(std::string(function) + " returned " + sslcuda_status_name(status) + ", not " +
           sslcuda_status_name(expected) + ": " + message_of(target));
}

void World::create(Input& input) {
  static constexpr int32_t kNumbers[] = {0, 1, 2, 4, -1, 99, INT32_MAX, INT32_MIN};
  const auto mostly = [&](int32_t usual) {
    return input.below(8) == 0 ? input.one_of(kNumbers) : usual;
  };
  Slot& slot = slots_[input.below(kSlots)];
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = mostly(SSLCUDA_DEVICE_CPU);
  options.ordinal = mostly(0);
  options.threads = mostly(1);
  options.trust_pointers = mostly(0);
  options.workspace_bytes = input.below(4) == 0 ? byte_count(input) : 8192;
  if (input.below(16) == 0) options.size = byte_count(input);
  auto* context = reinterpret_cast<sslcuda_context*>(foreign_.data());
  const sslcuda_status status = sslcuda_context_create(&options, &context);
  check("sslcuda_context_create", {nullptr, &slot}, status);
  if ((status == SSLCUDA_OK) != (context != nullptr)) violated("a context without OK, or OK alone");
  if (status != SSLCUDA_OK) return;
  if (slot.live && sslcuda_context_destroy(slot.handle)) violated("a context stays");
  slot = {};
  slot.handle = context;
  slot.live = true;
}

void World::destroy(Input& input) {
  const Target to = target(input);
  const sslcuda_status status = sslcuda_context_destroy(to.handle);
  if (!to.handle) {
    if (status != SSLCUDA_OK) violated("destroying nothing is fine");
    return;
  }
  expect("sslcuda_context_destroy", to, status, SSLCUDA_OK);
  if (to.slot) to.slot->live = false;
}

// Memory of the context, of nobody, or none.
void* World::pointer(Input& input, const Slot* slot) {
  const size_t index = input.below(8);
  if (index == 0) return nullptr;
  if (index == 1 || !slot || slot->allocated.empty()) return foreign_.data() + index;
  void* const own = slot->allocated[index % slot->allocated.size()];
  return index == 7 ? static_cast<uint8_t*>(own) + 1 : own;
}

void World::allocate(Input& input) {
  const Target to = target(input);
  const size_t bytes = byte_count(input);
  void* const before = &foreign_;
  void* given = before;
  const bool wanted = input.below(16) != 0;
  const sslcuda_status status = sslcuda_alloc(to.handle, bytes, wanted ? &given : nullptr);
  check("sslcuda_alloc", to, status);
  if (status != SSLCUDA_OK) {
    if (given != before) violated("a refused allocation wrote");
    return;
  }
  if (!to.slot || !wanted || (bytes == 0) != (given == nullptr)) violated("an allocation of none");
  if (!given) return;
  std::memset(given, 0x5a, bytes);
  to.slot->allocated.push_back(given);
}

void World::release(Input& input) {
  const Target to = target(input);
  void* const given = pointer(input, to.slot);
  const sslcuda_status status = sslcuda_free(to.handle, given);
  if (!to.slot) return expect("sslcuda_free", to, status, SSLCUDA_OK);
  const auto at = std::find(to.slot->allocated.begin(), to.slot->allocated.end(), given);
  const bool known = !given || at != to.slot->allocated.end();
  const sslcuda_status by_mode = only_in(Mode::kRun, to);
  expect("sslcuda_free", to, status,
         by_mode ? by_mode
         : known ? SSLCUDA_OK
                 : SSLCUDA_INVALID_VALUE);
  if (status == SSLCUDA_OK && given) to.slot->allocated.erase(at);
}

}  // namespace fuzz
