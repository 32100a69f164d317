#include "commands/named_stacks.hpp"

#include <cerrno>
#include <cstring>

#include <grp.h>
#include <unistd.h>

#include "analysis/analyse.hpp"
#include "analysis/saved_names.hpp"
#include "capture/proc_stat.hpp"
#include "symbols/debug_checks.hpp"
#include "symbols/symbolizer.hpp"
#include "unwind/module_map.hpp"
#include "unwind/unwinder.hpp"

namespace tasks::commands {
namespace {

/// Whose files are read: the process's, or those that a file of that owner names.
std::uint32_t uid_of(const inspect::Snapshot& snapshot) {
    return snapshot.file_owner_uid.value_or(snapshot.process.uid);
}

std::optional<inspect::Error> become(const inspect::World& world, const inspect::Snapshot& snapshot) {
    const auto& process = snapshot.process;
    const auto uid = uid_of(snapshot);
    const auto text =
        snapshot.file_owner_uid ? Result<std::string, int>{Failure{ESRCH}} : world.proc.read(process.pid, "status");
    const auto gid = text ? inspect::parse_status(*text).effective_gid : std::nullopt;
    // Without the group its files are read as a user who has none: fewer can be, none more.
    const auto group = gid.value_or(uid);
    if (::setgroups(0, nullptr) == 0 && ::setresgid(group, group, group) == 0 && ::setresuid(uid, uid, uid) == 0) {
        return std::nullopt;
    }
    return inspect::Error{inspect::Trouble::permission,
                          "process " + std::to_string(process.pid) + ": its files are read as its user, uid " +
                              std::to_string(uid) + ", which this process cannot become: " + std::strerror(errno) +
                              "; run as that user"};
}

/// What `look` makes with the target's files at hand.
template <class Report, class Look>
Result<Report, inspect::Error> with_files(const inspect::World& world, const inspect::Snapshot& snapshot,
                                          const NameSources& sources, Look look) {
    const bool from_file = snapshot.process.from.kind != inspect::FileKind::none; // the pid may be another's by now
    inspect::MappedFiles mapped;
    if (world.is_root() && uid_of(snapshot) != 0 && !snapshot.modules.empty()) {
        if (!from_file) {
            mapped = inspect::open_mapped_files(snapshot.modules, snapshot.process.pid);
        }
        if (auto error = become(world, snapshot)) {
            return Failure{*std::move(error)};
        }
    }
    inspect::DebugServers servers{sources.server_patience_ns.value_or(0)};
    inspect::ModuleMap modules{
        snapshot.modules,
        {from_file ? 0 : snapshot.process.pid, std::move(mapped), sources.server_patience_ns ? &servers : nullptr}};
    Report report = look(modules);
    for (const auto& problem : modules.problems()) {
        report.incomplete.push_back({0, problem});
    }
    if (!servers.problem().empty()) {
        report.incomplete.push_back({0, servers.problem()});
    }
    return report;
}

/// What `analyse` makes with the stacks' frames and their names.
template <class Report, class Analyse>
Result<Report, inspect::Error> with_names(const inspect::World& world, const inspect::Snapshot& snapshot,
                                          const NameSources& sources, Analyse analyse) {
    if (snapshot.names) {
        return analyse(inspect::source_of(*snapshot.names));
    }
    return with_files<Report>(world, snapshot, sources, [&](inspect::ModuleMap& modules) {
        inspect::Unwinder unwinder{modules};
        inspect::Symbolizer symbolizer{modules};
        return analyse(
            inspect::StackSource{[&unwinder](const inspect::ThreadFacts& thread) { return unwinder.unwind(thread); },
                                 [&symbolizer](std::uint64_t pc, bool exact) -> const std::vector<inspect::Frame>& {
                                     return symbolizer.frames(pc, exact);
                                 },
                                 [&symbolizer](std::uint64_t pc, bool exact) -> const std::vector<inspect::Frame>& {
                                     return symbolizer.symbol(pc, exact);
                                 }});
    });
}

} // namespace

NameSources name_sources(const Invocation& asked) {
    constexpr std::uint64_t usual_patience_ns = 10'000'000'000;
    if (!asked.debuginfod) {
        return {};
    }
    return {asked.timeout_given ? asked.timeout_ns : usual_patience_ns};
}

Result<inspect::StackReport, inspect::Error> name_stacks(const inspect::World& world, const inspect::Snapshot& snapshot,
                                                         const inspect::StackOptions& options,
                                                         const NameSources& sources) {
    return with_names<inspect::StackReport>(world, snapshot, sources, [&](const inspect::StackSource& source) {
        auto report = inspect::analyse_stacks(snapshot, source, options);
        report.waits = inspect::analyse_waits(snapshot, source, inspect::Places::all);
        return report;
    });
}

Result<inspect::DeadlockReport, inspect::Error>
name_waits(const inspect::World& world, const inspect::Snapshot& snapshot, const NameSources& sources) {
    return with_names<inspect::DeadlockReport>(world, snapshot, sources, [&](const inspect::StackSource& source) {
        return inspect::DeadlockReport{snapshot.process, snapshot.taken_at_realtime_ns, snapshot.threads.size(),
                                       inspect::analyse_waits(snapshot, source, inspect::Places::findings),
                                       snapshot.incomplete};
    });
}

std::optional<inspect::Error> name_snapshot(const inspect::World& world, inspect::Snapshot& snapshot,
                                            const NameSources& sources) {
    if (snapshot.names) { // it comes from a saved one
        return std::nullopt;
    }
    struct Problems {
        std::vector<inspect::Incomplete> incomplete;
    };
    const auto problems = with_names<Problems>(world, snapshot, sources, [&](const inspect::StackSource& source) {
        inspect::name_all(source, snapshot);
        return Problems{};
    });
    if (!problems) {
        return problems.error();
    }
    snapshot.incomplete.insert(snapshot.incomplete.end(), problems->incomplete.begin(), problems->incomplete.end());
    return std::nullopt;
}

Result<FilesReport, inspect::Error> check_files(const inspect::World& world, const inspect::Snapshot& snapshot) {
    return with_files<FilesReport>(world, snapshot, {}, [&](inspect::ModuleMap& modules) {
        return FilesReport{inspect::check_debug_information(snapshot, modules), snapshot.incomplete};
    });
}

} // namespace tasks::commands
