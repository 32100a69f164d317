// Words for tests of the server: one that runs on a thread of its own over a real socket, with counts and chores that
// the test sets; and threads that stand in a known call with a known mark on their stacks.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "agent_fixture.hpp"
#include "allocations.hpp"
#include "server.hpp"
#include "test_client.hpp"

namespace tasks::test {

inline std::uint32_t own_tid() { return static_cast<std::uint32_t>(::syscall(SYS_gettid)); }

/// The counts that the server is to tell. Also looks how often its thread has allocated.
class FakeCounts final : public agent::Counts {
public:
    protocol::CountsAnswer now() noexcept override {
        allocations.store(allocations_of_this_thread());
        return told;
    }
    protocol::CountsAnswer told{.tasks = 12, .thread_tasks = 4, .jobs = 8, .os_threads = 7, .jobs_dropped = 3};
    std::atomic<std::uint64_t> allocations{0};
};

/// Counts how often it is called; wants nothing by itself.
class FakeChores final : public agent::Chores {
public:
    std::uint64_t run(std::uint64_t) noexcept override {
        calls.fetch_add(1);
        return UINT64_MAX;
    }
    std::atomic<int> calls{0};
};

class RunningServer {
public:
    explicit RunningServer(std::string directory = {}, std::uint64_t deadline_ns = agent::default_deadline_ns) {
        const std::string path = directory.empty() ? own_directory_.path() : directory;
        const agent::OwnedFd fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
        auto listener = agent::listen_in(fd.get(), path, "1-2.sock");
        REQUIRE(listener);
        socket_ = path + "/1-2.sock";
        auto server = agent::Server::create(std::move(*listener), chores, deadline_ns);
        REQUIRE(server);
        server_ = std::move(*server);
        identity_.pid = static_cast<std::uint32_t>(::getpid());
        identity_.start_time_ticks = 7;
        identity_.name = "payments";
        thread_ = std::thread([this] {
            tid_.store(own_tid());
            const agent::AnswerContext context{.identity = identity_,
                                               .counts = counts,
                                               .table = nullptr,
                                               .agent_tid = tid_.load(),
                                               .table_cap_bytes = 1000,
                                               .other_fds = 0};
            server_->run(context);
        });
        while (tid_.load() == 0)
            std::this_thread::yield();
    }
    ~RunningServer() {
        server_->stop();
        thread_.join();
    }
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;

    TestClient client() const { return TestClient{socket_}; }
    TestClient greeted() const {
        TestClient made{socket_};
        REQUIRE(made.connected());
        REQUIRE(made.greet());
        return made;
    }
    const std::string& socket() const { return socket_; }
    agent::Server& server() { return *server_; }
    std::uint32_t tid() const { return tid_.load(); }

    FakeCounts counts;
    FakeChores chores;

private:
    OwnDirectory own_directory_;
    std::string socket_;
    agent::Identity identity_;
    std::unique_ptr<agent::Server> server_;
    std::atomic<std::uint32_t> tid_{0};
    std::thread thread_;
};

/// The error in that frame; code `unknown` with an empty sentence where it is none.
inline std::pair<protocol::ErrorCode, std::string> error_in(const std::optional<protocol::Frame>& frame) {
    if (!frame || frame->header.type != static_cast<std::uint16_t>(protocol::MessageType::error))
        return {};
    const auto answer = protocol::read<protocol::ErrorAnswer>(frame->payload);
    if (!answer)
        return {};
    return {answer->code, std::string{answer->sentence}};
}

/// A frame with any type and payload.
inline std::string raw_frame(std::uint16_t type, std::string_view payload, std::uint32_t id = 1) {
    return protocol::frame_bytes(static_cast<protocol::MessageType>(type), 0, id, payload);
}

/// A thread that stands in read() of an empty pipe, with `mark` in a frame of its stack. Goes on when destroyed.
class BlockedThread {
public:
    explicit BlockedThread(std::uint64_t mark) {
        REQUIRE(::pipe2(pipe_.data(), O_CLOEXEC) == 0);
        thread_ = std::thread([this, mark] { stand(mark); });
        REQUIRE(eventually([this] { return tid_.load() != 0 && blocked(); }));
    }
    ~BlockedThread() {
        const char byte = 0;
        [[maybe_unused]] const ssize_t put = ::write(pipe_[1], &byte, 1);
        thread_.join();
        ::close(pipe_[0]);
        ::close(pipe_[1]);
    }
    BlockedThread(const BlockedThread&) = delete;
    BlockedThread& operator=(const BlockedThread&) = delete;

    std::uint32_t tid() const { return tid_.load(); }
    int fd() const { return pipe_[0]; }
    /// Where its mark lies.
    std::uint64_t mark_address() const { return mark_address_.load(); }

private:
    __attribute__((no_sanitize("address"))) void stand(std::uint64_t mark) {
        volatile std::array<std::uint64_t, 4> marks{mark, mark + 1, mark + 2, mark + 3};
        volatile char depth[8192] = {}; // so that a dozen stacks do not fit into one frame of an answer
        mark_address_.store(reinterpret_cast<std::uint64_t>(&marks));
        tid_.store(own_tid());
        char byte = 0;
        while (::syscall(SYS_read, pipe_[0], &byte, 1) < 0 || depth[0] != 0) {
        }
    }
    bool blocked() const {
        const std::string path = "/proc/self/task/" + std::to_string(tid_.load()) + "/syscall";
        const agent::OwnedFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        std::array<char, 4> text{};
        return ::read(file.get(), text.data(), text.size()) > 2 && text[0] == '0' && text[1] == ' '; // SYS_read
    }

    std::array<int, 2> pipe_{-1, -1};
    std::atomic<std::uint32_t> tid_{0};
    std::atomic<std::uint64_t> mark_address_{0};
    std::thread thread_;
};

} // namespace tasks::test
