// interrupt.hpp - Ctrl-C, or SIGTERM, asks the run to stop at the next step; a second one ends the
// process.
#pragma once

namespace host {

void begin_interrupts();
void end_interrupts();  // from here on a signal ends the process
bool interrupted();

}  // namespace host
