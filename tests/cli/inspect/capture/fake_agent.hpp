// An agent for tests: a real socket in a real directory, and a thread that does with each connection what the test
// says: answer as an agent does, or stall, lie, send garbage.
//
//     FakeAgent agent{directory, 12, 345, [](Connection& peer) { peer.welcome(); peer.say("garbage"); }};
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <tasks/protocol/messages.hpp>

#include "capture/target.hpp"

namespace tasks::tests {

/// One accepted connection, seen from the agent's side. Every wait ends when the other side closes, or after a minute.
class Connection {
public:
    Connection(int fd, std::uint32_t pid, std::uint64_t start) : fd_(fd), pid_(pid), start_(start) {}

    /// The next frame that the client sends; nothing when it has closed.
    std::optional<protocol::Frame> hear();
    void say(std::string_view bytes);
    template <class Message> void answer(const Message& message, std::uint32_t request_id, bool more = false) {
        say(protocol::frame_bytes(protocol::type_of<Message>, more ? protocol::flag_more : 0, request_id,
                                  protocol::write(message)));
    }
    void refuse(protocol::ErrorCode code, std::string_view sentence, std::uint32_t request_id);
    /// Hears the hello and answers it, as that process or as another.
    void welcome(std::optional<std::uint32_t> as_pid = {});
    /// Says nothing more until the client goes.
    void stall();

private:
    int fd_;
    std::uint32_t pid_;
    std::uint64_t start_;
    protocol::FrameDecoder decoder_;
    std::string unread_;
};

class FakeAgent {
public:
    using Behaviour = std::function<void(Connection&)>;

    FakeAgent(const std::string& directory, std::uint32_t pid, std::uint64_t start, Behaviour behaviour);
    ~FakeAgent();
    FakeAgent(const FakeAgent&) = delete;
    FakeAgent& operator=(const FakeAgent&) = delete;

    /// Socket alone; has_table is for the test to set.
    const inspect::AgentFiles& files() const { return files_; }

private:
    void serve();

    inspect::AgentFiles files_;
    Behaviour behaviour_;
    int listener_ = -1;
    int stop_ = -1;
    std::thread thread_;
};

/// The files of a process in a directory, opened as discovery does.
inspect::AgentFiles files_in(const std::string& directory, std::uint32_t pid, std::uint64_t start);

/// Answers hello, counts, vitals, tasks and stacks like an agent with two threads, of which the second ran, one job
/// with a label, and one queue, until the client goes.
void answer_everything(Connection& peer);

} // namespace tasks::tests
