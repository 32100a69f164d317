#include "commands/named_stacks.hpp"

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <grp.h>
#include <unistd.h>

#include "analysis/analyse.hpp"
#include "analysis/running_coroutines.hpp"
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
Result<Report, inspect::Error> with_files(const inspect::World& world, inspect::Snapshot& snapshot,
                                          const NameSources& sources, Look look) {
    const bool from_file = snapshot.process.from.kind != inspect::FileKind::none; // the pid may be another's by now
    std::optional<CoroutineScan> scan;
    if (sources.coroutines) {
        scan.emplace(world, *sources.coroutines, snapshot);
    }
    inspect::MappedFiles mapped;
    if (world.is_root() && ::geteuid() == 0 && uid_of(snapshot) != 0 && !snapshot.modules.empty()) {
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
    if (scan) {
        scan->run(modules, snapshot);
    }
    Report report = look(modules);
    for (const auto& problem : modules.problems()) {
        report.incomplete.push_back({0, problem});
    }
    if (!servers.problem().empty()) {
        report.incomplete.push_back({0, servers.problem()});
    }
    return report;
}

/// Frames and names out of the target's files.
class Names {
public:
    explicit Names(inspect::ModuleMap& modules) : unwinder_(modules), symbolizer_(modules) {}
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;

    const inspect::StackSource& source() const noexcept { return source_; }

private:
    using FramesOf = const std::vector<inspect::Frame>&;

    inspect::Unwinder unwinder_;
    inspect::Symbolizer symbolizer_;
    inspect::StackSource source_{
        [this](const inspect::ThreadFacts& thread) { return unwinder_.unwind(thread); },
        [this](std::uint64_t pc, bool exact) -> FramesOf { return symbolizer_.frames(pc, exact); },
        [this](std::uint64_t pc, bool exact) -> FramesOf { return symbolizer_.symbol(pc, exact); }};
};

/// What `analyse` makes with the stacks' frames and their names.
template <class Report, class Analyse>
Result<Report, inspect::Error> with_names(const inspect::World& world, inspect::Snapshot& snapshot,
                                          const NameSources& sources, Analyse analyse) {
    if (snapshot.names) {
        return analyse(inspect::source_of(*snapshot.names));
    }
    return with_files<Report>(world, snapshot, sources, [&](inspect::ModuleMap& modules) {
        const Names names{modules};
        inspect::find_running(snapshot, names.source());
        return analyse(names.source());
    });
}

/// Stacks with the names of functions alone, which are read much faster than lines. For its line each frame has what
/// tells its place from others in that function.
class PlainNames {
public:
    explicit PlainNames(const inspect::StackSource& named) : named_(named) {}
    PlainNames(const PlainNames&) = delete;
    PlainNames& operator=(const PlainNames&) = delete;

    inspect::StackSource source() {
        const auto frames = [this](std::uint64_t pc, bool exact) -> const std::vector<inspect::Frame>& {
            const auto [known, added] = frames_.try_emplace({pc, exact});
            if (added) {
                known->second = named_.symbol(pc, exact);
                for (auto& frame : known->second) {
                    frame.line = static_cast<std::uint32_t>(pc);
                }
            }
            return known->second;
        };
        return {named_.unwind, frames, frames};
    }

private:
    const inspect::StackSource& named_;
    std::map<std::pair<std::uint64_t, bool>, std::vector<inspect::Frame>> frames_;
};

inspect::LeakReport judge_one(const inspect::Snapshot& snapshot, const inspect::StackSource& source,
                              const inspect::LeakOptions& options) {
    inspect::LeakReport report;
    report.stacks = inspect::analyse_stacks(snapshot, source, {});
    report.stacks.waits = inspect::analyse_waits(snapshot, source, inspect::Places::findings);
    const std::vector<inspect::LeakLook> looks{inspect::look_at(report.stacks, false)};
    inspect::judge_leaks(looks, options, report);
    return report;
}

/// A report that is of use for what it says is incomplete alone.
struct Problems {
    std::vector<inspect::Incomplete> incomplete;
};

std::optional<inspect::Error> add(Result<Problems, inspect::Error> problems, inspect::Snapshot& snapshot) {
    if (!problems) {
        return problems.error();
    }
    snapshot.incomplete.insert(snapshot.incomplete.end(), problems->incomplete.begin(), problems->incomplete.end());
    return std::nullopt;
}

/// Where a file has no values of coroutines, and they were asked for.
void tell_no_values(const inspect::StackOptions& options, inspect::Snapshot& snapshot) {
    if ((options.arguments || options.locals) && snapshot.names && snapshot.coroutines &&
        !snapshot.coroutines->values_read) {
        snapshot.incomplete.push_back({0, "the snapshot has no arguments of coroutines; save it with --args, --locals "
                                          "or --raw"});
    }
}

} // namespace

NameSources name_sources(const Invocation& asked) {
    constexpr std::uint64_t usual_patience_ns = 10'000'000'000;
    NameSources sources;
    if (asked.debuginfod) {
        sources.server_patience_ns = asked.timeout_given ? asked.timeout_ns : usual_patience_ns;
    }
    if (!asked.threads_only) {
        const bool raw = !asked.save.empty() && asked.raw;
        auto& scan = sources.coroutines.emplace();
        scan.limit = asked.scan_limit;
        scan.arguments = asked.stack.arguments || asked.stack.locals || raw;
        scan.locals = asked.stack.locals || raw;
        scan.memory_fd = asked.memory_fd;
        scan.patience_ns = asked.timeout_given ? std::optional{asked.timeout_ns} : std::nullopt;
    }
    return sources;
}

Result<inspect::StackReport, inspect::Error> name_stacks(const inspect::World& world, inspect::Snapshot& snapshot,
                                                         const inspect::StackOptions& options,
                                                         const NameSources& sources) {
    tell_no_values(options, snapshot);
    return with_names<inspect::StackReport>(world, snapshot, sources, [&](const inspect::StackSource& source) {
        auto report = inspect::analyse_stacks(snapshot, source, options);
        report.waits = inspect::analyse_waits(snapshot, source, inspect::Places::all);
        return report;
    });
}

Result<inspect::LeakReport, inspect::Error> name_leaks(const inspect::World& world, inspect::Snapshot& snapshot,
                                                       const NextLook& next, const inspect::LeakOptions& options,
                                                       const NameSources& sources) {
    const auto judge = [&](const inspect::StackSource& source, const std::function<void(inspect::Snapshot&)>& ready) {
        if (!next) { // what tells whether anything is found costs a tenth of the lines that tell where it is
            PlainNames plain{source};
            auto report = judge_one(snapshot, plain.source(), options);
            return report.findings.empty() ? std::move(report) : judge_one(snapshot, source, options);
        }
        inspect::LeakReport report;
        std::vector<inspect::LeakLook> looks;
        std::uint32_t confirming = 0;
        for (bool more = true; more;) {
            report.stacks = inspect::analyse_stacks(snapshot, source, {});
            looks.push_back(inspect::look_at(report.stacks, true));
            looks.back().confirms = confirming != 0;
            auto another = confirming == 0 ? next(LookKind::watching) : std::nullopt;
            if (!another && confirming < inspect::confirming_looks &&
                (confirming != 0 || inspect::want_confirmation(looks))) {
                another = next(LookKind::confirming);
                ++confirming;
            }
            more = another.has_value();
            if (more) {
                snapshot = *std::move(another);
                ready(snapshot);
            }
        }
        report.stacks.waits = inspect::analyse_waits(snapshot, source, inspect::Places::findings);
        inspect::judge_leaks(looks, options, report);
        return report;
    };
    if (snapshot.names) {
        return judge(inspect::source_of(*snapshot.names), [](inspect::Snapshot&) {});
    }
    return with_files<inspect::LeakReport>(world, snapshot, sources, [&](inspect::ModuleMap& modules) {
        const Names names{modules};
        inspect::find_running(snapshot, names.source());
        return judge(names.source(), [&](inspect::Snapshot& again) {
            if (sources.coroutines) {
                CoroutineScan{world, *sources.coroutines, again}.run(modules, again);
            }
            inspect::find_running(again, names.source());
        });
    });
}

Result<inspect::DeadlockReport, inspect::Error> name_waits(const inspect::World& world, inspect::Snapshot& snapshot,
                                                           const NameSources& sources) {
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
    return add(with_names<Problems>(world, snapshot, sources,
                                    [&](const inspect::StackSource& source) {
                                        inspect::name_all(source, snapshot);
                                        return Problems{};
                                    }),
               snapshot);
}

std::optional<inspect::Error> look_for_coroutines(const inspect::World& world, inspect::Snapshot& snapshot,
                                                  const NameSources& sources) {
    return add(with_files<Problems>(world, snapshot, sources, [](inspect::ModuleMap&) { return Problems{}; }),
               snapshot);
}

std::optional<inspect::Error> look_for_running(const inspect::World& world, inspect::Snapshot& snapshot) {
    return add(with_names<Problems>(world, snapshot, {}, [](const inspect::StackSource&) { return Problems{}; }),
               snapshot);
}

Result<FilesReport, inspect::Error> check_files(const inspect::World& world, inspect::Snapshot& snapshot) {
    return with_files<FilesReport>(world, snapshot, {}, [&](inspect::ModuleMap& modules) {
        return FilesReport{inspect::check_debug_information(snapshot, modules), snapshot.incomplete};
    });
}

} // namespace tasks::commands
