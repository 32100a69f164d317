// From a snapshot to a report with names: unwinder and symbolizer put together over the target's files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <tasks/protocol/result.hpp>

#include "analysis/leak_verdicts.hpp"
#include "analysis/report.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "check.hpp"
#include "commands/coroutine_scan.hpp"
#include "commands/invocation.hpp"
#include "error.hpp"

namespace tasks::commands {

/// How names are found. `server_patience_ns`: servers are asked for debug files, for that long in all; empty: none is.
/// `coroutines`: how they are looked for, where a snapshot from a file does not have them; empty: they are not.
struct NameSources {
    std::optional<std::uint64_t> server_patience_ns;
    std::optional<ScanAsked> coroutines{};
};
NameSources name_sources(const Invocation& asked);

/// As root, first gives up being root for good and becomes the target's user: its ELF and DWARF files are parsed, and
/// whoever wrote them must gain nothing by that. Nothing that needs root may come after.
Result<inspect::StackReport, inspect::Error> name_stacks(const inspect::World& world, inspect::Snapshot& snapshot,
                                                         const inspect::StackOptions& options,
                                                         const NameSources& sources);

/// Likewise, of who waits for whom.
Result<inspect::DeadlockReport, inspect::Error> name_waits(const inspect::World& world, inspect::Snapshot& snapshot,
                                                           const NameSources& sources);

/// Another look at the process, when its time has come, or one that confirms the others; nothing: there is none, or it
/// is gone.
enum class LookKind : std::uint8_t { watching, confirming };
using NextLook = std::function<std::optional<inspect::Snapshot>(LookKind)>;

/// Likewise, of which tasks leak. `next`: where there are to be several looks. `snapshot` becomes the newest, to which
/// the report refers.
Result<inspect::LeakReport, inspect::Error> name_leaks(const inspect::World& world, inspect::Snapshot& snapshot,
                                                       const NextLook& next, const inspect::LeakOptions& options,
                                                       const NameSources& sources);

/// Likewise, looks for coroutines alone, and for the threads that run one.
std::optional<inspect::Error> look_for_coroutines(const inspect::World& world, inspect::Snapshot& snapshot,
                                                  const NameSources& sources);
std::optional<inspect::Error> look_for_running(const inspect::World& world, inspect::Snapshot& snapshot);

/// Unwinds and names all that is in it, for a file that is read where the target's files are not.
std::optional<inspect::Error> name_snapshot(const inspect::World& world, inspect::Snapshot& snapshot,
                                            const NameSources& sources);

/// For `tasks doctor TARGET`.
struct FilesReport {
    std::vector<inspect::Check> checks;
    std::vector<inspect::Incomplete> incomplete;
};

/// Likewise, of what the process's files tell.
Result<FilesReport, inspect::Error> check_files(const inspect::World& world, inspect::Snapshot& snapshot);

} // namespace tasks::commands
