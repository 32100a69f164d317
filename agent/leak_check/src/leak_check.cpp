#include <tasks/leak_check.hpp>

#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <utility>

#include <tasks/protocol/table_layout.hpp>
#include <tasks/task_handle.hpp>

#include "leak_description.hpp"
#include "leak_search.hpp"
#include "scopes.hpp"

namespace tasks {
namespace leaks {
namespace {

/// What checks have told: the whole run's does not tell it again.
class Told {
public:
    void add(const LeftOver& left) {
        const std::lock_guard lock{mutex_};
        living_.ids.insert(left.ids.begin(), left.ids.end());
        for (const WatchedThread& thread : left.threads)
            living_.threads.insert(thread.serial);
        living_.coroutines.insert(left.coroutines.begin(), left.coroutines.end());
    }

    Living now() {
        const std::lock_guard lock{mutex_};
        return living_;
    }

private:
    std::mutex mutex_;
    Living living_;
};

Told& told() {
    static Told& one = *new Told;
    return one;
}

void tell_no_agent(const std::string& problem, LeakReport& report) {
    if (!problem.empty())
        LeakReportBuilder::notes(report).push_back("no agent runs: " + problem +
                                                   "; only threads are seen, no jobs, coroutines or fibers");
}

void add(const Living& from, Living& into) {
    into.ids.insert(from.ids.begin(), from.ids.end());
    into.threads.insert(from.threads.begin(), from.threads.end());
    into.coroutines.insert(from.coroutines.begin(), from.coroutines.end());
}

/// Tasks that found no room in the table since the program began.
std::uint64_t dropped_now() {
    const auto* header = static_cast<const protocol::TableHeader*>(Scopes::the().table());
    return header == nullptr ? 0 : __atomic_load_n(&header->dropped_jobs, __ATOMIC_RELAXED);
}

void tell_dropped(std::uint64_t before, LeakReport& report) {
    if (const std::uint64_t dropped = dropped_now() - before; dropped != 0)
        LeakReportBuilder::notes(report).push_back(
            std::to_string(dropped) + " tasks found no room in the agent's table: whether they live is not known");
}

LeakReport search_process(const Options& options, Living without) {
    const std::string problem = Scopes::the().start_agent();
    if (options.current)
        add(*options.current, without);
    LeakReport report = search({0, &without, TaskHandle::current_id()}, options);
    tell_no_agent(problem, report);
    tell_dropped(0, report);
    return report;
}

bool print(const LeakReport& report) {
    if (report.empty())
        return true;
    std::fputs(report.message().c_str(), stderr);
    return false;
}

} // namespace

class Scope {
public:
    explicit Scope(LeakOptions options)
        : options_(std::move(options)), problem_(Scopes::the().start_agent()), pid_(::getpid()),
          own_task_(TaskHandle::current_id()), outer_(Scopes::the().present()) {
        if (all().whole_process)
            before_ = living_now();
        if (all().current)
            add(*all().current, before_);
        if (all().scan_memory)
            before_.coroutines.merge(all_coroutine_frames());
        dropped_ = dropped_now();
        scope_ = Scopes::the().open();
    }

    ~Scope() {
        if (Scopes::the().present() == scope_)
            Scopes::the().enter(outer_);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    LeakReport find() {
        LeakReport report;
        if (::getpid() != pid_) {
            LeakReportBuilder::notes(report).push_back(
                "this is a forked child: the tasks of the check's process are not in it");
            return report;
        }
        LeftOver left;
        report = search({all().whole_process ? 0 : scope_, &before_, own_task_}, all(), &left);
        told().add(left);
        tell_no_agent(problem_, report);
        tell_dropped(dropped_, report);
        return report;
    }

private:
    const Options& all() const noexcept { return options_.all(); }

    LeakOptions options_;
    std::string problem_; ///< why no agent runs
    pid_t pid_;
    std::uint64_t own_task_;
    std::uint32_t outer_;
    std::uint32_t scope_ = 0;
    std::uint64_t dropped_ = 0;
    Living before_;
};

} // namespace leaks

LeakCheck::LeakCheck(LeakOptions options) : scope_(std::make_unique<leaks::Scope>(std::move(options))) {}
LeakCheck::~LeakCheck() = default;
LeakReport LeakCheck::find() { return scope_->find(); }

LeakReport find_leaks(const LeakOptions& options) {
    LeakReport report = leaks::search_process(options.all(), {});
    if (options.all().cleanup != nullptr)
        LeakReportBuilder::notes(report).emplace_back(
            "cleanup() is for verify_none() and verify_test_main(): not called");
    return report;
}

bool verify_none(const LeakOptions& options) {
    const bool none = leaks::print(leaks::search_process(options.all(), {}));
    options.clean_up(0);
    return none;
}

int verify_test_main(int status, const LeakOptions& options) {
    const bool looks = status == 0 || options.all_on_failure();
    if (looks && !leaks::print(find_untold_leaks(options)) && status == 0)
        status = 1;
    options.clean_up(status);
    return status;
}

LeakReport find_untold_leaks(const LeakOptions& options) {
    return leaks::search_process(options.all(), leaks::told().now());
}

void verify_at_exit(bool failed, const LeakOptions& options) {
    if (verify_test_main(failed ? 1 : 0, options) != 0 && !failed)
        fail_at_exit();
}

} // namespace tasks
