// Numbers as little-endian bytes, whatever the machine's own order. Pure functions, any thread.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace tasks::protocol {

template <std::unsigned_integral Number> void store_little_endian(Number number, char* out) noexcept {
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        out[i] = static_cast<char>(static_cast<unsigned char>((std::uint64_t{number} >> (8 * i)) & 0xffu));
}

template <std::unsigned_integral Number> Number load_little_endian(const char* bytes) noexcept {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        const auto byte = static_cast<Number>(static_cast<unsigned char>(bytes[i]));
        number = static_cast<Number>(number | static_cast<Number>(byte << (8 * i)));
    }
    return number;
}

} // namespace tasks::protocol
