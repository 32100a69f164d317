// Rows of malloc's chunks made by hand, as they lie in memory.
#include "coroutines/heap_chunks.hpp"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

constexpr std::uint64_t start = 0x5500'0000'0000;

/// A heap's memory; chunks are appended with what malloc writes beside them.
class Heap {
public:
    /// The address that malloc would return.
    std::uint64_t chunk(std::uint64_t bytes, bool in_use = true) {
        const std::uint64_t address = start + words_.size() * 8 + 16;
        words_.push_back(last_free_);
        words_.push_back(bytes | (last_free_ == 0 ? 1u : 0u));
        words_.resize(words_.size() + bytes / 8 - 2, 0x41);
        last_free_ = in_use ? 0 : bytes;
        return address;
    }
    void top() { chunk(0x20, true); }
    void set(std::uint64_t address, std::uint64_t value) { words_[(address - start) / 8] = value; }

    /// `unwritten`: bytes at the mapping's end that are not fed.
    std::vector<HeapPlace> places(const std::vector<std::uint64_t>& asked, std::size_t block_words = 1u << 15,
                                  std::uint64_t unwritten = 0) const {
        HeapChunks chunks;
        chunks.begin(start, start + words_.size() * 8 + unwritten);
        auto next = asked.begin();
        for (std::size_t at = 0; at < words_.size();) {
            const std::size_t count = std::min(block_words, words_.size() - at);
            for (; next != asked.end() && *next < start + (at + count) * 8; ++next)
                chunks.ask(*next);
            chunks.feed(start + at * 8, {words_.data() + at, count});
            at += at + count < words_.size() ? count - 1 : count; // as the scan does: the last word comes again
        }
        for (; next != asked.end(); ++next)
            chunks.ask(*next);
        return chunks.end();
    }

private:
    std::vector<std::uint64_t> words_;
    std::uint64_t last_free_ = 0;
};

} // namespace

TEST_CASE("a chunk in use and one that was freed are told apart, by their headers") {
    Heap heap;
    heap.chunk(0x290);
    const auto used = heap.chunk(0x100);
    const auto freed = heap.chunk(0x80, false);
    heap.chunk(0x40);
    for (int i = 0; i < 40; ++i)
        heap.chunk(0x30);
    heap.top();
    const auto places = heap.places({used, used + 0x20, freed, freed + 0x10});
    REQUIRE(places.size() == 4);
    CHECK(places[0].state == HeapPlace::State::in_use);
    CHECK(places[0].start == used);
    CHECK(places[0].bytes == 0x100 - 8);
    CHECK(places[1].start == used);
    CHECK(places[2].state == HeapPlace::State::freed);
    CHECK(places[3].state == HeapPlace::State::freed);
    CHECK(places[3].start == freed);
}

TEST_CASE("a heap of a few chunks is known by its top, most of which was never written") {
    constexpr std::uint64_t unwritten = 0x20000;
    Heap heap;
    heap.chunk(0x290);
    const auto used = heap.chunk(0x100);
    const auto top = heap.chunk(0x20);
    heap.set(top - 8, (0x20 + unwritten) | 1);
    const auto places = heap.places({used, top}, 1u << 15, unwritten);
    REQUIRE(places.size() == 2);
    CHECK(places[0].state == HeapPlace::State::in_use);
    CHECK(places[0].start == used);
    CHECK(places[0].bytes == 0x100 - 8);
    CHECK(heap.places({used})[0].start != used); // where the mapping's end is not known
}

TEST_CASE("the answers are the same however the memory is cut into blocks") {
    Heap heap;
    heap.chunk(0x290);
    std::vector<std::uint64_t> asked;
    for (std::uint64_t i = 0; i < 300; ++i)
        asked.push_back(heap.chunk(0x20 + 0x10 * (i % 50), i % 3 != 0));
    heap.top();
    const auto whole = heap.places(asked);
    for (const std::size_t words : {200u, 333u, 1000u, 4096u}) {
        const auto cut = heap.places(asked, words);
        for (std::size_t i = 0; i < asked.size(); ++i) {
            INFO("block of " << words << ", chunk " << i);
            CHECK(cut[i].state == whole[i].state);
            CHECK(whole[i].state == (i % 3 != 0 ? HeapPlace::State::in_use : HeapPlace::State::freed));
        }
    }
}

TEST_CASE("behind a header that cannot be, nothing is known until the row goes on") {
    Heap heap;
    heap.chunk(0x290);
    std::vector<std::uint64_t> asked;
    for (int i = 0; i < 100; ++i)
        asked.push_back(heap.chunk(0x40));
    heap.top();
    heap.set(asked[50] - 8, 0x123456789);
    const auto places = heap.places(asked);
    CHECK(places[10].state == HeapPlace::State::in_use);
    CHECK(places[50].state != HeapPlace::State::freed);
    CHECK(places[60].state == HeapPlace::State::in_use);
}

TEST_CASE("memory that is no heap has no answers, whatever is in it") {
    std::vector<std::uint64_t> words(1u << 16);
    std::uint64_t state = 1;
    for (auto& word : words) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        word = (state >> 33) % 4 == 0 ? 0x21 : state >> 50;
    }
    for (const std::uint64_t base : {start, std::uint64_t{0x7f00'0000'0000}, ~std::uint64_t{0} - (1u << 20) + 1}) {
        HeapChunks chunks;
        chunks.begin(base, base + words.size() * 8);
        chunks.ask(base + 64);
        chunks.ask(base + 4096);
        chunks.feed(base, words);
        CHECK(chunks.end().size() == 2);
    }
}

TEST_CASE("a thread's heap that is all free chunk up to its end, at an address where heaps begin, comes to an end") {
    std::vector<std::uint64_t> words(4096);
    for (std::size_t i = 0; i + 8 < words.size(); i += 8)
        words[i + 1] = 0x41;
    words[words.size() - 7] = 0x41;
    constexpr std::uint64_t arena = 0x7f00'0000'0000;
    HeapChunks chunks;
    chunks.begin(arena, arena + words.size() * 8);
    chunks.ask(arena + 16);
    chunks.feed(arena, words);
    const auto places = chunks.end();
    REQUIRE(places.size() == 1);
    CHECK(places[0].state == HeapPlace::State::in_use);
}
