#include <tasks/agent.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

#include "agent_share.hpp"
#include "clock.hpp"
#include "run.hpp"
#include "wiped_page.hpp"

namespace tasks {
namespace {

/// The one run of this process and who shares it; all zero in a forked child.
struct Shared {
    std::mutex mutex; // zero bytes are an open one
    agent::Run* run;
    std::uint64_t number;
    std::uint64_t users;
};
agent::WipedPage<Shared> shared_page;

/// At exit() with an Agent still alive (on another thread's stack, or never destroyed), the files go.
struct Farewell {
    ~Farewell() {
        if (Shared* shared = shared_page.get(); shared != nullptr && shared->mutex.try_lock()) {
            if (shared->run != nullptr)
                shared->run->remove_files();
            shared->mutex.unlock();
        }
    }
} farewell;

bool switched_off() {
    const char* value = std::getenv("TASKS_AGENT");
    return value != nullptr && std::strcmp(value, "off") == 0;
}

/// Joins the run there is or starts one; its number, 0 where nothing runs.
std::uint64_t join_or_start(const AgentOptions& options, std::string& problem) {
    Shared* shared = shared_page.make();
    if (shared == nullptr) {
        problem = "no memory";
        return 0;
    }
    const std::lock_guard lock{shared->mutex};
    if (shared->run == nullptr) {
        auto run = agent::Run::start(options, problem);
        if (!run) {
            problem = run.error();
            return 0;
        }
        shared->run = run->release();
        shared->number = agent::now_ns();
    }
    ++shared->users;
    return shared->number;
}

} // namespace

namespace agent {

std::uint64_t take_share(const AgentOptions& options, std::string& problem) noexcept {
    try {
        if (!switched_off())
            return join_or_start(options, problem);
        problem = "switched off by TASKS_AGENT=off";
    } catch (const std::exception& error) {
        try {
            problem = error.what();
        } catch (...) {
        }
    }
    return 0;
}

void give_share(std::uint64_t run) noexcept {
    Shared* shared = shared_page.get();
    if (run == 0 || shared == nullptr)
        return;
    const std::lock_guard lock{shared->mutex};
    if (shared->number != run || shared->users == 0 || --shared->users != 0)
        return; // of the parent's run before a fork, or others still use it
    shared->run->stop();
    delete shared->run;
    shared->run = nullptr;
    shared->number = 0;
}

} // namespace agent

Agent::Agent(const AgentOptions& options) noexcept {
    std::string problem;
    run_ = agent::take_share(options, problem);
    error_bytes_ = std::min(problem.size(), sizeof error_ - 1);
    std::memcpy(error_, problem.data(), error_bytes_);
}

Agent::~Agent() { agent::give_share(run_); }

} // namespace tasks
