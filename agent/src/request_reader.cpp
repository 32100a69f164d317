#include "request_reader.hpp"

#include <limits>

namespace tasks::agent {
namespace {

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// One field of a protobuf message: a number, or bytes.
struct Field {
    std::uint64_t number = 0;
    WireType type = WireType::varint;
    std::uint64_t value = 0;
    std::string_view bytes;
};

bool take_varint(std::string_view& in, std::uint64_t& value) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (in.empty())
            return false;
        const auto byte = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7fu) << shift;
        if ((byte & 0x80u) == 0)
            return true;
    }
    return false;
}

bool take_field(std::string_view& in, Field& field) noexcept {
    std::uint64_t key = 0;
    if (!take_varint(in, key) || key >> 3 == 0)
        return false;
    field = {.number = key >> 3, .type = static_cast<WireType>(key & 7u), .value = 0, .bytes = {}};
    std::uint64_t length = 0;
    switch (field.type) {
    case WireType::varint:
        return take_varint(in, field.value);
    case WireType::fixed64:
        length = 8;
        break;
    case WireType::fixed32:
        length = 4;
        break;
    case WireType::bytes:
        if (!take_varint(in, length))
            return false;
        break;
    default:
        return false;
    }
    if (length > in.size())
        return false;
    field.bytes = in.substr(0, length);
    in.remove_prefix(length);
    return true;
}

constexpr const char* malformed = "is not a protobuf message";

/// Hands each field to take(field), which returns nullptr or what is wrong.
template <class Take> const char* each_field(std::string_view payload, Take&& take) noexcept {
    Field field;
    while (!payload.empty()) {
        if (!take_field(payload, field))
            return malformed;
        if (const char* wrong = take(field))
            return wrong;
    }
    return nullptr;
}

bool narrow(const Field& field, std::uint32_t& out) noexcept {
    if (field.type != WireType::varint || field.value > std::numeric_limits<std::uint32_t>::max())
        return false;
    out = static_cast<std::uint32_t>(field.value);
    return true;
}

const char* add_tid(std::uint64_t tid, StacksOrder& order, std::span<std::uint32_t> tids) noexcept {
    if (tid == 0 || tid > std::numeric_limits<std::int32_t>::max())
        return "tids: has a number that is no thread id";
    if (order.tid_count == tids.size())
        return "tids: has more than 65536 elements";
    tids[order.tid_count++] = static_cast<std::uint32_t>(tid);
    return nullptr;
}

/// Packed, or one by one as proto3 allows.
const char* add_tids(const Field& field, StacksOrder& order, std::span<std::uint32_t> tids) noexcept {
    if (field.type == WireType::varint)
        return add_tid(field.value, order, tids);
    if (field.type != WireType::bytes)
        return "tids: is not encoded as numbers";
    std::string_view packed = field.bytes;
    while (!packed.empty()) {
        std::uint64_t tid = 0;
        if (!take_varint(packed, tid))
            return malformed;
        if (const char* wrong = add_tid(tid, order, tids))
            return wrong;
    }
    return nullptr;
}

} // namespace

const char* read_hello(std::string_view payload, HelloRequest& hello) noexcept {
    hello = {};
    return each_field(payload, [&](const Field& field) -> const char* {
        if (field.number == 1 && !narrow(field, hello.major))
            return "major: is no 32-bit number";
        if (field.number == 2 && (field.type != WireType::bytes || field.bytes.size() > protocol::max_string_bytes))
            return "client: is no text of at most 4096 bytes";
        return nullptr;
    });
}

const char* read_stacks_order(std::string_view payload, StacksOrder& order, std::span<std::uint32_t> tids) noexcept {
    order = {};
    return each_field(payload, [&](const Field& field) -> const char* {
        if (field.number == 1 && !narrow(field, order.stack_bytes))
            return "stack_bytes: is no 32-bit number";
        if (field.number == 2)
            return add_tids(field, order, tids);
        if (field.number == 3) {
            if (field.type != WireType::varint)
                return "without_last_ran: is no truth value";
            order.without_last_ran = field.value != 0;
        }
        return nullptr;
    });
}

const char* read_empty(std::string_view payload) noexcept {
    return each_field(payload, [](const Field&) -> const char* { return nullptr; });
}

} // namespace tasks::agent
