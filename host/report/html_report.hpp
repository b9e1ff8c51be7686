// html_report.hpp - report.html: what a run did and what came of it, on one page without other
// files, to be read on a phone as well.
#pragma once

#include <filesystem>

namespace host {

// Writes report.html into the directory of a run, from the files that are there: config.json, which
// there must be, summary.json, metrics.jsonl and plots/*.png. Called again after each command that
// adds to them. Fails with Exit::kUsage if it is not a run's directory, with Exit::kData if its
// files cannot be read, with Exit::kOutput.
void write_report(const std::filesystem::path& run);

}  // namespace host
