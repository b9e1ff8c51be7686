#include "host/train/json.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/data/bytes.hpp"
#include "host/failure.hpp"

namespace host {

namespace {

// Much more than any file of ours has. The parser's own functions, its destructor too, call
// themselves once per level.
constexpr int kMostLevels = 64;

}  // namespace

// The parser by itself would keep the last of two equal keys, and go down as deep as it can.
Json parse_json(std::span<const uint8_t> text) {
  std::vector<std::set<std::string>> seen;
  return Json::parse(text.begin(), text.end(),
                     [&](int depth, Json::parse_event_t event, Json& value) {
                       if (depth > kMostLevels) throw std::runtime_error("nested too deeply");
                       const auto level = static_cast<size_t>(depth);
                       if (event == Json::parse_event_t::object_start) {
                         seen.resize(level + 1);
                         seen[level].clear();
                       } else if (event == Json::parse_event_t::key) {
                         const auto key = value.get<std::string>();
                         if (!seen[level - 1].insert(key).second)
                           throw std::runtime_error("'" + key + "' twice");
                       }
                       return true;
                     });
}

Json read_json(const std::filesystem::path& path) {
  const std::vector<uint8_t> text = read_bytes(path);
  try {
    return parse_json(text);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    std::string why = error.what();
    std::ranges::replace(why, '\n', ' ');
    throw Failure(Exit::kData, "{} is not JSON: {}; mend it or take another file", path.string(),
                  why);
  }
}

std::string format_json(const Json& json) { return json.dump(2) + "\n"; }

}  // namespace host
