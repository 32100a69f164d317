// A server of Boost.Asio's coroutines as people write them, with nothing of ours in it: `coroutine_server COUNT` has
// COUNT chains of five awaitables, each of which waits for a timer, and one that waits to receive from a channel that
// nobody sends into. Prints "ready" when all wait; ends when its standard input does.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using Channel = asio::experimental::channel<void(boost::system::error_code, int)>;

awaitable<void> wait_for_answer(long id, std::string key) {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours{1});
    co_await timer.async_wait(use_awaitable);
    std::printf("%ld %s\n", id, key.c_str());
}

awaitable<int> query(long id) {
    co_await wait_for_answer(id, "key-" + std::to_string(id));
    co_return 1;
}

awaitable<int> charge(long id, double weight) {
    const int answers = co_await query(id);
    co_return weight > 1 ? answers : -answers;
}

awaitable<void> handle(long id) {
    const int charged = co_await charge(id, 0.25);
    std::printf("%d charged\n", charged);
}

awaitable<void> session(long id) {
    co_await handle(id);
    std::puts("ended");
}

awaitable<void> collect(Channel& channel) {
    const int answer = co_await channel.async_receive(use_awaitable);
    std::printf("%d\n", answer);
}

} // namespace

int main(int argc, char** argv) {
    const long count = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 1;
    asio::io_context io;
    Channel channel(io);
    for (long id = 0; id < count; ++id) {
        asio::co_spawn(io, session(id), asio::detached);
    }
    asio::co_spawn(io, collect(channel), asio::detached);
    asio::posix::stream_descriptor input(io, ::dup(STDIN_FILENO));
    char byte = 0;
    input.async_read_some(asio::buffer(&byte, 1), [&io](boost::system::error_code, std::size_t) { io.stop(); });
    io.poll();
    std::puts("ready");
    std::fflush(stdout);
    io.run();
    std::_Exit(0);
}
