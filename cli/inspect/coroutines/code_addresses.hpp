// The functions of all coroutines of a process, as a frame's first two words point to them: asked for each word of its
// memory, 134 million times a GiB, so that the first question is a compare. Filled, sealed, then asked. Value type.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coroutines/word_range.hpp"

namespace tasks::inspect {

class CodeAddresses {
public:
    /// Addresses in the process, 0: there is none. `code` is the caller's number of the coroutine function.
    void add(std::uint32_t code, std::uint64_t resume, std::uint64_t destroy, std::uint64_t cleanup);
    void seal();

    bool empty() const noexcept { return functions_.empty(); }

    /// Calls `visit` with the place of each word that can be the address of a function that destroys; often wrongly.
    /// A branch for 16 words: 0.25 ns a word.
    template <class Visit> void for_each_candidate(std::span<const std::uint64_t> words, Visit&& visit) const {
        const auto ranges = ranges_; // known not to change meanwhile
        const bool two = !ranges[1].empty();
        std::size_t i = 0;
        for (; i + WordRange::at_once <= words.size(); i += WordRange::at_once)
            if (ranges[0].may_have(&words[i]) || (two && ranges[1].may_have(&words[i])))
                visit_each(words, i, i + WordRange::at_once, visit);
        visit_each(words, i, words.size(), visit);
    }

    struct Match {
        std::uint32_t code = 0;
        bool finished = false;  ///< it has nothing to resume any more
        bool cleanup = false;   ///< the frame was not allocated by itself
        bool ambiguous = false; ///< other functions end with the same code
    };
    /// What the first two words of a frame say; empty: they are no frame's.
    std::optional<Match> match(std::uint64_t resume, std::uint64_t destroy) const noexcept;

private:
    /// In this order it looks like no frame to a process that looks at itself: its first two words would be those.
    struct Function {
        std::uint64_t destroy = 0;
        std::uint64_t cleanup = 0;
        std::uint64_t resume = 0;
        std::uint32_t code = 0;
    };
    struct Slot {
        std::uint64_t address = 0;
        std::uint32_t function = 0;
        std::uint32_t shared = 0; ///< more functions with that address
    };
    using Table = std::vector<Slot>; ///< open addressing, a power of two, at most half full

    template <class Visit>
    void visit_each(std::span<const std::uint64_t> words, std::size_t first, std::size_t last, Visit& visit) const {
        for (std::size_t i = first; i < last; ++i)
            if (ranges_[0].has(words[i]) || ranges_[1].has(words[i]))
                visit(i);
    }

    static void put(Table& table, std::uint64_t address, std::uint32_t function);
    static const Slot* slot(const Table& table, std::uint64_t address) noexcept;
    void set_ranges();

    std::vector<Function> functions_;
    Table resumes_;
    Table destroys_;
    /// Two ranges, the second one often empty: the program's and its libraries' code lie far apart, and its heap
    /// between them.
    std::array<WordRange, 2> ranges_;
};

} // namespace tasks::inspect
