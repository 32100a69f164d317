// A small blocking client of the agent's socket, for tests and checks: frames in, frames out, every read with a
// deadline of 30 s so that a silent agent fails a test instead of hanging it. Owns its socket; one thread at a time.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tasks/protocol/frame.hpp>
#include <tasks/protocol/messages.hpp>

namespace tasks::test {

class TestClient {
public:
    TestClient() = default;
    explicit TestClient(const std::string& path) {
        fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        timeval deadline{.tv_sec = 30, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::connect(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) != 0)
            close();
    }
    TestClient(TestClient&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), decoder_(std::move(other.decoder_)), rest_(std::move(other.rest_)) {}
    TestClient& operator=(TestClient&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(decoder_, other.decoder_);
        std::swap(rest_, other.rest_);
        return *this;
    }
    ~TestClient() { close(); }

    bool connected() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    void close() {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }

    /// False: the agent closed the connection, or takes nothing for 30 s.
    bool send_bytes(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (put < 0 && errno == EINTR)
                continue;
            if (put <= 0)
                return false;
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
        return true;
    }
    template <class Message> bool send(const Message& message, std::uint32_t id = 1) {
        return send_bytes(protocol::frame_bytes(protocol::type_of<Message>, 0, id, protocol::write(message)));
    }

    /// Asks for all stacks many times, for more than a socket's buffer holds. False: the agent takes nothing any more.
    bool ask_often(int times) {
        std::string bytes;
        const std::string payload = protocol::write(protocol::StacksRequest{.stack_bytes = 262144, .tids = {}});
        for (int at = 0; at < times; ++at)
            bytes += protocol::frame_bytes(protocol::MessageType::stacks_request, 0, 1, payload);
        return send_bytes(bytes);
    }

    /// The next frame; nothing at the end of the connection, after 30 s, or where the bytes are no frame.
    std::optional<protocol::Frame> receive() {
        for (;;) {
            if (auto frame = decoder_.next())
                return frame;
            if (rest_.empty() && !read_some())
                return {};
            const auto taken = decoder_.feed(std::span<const char>{rest_});
            if (!taken)
                return {};
            rest_.erase(0, *taken);
        }
    }

    /// All parts of one answer, in order; empty where one is missing.
    std::vector<protocol::Frame> receive_answer() {
        std::vector<protocol::Frame> parts;
        for (;;) {
            auto frame = receive();
            if (!frame)
                return {};
            const bool more = frame->header.more();
            parts.push_back(std::move(*frame));
            if (!more)
                return parts;
        }
    }

    /// True when the agent says welcome.
    bool greet() {
        if (!send(protocol::Hello{.client = "test"}, 0))
            return false;
        const auto frame = receive();
        return frame && frame->header.type == static_cast<std::uint16_t>(protocol::MessageType::welcome);
    }

    /// True when the agent has closed the connection (waits for it for 30 s).
    bool sees_end() {
        std::array<char, 4096> bytes;
        for (;;) {
            const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
            if (got == 0 || (got < 0 && errno == ECONNRESET))
                return true;
            if (got < 0 && errno != EINTR)
                return false;
        }
    }

private:
    bool read_some() {
        rest_.resize(64 * 1024);
        ssize_t got = -1;
        do {
            got = ::recv(fd_, rest_.data(), rest_.size(), 0);
        } while (got < 0 && errno == EINTR);
        rest_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return got > 0;
    }

    int fd_ = -1;
    protocol::FrameDecoder decoder_;
    std::string rest_;
};

} // namespace tasks::test
