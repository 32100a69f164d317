#include "core/core_table.hpp"

#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

#include <fcntl.h>

#include "capture/deadline.hpp"
#include "capture/file_table_source.hpp"
#include "capture/proc_stat.hpp"
#include "capture/task_collector.hpp"

namespace tasks::inspect {
namespace {

constexpr std::string_view deleted_mark = " (deleted)";
constexpr std::uint64_t patience_ns = 1'000'000'000;

template <class Number> bool take_number(std::string_view& text, char until, Number& into) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), into);
    const auto length = static_cast<std::size_t>(end.ptr - text.data());
    if (end.ec != std::errc{} || length >= text.size() || text[length] != until) {
        return false;
    }
    text.remove_prefix(length + 1);
    return true;
}

/// Directory, PID and START of a table's path.
std::optional<AgentFiles> files_of(std::string_view path) {
    if (path.ends_with(deleted_mark)) {
        path.remove_suffix(deleted_mark.size());
    }
    const auto slash = path.rfind('/');
    auto name = slash == path.npos ? std::string_view{} : path.substr(slash + 1);
    AgentFiles files;
    if (!take_number(name, '-', files.inner_pid) || !take_number(name, '.', files.start_time_ticks) ||
        name != protocol::table_suffix.substr(1)) {
        return std::nullopt;
    }
    files.directory_path = path.substr(0, slash);
    files.has_table = true;
    return files;
}

} // namespace

bool is_table_path(const std::string& path) { return files_of(path).has_value(); }

void read_core_table(const World& world, const std::string& path, Snapshot& into) {
    auto files = files_of(path);
    if (!files) {
        return;
    }
    const auto tell = [&into](std::string reason) { into.incomplete.push_back({0, std::move(reason)}); };
    files->owner_uid = into.process.uid;
    files->directory =
        std::make_shared<const FileDescriptor>(::open(files->directory_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto missing = [&tell](const std::string& why) {
        tell("the process carried an agent, whose table a core does not have: registered jobs are not known, and the "
             "agent's own thread is among the threads; " +
             why);
    };
    if (!*files->directory) {
        missing("directory " + files->directory_path + ": it is not there, or closed to us");
        return;
    }
    auto table = open_table(*files, Deadline{*world.clock, patience_ns});
    if (!table) {
        missing(table.error().sentence);
        return;
    }
    into.process.start_time_ticks = files->start_time_ticks;
    into.agent_tid = table->reader.facts().agent_tid;
    into.vitals.os_threads = *into.vitals.os_threads - std::erase_if(into.threads, [&into](const ThreadFacts& thread) {
        return thread.tid == into.agent_tid;
    });
    const auto stat = read_stat(world.proc, files->inner_pid);
    if (stat && stat->start_time_ticks == files->start_time_ticks && !stat->ended()) {
        tell("the process lives on, and its table with it: the registered jobs of the core's moment are not known; "
             "tasks "
             "stack " +
             std::to_string(files->inner_pid) + " shows those of now");
        return;
    }
    collect_table(table->reader, false, into);
}

} // namespace tasks::inspect
