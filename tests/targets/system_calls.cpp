// system_calls seen                  every call that the agent makes while it is asked everything, a line each:
//                                    PART NUMBER SIX-ARGUMENTS [PATH]
// system_calls filtered ALL AGENT    the same under seccomp filters that kill: one for all threads before the agent
//                                    starts, one more for the agent's thread (struct sock_filter in hexadecimal)
// Status 0 when all was answered as it should, 77 where filters are not allowed, else 1 with a word on stderr.
// Linked with --wrap=pthread_create: the agent's thread gets its filter before its own code runs.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/test_client.hpp"
#include "obedient_host.hpp"
#include "requests.hpp"
#include "warden.hpp"

using namespace tasks;
using namespace tasks::test;
using Order = ObedientHost::Order;

namespace {

constexpr int cannot_run = 77;
constexpr int patience_s = 60;

std::vector<sock_filter> agent_filter; // empty: none

std::vector<sock_filter> filter_of(const std::string& digits) {
    std::vector<sock_filter> rules(digits.size() / (2 * sizeof(sock_filter)));
    auto* bytes = reinterpret_cast<unsigned char*>(rules.data());
    for (std::size_t at = 0; at < rules.size() * sizeof(sock_filter); ++at)
        bytes[at] = static_cast<unsigned char>(std::stoi(digits.substr(2 * at, 2), nullptr, 16));
    return rules;
}

bool install(std::vector<sock_filter>& rules, unsigned flags) {
    sock_fprog program{.len = static_cast<unsigned short>(rules.size()), .filter = rules.data()};
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}

struct Start {
    void* (*routine)(void*);
    void* argument;
};

bool complain(const std::string& what) {
    std::fprintf(stderr, "system_calls: %s\n", what.c_str());
    return false;
}

/// An error frame for bytes that are no good request.
bool refuses(const std::string& socket, const std::string& bytes) {
    TestClient client{socket};
    if (!client.greet() || !client.send_bytes(bytes))
        return false;
    const auto frame = client.receive();
    return frame && frame->header.type == static_cast<std::uint16_t>(protocol::MessageType::error);
}

bool refuses_bad_requests(const std::string& socket) {
    const auto odd = static_cast<protocol::MessageType>(999);
    return refuses(socket, std::string(64, 'x')) && refuses(socket, protocol::frame_bytes(odd, 0, 1, {})) &&
           refuses(socket, protocol::frame_bytes(protocol::MessageType::stacks_request, 0, 1, "\xff\xff\xff"));
}

bool serves_32(const std::string& socket) {
    std::vector<TestClient> clients;
    for (int i = 0; i < 32; ++i)
        if (!clients.emplace_back(socket).greet())
            return false;
    TestClient one_more{socket};
    const auto frame = one_more.receive();
    return frame && frame->header.type == static_cast<std::uint16_t>(protocol::MessageType::error);
}

/// The busy agent's clients may not have gone yet when the next one comes.
bool answers_all(const std::string& socket) {
    Replies replies;
    for (int tries = 0; tries < 1000; ++tries) {
        replies = ask_all(socket);
        if (replies.complete())
            return true;
        if (replies.text().find("clients already") == std::string::npos)
            break;
        ::usleep(10'000);
    }
    return complain("requests: " + replies.text());
}

bool grows(ObedientHost& host) {
    const auto before = std::filesystem::file_size(host.table());
    for (int tries = 0; tries < 1000; ++tries) {
        if (std::string wrong = host.report(Order::jobs); !wrong.empty())
            return complain("jobs: " + wrong);
        if (std::filesystem::file_size(host.table()) > before)
            return true;
    }
    return complain("the table did not grow");
}

bool suite(ObedientHost& host) {
    if (!host.starts() || !host.error().empty())
        return complain("the agent does not start: " + host.error());
    const std::string socket = host.socket();
    if (!answers_all(socket))
        return false;
    if (!refuses_bad_requests(socket))
        return complain("bad requests are not refused");
    if (!serves_32(socket))
        return complain("32 clients and no more: not so");
    if (!grows(host))
        return false;
    if (std::string wrong = host.report(Order::count) + host.report(Order::profile) + host.report(Order::fds);
        !wrong.empty())
        return complain(wrong);
    if (!answers_all(socket))
        return false;
    const std::string left = host.report(Order::quit);
    return (left + host.files()).empty() || complain("left behind: " + left + host.files());
}

bool went_well(int status) {
    if (status == ObedientHost::status)
        return true;
    return complain("the host ended with " + std::to_string(status) +
                    (status == -SIGSYS ? ": a call that is not in the list; `system_calls seen` names it" : ""));
}

// --- seen

void print(const SeenCall& call) {
    if (call.part == Part::host)
        return;
    std::printf("%s %d", part_names[static_cast<std::size_t>(call.part)], call.number);
    for (const std::uint64_t argument : call.arguments)
        std::printf(" %llu", static_cast<unsigned long long>(argument));
    std::printf(" %s\n", call.path.c_str());
}

/// What the scheduler decides otherwise is brought about: the agent's thread begins and ends late, so that who starts
/// and stops it has to wait for it.
class Late {
public:
    int operator()(const SeenCall& call) {
        if (call.number == SYS_futex && call.part != Part::serving)
            waited_[call.part == Part::stop] = true;
        const bool begins = call.part == Part::serving && call.number == SYS_prctl;
        const bool ends = call.part == Part::serving && call.number == SYS_exit;
        return (begins && !waited_[0]) || (ends && !waited_[1]) ? Warden::later : 0;
    }

private:
    std::array<bool, 2> waited_{};
};

using Refusal = std::function<int(const SeenCall&)>;

/// Runs that host under a warden, with what is done to it; false: it did not go well.
bool see(ObedientHost&& host, const Refusal& refusal, const std::function<bool(ObedientHost&)>& asks, bool& possible) {
    Late late;
    std::vector<SeenCall> calls;
    const auto judge = [&](const SeenCall& call) {
        if (const int verdict = late(call); verdict != 0)
            return verdict;
        calls.push_back(call);
        return refusal(call);
    };
    Warden warden{[&host] { return host.live(); }, judge};
    possible = warden.works();
    if (!possible)
        return true;
    const bool well = asks(host);
    const bool ended = went_well(warden.wait(patience_s));
    for (const SeenCall& call : calls)
        print(call);
    return well && ended;
}

/// A refusal of the first call of that number, at the agent's start.
Refusal first(int number, int error) {
    return [number, error, done = false](const SeenCall& call) mutable {
        if (done || call.part != Part::start || call.number != number)
            return 0;
        done = true;
        return error;
    };
}

bool starts_and_stops(ObedientHost& host) {
    const bool started = host.starts();
    const std::string left = host.report(Order::quit);
    return started && (left.empty() || complain("left behind: " + left));
}

int seen() {
    bool possible = true;
    const auto nothing = [](const SeenCall&) { return 0; };
    bool well = see(ObedientHost{}, nothing, suite, possible);
    if (!possible)
        return cannot_run;
    ObedientHost with_all;
    with_all.use_all();
    well = see(std::move(with_all), nothing, suite, possible) && well;
    // The ways that are taken where a file system or a kernel lacks something.
    well = see(ObedientHost{}, first(SYS_fallocate, ENOSPC), starts_and_stops, possible) && well;
    well = see(ObedientHost{}, first(SYS_fallocate, EOPNOTSUPP), starts_and_stops, possible) && well;
    well = see(ObedientHost{}, first(SYS_clone3, ENOSYS), starts_and_stops, possible) && well;
    return well ? 0 : 1;
}

// --- filtered

int filtered(const std::string& all, const std::string& agents) {
    ObedientHost host;
    host.use_all();
    host.begins = [](Part) {};
    host.before_start = [&] {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        agent_filter = filter_of(agents);
        auto rules = filter_of(all);
        if (!install(rules, SECCOMP_FILTER_FLAG_TSYNC))
            ::_exit(cannot_run);
    };
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(host.live());
    const bool well = suite(host);
    int status = 0;
    ::waitpid(child, &status, 0); // it ends when we do: its orders come through a pipe
    status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    if (status == cannot_run)
        return cannot_run;
    return went_well(status) && well ? 0 : 1;
}

} // namespace

extern "C" {
int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*routine)(void*), void* argument);
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*routine)(void*), void* argument);

int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*routine)(void*),
                          void* argument) {
    static Start start; // the agent makes one thread
    if (agent_filter.empty())
        return __real_pthread_create(thread, attributes, routine, argument);
    start = {routine, argument};
    const auto filtered_routine = [](void* given) -> void* {
        const Start& wanted = *static_cast<Start*>(given);
        if (!install(agent_filter, 0))
            std::_Exit(cannot_run);
        return wanted.routine(wanted.argument);
    };
    return __real_pthread_create(thread, attributes, filtered_routine, &start);
}
}

int main(int count, char** words) {
    const std::string_view how = count > 1 ? words[1] : "";
    if (how == "seen" && count == 2)
        return seen();
    if (how == "filtered" && count == 4)
        return filtered(words[2], words[3]);
    std::fprintf(stderr, "usage: system_calls seen | filtered ALL AGENT\n");
    return 2;
}
