// The call chain of one thread as program counters, innermost first. Value type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tasks::inspect {

struct Trace {
    std::vector<std::uint64_t> pcs; ///< [0] is where it is; [1...] are return addresses, but see `exact`
    std::vector<bool>
        exact; ///< per pc: it is the instruction itself (innermost, or interrupted by a signal), not a return address
    bool whole = false;     ///< the root of the thread was reached
    std::string end_reason; ///< why it ends early, where not whole
};

} // namespace tasks::inspect
