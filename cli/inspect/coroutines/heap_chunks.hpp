// Which pieces of memory glibc's malloc has given out, as their headers tell it: every heap is a row of chunks, each
// with its size and whether the one before it is in use (malloc/malloc.c: malloc_chunk, heap_info; 2.26 and later). Is
// fed a range of memory block by block, at 2 ns a chunk, and asked about addresses in it. What is no such heap, and
// what the process changes meanwhile, ends in "unknown". What malloc keeps for reuse (tcache, fast bins) counts as in
// use: it has overwritten the first words there. Believes nothing; reads nothing itself.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tasks::inspect {

struct HeapPlace {
    enum class State : std::uint8_t { unknown, in_use, freed };
    State state = State::unknown;
    std::uint64_t start = 0; ///< as malloc returned it
    std::uint64_t bytes = 0; ///< from there on; 0: not known
};

class HeapChunks {
public:
    /// A new range of memory; both ends are multiples of 8. `end` is the mapping's, where the last chunk ends, though
    /// what is fed may end before: its pages may never have been written.
    void begin(std::uint64_t start, std::uint64_t end);
    /// Asks about an address: in ascending order, each before its block is fed.
    void ask(std::uint64_t address) { asked_.push_back(address); }
    /// The next block. Blocks may overlap, a gap between two is what could not be read.
    void feed(std::uint64_t address, std::span<const std::uint64_t> words);
    /// One answer to each address, in their order.
    std::vector<HeapPlace> end();

private:
    bool find_first(std::uint64_t address, std::span<const std::uint64_t> words);
    bool is_row(std::uint64_t chunk, std::uint64_t address, std::span<const std::uint64_t> words, int hops) const;
    bool step(std::uint64_t address, std::span<const std::uint64_t> words);
    void lose(std::uint64_t search);
    void answer(std::uint64_t before, HeapPlace::State state, std::uint64_t chunk, std::uint64_t next);
    bool plausible(std::uint64_t chunk, std::uint64_t size_word) const noexcept;

    std::uint64_t end_ = 0;
    std::uint64_t fed_ = 0;    ///< up to here
    std::uint64_t chunk_ = 0;  ///< whose header is next to be read; 0: not known
    std::uint64_t size_ = 0;   ///< of that chunk; 0: not read yet
    std::uint64_t search_ = 0; ///< where chunks may begin, if `chunk_` is not known
    std::vector<std::uint64_t> asked_;
    std::vector<HeapPlace> answers_;
};

} // namespace tasks::inspect
