// What becomes of a host when system calls or memory are refused to its agent. Each mode prints a line a run that did
// harm, and the number of runs; status 1 where there was harm, 77 where no calls can be refused here.
//
// faults always start|later ERRNO NUMBER...   each of these system calls in turn is refused to the agent whenever it
//                                             makes it, from its start or from then on
// faults nth PART ERRNO NUMBER...             the first of all calls with these numbers is refused once, then the
//                                             second, until a run has no so many
// faults memory                               the same with malloc() while the agent starts, and while it stops: once,
//                                             and from then on
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "failing_memory.hpp"
#include "obedient_host.hpp"
#include "requests.hpp"
#include "warden.hpp"

using namespace tasks::test;
using Order = ObedientHost::Order;
using namespace std::chrono_literals;

namespace {

constexpr int cannot_run = 77;
constexpr int patience_s = 60;
constexpr auto longest_answer = 25s; // a client of the tests gives up after 30
constexpr auto quiet = 30ms;
constexpr std::uint64_t most_quiet_calls = 60; // one that spins makes a thousand
constexpr const char* endless_start = "the agent's start does not end";

/// What may be wrong after a call was refused, because nobody could do without it.
struct Excuses {
    bool fds = false;   // close
    bool files = false; // unlinkat
};
Excuses excuses_for(int number) { return {.fds = number == SYS_close, .files = number == SYS_unlinkat}; }

/// Asks everything; a sentence where the agent lets a client hang.
std::string hangs(const std::string& socket, Replies& replies) {
    const auto begun = std::chrono::steady_clock::now();
    replies = ask_all(socket);
    const bool too_long = std::chrono::steady_clock::now() - begun > longest_answer;
    return too_long ? "a client hangs; it was told: " + replies.text() : std::string{};
}

/// Nobody asks and nothing happens: is there one who works all the same?
std::string spins(const Warden& warden) {
    const auto before = warden.agent_calls();
    std::this_thread::sleep_for(quiet);
    const auto calls = warden.agent_calls() - before;
    return calls > most_quiet_calls ? "the agent's thread made " + std::to_string(calls) + " calls while nobody asked"
                                    : std::string{};
}

std::string left_behind(ObedientHost& host, const Excuses& excuses) {
    const std::string report = host.report(Order::quit);
    if (report == "no report")
        return "the agent does not stop";
    if (!report.empty() && !excuses.fds)
        return "left behind: " + report;
    const std::string files = host.files();
    return files.empty() || excuses.files ? std::string{} : "files left over: " + files;
}

/// One run of a host whose agent has started: what harm came to it, "" for none. `over`: only one call is refused, so
/// that all must be well again when the first client has been answered.
std::string harm(ObedientHost& host, Warden& warden, const Excuses& excuses, bool over) {
    const std::string socket = host.socket();
    if (host.error().empty() && (socket.empty() || host.table().empty()))
        return "no word of the socket or the table that lacks";
    Replies replies;
    if (!socket.empty())
        if (std::string wrong = hangs(socket, replies); !wrong.empty())
            return wrong;
    if (host.report(Order::jobs) == "no report" || host.report(Order::count) == "no report")
        return "jobs hang";
    if (host.report(Order::profile) == "no report") // what it says is the refused call's
        return "a profile hangs";
    if (std::string wrong = host.report(Order::fds); !wrong.empty())
        return wrong;
    // Twice: the refused call may have come just now.
    replies = {};
    for (int tries = 0; over && host.error().empty() && tries < 2 && !replies.complete(); ++tries) {
        if (std::string wrong = hangs(socket, replies); !wrong.empty())
            return wrong;
    }
    if (over && host.error().empty() && !replies.complete())
        return "it does not recover: " + replies.text();
    if (std::string wrong = spins(warden); !wrong.empty())
        return wrong;
    if (std::string wrong = left_behind(host, excuses); !wrong.empty())
        return wrong;
    const int status = warden.wait(patience_s);
    return status == ObedientHost::status ? std::string{} : "the host ended with " + std::to_string(status);
}

struct Tally {
    int runs = 0;
    int harms = 0;

    void add(const std::string& what, const std::string& error, const std::string& harm) {
        ++runs;
        harms += harm.empty() ? 0 : 1;
        if (!harm.empty() || std::getenv("TASKS_TEST_FAULTS_VERBOSE") != nullptr)
            std::printf("%s: %s (error: %s)\n", what.c_str(), harm.empty() ? "no harm" : harm.c_str(), error.c_str());
    }
    int status(const char* mode) const {
        std::printf("%s: %d runs, %d with harm\n", mode, runs, harms);
        return harms == 0 ? 0 : 1;
    }
};

bool of_the_agent(const SeenCall& call) { return call.part != Part::host; }

int always(bool from_start, int error, const std::vector<int>& numbers) {
    Tally tally;
    for (const int number : numbers) {
        ObedientHost host;
        std::atomic<bool> refuses{from_start};
        const auto judge = [&](const SeenCall& call) {
            return refuses.load() && of_the_agent(call) && call.number == number ? error : 0;
        };
        Warden warden{[&host] { return host.live(); }, judge};
        if (!warden.works())
            return cannot_run;
        const bool started = host.starts();
        refuses.store(true);
        const std::string wrong = started ? harm(host, warden, excuses_for(number), false) : endless_start;
        tally.add("call " + std::to_string(number), host.error(), wrong);
    }
    return tally.status("always");
}

int nth(Part part, int error, const std::vector<int>& numbers) {
    Tally tally;
    for (int wanted = 1;; ++wanted) {
        ObedientHost host;
        int seen = 0;
        SeenCall refused;
        const auto judge = [&](const SeenCall& call) {
            if (call.part != part || std::find(numbers.begin(), numbers.end(), call.number) == numbers.end())
                return 0;
            if (++seen != wanted)
                return 0;
            refused = call;
            return error;
        };
        std::string wrong;
        {
            Warden warden{[&host] { return host.live(); }, judge};
            if (!warden.works())
                return cannot_run;
            wrong = host.starts() ? harm(host, warden, {}, true) : endless_start;
        } // from here on nobody writes `refused`
        const Excuses excuses = excuses_for(refused.number);
        if (seen < wanted)
            return tally.status("nth");
        if ((excuses.fds && wrong.starts_with("left behind: fd")) || (excuses.files && wrong.starts_with("files")))
            wrong.clear();
        tally.add("call " + std::to_string(wanted) + ", number " + std::to_string(refused.number) + " " + refused.path,
                  host.error(), wrong);
    }
}

// --- memory

struct MemoryRun {
    std::string wrong;
    bool failed = false; // there were so many requests
};

/// One host whose n-th request for memory fails in that part.
MemoryRun memory_run(Part part, Failing how, std::uint64_t wanted, std::string& error) {
    ObedientHost host;
    std::array<int, 2> counts{-1, -1};
    if (::pipe2(counts.data(), O_CLOEXEC) != 0)
        return {"no pipe", false};
    host.begins = [&, part, armed = false](Part begun) mutable {
        if (std::exchange(armed, begun == part)) {
            const bool reached = memory_requests() >= wanted;
            fail_memory(Failing::never, 0);
            if (reached) [[maybe_unused]]
                const ssize_t put = ::write(counts[1], "y", 1);
        }
        if (armed)
            fail_memory(how, wanted);
    };
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(host.live());
    MemoryRun run;
    if (!host.starts())
        run.wrong = endless_start;
    error = host.error();
    Replies replies;
    if (run.wrong.empty() && error.empty() && (host.socket().empty() || !ask_all(host.socket()).complete()))
        run.wrong = "no word of what lacks";
    const std::string left = left_behind(host, {});
    if (run.wrong.empty())
        run.wrong = left;
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != ObedientHost::status)
        run.wrong = "the host ended with wait status " + std::to_string(status);
    ::close(counts[1]);
    char byte = 0;
    run.failed = ::read(counts[0], &byte, 1) == 1;
    ::close(counts[0]);
    return run;
}

int memory() {
    Tally tally;
    for (const Part part : {Part::start, Part::stop})
        for (const Failing how : {Failing::once, Failing::from_then})
            for (std::uint64_t wanted = 1;; ++wanted) {
                std::string error;
                const MemoryRun run = memory_run(part, how, wanted, error);
                if (!run.failed && run.wrong.empty())
                    break;
                tally.add("request " + std::to_string(wanted) + " for memory in " +
                              part_names[static_cast<std::size_t>(part)] +
                              (how == Failing::once ? "" : " and all that follow"),
                          error, run.wrong);
                if (!run.failed)
                    break;
            }
    return tally.status("memory");
}

std::vector<int> numbers_of(int count, char** words) {
    std::vector<int> numbers;
    for (int at = 4; at < count; ++at)
        numbers.push_back(std::atoi(words[at]));
    return numbers;
}

} // namespace

int main(int count, char** words) {
    const std::string_view mode = count > 1 ? words[1] : "";
    const std::string_view when = count > 2 ? words[2] : "";
    const int error = count > 3 ? std::atoi(words[3]) : 0;
    if (mode == "always" && count > 4 && (when == "start" || when == "later"))
        return always(when == "start", error, numbers_of(count, words));
    const auto part = std::find(part_names.begin(), part_names.end(), when);
    if (mode == "nth" && count > 4 && part != part_names.end())
        return nth(static_cast<Part>(part - part_names.begin()), error, numbers_of(count, words));
    if (mode == "memory" && count == 2)
        return memory();
    std::fprintf(stderr, "usage: faults always start|later ERRNO NUMBER... | nth PART ERRNO NUMBER... | "
                         "memory\n");
    return 2;
}
