// agent_load SOCKET dumps COUNT | clients COUNT: asks an agent for dumps (tasks and stacks) so often, one after the
// other, or has so many clients at once, of which it serves 32 and tells the others that it is busy. Prints what came
// of them as "KEY VALUE" pairs. Exit status: 0 each got a whole answer or was told; 1 one was not; 2 usage.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <tasks/protocol/messages.hpp>

#include "agent/test_client.hpp"

namespace {

using tasks::protocol::Capture;
using tasks::protocol::ErrorAnswer;
using tasks::protocol::ErrorCode;
using tasks::protocol::Frame;
using tasks::protocol::MessageType;
using tasks::protocol::StacksAnswer;
using tasks::protocol::StacksRequest;
using tasks::protocol::TasksAnswer;
using tasks::protocol::TasksRequest;
using tasks::test::TestClient;

constexpr unsigned long dumps_a_connection = 500;

struct Dump {
    std::size_t tasks = 0;
    std::size_t threads = 0;
    std::size_t stacks = 0; ///< of those, captured exactly
};

template <class Answer> bool is(const Frame& frame) {
    return frame.header.type == static_cast<std::uint16_t>(tasks::protocol::type_of<Answer>);
}

/// False: an answer did not come whole.
bool take_dump(TestClient& client, Dump& dump) {
    dump = {};
    const auto tasks = client.send(TasksRequest{}) ? client.receive_answer() : std::vector<Frame>{};
    for (const Frame& part : tasks) {
        const auto answer = tasks::protocol::read<TasksAnswer>(part.payload);
        if (!is<TasksAnswer>(part) || !answer)
            return false;
        dump.tasks += answer->tasks.size();
    }
    const auto stacks = client.send(StacksRequest{}) ? client.receive_answer() : std::vector<Frame>{};
    for (const Frame& part : stacks) {
        const auto answer = tasks::protocol::read<StacksAnswer>(part.payload);
        if (!is<StacksAnswer>(part) || !answer)
            return false;
        dump.threads += answer->threads.size();
        dump.stacks += static_cast<std::size_t>(
            std::count_if(answer->threads.begin(), answer->threads.end(),
                          [](const auto& thread) { return thread.capture == Capture::captured; }));
    }
    return !tasks.empty() && !stacks.empty();
}

int ask_for_dumps(const std::string& socket, unsigned long wanted) {
    TestClient client;
    Dump least{SIZE_MAX, SIZE_MAX, SIZE_MAX};
    std::size_t stacks = 0;
    unsigned long dumps = 0;
    for (bool good = true; dumps < wanted; ++dumps) {
        if (dumps % dumps_a_connection == 0) {
            client = TestClient{};
            client = TestClient{socket};
            good = client.connected() && client.greet();
        }
        Dump dump;
        if (!good || !take_dump(client, dump))
            break;
        least = {std::min(least.tasks, dump.tasks), std::min(least.threads, dump.threads),
                 std::min(least.stacks, dump.stacks)};
        stacks += dump.stacks;
    }
    std::printf("dumps %lu least_tasks %zu least_threads %zu least_stacks %zu stacks %zu\n", dumps, least.tasks,
                least.threads, least.stacks, stacks);
    return dumps == wanted ? 0 : 1;
}

/// Room for so many sockets; false: the hard limit forbids it.
bool raise_fd_limit(unsigned long sockets) {
    constexpr unsigned long others = 32;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < sockets + others)
        return false;
    limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, sockets + others);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

bool is_busy(const Frame& frame) {
    const auto answer = tasks::protocol::read<ErrorAnswer>(frame.payload);
    return is<ErrorAnswer>(frame) && answer && answer->code == ErrorCode::busy;
}

/// All are connected at the same time; those who were taken in then ask for everything.
int come_at_once(const std::string& socket, unsigned long wanted) {
    if (!raise_fd_limit(wanted)) {
        std::fprintf(stderr, "agent_load: the limit on fds is too low for %lu clients\n", wanted);
        return 1;
    }
    std::vector<TestClient> clients;
    for (unsigned long at = 0; at < wanted; ++at) {
        clients.emplace_back(socket);
        clients.back().send(tasks::protocol::Hello{.client = "agent_load"}, 0); // one that was refused says so below
    }
    std::vector<TestClient*> served;
    unsigned long busy = 0;
    for (TestClient& client : clients) {
        const auto frame = client.receive();
        if (frame && is<tasks::protocol::Welcome>(*frame))
            served.push_back(&client);
        else
            busy += frame && is_busy(*frame) && client.sees_end() ? 1u : 0u;
    }
    std::size_t answered = 0;
    for (TestClient* client : served)
        client->send(StacksRequest{});
    for (TestClient* client : served)
        answered += client->receive_answer().empty() ? 0u : 1u;
    std::printf("clients %lu served %zu busy %lu answered %zu\n", wanted, served.size(), busy, answered);
    return served.size() + busy == wanted && answered == served.size() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc == 4 ? argv[2] : "";
    const unsigned long count = argc == 4 ? std::strtoul(argv[3], nullptr, 10) : 0;
    if (what == "dumps")
        return ask_for_dumps(argv[1], count);
    if (what == "clients")
        return come_at_once(argv[1], count);
    std::fprintf(stderr, "agent_load SOCKET dumps COUNT | clients COUNT\n");
    return 2;
}
