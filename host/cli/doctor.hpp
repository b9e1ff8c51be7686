// doctor.hpp - whether this machine can train, and what to do where not.
#pragma once

#include <string>
#include <vector>

#include "host/failure.hpp"

namespace host {

enum class Level {
  kOk,
  kWarning,  // usable, but not as well as it could be, or not without an option
  kProblem,  // training fails here
};

struct Finding {
  std::string name;
  Level level;
  std::string text;
  std::string advice = {};  // what to do; empty if nothing is to be done
};

// Each looks at one side of the machine and throws nothing for what it finds.
std::vector<Finding> check_library();
std::vector<Finding> check_cpu();
std::vector<Finding> check_driver();
std::vector<Finding> check_devices();
std::vector<Finding> check_data();
std::vector<Finding> check_disk();

// Prints the findings of all checks. kDevice if there is a problem among them.
Exit doctor(bool as_json);

}  // namespace host
