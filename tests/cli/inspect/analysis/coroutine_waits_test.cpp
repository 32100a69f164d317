#include "analysis/coroutine_waits.hpp"

#include <array>

#include <catch2/catch.hpp>

namespace tasks::inspect {
namespace {

using protocol::WaitReason;

const std::string executor = "boost::asio::any_io_executor";

/// The function whose frame Boost 1.81 makes for an operation with that initiation class.
std::string initiator(const std::string& type) {
    return "boost::asio::awaitable<void, " + executor + "> boost::asio::async_result<boost::asio::use_awaitable_t<" +
           executor + ">, void (boost::system::error_code, unsigned long)>::initiate<" + type +
           ", boost::asio::mutable_buffers_1, int>(" + type + ", boost::asio::use_awaitable_t<" + executor +
           ">, boost::asio::mutable_buffers_1, int)";
}

struct Row {
    std::string type;
    WaitReason reason;
    std::string operation;
};

const std::array operations{
    Row{"boost::asio::basic_waitable_timer<std::chrono::_V2::steady_clock, "
        "boost::asio::wait_traits<std::chrono::_V2::steady_clock>, boost::asio::any_io_executor>::initiate_async_wait",
        WaitReason::timer, "basic_waitable_timer::async_wait"},
    Row{"boost::asio::basic_deadline_timer<int>::initiate_async_wait", WaitReason::timer,
        "basic_deadline_timer::async_wait"},
    Row{"boost::asio::basic_signal_set<boost::asio::any_io_executor>::initiate_async_wait", WaitReason::signal,
        "basic_signal_set::async_wait"},
    Row{"boost::asio::basic_socket<boost::asio::ip::tcp, int>::initiate_async_wait", WaitReason::poll,
        "basic_socket::async_wait"},
    Row{"boost::asio::experimental::basic_channel<int, boost::asio::experimental::channel_traits<>, void "
        "(boost::system::error_code, int)>::initiate_async_send",
        WaitReason::chan_send, "basic_channel::async_send"},
    Row{"boost::asio::experimental::basic_concurrent_channel<int>::initiate_async_receive", WaitReason::chan_receive,
        "basic_concurrent_channel::async_receive"},
    Row{"boost::asio::detail::initiate_async_read<boost::asio::basic_stream_socket<boost::asio::ip::tcp, int> >",
        WaitReason::io_read, "async_read"},
    Row{"boost::asio::basic_stream_socket<int>::initiate_async_receive", WaitReason::io_read,
        "basic_stream_socket::async_receive"},
    Row{"boost::asio::detail::initiate_async_read_until_delim_v2<int>", WaitReason::io_read,
        "async_read_until_delim_v2"},
    Row{"boost::asio::buffered_read_stream<int>::initiate_async_buffered_read_some<int>", WaitReason::io_read,
        "buffered_read_stream::async_buffered_read_some"},
    Row{"boost::asio::detail::initiate_async_buffered_fill<int>", WaitReason::io_read, "async_buffered_fill"},
    Row{"boost::asio::detail::initiate_async_write<int>", WaitReason::io_write, "async_write"},
    Row{"boost::asio::basic_datagram_socket<int>::initiate_async_send_to", WaitReason::io_write,
        "basic_datagram_socket::async_send_to"},
    Row{"boost::asio::detail::initiate_async_buffered_write_some<int>", WaitReason::io_write,
        "async_buffered_write_some"},
    Row{"boost::asio::detail::initiate_async_buffered_flush<int>", WaitReason::io_write, "async_buffered_flush"},
    Row{"boost::asio::basic_socket_acceptor<int>::initiate_async_accept", WaitReason::io_accept,
        "basic_socket_acceptor::async_accept"},
    Row{"boost::asio::basic_socket_acceptor<int>::initiate_async_move_accept", WaitReason::io_accept,
        "basic_socket_acceptor::async_move_accept"},
    Row{"boost::asio::basic_socket<int>::initiate_async_connect", WaitReason::io_connect,
        "basic_socket::async_connect"},
    Row{"boost::asio::detail::initiate_async_range_connect<int, int>", WaitReason::io_connect, "async_range_connect"},
    Row{"boost::asio::detail::initiate_async_iterator_connect<int, int>", WaitReason::io_connect,
        "async_iterator_connect"},
    Row{"boost::asio::ssl::stream<int>::initiate_async_handshake", WaitReason::io_read, "ssl::stream::async_handshake"},
    Row{"boost::asio::ssl::stream<int>::initiate_async_buffered_handshake", WaitReason::io_read,
        "ssl::stream::async_buffered_handshake"},
    Row{"boost::asio::ssl::stream<int>::initiate_async_shutdown", WaitReason::io_read, "ssl::stream::async_shutdown"},
    Row{"boost::asio::ip::basic_resolver<int, int>::initiate_async_resolve", WaitReason::unknown,
        "basic_resolver::async_resolve"},
    Row{"boost::asio::detail::initiate_post", WaitReason::job_queue, "post"},
    Row{"boost::asio::detail::initiate_dispatch_with_executor<int>", WaitReason::job_queue, "dispatch_with_executor"},
    Row{"boost::asio::detail::initiate_defer", WaitReason::job_queue, "defer"},
    Row{"boost::asio::detail::initiate_co_spawn<boost::asio::any_io_executor>", WaitReason::await, "co_spawn"},
    Row{"boost::asio::detail::initiate_spawn<int>", WaitReason::await, "spawn"},
    Row{"mine::Group<int>::start(int)::{lambda()#1}", WaitReason::await, "mine::Group::start::{lambda#1}"},
};

const std::array awaiters{
    Row{"mine::Channel<int>::SendAwaiter", WaitReason::chan_send, ""},
    Row{"channel_push<int>", WaitReason::chan_send, ""},
    Row{"WriteToChannel", WaitReason::chan_send, ""},
    Row{"boost::cobalt::channel<int>::read_op", WaitReason::chan_receive, ""},
    Row{"rwlock_write_awaiter", WaitReason::rwlock_write, ""},
    Row{"Rwlock::Shared", WaitReason::rwlock_read, ""},
    Row{"cppcoro::async_mutex_lock_operation", WaitReason::mutex, ""},
    Row{"LockAwaiter", WaitReason::mutex, ""},
    Row{"Semaphore::Acquire", WaitReason::semaphore, ""},
    Row{"barrier_wait", WaitReason::barrier, ""},
    Row{"cppcoro::async_latch::awaiter", WaitReason::barrier, ""},
    Row{"ConditionVariable::Wait", WaitReason::cond, ""},
    Row{"cppcoro::async_manual_reset_event_operation", WaitReason::cond, ""},
    Row{"folly::coro::Baton::WaitOperation", WaitReason::cond, ""},
    Row{"TimerAwaiter", WaitReason::timer, ""},
    Row{"with_timeout<int>", WaitReason::timer, ""},
    Row{"DelayFor", WaitReason::sleep, ""},
    Row{"sleep_awaiter", WaitReason::sleep, ""},
    Row{"AcceptOp", WaitReason::io_accept, ""},
    Row{"socket_connect_operation", WaitReason::io_connect, ""},
    Row{"read_op", WaitReason::io_read, ""},
    Row{"net::Recv", WaitReason::io_read, ""},
    Row{"socket_receive", WaitReason::io_read, ""},
    Row{"WriteOp", WaitReason::io_write, ""},
    Row{"net::send", WaitReason::io_write, ""},
    Row{"PollFd", WaitReason::poll, ""},
    Row{"FutureAwaiter<int>", WaitReason::future, ""},
    Row{"event_loop::schedule_awaiter", WaitReason::job_queue, ""},
    Row{"yield_now", WaitReason::job_queue, ""},
    Row{"JoinHandle", WaitReason::join, ""},
    Row{"Task<int>::Awaiter", WaitReason::await, ""},
    Row{"lazy<int>", WaitReason::await, ""},
    Row{"boost::asio::awaitable<void>", WaitReason::await, ""},
    Row{"std::generator<int>", WaitReason::await, ""},
    Row{"coroutine_awaiter", WaitReason::await, ""},
    Row{"promise_type::awaiter", WaitReason::await, ""},
    Row{"never_ready", WaitReason::unknown, ""},
    Row{"std::suspend_always", WaitReason::unknown, ""},
};

} // namespace

TEST_CASE("each of Asio's operations says what is waited for") {
    for (const auto& row : operations) {
        const auto function = initiator(row.type);
        CAPTURE(row.type);
        CHECK(asio_frame(function) == AsioFrame::operation);
        CHECK(wait_of_operation(function) == CoroutineWait{row.reason, row.operation});
    }
}

TEST_CASE("Asio's operations are known in Boost 1.74 and without Boost too") {
    const std::string old = "boost::asio::async_result<boost::asio::use_awaitable_t<boost::asio::executor>, void "
                            "(boost::system::error_code)>::do_init<boost::asio::basic_waitable_timer<std::chrono::_V2::"
                            "steady_clock>::initiate_async_wait>(boost::asio::basic_waitable_timer<std::chrono::_V2::"
                            "steady_clock>::initiate_async_wait, int)";
    CHECK(asio_frame(old) == AsioFrame::operation);
    CHECK(wait_of_operation(old).reason == WaitReason::timer);
    const std::string standalone = "asio::awaitable<void, asio::any_io_executor> asio::async_result<asio::use_awaitable"
                                   "_t<asio::any_io_executor>, void (std::error_code)>::initiate<asio::basic_waitable"
                                   "_timer<int>::initiate_async_wait>(int)";
    CHECK(asio_frame(standalone) == AsioFrame::operation);
    CHECK(wait_of_operation(standalone).operation == "basic_waitable_timer::async_wait");
}

TEST_CASE("an operation is known behind the tokens that wrap use_awaitable") {
    const std::string timer = "boost::asio::basic_waitable_timer<int>::initiate_async_wait";
    const auto wrapped = [](const std::string& token, const std::string& type) {
        return "boost::asio::async_result<" + token + ", void (boost::system::error_code)>::init_wrapper<" + type + ">";
    };
    const auto redirected =
        wrapped("boost::asio::redirect_error_t<boost::asio::use_awaitable_t<" + executor + "> >", timer);
    CHECK(wait_of_operation(initiator(redirected)) ==
          CoroutineWait{WaitReason::timer, "basic_waitable_timer::async_wait"});
    const auto twice = wrapped("boost::asio::as_tuple_t<boost::asio::redirect_error_t<int> >", redirected);
    CHECK(wait_of_operation(initiator(twice)) == CoroutineWait{WaitReason::timer, "basic_waitable_timer::async_wait"});
    CHECK(wait_of_operation(initiator(wrapped("int", ""))).reason == WaitReason::await);
    CHECK(wait_of_operation(initiator("boost::asio::async_result<int>::init_wrapper<")).reason == WaitReason::await);
}

TEST_CASE("Asio's operators of awaitables wait for these") {
    CHECK(wait_of_group("boost::asio::awaitable<int> boost::asio::experimental::awaitable_operators::operator||<int>"
                        "(boost::asio::awaitable<int>)") == CoroutineWait{WaitReason::await, ""});
    CHECK(wait_of_group("asio::experimental::awaitable_operators::operator&&<int>()").reason == WaitReason::await);
    CHECK(wait_of_group("mine::operator||(int)") == CoroutineWait{});
}

TEST_CASE("Asio's root is told from what only looks like it") {
    CHECK(asio_frame("boost::asio::awaitable<boost::asio::detail::awaitable_thread_entry_point, int> "
                     "boost::asio::detail::co_spawn_entry_point<int>(int)") == AsioFrame::entry);
    CHECK(asio_frame("asio::detail::co_spawn_entry_point<int>(int)") == AsioFrame::entry);
    CHECK(asio_frame("mine::co_spawn_entry_point(int)") == AsioFrame::none);
    CHECK(asio_frame("take(boost::asio::async_result<boost::asio::use_awaitable_t<int>, void ()>::initiate<int>)") ==
          AsioFrame::none);
    CHECK(asio_frame("") == AsioFrame::none);
    CHECK(asio_frame("boost::asio::async_result<boost::asio::use_awaitable_t<int>") == AsioFrame::none);
    CHECK(wait_of_operation("session(int)") == CoroutineWait{});
}

TEST_CASE("an awaiter's type says what is waited for, as far as its words tell") {
    for (const auto& row : awaiters) {
        CAPTURE(row.type);
        CHECK(wait_of_awaiter(row.type).reason == row.reason);
    }
    CHECK(wait_of_awaiter("mine::Channel<int>::SendAwaiter").operation == "mine::Channel::SendAwaiter");
    CHECK(
        wait_of_awaiter("tasks::asio_adapter::Awaited<a::frame<int>, a::promise<b, c>, mine::Recv<d, e> >").operation ==
        "mine::Recv");
}

} // namespace tasks::inspect
