#include "server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include <tasks/protocol/version.hpp>

#include "client.hpp"
#include "clock.hpp"
#include "region.hpp"
#include "watched_fd.hpp"
#include "way_out.hpp"
#include "workspace.hpp"

namespace tasks::agent {
namespace {

constexpr std::uint64_t never = UINT64_MAX;
constexpr std::uint64_t back_off_ns = 100'000'000; // after accept() found no fd or no memory
constexpr int accepts_a_round = 16;
constexpr std::size_t wake_at = 0;
constexpr std::size_t listener_at = 1;
constexpr std::size_t clients_at = 2;

/// poll()'s milliseconds until then, rounded up: waking too early would turn the loop once more for nothing.
int milliseconds_until(std::uint64_t at, std::uint64_t now) noexcept {
    if (at == never)
        return -1;
    const std::uint64_t left = at > now ? (at - now + 999'999) / 1'000'000 : 0;
    return static_cast<int>(std::min<std::uint64_t>(left, 60'000'000));
}

std::string why(const char* what) {
    const int error = errno;
    const char* cause = ::strerrordesc_np(error);
    return (std::string("the agent's server: ") + what + ": " + (cause != nullptr ? cause : "failed"))
        .append(way_out(error));
}

} // namespace

struct Server::State {
    State(OwnedFd listening, Chores& work, Region memory, std::uint64_t deadline) noexcept
        : listener(std::move(listening)), chores(work), deadline_ns(deadline), region(std::move(memory)),
          workspace(region) {
        for (Client& client : clients)
            client.take_memory(region);
    }

    void run(const AnswerContext& context) noexcept;
    std::uint64_t fill_polled(std::uint64_t now) noexcept;
    void accept_clients(std::uint64_t now) noexcept;
    bool accept_one(std::uint64_t now) noexcept;
    void take_in(OwnedFd socket, std::uint64_t now) noexcept;
    void shed_one() noexcept;
    void keep_reserve() noexcept;
    void serve_clients(std::uint64_t now, const AnswerContext& context) noexcept;
    std::size_t own_fds() const noexcept;
    bool open_wakes() noexcept;
    int wait(int milliseconds) noexcept;
    bool fds_are_ours() const noexcept;
    void go_quiet() noexcept;

    WatchedFd listener;
    WatchedFd wakes;   // readable: wake() was called
    WatchedFd waker;   // the other end
    WatchedFd reserve; // given up to tell a client that there is no fd for it
    Chores& chores;
    std::uint64_t deadline_ns;
    Region region;
    Workspace workspace;
    protocol::Welcome welcome;
    std::array<Client, max_clients> clients;
    std::array<pollfd, clients_at + max_clients> polled{};
    std::size_t polled_count = clients_at; ///< up to the last client: poll() refuses more than RLIMIT_NOFILE
    std::uint64_t accept_from = 0;         // the listener is left alone before
    std::uint64_t chores_at = 0;
    bool resting = true;
    std::atomic<bool> stopping{false};
};

Server::Server(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(OwnedFd listener, Chores& chores, std::uint64_t deadline_ns) {
    Region region{Workspace::memory_bytes + max_clients * Client::memory_bytes};
    if (!region)
        return Failure{why("its memory")};
    std::unique_ptr<State> state{new (std::nothrow) State(std::move(listener), chores, std::move(region), deadline_ns)};
    if (state == nullptr)
        return Failure{std::string("the agent's server: no memory").append(way_out(ENOMEM))};
    if (!state->open_wakes())
        return Failure{why("socketpair")};
    state->keep_reserve();
    if (!state->reserve)
        return Failure{why("a spare file descriptor")};
    const auto requests = answered_requests();
    state->welcome.agent_version = protocol::version;
    state->welcome.request_types.assign(requests.begin(), requests.end());
    return std::unique_ptr<Server>{new Server(std::move(state))};
}

void Server::run(const AnswerContext& context) noexcept { state_->run(context); }

bool Server::wake() noexcept {
    const int kept = errno;
    const bool woken = state_->waker.ours() &&
                       (::send(state_->waker.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 || errno == EAGAIN);
    errno = kept;
    return woken;
}

void Server::stop() noexcept {
    state_->stopping.store(true, std::memory_order_release);
    state_->stopping.notify_all();
    if (!wake())
        state_->waker.reset(); // where sending is refused, a hang-up wakes too
}

std::size_t Server::own_fds() const noexcept { return state_->own_fds(); }
int Server::task_directory() const noexcept { return state_->workspace.task_directory.get(); }

std::size_t Server::State::own_fds() const noexcept {
    const auto open =
        std::count_if(clients.begin(), clients.end(), [](const Client& client) { return client.is_open(); });
    std::size_t fds = static_cast<std::size_t>(open);
    // `wakes` for its other end too, which stop() may just be closing.
    for (const WatchedFd* fd : {&listener, &wakes, &wakes, &reserve, &workspace.task_directory})
        fds += *fd ? 1u : 0u;
    return fds;
}

/// A pair of sockets, not an eventfd: those have one inode in common, and a number that became the host's file is not
/// written to by send().
bool Server::State::open_wakes() noexcept {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return false;
    OwnedFd first{ends[0]};
    OwnedFd second{ends[1]};
    wakes = above_standard_streams(std::move(first));
    waker = above_standard_streams(std::move(second));
    return wakes && waker;
}

/// False: the host closed a descriptor that it does not know.
bool Server::State::fds_are_ours() const noexcept { return wakes.ours() && (!listener || listener.ours()); }

/// Answers nobody any more; the table goes on to tell, in the room that it has. What is still ours is closed, so that a
/// client learns at once that nobody listens.
void Server::State::go_quiet() noexcept {
    for (Client& client : clients)
        client.close();
    for (WatchedFd* fd : {&listener, &reserve, &workspace.task_directory})
        fd->reset();
    workspace.rest();
    stopping.wait(false);
}

/// Who is to be waited for; returns until when.
std::uint64_t Server::State::fill_polled(std::uint64_t now) noexcept {
    const bool accepts = listener && now >= accept_from;
    std::uint64_t until = std::min(chores_at, listener && !accepts ? accept_from : never);
    polled[wake_at] = {.fd = wakes.get(), .events = POLLIN, .revents = 0};
    polled_count = clients_at;
    polled[listener_at] = {.fd = accepts ? listener.get() : -1, .events = POLLIN, .revents = 0};
    for (std::size_t at = 0; at < clients.size(); ++at) {
        const Client& client = clients[at];
        polled[clients_at + at] = {.fd = client.socket(), .events = client.wanted_events(), .revents = 0};
        if (client.is_open()) {
            until = std::min(until, client.deadline());
            polled_count = clients_at + at + 1;
        }
    }
    return until;
}

/// poll(): how many are ready, 0 also where it was interrupted. Where the kernel has no memory for so many, the first
/// two alone, which need none, for a tenth of a second. Negative: it is refused.
int Server::State::wait(int milliseconds) noexcept {
    constexpr int without_memory = 100;
    int ready = ::poll(polled.data(), polled_count, milliseconds);
    if (ready < 0 && errno != EINTR)
        ready = ::poll(polled.data(), clients_at, milliseconds < 0 ? without_memory : std::min(milliseconds, 100));
    if (ready < 0)
        for (pollfd& entry : polled)
            entry.revents = 0;
    return ready < 0 && errno == EINTR ? 0 : ready;
}

void Server::State::run(const AnswerContext& context) noexcept {
    welcome.pid = context.identity.pid;
    welcome.start_time_ticks = context.identity.start_time_ticks;
    welcome.name = context.identity.name;
    std::uint64_t now = now_ns();
    while (!stopping.load(std::memory_order_acquire)) {
        if (now >= chores_at)
            chores_at = chores.run(now);
        const std::uint64_t until = fill_polled(now);
        const int ready = wait(milliseconds_until(until, now));
        now = now_ns();
        if (ready < 0 || !fds_are_ours())
            return go_quiet();
        if (polled[wake_at].revents != 0) {
            std::array<char, 64> calls;
            const ssize_t got = ::recv(wakes.get(), calls.data(), calls.size(), MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) // the host has closed the other end, or
                return go_quiet(); // it is refused: it stays readable, and we would never sleep again
            chores_at = 0;
        }
        serve_clients(now, context);
        if (polled[listener_at].revents != 0)
            accept_clients(now);
    }
}

void Server::State::serve_clients(std::uint64_t now, const AnswerContext& context) noexcept {
    const Service service{.context = context, .workspace = workspace, .welcome = welcome, .own_fds = own_fds()};
    bool any = false;
    for (std::size_t at = 0; at < clients.size(); ++at) {
        if (!clients[at].is_open())
            continue;
        clients[at].serve(polled[clients_at + at].revents, now, service);
        any = any || clients[at].is_open();
    }
    if (any) {
        resting = false;
    } else if (!resting) {
        resting = true;
        workspace.rest();
    }
}

void Server::State::accept_clients(std::uint64_t now) noexcept {
    for (int at = 0; at < accepts_a_round; ++at)
        if (!accept_one(now))
            return;
}

/// False: nobody waits, or the listener is to be left alone for a while.
bool Server::State::accept_one(std::uint64_t now) noexcept {
    OwnedFd socket =
        above_standard_streams(OwnedFd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)});
    if (socket) {
        take_in(std::move(socket), now);
        keep_reserve();
        return true;
    }
    if (errno == EINTR || errno == ECONNABORTED)
        return true;
    if (errno == EAGAIN)
        return false;
    if (errno == EMFILE || errno == ENFILE)
        shed_one();
    else if (errno == EPERM || errno == ENOSYS)
        listener.reset(); // for good: whoever waits, and whoever comes, is to know at once that nobody listens
    accept_from = now + back_off_ns;
    return false;
}

/// No fd is free: the spare one is given up for a moment, so that the one who waits is told instead of left waiting.
void Server::State::shed_one() noexcept {
    reserve.reset();
    if (const OwnedFd socket{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)}) {
        Refusal refusal{.code = protocol::ErrorCode::busy, .sentence = {}};
        refusal.sentence
            << "this process has no free file descriptor: raise its limit (ulimit -n) or see what it holds in "
               "/proc/"
            << welcome.pid << "/fd";
        turn_away(socket.get(), refusal);
    }
    keep_reserve();
}

void Server::State::keep_reserve() noexcept {
    if (!reserve)
        reserve = WatchedFd{OwnedFd{::fcntl(wakes.get(), F_DUPFD_CLOEXEC, 3)}};
}

void Server::State::take_in(OwnedFd socket, std::uint64_t now) noexcept {
    ucred peer{};
    socklen_t bytes = sizeof peer;
    const uid_t own = ::geteuid();
    const bool known = ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0;
    if (!known || (peer.uid != own && peer.uid != 0)) {
        Refusal refusal{.code = protocol::ErrorCode::not_permitted, .sentence = {}};
        if (known)
            refusal.sentence << "this process is of uid " << own << ", you are " << peer.uid
                             << ": ask as that user or as root";
        else
            refusal.sentence
                << "the kernel does not tell this process who you are (getsockopt SO_PEERCRED): is there a "
                   "filter of system calls (seccomp)?";
        turn_away(socket.get(), refusal);
        return;
    }
    const auto free =
        std::find_if(clients.begin(), clients.end(), [](const Client& client) { return !client.is_open(); });
    if (free == clients.end()) {
        Refusal refusal{.code = protocol::ErrorCode::busy, .sentence = {}};
        refusal.sentence << "this agent serves " << max_clients << " clients already: try again when one has gone";
        turn_away(socket.get(), refusal);
        return;
    }
    if (!workspace.task_directory) // there was no descriptor or memory for it before
        workspace.task_directory = open_task_directory();
    free->open(std::move(socket), now, deadline_ns);
}

} // namespace tasks::agent
