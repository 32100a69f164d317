// torn_stacks SOCKET STACKS [--until-torn]: asks an agent inside `torture` for stacks again and again until STACKS
// exact copies of sleeping threads were seen, and looks whether any is torn: marks of two descents, depths that do not
// count down from the bottom to 0, or frames that are not where the stack pointer says. Prints the counts. Exit status:
// 0 none is torn, 1 some are, 2 it could not be found out. --until-torn: ends with the first.
#include <sys/syscall.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tasks/protocol/messages.hpp>

#include "agent/test_client.hpp"
#include "marks.hpp"

namespace {

using namespace tasks;

struct Counts {
    unsigned long stacks = 0; ///< captured asleep
    unsigned long torn = 0;
    unsigned long elsewhere = 0; ///< captured in another wait: the main thread, or on the way down
    unsigned long running = 0;
    unsigned long changing = 0;
    unsigned long others = 0;
};

std::vector<targets::Mark> marks_in(std::string_view stack) {
    std::vector<targets::Mark> marks;
    for (std::size_t at = 0; at + sizeof(targets::Mark) <= stack.size(); at += sizeof(std::uint64_t)) {
        targets::Mark mark;
        std::memcpy(&mark, stack.data() + at, sizeof mark);
        if (mark.begin == targets::mark_begin && mark.end == targets::mark_end)
            marks.push_back(mark);
    }
    return marks;
}

// The frames of nanosleep() take less.
constexpr std::size_t frames_of_sleep_bytes = 1024;

bool is_torn(std::string_view stack) {
    const auto marks = marks_in(stack);
    const auto lowest = marks_in(stack.substr(0, frames_of_sleep_bytes));
    if (lowest.empty() || marks[0].depth != marks[0].bottom)
        return true;
    for (std::size_t at = 1; at < marks.size(); ++at)
        if (marks[at].descent != marks[0].descent || marks[at].depth + 1 != marks[at - 1].depth)
            return true;
    return marks.back().depth != 0;
}

void look_at(const protocol::ThreadStack& thread, Counts& counts) {
    switch (thread.capture) {
    case protocol::Capture::captured:
        if (thread.syscall != SYS_clock_nanosleep) {
            ++counts.elsewhere;
            break;
        }
        ++counts.stacks;
        counts.torn += is_torn(thread.stack) ? 1u : 0u;
        break;
    case protocol::Capture::running:
        ++counts.running;
        break;
    case protocol::Capture::changing:
        ++counts.changing;
        break;
    default:
        ++counts.others;
    }
}

bool ask(test::TestClient& client, Counts& counts) {
    if (!client.send(protocol::StacksRequest{.tids = {}, .without_last_ran = true}))
        return false;
    const auto parts = client.receive_answer();
    for (const protocol::Frame& part : parts) {
        const auto answer = protocol::read<protocol::StacksAnswer>(part.payload);
        if (!answer)
            return false;
        for (const protocol::ThreadStack& thread : answer->threads)
            look_at(thread, counts);
    }
    return !parts.empty();
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "torn_stacks SOCKET STACKS [--until-torn]\n");
        return 2;
    }
    const unsigned long wanted = std::strtoul(argv[2], nullptr, 10);
    const bool until_torn = argc > 3 && std::string_view{argv[3]} == "--until-torn";
    test::TestClient client{argv[1]};
    Counts counts;
    bool answered = client.connected() && client.greet();
    while (answered && counts.stacks < wanted && !(until_torn && counts.torn != 0))
        answered = ask(client, counts);
    std::printf("stacks %lu torn %lu elsewhere %lu running %lu changing %lu others %lu\n", counts.stacks, counts.torn,
                counts.elsewhere, counts.running, counts.changing, counts.others);
    if (!answered) {
        std::fprintf(stderr, "torn_stacks: the agent at %s does not answer\n", argv[1]);
        return 2;
    }
    return counts.torn != 0 ? 1 : 0;
}
