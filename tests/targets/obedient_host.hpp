// A host with an agent that does as it is told, for tests that refuse it system calls or memory: a function for a
// forked child (live()), and the parent's side of it, which gives orders and reads reports. It tells a warden what its
// threads do for the agent. What it left behind it looks for itself, and says so at its end. One host an object.
#pragma once

#include <csignal>

#include <array>
#include <functional>
#include <string>

#include <tasks/agent.hpp>

#include "warden.hpp"

namespace tasks::test {

class ObedientHost {
public:
    enum class Order : char {
        jobs = 'j',  ///< makes more jobs than the table had room for, on a thread of its own, and ends them
        count = 'c',   ///< tasks::count(), on another one
        profile = 'p', ///< tasks::write_profile() with stacks, into nothing, on another one
        fds = 'f',     ///< looks at the agent's fds: "" or what is wrong with them
        quit = 'q',    ///< destroys the agent and ends: "" or what was left behind
    };
    static constexpr int status = 7; ///< of its exit, when all went as it should

    ObedientHost();
    ~ObedientHost();
    ObedientHost(const ObedientHost&) = delete;
    ObedientHost& operator=(const ObedientHost&) = delete;

    // --- in the child
    int live();
    /// Run in the child before its agent starts.
    std::function<void()> before_start = [] {};
    /// Run when the calling thread begins a part, Part::host when it is over; tells the warden.
    std::function<void(Part)> begins = mark;
    /// What is an option of the agent's, and takes other ways in it.
    void use_all() {
        options.capture_signal = SIGPROF;
        starts_on_a_thread = has_a_busy_thread = true;
    }
    bool starts_on_a_thread = false; ///< of its own, that ends when the agent runs
    bool has_a_busy_thread = false;  ///< that runs until the end and calls nothing; told as Part::threads

    // --- in the parent
    /// After the fork: waits for the agent's start; false: it did not come about within the deadline.
    bool starts();
    /// What Agent::error() said.
    const std::string& error() const { return error_; }
    /// The socket; "" where there is none.
    std::string socket() const;
    std::string table() const;
    /// The report, without waiting for more than the deadline; "no report" where none came.
    std::string report(Order order);
    /// What the agent has in its directory now; names, each with a blank after it.
    std::string files() const;

    AgentOptions options{.table_cap_bytes = 8u << 20, .table_initial_bytes = 128u << 10};

private:
    std::string read_report();
    void say(const std::string& report) const;
    std::string only(std::string_view suffix) const;
    std::string agents_directory() const { return directory_ + "/agent"; }

    std::string directory_;
    std::array<int, 2> orders_{-1, -1};
    std::array<int, 2> reports_{-1, -1};
    std::string error_;
};

} // namespace tasks::test
