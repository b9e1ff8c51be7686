// plots.hpp - the pictures of a run.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/eval/study.hpp"
#include "host/train/run_directory.hpp"

namespace host {

struct PlotKind {
  const char *name, *description;
  bool needs_labels;
  const char* methods;           // that have such a picture; empty: all
  bool (*fits)(const Program&);  // whether this one is among them
  std::vector<std::string> (*draw)(Study&, const RunDirectory&);  // returns the files' names
};

// All but that of the loss, in the order in which they are drawn.
std::span<const PlotKind> plot_kinds();

// Writes the picture and returns the names of its files in the run's directory. Fails with
// Exit::kUsage if the method has none such.
std::vector<std::string> draw_plot(const PlotKind& kind, Study& study,
                                   const RunDirectory& directory);

// That of the loss needs neither data nor device. Fails with Exit::kData if no loss is logged.
std::vector<std::string> draw_loss_plot(const RunDirectory& directory);

// All that the method has and the images allow, that of the loss if one is logged. The session has
// labels.
std::vector<std::string> plot_run(Study& study, const RunDirectory& directory);

}  // namespace host
