#include "commands/scan_progress.hpp"

#include <string>
#include <string_view>

#include <unistd.h>

namespace tasks::commands {
namespace {

void write_all(std::string_view text) { static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size())); }

} // namespace

ScanProgress::ScanProgress(const inspect::World& world, std::optional<std::uint64_t> patience_ns)
    : world_(world), patience_ns_(patience_ns), began_ns_(world.clock->monotonic_ns()),
      on_terminal_(::isatty(STDERR_FILENO) == 1) {}

ScanProgress::~ScanProgress() {
    if (told_) {
        write_all("\r\x1b[K");
    }
}

bool ScanProgress::tell(std::uint64_t done_bytes, std::uint64_t of_bytes) {
    constexpr std::uint64_t mib = 1 << 20;
    const auto spent = world_.clock->monotonic_ns() - began_ns_;
    if (on_terminal_ && spent >= quiet_ns) {
        write_all("\rlooking for coroutines: " + std::to_string(done_bytes / mib) + " of " +
                  std::to_string(of_bytes / mib) + " MiB\x1b[K");
        told_ = true;
    }
    return !patience_ns_ || spent < *patience_ns_;
}

} // namespace tasks::commands
