#include "capture/wait_facts.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstring>
#include <map>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

using namespace tasks::inspect;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

class MadeClock final : public Clock {
public:
    std::uint64_t monotonic_ns() const override { return 100 * second; }
    std::uint64_t boottime_ns() const override { return 200 * second; }
    std::uint64_t realtime_ns() const override { return 1'700'000'000 * second; }
};

/// Pieces of memory at addresses of the test's choice.
class MadeMemory final : public ProcessMemory {
public:
    template <class Value> void put(std::uint64_t address, const Value& value) {
        pieces_[address] = {reinterpret_cast<const char*>(&value), sizeof value};
    }

    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        for (const auto& [start, bytes] : pieces_) {
            if (address >= start && address < start + bytes.size()) {
                const auto from = address - start;
                const auto count = std::min(into.size(), bytes.size() - from);
                std::memcpy(into.data(), bytes.data() + from, count);
                return count;
            }
        }
        return 0;
    }

private:
    std::map<std::uint64_t, std::string> pieces_;
};

struct Time {
    std::int64_t seconds;
    std::int64_t fraction;
};

/// A thread of this process, so that its fds are real, in memory that is not.
struct Waiting {
    MadeClock clock;
    World world = this_machine(clock);
    MadeMemory memory;

    WaitFacts in(std::int32_t syscall, const std::array<std::uint64_t, 6>& arguments) {
        ThreadFacts thread;
        thread.syscall = syscall;
        thread.arguments = arguments;
        WaitReader{world, static_cast<std::uint32_t>(::getpid()), memory}.read(thread);
        return thread.wait;
    }
};

constexpr std::uint64_t at = 0x7f0000001000;

} // namespace

TEST_CASE_METHOD(Waiting, "a sleep tells how long it is") {
    memory.put(at, Time{30, 500});
    const auto wait = in(35, {at});
    CHECK(wait.timeout_ns == 30 * second + 500);
    CHECK_FALSE(wait.timeout_is_left);
}

TEST_CASE_METHOD(Waiting, "select counts in microseconds") {
    memory.put(at, Time{1, 500'000});
    CHECK(in(23, {0, 0, 0, 0, at}).timeout_ns == second + second / 2);
}

TEST_CASE_METHOD(Waiting, "a moment is told as what is left until it, by its clock") {
    memory.put(at, Time{107, 0});
    const auto wait = in(202, {0x1000, 0x89, 0, at});
    CHECK(wait.timeout_ns == 7 * second);
    CHECK(wait.timeout_is_left);
    memory.put(at, Time{1'700'000'002, 0});
    CHECK(in(202, {0x1000, 0x189, 0, at}).timeout_ns == 2 * second);
    memory.put(at, Time{203, 0});
    CHECK(in(230, {7, 1, at}).timeout_ns == 3 * second);
    CHECK_FALSE(in(230, {11, 1, at}).timeout_ns); // CLOCK_TAI
}

TEST_CASE_METHOD(Waiting, "a moment that has passed leaves nothing") {
    memory.put(at, Time{3, 0});
    CHECK(in(202, {0x1000, 0x89, 0, at}).timeout_ns == 0);
}

TEST_CASE_METHOD(Waiting, "what is no time is not told, and a great one is capped") {
    CHECK_FALSE(in(35, {0xdead000}).timeout_ns);
    memory.put(at, Time{-1, 0});
    CHECK_FALSE(in(35, {at}).timeout_ns);
    memory.put(at, Time{1, 2'000'000'000});
    CHECK_FALSE(in(35, {at}).timeout_ns);
    memory.put(at, Time{INT64_MAX, 0});
    CHECK(in(35, {at}).timeout_ns == ~0ull);
}

TEST_CASE_METHOD(Waiting, "poll tells how many fds and how long") {
    const auto wait = in(7, {at, 12, 5000});
    CHECK(wait.fds == 12);
    CHECK(wait.timeout_ns == 5 * second);
    CHECK_FALSE(in(7, {at, 12, 0xffffffff}).timeout_ns);
}

TEST_CASE_METHOD(Waiting, "select counts each fd of its sets once") {
    memory.put(at, std::uint64_t{0b1011});
    memory.put(at + 0x100, std::uint64_t{0b0110});
    CHECK(in(23, {4, at, at + 0x100, 0, 0}).fds == 4);
    CHECK(in(23, {2, at, at + 0x100, 0, 0}).fds == 2);
    CHECK_FALSE(in(23, {4, 0xdead000, 0, 0, 0}).fds);
    CHECK(in(23, {~0ull, 0, 0, 0, 0}).fds == 0);
}

TEST_CASE_METHOD(Waiting, "an fd is told with what it is, an epoll instance with how many it watches") {
    const FileDescriptor event{::eventfd(0, EFD_CLOEXEC)};
    const FileDescriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
    epoll_event watched{};
    REQUIRE(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.get(), &watched) == 0);
    const auto read = in(0, {static_cast<std::uint64_t>(event.get())});
    CHECK(read.fd == event.get());
    CHECK(read.fd_target == "eventfd");
    CHECK(in(232, {static_cast<std::uint64_t>(epoll.get()), 0, 1, 0xffffffff}).fds == 1);
}

TEST_CASE_METHOD(Waiting, "the memory around a futex begins before it, or at it where nothing is before") {
    std::array<char, 72> bytes{};
    bytes[16] = 'x';
    memory.put(at - 16, bytes);
    const auto wait = in(202, {at, 0x80, 2, 0});
    CHECK(wait.futex == at);
    CHECK(wait.futex_bytes_at == at - 16);
    CHECK(wait.futex_bytes.at(16) == 'x');
    CHECK(wait.futex_bytes.size() == 72);
    constexpr std::uint64_t first_of_page = 0x7f0000010000;
    memory.put(first_of_page, bytes);
    CHECK(in(202, {first_of_page, 0x80, 2, 0}).futex_bytes_at == first_of_page);
    CHECK(in(202, {0xdead000, 0x80, 2, 0}).futex_bytes.empty());
    CHECK(in(202, {3, 0x80, 2, 0}).futex_bytes.empty());
}

TEST_CASE_METHOD(Waiting, "a thread in no system call waits on nothing") {
    const auto wait = in(-1, {1, 2, 3});
    CHECK(wait.fd == -1);
    CHECK(wait.futex == 0);
}
