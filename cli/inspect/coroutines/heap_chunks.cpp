#include "coroutines/heap_chunks.hpp"

#include <algorithm>

namespace tasks::inspect {

namespace {

constexpr std::uint64_t flags = 7; // PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA
constexpr std::uint64_t previous_in_use = 1;
constexpr std::uint64_t is_mapped = 2;
constexpr std::uint64_t smallest = 32;
constexpr std::uint64_t header = 16;
constexpr std::uint64_t alignment = 16;
constexpr std::uint64_t heap_alignment = 64u << 20; // HEAP_MAX_SIZE: heaps of threads begin there
// Behind a range's start come heap_info and malloc_state, 2,200 bytes.
constexpr std::uint64_t search_bytes = 6 * 1024;
constexpr int hops_at_start = 4;
constexpr int hops_to_believe = 24;

std::uint64_t aligned_up(std::uint64_t address, std::uint64_t to) { return (address + to - 1) & ~(to - 1); }

/// The words of a block by address.
struct Block {
    std::uint64_t start;
    std::span<const std::uint64_t> words;

    std::uint64_t end() const { return start + words.size() * 8; }
    /// The size word of a chunk; needs has(chunk).
    std::uint64_t size_word(std::uint64_t chunk) const { return words[(chunk + 8 - start) / 8]; }
    bool has(std::uint64_t chunk) const { return chunk >= start && chunk + header <= end(); }
};

} // namespace

void HeapChunks::begin(std::uint64_t start, std::uint64_t end) {
    end_ = end;
    fed_ = start;
    chunk_ = 0;
    search_ = aligned_up(start, alignment);
    asked_.clear();
    answers_.clear();
}

bool HeapChunks::plausible(std::uint64_t chunk, std::uint64_t size_word) const noexcept {
    const std::uint64_t size = size_word & ~flags;
    return (size_word & is_mapped) == 0 && size >= smallest && size % alignment == 0 && size <= end_ - chunk;
}

// Whether `hops` chunks follow one another, or fewer up to the very end.
bool HeapChunks::is_row(std::uint64_t chunk, std::uint64_t address, std::span<const std::uint64_t> words,
                        int hops) const {
    const Block block{address, words};
    for (int hop = 0; hop < hops; ++hop) {
        if (!block.has(chunk))
            return hop >= hops_at_start;
        const auto size_word = block.size_word(chunk);
        if (!plausible(chunk, size_word))
            return false;
        const auto next = chunk + (size_word & ~flags);
        if (next == end_)
            return true;
        if (block.has(next) && (block.size_word(next) & previous_in_use) == 0 &&
            block.words[(next - address) / 8] != (size_word & ~flags))
            return false; // a free chunk has its size behind it
        chunk = next;
    }
    return true;
}

bool HeapChunks::find_first(std::uint64_t address, std::span<const std::uint64_t> words) {
    const std::uint64_t block_end = address + words.size() * 8;
    const auto next_heap = aligned_up(address, heap_alignment);
    if (search_ < address)
        search_ = next_heap;
    if (search_ >= block_end)
        return false;
    const auto last = std::min(search_ + search_bytes, block_end);
    for (std::uint64_t at = search_; at + header <= last; at += alignment)
        if (is_row(at, address, words, hops_to_believe)) {
            chunk_ = at;
            size_ = 0;
            answer(at + header, HeapPlace::State::unknown, at, at);
            return true;
        }
    search_ = next_heap > search_ ? next_heap : next_heap + heap_alignment;
    return false;
}

// Addresses under `before` that have no answer yet lie in the chunk, or in front of it.
void HeapChunks::answer(std::uint64_t before, HeapPlace::State state, std::uint64_t chunk, std::uint64_t next) {
    for (; answers_.size() < asked_.size() && asked_[answers_.size()] < before;)
        if (asked_[answers_.size()] < chunk + header || state == HeapPlace::State::unknown)
            answers_.push_back({});
        else
            answers_.push_back({state, chunk + header, next - chunk - 8});
}

void HeapChunks::lose(std::uint64_t search) {
    chunk_ = 0;
    size_ = 0;
    search_ = search;
}

// One step along the row; false: not in this block.
bool HeapChunks::step(std::uint64_t address, std::span<const std::uint64_t> words) {
    const Block block{address, words};
    if (size_ == 0) {
        if (!block.has(chunk_))
            return false;
        const auto size_word = block.size_word(chunk_);
        size_ = size_word & ~flags;
        if (!plausible(chunk_, size_word) || (size_ != end_ - chunk_ && size_ + header > end_ - chunk_)) {
            lose(aligned_up(chunk_ + header, alignment));
            return true;
        }
    }
    const auto next = chunk_ + size_;
    if (next == end_) { // the top: nothing of it is given out
        answer(end_, HeapPlace::State::freed, chunk_, next);
        lose(end_);
        return true;
    }
    if (!block.has(next))
        return false;
    const bool in_use = (block.size_word(next) & previous_in_use) != 0;
    answer(next + header, in_use ? HeapPlace::State::in_use : HeapPlace::State::freed, chunk_, next);
    chunk_ = next;
    size_ = 0;
    return true;
}

void HeapChunks::feed(std::uint64_t address, std::span<const std::uint64_t> words) {
    const std::uint64_t block_end = address + words.size() * 8;
    if (address > fed_)
        lose(0);
    fed_ = block_end;
    for (;;) {
        if (chunk_ == 0 && !find_first(address, words))
            return;
        const bool on = step(address, words);
        if (!on && (size_ == 0 ? chunk_ : chunk_ + size_) < address)
            lose(0); // behind a gap
        if (!on)
            return;
    }
}

std::vector<HeapPlace> HeapChunks::end() {
    answers_.resize(asked_.size());
    return std::move(answers_);
}

} // namespace tasks::inspect
