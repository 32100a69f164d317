#include "capture/agent_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <tasks/protocol/version.hpp>

namespace tasks::inspect {
namespace {

constexpr std::uint64_t retry_ns = 2'000'000; ///< between two tries at a full backlog, which poll() cannot wait for
constexpr std::size_t receive_bytes = 64 * 1024;
/// What a frame counts for at the least: an answer of empty ones must end too. An agent on a busy machine may send a
/// frame for each of 65,536 threads.
constexpr std::size_t least_counted_bytes = 4096;

AgentError trouble(AgentTrouble trouble, const AgentFiles& files, std::string_view what) {
    return {trouble, "socket " + files.socket_path() + ": " + std::string{what}};
}

void pause_briefly(const Deadline& deadline) {
    const auto wait = std::min(retry_ns, deadline.left_ns());
    const timespec time{0, static_cast<long>(wait)};
    ::ppoll(nullptr, 0, &time, nullptr);
}

/// Through the open directory, so that neither a long path nor a directory swapped meanwhile matters.
sockaddr_un address_of(const AgentFiles& files) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = "/proc/self/fd/" + std::to_string(files.directory->get()) + "/" + files.socket_name();
    std::memcpy(address.sun_path, path.c_str(), std::min(path.size(), sizeof address.sun_path - 1));
    return address;
}

AgentError connect_error(int error, const AgentFiles& files) {
    switch (error) {
    case ECONNREFUSED:
        return trouble(AgentTrouble::gone, files, "nobody listens on it; its process has ended or closed it");
    case ENOENT:
        return trouble(AgentTrouble::gone, files, "it is not there any more; its process has ended or removed it");
    case EACCES:
    case EPERM:
        return trouble(AgentTrouble::refused, files, "permission denied; run as the process's user or as root");
    case EAGAIN:
        return trouble(AgentTrouble::silent, files, "the agent took up no connection before the deadline");
    default:
        return trouble(AgentTrouble::gone, files, std::strerror(error));
    }
}

std::optional<AgentError> check_peer(int socket, const AgentFiles& files) {
    ucred peer{};
    socklen_t bytes = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0 || files.trusts(peer.uid)) {
        return std::nullopt;
    }
    return trouble(AgentTrouble::broken, files,
                   "a process of uid " + std::to_string(peer.uid) + " listens on it, not one of uid " +
                       std::to_string(files.owner_uid) + "; it is not asked");
}

AgentTrouble trouble_of(protocol::ErrorCode code) {
    switch (code) {
    case protocol::ErrorCode::not_permitted:
        return AgentTrouble::refused;
    case protocol::ErrorCode::busy:
    case protocol::ErrorCode::deadline:
        return AgentTrouble::silent;
    default:
        return AgentTrouble::broken;
    }
}

std::string_view words_for(protocol::MessageType request) {
    switch (request) {
    case protocol::MessageType::vitals_request:
        return "vitals";
    case protocol::MessageType::counts_request:
        return "counts";
    case protocol::MessageType::tasks_request:
        return "its tasks";
    case protocol::MessageType::stacks_request:
        return "stacks";
    default:
        return "this";
    }
}

} // namespace

Error to_error(const AgentError& error) {
    switch (error.trouble) {
    case AgentTrouble::gone:
        return {Trouble::not_inspectable, error.sentence};
    case AgentTrouble::refused:
        return {Trouble::permission, error.sentence};
    case AgentTrouble::silent:
    case AgentTrouble::broken:
        break;
    }
    return {Trouble::no_answer, error.sentence};
}

Result<FileDescriptor, AgentError> connect_to(const AgentFiles& files, const Deadline& deadline) {
    FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) {
        return Failure{
            trouble(AgentTrouble::gone, files, std::string{"no socket could be made: "} + std::strerror(errno))};
    }
    const auto address = address_of(files);
    while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if ((errno != EAGAIN && errno != EINTR) || deadline.passed()) {
            return Failure{connect_error(errno, files)};
        }
        pause_briefly(deadline);
    }
    if (auto stranger = check_peer(socket.get(), files)) {
        return Failure{*std::move(stranger)};
    }
    return socket;
}

std::string hello_bytes() {
    const auto client = "tasks " + std::string{protocol::version};
    protocol::Hello hello;
    hello.client = client;
    return protocol::frame_bytes(protocol::MessageType::hello, 0, hello_request_id, protocol::write(hello));
}

AgentError told_error(const protocol::Frame& frame, const AgentFiles& files) {
    const auto told = protocol::read<protocol::ErrorAnswer>(frame.payload);
    if (!told) {
        return trouble(AgentTrouble::broken, files,
                       "the agent's error answer cannot be read: " + told.error().sentence);
    }
    return trouble(trouble_of(told->code), files, "the agent answers: " + std::string{told->sentence});
}

std::optional<AgentError> check_welcome(const protocol::Frame& frame, const AgentFiles& files) {
    if (frame.header.type == static_cast<std::uint16_t>(protocol::MessageType::error)) {
        return told_error(frame, files);
    }
    if (frame.header.type != static_cast<std::uint16_t>(protocol::MessageType::welcome)) {
        return trouble(AgentTrouble::broken, files, "the agent does not answer hello with welcome");
    }
    if (frame.header.request_id != hello_request_id) {
        return trouble(AgentTrouble::broken, files, "the agent's welcome belongs to another request");
    }
    const auto welcome = protocol::read<protocol::Welcome>(frame.payload);
    if (!welcome) {
        return trouble(AgentTrouble::broken, files, "the agent's welcome cannot be read: " + welcome.error().sentence);
    }
    if (welcome->major != protocol::protocol_major) {
        return trouble(AgentTrouble::broken, files,
                       "the agent speaks protocol " + std::to_string(welcome->major) + ", this command " +
                           std::to_string(protocol::protocol_major) + "; use the command that came with the agent");
    }
    if (welcome->pid != files.inner_pid || welcome->start_time_ticks != files.start_time_ticks) {
        return trouble(AgentTrouble::broken, files,
                       "process " + protocol::instance_name(welcome->pid, welcome->start_time_ticks) +
                           " answers on it, not the one that it is named after");
    }
    return std::nullopt;
}

Result<AgentClient, AgentError> AgentClient::meet(const AgentFiles& files, const Deadline& deadline) {
    const auto greeting = hello_bytes();
    for (;;) {
        auto socket = connect_to(files, deadline);
        if (!socket) {
            return Failure{socket.error()};
        }
        AgentClient agent{*std::move(socket), files};
        if (auto error = agent.send(greeting, deadline)) {
            return Failure{*std::move(error)};
        }
        const auto frame = agent.receive(deadline);
        if (!frame) {
            return Failure{frame.error()};
        }
        auto error = check_welcome(*frame, files);
        if (!error) {
            const auto welcome = protocol::read<protocol::Welcome>(frame->payload);
            agent.name_ = welcome->name;
            agent.version_ = welcome->agent_version;
            agent.answered_ = welcome->request_types;
            return agent;
        }
        if (error->trouble != AgentTrouble::silent || deadline.passed()) {
            return Failure{*std::move(error)};
        }
        pause_briefly(deadline); // too many clients at this moment
    }
}

std::optional<AgentError> AgentClient::ask(protocol::MessageType request, std::string_view payload,
                                           protocol::MessageType answer, const Take& take, const Deadline& deadline) {
    if (!answers(request)) {
        return broken("the agent, of version " + version_ + ", cannot be asked for " + std::string{words_for(request)} +
                      "; use the tasks command of that version");
    }
    const auto id = ++last_id_;
    if (auto error = send(protocol::frame_bytes(request, 0, id, payload), deadline)) {
        return error;
    }
    std::uint64_t bytes = 0;
    for (bool more = true; more;) {
        const auto frame = receive(deadline);
        if (!frame) {
            return frame.error();
        }
        const bool is_error = frame->header.type == static_cast<std::uint16_t>(protocol::MessageType::error);
        if (frame->header.request_id != id && !(is_error && frame->header.request_id == 0)) {
            return broken("the answer belongs to another request");
        }
        if (is_error) {
            return told_error(*frame, files_);
        }
        if (frame->header.type != static_cast<std::uint16_t>(answer)) {
            return broken("the answer is of type " + std::to_string(frame->header.type) + ", which was not asked for");
        }
        bytes += std::max(frame->payload.size(), least_counted_bytes);
        if (bytes > max_answer_bytes) {
            return broken("the answer does not end; it was given up after 1 GiB");
        }
        if (const auto wrong = take(frame->payload)) {
            return broken(*wrong);
        }
        more = frame->header.more();
    }
    return std::nullopt;
}

std::optional<AgentError> AgentClient::send(std::string_view bytes, const Deadline& deadline) {
    while (!bytes.empty()) {
        const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd ready{socket_.get(), POLLOUT, 0};
            if (::poll(&ready, 1, deadline.left_ms()) == 0) {
                return silent();
            }
        } else if (errno == EPIPE) {
            return std::nullopt; // it closed its end; what it said before that, if anything, tells why
        } else if (errno != EINTR) {
            return broken(std::string{"sending failed: "} + std::strerror(errno));
        }
    }
    return std::nullopt;
}

Result<protocol::Frame, AgentError> AgentClient::receive(const Deadline& deadline) {
    for (;;) {
        const auto taken = decoder_.feed(unread_);
        if (!taken) {
            return Failure{broken(protocol::sentence(taken.error()))};
        }
        unread_.erase(0, *taken);
        if (auto frame = decoder_.next()) {
            return *std::move(frame);
        }
        if (auto error = fill(deadline)) {
            return Failure{*std::move(error)};
        }
    }
}

std::optional<AgentError> AgentClient::fill(const Deadline& deadline) {
    std::array<char, receive_bytes> buffer;
    for (;;) {
        const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (count > 0) {
            unread_.append(buffer.data(), static_cast<std::size_t>(count));
            return std::nullopt;
        }
        if (count == 0 || errno == ECONNRESET) {
            return broken(decoder_.in_frame() ? "the agent closed the connection in the middle of an answer"
                                              : "the agent closed the connection without an answer");
        }
        if (errno == EAGAIN) {
            pollfd ready{socket_.get(), POLLIN, 0};
            if (deadline.passed() || ::poll(&ready, 1, deadline.left_ms()) == 0) {
                return silent();
            }
        } else if (errno != EINTR) {
            return broken(std::string{"receiving failed: "} + std::strerror(errno));
        }
    }
}

AgentError AgentClient::broken(std::string_view what) const { return trouble(AgentTrouble::broken, files_, what); }

/// An agent that lists none is asked.
bool AgentClient::answers(protocol::MessageType request) const {
    return answered_.empty() ||
           std::find(answered_.begin(), answered_.end(), static_cast<std::uint32_t>(request)) != answered_.end();
}

AgentError AgentClient::silent() const {
    return trouble(AgentTrouble::silent, files_, "the agent did not answer before the deadline");
}

} // namespace tasks::inspect
