// Debug files from the servers that DEBUGINFOD_URLS names, by build-id: only where the user asked for it, since a slow
// server hung other tools for 90 s a file. libdebuginfod is opened at run time, in a child that is killed when the time
// for all files together is over; it hands the opened file back. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "unwind/open_file.hpp"

namespace tasks::inspect {

class DebugServers {
public:
    /// What all files together may take, from the first on.
    explicit DebugServers(std::uint64_t patience_ns) : patience_ns_(patience_ns) {}

    /// The debug file of that build-id (raw bytes); empty: none, or not within the time.
    std::optional<OpenFile> debug_file(const std::string& build_id);

    /// Why servers could not be asked, the first reason; "" they could.
    const std::string& problem() const noexcept { return problem_; }

private:
    std::uint64_t left_ns();
    void tell(const std::string& cause);

    std::uint64_t patience_ns_;
    std::uint64_t deadline_ns_ = 0; ///< monotonic; 0: nothing was asked yet
    bool given_up_ = false;
    std::string problem_;
};

} // namespace tasks::inspect
