// The answer to one request, begun when the request is read and made part by part while it goes out: one of welcome,
// error, vitals, counts, tasks and stacks. Which requests there are, and how each is refused, is said here.
// Owned by its client; on the agent's thread; allocates nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include <tasks/protocol/frame.hpp>
#include <tasks/protocol/messages.hpp>

#include "answer_context.hpp"
#include "fixed_text.hpp"
#include "stacks_answer.hpp"
#include "tasks_answer.hpp"
#include "workspace.hpp"

namespace tasks::agent {

/// What a server lends its clients.
struct Service {
    const AnswerContext& context;
    Workspace& workspace;
    const protocol::Welcome& welcome;
    std::size_t own_fds = 0; ///< the server's, now
};

/// The agent says why it does not do what was asked.
struct Refusal {
    protocol::ErrorCode code = protocol::ErrorCode::unknown;
    Sentence sentence;
};

class Answer {
public:
    bool active() const noexcept { return !std::holds_alternative<std::monostate>(answer_); }
    /// True: nothing more is said on this connection once the answer is out.
    bool is_last() const noexcept { return last_; }
    std::uint32_t request_id() const noexcept { return request_id_; }
    protocol::MessageType type() const noexcept { return type_; }

    /// Begins the answer to a request. `greeted`: this connection's hello was answered; set by it. `tids`: memory
    /// of the client's for as long as the answer lasts.
    void begin(const protocol::FrameHeader& header, std::string_view payload, bool& greeted,
               std::span<std::uint32_t> tids, const Service& service) noexcept;

    /// Begins an error answer; `last`: the connection ends with it.
    void refuse(std::uint32_t request_id, const Refusal& refusal, bool last) noexcept;

    /// Writes the next part, at most part_bytes; the answer is over when no more follow.
    Part fill(std::span<char> memory, const Service& service) noexcept;

    /// Whoever asked has gone.
    void drop() noexcept;

private:
    void greet(std::string_view payload, bool& greeted) noexcept;
    void begin_stacks(std::string_view payload, std::span<std::uint32_t> tids, const Service& service) noexcept;
    void refuse_payload(const char* message, const char* wrong) noexcept;

    struct Greeting {};
    struct Vitals {};
    struct CountsNow {};
    std::variant<std::monostate, Refusal, Greeting, Vitals, CountsNow, TasksAnswer, StacksAnswer> answer_;
    protocol::MessageType type_ = protocol::MessageType::error;
    std::uint32_t request_id_ = 0;
    bool last_ = false;
};

/// The frame types of the requests that are answered, for the welcome.
std::span<const std::uint32_t> answered_requests() noexcept;

} // namespace tasks::agent
