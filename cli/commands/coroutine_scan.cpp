#include "commands/coroutine_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>

#include "capture/deadline.hpp"
#include "capture/memory_ranges.hpp"
#include "capture/pagemap_scan.hpp"
#include "capture/patient_reader.hpp"
#include "capture/permission_cause.hpp"
#include "capture/proc_modules.hpp"
#include "capture/proc_stat.hpp"
#include "commands/scan_progress.hpp"
#include "core/core_file.hpp"
#include "coroutines/analysis_cache.hpp"
#include "coroutines/coroutine_symbols.hpp"
#include "coroutines/find_coroutines.hpp"

namespace tasks::commands {

using inspect::AgentState;
using inspect::FileKind;

namespace {

constexpr std::size_t max_maps_bytes = 32u << 20;
constexpr std::uint64_t maps_patience_ns = 150'000'000;
constexpr std::uint64_t list_patience_ns = 500'000'000;

std::string size_words(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1 << 20;
    return bytes < mib ? std::to_string(bytes) + " bytes" : std::to_string(bytes / mib) + " MiB";
}

void tell(std::string reason, inspect::Snapshot& snapshot) { snapshot.incomplete.push_back({0, std::move(reason)}); }

/// A program that has no coroutine functions lacks nothing where its memory cannot be read.
bool has_coroutines(inspect::ModuleMap& modules) {
    return std::ranges::any_of(modules.all(), [](const inspect::ModuleMap::Place& place) {
        return place.elf != nullptr && !inspect::coroutine_symbols(*place.elf).codes.empty();
    });
}

std::string not_readable(const inspect::World& world, int error) {
    return "its memory may not be read: " +
           (error == EACCES || error == EPERM ? inspect::permission_cause(world) : std::string{std::strerror(error)});
}

bool lives(const inspect::World& world, const inspect::ProcessFacts& process) {
    const auto stat = inspect::read_stat(world.proc, process.pid);
    return stat && stat->start_time_ticks == process.start_time_ticks;
}

} // namespace

CoroutineScan::CoroutineScan(const inspect::World& world, const ScanAsked& asked, inspect::Snapshot& snapshot)
    : world_(world), asked_(asked) {
    if (snapshot.process.from.kind == FileKind::core) {
        open_core(snapshot);
    } else if (snapshot.process.from.kind == FileKind::profile) {
        open_writer(snapshot);
    } else if (snapshot.process.from.kind == FileKind::none && snapshot.process.agent != AgentState::dead) {
        open_process(snapshot);
    }
    inspect::mark_stacks(snapshot.threads, ranges_);
}

void CoroutineScan::open_process(inspect::Snapshot& snapshot) {
    const auto pid = snapshot.process.pid;
    if (snapshot.modules_withheld) { // with them we would become its user, and wait for ever
        tell("coroutines are not known: the look for them needs the names", snapshot);
        return;
    }
    const auto maps = inspect::read_patiently({world_.proc.path(pid, "maps")}, max_maps_bytes, maps_patience_ns,
                                              inspect::Deadline{*world_.clock, list_patience_ns});
    if (!maps.front()) {
        problem_ = "/proc/PID/maps did not come in time or may not be read";
        return;
    }
    inspect::FileDescriptor file{asked_.memory_fd >= 0
                                     ? ::fcntl(asked_.memory_fd, F_DUPFD_CLOEXEC, 3)
                                     : ::open(world_.proc.path(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) {
        problem_ = not_readable(world_, asked_.memory_fd >= 0 ? EACCES : errno); // who gave it could not open it
        return;
    }
    auto memory = std::make_shared<const inspect::MemoryFile>(std::move(file), pid);
    if (snapshot.modules.empty()) {
        inspect::MemoryWatch watch;
        auto modules = std::make_shared<std::vector<inspect::ModuleFacts>>();
        const auto text = std::make_shared<const std::string>(*maps.front());
        const auto from_memory = [memory](std::uint64_t address, std::size_t bytes) {
            std::string copy(bytes, '\0');
            copy.resize(memory->read(address, copy));
            return copy;
        };
        if (!watch.run([modules, text, from_memory] { *modules = inspect::parse_modules(*text, from_memory); })) {
            problem_ = "reading its memory hung";
            return;
        }
        snapshot.modules = std::move(*modules);
    }
    ranges_ = inspect::parse_memory_ranges(*maps.front());
    memory_ = std::move(memory);
    pagemap_ = std::make_shared<const inspect::FileDescriptor>(
        ::open(world_.proc.path(pid, "pagemap").c_str(), O_RDONLY | O_CLOEXEC));
}

/// A profile has no memory in it; its process may still have it, and have given it to us.
void CoroutineScan::open_writer(inspect::Snapshot& snapshot) {
    if (asked_.memory_fd < 0) {
        problem_ = std::string{"the file has no memory, where those that are not registered are found; "} +
                   (snapshot.process.signal ? "a core has it (tasks stack --core FILE)"
                                            : "look at the process while it lives (tasks stack PID)");
    } else if (lives(world_, snapshot.process)) {
        open_process(snapshot);
    } else {
        problem_ = "the process that wrote the file is gone";
    }
}

void CoroutineScan::open_core(const inspect::Snapshot& snapshot) {
    auto core = inspect::CoreFile::open(snapshot.process.from.path);
    if (!core) {
        problem_ = "the core " + core.error();
        return;
    }
    for (const auto& segment : core->segments()) {
        if (segment.writable && segment.file_size != 0) {
            ranges_.push_back({segment.address, segment.address + segment.file_size, false});
        }
    }
    memory_ = std::make_shared<const inspect::CoreFile>(*std::move(core));
}

inspect::CoroutineList CoroutineScan::find(inspect::ModuleMap& modules) const {
    ScanProgress progress{world_, asked_.patience_ns};
    inspect::ScanOptions options;
    options.limit = asked_.limit;
    options.explain = asked_.explain;
    options.arguments = asked_.arguments;
    options.locals = asked_.locals;
    options.progress = [&progress](std::uint64_t done, std::uint64_t total) { return progress.tell(done, total); };
    options.now_ns = [this] { return world_.clock->monotonic_ns(); };
    inspect::AnalysisCache cache{world_};
    options.cache = &cache;
    auto found = inspect::find_coroutines(modules, *memory_, written(), options);
    cache.save();
    return found;
}

std::vector<inspect::MemoryRange> CoroutineScan::written() const {
    if (!pagemap_ || !*pagemap_) {
        return ranges_;
    }
    if (auto parts = inspect::scan_written_parts(pagemap_->get(), ranges_)) {
        return *std::move(parts);
    }
    return inspect::written_parts(ranges_, [this](std::uint64_t offset, std::span<char> into) {
        return inspect::read_memory_file(pagemap_->get(), offset, into);
    });
}

void CoroutineScan::run(inspect::ModuleMap& modules, inspect::Snapshot& snapshot) const {
    if (memory_ == nullptr) {
        if (!problem_.empty() && has_coroutines(modules)) {
            tell("coroutines are not known: " + problem_, snapshot);
        }
        return;
    }
    inspect::MemoryWatch watch;
    // What a thread that hangs in a read goes on to use must not go away: the list is its own until it is whole.
    const auto found = std::make_shared<inspect::CoroutineList>();
    if (!watch.run([this, &modules, found] { *found = find(modules); })) {
        tell("coroutines are not known: reading its memory hung: a page comes from a userfaultfd or a FUSE file that "
             "nobody serves",
             snapshot);
        return;
    }
    found->values_read = asked_.arguments || asked_.locals;
    for (auto& problem : found->problems) {
        tell(std::move(problem), snapshot);
    }
    found->problems.clear();
    if (found->unscanned_bytes != 0) { // only what has coroutine functions is scanned
        tell("coroutines were not looked for in " + size_words(found->unscanned_bytes) +
                 " of its memory, which could not be read, or were beyond --scan-limit " + size_words(asked_.limit) +
                 " or --timeout",
             snapshot);
    }
    snapshot.coroutines = std::move(*found);
}

} // namespace tasks::commands
