// Several backends race to charge a card, and only the first answer is received: the losers are stuck in send.
// Repaired: room for every answer, the losers are cancelled, and everybody is waited for.

#include <array>
#include <cstddef>
#include <exception>
#include <memory>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "backend.hpp"
#include "coroutines/async_channel.hpp"
#include "coroutines/coroutine_cause.hpp"
#include "coroutines/pause.hpp"
#include "coroutines/wait_group.hpp"

namespace asio = boost::asio;

namespace {

using Receipts = AsyncChannel<Receipt>;

asio::awaitable<Receipt> charge(const Backend& backend) {
    co_await pause(backend.latency());
    co_return Receipt{backend.name()};
}

asio::awaitable<void> race(const Backend& backend, std::shared_ptr<Receipts> receipts) {
    const Receipt receipt = co_await charge(backend);
    co_await receipts->async_send({}, receipt, asio::use_awaitable); // stuck: send-without-receiver
}

/// What the racers share; the last one takes it with it.
struct FairRace {
    explicit FairRace(const asio::any_io_executor& executor)
        : receipts(std::make_shared<Receipts>(executor, backends.size())), racers(executor) {}

    std::shared_ptr<Receipts> receipts; // room for every answer
    WaitGroup racers;
    std::array<asio::cancellation_signal, backends.size()> lost;
};

} // namespace

coroutines::Handled coroutines::send_never_received() {
    const auto executor = co_await asio::this_coro::executor;
    auto receipts = std::make_shared<Receipts>(executor);
    for (const Backend& backend : backends)
        asio::co_spawn(executor, race(backend, receipts), asio::detached); // began: send-without-receiver
    co_await receipts->async_receive(asio::use_awaitable);
} // the leak: nobody receives from the others

coroutines::Handled coroutines::send_with_room() {
    const auto executor = co_await asio::this_coro::executor;
    auto fair = std::make_shared<FairRace>(executor);
    for (std::size_t i = 0; i < backends.size(); ++i) {
        fair->racers.add();
        asio::co_spawn(executor, race(backends[i], fair->receipts),
                       asio::bind_cancellation_slot(fair->lost[i].slot(),
                                                    [fair](const std::exception_ptr&) { fair->racers.done(); }));
    }
    co_await fair->receipts->async_receive(asio::use_awaitable);
    for (asio::cancellation_signal& lost : fair->lost)
        lost.emit(asio::cancellation_type::terminal);
    co_await fair->racers.wait();
}
