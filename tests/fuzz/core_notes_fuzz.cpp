// The bytes are the notes of a core file.
#include "core/core_notes.hpp"

#include <algorithm>
#include <cstring>

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

void core_notes(const std::uint8_t* data, std::size_t size) {
    const inspect::ReadBytes read = [data, size](std::uint64_t offset, std::span<char> into) {
        const auto count = std::min<std::uint64_t>(into.size(), size - std::min<std::uint64_t>(offset, size));
        if (count > 0) {
            std::memcpy(into.data(), data + offset, count);
        }
        return static_cast<std::size_t>(count);
    };
    inspect::CoreNotes notes;
    inspect::read_core_notes(read, 0, size, notes);
    must(notes.threads.size() * 336 <= size, "a thread is made from its bytes");
    must(notes.files.size() * 24 <= size, "a mapping is made from its bytes");
    must(std::ranges::all_of(notes.files, [](const auto& file) { return file.start < file.end; }),
         "a mapping has a size");
    must(!notes.signal || (notes.signal->number > 0 && notes.signal->number <= 64), "a signal is one");

    inspect::CoreNotes longer; // a header that claims more than there is
    inspect::read_core_notes(read, 0, size + 100, longer);
    must(longer.threads.size() >= notes.threads.size(), "what is there is read, whatever is claimed");
}

} // namespace tasks::fuzz
