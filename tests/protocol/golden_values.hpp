// The values of the golden frames, by the names of their files. A released file never changes; a new message or
// field comes with a new file and a new function here.
#pragma once

#include <tasks/protocol/messages.hpp>

namespace tasks::protocol::tests {

Hello golden_hello();
Welcome golden_welcome();
ErrorAnswer golden_error_answer();
VitalsAnswer golden_vitals_answer();
VitalsAnswer golden_vitals_answer_unknown(); ///< what is not known is absent; what is known to be 0 is there
VitalsAnswer golden_vitals_answer_queues();
VitalsAnswer golden_vitals_answer_coroutines();
CountsAnswer golden_counts_answer();
CountsAnswer golden_counts_answer_coroutines();
TasksAnswer golden_tasks_answer();      ///< a first part
TasksAnswer golden_tasks_answer_last(); ///< a last part
TasksAnswer golden_tasks_answer_labels();
TasksAnswer golden_tasks_answer_coroutines();
StacksRequest golden_stacks_request();
StacksAnswer golden_stacks_answer();      ///< a first part
StacksAnswer golden_stacks_answer_last(); ///< a last part
StacksAnswer golden_stacks_answer_registers();

} // namespace tasks::protocol::tests
