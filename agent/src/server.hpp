// The server: one listening socket, up to 32 clients, one thread. Sits in poll() with no timeout when nobody asks.
// All memory is taken at creation and nothing is allocated while it serves, so a host thread that hangs inside
// malloc does not silence it. A client has 60 s between requests and the deadline (2 s) for each read or write once a
// request has begun or an answer goes out; one that stalls is dropped and delays nobody. Peers are checked with
// SO_PEERCRED against the *current* effective uid: same uid or root, else an error answer and close.
// When the host closes its descriptors it answers nobody any more, and leaves what got their numbers alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <tasks/protocol/result.hpp>

#include "answer_context.hpp"
#include "owned_fd.hpp"

namespace tasks::agent {

inline constexpr std::size_t max_clients = 32;
inline constexpr std::size_t max_request_bytes = 64 * 1024;
inline constexpr std::uint64_t default_deadline_ns = 2'000'000'000;

/// A listening Unix socket `name` in the directory `directory_fd`, mode 0600, CLOEXEC, non-blocking. `directory` is its
/// path, for the sentence of a failure. A file of that name is replaced (it is ours: the name holds pid and start
/// time). Works for directories whose path is over the 107 bytes of sun_path.
Result<OwnedFd> listen_in(int directory_fd, const std::string& directory, const std::string& name);

class Server {
public:
    /// `listener` may be empty (table alone): then only the chores run. Failure: a sentence (no memory, no fd).
    static Result<std::unique_ptr<Server>> create(OwnedFd listener, Chores& chores,
                                                  std::uint64_t deadline_ns = default_deadline_ns);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Serves until stop(); on the agent's thread.
    void run(const AnswerContext& context) noexcept;

    /// Any thread, async-signal-safe: has the chores run now. False: it cannot.
    bool wake() noexcept;

    /// Any thread, once: run() returns soon.
    void stop() noexcept;

    /// How many descriptors are the server's own (listener, wakes, clients): not counted among the host's.
    std::size_t own_fds() const noexcept;

    /// The descriptor of /proc/self/task, -1: there is none. Stays the server's.
    int task_directory() const noexcept;

private:
    struct State;
    explicit Server(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

} // namespace tasks::agent
