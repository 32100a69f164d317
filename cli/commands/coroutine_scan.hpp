// The look for coroutines in a process's memory, or a core's: what needs to be root is opened first, the rest comes
// when the target's files are parsed, as its user. Progress is told on a terminal. Nothing is stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/process_memory.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "coroutines/memory_range.hpp"
#include "unwind/module_map.hpp"

namespace tasks::commands {

struct ScanAsked {
    std::uint64_t limit = 8ull << 30;
    bool arguments = false;
    bool locals = false;
    bool explain = true;                        ///< false: to be counted
    std::optional<std::uint64_t> patience_ns{}; ///< what is not looked at by then is told; empty: no limit
    int memory_fd = -1; ///< /proc/PID/mem of the process that wrote a profile, open; -1: there is none
};

class CoroutineScan {
public:
    /// Opens the memory and lists what of it may be written; fills in the modules where `snapshot` was captured
    /// without. Of what has no memory, such as a profile without its process, nothing is looked at.
    CoroutineScan(const inspect::World& world, const ScanAsked& asked, inspect::Snapshot& snapshot);

    /// Fills in `snapshot.coroutines`, or what stands in the way among what is incomplete.
    void run(inspect::ModuleMap& modules, inspect::Snapshot& snapshot) const;

private:
    void open_process(inspect::Snapshot& snapshot);
    void open_writer(inspect::Snapshot& snapshot);
    void open_core(const inspect::Snapshot& snapshot);
    inspect::CoroutineList find(inspect::ModuleMap& modules) const;
    std::vector<inspect::MemoryRange> written() const;

    const inspect::World& world_;
    ScanAsked asked_;
    std::shared_ptr<const inspect::ProcessMemory> memory_; ///< null: there is none, or it cannot be read
    std::vector<inspect::MemoryRange> ranges_;
    std::shared_ptr<const inspect::FileDescriptor> pagemap_; ///< null: not of a process that lives
    std::string problem_;
};

} // namespace tasks::commands
