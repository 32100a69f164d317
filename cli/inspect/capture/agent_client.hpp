// The command's end of the wire: connects to one agent, makes sure that it is the process that was meant, asks.
// Nothing that the peer says is believed: garbage, a lie about a length, another request's answer, a stall or an
// end in the middle is an AgentError with a sentence, after which the connection is of no use.
// Every step has the caller's deadline. One thread at a time; never raises SIGPIPE.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tasks/protocol/messages.hpp>

#include "capture/deadline.hpp"
#include "capture/file_descriptor.hpp"
#include "capture/target.hpp"
#include "error.hpp"

namespace tasks::inspect {

enum class AgentTrouble {
    gone,    ///< nobody listens: the process died, or never had a socket
    silent,  ///< no answer before the deadline, or too busy until then
    refused, ///< it answered that we may not ask, or we may not connect
    broken,  ///< it does not speak the protocol, or is another process than meant
};

struct AgentError {
    AgentTrouble trouble = AgentTrouble::broken;
    std::string sentence; ///< begins with `socket PATH: `
};

/// With the exit status that follows from the trouble.
Error to_error(const AgentError& error);

/// Of one answer, all its frames: more than any capture of 65,536 threads at 16 KiB needs would be a lie.
inline constexpr std::uint64_t max_answer_bytes = 1ull << 30;

/// A connected, non-blocking socket to the agent; its other end runs as the files' owner or root. Waits until the
/// deadline where the agent's backlog is full.
Result<FileDescriptor, AgentError> connect_to(const AgentFiles& files, const Deadline& deadline);

inline constexpr std::uint32_t hello_request_id = 1;

/// The frame that a client says first.
std::string hello_bytes();

/// What is wrong with that first answer, as the end of a sentence; nothing: it is the welcome of the process meant.
std::optional<AgentError> check_welcome(const protocol::Frame& frame, const AgentFiles& files);

/// The error that an error frame tells.
AgentError told_error(const protocol::Frame& frame, const AgentFiles& files);

class AgentClient {
public:
    /// Connects, says hello, checks the welcome.
    static Result<AgentClient, AgentError> meet(const AgentFiles& files, const Deadline& deadline);

    /// What the host calls itself.
    const std::string& name() const noexcept { return name_; }

    /// Sends the request and hands the payload of each frame of the answer to `take`, which returns what is wrong with
    /// it, or nothing. The views in a message read from it are valid during that call.
    /// What the agent did not say that it answers is not asked, but an error.
    using Take = std::function<std::optional<std::string>(std::string_view payload)>;
    std::optional<AgentError> ask(protocol::MessageType request, std::string_view payload, protocol::MessageType answer,
                                  const Take& take, const Deadline& deadline);

private:
    AgentClient(FileDescriptor socket, const AgentFiles& files) : socket_(std::move(socket)), files_(files) {}
    std::optional<AgentError> send(std::string_view bytes, const Deadline& deadline);
    Result<protocol::Frame, AgentError> receive(const Deadline& deadline);
    std::optional<AgentError> fill(const Deadline& deadline);
    AgentError broken(std::string_view what) const;
    AgentError silent() const;
    bool answers(protocol::MessageType request) const;

    FileDescriptor socket_;
    AgentFiles files_;
    std::string name_;
    std::string version_;                 ///< of the agent
    std::vector<std::uint32_t> answered_; ///< requests that the agent answers
    protocol::FrameDecoder decoder_;
    std::string unread_; ///< received, not yet fed to the decoder
    std::uint32_t last_id_ = hello_request_id;
};

} // namespace tasks::inspect
