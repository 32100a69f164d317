#include "capture/roll_call.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace tasks::inspect {
namespace {

constexpr std::uint32_t counts_request_id = hello_request_id + 1;
constexpr std::size_t max_small_payload = 64 * 1024;
constexpr std::size_t default_window = 256;
constexpr std::size_t spare_fds = 64; ///< open already, or needed beside the sockets

/// How many sockets may be open at once: the soft limit on fds is raised as far as we may.
std::size_t window() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return default_window;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{limit.rlim_max, limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit = raised;
        }
    }
    return limit.rlim_cur > 2 * spare_fds ? std::min<std::size_t>(limit.rlim_cur - spare_fds, 4096) : spare_fds;
}

/// One agent's conversation: it has greeted when `name_` is set, and is done when an answer or an error is.
class Call {
public:
    Call(const AgentFiles& files, const Clock& clock, std::uint64_t patience_ns)
        : files_(files), deadline_(clock, patience_ns) {
        connect(clock);
    }

    int fd() const noexcept { return socket_.get(); }
    bool done() const noexcept { return outcome_ != nullptr; }
    const Deadline& deadline() const noexcept { return deadline_; }
    Result<RollAnswer, AgentError> outcome() { return std::move(*outcome_); }

    void read() {
        std::array<char, 4096> buffer;
        while (!done()) {
            const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
            if (count > 0) {
                take({buffer.data(), static_cast<std::size_t>(count)});
            } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
                end(AgentTrouble::broken, "the agent closed the connection without an answer");
            } else if (errno == EAGAIN) {
                return;
            }
        }
    }

    void check_deadline() {
        if (!done() && deadline_.passed()) {
            end(AgentTrouble::silent, "the agent did not answer before the deadline");
        }
    }

private:
    void connect(const Clock& clock) {
        // A full backlog is not waited for here: who does not take up connections counts as hung.
        auto socket = connect_to(files_, Deadline{clock, 0});
        if (!socket) {
            outcome_ = std::make_unique<Result<RollAnswer, AgentError>>(Failure{socket.error()});
            return;
        }
        socket_ = *std::move(socket);
        const auto request =
            hello_bytes() + protocol::frame_bytes(protocol::MessageType::counts_request, 0, counts_request_id,
                                                  protocol::write(protocol::CountsRequest{}));
        // 100 bytes into the buffer of a new socket: never in part. An agent that has closed says why when read.
        if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0 && errno != EPIPE) {
            end(AgentTrouble::broken, "nothing can be sent to the agent");
        }
    }

    void take(std::string_view bytes) {
        while (!bytes.empty() && !done()) {
            const auto taken = decoder_.feed(bytes);
            if (!taken) {
                return end(AgentTrouble::broken, std::string{protocol::sentence(taken.error())});
            }
            bytes.remove_prefix(*taken);
            if (const auto frame = decoder_.next()) {
                take(*frame);
            }
        }
    }

    void take(const protocol::Frame& frame) {
        if (!greeted_) {
            if (auto error = check_welcome(frame, files_)) {
                outcome_ = std::make_unique<Result<RollAnswer, AgentError>>(Failure{*std::move(error)});
                return;
            }
            greeted_ = true;
            answer_.name = protocol::read<protocol::Welcome>(frame.payload)->name;
            return;
        }
        if (frame.header.type == static_cast<std::uint16_t>(protocol::MessageType::error)) {
            outcome_ = std::make_unique<Result<RollAnswer, AgentError>>(Failure{told_error(frame, files_)});
            return;
        }
        const auto counts = protocol::read<protocol::CountsAnswer>(frame.payload);
        if (frame.header.type != static_cast<std::uint16_t>(protocol::MessageType::counts_answer) ||
            frame.header.request_id != counts_request_id || !counts) {
            return end(AgentTrouble::broken, "the agent's answer is not what was asked for");
        }
        answer_.counts = *counts;
        outcome_ = std::make_unique<Result<RollAnswer, AgentError>>(std::move(answer_));
    }

    void end(AgentTrouble trouble, const std::string& what) {
        const AgentError error{trouble, "socket " + files_.socket_path() + ": " + what};
        outcome_ = std::make_unique<Result<RollAnswer, AgentError>>(Failure{error});
    }

    const AgentFiles& files_;
    Deadline deadline_;
    FileDescriptor socket_;
    protocol::FrameDecoder decoder_{max_small_payload};
    RollAnswer answer_;
    bool greeted_ = false;
    std::unique_ptr<Result<RollAnswer, AgentError>> outcome_; ///< null: it still goes on
};

/// The calls that go on at the same time, and the place of each in the list of those asked.
class Switchboard {
public:
    explicit Switchboard(std::vector<std::optional<Result<RollAnswer, AgentError>>>& answers) : answers_(answers) {}

    std::size_t busy() const noexcept { return lines_.size(); }

    void start(std::size_t place, const AgentFiles& files, const Clock& clock, std::uint64_t patience_ns) {
        lines_.push_back({place, std::make_unique<Call>(files, clock, patience_ns)});
    }

    /// Waits until something can be read or a deadline passes, and takes it in.
    void turn() {
        std::vector<pollfd> ready;
        int wait = -1;
        for (const auto& line : lines_) {
            ready.push_back({line.call->done() ? -1 : line.call->fd(), POLLIN, 0});
            const auto left = line.call->done() ? 0 : line.call->deadline().left_ms();
            wait = wait < 0 ? left : std::min(wait, left);
        }
        ::poll(ready.data(), ready.size(), wait);
        for (std::size_t index = 0; index < ready.size(); ++index) {
            auto& call = *lines_[index].call;
            if (!call.done() && ready[index].revents != 0) {
                call.read();
            }
            call.check_deadline();
        }
        collect();
    }

private:
    struct Line {
        std::size_t place;
        std::unique_ptr<Call> call;
    };

    void collect() {
        std::erase_if(lines_, [this](const Line& line) {
            if (line.call->done()) {
                answers_[line.place].emplace(line.call->outcome());
            }
            return line.call->done();
        });
    }

    std::vector<std::optional<Result<RollAnswer, AgentError>>>& answers_;
    std::vector<Line> lines_;
};

} // namespace

std::vector<Result<RollAnswer, AgentError>> call_roll(const World& world, const std::vector<const AgentFiles*>& asked,
                                                      std::uint64_t patience_ns) {
    std::vector<std::optional<Result<RollAnswer, AgentError>>> answers(asked.size());
    Switchboard board{answers};
    const auto at_once = window();
    for (std::size_t next = 0; next < asked.size() || board.busy() != 0;) {
        while (next < asked.size() && board.busy() < at_once) {
            board.start(next, *asked[next], *world.clock, patience_ns);
            ++next;
        }
        board.turn();
    }
    std::vector<Result<RollAnswer, AgentError>> all;
    for (auto& answer : answers) {
        all.push_back(*std::move(answer));
    }
    return all;
}

} // namespace tasks::inspect
