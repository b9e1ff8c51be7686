// evaluation_html.hpp - what summary.json says of evaluations, as parts of a page. Of what is
// missing or not as expected nothing is said.
#pragma once

#include <optional>
#include <string>

#include "host/train/json.hpp"

namespace host {

// The value under the keys; null if there is none.
template <class... Keys>
Json find_json(const Json& json, const std::string& key, const Keys&... keys) {
  if (!json.is_object() || !json.contains(key)) return nullptr;
  if constexpr (sizeof...(keys) == 0) {
    return json.at(key);
  } else {
    return find_json(json.at(key), keys...);
  }
}

std::optional<double> number_of(const Json& json);

// eval: of summary.json. The accuracies and the error in large, each beside what it has to beat.
std::string evaluation_cards(const Json& eval);

// All of them as tables; empty without any.
std::string evaluation_tables(const Json& eval);

}  // namespace host
