#include "commands/captured_target.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "capture/capture.hpp"
#include "capture/file_capture.hpp"
#include "commands/named_stacks.hpp"
#include "commands/save_file.hpp"
#include "core/core_capture.hpp"
#include "discovery/discovery.hpp"
#include "saved/snapshot_writer.hpp"

namespace tasks::commands {
namespace {

Result<inspect::Target, inspect::Error> find(discovery::Discovery& discovery, const Invocation& asked) {
    const auto& text = asked.target;
    if (!text.pid) {
        return discovery.by_name(text.name, asked.verb == Verb::summary);
    }
    return text.start_time_ticks ? discovery.by_instance(*text.pid, *text.start_time_ticks)
                                 : discovery.by_pid(*text.pid);
}

/// What a dead process wrote when it crashed, beside its table; "" it wrote nothing there. Of a link, or another
/// user's file, nothing is believed.
std::string crash_dump_of(const inspect::Target& target) {
    const auto& files = target.files;
    struct stat facts{};
    if (target.process.agent != inspect::AgentState::dead || files.directory == nullptr ||
        ::fstatat(files.directory->get(), files.crash_name().c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(facts.st_mode) || !files.trusts(facts.st_uid)) {
        return "";
    }
    return files.directory_path + "/" + files.crash_name();
}

/// All that there is: a saved snapshot is for every verb.
inspect::CaptureOptions everything(const Invocation& asked) {
    inspect::CaptureOptions options;
    options.touch = asked.touch;
    options.stop = asked.stop;
    return options;
}

Result<inspect::Snapshot, inspect::Error> capture_asked(const inspect::World& world, const Invocation& asked,
                                                        const inspect::CaptureOptions& options) {
    if (!asked.from.empty()) {
        const auto patience = asked.timeout_given ? std::optional{asked.timeout_ns} : std::nullopt;
        return inspect::capture_from_file(world, asked.from, patience);
    }
    if (!asked.core.empty()) {
        return inspect::capture_from_core(world, asked.core, asked.exe);
    }
    auto discovery = discovery::Discovery::begin(world, asked.timeout_ns);
    if (!discovery) {
        return Failure{discovery.error()};
    }
    const auto target = find(*discovery, asked);
    if (!target) {
        return Failure{target.error()};
    }
    if (const auto dump = crash_dump_of(*target); !dump.empty()) {
        return inspect::capture_from_file(world, dump, asked.timeout_ns);
    }
    return inspect::capture(world, *target, inspect::with_timeout(options, asked.timeout_ns));
}

/// Fails before anything is captured where the file cannot be written.
Result<inspect::Snapshot, inspect::Error> capture_and_save(const inspect::World& world, const Invocation& asked) {
    auto file = SaveFile::begin(asked.save);
    if (!file) {
        return Failure{file.error()};
    }
    auto snapshot = capture_asked(world, asked, everything(asked));
    if (!snapshot) {
        return snapshot;
    }
    if (auto error = name_snapshot(world, *snapshot, name_sources(asked))) {
        return Failure{*std::move(error)};
    }
    inspect::write_snapshot(*snapshot, asked.raw, [&file](std::string_view bytes) { return file->write(bytes); });
    if (const auto saved = file->finish(); !saved) {
        return Failure{saved.error()};
    }
    return snapshot;
}

/// What no thread carries goes, but for jobs.
void leave_threads(inspect::Snapshot& snapshot) {
    snapshot.coroutines.reset();
    std::erase_if(snapshot.tasks, [](const inspect::TaskFacts& task) {
        return task.tid == 0 && (task.kind == protocol::Kind::coroutine || task.kind == protocol::Kind::fiber);
    });
}

} // namespace

Result<inspect::Snapshot, inspect::Error> capture_target(const inspect::World& world, const Invocation& asked,
                                                         const inspect::CaptureOptions& options) {
    auto snapshot = asked.save.empty() ? capture_asked(world, asked, options) : capture_and_save(world, asked);
    if (snapshot && asked.threads_only) {
        leave_threads(*snapshot);
    }
    return snapshot;
}

} // namespace tasks::commands
