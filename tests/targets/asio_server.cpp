// asio_server CONNECTIONS TIMERS: an Asio server whose every task waits for something that will not come, and that
// knows how many there are. Compiled twice: as it is, and with tasks_instrument(), without another line; with
// TASKS_TARGET_AGENT it starts the agent. The lines where it waits are marked: // WAITS: what.
//
// Prints one line of JSON, {"pid": ..., its own counts, and since when they wait in CLOCK_MONOTONIC ns}, then obeys
// lines of its standard input, each answered by one line:
//     count        tasks::count(), 0 where there is no agent
//     go on        all timers and channels are served once: every such coroutine waits anew; "since" in ns
//     off | on     stops and starts the agent
//     end          everything of Asio's is destroyed
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>

#ifdef TASKS_TARGET_AGENT
#include <tasks/agent.hpp>
#endif

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using Channel = asio::experimental::channel<void(boost::system::error_code, int)>;
using ConcurrentChannel = asio::experimental::concurrent_channel<void(boost::system::error_code, int)>;

constexpr int receivers = 7;
constexpr int senders = 5;
constexpr int callbacks = 3;
constexpr int queued = 11;

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// A session five coroutines deep.
awaitable<std::size_t> read_some(tcp::socket& socket) {
    std::array<char, 64> bytes{};
    co_return co_await socket.async_read_some(asio::buffer(bytes), use_awaitable); // WAITS: read
}
awaitable<std::size_t> read_line(tcp::socket& socket) {
    co_return co_await read_some(socket); // AWAITS: read_some
}
awaitable<std::size_t> read_head(tcp::socket& socket, int tries) {
    std::size_t bytes = 0;
    for (int at = 0; at < tries; ++at) {
        bytes += co_await read_line(socket); // AWAITS: read_line
    }
    co_return bytes;
}
awaitable<void> serve(tcp::socket& socket) {
    co_await read_head(socket, 1); // AWAITS: read_head
}
awaitable<void> session(tcp::socket socket) {
    co_await serve(socket); // AWAITS: serve
}

awaitable<void> listen(tcp::acceptor& acceptor, int& sessions) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(use_awaitable);                         // WAITS: accept
        asio::co_spawn(acceptor.get_executor(), session(std::move(socket)), asio::detached); // CREATES: read
        ++sessions;
    }
}

/// Timers, five coroutines deep too; they wait again each time that they are cancelled.
class Sleepers {
public:
    Sleepers(asio::io_context& context, int count) {
        timers_.reserve(static_cast<std::size_t>(count));
        for (int at = 0; at < count; ++at) {
            timers_.push_back(std::make_unique<asio::steady_timer>(context));
            asio::co_spawn(context, outermost(at), asio::detached); // CREATES: timer
        }
    }
    void wake_all() {
        for (auto& timer : timers_) {
            timer->cancel();
        }
    }

private:
    awaitable<void> innermost(int at) {
        for (auto& timer = *timers_[static_cast<std::size_t>(at)];;) {
            timer.expires_after(std::chrono::hours{1});
            boost::system::error_code cancelled;
            co_await timer.async_wait(asio::redirect_error(use_awaitable, cancelled)); // WAITS: timer
        }
    }
    awaitable<void> fourth(int at, std::string) { co_await innermost(at); }
    awaitable<void> third(int at, double) { co_await fourth(at, "key-" + std::to_string(at)); }
    awaitable<void> second(int at) { co_await third(at, 0.25); }
    awaitable<void> outermost(int at) { co_await second(at); }

    std::vector<std::unique_ptr<asio::steady_timer>> timers_;
};

awaitable<void> receive(Channel& channel) {
    for (;;) {
        co_await channel.async_receive(use_awaitable); // WAITS: receive
    }
}
awaitable<void> send(ConcurrentChannel& channel, int value) {
    for (;;) {
        co_await channel.async_send({}, value, use_awaitable); // WAITS: send
    }
}

/// A pool of one thread that is in a handler, while others wait for it.
class BusyPool {
public:
    BusyPool() : pool_(1) {
        asio::post(pool_, [this] { // CREATES: busy
            started_ = true;
            started_.notify_one();
            released_.wait(false);
        });
        started_.wait(false);
        for (int at = 0; at < queued; ++at) {
            asio::post(pool_, [this] { ++done_; });
        }
    }
    ~BusyPool() {
        released_ = true;
        released_.notify_one();
        pool_.join();
    }
    BusyPool(const BusyPool&) = delete;
    BusyPool& operator=(const BusyPool&) = delete;

private:
    std::atomic<bool> started_{false};
    std::atomic<bool> released_{false};
    std::atomic<int> done_{0};
    asio::thread_pool pool_;
};

/// All that runs on the one io_context.
class Server {
public:
    Server(int connections, int timers) : connections_(connections), timers_(timers), sleepers_(context_, timers) {
        asio::co_spawn(context_, listen(acceptor_, sessions_), asio::detached); // CREATES: accept
        for (int at = 0; at < receivers; ++at) {
            asio::co_spawn(context_, receive(channel_), asio::detached); // CREATES: receive
        }
        for (int at = 0; at < senders; ++at) {
            asio::co_spawn(context_, send(concurrent_, at), asio::detached); // CREATES: send
        }
        for (int at = 0; at < callbacks; ++at) {
            auto& timer = callbacks_.emplace_back(context_, std::chrono::hours{1});
            BOOST_ASIO_HANDLER_LOCATION((__FILE__, __LINE__, __func__)); // CREATES: callback
            timer.async_wait([](const boost::system::error_code&) {});
        }
        for (int at = 0; at < connections_; ++at) {
            clients_.emplace_back(context_).connect(acceptor_.local_endpoint());
        }
        while (sessions_ < connections_) {
            context_.run_one();
        }
        run_what_is_ready();
    }

    void go_on() {
        sleepers_.wake_all();
        for (int at = 0; at < receivers; ++at) {
            channel_.try_send(boost::system::error_code{}, at);
        }
        for (int at = 0; at < senders; ++at) {
            concurrent_.try_receive([](const boost::system::error_code&, int) {});
        }
        run_what_is_ready();
    }

    void tell() const {
        std::printf(R"({"pid": %d, "read": %d, "accept": 1, "timer": %d, "receive": %d, "send": %d, "callback": %d, )"
                    R"("queued": %d, "from_ns": %lld, "to_ns": %lld})"
                    "\n",
                    static_cast<int>(::getpid()), connections_, timers_, receivers, senders, callbacks, queued,
                    static_cast<long long>(from_ns_), static_cast<long long>(now_ns()));
        std::fflush(stdout);
    }

private:
    void run_what_is_ready() {
        from_ns_ = now_ns();
        while (context_.poll() > 0) {
        }
    }

    int connections_;
    int timers_;
    int sessions_ = 0;
    std::int64_t from_ns_ = now_ns();
    asio::io_context context_{1};
    tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
    Channel channel_{context_};
    ConcurrentChannel concurrent_{context_};
    std::vector<tcp::socket> clients_;
    std::vector<asio::steady_timer> callbacks_;
    Sleepers sleepers_;
};

#ifdef TASKS_TARGET_AGENT
class Observer {
public:
    void on() { agent_.emplace(tasks::AgentOptions{.name = "asio_server"}); }
    void off() { agent_.reset(); }
    static std::size_t count() { return tasks::count(); }

private:
    std::optional<tasks::Agent> agent_;
};
#else
struct Observer {
    void on() {}
    void off() {}
    static std::size_t count() { return 0; }
};
#endif

void obey(Observer& observer, std::optional<Server>& server, std::optional<BusyPool>& pool) {
    for (std::string order; std::getline(std::cin, order);) {
        if (order == "go on") {
            server->go_on();
            server->tell();
        } else if (order == "end") {
            pool.reset();
            server.reset();
        } else if (order == "off") {
            observer.off();
        } else if (order == "on") {
            observer.on();
        }
        std::printf("%zu\n", Observer::count());
        std::fflush(stdout);
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "asio_server CONNECTIONS TIMERS\n");
        return 2;
    }
    Observer observer;
    if (std::getenv("ASIO_SERVER_AGENT_LATER") == nullptr) {
        observer.on();
    }
    std::optional<Server> server(std::in_place, std::atoi(argv[1]), std::atoi(argv[2]));
    std::optional<BusyPool> pool(std::in_place);
    server->tell();
    obey(observer, server, pool);
    return 0;
}
