#include "answer.hpp"

#include <array>

#include <tasks/protocol/version.hpp>

#include "request_reader.hpp"
#include "vitals_answer.hpp"

namespace tasks::agent {
namespace {

using protocol::ErrorCode;
using protocol::MessageType;

constexpr std::array<std::uint32_t, 5> requests{
    static_cast<std::uint32_t>(MessageType::hello), static_cast<std::uint32_t>(MessageType::vitals_request),
    static_cast<std::uint32_t>(MessageType::counts_request), static_cast<std::uint32_t>(MessageType::tasks_request),
    static_cast<std::uint32_t>(MessageType::stacks_request)};

Refusal refusal(ErrorCode code, std::string_view sentence) noexcept {
    Refusal made{.code = code, .sentence = {}};
    made.sentence << sentence;
    return made;
}

} // namespace

std::span<const std::uint32_t> answered_requests() noexcept { return requests; }

void Answer::refuse(std::uint32_t request_id, const Refusal& refusal, bool last) noexcept {
    answer_ = refusal;
    type_ = MessageType::error;
    request_id_ = request_id;
    last_ = last;
}

void Answer::refuse_payload(const char* message, const char* wrong) noexcept {
    Refusal made = refusal(ErrorCode::bad_encoding, message);
    made.sentence << ", " << wrong;
    refuse(request_id_, made, false);
}

void Answer::greet(std::string_view payload, bool& greeted) noexcept {
    HelloRequest hello;
    if (const char* wrong = read_hello(payload, hello)) {
        refuse_payload("Hello", wrong);
        return;
    }
    if (hello.major != protocol::protocol_major) {
        Refusal made = refusal(ErrorCode::unsupported_version, "this agent speaks protocol version ");
        made.sentence << protocol::protocol_major << ", not " << hello.major
                      << ": use a tasks command of the agent's version, " << protocol::version;
        refuse(request_id_, made, true);
        return;
    }
    greeted = true;
    type_ = MessageType::welcome;
    answer_ = Greeting{};
}

void Answer::begin_stacks(std::string_view payload, std::span<std::uint32_t> tids, const Service& service) noexcept {
    StacksOrder order;
    if (const char* wrong = read_stacks_order(payload, order, tids)) {
        refuse_payload("StacksRequest", wrong);
        return;
    }
    StacksAnswer stacks{order, tids};
    if (!stacks.begin(service.context, service.workspace)) {
        refuse(request_id_, refusal(ErrorCode::unknown, "the threads cannot be listed: /proc/self/task cannot be read"),
               false);
        return;
    }
    type_ = MessageType::stacks_answer;
    answer_ = stacks;
}

void Answer::begin(const protocol::FrameHeader& header, std::string_view payload, bool& greeted,
                   std::span<std::uint32_t> tids, const Service& service) noexcept {
    request_id_ = header.request_id;
    last_ = false;
    const auto type = static_cast<MessageType>(header.type);
    if (type == MessageType::hello) {
        greet(payload, greeted);
        return;
    }
    if (!greeted) {
        refuse(request_id_, refusal(ErrorCode::hello_expected, "a connection begins with a hello"), true);
        return;
    }
    const char* wrong = type == MessageType::stacks_request ? nullptr : read_empty(payload);
    switch (type) {
    case MessageType::vitals_request:
        type_ = MessageType::vitals_answer;
        answer_ = Vitals{};
        break;
    case MessageType::counts_request:
        type_ = MessageType::counts_answer;
        answer_ = CountsNow{};
        break;
    case MessageType::tasks_request:
        type_ = MessageType::tasks_answer;
        answer_ = TasksAnswer{};
        break;
    case MessageType::stacks_request:
        begin_stacks(payload, tids, service);
        return;
    default: {
        Refusal made = refusal(ErrorCode::unknown_request, "this agent knows no request of type ");
        made.sentence << header.type << ": it is of version " << protocol::version;
        refuse(request_id_, made, false);
        return;
    }
    }
    if (wrong != nullptr)
        refuse_payload("the request", wrong);
}

void Answer::drop() noexcept {
    if (auto* stacks = std::get_if<StacksAnswer>(&answer_))
        stacks->abandon();
    answer_ = std::monostate{};
}

Part Answer::fill(std::span<char> memory, const Service& service) noexcept {
    protocol::PartWriter writer{memory};
    Part part;
    if (auto* tasks = std::get_if<TasksAnswer>(&answer_))
        part = tasks->fill(memory, service.context);
    else if (auto* stacks = std::get_if<StacksAnswer>(&answer_))
        part = stacks->fill(memory, service.context, service.workspace);
    else if (const auto* refused = std::get_if<Refusal>(&answer_))
        writer.whole(protocol::ErrorAnswer{.code = refused->code, .sentence = refused->sentence.view()});
    else if (std::holds_alternative<Greeting>(answer_))
        writer.whole(service.welcome);
    else if (std::holds_alternative<Vitals>(answer_))
        writer.whole(vitals_now(service.context, service.workspace, service.own_fds));
    else if (std::holds_alternative<CountsNow>(answer_))
        writer.whole(service.context.counts.now());
    part.bytes += writer.bytes().size();
    if (!part.more)
        answer_ = std::monostate{};
    return part;
}

} // namespace tasks::agent
