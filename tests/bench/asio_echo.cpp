// bench_asio_echo: an echo server of one thread and 1,000 TCP connections, a coroutine each, that reads and writes 64
// bytes. Compiled twice: bench_asio_echo_plain as it is, bench_asio_echo with tasks_instrument() and an agent. Prints
// "echo_us VALUE": CPU microseconds of the server's thread for one echo, the best of several runs, for measure.py.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>
#include <vector>

#include <boost/asio.hpp>

#ifdef TASKS_BENCH_AGENT
#include <tasks/agent.hpp>
#endif

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int connections = 1'000;
constexpr int rounds = 40; // of one echo on each connection
constexpr int runs = 7;
using Message = std::array<char, 64>;

asio::awaitable<void> echo(tcp::socket socket) {
    for (Message message;;) {
        const std::size_t bytes = co_await socket.async_read_some(asio::buffer(message), asio::use_awaitable);
        co_await asio::async_write(socket, asio::buffer(message, bytes), asio::use_awaitable);
    }
}

/// The clients' ends, without Asio.
class Clients {
public:
    ~Clients() {
        for (const int socket : sockets_) {
            ::close(socket);
        }
    }
    void connect(const tcp::endpoint& server) {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        if (socket < 0 || ::connect(socket, server.data(), static_cast<socklen_t>(server.size())) != 0 ||
            ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) {
            std::perror("connect");
            std::exit(1);
        }
        sockets_.push_back(socket);
    }
    void round() {
        Message message{};
        for (const int socket : sockets_) {
            if (::write(socket, message.data(), message.size()) <= 0) {
                std::exit(1);
            }
        }
        for (const int socket : sockets_) {
            if (::recv(socket, message.data(), message.size(), MSG_WAITALL) <= 0) {
                std::exit(1);
            }
        }
    }

private:
    std::vector<int> sockets_;
};

double thread_us() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double run_once() {
    asio::io_context context{1};
    Clients clients;
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    for (int at = 0; at < connections; ++at) {
        clients.connect(acceptor.local_endpoint());
        tcp::socket socket = acceptor.accept();
        socket.set_option(tcp::no_delay{true});
        asio::co_spawn(context, echo(std::move(socket)), asio::detached);
    }
    double spent = 0;
    std::thread server{[&] {
        auto work = asio::make_work_guard(context);
        context.run_for(std::chrono::milliseconds{1}); // all coroutines wait
        context.restart();
        const double begin = thread_us();
        context.run();
        spent = thread_us() - begin;
    }};
    for (int round = 0; round < rounds; ++round) {
        clients.round();
    }
    context.stop();
    server.join();
    return spent / (static_cast<double>(rounds) * connections);
}

} // namespace

int main() {
#ifdef TASKS_BENCH_AGENT
    const tasks::Agent agent{{.name = "bench_asio_echo"}};
#endif
    double best = std::numeric_limits<double>::max();
    for (int run = 0; run < runs; ++run) {
        best = std::min(best, run_once());
    }
    std::printf("echo_us %.4f\n", best);
    return 0;
}
