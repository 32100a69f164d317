#include "inspect/capture/fake_agent.hpp"

#include <array>
#include <cstring>
#include <vector>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tasks::tests {
namespace {

constexpr int patience_ms = 60'000;

bool readable(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, patience_ms) == 1;
}

} // namespace

std::optional<protocol::Frame> Connection::hear() {
    for (;;) {
        const auto taken = decoder_.feed(unread_);
        unread_.erase(0, taken ? *taken : unread_.size());
        if (auto frame = decoder_.next()) {
            return frame;
        }
        std::array<char, 4096> buffer;
        const auto count = readable(fd_) ? ::recv(fd_, buffer.data(), buffer.size(), 0) : 0;
        if (count <= 0) {
            return std::nullopt;
        }
        unread_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

void Connection::say(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void Connection::refuse(protocol::ErrorCode code, std::string_view sentence, std::uint32_t request_id) {
    say(protocol::frame_bytes(protocol::MessageType::error, 0, request_id,
                              protocol::write(protocol::ErrorAnswer{code, sentence})));
}

void Connection::welcome(std::optional<std::uint32_t> as_pid) {
    if (const auto hello = hear()) {
        answer(protocol::Welcome{1, "0.1.0", as_pid.value_or(pid_), start_, "fake", {16, 18, 20, 22}},
               hello->header.request_id);
    }
}

void Connection::stall() {
    while (hear()) {
    }
}

inspect::AgentFiles files_in(const std::string& directory, std::uint32_t pid, std::uint64_t start) {
    inspect::AgentFiles files;
    files.directory =
        std::make_shared<const inspect::FileDescriptor>(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    files.directory_path = directory;
    files.inner_pid = pid;
    files.start_time_ticks = start;
    files.owner_uid = ::geteuid();
    return files;
}

FakeAgent::FakeAgent(const std::string& directory, std::uint32_t pid, std::uint64_t start, Behaviour behaviour)
    : files_(files_in(directory, pid, start)), behaviour_(std::move(behaviour)) {
    files_.has_socket = true;
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = "/proc/self/fd/" + std::to_string(files_.directory->get()) + "/" + files_.socket_name();
    std::memcpy(address.sun_path, path.c_str(), path.size());
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 64) == 0);
    thread_ = std::thread([this] { serve(); });
}

FakeAgent::~FakeAgent() {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_, &one, sizeof one));
    thread_.join();
    ::close(listener_);
    ::close(stop_);
}

void FakeAgent::serve() {
    for (;;) {
        std::array<pollfd, 2> ready{{{listener_, POLLIN, 0}, {stop_, POLLIN, 0}}};
        ::poll(ready.data(), ready.size(), -1);
        if (ready[1].revents != 0) {
            return;
        }
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        Connection peer{fd, files_.inner_pid, files_.start_time_ticks};
        behaviour_(peer);
        ::close(fd);
    }
}

void answer_everything(Connection& peer) {
    peer.welcome();
    while (const auto request = peer.hear()) {
        const auto id = request->header.request_id;
        switch (static_cast<protocol::MessageType>(request->header.type)) {
        case protocol::MessageType::counts_request:
            peer.answer(protocol::CountsAnswer{3, 2, 1, 2, 0}, id);
            break;
        case protocol::MessageType::vitals_request: {
            protocol::VitalsAnswer vitals;
            vitals.tasks = 3;
            vitals.os_threads = 2;
            vitals.jobs_started = 5;
            vitals.jobs_ended = 4;
            vitals.rss_bytes = 4096;
            vitals.queues[0] = {"mail", 1204};
            vitals.queue_count = 1;
            vitals.queues_left_out = 2;
            peer.answer(vitals, id);
            break;
        }
        case protocol::MessageType::tasks_request: {
            protocol::TasksAnswer tasks;
            tasks.sites = {{7, "charge card", "charge(Card&)", "payments.cpp", 31}, {8, "request", "", "", 0}};
            tasks.tasks.emplace_back();
            tasks.tasks.back().id = 99;
            tasks.tasks.back().kind = protocol::Kind::job;
            tasks.tasks.back().scopes[0] = 7;
            tasks.tasks.back().scope_count = 1;
            tasks.tasks.back().label_key = 8;
            tasks.tasks.back().label_text = "8431";
            tasks.tasks.back().label_cut = true;
            peer.answer(tasks, id);
            break;
        }
        case protocol::MessageType::stacks_request: {
            protocol::StacksAnswer first;
            first.agent_tid = 13;
            first.modules = {{0x1000, 0x2000, 0, "/bin/fake", "id"}};
            protocol::ThreadStack thread;
            thread.tid = 11;
            thread.name = "worker";
            thread.capture = protocol::Capture::captured;
            thread.stack = "bytes";
            thread.taken_at_ns = 100;
            first.threads = {thread};
            peer.answer(first, id, true);
            protocol::StacksAnswer last;
            last.agent_tid = 13;
            thread.tid = 12;
            thread.taken_at_ns = 150;
            thread.registers = {1, 2, 3};
            thread.register_count = 3;
            last.threads = {thread};
            peer.answer(last, id);
            break;
        }
        default:
            peer.refuse(protocol::ErrorCode::unknown_request, "this fake does not know it", id);
        }
    }
}

} // namespace tasks::tests
