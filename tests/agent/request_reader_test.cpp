// Requests as the protocol library writes them, and as nobody should.
#include <catch2/catch.hpp>

#include <array>
#include <string>

#include <tasks/protocol/messages.hpp>

#include "request_reader.hpp"

using namespace tasks;
using namespace tasks::agent;

TEST_CASE("A hello is read as it was written") {
    HelloRequest hello;
    CHECK(read_hello(protocol::write(protocol::Hello{.major = 3, .client = "tasks 1"}), hello) == nullptr);
    CHECK(hello.major == 3);
}

TEST_CASE("A request for stacks is read as it was written") {
    std::array<std::uint32_t, 8> tids{};
    StacksOrder order;
    const protocol::StacksRequest request{.stack_bytes = 4096, .tids = {1, 300, 4000000}, .without_last_ran = true};
    CHECK(read_stacks_order(protocol::write(request), order, tids) == nullptr);
    CHECK(order.stack_bytes == 4096);
    CHECK(order.without_last_ran);
    REQUIRE(order.tid_count == 3);
    CHECK(tids[1] == 300);
    CHECK(tids[2] == 4000000);
}

TEST_CASE("What a request leaves out has its default") {
    std::array<std::uint32_t, 8> tids{};
    StacksOrder order;
    CHECK(read_stacks_order("", order, tids) == nullptr);
    CHECK(order.stack_bytes == protocol::default_stack_bytes);
    CHECK(order.tid_count == 0);
    CHECK_FALSE(order.without_last_ran);
}

TEST_CASE("Thread ids may come one by one instead of packed") {
    std::array<std::uint32_t, 8> tids{};
    StacksOrder order;
    CHECK(read_stacks_order("\x10\x05\x10\x06", order, tids) == nullptr);
    CHECK(order.tid_count == 2);
    CHECK(tids[1] == 6);
}

TEST_CASE("Unknown fields of every wire type are skipped") {
    StacksOrder order;
    std::array<std::uint32_t, 1> tids{};
    const std::string unknown =
        std::string("\x50\x01", 2) + std::string("\x51") + std::string(8, 'x') + "\x52\x02yy" + "\x55zzzz" + "\x08\x07";
    CHECK(read_stacks_order(unknown, order, tids) == nullptr);
    CHECK(order.stack_bytes == 7);
}

TEST_CASE("Wrong types, wrong numbers and too many elements are refused") {
    StacksOrder order;
    std::array<std::uint32_t, 2> tids{};
    HelloRequest hello;
    CHECK_FALSE(read_hello(std::string("\x0a\x01x"), hello) == nullptr);                    // major as bytes
    CHECK_FALSE(read_hello(std::string("\x08\x80\x80\x80\x80\x10"), hello) == nullptr);     // 2^32
    CHECK_FALSE(read_stacks_order("\x0a\x01x", order, tids) == nullptr);                    // stack_bytes as bytes
    CHECK_FALSE(read_stacks_order(std::string("\x12\x01\x00", 3), order, tids) == nullptr); // thread id 0
    CHECK_FALSE(read_stacks_order("\x12\x03\x01\x02\x03", order, tids) == nullptr);         // three, room for two
    CHECK_FALSE(read_stacks_order("\x15zzzz", order, tids) == nullptr);                     // ids as fixed32
    CHECK_FALSE(read_stacks_order(std::string("\x1a\x01x"), order, tids) == nullptr);       // truth as bytes
    CHECK_FALSE(read_empty(std::string("\x00", 1)) == nullptr);                             // field 0
    CHECK_FALSE(read_empty("\x0b\x0c") == nullptr);                                         // groups
}

TEST_CASE("No truncation of a request is taken for whole where it cuts a field") {
    const std::string whole = protocol::write(protocol::StacksRequest{.stack_bytes = 100000, .tids = {1, 2, 70000}});
    std::array<std::uint32_t, 8> tids{};
    StacksOrder order;
    std::size_t accepted = 0;
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
        accepted += read_stacks_order(std::string_view{whole}.substr(0, bytes), order, tids) == nullptr ? 1u : 0u;
    CHECK(accepted == 2); // nothing, and the first field alone
}

TEST_CASE("Every length of the field of bytes that is too long is refused") {
    for (unsigned length = 1; length < 128; ++length) {
        const std::string payload{'\x52', static_cast<char>(length)};
        CHECK_FALSE(read_empty(payload) == nullptr);
    }
}
