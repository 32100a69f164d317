// Reads the requests that carry something out of a peer's bytes (protocol/tasks.proto), into memory of the caller.
// The protocol library's read<Message>() allocates and throws inside; the agent may do neither while it serves. Every
// length is checked before it is used; unknown fields are skipped. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <tasks/protocol/messages.hpp>

namespace tasks::agent {

struct HelloRequest {
    std::uint32_t major = 0; ///< 0: not said
};

struct StacksOrder {
    std::uint32_t stack_bytes = protocol::default_stack_bytes;
    std::size_t tid_count = 0; ///< of those in the caller's memory; 0: all threads
    bool without_last_ran = false;
};

/// Each returns nullptr, or what is wrong with the payload: the end of a sentence, a literal.
const char* read_hello(std::string_view payload, HelloRequest& hello) noexcept;
const char* read_stacks_order(std::string_view payload, StacksOrder& order, std::span<std::uint32_t> tids) noexcept;

/// For requests without fields: only whether the payload is well-formed.
const char* read_empty(std::string_view payload) noexcept;

} // namespace tasks::agent
