// Whether all tasks of this process are asleep for ever, looked at from inside: every thread of the host's waits in a
// futex without a timeout that only another thread of the process can end, every task that no thread carries waits for
// another one, and no signal that others may send has a handler. The rule is that of `tasks deadlocks`
// (cli/inspect/analysis/sleepers.cpp): whatever may come from outside keeps a process awake. One look is no proof: two
// that are equal, with no thread having run between them, are.
// A look ends at the first thread that is awake: in a server nearly always the first or second. No allocation. On the
// agent's thread.
#pragma once

#include <cstdint>
#include <optional>

#include <tasks/protocol/table_reader.hpp>

#include "own_table.hpp"
#include "region.hpp"
#include "workspace.hpp"

namespace tasks::agent {

class Sleepers {
public:
    /// `signal`: the agent's capture signal, 0 none. False in a condition: no memory.
    Sleepers(Registry& registry, int signal) noexcept;
    explicit operator bool() const noexcept { return static_cast<bool>(region_); }

    /// What tells this look from another one; nothing: something is awake, or cannot be seen.
    std::optional<std::uint64_t> look() noexcept;

private:
    bool signals_may_wake(std::uint32_t tid) noexcept;
    bool sleeps(ThreadCapture& capture, std::uint32_t tid) noexcept;
    bool waits_inside(const protocol::ThreadStack& thread) const noexcept;
    bool tasks_sleep() noexcept;
    void mix(std::uint64_t number) noexcept { sum_ = (sum_ ^ number) * 0x100000001b3u; }

    Registry& registry_;
    int signal_;
    OwnTable table_;
    Region region_;
    Workspace workspace_;
    std::span<char> reader_memory_;
    std::optional<protocol::TableReader> reader_;
    std::span<std::uint32_t> tids_;
    std::uint64_t sum_ = 0;
};

} // namespace tasks::agent
