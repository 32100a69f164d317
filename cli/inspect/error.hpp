// What goes wrong when a process is looked at: a sentence that names the object, the cause and the way out, and the
// kind of trouble, from which the command's exit status follows. Value type.
#pragma once

#include <string>

namespace tasks::inspect {

/// The numbers are the command's exit statuses.
enum class Trouble : int {
    finding = 1,
    usage = 2,
    not_inspectable = 3, ///< no such process, no agent, /proc not mounted, damaged table
    permission = 4,
    no_answer = 5, ///< deadline passed, or the peer broke the protocol
    interrupted = 130,
};

struct Error {
    Trouble trouble = Trouble::not_inspectable;
    std::string sentence;
};

} // namespace tasks::inspect
