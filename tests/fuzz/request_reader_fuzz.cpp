// The agent's own reader of requests, beside the protocol library's, which may allocate and throw: where both take a
// payload, they read the same.
#include <request_reader.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include <tasks/protocol/messages.hpp>

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

bool is_tid(std::uint32_t number) { return number > 0 && number <= std::numeric_limits<std::int32_t>::max(); }

bool same(const agent::StacksOrder& order, const std::vector<std::uint32_t>& tids,
          const protocol::StacksRequest& request) {
    return order.stack_bytes == request.stack_bytes && order.without_last_ran == request.without_last_ran &&
           order.tid_count == request.tids.size() && std::equal(request.tids.begin(), request.tids.end(), tids.begin());
}

void stacks(std::string_view payload, std::size_t room) {
    std::vector<std::uint32_t> tids(room);
    agent::StacksOrder order;
    const char* const wrong = agent::read_stacks_order(payload, order, tids);
    must(order.tid_count <= room, "thread ids keep to their memory");
    must(std::all_of(tids.begin(), tids.begin() + static_cast<std::ptrdiff_t>(order.tid_count), is_tid),
         "thread ids are thread ids");
    const auto request = protocol::read<protocol::StacksRequest>(payload);
    if (!request)
        return;
    must(wrong != nullptr || same(order, tids, *request), "both readers read the same");
    tids.resize(protocol::max_elements);
    const bool can_be = std::all_of(request->tids.begin(), request->tids.end(), is_tid);
    const auto written = protocol::write(*request);
    must((agent::read_stacks_order(written, order, tids) == nullptr) == can_be, "what a client writes is read");
    must(!can_be || same(order, tids, *request), "what a client writes is read as it was");
}

void hello(std::string_view payload) {
    agent::HelloRequest mine;
    const char* const wrong = agent::read_hello(payload, mine);
    const auto theirs = protocol::read<protocol::Hello>(payload);
    if (!theirs)
        return;
    const auto written = protocol::write(*theirs);
    agent::HelloRequest again;
    must(agent::read_hello(written, again) == nullptr && again.major == theirs->major, "a client's hello is read");
    must(wrong != nullptr || mine.major == theirs->major || mine.major == 0, "both readers read the same");
}

} // namespace

void request_reader(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return;
    const std::string_view payload{reinterpret_cast<const char*>(data) + 1, size - 1};
    stacks(payload, data[0]);
    hello(payload);
    agent::read_empty(payload);
}

} // namespace tasks::fuzz
