// The registers of one frame as far as they are known, and the copied stack that they point into. Value types.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "unwind/x86_64.hpp"

namespace tasks::inspect {

class Registers {
public:
    bool known(unsigned number) const { return number < x86_64::register_count && (known_ >> number & 1u) != 0; }
    std::uint64_t value(unsigned number) const { return values_[number]; }
    std::optional<std::uint64_t> get(unsigned number) const {
        return known(number) ? std::optional{values_[number]} : std::nullopt;
    }
    void set(unsigned number, std::uint64_t value) {
        values_[number] = value;
        known_ |= 1u << number;
    }
    void forget(unsigned number) { known_ &= ~(1u << number); }
    void keep_only(std::uint32_t mask) { known_ &= mask; }

private:
    std::array<std::uint64_t, x86_64::register_count> values_{};
    std::uint32_t known_ = 0;
};

/// The bytes copied from `start` upwards. Views memory that the thread's facts own.
struct StackBytes {
    std::uint64_t start = 0;
    std::string_view bytes;

    bool holds(std::uint64_t address) const {
        return address >= start && bytes.size() >= 8 && address - start <= bytes.size() - 8;
    }
    std::optional<std::uint64_t> word(std::uint64_t address) const {
        if (!holds(address))
            return std::nullopt;
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data() + (address - start), sizeof value);
        return value;
    }
};

} // namespace tasks::inspect
