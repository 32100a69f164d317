// A range of addresses, and which of many words lie in it: four at once, by what every x86-64 can compare, which has no
// comparison of 64-bit numbers. Value type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tasks::inspect {

class WordRange {
public:
    WordRange() = default;
    /// Both are in it.
    WordRange(std::uint64_t first, std::uint64_t last) noexcept
        : low_(first), span_(last - first + 1), biased_low_(static_cast<std::uint32_t>(first >> piece_bits) + bias) {
        const auto pieces = std::min<std::uint64_t>((last >> piece_bits) - (first >> piece_bits) + 1, ~0u);
        biased_pieces_ = static_cast<std::int32_t>(static_cast<std::uint32_t>(pieces) - bias);
    }

    bool empty() const noexcept { return span_ == 0; }
    bool has(std::uint64_t word) const noexcept { return word - low_ < span_; }

    static constexpr std::size_t at_once = 16;

    /// Asks about `at_once` words. False: none is in it. True: one is, or lies within 64 KiB of it, or differs from
    /// such a one in its highest 16 bits.
    bool may_have(const std::uint64_t* words) const noexcept {
        Truths any = in_pieces(words);
        for (std::size_t i = 4; i < at_once; i += 4)
            any |= in_pieces(words + i);
        std::uint64_t halves[2];
        std::memcpy(halves, &any, sizeof halves);
        return (halves[0] | halves[1]) != 0;
    }

private:
    using Words = std::uint64_t __attribute__((vector_size(16)));
    using Pieces = std::uint32_t __attribute__((vector_size(16)));
    using Truths = std::int32_t __attribute__((vector_size(16)));

    static constexpr int piece_bits = 16; // so that the number of a piece has 32 bits
    static constexpr std::uint32_t bias = 1u << 31;

    Truths in_pieces(const std::uint64_t* words) const noexcept {
        Words first;
        Words second;
        std::memcpy(&first, words, sizeof first);
        std::memcpy(&second, words + 2, sizeof second);
        const Pieces pieces = __builtin_shufflevector(reinterpret_cast<Pieces>(first >> piece_bits),
                                                      reinterpret_cast<Pieces>(second >> piece_bits), 0, 2, 4, 6);
        const Truths limit = {biased_pieces_, biased_pieces_, biased_pieces_, biased_pieces_};
        return reinterpret_cast<Truths>(pieces - biased_low_) < limit;
    }

    std::uint64_t low_ = 0;
    std::uint64_t span_ = 0;
    std::uint32_t biased_low_ = bias; ///< in pieces; shifted, so that numbers without a sign compare as those with one
    std::int32_t biased_pieces_ = static_cast<std::int32_t>(bias); // none
};

} // namespace tasks::inspect
