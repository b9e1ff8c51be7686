// table.hpp - a small table for a terminal.
#pragma once

#include <string>
#include <vector>

namespace host {

// Rows of equal length, the first one the heading: its first column to the left, the others to the
// right.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace host
