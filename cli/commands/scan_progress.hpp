// How far a look through memory has come, on standard error where that is a terminal and it takes long. Wipes its line
// when it ends. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "capture/world.hpp"

namespace tasks::commands {

class ScanProgress {
public:
    static constexpr std::uint64_t quiet_ns = 1'000'000'000; ///< before anything is told

    ScanProgress(const inspect::World& world, std::optional<std::uint64_t> patience_ns);
    ~ScanProgress();
    ScanProgress(const ScanProgress&) = delete;
    ScanProgress& operator=(const ScanProgress&) = delete;

    /// False: it takes too long.
    bool tell(std::uint64_t done_bytes, std::uint64_t of_bytes);

private:
    const inspect::World& world_;
    std::optional<std::uint64_t> patience_ns_;
    std::uint64_t began_ns_;
    bool on_terminal_;
    bool told_ = false;
};

} // namespace tasks::commands
