#include "coroutines/word_range.hpp"

#include <array>
#include <cstdint>

#include <catch2/catch.hpp>

namespace tasks::inspect {

namespace {

using Words = std::array<std::uint64_t, WordRange::at_once>;

bool may_have(const WordRange& range, std::uint64_t word, std::size_t place) {
    Words words{};
    words[place] = word;
    return range.may_have(words.data());
}

} // namespace

TEST_CASE("a range of words has its ends and what lies between, at each place of sixteen") {
    for (const std::uint64_t first : {0x10000ull, 0x55990044d0a8ull, 0x7fffffff8000ull, 0x80000000fff8ull}) {
        const std::uint64_t last = first + 0x2468a0;
        const WordRange range{first, last};
        CHECK(range.has(first));
        CHECK(range.has(last));
        CHECK_FALSE(range.has(first - 1));
        CHECK_FALSE(range.has(last + 1));
        for (std::size_t place = 0; place < WordRange::at_once; ++place) {
            CAPTURE(first, place);
            CHECK(may_have(range, first, place));
            CHECK(may_have(range, first + 0x12345, place));
            CHECK(may_have(range, last, place));
            CHECK_FALSE(may_have(range, first - (1u << 16), place));
            CHECK_FALSE(may_have(range, last + (1u << 16), place));
        }
    }
}

TEST_CASE("a range of words over half of all addresses misses none of them") {
    const WordRange range{0x1000, 0x8000'0000'0000'0000};
    for (const std::uint64_t word :
         {0x1000ull, 0x7fff'ffff'f000ull, 0x1234'5678'9abc'def0ull, 0x8000'0000'0000'0000ull})
        CHECK(may_have(range, word, 3));
}

TEST_CASE("an empty range of words has none") {
    const WordRange range;
    CHECK(range.empty());
    for (const std::uint64_t word : {0ull, 1ull, 0x7fff'ffff'f000ull, ~0ull}) {
        CHECK_FALSE(range.has(word));
        CHECK_FALSE(may_have(range, word, 0));
    }
}

} // namespace tasks::inspect
