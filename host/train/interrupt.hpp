// interrupt.hpp - Ctrl-C asks the run to stop at the next step; a second one ends the process.
#pragma once

namespace host {

void catch_interrupt();
bool interrupted();

}  // namespace host
