// resolved.hpp - what the options of a run came to, as config.json tells it.
#pragma once

#include <string>

#include "host/train/json.hpp"
#include "host/train/schedule.hpp"
#include "host/train/session.hpp"

namespace host {

// Version, device, sizes, and the SHA-256 of every data file.
Json resolved_json(Session& session, const Schedule& schedule);

// The first data file whose SHA-256 differs between two such objects, in words; empty: none.
std::string data_difference(const Json& before, const Json& now);

}  // namespace host
