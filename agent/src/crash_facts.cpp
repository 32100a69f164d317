#include "crash_facts.hpp"

#include <string.h>

namespace tasks::agent {

void write_crash_facts(const CrashFacts& facts, ProfileOutput& output) noexcept {
    if (facts.signal != 0) {
        const char* name = ::sigabbrev_np(facts.signal);
        output << "signal " << static_cast<std::uint64_t>(facts.signal) << "  SIG" << (name != nullptr ? name : "?")
               << "  code " << (facts.code < 0 ? "-" : "")
               << static_cast<std::uint64_t>(facts.code < 0 ? -static_cast<std::int64_t>(facts.code) : facts.code);
        if (facts.has_address)
            (output << "  address ").hexadecimal(facts.address);
        output << "  tid " << facts.tid << "\n";
    }
    if (facts.terminated) {
        (output << "terminate  ").text(facts.exception_type);
        (output << "  ").text(facts.exception_text) << "\n";
    }
    if (facts.asleep)
        output << "asleep\n";
}

} // namespace tasks::agent
