// One thing that looking at processes rests on, and whether it is to be had here: what `tasks doctor` finds. Plain
// value.
#pragma once

#include <string>

namespace tasks::inspect {

struct Check {
    enum class State {
        works,
        limited, ///< some of it, or in another way
        missing,
    };
    State state = State::works;
    std::string what;    ///< "running threads", "debug information of libfoo.so.1"
    std::string finding; ///< what is so
    std::string way_out; ///< what helps; "" where nothing needs to
};

} // namespace tasks::inspect
