// Words for tests of the whole agent: a directory of one's own, an agent in it, and what its table tells.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tasks/agent.hpp>
#include <tasks/protocol/places.hpp>
#include <tasks/protocol/table_reader.hpp>

#include "owned_fd.hpp"

namespace tasks::test {

/// A new empty directory, removed with its content.
class OwnDirectory {
public:
    OwnDirectory() {
        char name[] = "/tmp/tasks-test-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        path_ = name;
    }
    ~OwnDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    OwnDirectory(const OwnDirectory&) = delete;
    OwnDirectory& operator=(const OwnDirectory&) = delete;

    const std::string& path() const { return path_; }

    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(path_))
            names.push_back(entry.path().filename());
        return names;
    }

    /// The path of the only file with that suffix; "" where there is none.
    std::string only(std::string_view suffix) const {
        for (const std::string& name : files())
            if (name.ends_with(suffix) && !name.starts_with("."))
                return path_ + "/" + name;
        return {};
    }

private:
    std::string path_;
};

/// A task as its table tells it, texts copied.
struct SeenTask {
    protocol::Task task;
    std::vector<std::string> names; ///< of its scopes, outermost first
    std::string wait_name;
    std::string label; ///< key=text, and "..." where it was cut; empty: none
    std::string file;
    std::uint32_t line = 0;
};

struct SeenTable {
    protocol::TableFacts facts;
    std::vector<SeenTask> tasks;
    protocol::TableTotals totals;

    std::vector<SeenTask> named(const std::string& name) const {
        std::vector<SeenTask> found;
        for (const SeenTask& each : tasks)
            if (!each.names.empty() && each.names.back() == name)
                found.push_back(each);
        return found;
    }
};

class FileSource final : public protocol::TableSource {
public:
    explicit FileSource(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override {
        return ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    }

private:
    agent::OwnedFd fd_;
};

inline SeenTable read_table(const std::string& path) {
    const FileSource source{path};
    auto reader = protocol::TableReader::open(source);
    INFO(path);
    REQUIRE(reader);
    SeenTable seen;
    seen.facts = reader->facts();
    seen.totals = reader->each_task([&](const protocol::Task& task) {
        seen.tasks.push_back({task, {}, {}, {}, {}, 0});
        seen.tasks.back().label = std::string(task.label_text) + (task.label_cut ? "..." : "");
        seen.tasks.back().task.label_text = {};
        return true;
    });
    for (SeenTask& each : seen.tasks) {
        for (std::uint8_t i = 0; i < each.task.scope_count; ++i)
            if (const auto site = reader->site(each.task.scopes[i])) {
                each.names.emplace_back(site->name);
                each.file = site->file;
                each.line = site->line;
            }
        if (const auto site = reader->site(each.task.wait_site))
            each.wait_name = site->name;
        if (const auto site = reader->site(each.task.label_key))
            each.label = std::string(site->name) + "=" + each.label;
    }
    return seen;
}

/// An agent with files of its own.
class OwnAgent {
public:
    explicit OwnAgent(AgentOptions options = {}) : agent_(placed(options)) {}

    Agent& agent() { return agent_; }
    const OwnDirectory& directory() const { return directory_; }
    SeenTable table() const { return read_table(directory_.only(protocol::table_suffix)); }

private:
    AgentOptions placed(AgentOptions options) {
        options.directory = directory_.path();
        return options;
    }
    OwnDirectory directory_;
    Agent agent_;
};

/// True as soon as `holds` is, false when it never was within the deadline.
inline bool eventually(const std::function<bool()>& holds,
                       std::chrono::milliseconds deadline = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// Runs `body` in a forked child; its exit status, or -signal. The body returns the status.
inline int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0)
        ::_exit(body());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline std::size_t open_fds() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;
}

inline std::size_t own_threads() {
    std::size_t threads = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
        ++threads;
    return threads;
}

/// The main thread, and under ThreadSanitizer one of its own, which it starts with the first.
inline std::size_t threads_at_rest() {
    std::string path = "/proc/self/task/";
    std::thread([&] { path += std::to_string(::gettid()); }).join();
    REQUIRE(eventually([&] { return !std::filesystem::exists(path); }));
    return own_threads();
}

} // namespace tasks::test
