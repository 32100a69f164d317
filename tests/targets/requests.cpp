#include "requests.hpp"

#include "agent/test_client.hpp"

namespace tasks::test {
namespace {

using protocol::MessageType;

/// Notes what came; false where it is no answer.
bool note(const std::vector<protocol::Frame>& parts, Replies& replies) {
    if (parts.empty()) {
        replies.all.push_back("closed");
        return false;
    }
    if (parts.back().header.type != static_cast<std::uint16_t>(MessageType::error)) {
        replies.all.push_back("answered");
        return true;
    }
    const auto error = protocol::read<protocol::ErrorAnswer>(parts.back().payload);
    replies.all.push_back("refused: " + (error ? std::string(error->sentence) : std::string("?")));
    return false;
}

/// False: the connection has ended.
template <class Request> bool ask(TestClient& client, const Request& request, Replies& replies) {
    const auto parts = client.send(request) ? client.receive_answer() : std::vector<protocol::Frame>{};
    replies.answered += note(parts, replies) ? 1 : 0;
    return !parts.empty();
}

} // namespace

std::string Replies::text() const {
    std::string joined;
    for (const std::string& each : all)
        joined += each + "; ";
    return joined;
}

Replies ask_all(const std::string& socket) {
    Replies replies;
    TestClient client{socket};
    if (!client.connected()) {
        replies.all.push_back("not connected");
        return replies;
    }
    client.send(protocol::Hello{.client = "test"}, 0);
    if (note(client.receive_answer(), replies) && ask(client, protocol::VitalsRequest{}, replies) &&
        ask(client, protocol::CountsRequest{}, replies) && ask(client, protocol::TasksRequest{}, replies))
        ask(client, protocol::StacksRequest{}, replies);
    return replies;
}

} // namespace tasks::test
