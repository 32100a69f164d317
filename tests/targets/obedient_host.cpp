#include "obedient_host.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/profile.hpp>
#include <tasks/protocol/places.hpp>
#include <tasks/wait.hpp>

namespace tasks::test {
namespace {

constexpr int patience_ms = 30'000;
constexpr std::size_t many_jobs = 4000; // 512 KiB of records: the table grows more than once

std::set<int> numbers_in(const char* directory) {
    std::set<int> numbers;
    DIR* stream = ::opendir(directory);
    while (const dirent* entry = stream == nullptr ? nullptr : ::readdir(stream))
        if (entry->d_name[0] != '.' && std::atoi(entry->d_name) != ::dirfd(stream))
            numbers.insert(std::atoi(entry->d_name));
    if (stream != nullptr)
        ::closedir(stream);
    return numbers;
}

std::string not_in(const std::set<int>& now, const std::set<int>& before, const char* what) {
    std::string text;
    for (const int number : now)
        if (!before.contains(number))
            text += std::string(what) + " " + std::to_string(number) + " ";
    return text;
}

/// On a thread of its own: as the host's threads use the agent.
void on_a_thread(const std::function<void(Part)>& begins, Part part, const std::function<void()>& work) {
    std::thread([&] {
        begins(part);
        work();
        begins(Part::host);
    }).join();
}

int nothing() {
    static const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC); // before the agent's, so it is no leak
    return fd;
}

void make_jobs(const std::function<void(Part)>& begins) {
    std::vector<JobHandle> handles;
    handles.reserve(many_jobs);
    on_a_thread(begins, Part::threads, [&handles] {
        const Job job{"a job that makes jobs"};
        const Wait wait{wait_reason::sleep};
        for (std::size_t i = 0; i < many_jobs; ++i)
            handles.emplace_back("one of many");
        for (JobHandle& handle : handles)
            handle = JobHandle{};
    });
}

std::string wrong_fds(const std::set<int>& before) {
    std::string wrong;
    for (const int fd : numbers_in("/proc/self/fd")) {
        if (before.contains(fd))
            continue;
        if (fd < 3)
            wrong += "fd " + std::to_string(fd) + " is below 3 ";
        if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
            wrong += "fd " + std::to_string(fd) + " survives exec ";
    }
    return wrong;
}

} // namespace

ObedientHost::ObedientHost() {
    char name[] = "/tmp/tasks-test-XXXXXX";
    directory_ = ::mkdtemp(name) == nullptr ? "/nonexistent" : name;
    if (::pipe2(orders_.data(), O_CLOEXEC) != 0 || ::pipe2(reports_.data(), O_CLOEXEC) != 0)
        std::abort();
    ::signal(SIGPIPE, SIG_IGN); // ours: a host that died early takes no orders
}

ObedientHost::~ObedientHost() {
    for (const int fd : {orders_[0], orders_[1], reports_[0], reports_[1]})
        if (fd >= 0)
            ::close(fd);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void ObedientHost::say(const std::string& report) const {
    const std::string line = report + "\n";
    [[maybe_unused]] const ssize_t put = ::write(reports_[1], line.data(), line.size());
}

int ObedientHost::live() {
    ::close(std::exchange(orders_[1], -1));
    ::close(std::exchange(reports_[0], -1));
    ::signal(SIGPIPE, SIG_DFL); // the agent must not make one
    before_start();
    nothing();
    const auto fds = numbers_in("/proc/self/fd");
    const auto threads = numbers_in("/proc/self/task");
    const std::string place = agents_directory(); // the agent makes it
    options.directory = place;
    std::optional<Agent> agent;
    std::atomic<bool> over{false};
    std::thread busy;
    if (has_a_busy_thread)
        busy = std::thread([this, &over] {
            begins(Part::threads);
            while (!over.load(std::memory_order_relaxed)) {
            }
            begins(Part::host);
        });
    const auto start = [&] {
        begins(Part::start);
        agent.emplace(options);
        begins(Part::host);
    };
    if (starts_on_a_thread)
        std::thread(start).join();
    else
        start();
    say(std::string(agent->error()));
    for (char order = 0; ::read(orders_[0], &order, 1) == 1 && order != static_cast<char>(Order::quit);) {
        if (order == static_cast<char>(Order::jobs))
            make_jobs(begins);
        if (order == static_cast<char>(Order::count))
            on_a_thread(begins, Part::threads, [] { count(); });
        if (order == static_cast<char>(Order::profile))
            on_a_thread(begins, Part::profile, [] { write_profile(nothing(), ProfileDetail::stacks); });
        say(order == static_cast<char>(Order::fds) ? wrong_fds(fds) : std::string{});
    }
    begins(Part::stop);
    agent.reset();
    begins(Part::host);
    over.store(true);
    if (busy.joinable())
        busy.join();
    say(not_in(numbers_in("/proc/self/fd"), fds, "fd") + not_in(numbers_in("/proc/self/task"), threads, "thread"));
    return status;
}

std::string ObedientHost::read_report() {
    std::string line;
    for (;;) {
        pollfd entry{.fd = reports_[0], .events = POLLIN, .revents = 0};
        char byte = 0;
        if (::poll(&entry, 1, patience_ms) <= 0 || ::read(reports_[0], &byte, 1) != 1)
            return "no report";
        if (byte == '\n')
            return line;
        line += byte;
    }
}

bool ObedientHost::starts() {
    ::close(std::exchange(orders_[0], -1));
    ::close(std::exchange(reports_[1], -1));
    error_ = read_report();
    return error_ != "no report";
}

std::string ObedientHost::report(Order order) {
    const char byte = static_cast<char>(order);
    [[maybe_unused]] const ssize_t put = ::write(orders_[1], &byte, 1);
    return read_report();
}

std::string ObedientHost::files() const {
    std::string names;
    std::error_code none; // it was not made
    for (const auto& entry : std::filesystem::directory_iterator(agents_directory(), none))
        names += entry.path().filename().string() + " ";
    return names;
}

std::string ObedientHost::only(std::string_view suffix) const {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(agents_directory(), none))
        if (entry.path().filename().string().ends_with(suffix))
            return entry.path();
    return {};
}

std::string ObedientHost::socket() const { return only(protocol::socket_suffix); }
std::string ObedientHost::table() const { return only(protocol::table_suffix); }

} // namespace tasks::test
